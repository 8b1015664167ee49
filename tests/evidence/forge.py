"""Bundles made without a database, with keys of our own: good ones, and whatever a forger could make of them."""
from __future__ import annotations

import io
import json
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from hashlib import sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from suyuan.kernel import chain, merkle
from suyuan.kernel.container import Source, container_write

INSTALLATION = "6f1c2c1e-9d5a-4c9b-8f0e-0d4b5e2f7a11"
CASE = "0b8f4f5e-5a0e-4e55-9c50-1c9f0c3b7d21"
REFERENCE = "TN26-4831-7205"
PREFIX = bytes.fromhex("302a300506032b6570032100")


@lru_cache(maxsize=4096)
def _known(content: bytes) -> str:
    return sha256(content).hexdigest()


def digest(content: bytes) -> str:
    """Most files of a forgery are those of the bundle it was made from: they are hashed once."""
    return _known(content) if len(content) < 1 << 16 else sha256(content).hexdigest()


@dataclass
class Event:
    """One event with everything that was ever known of it. `open`: the names that a bundle shows; None shows all."""

    stream: str
    fields: dict[str, Any]
    salts: dict[str, bytes]
    at: str
    position: int
    prev: str
    index: int = -1
    open: set[str] | None = None

    @cached_property
    def token(self) -> str:
        return chain.stream_token(self.stream)

    @cached_property
    def commitments(self) -> list[str]:
        return sorted(chain.commitment(self.salts[name], name, value) for name, value in self.fields.items())

    @property
    def leaf(self) -> str:
        return chain.leaf_hash(
            token=self.token, position=self.position, prev=self.prev, at=self.at, commitments=self.commitments
        )

    def line(self) -> dict[str, Any]:
        names = self.fields if self.open is None else self.open
        shown = {name: [self.salts[name].hex(), self.fields[name]] for name in names}
        return {
            "token": self.token,
            "position": self.position,
            "prev": self.prev,
            "at": self.at,
            "leaf": self.leaf,
            "index": self.index,
            "commitments": self.commitments,
            "shown": shown,
        }


@dataclass
class Key:
    private: Ed25519PrivateKey

    @classmethod
    def of(cls, seed: bytes) -> Key:
        return cls(Ed25519PrivateKey.from_private_bytes(sha256(seed).digest()))

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()

    @property
    def fingerprint(self) -> str:
        return digest(self.public)

    def sign(self, text: bytes) -> bytes:
        return self.private.sign(text)


def time_at(minute: int) -> str:
    return f"2026-03-{1 + minute // 1440:02d}T{minute // 60 % 24:02d}:{minute % 60:02d}:00.000000Z"


@dataclass
class World:
    """An installation in memory: its keys, its log, its texts and files. The same seed makes the same bytes."""

    seed: int = 1
    keys: list[Key] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)  # in the order of the log
    texts: dict[str, str] = field(default_factory=dict)
    files: dict[str, bytes] = field(default_factory=dict)
    earlier: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.keys = self.keys or [Key.of(b"first %d" % self.seed), Key.of(b"second %d" % self.seed)]

    # --- what happens

    def record(self, stream: str, fields: Mapping[str, Any]) -> Event:
        mine = [event for event in self.events if event.stream == stream]
        fields = {"type_version": 1, "actor": "user:4", **fields}
        if not mine:
            noun, _, uid = stream.partition(":")
            fields |= {"stream_noun": noun, "stream_uid": uid}
        salts = {name: self.chance.randbytes(16) for name in fields}
        prev = mine[-1].leaf if mine else chain.NO_PREVIOUS
        event = Event(stream, fields, salts, time_at(len(self.events)), len(mine) + 1, prev, len(self.events))
        self.events.append(event)
        return event

    def text(self, words: str) -> dict[str, Any]:
        self.texts[digest(words.encode())] = words
        uid = f"{len(self.texts):08d}-0000-4000-8000-000000000000"
        return {"text": uid, "sha256": digest(words.encode()), "chars": len(words)}

    def file(self, content: bytes) -> str:
        self.files[digest(content)] = content
        return digest(content)

    # --- what is signed

    def leaves(self, size: int | None = None) -> list[bytes]:
        return [bytes.fromhex(event.leaf) for event in self.events[:size]]

    def buckets(self, size: int | None = None) -> dict[int, list[list[Any]]]:
        heads: dict[str, list[Any]] = {}
        for event in self.events[:size]:
            heads[event.token] = [event.token, event.position, event.leaf]
        found: dict[int, list[list[Any]]] = {}
        for token in sorted(heads):
            found.setdefault(merkle.bucket_of(token), []).append(heads[token])
        return found

    def checkpoint(self, size: int | None = None, *, key: Key | None = None, **said: str) -> tuple[bytes, bytes]:
        size = len(self.events) if size is None else size
        key = key or self.keys[-1]
        root = merkle.log_root(self.leaves(size)).hex()
        heads = merkle.heads_root(self.buckets(size)).hex()
        lines = {
            "": INSTALLATION,
            "size": str(size),
            "root": said.get("root", root),
            "heads": f"heads {said.get('heads', heads)}",
            "epoch": f"epoch {said.get('epoch', '1')}",
            "at": f"at {time_at(size)}",
            "clock": f"clock {said.get('clock', 'system')}",
            "software": "software suyuan 0.1.0",
            "previous": f"previous {'0' * 64}",
            "key": f"key {key.fingerprint}",
        }
        text = ("\n".join(["suyuan log 1", *lines.values()]) + "\n").encode()
        return text, key.sign(text)

    def key_chain(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = []
        for number, key in enumerate(self.keys):
            record = {"key": key.fingerprint, "public": key.public.hex(), "at": time_at(number), "after": "", "signature": ""}
            if number:
                before = self.keys[number - 1]
                record["after"] = before.fingerprint
                record["signature"] = before.sign(key_text(record)).hex()
            found.append(record)
        return found

    def receipt(self, event: Event, key: Key | None = None) -> bytes:
        key = key or self.keys[-1]
        text = f"suyuan receipt 1\ntoken {event.token}\nposition {event.position}\nleaf {event.leaf}\nat {event.at}\nkey {key.fingerprint}\n"
        return f"{text}signature {key.sign(text.encode()).hex()}\n".encode()

    @property
    def pin(self) -> str:
        return self.keys[-1].fingerprint

    # --- what is handed out

    def parts(self, streams: Sequence[str], *, anchors: bool = True) -> dict[str, bytes]:
        """Every file of the bundle but the manifest."""
        mine = [e for stream in streams for e in self.events if e.stream == stream]
        text, signature = self.checkpoint()
        parts = {
            "README-驗證.txt": "如何查驗 How to check\n".encode(),
            "verify.py": b"# the verifier\n",
            "custody.csv": b"item,act\n",
            "keys.json": chain.canonical(self.key_chain()),
            "pubkey.pem": pem_of(self.keys[-1].public),
            "checkpoint.txt": text,
            "checkpoint.sig": signature,
            "events.ndjson": b"".join(chain.canonical(e.line()) + b"\n" for e in mine),
            "heads.json": chain.canonical(self.heads(streams)),
            "proofs.json": chain.canonical(self.proofs(mine)),
            "anchors.json": b"[]",
        }
        for size in self.earlier:
            old, signed = self.checkpoint(size, key=self.keys[0])
            stem = f"earlier/{size}-{digest(old)[:16]}"
            parts |= {f"{stem}.txt": old, f"{stem}.sig": signed}
        if anchors and self.earlier:
            parts |= self.anchors(self.checkpoint(self.earlier[0], key=self.keys[0])[0], text)
        parts |= self.payload(mine)
        parts["bundle.json"] = chain.canonical(self.about(streams, mine))
        return parts

    def about(self, streams: Sequence[str], mine: Iterable[Event]) -> dict[str, Any]:
        named = {sha for event in mine for sha in _files_named(event)}
        return {
            "format": "suyuan bundle 1",
            "reference": REFERENCE if any(stream.startswith("case:") for stream in streams) else "",
            "made_at": time_at(len(self.events)),
            "purpose": "litigation",
            "size": len(self.events),
            "streams": [
                {
                    "stream": stream,
                    "token": chain.stream_token(stream),
                    "events": sum(event.stream == stream for event in self.events),
                    "noun": stream.partition(":")[0],
                }
                for stream in streams
            ],
            "left_out": [{"what": "compartment.counsel", "why": "protected"}],
            "files": [
                {"sha256": sha, "size": len(self.files[sha]), "name": "照片.jpg", "type": "image/jpeg", "shown": True}
                for sha in sorted(named & self.files.keys())
            ],
        }

    def payload(self, mine: Iterable[Event]) -> dict[str, bytes]:
        parts = {}
        for event in mine:
            for name in event.fields if event.open is None else event.open:
                value = event.fields[name]
                if isinstance(value, dict) and value.keys() == {"text", "sha256", "chars"}:
                    parts[f"payload/texts/{value['sha256']}.txt"] = self.texts[value["sha256"]].encode()
            parts |= {f"payload/files/{sha}": self.files[sha] for sha in _files_named(event) if sha in self.files}
        return parts

    def heads(self, streams: Sequence[str]) -> list[dict[str, Any]]:
        buckets = self.buckets()
        hashes = {number: merkle.bucket_hash(entries) for number, entries in buckets.items()}
        nodes = merkle.heads_above(hashes, lambda place: None)
        return [
            {"bucket": n, "entries": buckets.get(n, []), "path": [d.hex() for d in merkle.heads_path(n, nodes.get)]}
            for n in sorted({merkle.bucket_of(chain.stream_token(stream)) for stream in streams})
        ]

    def proofs(self, mine: Iterable[Event]) -> dict[str, Any]:
        size, nodes = len(self.events), merkle.nodes_of(self.leaves())
        inclusion = [[d.hex() for d in merkle.inclusion_proof(e.index, size, nodes)] for e in mine]
        smaller = sorted({old for old in self.earlier if old < size})
        consistency = [
            {"from": old, "proof": [d.hex() for d in merkle.consistency_proof(old, size, nodes)]} for old in smaller
        ]
        return {"inclusion": inclusion, "consistency": consistency}

    def anchors(self, stamped: bytes, cosigned: bytes) -> dict[str, bytes]:
        firm = Key.of(b"a law firm")
        text = cosignature_text(cosigned, firm)
        listed = [
            {"n": 0, "kind": "rfc3161", "checkpoint": digest(stamped)},
            {"n": 1, "kind": "cosignature", "checkpoint": digest(cosigned)},
        ]
        return {
            "anchors.json": chain.canonical(listed),
            "anchors/0.tsr": time_stamp_like(stamped),
            "anchors/1.cosignature.txt": text,
            "anchors/1.cosignature.sig": firm.sign(text),
            "anchors/1.cosignature.pub": firm.public,
        }


def key_text(record: Mapping[str, str]) -> bytes:
    return f"suyuan key 1\nkey {record['key']}\npublic {record['public']}\nat {record['at']}\nafter {record['after']}\n".encode()


def cosignature_text(checkpoint: bytes, firm: Key) -> bytes:
    lines = ["suyuan cosignature 1", f"checkpoint {digest(checkpoint)}", "by 安平法律事務所", f"at {time_at(900)}"]
    return ("\n".join([*lines, f"key {firm.fingerprint}"]) + "\n").encode()


def time_stamp_like(text: bytes) -> bytes:
    """The part of an authority's answer that verifiers without its certificate look at."""
    imprint = bytes.fromhex("3031300d060960864801650304020105000420") + sha256(text).digest()
    return b"\x30\x82\x01\x00" + b"\x02\x01\x01" + imprint + b"\x02\x01\x07"


def pem_of(public: bytes) -> bytes:
    from base64 import b64encode

    return b"-----BEGIN PUBLIC KEY-----\n" + b64encode(PREFIX + public) + b"\n-----END PUBLIC KEY-----\n"


def _files_named(event: Event) -> set[str]:
    names = event.fields if event.open is None else event.open
    named = set()
    for name in names:
        value = event.fields[name]
        if name == "files":
            named |= {pair[1] for pair in value}
        elif name in ("sha256", "file"):
            named.add(value)
    return named


def manifest_of(parts: Mapping[str, bytes]) -> bytes:
    ordered = sorted(parts, key=str.encode)
    files = [{"path": path, "size": len(parts[path]), "sha256": digest(parts[path])} for path in ordered]
    return chain.canonical({"format": "suyuan bundle 1", "files": files})


def pack(parts: Mapping[str, bytes]) -> bytes:
    """The container with a manifest that fits: what a forger makes of files that were changed."""
    out = io.BytesIO()
    whole = {**parts, "MANIFEST.json": manifest_of(parts)}
    container_write(out, [Source(name, len(c), digest(c), lambda c=c: (c,)) for name, c in whole.items()])
    return out.getvalue()


@cache
def twin_of(stream: str, bits: int = 16) -> str:
    """Another stream that falls into the same bucket."""
    wanted = chain.stream_token(stream)[:4]
    numbers = (f"case:00000000-0000-4000-8000-{number:012d}" for number in range(10_000_000))
    return next(other for other in numbers if chain.stream_token(other)[:4] == wanted)


def story(seed: int = 1, events: int = 12, bulk: int = 0) -> World:
    """A case with words and files, its mediation apart, a neighbour in its bucket, and what else goes on."""
    world = World(seed)
    chance = world.chance
    stream = f"case:{CASE}"
    photo = world.file(chance.randbytes(900 + bulk))
    world.record(stream, {
        "type": "case.opened", "reference": REFERENCE, "level": 2, "files": [["f-1", photo]],
        "narrative": world.text("打完針第三天嘴角歪掉，打電話都說再等等。"),
    })  # fmt: skip
    world.record(twin_of(stream), {"type": "case.opened", "reference": "TN26-1111-2222"})
    world.record("mediation:" + CASE, {"type": "contact.logged", "words": world.text("雙方同意改期。")})
    for number in range(events):
        if number % 3 == 0:
            world.record("branch:9d1c", {"type": "access.day", "count": number})
        fields: dict[str, Any] = {"type": "contact.logged", "kind": "phone", "person": f"王小明 {chance.random()}"}
        if number % 4 == 1:
            fields["words"] = world.text(f"第 {number} 次聯絡：{chance.randbytes(6).hex()}")
        if number % 5 == 2:
            fields |= {"type": "item.added", "number": number, "sha256": world.file(chance.randbytes(300)), "size": 300}
        world.record(stream, fields)
    world.record("branch:9d1c", {"type": "access.day", "count": 99})
    world.earlier = [2, 5, 8]
    return world


STREAMS = (f"case:{CASE}", f"mediation:{CASE}")


def changed_json(raw: bytes, change) -> bytes:
    value = json.loads(raw)
    made = change(value)
    return chain.canonical(value if made is None else made)
