"""One process that keeps a web server and a worker alive, and leaves nothing behind.

Standard library only. A child that dies is started again, soon at first and then ever later; SIGTERM or Ctrl-C ends both
politely; when this process itself is killed, the kernel tells the children (Linux) and they end by themselves.
"""
from __future__ import annotations

import argparse
import ctypes
import logging
import os
import signal
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

log = logging.getLogger("suyuan.supervisor")

FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0
STEADY_AFTER = 60.0  # a child that lived so long gets the short wait again
GRACE = 25.0
BEAT = 0.2

PR_SET_PDEATHSIG = 1


@dataclass
class Child:
    """One command to keep alive."""

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    start_again_at: float = 0.0
    wait: float = FIRST_WAIT
    deaths: int = field(default=0)


class Supervisor:
    """Starts the children and watches them until told to stop."""

    def __init__(
        self,
        commands: Mapping[str, Sequence[str]],
        *,
        env: Mapping[str, str] | None = None,
        announce: Callable[[], None] = lambda: None,
    ) -> None:
        self.children = [Child(name, list(command)) for name, command in commands.items()]
        self.env = dict(os.environ if env is None else env)
        self.announce = announce
        self._stopping = threading.Event()

    def stop(self, *_: object) -> None:
        self._stopping.set()

    def run(self) -> int:
        """Watch until SIGTERM, SIGINT or `stop()`; then end the children. Returns an exit code."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, self.stop)
            signal.signal(signal.SIGINT, self.stop)
        try:
            while not self._stopping.is_set():
                for child in self.children:
                    self._look_after(child)
                self.announce()
                self._stopping.wait(BEAT)
        finally:
            clean = self._end_all()
        return 0 if clean else 1

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_again_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            return
        _kill_group(child.process.pid)  # what it started must not outlive it
        child.process = None
        child.deaths += 1
        child.wait = FIRST_WAIT if now - child.started_at >= STEADY_AFTER else child.wait
        child.start_again_at = now + child.wait
        log.warning("%s ended (%s); starting it again in %.1f s", child.name, _ending(code), child.wait)
        child.wait = min(child.wait * 2, LONGEST_WAIT)

    def _start(self, child: Child) -> None:
        # Its own session: Ctrl-C reaches us alone, and we end the children in order.
        child.process = subprocess.Popen(
            child.command, env=self.env, start_new_session=True, preexec_fn=_dies_with_us(os.getpid())
        )
        child.started_at = time.monotonic()

    def _end_all(self) -> bool:
        alive = [c for c in self.children if c.process is not None and c.process.poll() is None]
        for child in alive:
            child.process.terminate()
        deadline = time.monotonic() + GRACE
        clean = True
        for child in alive:
            try:
                child.process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("%s did not end within %d s and was killed", child.name, GRACE)
                clean = False
            _kill_group(child.process.pid)
            child.process.wait()
        return clean


def _dies_with_us(parent: int) -> Callable[[], None] | None:
    """Run in the child before its program: ask the kernel for SIGTERM when the parent is gone."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:  # it went in between
            os._exit(1)

    return ask


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _ending(code: int) -> str:
    return f"signal {-code}" if code < 0 else f"code {code}"


# --- what is supervised ----------------------------------------------------------------------------------------------


def web_command(
    *, host: str, port: int, cert: str = "", key: str = "", proxies: Sequence[str] = (), workers: int = 1
) -> list[str]:
    """gunicorn with threads. It listens to forwarded headers of the named proxies only."""
    command = [sys.executable, "-m", "gunicorn", "suyuan.config.wsgi:application"]
    command += ["--bind", f"[{host}]:{port}" if ":" in host else f"{host}:{port}"]
    command += ["--worker-class", "gthread", "--workers", str(workers), "--threads", "8"]
    command += ["--no-control-socket", "--graceful-timeout", "20", "--timeout", "60", "--keep-alive", "5"]
    command += ["--forwarded-allow-ips", ",".join(proxies), "--log-level", "warning"]
    if os.path.isdir("/dev/shm"):
        command += ["--worker-tmp-dir", "/dev/shm"]
    if cert:
        command += ["--certfile", cert, "--keyfile", key]
    return command


def worker_command() -> list[str]:
    return [sys.executable, "-m", "suyuan", "worker"]


def main(argv: Sequence[str] | None = None) -> int:
    """`python -m suyuan.config.supervisor`: what `suyuan up` and `suyuan demo` become once everything is prepared."""
    parser = argparse.ArgumentParser(prog="suyuan supervisor")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--cert", default="")
    parser.add_argument("--key", default="")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--proxies", default="")
    parser.add_argument("--ready", default="", help="what to print once pages are served")
    given = parser.parse_args(argv)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    web = web_command(
        host=given.host,
        port=given.port,
        cert=given.cert,
        key=given.key,
        proxies=[p for p in given.proxies.split(",") if p],
        workers=given.workers,
    )
    return Supervisor({"web": web, "worker": worker_command()}, announce=_Ready(given)).run()


class _Ready:
    """Asks our own health page after each beat until it says yes, prints once, and is silent from then on."""

    def __init__(self, given: argparse.Namespace) -> None:
        scheme = "https" if given.cert else "http"
        host = "127.0.0.1" if given.host in {"0.0.0.0", ""} else "[::1]" if given.host == "::" else given.host
        self.address = f"{scheme}://{host}:{given.port}/healthz"
        self.words = given.ready
        self.told = False

    def __call__(self) -> None:
        if self.told:
            return
        # To ourselves, about ourselves: the certificate names the public host, not this one.
        context = ssl._create_unverified_context() if self.address.startswith("https") else None
        try:
            with urllib.request.urlopen(self.address, timeout=2, context=context) as answer:
                self.told = answer.status == 200
        except (OSError, ValueError):
            return
        if self.told and self.words:
            print(self.words, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
