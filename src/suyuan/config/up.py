"""Starting up: what is unsafe is refused with a sentence, what is missing is made, in one order.

keys → schema → triggers → packs → words → pictures → the first member, at the first start only.
"""
from __future__ import annotations

import hashlib
import ipaddress
import json
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from suyuan.config.safety import LOOPBACK

MARKER = "suyuan.json"
DEMO, REAL = "demo", "real"
_HARMLESS = {"lost+found", MARKER}

Say = Callable[[str], None]


class StartRefused(Exception):
    """We do not start like this. `code` is stable; the words come in Chinese and English, before any catalogue is read."""

    def __init__(self, code: str, zh: str, en: str) -> None:
        super().__init__(code)
        self.code = code
        self.zh = zh
        self.en = en

    def __str__(self) -> str:
        return f"{self.zh}\n{self.en}\n[{self.code}]"


@dataclass(frozen=True)
class Start:
    """Everything that decides whether a start is safe."""

    data: Path
    keys: Path
    kind: str = REAL
    host: str = "127.0.0.1"
    public_url: str = ""
    proxies: tuple[str, ...] = ()
    cert: str = ""
    cert_key: str = ""
    smtp: str = ""
    mail_from: str = ""


# --- what is unsafe ------------------------------------------------------------------------------------------------


def unsafe(start: Start) -> Iterator[StartRefused]:
    """Every reason not to start, the worst first."""
    yield from _unsafe_folder(start)
    if start.kind == REAL:
        yield from _unsafe_keys(start)
    yield from _unsafe_address(start)
    yield from _unsafe_mail(start)


def refuse_unsafe(start: Start) -> None:
    for reason in unsafe(start):
        raise reason
    refuse_bad_store()


def refuse_bad_store() -> None:
    """A setting that names a bucket nobody here can reach would lose the first file."""
    from suyuan.platform.storing import setting_fault

    where = os.environ.get("SUYUAN_FILES", "").strip()
    if where and (wrong := setting_fault(where)):
        raise StartRefused("files_setting", f"SUYUAN_FILES 不能用：{wrong}", f"SUYUAN_FILES cannot be used: {wrong}")


def _unsafe_folder(start: Start) -> Iterator[StartRefused]:
    if not start.data.exists():
        return
    if not start.data.is_dir():
        yield StartRefused("data_not_a_folder", f"{start.data} 不是資料夾。", f"{start.data} is not a folder.")
        return
    was = marker_read(start.data).get("kind")
    if was is None and any(p.name not in _HARMLESS for p in start.data.iterdir()):
        yield StartRefused(
            "foreign_folder",
            f"{start.data} 裡有別的東西，不是溯源的資料夾。請用 --data 指定新的或空的資料夾。",
            f"{start.data} holds something that is not Suyuan's. Name a new or empty folder with --data.",
        )
    if was == DEMO and start.kind == REAL:
        yield StartRefused(
            "demo_folder",
            f"{start.data} 是示範用的資料夾，不能拿來正式使用。請用 --data 指定另一個。",
            f"{start.data} belongs to the demo and cannot be used for real work. Name another with --data.",
        )
    if was == REAL and start.kind == DEMO:
        yield StartRefused(
            "real_folder",
            f"{start.data} 裡是診所的真實資料，示範不會碰它。請用 --data 指定另一個。",
            f"{start.data} holds a clinic's real data; the demo does not touch it. Name another with --data.",
        )
    if start.kind == REAL and _open_to_others(start.data):
        yield StartRefused(
            "data_open_to_others",
            f"別的使用者可以進入 {start.data}。請執行：chmod 700 {start.data}",
            f"Other users of this machine may enter {start.data}. Run: chmod 700 {start.data}",
        )


def _unsafe_keys(start: Start) -> Iterator[StartRefused]:
    if start.keys.is_relative_to(start.data):
        yield StartRefused(
            "keys_inside_data",
            "主金鑰不能放在資料夾裡面：備份了資料就等於備份了鑰匙。請用 --keys 指定資料夾以外的位置。",
            "The master key must not lie inside the data folder: whoever copies the data would have the key."
            " Name a place outside with --keys.",
        )
    if start.keys.exists() and _open_to_others(start.keys):
        yield StartRefused(
            "keys_open_to_others",
            f"別的使用者可以讀取主金鑰。請執行：chmod 600 {start.keys}",
            f"Other users of this machine may read the master key. Run: chmod 600 {start.keys}",
        )


def _unsafe_address(start: Start) -> Iterator[StartRefused]:
    url = urlsplit(start.public_url)
    https = url.scheme == "https" and bool(url.hostname)
    if start.public_url and (not url.hostname or url.path.strip("/") or url.query or url.fragment):
        yield StartRefused(
            "public_url_malformed",
            "SUYUAN_PUBLIC_URL 只寫網址的開頭，例如 https://complaints.example.org",
            "SUYUAN_PUBLIC_URL is the beginning of an address only, such as https://complaints.example.org",
        )
    elif start.public_url and not https and not _is_loopback(url.hostname or ""):
        yield StartRefused(
            "public_url_not_https",
            "SUYUAN_PUBLIC_URL 必須以 https:// 開頭；沒有加密的連線只能在這台電腦上使用。",
            "SUYUAN_PUBLIC_URL must begin with https://; without encryption only this computer is served.",
        )
    if bool(start.cert) != bool(start.cert_key):
        yield StartRefused(
            "certificate_incomplete", "--cert 和 --key 要一起給。", "--cert and --key are given together or not at all."
        )
    for path in filter(None, (start.cert, start.cert_key)):
        if not os.access(path, os.R_OK):
            yield StartRefused("certificate_missing", f"讀不到 {path}。", f"{path} cannot be read.")
    if start.cert_key and os.path.exists(start.cert_key) and _world_readable(Path(start.cert_key)):
        yield StartRefused(
            "certificate_key_open",
            f"所有使用者都可以讀取 {start.cert_key}。請執行：chmod 600 {start.cert_key}",
            f"Everyone on this machine may read {start.cert_key}. Run: chmod 600 {start.cert_key}",
        )
    if start.cert and not https:
        yield StartRefused(
            "certificate_without_address",
            "有憑證時，請把 SUYUAN_PUBLIC_URL 設成人們要輸入的 https:// 網址。",
            "With a certificate, set SUYUAN_PUBLIC_URL to the https:// address that people type.",
        )
    for proxy in start.proxies:
        try:
            ipaddress.ip_network(proxy, strict=False)
        except ValueError:
            yield StartRefused(
                "proxy_malformed",
                f"SUYUAN_PROXIES 裡的 {proxy} 不是 IP 位址。",
                f"{proxy} in SUYUAN_PROXIES is not an IP address.",
            )
    if https and not start.cert and not start.proxies:
        yield StartRefused(
            "https_without_certificate",
            "網址是 https://，但這裡沒有憑證，也沒有在 SUYUAN_PROXIES 裡寫出前面那台伺服器的 IP 位址（同一台就是 127.0.0.1）。",
            "The address is https://, but there is no certificate here and SUYUAN_PROXIES names no server in front"
            " (127.0.0.1 when it is on this machine).",
        )
    if not _is_loopback(start.host) and not https:
        yield StartRefused(
            "open_without_https",
            f"在 {start.host} 上開放給別的電腦使用，需要 HTTPS：請給 --cert 和 --key，並設定 SUYUAN_PUBLIC_URL。",
            f"Serving other machines on {start.host} needs HTTPS: give --cert and --key, and set SUYUAN_PUBLIC_URL.",
        )


def _unsafe_mail(start: Start) -> Iterator[StartRefused]:
    if not start.smtp:
        return
    from suyuan.correspondence.mail import Server

    try:
        Server.from_url(start.smtp)
    except ValueError:
        yield StartRefused(
            "smtp_malformed",
            "SUYUAN_SMTP 的寫法是 smtp://帳號:密碼@主機:埠 或 smtps://…",
            "SUYUAN_SMTP is written smtp://user:password@host:port or smtps://…",
        )
    if "@" not in start.mail_from:
        yield StartRefused(
            "mail_from_missing",
            "有郵件主機時，請用 SUYUAN_MAIL_FROM 指定寄件地址。",
            "With a mail server, name the sender's address in SUYUAN_MAIL_FROM.",
        )


def refuse_debug() -> None:
    """After the settings are read: nobody serves patients with a debugger's pages."""
    from django.conf import settings

    if settings.DEBUG:
        raise StartRefused(
            "debug", "設定裡的 DEBUG 是開的，錯誤頁會洩漏內容。", "DEBUG is on in the settings; its error pages tell everything."
        )


def _open_to_others(path: Path) -> bool:
    return os.name == "posix" and bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def _world_readable(path: Path) -> bool:
    return os.name == "posix" and bool(path.stat().st_mode & 0o004)


def _is_loopback(host: str) -> bool:
    if host in LOOPBACK or host == "::1":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


# --- the folder ------------------------------------------------------------------------------------------------------


def marker_read(data: Path) -> dict[str, object]:
    """What stands on the data folder's door: whether it is a demo, and where its key was put."""
    try:
        return json.loads((data / MARKER).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except ValueError:
        raise StartRefused(
            "marker_unreadable", f"{data / MARKER} 讀不懂了。", f"{data / MARKER} cannot be understood."
        ) from None


def marker_write(data: Path, **changes: object) -> None:
    held = marker_read(data) | changes
    fresh = data / f"{MARKER}.new"
    with open(fresh, "w", encoding="utf-8") as file:
        json.dump(held, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    os.replace(fresh, data / MARKER)


def data_make(start: Start) -> None:
    """The folder, for us alone, with its kind on the door."""
    start.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not marker_read(start.data):
        os.chmod(start.data, 0o700)
        marker_write(start.data, kind=start.kind)
    if start.kind == REAL:
        marker_write(start.data, keys=str(start.keys))


# --- what is missing is made -------------------------------------------------------------------------------------------


def key_make(start: Start) -> bool:
    """Make the master key if there is none. A data folder that was in use never gets a new one: it would not fit."""
    from suyuan.platform.master import KeyProblem, master_create, master_load

    if start.keys.exists():
        try:
            master_load(start.keys)
        except KeyProblem as problem:
            raise key_refused(problem) from None
        return False
    if marker_read(start.data).get("has_keys"):
        raise StartRefused(
            "key_missing",
            f"找不到主金鑰 {start.keys}。沒有它，資料打不開。可以用主金鑰備份單還原：suyuan keys restore",
            f"The master key {start.keys} is missing, and the data cannot be opened without it."
            " The key sheet brings it back: suyuan keys restore",
        )
    master_create(start.keys)
    return True


def words_make(data: Path) -> None:
    from suyuan.config.locales import compile_catalogues

    compile_catalogues(beside=data / "words")


def schema_make(now: datetime) -> None:
    """Bring the database to this program's schema; refuse a newer one."""
    from django.core.management import call_command

    from suyuan.platform.keys import ring_make
    from suyuan.platform.master import KeyProblem

    refuse_silent_database()
    refuse_newer_schema()
    call_command("migrate", interactive=False, verbosity=0)
    call_command("createcachetable", verbosity=0)
    try:
        ring_make(now)
    except KeyProblem as problem:
        raise key_refused(problem) from None
    refuse_missing_triggers()


def refuse_silent_database() -> None:
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise StartRefused(
            "database_unreachable", f"連不上資料庫：{error}", f"The database cannot be reached: {error}"
        ) from None


def refuse_missing_triggers() -> None:
    from suyuan.platform import triggers

    gaps = triggers.missing()
    if gaps:
        named = ", ".join(gaps[:3])
        raise StartRefused(
            "triggers_missing",
            f"資料庫少了保護紀錄的觸發器（{named}）。請執行 suyuan migrate 補上，並查明是誰拿掉的。",
            f"The database lacks triggers that guard its records ({named}). Run suyuan migrate, and find out who removed them.",
        )


def refuse_wrong_key() -> None:
    from suyuan.platform.keys import ring
    from suyuan.platform.master import KeyProblem

    try:
        ring()
    except KeyProblem as problem:
        raise key_refused(problem) from None


def key_refused(problem: Any) -> StartRefused:
    return StartRefused(
        f"key_{problem.why}", f"主金鑰不能用：{problem.args[0]}", f"The master key is unusable: {problem.args[0]}"
    )


def refuse_newer_schema() -> None:
    from django.apps import apps
    from django.db import connection
    from django.db.migrations.loader import MigrationLoader

    loader = MigrationLoader(connection, ignore_no_migrations=True)
    ours = {config.label for config in apps.get_app_configs()}
    unknown = sorted(name for name in loader.applied_migrations if name[0] in ours and name not in loader.disk_migrations)
    if unknown:
        named = ", ".join(".".join(name) for name in unknown[:3])
        raise StartRefused(
            "schema_newer",
            f"這個資料庫已由較新的版本使用過（{named}）。請改用那個版本或更新的版本。",
            f"This database has been used by a newer version ({named}). Start that version or a newer one.",
        )


def schema_is_current() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def refuse_old_schema() -> None:
    """For `web` and `worker`, which never change the schema themselves."""
    refuse_silent_database()
    refuse_newer_schema()
    if not schema_is_current():
        raise StartRefused(
            "schema_older", "資料庫還沒有升級。請先執行：suyuan migrate", "The database is not migrated yet. Run: suyuan migrate"
        )


def packs_put(data: Path, now: datetime) -> None:
    """Load the packs that came with this program, once: what the clinic has loaded since is not pushed out at a restart."""
    from django.conf import settings

    from suyuan.kernel.actor import SYSTEM
    from suyuan.playbooks.errors import PackRefused
    from suyuan.playbooks.selectors import packs_active
    from suyuan.playbooks.services import packs_load

    shipped = _packs_shipped(settings.PACKS_DIR)
    if marker_read(data).get("packs") == shipped and packs_active():
        return
    try:
        packs_load(folder=settings.PACKS_DIR, actor=SYSTEM, now=now)
    except PackRefused as refused:
        problems = "\n".join(f"  {problem}" for problem in refused.data["problems"])
        raise StartRefused(
            "packs_refused", f"規則包有錯，沒有載入：\n{problems}", "The packs have mistakes and were not loaded."
        ) from None
    marker_write(data, packs=shipped)


def _packs_shipped(folder: Path) -> str:
    """Changes when a shipped pack changes, or the program that reads them."""
    from suyuan.playbooks import loader

    seen = hashlib.sha256()
    code = Path(loader.__file__).parent
    for path in (*sorted(folder.rglob("*.yaml")), *sorted(code.glob("*.py"))):
        seen.update(hashlib.sha256(path.read_bytes()).digest())
    return seen.hexdigest()


def pictures_make() -> None:
    """Collect static files, when any of them changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    seen = hashlib.sha256()
    for finder in get_finders():
        for path, storage in finder.list([]):
            status = os.stat(storage.path(path))
            seen.update(f"{path} {status.st_size} {status.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".stamp"
    if stamp.exists() and stamp.read_text() == seen.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    stamp.write_text(seen.hexdigest())


def prepare(start: Start, *, now: datetime, say: Say) -> None:
    """Everything between "safe" and "serving", in order. Django stands after this."""
    import django

    words_make(start.data)
    django.setup()
    refuse_debug()
    say("資料庫 Database …")
    schema_make(now)
    marker_write(start.data, has_keys=True)
    say("規則包 Packs …")
    packs_put(start.data, now)
    pictures_make()
