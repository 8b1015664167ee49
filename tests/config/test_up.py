"""`suyuan up`, from nothing to a page, and what it survives."""
from __future__ import annotations

import datetime
import ipaddress
import os
import signal
import sqlite3
import subprocess
from contextlib import closing

import pytest
from django.db import connection

from tests.config.stories import PASSWORD, children_of, descendants_of, environment, is_alive, wait_for


def rows(clinic, sql: str) -> list[tuple]:
    with closing(sqlite3.connect(f"file:{clinic.data}/suyuan.sqlite3?mode=ro", uri=True)) as database:
        return database.execute(sql).fetchall()


def test_from_nothing_to_ready_and_again(clinic):
    process = clinic.up("--answers", str(clinic.answers))

    status, said = clinic.health()
    assert (status, said["ready"]) == (200, True)
    wait_for(lambda: clinic.health()[1]["worker"] == "ok")
    assert rows(clinic, "SELECT login, must_change_password FROM accounts_user") == [("shen", 0)]
    assert sorted(rows(clinic, "SELECT role FROM accounts_memberrole")) == [("administrator",), ("head_of_clinic",)]
    assert len(list(clinic.sheets.iterdir())) == 2
    assert clinic.keys.stat().st_mode & 0o777 == 0o600
    for path in [clinic.data, *clinic.data.iterdir()]:
        assert path.stat().st_mode & 0o077 == 0, path
    for path in clinic.data.rglob("*"):
        assert not path.is_file() or PASSWORD.encode() not in path.read_bytes(), path

    process.send_signal(signal.SIGTERM)
    assert process.wait(40) == 0
    assert clinic.get("/healthz")[0] == 0

    clinic.up()
    assert len(rows(clinic, "SELECT id FROM accounts_organisation")) == 1
    status, page = clinic.get("/no-such-page")
    assert status == 404 and "這裡沒有東西" in page.decode()
    status, page = clinic.get("/no-such-page", **{"Accept-Language": "zh-TW"})
    assert status == 404 and b"zh-hant" in page.lower()


def test_whoever_is_killed_comes_back_and_nobody_is_left_behind(begun):
    process = begun.up()
    first = children_of(process.pid)
    assert len(first) == 2

    for child in first:
        os.kill(child, signal.SIGKILL)
    wait_for(lambda: len(children_of(process.pid)) == 2 and not set(first) & set(children_of(process.pid)))
    wait_for(lambda: begun.health()[0] == 200)

    everyone = descendants_of(process.pid)
    process.kill()
    process.wait()
    wait_for(lambda: not any(is_alive(pid) for pid in everyone), 30)
    assert begun.get("/healthz")[0] == 0


def test_the_first_start_needs_somebody_there(clinic):
    refused = clinic.run(*clinic.up_words())
    assert refused.returncode == 3
    assert "[first_start_needs_answers]" in refused.stderr
    assert not clinic.data.exists() and not clinic.keys.exists()


def test_an_unsafe_start_leaves_nothing(clinic):
    refused = clinic.run(*clinic.up_words("--answers", str(clinic.answers), "--host", "0.0.0.0"))
    assert refused.returncode == 3
    assert "[open_without_https]" in refused.stderr
    assert not clinic.data.exists() and not clinic.keys.exists()


def test_an_interrupted_first_start_is_taken_up_again(made):
    """Everything was made, but nobody had confirmed the sheet yet."""
    refused = made.run(*made.up_words())
    assert "[first_start_needs_answers]" in refused.stderr

    made.up("--answers", str(made.answers))
    assert len(list(made.sheets.iterdir())) == 2


def test_another_clinic_s_key_opens_nothing(made):
    from suyuan.platform.master import master_create

    made.keys.unlink()
    master_create(made.keys)
    refused = made.run("migrate")
    assert refused.returncode == 3
    assert "[key_wrong_key]" in refused.stderr


def test_a_lost_key_is_not_replaced_but_typed_back_from_its_sheet(made):
    sheet = made.run("keys", "sheet").stdout
    made.keys.unlink()
    assert "[key_missing]" in made.run("migrate").stderr

    restored = made.run("keys", "restore", stdin=None, input=sheet)
    assert restored.returncode == 0, restored.stderr
    assert made.run("migrate").returncode == 0


def test_a_newer_schema_is_refused(made):
    with closing(sqlite3.connect(made.data / "suyuan.sqlite3")) as database:
        database.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('people', '0999_later', '2030-01-01')")
        database.commit()
    for verb in (["migrate"], ["worker"], made.up_words("--answers", str(made.answers))):
        refused = made.run(*verb)
        assert refused.returncode == 3 and "[schema_newer]" in refused.stderr, refused.stderr


def test_web_and_worker_do_not_touch_an_old_schema(made):
    with closing(sqlite3.connect(made.data / "suyuan.sqlite3")) as database:
        database.execute("DELETE FROM django_migrations WHERE app = 'correspondence'")
        database.commit()
    for verb in ("web", "worker"):
        assert "[schema_older]" in made.run(verb).stderr


def test_a_database_without_its_triggers_is_not_served(made):
    with closing(sqlite3.connect(made.data / "suyuan.sqlite3")) as database:
        (name,) = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger' LIMIT 1").fetchone()
        database.execute(f'DROP TRIGGER "{name}"')
        database.commit()
    refused = made.run("worker")
    assert refused.returncode == 3 and "[triggers_missing]" in refused.stderr
    refused = made.run("web", "--port", str(made.port))
    assert refused.returncode != 0 and "triggers_missing" in refused.stderr


def test_the_port_of_another_program_is_named(clinic):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", clinic.port))
        other.listen()
        refused = clinic.run(*clinic.up_words("--answers", str(clinic.answers)))
    assert "[port_taken]" in refused.stderr and str(clinic.port) in refused.stderr
    assert not clinic.data.exists()


def test_on_postgresql(clinic):
    """The same start over the other database: one setting."""
    import uuid
    from urllib.parse import unquote, urlsplit

    import psycopg

    from tests.postgres import server_dsn

    server, name = server_dsn().rpartition("/")[0], f"up_{uuid.uuid4().hex[:12]}"
    parts = urlsplit(server)
    where = {"host": unquote(parts.hostname), "user": parts.username, "port": parts.port, "password": parts.password}
    with psycopg.connect(dbname="postgres", autocommit=True, **{k: v for k, v in where.items() if v}) as admin:
        admin.execute(f'CREATE DATABASE "{name}"')
    clinic.more["SUYUAN_DATABASE"] = f"{server}/{name}"

    clinic.up("--answers", str(clinic.answers))
    wait_for(lambda: clinic.health()[1]["worker"] == "ok")
    assert not (clinic.data / "suyuan.sqlite3").exists()
    assert clinic.run("chain", "verify", "--rows").returncode == 0
    clinic.end()

    clinic.more["SUYUAN_DATABASE"] = f"{server}/nowhere"
    refused = clinic.run("migrate")
    assert refused.returncode == 3 and "[database_unreachable]" in refused.stderr


def test_web_and_worker_apart(begun):
    """As on several machines: one serves, one works."""
    env = environment(SUYUAN_DATA=str(begun.data), SUYUAN_KEYS=str(begun.keys))
    for words in (["web", "--port", str(begun.port)], ["worker"]):
        begun.started.append(subprocess.Popen(begun.command(*words), env=env, cwd=begun.folder))
    wait_for(lambda: begun.health()[0] == 200 and begun.health()[1]["worker"] == "ok")
    begun.end()
    assert [process.returncode for process in begun.started] == [0, 0]


def test_https_by_itself_for_the_clinic_s_network(begun):
    cert, key = _certificate(begun.folder)
    begun.more["SUYUAN_PUBLIC_URL"] = f"https://localhost:{begun.port}"
    begun.scheme = "https"
    begun.up("--cert", cert, "--key", key)
    assert begun.health()[0] == 200


def _certificate(folder):
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509.oid import NameOID

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    cert = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .sign(key, hashes.SHA256())
    )
    (folder / "cert.pem").write_bytes(cert.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "key.pem").write_bytes(private)
    (folder / "key.pem").chmod(0o600)
    return str(folder / "cert.pem"), str(folder / "key.pem")


def test_django_finds_nothing_to_warn_about(made):
    made.more |= {"SUYUAN_PUBLIC_URL": "https://complaints.example.org", "SUYUAN_PROXIES": "127.0.0.1"}
    checked = made.run("manage", "check", "--deploy", "--fail-level", "WARNING")
    assert checked.returncode == 0, checked.stderr


def test_tests_run_on_the_schema_that_a_clinic_gets(made, db):
    """Theirs is made by a shorter way (tests/platform/real.py)."""
    schema = "SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY type, name"
    with connection.cursor() as cursor:
        cursor.execute(schema)
        assert rows(made, schema) == cursor.fetchall()


@pytest.mark.parametrize(
    "words",
    [["version"], ["chain", "verify", "--rows"], ["jobs", "list"], ["jobs", "list", "--json"], ["jobs", "retry"], ["keys", "sheet"]],
)
def test_commands_on_a_clinic(made, words):
    done = made.run(*words)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr


def test_rotation_leaves_everything_readable(made):
    before = made.run("keys", "sheet").stdout
    rotated = made.run("keys", "rotate")
    assert rotated.returncode == 0 and rotated.stdout != before
    assert made.run("chain", "verify").returncode == 0


def test_commands_without_a_clinic_say_how_to_name_one(clinic):
    refused = clinic.run("worker")
    assert refused.returncode == 3 and "--data" in refused.stderr
    assert subprocess.run(clinic.command("nonsense"), capture_output=True, cwd=clinic.folder).returncode == 2
