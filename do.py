#!/usr/bin/env python3
"""The one entry point: `python3 do.py demo` and `python3 do.py test` set everything up by themselves.

Standard library only, Python 3.11 or newer. Makes .venv from the lock file and runs the rest inside it.
"""
from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="do.py", description=__doc__.splitlines()[0])
    verbs = parser.add_subparsers(dest="verb", required=True)
    demo = verbs.add_parser("demo", help="start the living demo clinic on SQLite")
    demo.add_argument("--data", default=str(ROOT / "demo-data"), help="folder of the demo (made when missing)")
    demo.add_argument("--port", type=int, default=8000)
    for verb, what in {
        "test": "run every test",
        "bench": "run the benchmarks and print their table",
        "proof": "run the long proofs and print their table",
        "run": "run any suyuan command, e.g. do.py run packs check",
        "lint": "ruff and the walls between layers",
        "look": "screenshots of every page in three languages and two widths",
    }.items():
        verbs.add_parser(verb, help=what, add_help=False)
    known, rest = parser.parse_known_args(argv)
    if sys.version_info < (3, 11):  # noqa: UP036  (older ones deserve a sentence, not a SyntaxError)
        return complain("Suyuan needs Python 3.11 or newer; this is " + sys.version.split()[0])

    if known.verb == "demo":
        environment("run")
        return inside("-m", "suyuan", "demo", "--data", known.data, "--port", str(known.port), *rest)
    if known.verb == "run":
        environment("run")
        return inside("-m", "suyuan", *rest)

    environment("test")
    if known.verb == "lint":
        return lint()
    if known.verb == "bench":
        return inside("-m", "benchmarks", *rest)
    if known.verb == "proof":
        tracer()
        return inside("-m", "benchmarks.proof", *rest)
    if known.verb == "look":
        browser()
        return inside("-m", "tests.look", *rest)
    browser()
    tracer()
    return lint() or tests(rest)


# What has to hold on both databases: services, jobs, search, chain, and what patients send.
# Each service of a case writes there once (tests/cases/test_handling_facts.py); whom it refuses, and in which words, one shows.
BOTH = ["platform", "accounts", "people", "playbooks", "correspondence", "evidence", "cases", "portal"]
# Of the pages those that ask for bytes, for JSON, or for one open row of a kind, which the two answer in ways of their own.
BOTH += [f"desk/test_{name}.py" for name in ("wording_pages", "inbox_files", "erasure_of_what_waits")]
# Where browsers, first starts and kills are waited for more than anything is worked.
WAITING = ["config", "faults", "journeys", "ui"]


def tests(rest: list[str]) -> int:
    """Everything on SQLite, and at the same time what must hold on both databases on PostgreSQL. With arguments: just those."""
    if rest:
        return inside("-m", "pytest", *rest)
    say("Every test on SQLite; services, jobs, search and chain also on PostgreSQL. Browsers and PostgreSQL are told at the end …")
    waiting = [f"tests/{name}" for name in WAITING]
    both = [f"tests/{name}" for name in BOTH]
    elsewhere = [f"--ignore={folder}" for folder in waiting]
    there = ("-m", "database and not browser and (postgres or not sqlite)", *both)
    with (
        _made_once(),
        _beside("Browsers, first starts and kills", *waiting) as browsers,
        _beside("On PostgreSQL", *there, SUYUAN_TEST_DB="postgres") as postgres,
    ):
        # Each worker begins with a half of its own, file by file, and takes from the other's when it is through.
        sqlite = inside("-m", "pytest", "-q", "-n", "2", "--dist", "worksteal", *elsewhere)
    return sqlite or browsers.returncode or postgres.returncode


@contextmanager
def _made_once() -> Iterator[None]:
    """A folder for what all of them copy and one of them makes (tests/once.py)."""
    with tempfile.TemporaryDirectory(prefix="suyuan-run-") as folder:
        os.environ["SUYUAN_TEST_RUN"] = folder
        yield


@contextmanager
def _beside(name: str, *arguments: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    """These tests at the same time as others: waited for, and told at the end."""
    with tempfile.TemporaryFile() as told:
        command = [PYTHON, "-m", "pytest", "-q", *arguments]
        with subprocess.Popen(command, cwd=ROOT, env=ours(**more), stdout=told, stderr=told) as ran:
            yield ran
        told.seek(0)
        say(f"{name}:\n{told.read().decode(errors='replace')}")


def lint() -> int:
    scripts = PYTHON.parent
    return subprocess.call([scripts / "ruff", "check", "."], cwd=ROOT) or subprocess.call(
        [scripts / "lint-imports", "--no-cache"], cwd=ROOT
    )


def environment(kind: str) -> None:
    """Make or refresh .venv so that it holds exactly what the lock file of `kind` names."""
    lock = ROOT / "requirements" / f"{kind}.txt"
    digest = hashlib.sha256(lock.read_bytes()).hexdigest()
    stamp = VENV / f".{kind}"
    test_stamp = VENV / ".test"
    test_digest = hashlib.sha256((ROOT / "requirements/test.txt").read_bytes()).hexdigest()
    fresh = {stamp: digest} if kind == "test" else {stamp: digest, test_stamp: test_digest}
    if PYTHON.exists() and any(s.exists() and s.read_text() == d for s, d in fresh.items()):
        return
    if not PYTHON.exists():
        make_venv()
    say(f"Installing what requirements/{kind}.txt names (once; takes about half a minute) …")
    subprocess.check_call(
        [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes", "-r", lock],
        cwd=ROOT,
    )
    site = next((VENV / "lib").glob("python*/site-packages"), None) or VENV / "Lib/site-packages"
    (site / "suyuan-src.pth").write_text(f"{ROOT / 'src'}\n{ROOT}\n", encoding="utf-8")
    stamp.write_text(digest)


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401  (Debian splits it out of python3)
        import venv
    except ImportError:
        package = f"python3.{sys.version_info.minor}-venv"
        apt_install(package, f"Python's venv module is missing; install it with: apt-get install {package}")
        subprocess.check_call([sys.executable, "-m", "venv", VENV])
        return
    venv.create(VENV, with_pip=True)


def browser() -> None:
    """The journeys need Chromium and a Chinese font; both come from Debian's packages."""
    if os.environ.get("SUYUAN_NO_BROWSER"):
        return say("SUYUAN_NO_BROWSER is set: browser journeys will be reported as NOT RUN.")
    has_font = shutil.which("fc-list") and subprocess.run(
        ["fc-list", ":lang=zh-tw"], capture_output=True, text=True
    ).stdout.strip()
    if shutil.which("chromium") and has_font:
        return None
    apt_install(
        "chromium fonts-noto-cjk fontconfig",
        "Browser journeys need Chromium and a CJK font: apt-get install chromium fonts-noto-cjk fontconfig",
        fatal=bool(os.environ.get("CI")),
    )
    return None


def tracer() -> None:
    """The fault tests watch and disturb system calls with strace, and check time stamps with openssl."""
    missing = [name for name in ("strace", "openssl") if not shutil.which(name)]
    if missing:
        words = " ".join(missing)
        apt_install(words, f"Fault tests need {words}: apt-get install {words}", fatal=bool(os.environ.get("CI")))


def apt_install(packages: str, advice: str, *, fatal: bool = True) -> None:
    if shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0:
        say(f"Installing {packages} with apt-get …")
        env = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.call(["apt-get", "update", "-qq"], env=env, stdout=subprocess.DEVNULL)
        if subprocess.call(["apt-get", "install", "-y", "-qq", *packages.split()], env=env, stdout=subprocess.DEVNULL) == 0:
            return
    say(advice)
    if fatal:
        raise SystemExit(3)


def inside(*arguments: object, **more: str) -> int:
    return subprocess.call([str(PYTHON), *map(str, arguments)], cwd=ROOT, env=ours(**more))


def ours(**more: str) -> dict[str, str]:
    """Bytecode goes into our own folder: where a machine keeps none, each of a thousand processes would compile everything."""
    compiled = {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(VENV / "compiled")}
    return os.environ | {"PYTHONUTF8": "1"} | compiled | more


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def complain(words: str) -> int:
    say(words)
    return 3


if __name__ == "__main__":
    try:
        raise SystemExit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        raise SystemExit(130) from None
