"""Children that die come back; when the supervisor goes, politely or not, nothing stays."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.config.stories import ROOT, children_of, descendants_of, environment, is_alive, wait_for

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the kernel's promise to children is Linux's")

SLEEPER = "import time; time.sleep(600)"
PARENT = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPER!r}])"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
POLITE = """
import signal, sys, time
def leave(*_):
    open({path!r}, "w").write("goodbye"); sys.exit(0)
signal.signal(signal.SIGTERM, leave)
open({path!r} + ".ready", "w").close()
time.sleep(600)
"""
RUN = """
import sys
from suyuan.config import supervisor
supervisor.GRACE = {grace}
commands = dict(enumerate(sys.argv[1:]))
raise SystemExit(supervisor.Supervisor({{str(n): [sys.executable, "-c", code] for n, code in commands.items()}}).run())
"""


@pytest.fixture
def supervise():
    running = []

    def start(*codes: str, grace: float = 10.0) -> subprocess.Popen:
        env = environment(PYTHONPATH=str(ROOT / "src"))
        process = subprocess.Popen(
            [sys.executable, "-c", RUN.format(grace=grace), *codes], env=env, stderr=subprocess.DEVNULL
        )
        running.append(process)
        wait_for(lambda: len(children_of(process.pid)) == len(codes))
        return process

    yield start
    for process in running:
        for pid in [process.pid, *descendants_of(process.pid)]:
            if is_alive(pid):
                os.kill(pid, signal.SIGKILL)
        process.wait()


def test_a_child_that_was_killed_is_started_again(supervise):
    supervisor = supervise(SLEEPER, SLEEPER)
    first, second = children_of(supervisor.pid)
    os.kill(first, signal.SIGKILL)

    wait_for(lambda: first not in children_of(supervisor.pid) and len(children_of(supervisor.pid)) == 2)
    assert second in children_of(supervisor.pid)


def test_a_child_that_cannot_live_is_tried_ever_more_slowly(supervise, tmp_path):
    tries = tmp_path / "tries"
    supervise(f"open({str(tries)!r}, 'a').write('x')", grace=2)
    time.sleep(4)
    assert 2 <= len(tries.read_text()) <= 5


def test_sigterm_lets_the_children_say_goodbye(supervise, tmp_path):
    said = tmp_path / "said"
    supervisor = supervise(POLITE.format(path=str(said)))
    wait_for(lambda: (tmp_path / "said.ready").exists())
    supervisor.send_signal(signal.SIGTERM)

    assert supervisor.wait(10) == 0
    assert said.read_text() == "goodbye"


def test_who_does_not_go_is_killed_with_everything_they_started(supervise):
    supervisor = supervise(STUBBORN, PARENT, grace=1.0)
    wait_for(lambda: len(descendants_of(supervisor.pid)) == 3)
    time.sleep(0.3)
    everyone = descendants_of(supervisor.pid)
    supervisor.send_signal(signal.SIGTERM)

    assert supervisor.wait(10) == 1
    assert not [pid for pid in everyone if is_alive(pid)]


def test_killing_the_supervisor_leaves_no_orphans(supervise):
    supervisor = supervise(SLEEPER, SLEEPER)
    children = children_of(supervisor.pid)
    supervisor.kill()
    supervisor.wait()

    wait_for(lambda: not any(is_alive(pid) for pid in children), 5)


def test_ctrl_c_ends_both(supervise):
    supervisor = supervise(SLEEPER, SLEEPER)
    children = children_of(supervisor.pid)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(15) == 0
    assert not any(is_alive(pid) for pid in children)
