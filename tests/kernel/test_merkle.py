"""The two trees of a checkpoint: RFC 6962 by its published vectors and by a naive reading of the text; forged proofs refused."""
from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from suyuan.kernel import chain, merkle
from suyuan.kernel.merkle import Place

# The eight leaves of the certificate-transparency test vectors and the roots of their first 1 … 8.
WRITTEN = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = {
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
}
CONSISTENCY = {
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
LEAVES = [hashlib.sha256(b"\x00" + bytes.fromhex(data)).digest() for data in WRITTEN]
MOST = 70
MANY = [hashlib.sha256(b"\x00%d" % number).digest() for number in range(MOST)]
ALL = merkle.nodes_of(MANY)


def naive_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word."""
    if not leaves:
        return hashlib.sha256().digest()
    if len(leaves) == 1:
        return leaves[0]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + naive_root(leaves[:k]) + naive_root(leaves[k:])).digest()


def naive_path(m: int, leaves: list[bytes]) -> list[bytes]:
    """RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m < k:
        return [*naive_path(m, leaves[:k]), naive_root(leaves[k:])]
    return [*naive_path(m - k, leaves[k:]), naive_root(leaves[:k])]


def naive_subproof(m: int, leaves: list[bytes], whole: bool) -> list[bytes]:
    """RFC 6962, 2.1.2."""
    if m == len(leaves):
        return [] if whole else [naive_root(leaves)]
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    if m <= k:
        return [*naive_subproof(m, leaves[:k], whole), naive_root(leaves[k:])]
    return [*naive_subproof(m - k, leaves[k:], False), naive_root(leaves[:k])]


# The published vectors


@pytest.mark.parametrize("size", range(1, 9))
def test_published_roots_stay(size):
    assert merkle.log_root(LEAVES[:size]).hex() == ROOTS[size - 1]


def test_the_root_of_nothing_is_the_digest_of_nothing():
    assert merkle.log_root([]) == merkle.EMPTY_ROOT == hashlib.sha256(b"").digest()


@pytest.mark.parametrize(("index", "size"), INCLUSION)
def test_published_inclusion_proofs_stay(index, size):
    proof = merkle.inclusion_proof(index, size, merkle.nodes_of(LEAVES))

    assert [digest.hex() for digest in proof] == INCLUSION[index, size]
    assert merkle.inclusion_holds(index, size, LEAVES[index], proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("first", "second"), CONSISTENCY)
def test_published_consistency_proofs_stay(first, second):
    proof = merkle.consistency_proof(first, second, merkle.nodes_of(LEAVES))

    assert [digest.hex() for digest in proof] == CONSISTENCY[first, second]
    assert merkle.consistency_holds(
        first, second, bytes.fromhex(ROOTS[first - 1]), bytes.fromhex(ROOTS[second - 1]), proof
    )


# Every size up to seventy


def test_every_root_and_every_proof_is_what_the_text_of_the_rfc_says():
    for size in range(1, MOST + 1):
        leaves = MANY[:size]
        root = naive_root(leaves)
        assert merkle.log_root(leaves) == root
        for index in {0, size // 3, size // 2, size - 2, size - 1} & set(range(size)):
            proof = merkle.inclusion_proof(index, size, ALL)
            assert proof == naive_path(index, leaves)
            assert merkle.inclusion_holds(index, size, MANY[index], proof, root)
        for first in {1, size // 3, size // 2, size - 1, size} - {0}:
            proof = merkle.consistency_proof(first, size, ALL)
            assert proof == naive_subproof(first, leaves, True)
            assert merkle.consistency_holds(first, size, naive_root(MANY[:first]), root, proof)


@pytest.mark.requirement("A-15")
def test_every_index_of_every_size_has_a_proof_that_holds():
    for size in range(1, MOST + 1):
        root = merkle.log_root(MANY[:size])
        for index in range(size):
            assert merkle.inclusion_holds(index, size, MANY[index], merkle.inclusion_proof(index, size, ALL), root)
        for first in range(1, size + 1):
            proof = merkle.consistency_proof(first, size, ALL)
            assert merkle.consistency_holds(first, size, merkle.log_root(MANY[:first]), root, proof)


@given(st.integers(1, MOST), st.data())
def test_a_log_goes_on_from_its_right_edge_and_tells_each_full_subtree_once(size, data):
    first = data.draw(st.integers(0, size))
    before, told = merkle.Frontier(), {}
    for leaf in MANY[:first]:
        told |= dict(before.append(leaf))
    again = merkle.Frontier(first, [told[place] for place in merkle.peaks(first)])
    for leaf in MANY[first:size]:
        new = dict(again.append(leaf))
        assert not new.keys() & told.keys()
        told |= new

    assert again.root() == naive_root(MANY[:size])
    assert told == {place: ALL(place) for place in told}
    assert len(told) == 2 * size - size.bit_count()


@given(st.integers(1, 2**40), st.data())
def test_proofs_of_a_long_log_ask_for_few_nodes_and_each_is_full(size, data):
    index = data.draw(st.integers(0, size - 1))
    first = data.draw(st.integers(1, size))
    for places in (merkle.inclusion_places(index, size), merkle.consistency_places(first, size)):
        assert len(places) <= 2 * size.bit_length() + 1
        assert all((place.index + 1) << place.level <= size for place in places)


def test_what_a_proof_asks_for_is_said_beforehand():
    for size in range(1, MOST + 1):
        asked: set[Place] = set()

        def told(place: Place, asked=asked) -> bytes:
            asked.add(place)
            return ALL(place)

        merkle.inclusion_proof(size // 2, size, told)
        assert asked == merkle.inclusion_places(size // 2, size)
        asked.clear()
        merkle.consistency_proof(max(size // 3, 1), size, told)
        assert asked == merkle.consistency_places(max(size // 3, 1), size)


# Forgeries


@settings(max_examples=300)
@given(st.integers(1, MOST), st.data())
def test_a_forged_inclusion_proof_does_not_hold(size, data):
    index = data.draw(st.integers(0, size - 1))
    root = merkle.log_root(MANY[:size])
    proof = merkle.inclusion_proof(index, size, ALL)
    forged = data.draw(st.sampled_from(["longer", "shorter", "other_leaf", "other_index", "other_size", "bit", "order"]))
    leaf = MANY[index]
    if forged == "longer":
        proof.insert(data.draw(st.integers(0, len(proof))), data.draw(st.sampled_from([*proof, root, leaf])))
    elif forged == "shorter" and proof:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    elif forged == "other_leaf":
        leaf = MANY[(index + 1) % MOST]
    elif forged == "other_index":
        index = data.draw(st.integers(0, 2 * MOST).filter(lambda other: other != index))
    elif forged == "other_size":
        # A size with the same way up leads to the same root: what ties them together is that both are signed.
        size = data.draw(st.integers(0, 2 * MOST))
        if _way(index, size) == _way(index, len_of(proof, root)):
            return
    elif forged == "bit" and proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    elif forged == "order" and len(proof) > 1:
        proof.reverse()
    else:
        return
    assert not merkle.inclusion_holds(index, size, leaf, proof, root)


def len_of(proof: list[bytes], root: bytes) -> int:
    return next(size for size in range(1, MOST + 1) if merkle.log_root(MANY[:size]) == root)


def _way(index: int, size: int) -> list[bool] | None:
    """At which steps upwards the sibling stands on the left."""
    if not 0 <= index < size:
        return None
    way, start, end = [], 0, size
    while end - start > 1:
        middle = start + (1 << (end - start - 1).bit_length() - 1)
        way.append(index >= middle)
        start, end = (middle, end) if index >= middle else (start, middle)
    return way


@settings(max_examples=300)
@given(st.integers(1, MOST), st.data())
def test_a_forged_consistency_proof_does_not_hold(second, data):
    first = data.draw(st.integers(1, second))
    older, newer = merkle.log_root(MANY[:first]), merkle.log_root(MANY[:second])
    proof = merkle.consistency_proof(first, second, ALL)
    forged = data.draw(st.sampled_from(["longer", "shorter", "swapped", "rewritten", "bit", "from_nothing"]))
    if forged == "longer":
        proof.insert(data.draw(st.integers(0, len(proof))), data.draw(st.sampled_from([*proof, older, newer])))
    elif forged == "shorter" and proof:
        proof.pop(data.draw(st.integers(0, len(proof) - 1)))
    elif forged == "swapped" and first != second:
        first, second, older, newer = second, first, newer, older
    elif forged == "rewritten":
        older = merkle.log_root([MANY[-1], *MANY[1:first]]) if first < MOST else newer[::-1]
    elif forged == "bit" and proof:
        at = data.draw(st.integers(0, len(proof) - 1))
        proof[at] = bytes([proof[at][0] ^ 1]) + proof[at][1:]
    elif forged == "from_nothing":
        first, older = 0, merkle.EMPTY_ROOT
    else:
        return
    assert not merkle.consistency_holds(first, second, older, newer, proof)


@pytest.mark.parametrize("index", [8, 9, 15, -1, True, 1.0, None])
def test_an_index_that_is_none_is_refused(index):
    proof = merkle.inclusion_proof(1, 8, merkle.nodes_of(LEAVES))

    assert not merkle.inclusion_holds(index, 8, LEAVES[1], proof, bytes.fromhex(ROOTS[7]))


@pytest.mark.parametrize("digest", [b"", b"\x00" * 31, b"\x00" * 33, "0" * 64, None])
def test_a_digest_that_is_none_is_refused(digest):
    proof = merkle.inclusion_proof(1, 8, merkle.nodes_of(LEAVES))
    root = bytes.fromhex(ROOTS[7])

    assert not merkle.inclusion_holds(1, 8, LEAVES[1], [digest, *proof[1:]], root)
    assert not merkle.inclusion_holds(1, 8, digest, proof, root)
    assert not merkle.consistency_holds(1, 8, LEAVES[0], root, [digest])


def test_a_node_is_no_leaf():
    """The classic forgery: an inner node with its path, offered as a leaf of a smaller log."""
    nodes = merkle.nodes_of(LEAVES)
    node = nodes(Place(1, 0))
    path = merkle.inclusion_proof(0, 8, nodes)[1:]

    assert merkle.inclusion_holds(0, 4, node, path, bytes.fromhex(ROOTS[7])), "the tree alone cannot tell"
    # The size that is signed beside the root can.
    assert not merkle.inclusion_holds(0, 8, node, path, bytes.fromhex(ROOTS[7]))


def test_a_leaf_written_twice_changes_the_root():
    """CVE-2012-2459: trees that fill up an odd level with its last node cannot tell these apart."""
    for size in range(1, MOST):
        for doubled in range(1, size + 1):
            assert merkle.log_root(MANY[:size]) != merkle.log_root(MANY[:size] + MANY[size - doubled : size])


# Heads


def _head(number: int, position: int = 1) -> merkle.Head:
    return chain.stream_token(f"case:{number}"), position, MANY[number % MOST].hex()


def _buckets(heads: list[merkle.Head]) -> dict[int, list[merkle.Head]]:
    buckets: dict[int, list[merkle.Head]] = {}
    for head in sorted(heads):
        buckets.setdefault(merkle.bucket_of(head[0]), []).append(head)
    return buckets


def naive_heads_root(buckets: dict[int, list[merkle.Head]]) -> bytes:
    level = [
        hashlib.sha256(b"\x03" + chain.canonical([list(head) for head in buckets.get(number, [])])).digest()
        for number in range(merkle.BUCKETS)
    ]
    while len(level) > 1:
        level = [hashlib.sha256(b"\x04" + level[at] + level[at + 1]).digest() for at in range(0, len(level), 2)]
    return level[0]


@pytest.mark.parametrize("count", [0, 1, 300])
def test_the_heads_root_is_that_of_the_whole_tree(count):
    buckets = _buckets([_head(number) for number in range(count)])

    assert merkle.heads_root(buckets) == naive_heads_root(buckets)


def test_only_touched_buckets_are_reckoned_anew():
    buckets = _buckets([_head(number) for number in range(40)])
    kept = merkle.heads_above({n: merkle.bucket_hash(entries) for n, entries in buckets.items()}, lambda place: None)
    moved = _buckets([_head(number, 2 if number == 7 else 1) for number in range(41)])
    touched = {n: merkle.bucket_hash(entries) for n, entries in moved.items() if entries != buckets.get(n)}
    changed = merkle.heads_above(touched, kept.get)

    assert len(changed) <= 2 * (merkle.LEVELS + 1)
    kept |= changed
    assert kept[Place(merkle.LEVELS, 0)] == merkle.heads_root(moved)
    for number in [*moved, 0, merkle.BUCKETS - 1]:
        path = merkle.heads_path(number, kept.get)
        assert merkle.heads_hold(number, moved.get(number, []), path, merkle.heads_root(moved))


def test_a_bucket_cannot_hide_double_or_misplace_a_stream():
    twins = [head for number in range(2_000) if (head := _head(number))[0][:2] == "7f"][:3]
    bucket = merkle.bucket_of(twins[0][0])
    entries = [twins[0]]
    known = merkle.heads_above({bucket: merkle.bucket_hash(entries)}, lambda place: None)
    path, root = merkle.heads_path(bucket, known.get), known[Place(merkle.LEVELS, 0)]
    token, position, leaf = entries[0]

    assert merkle.heads_hold(bucket, entries, path, root)
    for forged in (
        [],
        [*entries, *entries],
        [(token, position + 1, leaf)],
        [(token, 0, leaf)],
        [(token, True, leaf)],
        [(token, position, leaf.upper())],
        [(token, position)],
        [twins[1]],
    ):
        assert not merkle.heads_hold(bucket, forged, path, root)
    # Even where a dishonest house signed such a bucket.
    for signed in ([*entries, *entries], [(token, 0, leaf)], [(token, True, leaf)], [twins[1]]):
        falsely = merkle.heads_above({bucket: merkle.bucket_hash(signed)}, lambda place: None)[Place(merkle.LEVELS, 0)]
        assert not merkle.heads_hold(bucket, signed, path, falsely)
    assert not merkle.heads_hold(bucket ^ 1, entries, path, root)
    assert not merkle.heads_hold(bucket, entries, path[:-1], root)
    assert not merkle.heads_hold(bucket, entries, [*path, path[0]], root)
    assert not merkle.heads_hold(bucket + merkle.BUCKETS, entries, path, root)
