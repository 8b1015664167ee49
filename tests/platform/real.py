"""A database with real commits: a copy of the migrated one, for tests with threads, other processes and kill -9."""
from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager
from copy import deepcopy
from pathlib import Path

from django.conf import settings
from django.db import connections
from django.db.models import Field
from django.test.utils import setup_databases, teardown_databases

from tests.once import once

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def migrated_database() -> Iterator[None]:
    """Point this process at a database of its own with every migration and trigger in it; they run once a run."""
    connection = connections["default"]
    before, own = connection.settings_dict["NAME"], connection.creation._get_test_db_name()
    _copy(_migrated(once(f"migrated-{connection.vendor}", _migrate)), own)
    connection.settings_dict["NAME"] = own
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = before
        if connection.vendor == "postgresql":
            _on_server(f'DROP DATABASE "{own}" WITH (FORCE)')


def _migrate(folder: Path) -> None:
    with _fields_copied():
        made = setup_databases(verbosity=0, interactive=False, aliases={"default"}, serialized_aliases=())
    connections.close_all()
    _copy(connections["default"].settings_dict["NAME"], _migrated(folder))
    teardown_databases(made, verbosity=0)


@contextmanager
def _fields_copied() -> Iterator[None]:
    """Migrations make seven thousand models in passing, and Django takes each of their fields apart to put it together again.

    A copy is the same in less than half the time; tests/config/test_up.py holds the outcome against what a clinic gets.
    """

    def copied(field: Field) -> Field:
        made = deepcopy(field)
        made.creation_counter = Field.creation_counter
        Field.creation_counter += 1
        return made

    taken_apart, Field.clone = Field.clone, copied
    try:
        yield
    finally:
        Field.clone = taken_apart


def _migrated(folder: Path) -> str:
    return str(folder / "migrated.sqlite3") if connections["default"].vendor == "sqlite" else "suyuan_migrated"


def _copy(original: str, copy: str) -> None:
    """On PostgreSQL nobody may be in the original."""
    if connections["default"].vendor == "postgresql":
        _on_server(f'DROP DATABASE IF EXISTS "{copy}"')
        _on_server(f'CREATE DATABASE "{copy}" TEMPLATE "{original}"')
        return
    with closing(sqlite3.connect(original)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


@contextmanager
def copied_database(folder: Path) -> Iterator[None]:
    """Point this process at a fresh copy of the test database; `child` points other processes at it too."""
    connection = connections["default"]
    original = connection.settings_dict["NAME"]
    if "platform_installation" not in connection.introspection.table_names():
        raise RuntimeError("there is no test database to copy: select a test marked django_db too")
    connections.close_all()
    copy = str(folder / "copy.sqlite3") if connection.vendor == "sqlite" else f"copy_{uuid.uuid4().hex[:12]}"
    _copy(original, copy)
    connection.settings_dict["NAME"] = copy
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = original
        if connection.vendor == "postgresql":
            _on_server(f'DROP DATABASE "{copy}" WITH (FORCE)')


_pristine: list[str] = []


def pristine_keep() -> None:
    """Keep a copy of the test database as it is now, before anything that stays is written into it."""
    connection = connections["default"]
    original = str(connection.settings_dict["NAME"])
    connections.close_all()
    copy = f"{original}.pristine" if connection.vendor == "sqlite" else f"{original}_pristine"
    _copy(original, copy)
    _pristine.append(copy)


@contextmanager
def pristine_database() -> Iterator[None]:
    """Work on that copy; where none was needed yet, the test database itself is still pristine."""
    if not _pristine:
        yield
        return
    connection = connections["default"]
    original = connection.settings_dict["NAME"]
    connections.close_all()
    connection.settings_dict["NAME"] = _pristine[0]
    try:
        yield
    finally:
        connections.close_all()
        connection.settings_dict["NAME"] = original


def child(*arguments: str, **popen) -> subprocess.Popen:
    """Another process of ours on the same database, files and keys: tests/platform/child.py with these arguments."""
    database = {k: str(v) if isinstance(v, Path) else v for k, v in connections["default"].settings_dict.items()}
    database.pop("TEST", None)
    told = {
        "DATABASES": {"default": database},
        "FILES_DIR": str(settings.FILES_DIR),
        "KEYS_FILE": str(settings.KEYS_FILE),
    }
    environment = {
        **os.environ,
        "CHILD_SETTINGS": json.dumps(told),
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)]),
    }
    return subprocess.Popen(
        [sys.executable, "-m", "tests.platform.child", *arguments],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        **popen,
    )


def _on_server(statement: str) -> None:
    import psycopg

    told = connections["default"].settings_dict
    where = {"host": told["HOST"], "port": told["PORT"], "user": told["USER"], "password": told["PASSWORD"]}
    with psycopg.connect(
        dbname="postgres", autocommit=True, **{name: value for name, value in where.items() if value}
    ) as server:
        server.execute(statement)
