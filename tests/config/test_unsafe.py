"""Each way of starting that would expose people is refused, with a sentence that says what to do."""
from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from suyuan.config import first, up
from suyuan.config.up import DEMO, Start, StartRefused, marker_write, refuse_unsafe, unsafe
from tests.config.stories import ANSWERS, PASSWORD


@pytest.fixture
def start(tmp_path) -> Start:
    (tmp_path / "data").mkdir(mode=0o700)
    (tmp_path / "keys").mkdir(mode=0o700)
    return Start(data=tmp_path / "data", keys=tmp_path / "keys" / "master.key")


def codes(start: Start) -> list[str]:
    return [reason.code for reason in unsafe(start)]


@pytest.fixture
def certificate(tmp_path) -> tuple[str, str]:
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).write_text("x")
        (tmp_path / name).chmod(0o600)
    return str(tmp_path / "cert.pem"), str(tmp_path / "key.pem")


def test_loopback_with_keys_elsewhere_is_fine(start):
    assert codes(start) == []


def test_a_folder_that_is_not_there_yet_is_fine(start, tmp_path):
    assert codes(replace(start, data=tmp_path / "new")) == []


def test_keys_inside_the_data_folder(start):
    assert codes(replace(start, keys=start.data / "sub" / "master.key")) == ["keys_inside_data"]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604])
def test_keys_others_may_read(start, mode):
    start.keys.write_text("{}")
    start.keys.chmod(mode)
    assert codes(start) == ["keys_open_to_others"]


@pytest.mark.parametrize("mode", [0o755, 0o750, 0o701])
def test_a_data_folder_others_may_enter(start, mode):
    start.data.chmod(mode)
    assert codes(start) == ["data_open_to_others"]


def test_a_folder_with_other_things_in_it(start):
    (start.data / "holiday.jpg").write_text("x")
    assert codes(start) == ["foreign_folder"]


def test_a_file_instead_of_a_folder(start, tmp_path):
    (tmp_path / "file").write_text("x")
    assert codes(replace(start, data=tmp_path / "file")) == ["data_not_a_folder"]


def test_the_demo_folder_for_real_work_and_the_reverse(start):
    marker_write(start.data, kind="demo")
    assert codes(start) == ["demo_folder"]
    marker_write(start.data, kind="real")
    assert codes(replace(start, kind=DEMO)) == ["real_folder"]


def test_a_door_plate_nobody_can_read(start):
    (start.data / up.MARKER).write_text("{")
    with pytest.raises(StartRefused) as refused:
        codes(start)
    assert refused.value.code == "marker_unreadable"


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "clinic.example.org"])
def test_other_machines_without_https(start, host):
    assert codes(replace(start, host=host)) == ["open_without_https"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.8.8"])
def test_this_machine_alone_needs_no_https(start, host):
    assert codes(replace(start, host=host)) == []


def test_a_public_address_in_clear(start):
    assert codes(replace(start, public_url="http://complaints.example.org")) == ["public_url_not_https"]


@pytest.mark.parametrize("url", ["complaints.example.org", "https://", "https://x.example.org/portal", "https://x.example.org?a=1"])
def test_a_public_address_that_is_none(start, url):
    assert "public_url_malformed" in codes(replace(start, public_url=url))


@pytest.mark.parametrize("host", ["0.0.0.0", "127.0.0.1"])
def test_https_that_nobody_speaks(start, host):
    assert codes(replace(start, host=host, public_url="https://c.example.org")) == ["https_without_certificate"]


def test_https_by_a_proxy_or_by_ourselves(start, certificate):
    behind = replace(start, host="0.0.0.0", public_url="https://c.example.org", proxies=("10.0.0.1",))
    assert codes(behind) == []
    cert, key = certificate
    assert codes(replace(start, host="0.0.0.0", public_url="https://c.example.org", cert=cert, cert_key=key)) == []


def test_a_certificate_without_its_address_or_its_key(start, certificate, tmp_path):
    cert, key = certificate
    assert codes(replace(start, cert=cert, cert_key=key)) == ["certificate_without_address"]
    https = replace(start, public_url="https://c.example.org", cert=cert)
    assert codes(https) == ["certificate_incomplete"]
    assert codes(replace(https, cert_key=str(tmp_path / "no.pem"))) == ["certificate_missing"]
    Path(key).chmod(0o644)
    assert codes(replace(https, cert_key=key)) == ["certificate_key_open"]


def test_a_proxy_that_is_no_address(start):
    assert codes(replace(start, public_url="https://c.example.org", proxies=("proxy",))) == ["proxy_malformed"]


def test_mail_that_cannot_work(start):
    assert codes(replace(start, smtp="mail.example.org", mail_from="care@example.org")) == ["smtp_malformed"]
    assert codes(replace(start, smtp="smtp://mail.example.org")) == ["mail_from_missing"]


def test_debug(settings):
    settings.DEBUG = True
    with pytest.raises(StartRefused) as refused:
        up.refuse_debug()
    assert refused.value.code == "debug"


def test_every_refusal_says_it_in_two_languages_with_its_code(start):
    with pytest.raises(StartRefused) as refused:
        refuse_unsafe(replace(start, host="0.0.0.0"))
    chinese, english, code = str(refused.value).split("\n")
    assert "HTTPS" in chinese and "HTTPS" in english and code == "[open_without_https]"


def test_a_new_key_never_replaces_a_lost_one(start):
    marker_write(start.data, kind="real", has_keys=True)
    with pytest.raises(StartRefused) as refused:
        up.key_make(start)
    assert refused.value.code == "key_missing"
    assert not start.keys.exists()


def test_a_key_file_that_is_none(start):
    start.keys.write_text("hello")
    start.keys.chmod(0o600)
    with pytest.raises(StartRefused) as refused:
        up.key_make(start)
    assert refused.value.code == "key_malformed"


def test_the_folder_is_made_for_us_alone(tmp_path):
    start = Start(data=tmp_path / "a" / "b", keys=tmp_path / "k")
    up.data_make(start)
    assert start.data.stat().st_mode & 0o777 == 0o700
    assert json.loads((start.data / up.MARKER).read_text()) == {"kind": "real", "keys": str(start.keys)}


# --- the answers of the first start ------------------------------------------------------------------------------------


@pytest.fixture
def answers(tmp_path):
    def write(words: str = ANSWERS, mode: int = 0o600, **changes: str) -> Path:
        path = tmp_path / "answers.toml"
        path.write_text(words % ({"password": PASSWORD, "sheet": str(tmp_path)} | changes), encoding="utf-8")
        path.chmod(mode)
        return path

    return write


def test_good_answers_are_understood(answers):
    read = first.answers_read(answers())
    assert (read.organisation, read.branch_code, read.emergency_phone, read.password) == ("示例診所", "TN", "119", PASSWORD)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (ANSWERS.replace("[branch]", "[bench]"), "answers_incomplete"),
        (ANSWERS.replace('login = "shen"', ""), "answers_incomplete"),
        (ANSWERS.replace('login = "shen"', "login = 7"), "answers_incomplete"),
        (ANSWERS.replace('"TN"', '"TNN"'), "branch_code"),
        (ANSWERS.replace('"tw"', '"jp"'), "jurisdiction"),
        (ANSWERS.replace('"zh-hant"', '"fr"'), "language_unknown"),
        (ANSWERS.replace("[key_sheet]", ""), "answers_incomplete"),
        ("[[[ %(password)s %(sheet)s", "answers_malformed"),
    ],
)
def test_answers_that_cannot_be_used(answers, words, code):
    with pytest.raises(StartRefused) as refused:
        first.answers_read(answers(words))
    assert refused.value.code == code


def test_a_short_password(answers):
    with pytest.raises(StartRefused) as refused:
        first.answers_read(answers(password="elevenchars"))
    assert refused.value.code == "password_short"


def test_answers_others_may_read(answers):
    with pytest.raises(StartRefused) as refused:
        first.answers_read(answers(mode=0o644))
    assert refused.value.code == "answers_open_to_others"


def test_a_place_for_the_sheet_that_is_none(start, tmp_path):
    for folder, code in ((tmp_path / "nowhere", "sheet_folder_missing"), (start.data, "sheet_inside_data")):
        with pytest.raises(StartRefused) as refused:
            first.sheet_folder(start, str(folder))
        assert refused.value.code == code


def test_questions_are_asked_again_until_they_are_answered(tmp_path):
    typed = iter(["9", "1", "", "示例診所", "T", "TN", "", "xx", "tw", "06-000-0000", "", "沈經理", "shen", "", "/nowhere", str(tmp_path)])
    secrets = iter(["short", PASSWORD, "something else", PASSWORD, PASSWORD])
    said: list[str] = []
    asked = first.answers_asked(lambda q: next(typed), lambda q: next(secrets), said.append)

    assert (asked.branch_code, asked.branch_name, asked.emergency_phone, asked.email) == ("TN", "示例診所", "119", "")
    assert asked.password == PASSWORD
    assert not [words for words in said if PASSWORD in words]


def test_the_sheet_is_typed_back_before_anything_starts(tmp_path):
    from suyuan.platform.master import master_create, sheet, sheet_parse

    keys = tmp_path / "master.key"
    master = master_create(keys)
    page = first.sheet_save(keys, tmp_path)
    assert page.stat().st_mode & 0o777 == 0o600
    assert sheet_parse(page.with_suffix(".txt").read_text()).key == master.key
    assert "<svg" in page.read_text()

    line = sheet(keys).lines[2]
    typed = iter(["", "3: 0000 0000 0000 0000 0", sheet(keys).lines[1], line.lower()])
    first.sheet_confirm(keys, ask=lambda q: next(typed), say=lambda w: None, below=lambda n: 2)
    assert next(typed, "all were needed") == "all were needed"
