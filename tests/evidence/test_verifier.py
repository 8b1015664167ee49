"""verify.py and its twin against good bundles, forged ones, and rubbish (E1, E2, E6, E7, E13)."""
from __future__ import annotations

import ast
import hashlib
import io
import json
import os
import random
import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from suyuan.evidence.verifier import verify
from suyuan.kernel import chain, merkle
from tests.evidence.dishonest import cover_up
from tests.evidence.forge import STREAMS, Key, World, changed_json, pack, story
from tests.evidence.judges import first, second
from tests.evidence.mutations import MUTATIONS, mutated
from tests.evidence.vectors import CONSISTENCY, ED25519, INCLUSION, LEAVES, ROOTS

PROGRAM = Path(verify.__file__)
SMALL = 6


@pytest.fixture(scope="module")
def world() -> World:
    return story(events=SMALL)


@pytest.fixture(scope="module")
def parts(world) -> dict[str, bytes]:
    return world.parts(STREAMS)


@pytest.fixture(scope="module")
def good(parts) -> bytes:
    return pack(parts)


# --- good bundles, and the one that is not pinned -----------------------------------------------------------------------


def test_a_good_bundle_is_valid_by_the_key_it_is_signed_with_and_by_one_before_it(world, good):
    assert [first(good, key.fingerprint)[0] for key in world.keys] == [0, 0]


def test_without_a_pin_or_with_a_strangers_it_is_never_valid(good):
    assert first(good) == (3, "")
    assert first(good, Key.of(b"stranger").fingerprint) == (3, "")


def test_the_same_story_makes_the_same_bytes(good):
    assert pack(story(events=SMALL).parts(STREAMS)) == good


def test_a_receipt_of_any_key_of_the_chain_agrees(world, good, tmp_path):
    held = tmp_path / "receipt.txt"
    for event, key in ((world.events[0], world.keys[0]), (world.events[5], world.keys[1])):
        held.write_bytes(world.receipt(event, key).replace(b"\n", b"\r\n"))
        assert first(good, world.pin, str(held)) == (0, "") if event.stream in STREAMS else (1, "")


def test_a_receipt_of_another_story_or_hand_is_refused(world, good, tmp_path):
    held = tmp_path / "receipt.txt"
    cases = {
        "receipt_leaf": story(seed=7, events=SMALL).events[0],
        "receipt_place": next(e for e in world.events if e.stream not in STREAMS),
    }
    for why, event in cases.items():
        held.write_bytes(world.receipt(event))
        assert first(good, world.pin, str(held))[1].split()[0] == why
    held.write_bytes(world.receipt(world.events[0], Key.of(b"stranger")))
    assert first(good, world.pin, str(held))[1].startswith("receipt_signature")
    held.write_bytes(world.receipt(world.events[0]).replace(b"position 1", b"position 2"))
    assert first(good, world.pin, str(held))[1].startswith("receipt_signature")
    held.write_bytes(b"suyuan receipt 1\n")
    assert first(good, world.pin, str(held))[0] == 2


# --- E1, E2 -------------------------------------------------------------------------------------------------------------


def test_every_flipped_bit_is_found(world, good):
    chance, forged = random.Random(20260311), bytearray(good)
    for _ in range(10_000):
        at = chance.randrange(len(good) * 8)
        forged[at // 8] ^= 1 << at % 8
        code, why = first(forged, world.pin)
        assert code in (1, 2) and why, f"bit {at}"
        forged[at // 8] ^= 1 << at % 8


@pytest.mark.parametrize("name", sorted(MUTATIONS))
def test_every_repaired_forgery_is_found(world, good, parts, name):
    """2,000 in all."""
    chance, wanted = random.Random(name), {"signed_anew_with_other_keys": {3}, "json_respelt": {1, 2}}.get(name, {1})
    forged = filter(good.__ne__, (mutated(world, parts, name, chance) for _ in range(1000)))
    tried = 0
    for bundle in islice(forged, -(-2000 // len(MUTATIONS))):
        code, why = first(bundle, world.pin)
        assert code in wanted, f"{name}: {code} {why}"
        tried += 1
    assert tried * len(MUTATIONS) >= 2000


def test_a_file_cut_short_is_unreadable_and_never_valid(world, good):
    for length in (0, 1, 21, 22, 23, len(good) // 2, len(good) - 1):
        assert first(good[:length], world.pin)[0] == 2
    assert first(good + b"\0", world.pin)[0] == 2
    assert first(b"\0" + good, world.pin)[0] == 1


def test_a_file_named_by_its_digest_alone_is_here_or_said_to_be_left_out(world, parts, good, tmp_path):
    told = json.loads(parts["bundle.json"])["files"]
    at = next(n for n, one in enumerate(told) if one["size"] == 300)  # of an `item.added`; the other is a pair of `files`
    sha256 = told[at]["sha256"]
    without = {path: content for path, content in parts.items() if path != f"payload/files/{sha256}"}

    def listed(how) -> bytes:
        return pack(without | {"bundle.json": changed_json(parts["bundle.json"], lambda about: how(about["files"]))})

    off = listed(lambda files: files.pop(at) and None)
    said = listed(lambda files: files[at].update(shown=False, size=0, name="", type=""))
    assert [first(good, world.pin), first(off, world.pin), first(said, world.pin)] == [(0, ""), (1, f"unlisted {sha256}"), (0, "")]
    assert [code for code, _ in _second(tmp_path, world.pin, good, off, said)] == [0, 1, 0]


@pytest.mark.parametrize("kind", sorted(verify.NO_FILE))
def test_the_digest_of_a_list_or_a_pack_needs_no_file_and_any_other_does(kind, tmp_path):
    world, other = story(events=2), story(events=2)
    world.record(STREAMS[0], {"type": kind, "sha256": "5" * 64})
    other.record(STREAMS[0], {"type": kind, "sha256": "5" * 64, "image_sha256": "6" * 64})
    bundles = [pack(one.parts(STREAMS)) for one in (world, other)]
    assert [first(bundle, world.pin) for bundle in bundles] == [(0, ""), (1, "unlisted " + "6" * 64)]
    assert [code for code, _ in _second(tmp_path, world.pin, *bundles)] == [0, 1]


def _second(folder: Path, pin: str, *bundles: bytes) -> list[tuple[int, str]]:
    paths = [folder / f"{number}.zip" for number in range(len(bundles))]
    for path, bundle in zip(paths, bundles, strict=True):
        path.write_bytes(bundle)
    return second([(path, pin, "") for path in paths])


# --- E6 -----------------------------------------------------------------------------------------------------------------


def test_a_clinic_that_hides_events_is_found_out(tmp_path):
    chance, held = random.Random(6), tmp_path / "receipt.txt"
    worlds = [story(seed, events=8) for seed in range(3)]
    for trial in range(120):
        how, forged, receipt = cover_up(worlds[trial % 3], chance)
        if receipt:
            held.write_bytes(receipt)
        code, why = first(forged, worlds[trial % 3].pin, str(held) if receipt else None)
        assert code == 1, f"{how}: {why}"


# --- E7: the published vectors, and two verifiers that share no code -----------------------------------------------------


@pytest.mark.parametrize(("public", "message", "signature"), ED25519)
def test_signatures_of_rfc_8032(public, message, signature):
    public, message, signature = map(bytes.fromhex, (public, message, signature))
    assert verify.ed25519_valid(public, message, signature)
    assert not verify.ed25519_valid(public, message + b"\0", signature)
    for at in (0, 31, 32, 63):
        forged = bytearray(signature)
        forged[at] ^= 1
        assert not verify.ed25519_valid(public, message, bytes(forged))


P, ORDER = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
SMALL_ORDER = [
    "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "00" * 32, "00" * 31 + "80",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
]  # fmt: skip


def _little(number: int) -> bytes:
    return number.to_bytes(32, "little")


def test_a_signature_has_one_form_only():
    key, message = Key.of(b"strict"), b"123400"
    signature = key.sign(message)
    s = int.from_bytes(signature[32:], "little")
    forms = [
        signature[:32] + _little(s + ORDER),
        *(signature[:32] + _little(s + n * ORDER) for n in range(2, 15) if s + n * ORDER < 2**256),
        signature[:32] + _little(ORDER), signature[:32] + _little(2**256 - 1), signature[:32] + _little(2**255 - 19),
        signature[:63], signature[:32], b"", signature + b"\0", b"\0" * 64, b"\0" + signature[:63],
        signature[:32] + b"\0" * 32, b"\0" * 32 + signature[32:], _little(1) + b"\0" * 32,
        bytes([*signature[:31], signature[31] ^ 0x80]) + signature[32:],
        _little(P) + signature[32:], _little(P + 1) + signature[32:], _little(2**256 - 1) + signature[32:],
        signature[32:] + signature[:32],
    ]  # fmt: skip
    assert verify.ed25519_valid(key.public, message, signature)
    assert not [form.hex() for form in forms if verify.ed25519_valid(key.public, message, form)]


def test_keys_and_commitments_of_small_order_or_another_encoding_sign_nothing():
    for encoded in map(bytes.fromhex, SMALL_ORDER):
        for r in (encoded, _little(1)):
            for s in (0, 1, 8):
                assert not verify.ed25519_valid(encoded, b"any", r + _little(s))
    for y in range(19):  # the same point, spelt with y + p
        for sign in (0, 1 << 255):
            assert verify.point_decode(_little((P + y) | sign)) is None
    assert verify.point_decode(_little(1 | 1 << 255)) is None  # x = 0 has no sign
    assert verify.point_decode(_little(2)) is None  # not on the curve


def test_the_tree_of_rfc_6962():
    leaves = [hashlib.sha256(b"\0" + bytes.fromhex(leaf)).digest() for leaf in LEAVES]
    roots = [bytes.fromhex(root) for root in ROOTS]
    for (place, size), path in INCLUSION.items():
        assert verify.included(place - 1, size, leaves[place - 1], [bytes.fromhex(d) for d in path], roots[size - 1])
    for (old, new), path in CONSISTENCY.items():
        assert verify.consistent(old, new, roots[old - 1], roots[new - 1], [bytes.fromhex(d) for d in path])


def test_every_proof_of_every_small_tree_and_none_that_was_altered():
    chance = random.Random(6962)
    leaves = [hashlib.sha256(b"\0%d" % n).digest() for n in range(33)]
    stranger = hashlib.sha256(b"stranger").digest()
    for size in range(1, 34):
        nodes, root = merkle.nodes_of(leaves[:size]), merkle.log_root(leaves[:size])
        for index in range(size):
            proof = merkle.inclusion_proof(index, size, nodes)
            assert verify.included(index, size, leaves[index], proof, root)
            assert not verify.included(index, size, leaves[index], [*proof, stranger], root)
            assert not verify.included(index, size, leaves[index - 1], proof, root) or size == 1
            if proof:
                assert not verify.included(index, size, leaves[index], proof[:-1], root)
                assert not verify.included(index ^ 1, size, leaves[index], proof, root)
        for old in range(1, size + 1):
            proof, was = merkle.consistency_proof(old, size, nodes), merkle.log_root(leaves[:old])
            assert verify.consistent(old, size, was, root, proof)
            assert not verify.consistent(old, size, was, root, [*proof, stranger])
            if proof:
                wrong = list(proof)
                wrong[chance.randrange(len(wrong))] = stranger
                assert not verify.consistent(old, size, was, root, wrong)
                assert not verify.consistent(old, size, leaves[0] if old > 1 else leaves[1], root, proof)


def test_an_inner_node_is_no_leaf_and_a_doubled_end_is_another_log():
    """Forgeries of the kind of CVE-2022-36111 and CVE-2012-2459."""
    leaves = [hashlib.sha256(b"\0%d" % n).digest() for n in range(6)]
    root = merkle.log_root(leaves)
    inner = merkle.node_hash(leaves[0], leaves[1])
    nodes = merkle.nodes_of(leaves)
    rest = merkle.inclusion_proof(0, 6, nodes)[1:]
    assert not any(verify.included(index, size, inner, rest, root) for size in (6, 5, 8) for index in range(size))
    for doubled in ([*leaves, leaves[-1]], [*leaves, *leaves[4:]]):
        size = len(doubled)
        proof = merkle.inclusion_proof(size - 1, size, merkle.nodes_of(doubled))
        assert merkle.log_root(doubled) != root
        assert not verify.included(size - 1, size, doubled[-1], proof, root)
        assert not verify.included(size - 1, 6, doubled[-1], proof, root)
    assert not verify.consistent(0, 6, hashlib.sha256(b"").digest(), root, [])
    assert not verify.consistent(6, 6, root, root, [root])
    assert not verify.consistent(7, 6, root, root, [])


@pytest.mark.requirement("D-10")
def test_two_verifiers_that_share_no_code_agree(tmp_path):
    chance, asked = random.Random(7), []

    def ask(bundle: bytes, pin: str, receipt: bytes | None = None) -> None:
        path, held = tmp_path / f"{len(asked)}.zip", tmp_path / f"{len(asked)}.txt"
        path.write_bytes(bundle)
        held.write_bytes(receipt or b"")
        asked.append((path, pin, str(held) if receipt else ""))

    worlds = [story(seed, events=5 + seed) for seed in range(2)]
    for trial in range(100):
        world = worlds[trial % 2]
        for event in world.events:
            names = [n for n in event.fields if n not in ("type", "stream_noun", "stream_uid", "reference")]
            event.open = set(event.fields) - set(chance.sample(names, chance.randint(0, len(names))))
        mine = [event for event in world.events if event.stream in STREAMS]
        ask(pack(world.parts(STREAMS)), chance.choice(world.keys).fingerprint, world.receipt(chance.choice(mine[:2])))
    for event in (event for world in worlds for event in world.events):
        event.open = None
    whole = [world.parts(STREAMS) for world in worlds]
    for trial, name in enumerate(sorted(MUTATIONS) * 2):
        ask(mutated(worlds[trial % 2], whole[trial % 2], name, chance), worlds[trial % 2].pin)
    for _ in range(10):
        world = chance.choice(worlds)
        how, forged, receipt = cover_up(world, chance)
        ask(forged, world.pin, receipt)

    ours = [first(path.read_bytes(), pin, receipt or None) for path, pin, receipt in asked]
    theirs = second(asked)
    differing = [(n, a, b) for n, (a, b) in enumerate(zip(ours, theirs, strict=True)) if a[0] != b[0]]
    assert differing == []
    assert [code for code, _ in ours[:100]] == [0] * 100
    assert sum(code == 1 for code, _ in ours[100:]) >= 100


# --- E13: what it is allowed to be -----------------------------------------------------------------------------------------

ALLOWED = {
    "argparse", "base64", "collections", "hashlib", "io", "json", "locale", "os", "re", "struct", "sys", "unicodedata", "zlib",
}  # fmt: skip


def test_it_is_short_old_fashioned_and_needs_nothing():
    source = PROGRAM.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 600
    tree = ast.parse(source, feature_version=(3, 8))
    imported = {a.name for n in ast.walk(tree) if isinstance(n, ast.Import) for a in n.names}
    assert imported == ALLOWED and not any(isinstance(n, ast.ImportFrom) for n in ast.walk(tree))
    newer = {"removeprefix", "removesuffix", "bit_count", "batched", "pairwise", "file_digest"}
    called = {n.func.attr for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)}
    assert not called & newer
    assert not any(isinstance(n, ast.BinOp) and isinstance(n.op, ast.BitOr) and _is_type(n) for n in ast.walk(tree))


def _is_type(node: ast.BinOp) -> bool:
    return any(isinstance(side, ast.Name) and side.id in {"str", "int", "bytes", "list", "dict", "None"} for side in (node.left, node.right))


def test_it_opens_for_reading_only_and_runs_nothing():
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    opened = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id == "open"]
    assert opened and all([arg.value for arg in call.args[1:]] == ["rb"] for call in opened)
    named = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Name)}
    assert not named & {"eval", "exec", "compile", "__import__"}
    used = {n.attr for n in ast.walk(tree) if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "os"}
    assert used == {"environ", "SEEK_END"}


def run(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-I", "-S", "-B", str(PROGRAM), *arguments]
    return subprocess.run(command, cwd=cwd, capture_output=True, env={"PATH": os.environ["PATH"], "PYTHONUTF8": "1", **env}, check=False)


@pytest.mark.parametrize(
    ("arguments", "env", "word"),
    [
        ((), {"LANG": "zh_TW.UTF-8"}, "有效"),
        ((), {"LANG": "zh_CN.UTF-8"}, "不能证明"),
        ((), {"LANG": "de_DE.UTF-8"}, "VALID"),
        (("--lang", "zh-Hant"), {"LANG": "C"}, "不能證明"),
    ],
)
def test_it_speaks_three_languages_and_says_what_it_has_not_shown(world, good, tmp_path, arguments, env, word):
    (tmp_path / "bundle.zip").write_bytes(good)
    told = run("bundle.zip", "--pin", world.pin, *arguments, cwd=tmp_path, **env)
    assert told.returncode == 0 and word in told.stdout.decode() and not told.stderr
    assert len([line for line in told.stdout.decode().splitlines() if line.startswith("  - ")]) == 5
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle.zip"]


def test_every_word_stands_in_three_languages():
    assert all(len(words) == 3 and all(words) for words in verify.WORDS.values())
    tree = ast.parse(PROGRAM.read_text(encoding="utf-8"))
    codes = {c.args[1].value for c in ast.walk(tree) if isinstance(c, ast.Call) and isinstance(c.func, ast.Name) and c.func.id == "require"}
    assert codes <= verify.WORDS.keys()


def test_nothing_makes_it_stumble(world, good, tmp_path):
    chance = random.Random(13)
    parts = world.parts(STREAMS)
    rubbish = [
        b"", b"PK\5\6" + b"\0" * 18, b"\xff" * 5000, chance.randbytes(4000) + b"PK\5\6" + chance.randbytes(18),
        b"PK\5\6" + b"\xff" * 18, good[:-10] + b"\xff" * 10,
    ]  # fmt: skip
    deep = b"[" * 100_000 + b"]" * 100_000
    for path in ("bundle.json", "heads.json", "keys.json", "anchors.json", "proofs.json", "events.ndjson", "checkpoint.txt", "MANIFEST.json"):
        for content in (deep, b"null", b"{}", b"[]", b"[[]]", b'[{"a":1}]', b"\xff\xfe", b"", b'"' + b"9" * 9000 + b'"', b"9" * 9000):
            rubbish.append(pack({**parts, path: content}) if path != "MANIFEST.json" else pack(parts)[:-1] + content)
    for content in rubbish:
        code, why = first(content, world.pin)
        assert code in (1, 2) and why
    (tmp_path / "odd.zip").write_bytes(chance.randbytes(999) + b"\x1b[31m")
    for name in ("odd.zip", "missing.zip", "."):
        told = run(name, "--lang", "en", cwd=tmp_path)
        assert told.returncode == 2 and told.stdout.startswith(b"UNREADABLE") and not told.stderr


def test_what_a_bundle_says_cannot_move_the_cursor(world, tmp_path):
    parts = world.parts(STREAMS)
    parts["bundle.json"] = changed_json(parts["bundle.json"], lambda about: about["left_out"].append({"what": "\x1b[2J\u202e", "why": "\nVALID"}))
    (tmp_path / "b.zip").write_bytes(pack(parts))
    told = run("b.zip", "--lang", "en", cwd=tmp_path).stdout.decode()
    assert "\x1b" not in told and "\u202e" not in told and not any(line.startswith("VALID") for line in told.splitlines())


def test_memory_stays_small_however_large_the_file(world):
    class Endless(io.RawIOBase):
        """A file that says it is enormous; whoever reads all of it at once asks for more than there is."""

        def __init__(self, held: bytes) -> None:
            self.held, self.at, self.most = held, 0, 0

        def seek(self, at: int, whence: int = 0) -> int:
            self.at = at if whence == 0 else len(self.held) + at
            return self.at

        def read(self, size: int = -1) -> bytes:
            self.most = max(self.most, size if size >= 0 else 1 << 60)
            piece = self.held[self.at : self.at + size]
            self.at += len(piece)
            return piece

        def readline(self, size: int = -1) -> bytes:
            end = self.held.find(b"\n", self.at) + 1
            return self.read(min(size, end - self.at))

    big = story(seed=3, events=SMALL, bulk=9 << 20)
    handle = Endless(pack(big.parts(STREAMS)))
    assert verify.verify(handle, big.pin).pinned
    assert handle.most <= verify.CHUNK * 4


def test_a_house_that_commits_two_values_is_not_found_out_here_and_the_verifier_says_so():
    """Known: names are inside the digests. What it cannot show, it has to say; a bundle with nothing closed does show it."""
    world = story(events=4)
    event = next(each for each in reversed(world.events) if each.stream == STREAMS[0])
    salt, words = b"q" * 16, "李大華"
    event.__dict__["commitments"] = sorted([*event.commitments, chain.commitment(salt, "person", words)])
    parts = world.parts(STREAMS)
    told = []
    for value in (event.fields["person"], words):
        lines = [json.loads(line) for line in parts["events.ndjson"].splitlines()]
        mine = next(line for line in lines if line["leaf"] == event.leaf)
        if value == words:
            mine["shown"]["person"] = [salt.hex(), value]
        events = b"".join(chain.canonical(line) + b"\n" for line in lines)
        code, said = verify.judge(pack({**parts, "events.ndjson": events}), world.pin, None, "en")
        told.append((code, "1 closed" in said[1], "another value" in said[-1]))
    assert told == [(0, True, True)] * 2
