"""What a forger could do to a bundle and then repair: container, manifest and whatever needs no key always fit again."""
from __future__ import annotations

import copy
import json
import random
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any

from suyuan.kernel import chain, merkle
from tests.evidence.forge import STREAMS, Key, World, changed_json, digest, manifest_of, pack, pem_of, time_at

Parts = dict[str, bytes]
Mutation = Callable[[World, Parts, random.Random], Any]
MUTATIONS: dict[str, Mutation] = {}


def mutation(change: Mutation) -> Mutation:
    MUTATIONS[change.__name__] = change
    return change


def mutated(world: World, parts: Parts, name: str, chance: random.Random) -> bytes:
    changed = dict(parts)
    made = MUTATIONS[name](world, changed, chance)
    return made if isinstance(made, bytes) else pack(changed)


# --- tools ---------------------------------------------------------------------------------------------------------


def lines_of(parts: Mapping[str, bytes]) -> list[dict]:
    return [json.loads(line) for line in parts["events.ndjson"].splitlines()]


def lines_put(parts: Parts, lines: list[dict]) -> None:
    parts["events.ndjson"] = b"".join(chain.canonical(line) + b"\n" for line in lines)


def change(parts: Parts, path: str, how: Callable[[Any], Any]) -> None:
    parts[path] = changed_json(parts[path], how)


def proofs_change(parts: Parts, how: Callable[[list], None]) -> None:
    def both(value: dict) -> None:
        how(value["inclusion"])

    change(parts, "proofs.json", both)


def fewer(parts: Parts, stream: str, count: int) -> None:
    def how(about: dict) -> None:
        for one in about["streams"]:
            if one["stream"] == stream:
                one["events"] -= count

    change(parts, "bundle.json", how)


def leaf_again(line: dict) -> str:
    body = {name: line[name] for name in ("token", "position", "prev", "at", "commitments")}
    return chain.leaf_hash(**body)


def other_hex(text: str, chance: random.Random) -> str:
    at = chance.randrange(len(text))
    return text[:at] + chance.choice([c for c in "0123456789abcdef" if c != text[at]]) + text[at + 1 :]


def _case_lines(lines: list[dict]) -> list[int]:
    token = chain.stream_token(STREAMS[0])
    return [number for number, line in enumerate(lines) if line["token"] == token]


# --- events --------------------------------------------------------------------------------------------------------


@mutation
def event_dropped(world, parts, chance):
    lines = lines_of(parts)
    at = chance.choice(_case_lines(lines))
    del lines[at]
    lines_put(parts, lines)
    proofs_change(parts, lambda proofs: proofs.pop(at))
    if chance.random() < 0.7:
        fewer(parts, STREAMS[0], 1)


@mutation
def event_dropped_and_chained_again(world, parts, chance):
    """The rest renumbered, with leaves that fit; only the log and the heads still know."""
    lines = lines_of(parts)
    mine = _case_lines(lines)
    at = chance.choice(mine[1:])
    del lines[at]
    prev = chain.NO_PREVIOUS
    for position, number in enumerate(_case_lines(lines), start=1):
        lines[number] |= {"position": position, "prev": prev}
        prev = lines[number]["leaf"] = leaf_again(lines[number])
    lines_put(parts, lines)
    proofs_change(parts, lambda proofs: proofs.pop(at))
    fewer(parts, STREAMS[0], 1)


@mutation
def last_events_hidden(world, parts, chance):
    lines = lines_of(parts)
    mine = _case_lines(lines)
    count = chance.randint(1, len(mine) - 1)
    gone = set(mine[-count:])
    kept_texts = {
        v[1]["sha256"] for n, line in enumerate(lines) if n not in gone for v in line["shown"].values() if isinstance(v[1], dict)
    }
    for path in [p for p in parts if p.startswith("payload/texts/")]:
        if path[14:-4] not in kept_texts:
            del parts[path]
    named = {sha for n, line in enumerate(lines) if n not in gone for sha in _named_in(line)}
    change(parts, "bundle.json", lambda about: about["files"].__setitem__(slice(None), [f for f in about["files"] if f["sha256"] in named]))
    for path in [p for p in parts if p.startswith("payload/files/") and p[14:] not in named]:
        del parts[path]
    lines_put(parts, [line for number, line in enumerate(lines) if number not in gone])
    proofs_change(parts, lambda proofs: proofs.__setitem__(slice(None), [p for n, p in enumerate(proofs) if n not in gone]))
    fewer(parts, STREAMS[0], count)


def _named_in(line: dict) -> set[str]:
    shown = {name: held[1] for name, held in line["shown"].items()}
    return {pair[1] for pair in shown.get("files", [])} | ({shown["sha256"]} if "sha256" in shown else set())


@mutation
def event_doubled(world, parts, chance):
    lines = lines_of(parts)
    at = chance.randrange(len(lines))
    lines.insert(at, copy.deepcopy(lines[at]))
    lines_put(parts, lines)
    proofs_change(parts, lambda proofs: proofs.insert(at, list(proofs[at])))
    if lines[at]["token"] == chain.stream_token(STREAMS[0]):
        fewer(parts, STREAMS[0], -1)


@mutation
def events_reordered(world, parts, chance):
    lines = lines_of(parts)
    a, b = chance.sample(range(len(lines)), 2)
    lines[a], lines[b] = lines[b], lines[a]
    lines_put(parts, lines)

    def how(proofs):
        proofs[a], proofs[b] = proofs[b], proofs[a]

    proofs_change(parts, how)


@mutation
def fields_swapped(world, parts, chance):
    lines = lines_of(parts)
    a, b = chance.sample(range(len(lines)), 2)
    lines[a]["shown"], lines[b]["shown"] = lines[b]["shown"], lines[a]["shown"]
    lines_put(parts, lines)


@mutation
def value_changed(world, parts, chance):
    lines = lines_of(parts)
    line = chance.choice(lines)
    name = chance.choice(sorted(line["shown"]))
    held = line["shown"][name]
    held[1] = chance.choice([None, True, 1, "x", [], {}, [held[1]], str(held[1]) + " "])
    lines_put(parts, lines)


@mutation
def salt_changed(world, parts, chance):
    lines = lines_of(parts)
    line = chance.choice(lines)
    held = line["shown"][chance.choice(sorted(line["shown"]))]
    held[0] = chance.choice([other_hex(held[0], chance), held[0].upper(), held[0][:-2], ""])
    lines_put(parts, lines)


@mutation
def value_recommitted(world, parts, chance):
    """A new value with a commitment and a leaf that fit."""
    lines = lines_of(parts)
    line = lines[chance.choice(_case_lines(lines))]
    name = chance.choice(sorted(line["shown"]))
    salt, value = line["shown"][name]
    old = chain.commitment(bytes.fromhex(salt), name, value)
    line["shown"][name][1] = "改過"
    new = chain.commitment(bytes.fromhex(salt), name, "改過")
    line["commitments"] = sorted([new, *(d for d in line["commitments"] if d != old)])
    line["leaf"] = leaf_again(line)
    lines_put(parts, lines)


@mutation
def commitment_added_or_taken(world, parts, chance):
    lines = lines_of(parts)
    line = chance.choice(lines)
    if chance.random() < 0.5:
        line["commitments"] = sorted([*line["commitments"], digest(chance.randbytes(8))])
    else:
        line["commitments"].pop(chance.randrange(len(line["commitments"])))
    if chance.random() < 0.5:
        line["leaf"] = leaf_again(line)
    lines_put(parts, lines)


@mutation
def commitments_doubled_or_shuffled(world, parts, chance):
    lines = lines_of(parts)
    line = chance.choice(lines)
    digests = line["commitments"]
    if chance.random() < 0.5:
        digests.insert(0, digests[0])
    else:
        digests.reverse()
    lines_put(parts, lines)


@mutation
def event_part_changed(world, parts, chance):
    lines = lines_of(parts)
    line = chance.choice(lines)
    name = chance.choice(["token", "prev", "leaf", "at", "position", "index"])
    if name in ("position", "index"):
        line[name] = chance.choice([line[name] + 1, -1, 0 if line[name] else 7, 10**12, str(line[name]), True])
    elif name == "at":
        line[name] = chance.choice([time_at(chance.randrange(2000, 9000)), line[name][:-1], "yesterday"])
    else:
        line[name] = chance.choice([other_hex(line[name], chance), line[name].upper() if line[name].strip("0123456789") else "", ""])
    if chance.random() < 0.3 and name not in ("leaf", "index"):
        line["leaf"] = digest(chain.canonical(line["commitments"]))
    lines_put(parts, lines)


@mutation
def must_be_shown_is_closed(world, parts, chance):
    lines = lines_of(parts)
    first = [line for line in lines if line["position"] == 1]
    line, name = chance.choice([(line, "type") for line in lines] + [(one, n) for one in first for n in ("stream_noun", "stream_uid")])
    del line["shown"][name]
    lines_put(parts, lines)


@mutation
def salted_twice(world, parts, chance):
    """The field of one event shown in another."""
    lines = lines_of(parts)
    a, b = chance.sample(lines, 2)
    name = "actor"
    a["shown"][name] = b["shown"][name]
    lines_put(parts, lines)


@mutation
def foreign_event_put_in(world, parts, chance):
    """An event of a neighbour's case in place of ours, with its own good proof."""
    lines = lines_of(parts)
    foreign = next(e for e in world.events if e.stream not in STREAMS)
    at = chance.choice(_case_lines(lines))
    lines[at] = foreign.line()
    lines_put(parts, lines)
    nodes = merkle.nodes_of(world.leaves())
    proof = [d.hex() for d in merkle.inclusion_proof(foreign.index, len(world.events), nodes)]
    proofs_change(parts, lambda proofs: proofs.__setitem__(at, proof))


# --- proofs, heads ---------------------------------------------------------------------------------------------------


@mutation
def proofs_swapped(world, parts, chance):
    def how(proofs):
        a, b = chance.sample(range(len(proofs)), 2)
        if proofs[a] == proofs[b]:
            proofs[a] = proofs[a][:-1]
        proofs[a], proofs[b] = proofs[b], proofs[a]

    proofs_change(parts, how)


@mutation
def proof_altered(world, parts, chance):
    def how(proofs):
        proof = chance.choice([p for p in proofs if p])
        at = chance.randrange(len(proof))
        chance.choice([
            lambda: proof.pop(at),
            lambda: proof.append(proof[at]),
            lambda: proof.insert(0, digest(b"x")),
            lambda: proof.__setitem__(at, other_hex(proof[at], chance)),
            lambda: proof.clear(),
        ])()  # fmt: skip

    proofs_change(parts, how)


@mutation
def proof_missing_or_over(world, parts, chance):
    proofs_change(parts, lambda p: p.pop() if chance.random() < 0.5 else p.append(list(p[0])))


@mutation
def node_shown_as_leaf(world, parts, chance):
    """Of the kind of CVE-2022-36111 and CVE-2012-2459: an inner node, or a doubled one, in the place of a leaf."""
    lines = lines_of(parts)
    line = chance.choice(lines)
    nodes = merkle.nodes_of(world.leaves())
    node = nodes(merkle.Place(1, line["index"] // 2 if line["index"] // 2 * 2 + 1 < len(world.events) else 0))
    line["leaf"] = node.hex()
    lines_put(parts, lines)
    proofs_change(parts, lambda proofs: [p.pop(0) for p in proofs[:1] if p])


@mutation
def consistency_altered(world, parts, chance):
    def how(value):
        found = value["consistency"]
        one = chance.choice(found)
        chance.choice([
            lambda: found.remove(one),
            lambda: one.update({"from": one["from"] + 1}),
            lambda: one.update(proof=one["proof"][:-1]),
            lambda: one.update(proof=[*one["proof"], digest(b"y")]),
            lambda: one.update(proof=[other_hex(one["proof"][0], chance), *one["proof"][1:]]),
            lambda: found.append(dict(one)),
            lambda: found.reverse(),
        ])()  # fmt: skip

    change(parts, "proofs.json", how)


@mutation
def heads_altered(world, parts, chance):
    def how(buckets):
        one = chance.choice(buckets)
        entries = one["entries"]
        at = chance.randrange(len(entries))
        chance.choice([
            lambda: entries.pop(at),
            lambda: entries.append(list(entries[at])),
            lambda: entries.insert(0, [digest(b"z"), 1, digest(b"z")]),
            lambda: entries[at].__setitem__(1, entries[at][1] + 1),
            lambda: entries[at].__setitem__(1, entries[at][1] - 1),
            lambda: entries[at].__setitem__(2, other_hex(entries[at][2], chance)),
            lambda: one["path"].pop(),
            lambda: one["path"].append(one["path"][0]),
            lambda: one["path"].__setitem__(3, other_hex(one["path"][3], chance)),
            lambda: one.update(bucket=(one["bucket"] + 1) % 65536),
            lambda: buckets.append(copy.deepcopy(one)),
            lambda: buckets.remove(one),
            lambda: entries.__setitem__(slice(None), []),
        ])()  # fmt: skip

    change(parts, "heads.json", how)


@mutation
def heads_of_another_bucket(world, parts, chance):
    other = world.heads(["branch:9d1c"])
    parts["heads.json"] = chain.canonical(other)


# --- checkpoint, keys, anchors ---------------------------------------------------------------------------------------


@mutation
def older_checkpoint(world, parts, chance):
    size = chance.choice(world.earlier)
    parts["checkpoint.txt"], parts["checkpoint.sig"] = world.checkpoint(size)
    if chance.random() < 0.5:
        change(parts, "bundle.json", lambda about: about.update(size=size))


@mutation
def checkpoint_line_changed(world, parts, chance):
    lines = parts["checkpoint.txt"].decode().split("\n")
    at = chance.randrange(1, 11)
    lines[at] = chance.choice([other_hex(lines[at][-8:], chance).join([lines[at][:-8], ""]), lines[at] + " ", lines[at][:-1], lines[at].upper() + "X"])
    parts["checkpoint.txt"] = "\n".join(lines).encode()


@mutation
def signature_changed(world, parts, chance):
    signature = bytearray(parts["checkpoint.sig"])
    if chance.random() < 0.2:  # the same to a lax verifier: S + L
        order = 2**252 + 27742317777372353535851937790883648493
        s = int.from_bytes(signature[32:], "little") + order
        signature[32:] = s.to_bytes(32, "little")
    elif chance.random() < 0.2:
        del signature[-1]
    else:
        signature[chance.randrange(64)] ^= 1 << chance.randrange(8)
    parts["checkpoint.sig"] = bytes(signature)


@mutation
def signed_by_a_stranger(world, parts, chance):
    """The checkpoint re-signed by a key that only calls itself the newest."""
    stranger = Key.of(chance.randbytes(8))
    parts["checkpoint.txt"], parts["checkpoint.sig"] = world.checkpoint(key=stranger)
    parts["pubkey.pem"] = pem_of(stranger.public)
    links = json.loads(parts["keys.json"])
    last = links[-1]
    links.append({"key": stranger.fingerprint, "public": stranger.public.hex(), "at": last["at"], "after": last["key"], "signature": chance.choice([last["signature"], "", "0" * 128])})
    parts["keys.json"] = chain.canonical(links)


@mutation
def signed_anew_with_other_keys(world, parts, chance):
    """Everything made again, by somebody who has only keys of their own: no pin leads there."""
    other = copy.copy(world)
    other.keys = [Key.of(chance.randbytes(8)), Key.of(chance.randbytes(8))]
    return pack(other.parts(STREAMS))


@mutation
def keys_altered(world, parts, chance):
    def how(links):
        one = chance.choice(links)
        chance.choice([
            lambda: links.reverse(),
            lambda: links.pop(),
            lambda: links.pop(0),
            lambda: one.update(key=other_hex(one["key"], chance)),
            lambda: one.update(public=other_hex(one["public"], chance)),
            lambda: one.update(after=digest(b"k")),
            lambda: one.update(at=time_at(777)) if one["after"] else one.update(signature="00" * 64),
            lambda: one.update(signature="0" * 128),
            lambda: links.append(dict(links[0])),
        ])()  # fmt: skip

    change(parts, "keys.json", how)


@mutation
def public_key_changed(world, parts, chance):
    parts["pubkey.pem"] = chance.choice([pem_of(Key.of(b"p").public), parts["pubkey.pem"] + b"\n", b""])


@mutation
def earlier_rewritten(world, parts, chance):
    """With the real key: a checkpoint of a past that never was."""
    size = chance.choice(world.earlier)
    stem = next(path[:-4] for path in parts if path.startswith(f"earlier/{size}-"))
    del parts[f"{stem}.txt"], parts[f"{stem}.sig"]
    text, signature = world.checkpoint(size, key=world.keys[0], root=digest(chance.randbytes(4)))
    stem = f"earlier/{size}-{digest(text)[:16]}"
    parts |= {f"{stem}.txt": text, f"{stem}.sig": signature}


@mutation
def earlier_dropped_or_renamed(world, parts, chance):
    path = chance.choice([p for p in parts if p.startswith("earlier/")])
    content = parts.pop(path)
    if chance.random() < 0.5:
        parts[f"earlier/{chance.randint(1, 9)}-{digest(content)[:16]}.txt"] = content


@mutation
def anchors_altered(world, parts, chance):
    def how(anchors):
        one = chance.choice(anchors)
        chance.choice([
            lambda: one.update(checkpoint=digest(b"c")),
            lambda: one.update(kind="cosignature" if one["kind"] == "rfc3161" else "rfc3161"),
            lambda: one.update(n=7),
            lambda: anchors.reverse(),
            lambda: anchors.pop(),
            lambda: one.update(checkpoint=anchors[0 if one is anchors[1] else 1]["checkpoint"]),
        ])()  # fmt: skip

    change(parts, "anchors.json", how)


@mutation
def anchor_bytes_changed(world, parts, chance):
    path = chance.choice([p for p in parts if p.startswith("anchors/")])
    content = bytearray(parts[path])
    at = len(content) - 10 if path.endswith(".tsr") else chance.randrange(len(content))
    content[at] ^= 1 << chance.randrange(8)
    parts[path] = bytes(content)


# --- files and names -------------------------------------------------------------------------------------------------


def _payloads(parts: Parts) -> list[str]:
    return sorted(path for path in parts if path.startswith("payload/"))


@mutation
def payload_changed(world, parts, chance):
    path = chance.choice(_payloads(parts))
    content = bytearray(parts[path])
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    parts[path] = bytes(content)


@mutation
def payload_renamed_to_fit(world, parts, chance):
    path = chance.choice(_payloads(parts))
    content = parts.pop(path) + b"!"
    parts[path.replace(path.split("/")[-1][:64], digest(content))] = content


@mutation
def payloads_swapped(world, parts, chance):
    kind = chance.choice(["payload/texts/", "payload/files/"])
    a, b = chance.sample([path for path in _payloads(parts) if path.startswith(kind)], 2)
    parts[a], parts[b] = parts[b], parts[a]


@mutation
def payload_dropped(world, parts, chance):
    del parts[chance.choice(_payloads(parts))]


@mutation
def payload_added(world, parts, chance):
    content = chance.randbytes(30).hex().encode()
    name = chance.choice([f"texts/{digest(content)}.txt", f"files/{digest(content)}", "papers/報告.pdf"])
    parts[f"payload/{name}"] = content
    if name.startswith("files/") and chance.random() < 0.5:
        told = {"sha256": digest(content), "size": len(content), "name": "", "type": "text/plain", "shown": True}
        change(parts, "bundle.json", lambda about: about["files"].append(told))


@mutation
def file_left_off(world, parts, chance):
    """Neither enclosed nor on the list, though an event that is shown names it."""

    def how(about):
        del parts["payload/files/" + about["files"].pop(chance.randrange(len(about["files"])))["sha256"]]

    change(parts, "bundle.json", how)


@mutation
def file_listed_falsely(world, parts, chance):
    """As left out though it is there, as there though it is left out, or one that no event names."""

    def how(about):
        one = chance.choice(about["files"])
        way = chance.choice(["there", "gone", "unknown"])
        if way == "there":
            one.update(shown=False, size=0, name="", type="")
        elif way == "gone":
            del parts["payload/files/" + one["sha256"]]
        else:
            about["files"].append({"sha256": digest(chance.randbytes(9)), "size": 0, "name": "", "type": "", "shown": False})

    change(parts, "bundle.json", how)


@mutation
def extra_file(world, parts, chance):
    parts[chance.choice(["notes.txt", "payload/readme", "anchors/9.tsr", "earlier/x.txt", "a/b", "bundle.json.bak", "payload/files/zz"])] = b"?"


@mutation
def twin_name(world, parts, chance):
    name = chance.choice(["Verify.py", "CHECKPOINT.TXT", "manifest.json", unicodedata.normalize("NFD", "payload/papers/é.pdf"), "payload/papers/ß.PDF"])
    return _packed_unchecked({**parts, name: b"?"})


@mutation
def name_that_points_outside(world, parts, chance):
    name = chance.choice(["../x", "payload/../x", "/etc/x", "payload//x", "payload\\x", "payload/papers/../../x.pdf", "x" * 201, "payload/papers/\x07.pdf"])
    return _packed_unchecked({**parts, name: b"?"})


def _packed_unchecked(parts: Parts) -> bytes:
    """A container by the rules, but for its names."""
    import io

    from suyuan.kernel import container

    whole = {**parts, "MANIFEST.json": manifest_of(parts)}
    out, entries, offset = io.BytesIO(), [], 0
    for name in sorted(whole, key=str.encode):
        entry = container._file_write(out, container.of_bytes(name, whole[name]), offset)
        entries.append(entry)
        offset = entry.start + entry.size
    out.seek(offset)
    out.write(container._tail(entries, offset))
    return out.getvalue()


@mutation
def file_missing(world, parts, chance):
    del parts[chance.choice([p for p in parts if "/" not in p])]


@mutation
def manifest_altered(world, parts, chance):
    manifest = json.loads(manifest_of(parts))
    one = chance.choice(manifest["files"])
    chance.choice([
        lambda: one.update(size=one["size"] + 1),
        lambda: one.update(sha256=other_hex(one["sha256"], chance)),
        lambda: one.update(path=one["path"] + "x"),
        lambda: manifest["files"].remove(one),
        lambda: manifest["files"].reverse(),
        lambda: manifest.update(more=1),
        lambda: one.update(size=str(one["size"])),
    ])()  # fmt: skip
    return _with_manifest(parts, chain.canonical(manifest))


def _with_manifest(parts: Parts, manifest: bytes) -> bytes:
    import io

    from suyuan.kernel.container import container_write, of_bytes

    out = io.BytesIO()
    container_write(out, [of_bytes(n, c) for n, c in {**parts, "MANIFEST.json": manifest}.items()])
    return out.getvalue()


# --- JSON ------------------------------------------------------------------------------------------------------------

JSONS = ("bundle.json", "heads.json", "keys.json", "proofs.json", "anchors.json")


@mutation
def json_respelt(world, parts, chance):
    path = chance.choice(JSONS)
    raw = parts[path].decode()
    value = json.loads(raw)
    parts[path] = chance.choice([
        lambda: json.dumps(value, sort_keys=True, ensure_ascii=False),
        lambda: raw.replace(",", ", ", 1),
        lambda: raw + "\n",
        lambda: " " + raw,
        lambda: "\ufeff" + raw,
        lambda: json.dumps(value, separators=(",", ":"), sort_keys=True).replace("[", "[ ", 1),
        lambda: raw.replace("a", "\\u0061", 1) if "a" in raw else raw + " ",
        lambda: raw[:-1],
    ])().encode()  # fmt: skip


@mutation
def json_name_twice(world, parts, chance):
    path = "bundle.json"
    raw = parts[path].decode()
    parts[path] = raw.replace('{"', '{"format":"suyuan bundle 1","', 1).encode()


@mutation
def json_with_floats(world, parts, chance):
    raw = parts["bundle.json"].decode()
    size = json.loads(raw)["size"]
    other = chance.choice([f"{size}.0", f"{size}e0", f"-{size}", f"0{size}", "1e400", "NaN", "1" * 1200])
    parts["bundle.json"] = raw.replace(f'"size":{size},"streams"', f'"size":{other},"streams"').encode()


@mutation
def event_line_respelt(world, parts, chance):
    lines = parts["events.ndjson"].decode().splitlines()
    at = chance.randrange(len(lines))
    lines[at] = chance.choice([
        lambda: lines[at].replace(":", ": ", 1),
        lambda: lines[at].replace("{", '{"at":"x",', 1),
        lambda: lines[at] + " ",
        lambda: lines[at].replace('"index":', '"index":0', 1),
        lambda: "",
        lambda: lines[at].replace("contact", "\\u0063ontact", 1) if "contact" in lines[at] else lines[at] + "}",
        lambda: "[" * 3000,
    ])()  # fmt: skip
    end = chance.choice(["\n", "\n", "\n", "", "\r\n"])
    parts["events.ndjson"] = ("\n".join(lines) + end).encode()


@mutation
def about_altered(world, parts, chance):
    def how(about):
        one = chance.choice(about["streams"])
        chance.choice([
            lambda: about.update(reference="TN26-0000-0000"),
            lambda: about.update(size=about["size"] - 1),
            lambda: about.update(format="suyuan bundle 2"),
            lambda: about.update(made_at="2026"),
            lambda: about["streams"].reverse(),
            lambda: about["streams"].append(dict(one)),
            lambda: about["streams"].remove(one),
            lambda: one.update(stream=one["stream"] + "0"),
            lambda: one.update(noun="branch"),
            lambda: one.update(token=digest(b"t")),
            lambda: one.update(events=one["events"] + chance.choice([-1, 1, 10**6])),
            lambda: about["files"].pop(),
            lambda: about["files"][0].update(shown=False),
            lambda: about["files"][0].update(size=about["files"][0]["size"] + 1),
            lambda: about.pop("left_out"),
            lambda: about.update(more="x"),
        ])()  # fmt: skip

    change(parts, "bundle.json", how)


@mutation
def case_posing_as_another(world, parts, chance):
    """The bundle of a neighbour under our reference."""
    neighbour = next(e.stream for e in world.events if e.stream.startswith("case:") and e.stream != STREAMS[0])
    return pack(world.parts([neighbour]))
