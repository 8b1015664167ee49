"""The event chain's format 1, held by fixed bytes; and that no change to a stream goes unseen."""
from __future__ import annotations

import hashlib
import json
import random
from dataclasses import replace
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.kernel import chain
from suyuan.kernel.chain import Broken, Link, NotCanonical, check_fields, check_stream

VECTORS = json.loads((Path(__file__).parent / "chain_vectors.json").read_text())
STREAM = "case:3b0a5f0e-0000-4000-8000-000000000001"
MUTATIONS = 2_000

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner, max_size=4),
    max_leaves=12,
)


# The format


@pytest.mark.parametrize("vector", VECTORS["canonical"])
def test_canonical_bytes_stay(vector):
    assert chain.canonical(vector["value"]).hex() == vector["hex"]


@pytest.mark.parametrize("vector", VECTORS["times"])
def test_times_stay(vector):
    assert chain.time_text(datetime.fromisoformat(vector["iso"])) == vector["text"]


@pytest.mark.parametrize("vector", VECTORS["tokens"])
def test_tokens_stay(vector):
    assert chain.stream_token(vector["stream"]) == vector["token"]


@pytest.mark.parametrize("vector", VECTORS["commitments"])
def test_commitments_stay(vector):
    salt = bytes.fromhex(vector["salt"])

    assert chain.commitment(salt, vector["name"], vector["value"]) == vector["commitment"]
    assert chain.commitment_bytes(salt, vector["name"], chain.canonical(vector["value"])) == vector["commitment"]
    stored = {vector["name"]: [vector["salt"], vector["value"]]}
    assert list(chain.commitments_stored(stored)) == [(vector["name"], vector["commitment"])]


@pytest.mark.parametrize("stream", VECTORS["streams"])
def test_streams_stay(stream):
    links = [Link(**{**link, "commitments": tuple(link["commitments"])}) for link in stream["links"]]

    assert check_stream(stream["stream"], links, (len(links), links[-1].leaf)) is None


def test_the_format_is_what_its_description_says():
    """Written out once more from the words alone, without our own functions."""
    salt, at = bytes(range(16)), "2026-11-21T04:00:00.000001Z"
    token = hashlib.sha256(b"suyuan stream 1" + b"\x00" + STREAM.encode()).hexdigest()
    one = hashlib.sha256(b"\x02" + salt + '["words","退費"]'.encode()).hexdigest()
    two = hashlib.sha256(b"\x02" + salt + b'["level",2]').hexdigest()
    body = (
        f'{{"at":"{at}","commitments":["{min(one, two)}","{max(one, two)}"],"position":1,'
        f'"prev":"{"0" * 64}","token":"{token}","v":1}}'
    )
    leaf = hashlib.sha256(b"\x00" + body.encode()).hexdigest()

    assert chain.stream_token(STREAM) == token
    assert chain.commitment(salt, "words", "退費") == one
    assert chain.leaf_hash(token=token, position=1, prev="0" * 64, at=at, commitments=[two, one]) == leaf


@given(json_values)
def test_canonical_can_be_read_back(value):
    assert json.loads(chain.canonical(value)) == value


@given(json_values, json_values)
def test_different_values_have_different_bytes(one, other):
    # Python thinks True == 1; the bytes must not.
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    assert (chain.canonical(one) == chain.canonical(other)) == same


@pytest.mark.parametrize(
    "foreign", [1.0, float("nan"), b"x", (1, 2), {1: 2}, {"a": [1.5]}, datetime(2026, 1, 1), {"a"}, "\ud800", {"\udfff": 1}]
)
def test_what_is_not_json_is_refused(foreign):
    with pytest.raises(NotCanonical):
        chain.canonical(foreign)


def test_a_time_without_a_zone_is_refused():
    with pytest.raises(NotCanonical):
        chain.time_text(datetime(2026, 11, 21))


def test_a_salt_has_sixteen_bytes():
    for salt in (b"", b"x" * 15, b"x" * 17):
        for commit in (chain.commitment, chain.commitment_bytes):
            with pytest.raises(ValueError):
                commit(salt, "level", b"1" if commit is chain.commitment_bytes else 1)
        with pytest.raises(ValueError):
            list(chain.commitments_stored({"level": [salt.hex(), 1]}))


def test_enumerations_are_their_values():
    class Stage(StrEnum):
        RECEIVED = "received"

    assert chain.canonical([Stage.RECEIVED, {"level": HTTPStatus.OK}]) == b'["received",{"level":200}]'


@given(st.lists(st.text("0123456789abcdef", min_size=64, max_size=64), max_size=6), st.randoms())
def test_the_order_in_which_fields_are_given_does_not_matter(commitments, chance):
    shuffled = chance.sample(commitments, len(commitments))
    told = {"token": "t", "position": 1, "prev": chain.NO_PREVIOUS, "at": "now"}

    assert chain.leaf_hash(commitments=commitments, **told) == chain.leaf_hash(commitments=shuffled, **told)


def test_a_field_that_was_not_committed_is_named():
    salt = bytes(16)
    known = [chain.commitment(salt, "level", 2)]

    assert check_fields(known, {"level": (salt, 2)}) is None
    assert check_fields(known, {"level": (salt, 3)}) == "level"
    assert check_fields(known, {"grade": (salt, 2)}) == "grade"


# The links


def linked(count: int, stream: str = STREAM, seed: int = 0) -> list[Link]:
    chance, token, prev, links = random.Random(seed), chain.stream_token(stream), chain.NO_PREVIOUS, []
    for position in range(1, count + 1):
        at = chain.time_text(datetime(2026, 11, 21, 4, position, tzinfo=UTC))
        salts = [chance.randbytes(16) for _ in range(3)]
        commitments = tuple(sorted(chain.commitment(salt, f"f{n}", position) for n, salt in enumerate(salts)))
        leaf = chain.leaf_hash(token=token, position=position, prev=prev, at=at, commitments=commitments)
        links.append(Link(token, position, prev, at, commitments, leaf))
        prev = leaf
    return links


def head_of(links: list[Link]) -> tuple[int, str]:
    return (links[-1].position, links[-1].leaf) if links else (0, chain.NO_PREVIOUS)


def test_an_untouched_stream_holds():
    for count in (0, 1, 2, 30):
        links = linked(count)
        assert check_stream(STREAM, links, head_of(links)) is None


def other_hex(chance: random.Random, text: str) -> str:
    place = chance.randrange(len(text))
    return text[:place] + chance.choice([c for c in "0123456789abcdef" if c != text[place]]) + text[place + 1 :]


def sealed_again(link: Link) -> Link:
    """The forger recomputes the leaf of the one link they changed."""
    return replace(
        link,
        leaf=chain.leaf_hash(
            token=link.token, position=link.position, prev=link.prev, at=link.at, commitments=link.commitments
        ),
    )


def changed(chance: random.Random, links: list[Link]) -> list[Link]:
    place = chance.randrange(len(links))
    link = links[place]
    which = chance.choice(["token", "position", "prev", "at", "commitments", "leaf", "fewer", "more", "sealed"])
    if which in ("token", "prev", "leaf"):
        link = replace(link, **{which: other_hex(chance, getattr(link, which))})
    elif which == "position":
        link = replace(link, position=link.position + chance.choice([-1, 1, 100]))
    elif which == "at":
        link = replace(link, at=link.at.replace("T04", "T03"))
    elif which == "commitments":
        link = replace(link, commitments=(other_hex(chance, link.commitments[0]), *link.commitments[1:]))
    elif which == "fewer":
        link = replace(link, commitments=link.commitments[1:])
    elif which == "more":
        link = replace(link, commitments=tuple(sorted((*link.commitments, chance.randbytes(32).hex()))))
    else:
        link = sealed_again(replace(link, at=link.at.replace("T04", "T03")))
    return [*links[:place], link, *links[place + 1 :]]


def dropped(chance: random.Random, links: list[Link]) -> list[Link]:
    place = chance.randrange(len(links))
    return links[:place] + links[place + 1 :]


def reordered(chance: random.Random, links: list[Link]) -> list[Link]:
    one, other = sorted(chance.sample(range(len(links)), 2))
    moved = list(links)
    moved[one], moved[other] = moved[other], moved[one]
    if chance.random() < 0.5:  # with their positions made to look right
        moved = [replace(link, position=n) for n, link in enumerate(moved, 1)]
    return moved


def inserted(chance: random.Random, links: list[Link]) -> list[Link]:
    place = chance.randrange(len(links) + 1)
    stranger = chance.choice([*links, *linked(len(links), seed=9), *linked(3, stream="case:other")])
    prev = links[place - 1].leaf if place else chain.NO_PREVIOUS
    if chance.random() < 0.5:
        stranger = sealed_again(replace(stranger, position=place + 1, prev=prev))
    pushed = [*links[:place], stranger, *links[place:]]
    return [replace(link, position=n) for n, link in enumerate(pushed, 1)] if chance.random() < 0.5 else pushed


@pytest.mark.parametrize("mutate", [changed, dropped, reordered, inserted])
def test_every_changed_dropped_reordered_or_inserted_link_is_found(mutate):
    chance = random.Random(mutate.__name__)
    links = linked(12)
    for _ in range(MUTATIONS // 4):
        mutated = mutate(chance, links)
        assert mutated != links
        assert check_stream(STREAM, mutated, head_of(links)) is not None


def test_the_first_bad_position_is_named():
    links = linked(6)
    forged = [*links[:3], sealed_again(replace(links[3], at=links[3].at.replace("T04", "T03"))), *links[4:]]

    assert check_stream(STREAM, forged, head_of(links)) == Broken(5, "previous_differs")
    assert check_stream(STREAM, links[:2] + links[3:], head_of(links)) == Broken(3, "missing_or_reordered")
    assert check_stream(STREAM, links[:5], head_of(links)) == Broken(6, "head_differs")
    assert check_stream("case:other", links, head_of(links)) == Broken(1, "foreign_stream")


def test_a_commitment_given_twice_is_refused():
    link = linked(1)[0]
    twice = sealed_again(replace(link, commitments=(link.commitments[0], *link.commitments)))

    assert check_stream(STREAM, [twice]) == Broken(1, "commitments_not_sorted_or_twice")
