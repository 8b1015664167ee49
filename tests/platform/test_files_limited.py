"""A parser in a process of its own: whatever a file makes it do ends there, in time and in memory."""
from __future__ import annotations

import subprocess
import time

import pytest

from suyuan.platform.files.limited import Limited, run_limited

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
    alive = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert "suyuan-limited-orphan" not in alive, "what the parser started outlived it"


def test_a_crash_is_told_and_nothing_more():
    assert str(ended("crash")) == "crashed signal 11"
    secret = ended("refuse", b"words of the patient")
    assert (secret.why, secret.detail) == ("raised", "ValueError")


def test_it_cannot_fill_the_disk_or_our_memory(tmp_path):
    assert ended("write", args={"path": str(tmp_path / "x")}).why in ("raised", "crashed")
    assert not (tmp_path / "x").exists() or (tmp_path / "x").stat().st_size == 0
    assert ended("flood", output_bytes=1 << 20).why == "too_much"


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
