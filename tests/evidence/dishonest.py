"""A clinic that hides events of a case and makes everything else fit, with its real key (E6)."""
from __future__ import annotations

import copy
import json
import random

from suyuan.kernel import chain
from tests.evidence.forge import STREAMS, Event, World, digest, pack
from tests.evidence.mutations import lines_of, lines_put


def rewritten(world: World, hidden: set[int]) -> World:
    """The whole log told again without the events of these numbers, chained and numbered as if they had never been."""
    other = World(world.seed, keys=world.keys, texts=dict(world.texts), files=dict(world.files))
    last: dict[str, Event] = {}
    for event in world.events:
        if event.index in hidden:
            continue
        told = copy.copy(event)
        before = last.get(event.stream)
        told.index, told.position = len(other.events), before.position + 1 if before else 1
        told.prev = before.leaf if before else chain.NO_PREVIOUS
        other.events.append(told)
        last[event.stream] = told
    return other


def cover_up(world: World, chance: random.Random) -> tuple[str, bytes, bytes | None]:
    """How it was done, the bundle, and the receipt that somebody outside holds (None: the bundle alone must show it)."""
    mine = [event for event in world.events if event.stream == STREAMS[0]]
    hidden = chance.sample(mine[1:], chance.randint(1, len(mine) - 1))
    numbers = {event.index for event in hidden}
    other = rewritten(world, numbers)
    how = chance.choice(["signed anew, a receipt outside", "old signature", "old log, new stream", "bucket rewritten", "anchored before"])
    if how == "signed anew, a receipt outside":
        # Any receipt given at or after the first hidden event shows it.
        since = min(event.position for event in hidden)
        held = chance.choice([event for event in mine if event.position >= since])
        return how, pack(other.parts(STREAMS)), world.receipt(held)
    if how == "anchored before":
        # A checkpoint that somebody else has seen must be in the bundle; nothing consistent leads from it.
        seen = chance.randint(max(numbers) + 1, len(world.events))
        parts = other.parts(STREAMS)
        if seen >= len(other.events):
            return how, _with_earlier(other, parts, world.checkpoint(seen)), None
        other.earlier = [seen]
        parts = other.parts(STREAMS)
        for path in [p for p in parts if p.startswith("earlier/")]:
            del parts[path]
        return how, _with_earlier(other, parts, world.checkpoint(seen)), None
    parts = other.parts(STREAMS)
    parts["checkpoint.txt"], parts["checkpoint.sig"] = world.checkpoint()
    about = json.loads(parts["bundle.json"])
    about["size"] = len(world.events)
    parts["bundle.json"] = chain.canonical(about)
    if how == "old log, new stream":
        parts["heads.json"] = chain.canonical(world.heads(STREAMS))
    if how == "bucket rewritten":
        # The events that stay keep their real places and proofs; only the end is moved.
        kept = mine[: min(event.position for event in hidden) - 1]
        parts = _cut(world, kept[-1])
    return how, pack(parts), None


def _with_earlier(world: World, parts: dict[str, bytes], signed: tuple[bytes, bytes]) -> bytes:
    size = signed[0].split(b"\n")[2].decode()
    stem = f"earlier/{size}-{digest(signed[0])[:16]}"
    return pack({**parts, f"{stem}.txt": signed[0], f"{stem}.sig": signed[1]})


def _cut(world: World, last: Event) -> dict[str, bytes]:
    parts = world.parts(STREAMS, anchors=False)
    lines = lines_of(parts)
    gone = {n for n, line in enumerate(lines) if line["token"] == last.token and line["position"] > last.position}
    lines_put(parts, [line for n, line in enumerate(lines) if n not in gone])
    proofs = json.loads(parts["proofs.json"])
    proofs["inclusion"] = [proof for n, proof in enumerate(proofs["inclusion"]) if n not in gone]
    parts["proofs.json"] = chain.canonical(proofs)
    about = json.loads(parts["bundle.json"])
    about["streams"][0]["events"] = last.position
    kept = {sha for n, line in enumerate(lines) if n not in gone for sha in _named(line)}
    about["files"] = [told for told in about["files"] if told["sha256"] in kept]
    parts["bundle.json"] = chain.canonical(about)
    buckets = json.loads(parts["heads.json"])
    for bucket in buckets:
        for entry in bucket["entries"]:
            if entry[0] == last.token:
                entry[1:] = [last.position, last.leaf]
    parts["heads.json"] = chain.canonical(buckets)
    return {
        path: content
        for path, content in parts.items()
        if not path.startswith("payload/") or path.split("/")[-1][:64] in kept
    }


def _named(line: dict) -> set[str]:
    found = set()
    for name, (_, value) in line["shown"].items():
        if name == "files":
            found |= {pair[1] for pair in value}
        elif name == "sha256":
            found.add(value)
        elif isinstance(value, dict):
            found.add(value["sha256"])
    return found
