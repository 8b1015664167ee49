"""A clinic of any size, made once through the services and kept: benchmarks/.cache.

20,000 complaints come at 50 a day; the house with 1,000 is the same house on its twentieth day, so both hold the same
keys, people and packs and one process can look at them in turn. Every second complaint has ended. Nothing here writes a
row itself, but fifty complaints share one commit, and until the house stands commits do not wait for the disk.
"""
from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("SUYUAN_BENCH_CACHE") or ROOT / "benchmarks" / ".cache")
BUILDER = b"1"  # another number makes every house anew
BEGAN = datetime(2025, 1, 6, 2, 0, tzinfo=UTC)
BETWEEN = timedelta(days=1) / 50
AT_ONCE = 50
LONG_CASE_FACTS = 300
TAKERS = ("ye", "ye", "ye", "jiang", "ye", "ye", "jiang", "ye", "ye", "ye")


def moment(cases: int) -> datetime:
    """Now, in the house with that many complaints."""
    return BEGAN + BETWEEN * cases + timedelta(minutes=10)


def prepare() -> None:
    """The product on the cache's folder, with its own settings, for one process at a time. Django stands after this."""
    _alone()
    fit = _fingerprint()
    if (CACHE / "made-by").exists() and (CACHE / "made-by").read_text() != fit:
        say("The schema or the builder has changed: making the houses anew.")
        shutil.rmtree(CACHE)
    CACHE.mkdir(parents=True, exist_ok=True)
    (CACHE / "made-by").write_text(fit)
    for name in ("DATABASE", "PUBLIC_URL", "PROXIES", "SMTP", "MAIL_FROM", "STATIC"):
        os.environ.pop(f"SUYUAN_{name}", None)
    data = CACHE / "data"
    os.environ |= {
        "SUYUAN_DATA": str(data),
        "SUYUAN_KEYS": str(data / "demo-master.key"),
        "SUYUAN_DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "suyuan.config.settings",
    }
    from suyuan.config import up

    start = up.Start(data=data, keys=data / "demo-master.key", kind="demo")
    up.data_make(start)
    up.key_make(start)
    up.prepare(start, now=BEGAN, say=lambda words: None)

    from django.conf import settings

    settings.ACCESS_WRITER = False  # rows are written between the rounds, and counted there
    settings.CACHES["default"] |= {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def _alone() -> None:
    """Whoever comes second waits until the first has gone: houses are built and spoilt in one folder."""
    if _open:
        return
    held = open(CACHE.parent / f"{CACHE.name}.lock", "w")  # noqa: SIM115  (open as long as the process)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("Another benchmark is at work; waiting for it.")
        fcntl.flock(held, fcntl.LOCK_EX)
    _open.append(held)


_open: list = []


def _fingerprint() -> str:
    digest = hashlib.sha256(BUILDER)
    files = sorted((ROOT / "src/suyuan").glob("*/migrations/*.py"))
    files += [ROOT / "benchmarks/words.py", ROOT / "src/suyuan/kernel/fold.py"]
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


# --- going from one house to another -------------------------------------------------------------------------------


def path_of(name: str) -> Path:
    return CACHE / f"{name}.sqlite3"


def move_into(path: Path) -> None:
    """From here on this process works on that database."""
    from django.db import connection

    connection.close()
    connection.settings_dict["NAME"] = str(path)


@contextmanager
def copy_of(name: str) -> Iterator[Path]:
    """A copy to be spoilt."""
    from django.db import connection

    scratch = CACHE / "scratch.sqlite3"
    _copy(path_of(name), scratch)
    move_into(scratch)
    try:
        yield scratch
    finally:
        connection.close()
        for file in CACHE.glob("scratch.sqlite3*"):
            file.unlink()


def _copy(source: Path, target: Path) -> None:
    for file in target.parent.glob(f"{target.name}*"):
        file.unlink()
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)


# --- making them ---------------------------------------------------------------------------------------------------


def make(sizes: list[int]) -> None:
    """Every house that is missing: `<n>` with its alarms given, and `<n>-due` as it stood before."""
    if all(path_of(f"{n}").exists() and path_of(f"{n}-due").exists() for n in sizes):
        return
    growing = CACHE / "growing.sqlite3"
    from django.conf import settings
    from django.db import connection

    if not growing.exists():
        connection.close()
        _copy(Path(settings.DATA_DIR) / "suyuan.sqlite3", growing)
    for size in sorted(sizes):
        if path_of(f"{size}").exists() and path_of(f"{size}-due").exists():
            continue
        move_into(growing)
        with _hurried():
            _people()
            _grow(size)
            _settle()
        _copy(growing, path_of(f"{size}-due"))
        half_made = CACHE / "half-made.sqlite3"
        _copy(growing, half_made)
        move_into(half_made)
        with _hurried():
            _sweep(moment(size))
            _long_case(size)
            _settle()
        connection.close()
        half_made.rename(path_of(f"{size}"))


@contextmanager
def _hurried() -> Iterator[None]:
    from suyuan.config.demo.script import _hurried as hurried

    with hurried():
        yield


def _settle() -> None:
    """Everything in the main file and the index in one piece, as the worker leaves it over night."""
    from django.db import connection

    from suyuan.platform.search import merge_step

    while merge_step(500):
        pass
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _people() -> None:
    from suyuan.accounts.models import User
    from suyuan.config.demo.script import _house
    from suyuan.platform import clock

    if not User.objects.exists():
        with clock.frozen(BEGAN):
            _house(BEGAN, "http://localhost:8000")


def _grow(size: int) -> None:
    from suyuan.accounts.models import Branch, User
    from suyuan.cases.models import Case
    from suyuan.platform import clock

    users = {user.login: user for user in User.objects.all()}
    branches = {branch.code: branch for branch in Branch.objects.all()}
    begun, there = time.monotonic(), Case.objects.count()
    first = there
    while there < size:
        with clock.frozen(BEGAN + BETWEEN * there):
            _fifty(range(there, min(there + AT_ONCE, size)), users, branches)
        there += AT_ONCE
        if there % 1000 == 0:
            rate = (there - first) / (time.monotonic() - begun)
            say(f"  {there:,} complaints, {rate:.0f}/s")


def _fifty(numbers: range, users: dict, branches: dict) -> None:
    from suyuan.cases.services import ending
    from suyuan.cases.services.intake import case_register
    from suyuan.kernel.actor import Actor
    from suyuan.platform.units import unit

    actors = {login: Actor("user", str(user.uid), user.pk) for login, user in users.items()}
    made = []
    with unit():
        for n in numbers:
            code = "TN" if n % 10 < 6 else ("TP" if n % 10 < 9 else "SH")
            taker = {"TN": "zhou" if n % 100 == 3 else TAKERS[n // 10 % 10], "TP": "chen", "SH": "lu"}[code]
            registered = case_register(
                branch=branches[code],
                channel="telephone",
                intake=intake_of(n, complained=(users["zhou"].pk,) if n % 200 == 11 else ()),
                language=branches[code].language,
                owner=users[MANAGERS[code]] if n % 3 else None,
                registered_by=users[taker],
                actor=actors[taker],
                now=BEGAN + BETWEEN * n,
            )
            made.append((n, registered.case, actors[MANAGERS[code]]))
    with unit():
        for n, case, manager in made:
            if n % 2:
                case.refresh_from_db()
                ending.case_withdraw(
                    case=case, reason="已當面說明，對方表示不再申訴。", actor=manager, now=BEGAN + BETWEEN * (numbers[-1] + 1)
                )


MANAGERS = {"TN": "shen", "TP": "chen", "SH": "lu"}


def intake_of(n: int, *, issues: int = 1, complained: tuple[int, ...] = ()):
    """The n-th complaint as the telephone page hands it on."""
    from benchmarks.words import SUBJECTS, told
    from suyuan.cases.services.intake import Intake, IssueGiven, PersonGiven
    from suyuan.people.rules import Contact, Treatment

    said = told(n)
    return Intake(
        narrative=said.narrative,
        complainant=PersonGiven(
            family_name=said.family, given_name=said.given, contacts=(Contact("phone", said.phone, preferred=True),)
        ),
        issues=tuple(
            IssueGiven(
                subject=said.subject if place == 0 else SUBJECTS[place],
                causes=("service",),
                treatment=Treatment(words=said.treatment, precision="unknown") if place == 0 else None,
            )
            for place in range(issues)
        ),
        complained_user_ids=complained,
    )


def _sweep(now: datetime) -> None:
    from suyuan.cases.services.clocks import clocks_sweep, promises_sweep, tasks_sweep
    from suyuan.platform import clock

    with clock.frozen(now):
        clocks_sweep(now)
        promises_sweep(now)
        tasks_sweep(now)


def long_case():
    """The case with many facts: the second open one of Tainan."""
    from suyuan.cases.models import Case

    return Case.objects.filter(branch__code="TN", is_open=True).order_by("id")[1]


def short_case():
    from suyuan.cases.models import Case

    return Case.objects.filter(branch__code="TN", is_open=True).order_by("id")[3]


def _long_case(size: int) -> None:
    from suyuan.accounts.models import User
    from suyuan.cases.services.handling import contact_log
    from suyuan.kernel.actor import Actor
    from suyuan.platform.models import FactRow
    from suyuan.platform.units import unit

    case, user = long_case(), User.objects.get(login="shen")
    actor = Actor("user", str(user.uid), user.pk)
    now = moment(size) - timedelta(hours=8)
    with unit():
        for n in range(LONG_CASE_FACTS - FactRow.objects.filter(stream=case.stream).count()):
            contact_log(
                case=case,
                kind="call",
                channel="telephone",
                direction="out",
                happened_at=now + timedelta(minutes=n),
                points=f"第 {n} 次通話：說明目前查到哪裡，約定下一次聯絡的時間。",
                minutes=5,
                actor=actor,
                now=now + timedelta(minutes=n),
            )


def say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)
