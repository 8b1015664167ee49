"""The master key file and the sheet of paper that brings it back."""
from __future__ import annotations

import json
import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from suyuan.platform.master import (
    ALPHABET,
    CHECKS,
    KeyProblem,
    Master,
    django_secret,
    master_create,
    master_load,
    master_write,
    sheet,
    sheet_lines,
    sheet_parse,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "keys" / "master.key"


def why(problem) -> str:
    return problem.value.why


def test_it_comes_back_as_it_was_made(path):
    made = master_create(path)

    assert master_load(path) == made
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_key_is_never_overwritten(path):
    master_create(path)
    before = path.read_bytes()

    with pytest.raises(KeyProblem) as problem:
        master_create(path)
    assert why(problem) == "exists"
    assert path.read_bytes() == before


def test_a_missing_key_is_said_to_be_missing(path):
    with pytest.raises(KeyProblem) as problem:
        master_load(path)
    assert why(problem) == "missing"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o644])
def test_a_key_that_others_may_read_is_refused(path, mode):
    master_create(path)
    os.chmod(path, mode)

    with pytest.raises(KeyProblem) as problem:
        master_load(path)
    assert why(problem) == "open_to_others"


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"format": 1}', '{"format": 1, "key_id": "m-0", "key": "%%"}', "\0"]
)
def test_what_is_not_a_key_file_is_refused(path, content):
    master_create(path)
    path.write_text(content)

    with pytest.raises(KeyProblem) as problem:
        master_load(path)
    assert why(problem) == "malformed"


def test_a_key_that_does_not_fit_its_own_id_is_refused(path):
    master_create(path)
    body = json.loads(path.read_text())
    body["key"] = "A" + body["key"][1:] if body["key"][0] != "A" else "B" + body["key"][1:]
    path.write_text(json.dumps(body))

    with pytest.raises(KeyProblem) as problem:
        master_load(path)
    assert why(problem) == "damaged"


def test_a_link_is_not_followed(path, tmp_path):
    master_create(path)
    link = tmp_path / "link.key"
    link.symlink_to(path)

    with pytest.raises(KeyProblem) as problem:
        master_load(link)
    assert why(problem) == "unreadable"


def test_the_key_never_shows_in_a_trace():
    assert "repr" not in repr(Master(b"repr" * 8))


def test_the_secret_of_django_follows_from_the_key_and_only_from_it(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    master_create(one)
    master_create(other)

    assert django_secret(one) == django_secret(one)
    assert django_secret(one) != django_secret(other)
    assert len(django_secret(one)) >= 40


def test_wrapped_keys_open_with_their_own_master_only():
    mine, theirs = Master(b"m" * 32), Master(b"t" * 32)
    wrapped = mine.wrap(b"k" * 32)

    assert mine.unwrap(wrapped) == b"k" * 32
    with pytest.raises(KeyProblem) as problem:
        theirs.unwrap(wrapped)
    assert why(problem) == "wrong_key"


# The sheet


def test_the_sheet_brings_the_key_back(path, tmp_path):
    made = master_create(path)
    paper = sheet(path)

    again = tmp_path / "again.key"
    master_write(again, sheet_parse(paper.text))
    assert master_load(again) == made
    assert paper.key_id == made.key_id
    assert paper.svg.startswith("<svg")


@given(st.binary(min_size=32, max_size=32))
def test_every_key_survives_paper(key):
    assert sheet_parse("\n".join(sheet_lines(Master(key)))).key == key


def test_it_forgives_how_people_type():
    lines = sheet_lines(Master(bytes(range(32))))
    typed = "\n".join(lines).lower().replace("0", "o").replace("1:", "１：", 1)
    bare = "\n".join(line.split(":")[1].strip().replace(" ", "-") for line in lines)

    assert sheet_parse(typed).key == bytes(range(32))
    assert sheet_parse(bare).key == bytes(range(32))


def test_what_the_qr_code_says_is_the_key():
    lines = sheet_lines(Master(b"q" * 32))
    scanned = "SUYUAN-KEY:" + "".join(line.split(":")[1].replace(" ", "") for line in lines)

    assert sheet_parse(scanned).key == b"q" * 32


@given(st.binary(min_size=32, max_size=32), st.integers(0, 3), st.integers(0, 16), st.integers(1, 36))
def test_one_wrong_character_names_its_line(key, line, place, shift):
    lines = [list(text.split(":")[1].replace(" ", "")) for text in sheet_lines(Master(key))]
    letters = CHECKS if place == 16 else ALPHABET
    wrong = letters[(letters.index(lines[line][place]) + shift) % len(letters)]
    if wrong == lines[line][place]:
        return
    lines[line][place] = wrong

    with pytest.raises(KeyProblem) as problem:
        sheet_parse("\n".join(f"{n + 1}: {''.join(line)}" for n, line in enumerate(lines)))
    assert problem.value.data["line"] == line + 1


@given(st.binary(min_size=32, max_size=32), st.integers(0, 3), st.integers(0, 14))
def test_two_swapped_neighbours_name_their_line(key, line, place):
    lines = [list(text.split(":")[1].replace(" ", "")) for text in sheet_lines(Master(key))]
    row = lines[line]
    if row[place] == row[place + 1]:
        return
    row[place], row[place + 1] = row[place + 1], row[place]

    with pytest.raises(KeyProblem) as problem:
        sheet_parse("\n".join(f"{n + 1}: {''.join(line)}" for n, line in enumerate(lines)))
    assert problem.value.data["line"] == line + 1


def test_lines_of_two_sheets_do_not_make_a_key():
    one, other = sheet_lines(Master(b"1" * 32)), sheet_lines(Master(b"2" * 32))

    with pytest.raises(KeyProblem) as problem:
        sheet_parse("\n".join([one[0], other[1], one[2], one[3]]))
    assert why(problem) == "sheet_wrong"


def test_a_missing_line_is_noticed():
    with pytest.raises(KeyProblem) as problem:
        sheet_parse("\n".join(sheet_lines(Master(b"1" * 32))[:3]))
    assert why(problem) == "sheet_incomplete"
