"""A parser in a process of its own: whatever a file makes it do ends there, in time and in memory."""
from __future__ import annotations

import socket
import struct
import subprocess
import time

import pytest

from suyuan.platform.confined import walls
from suyuan.platform.files.limited import Limited, run_limited, walls_standing

HERE = "tests.platform.hostile:"


def ended(function: str, source=b"", **limits) -> Limited:
    with pytest.raises(Limited) as ending:
        run_limited(HERE + function, source, **limits)
    return ending.value


def test_what_goes_in_comes_back_whole():
    pieces = [b"\x00\xff\n" * 30_000, b"end"]
    result = run_limited(HERE + "back", iter(pieces), args={"times": 2})
    assert result.told == {"size": 90_003}
    assert result.blobs == (b"".join(pieces) * 2, b"second")


def test_too_much_memory_ends_it():
    assert ended("bomb", memory_bytes=128 << 20).why == "memory"


def test_an_endless_loop_ends_in_time_by_the_processor_or_by_the_clock():
    begun = time.monotonic()
    assert ended("loop", seconds=1).why == "time"
    assert ended("sleep", seconds=0.5).why == "time"
    assert time.monotonic() - begun < 8


def test_a_crash_is_told_and_nothing_more():
    assert str(ended("crash")) == "crashed signal 11"
    secret = ended("refuse", b"words of the patient")
    assert (secret.why, secret.detail) == ("raised", "ValueError")


def test_it_cannot_fill_the_disk_or_our_memory(tmp_path):
    assert ended("write", args={"path": str(tmp_path / "x")}).why in ("raised", "crashed")
    assert not (tmp_path / "x").exists() or (tmp_path / "x").stat().st_size == 0
    assert ended("flood", output_bytes=1 << 20).why == "too_much"


def test_a_hostile_program_reaches_no_network_no_process_and_nothing_on_disk(tmp_path):
    (tmp_path / "here").write_bytes(b"ours")
    with subprocess.Popen(["sleep", "60"]) as ours, socket.create_server(("127.0.0.1", 0)) as door:
        asked = {"folder": str(tmp_path), "pid": ours.pid, "port": door.getsockname()[1]}
        found = run_limited(HERE + "attempt", args=asked).told
        assert ours.poll() is None
        ours.terminate()
    assert found.pop("many_open") == "EMFILE"
    kept_from = "EACCES" if walls.reading_bounded() else "done"
    assert [found.pop(name) for name in ("read", "read_etc", "list")] == [kept_from] * 3
    assert {name: how for name, how in found.items() if how != "EPERM"} == {}
    assert [path.name for path in tmp_path.iterdir()] == ["here"] and (tmp_path / "here").read_bytes() == b"ours"


def test_a_folder_with_the_keys_is_not_read_because_modules_might_come_from_it(tmp_path, settings, monkeypatch):
    settings.KEYS_FILE = tmp_path / "keys" / "master.key"
    settings.KEYS_FILE.parent.mkdir()
    settings.KEYS_FILE.write_bytes(b"secret")
    monkeypatch.syspath_prepend(str(tmp_path))
    kept_from = "EACCES" if walls.reading_bounded() else "done"
    assert run_limited(HERE + "read", args={"path": str(settings.KEYS_FILE)}).told == kept_from


def test_which_walls_stand_is_asked_from_inside():
    assert walls_standing() == (True, walls.reading_bounded())


def test_an_honest_parser_has_its_threads_and_may_read():
    assert run_limited(HERE + "threads").told == {"threads": 4, "read": True, "late": "colorsys"}


@pytest.mark.parametrize("machine", list(walls.MACHINES))
def test_the_filter_is_whole_and_every_way_through_it_ends(machine):
    """Walked as the kernel walks it: every jump stays inside, and each refused call is refused by its own number."""
    code = walls.program(machine)
    steps = [struct.unpack_from("HBBI", code, at) for at in range(0, len(code), 8)]
    here, name = walls.MACHINES[machine]

    def answer(number: int, *arguments: int, arch: int = name) -> int:
        held, at = 0, 0
        words = {walls.NUMBER: number, walls.ARCHITECTURE: arch}
        words |= {walls.ARGUMENT + 8 * place: value for place, value in enumerate(arguments)}
        while True:
            kind, yes, no, value = steps[at]
            at += 1
            if kind == walls.LOAD:
                held = words.get(value, 0)
            elif kind == walls.RETURN:
                return value
            else:
                holds = {walls.EQUAL: held == value, walls.AT_LEAST: held >= value, walls.ANY_BIT: bool(held & value)}[kind]
                at += yes if holds else no

    refused = [both[here] for both in walls.CALLS.values() if both[here] is not None]
    assert {answer(number) for number in refused} == {walls.REFUSE} and len(set(refused)) == len(refused) > 45
    assert {answer(both[here]) for both in walls.OLDER.values()} == {walls.MISSING}
    clone, openat = walls.CLONE[here], walls.OPENS["openat"][0][here]
    assert (answer(clone, 17), answer(clone, walls.THREAD | 0x100)) == (walls.REFUSE, walls.ALLOW)
    assert [answer(openat, 0, 0, flags) for flags in (0, 1, 2, 0o100, 0o1000, 0o2000000)] == [
        walls.ALLOW, walls.REFUSE, walls.REFUSE, walls.REFUSE, walls.REFUSE, walls.ALLOW
    ]  # fmt: skip
    assert (answer(walls.LIMITS[here], 0), answer(walls.LIMITS[here], 4711)) == (walls.ALLOW, walls.REFUSE), "its own limits only"
    assert answer(0 if here == 0 else 63) == walls.ALLOW, "reading"
    assert answer(refused[0], arch=0x40000003) == walls.KILL, "another machine's numbers"
    if here == 0:
        assert answer(0x40000000 | 41) == walls.REFUSE


def test_it_knows_no_secrets(monkeypatch):
    monkeypatch.setenv("SUYUAN_SMTP", "smtp://user:password@localhost")
    names, has_django = run_limited(HERE + "secrets").told
    assert [name for name in names if name.startswith(("SUYUAN", "DJANGO"))] == [] and has_django is False


def test_an_error_of_the_sender_is_the_senders_own():
    def broken():
        yield b"x" * 100_000
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        run_limited(HERE + "back", broken())
