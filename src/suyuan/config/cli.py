"""The `suyuan` command. It sets the environment, then lets Django in; each verb is one function."""
from __future__ import annotations

import argparse
import atexit
import getpass
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID

from suyuan.config import up
from suyuan.config.up import DEMO, REAL, Start, StartRefused

PACKAGE = Path(__file__).resolve().parent.parent
GUARD_SURFACES = (
    "public_reply", "private_message", "care_meeting", "statement", "advertisement", "settlement", "review_invitation"
)  # fmt: skip
GUARD_REPLIES = ("negative_review", "positive_review", "question", "extortion")
Verb = Callable[[argparse.Namespace], int]
BRING_AGAIN = 75  # what mail servers take for "later", sysexits' EX_TEMPFAIL


def main(argv: Sequence[str] | None = None) -> int:
    arguments = list(sys.argv[1:] if argv is None else argv)
    if arguments[:1] == ["manage"]:
        return manage(arguments[1:])
    given = parser().parse_args(arguments)
    try:
        return given.verb(given)
    except StartRefused as refused:
        return _complain(str(refused))
    except BrokenPipeError:  # `suyuan … | head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="suyuan", description="Suyuan 溯源: complaint handling for aesthetic-medicine clinics.")
    verbs = top.add_subparsers(required=True, metavar="COMMAND")

    def verb(words: str, run: Verb, what: str, *, house: bool = True, within: Any = None) -> argparse.ArgumentParser:
        made = (within or verbs).add_parser(words, help=what, description=what)
        made.set_defaults(verb=run)
        if house:
            made.add_argument("--data", type=Path, help="folder of everything that changes")
            made.add_argument("--keys", type=Path, help="master key file, outside the data folder")
        return made

    def family(words: str, what: str) -> Any:
        made = verbs.add_parser(words, help=what, description=what)
        return made.add_subparsers(required=True, metavar="COMMAND")

    made = verb("demo", demo, "start the living demo clinic", house=False)
    made.add_argument("--data", type=Path, default=Path("demo-data"), help="folder of the demo (made when missing)")
    made.add_argument("--port", type=int, default=8000)

    made = verb("up", start_up, "start for real use; the first start asks what it needs")
    made.add_argument("--host", default="127.0.0.1", help="address to serve on; other machines need HTTPS")
    made.add_argument("--port", type=int, default=8000)
    made.add_argument("--answers", type=Path, help="answers of the first start, a TOML file")
    made.add_argument("--cert", default="", help="certificate file, to serve HTTPS itself")
    made.add_argument("--key", default="", help="the certificate's private key")
    made.add_argument("--workers", type=int, default=1, help="web processes of eight threads")

    made = verb("web", web, "serve pages only (on one of several machines)")
    made.add_argument("--host", default="127.0.0.1")
    made.add_argument("--port", type=int, default=8000)
    made.add_argument("--cert", default="")
    made.add_argument("--key", default="")
    made.add_argument("--workers", type=int, default=1)
    verb("worker", worker, "run background work only")
    verb("migrate", migrate, "bring the database to this version")

    packs = family("packs", "procedures, law, wording and calendars")
    made = verb("check", packs_check, "explain every mistake in a folder of packs", house=False, within=packs)
    made.add_argument("folder", nargs="?", type=Path)
    made = verb("load", packs_load, "put a folder of packs in force", within=packs)
    made.add_argument("folder", nargs="?", type=Path)

    calendars = family("calendars", "working calendars")
    made = verb("make", calendars_make, "build the day tables (a development tool)", house=False, within=calendars)
    made.add_argument("folder", nargs="?", type=Path)

    chain = family("chain", "the event chain")
    made = verb("verify", chain_verify, "check every link of every stream", within=chain)
    made.add_argument("--rows", action="store_true", help="also recompute rows from the facts")

    made = verb("restored", chain_restored, "say that a backup was put back, before anybody works with it", within=chain)
    made.add_argument("--backup", required=True, help="which one: its name or date")
    made.add_argument("--reason", required=True)
    made.add_argument("--size", type=int, default=0, help="how long the log is known to have been before")
    made.add_argument("--root", default="", help="and its root")

    made = verb("checkpoint", checkpoint, "sign the log as it stands now, and say what was signed")
    checkpoints = made.add_subparsers(metavar="COMMAND")
    made = verb("show", checkpoint_show, "the newest checkpoint, for others to sign", within=checkpoints)
    made.add_argument("--out", type=Path, help="write it to this file, our signature to FILE.sig")
    made = verb("stamp", checkpoint_stamp, "have an authority put its time stamp on the newest", within=checkpoints)
    made.add_argument("--url", help="the authority (RFC 3161); SUYUAN_TIMESTAMP_URL when none is given")
    made = verb("cosign", checkpoint_cosign, "sign that you have seen a checkpoint", house=False, within=checkpoints)
    made.add_argument("checkpoint", type=Path, help="the checkpoint's text, as its house handed it over")
    made.add_argument("--key", type=Path, required=True, help="your Ed25519 private key in PEM")
    made.add_argument("--by", required=True, help="who you are, in one line")
    made.add_argument("--out", type=Path, help="write the co-signature to this file")
    made = verb("accept", checkpoint_accept, "keep what somebody co-signed", within=checkpoints)
    made.add_argument("cosignature", type=Path)
    made.add_argument("--public", type=Path, required=True, help="their public key: PEM, hexadecimal or 32 bytes")

    erasures = family("erasures", "what was erased by order, to be kept beside a backup")
    made = verb("export", erasures_export, "write every erasure order to a file", within=erasures)
    made.add_argument("file", type=Path)
    made = verb("apply", erasures_apply, "erase again what a restored backup still has", within=erasures)
    made.add_argument("file", type=Path)

    bundle = family("bundle", "a case as evidence that anyone can check")
    made = verb("export", bundle_export, "hand out a case; it is recorded", within=bundle)
    made.add_argument("reference")
    made.add_argument("--out", type=Path, required=True, help="the bundle to write; must not be there yet")
    made.add_argument("--purpose", default="litigation", help="internal, patient, mediation, authority or litigation")
    made.add_argument("--as", dest="login", default="", help="whose rights count; nobody's: the open part only")
    made.add_argument("--hide", action="append", default=[], metavar="UID", help="a person whose traces stay closed")
    made.add_argument("--files", action=argparse.BooleanOptionalAction, help="with the files (default: unless somebody is hidden)")
    made = verb("check", bundle_check, "check a bundle, as anyone could", house=False, within=bundle)
    made.add_argument("file")
    made.add_argument("--pin", help="fingerprint of the key, from the paper receipt")
    made.add_argument("--receipt", help="a receipt saved as a text file")
    made.add_argument("--lang", choices=("zh-Hant", "zh-Hans", "en"))

    made = verb("urls", urls, "list every address, who may use it, and what nobody has classified", house=False)
    made.add_argument("--json", action="store_true")

    keys = family("keys", "the master key")
    made = verb("sheet", keys_sheet, "print the key sheet, or save it to a folder", within=keys)
    made.add_argument("--to", help="an existing folder outside the data folder")
    made = verb("rotate", keys_rotate, "replace the master key; print the new sheet afterwards", within=keys)
    made.add_argument("--files", action="store_true", help="instead: the key that the keys of files are wrapped with")
    made.add_argument("--signing", action="store_true", help="replace the signing key instead; no sheet is needed")
    verb("restore", keys_restore, "type the key sheet back into a key file", within=keys)

    files = family("files", "stored files")
    made = verb("scrub", files_scrub, "read again what this week's run has left, and name what is damaged", within=files)
    made.add_argument("--all", action="store_true", help="every file and the whole chain, from the beginning")

    post = family("mail", "mail that comes in")
    made = verb("take", mail_take, "keep one mail, as a mail server hands it over", within=post)
    made.add_argument("file", help="the mail, or - to read it from standard input")

    jobs = family("jobs", "background work")
    made = verb("list", jobs_list, "what waits, runs or failed for good", within=jobs)
    made.add_argument("--json", action="store_true")
    made = verb("retry", jobs_retry, "give jobs that failed for good another chance", within=jobs)
    made.add_argument("uid", nargs="*", help="which; none given: all of them")

    people = family("people", "staff accounts")
    made = verb("password", people_password, "set a member's password in the terminal", within=people)
    made.add_argument("login")

    made = verb("guard", guard, "read a text before it leaves: what is dangerous in it, why, and what to say instead", house=False)
    made.add_argument("file", help="a text, a document (PDF, DOCX, HTML), JSON Lines, or - for what is piped in")
    made.add_argument("--surface", choices=GUARD_SURFACES, default="public_reply", help="where the text goes")
    made.add_argument("--jurisdiction", choices=("tw", "cn"), default="tw")
    made.add_argument("--reply-to", choices=GUARD_REPLIES, default="", help="what it answers")
    made.add_argument("--json", action="store_true", help="one JSON object a text")
    made.add_argument("--lang", choices=("zh-Hant", "zh-Hans", "en"), default="zh-Hant", help="language of the explanations")
    made.add_argument("--allow", action="append", default=[], metavar="WORDS", help="the clinic's own telephone, address or name")
    made.add_argument("--packs", type=Path, help="a folder of packs to read the rules from, instead of the shipped ones")
    made.error = _unusable(made)  # 2 says that something cannot be sent

    verb("manage", lambda given: 0, "those of Django's own commands that change nothing: suyuan manage …", house=False)
    verb("version", version, "which version this is", house=False)
    return top


# --- serving -----------------------------------------------------------------------------------------------------------


def demo(given: argparse.Namespace) -> int:
    start = Start(data=given.data.resolve(), keys=given.data.resolve() / "demo-master.key", kind=DEMO)
    for name in ("DATABASE", "PUBLIC_URL", "PROXIES", "SMTP", "MAIL_FROM", "STATIC", "TIMESTAMP_URL", "TIMESTAMP_ROOTS", "COSIGN_DAYS", "FILES", "SCANNER"):
        os.environ.pop(f"SUYUAN_{name}", None)
    up.refuse_unsafe(start)
    _refuse_taken_port(start.host, given.port)
    if not up.marker_read(start.data).get("made"):
        _clear_half_made(start.data)
    up.data_make(start)
    _environment(start)
    up.key_make(start)

    from suyuan.platform import clock

    up.prepare(start, now=clock.now(), say=_say)
    from suyuan.config import demo as content

    address = f"http://127.0.0.1:{given.port}/"
    if not up.marker_read(start.data).get("made"):
        _say("示範內容 Demo content …")
        content.demo_make(clock.now(), address.rstrip("/"))
        up.marker_write(start.data, made=True)
    ready = f"\n溯源示範 Suyuan demo: {address}\n\n{content.accounts_text()}\n\nCtrl-C 結束 to stop"
    return _serve(start, port=given.port, ready=ready)


def _clear_half_made(data: Path) -> None:
    """A demo that was interrupted while it was being made begins again. Only our own files of a demo folder go."""
    if up.marker_read(data).get("kind") != DEMO:
        return
    for path in data.glob("suyuan.sqlite3*"):
        path.unlink()
    shutil.rmtree(data / "files", ignore_errors=True)
    (data / "demo-master.key").unlink(missing_ok=True)
    up.marker_write(data, has_keys=False)


def start_up(given: argparse.Namespace) -> int:
    from suyuan.config import first

    start = _house(given, serving=True)
    up.refuse_unsafe(start)
    begun = not first.is_first(start.data)
    answers = None
    if not begun:
        answers = _answers(given.answers)
        first.sheet_folder(start, answers.sheet_folder)
    _refuse_taken_port(start.host, given.port)
    up.data_make(start)
    up.refuse_unsafe(start)
    up.key_make(start)
    _environment(start)

    from suyuan.platform import clock

    up.prepare(start, now=clock.now(), say=_say)
    if answers is not None:
        confirm = (lambda keys: None) if given.answers else first.sheet_confirm
        first.begin(start, answers, now=clock.now(), confirm=confirm, say=_say)
        if given.answers:
            _say(f"{given.answers} 裡有密碼，請刪除。 It holds a password; delete it.")
    ready = f"溯源 Suyuan: {start.public_url or f'http://127.0.0.1:{given.port}'}/"
    return _serve(start, port=given.port, workers=given.workers, ready=ready)


def _answers(path: Path | None):
    from suyuan.config import first

    if path is not None:
        return first.answers_read(path.resolve())
    if not sys.stdin.isatty():
        raise StartRefused(
            "first_start_needs_answers",
            "第一次啟動要有人在終端機前回答，或用 --answers 指定答案檔。",
            "The first start needs somebody at the terminal, or a file named with --answers.",
        )
    return first.answers_asked()


def _serve(start: Start, *, port: int, ready: str, workers: int = 1) -> int:
    """Become the supervisor: same process, nothing of Django left in it."""
    from django.db import connections

    connections.close_all()
    command = [sys.executable, "-m", "suyuan.config.supervisor", "--host", start.host, "--port", str(port)]
    command += ["--workers", str(workers), "--ready", ready]
    if start.cert:
        command += ["--cert", start.cert, "--key", start.cert_key]
    if start.proxies:
        command += ["--proxies", ",".join(start.proxies)]
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command, os.environ.copy())


def web(given: argparse.Namespace) -> int:
    from suyuan.config.supervisor import web_command

    start = _house(given, serving=True)
    up.refuse_unsafe(start)
    _django(start)
    up.refuse_debug()
    up.refuse_old_schema()
    up.refuse_missing_triggers()
    up.refuse_wrong_key()
    up.words_make(start.data)
    up.pictures_make()
    from django.db import connections

    connections.close_all()
    command = web_command(
        host=start.host, port=given.port, cert=start.cert, key=start.cert_key, proxies=start.proxies, workers=given.workers
    )
    os.execve(command[0], command, os.environ.copy())


def worker(given: argparse.Namespace) -> int:
    start = _house(given)
    up.refuse_bad_store()
    _django(start)
    up.refuse_debug()
    up.refuse_old_schema()
    up.refuse_missing_triggers()
    up.refuse_wrong_key()
    from suyuan.config.health import WorkerPulse
    from suyuan.platform.jobs import Worker

    with WorkerPulse():
        Worker().run()
    return 0


def migrate(given: argparse.Namespace) -> int:
    start = _house(given)
    up.refuse_unsafe(start)
    up.data_make(start)
    up.key_make(start)
    _environment(start)
    from suyuan.platform import clock

    up.prepare(start, now=clock.now(), say=_say)
    return 0


# --- packs, calendars, chain, addresses ----------------------------------------------------------------------------


def packs_check(given: argparse.Namespace) -> int:
    _without_house()
    from django.conf import settings

    from suyuan.playbooks import loader

    folder = given.folder or settings.PACKS_DIR
    if not Path(folder).is_dir():
        return _complain(f"{folder}: no such folder")
    problems = loader.check(folder, shipped=settings.PACKS_DIR)
    for problem in problems:
        print(problem)
    if not problems:
        print("沒有問題。 Nothing wrong.")
    return 1 if problems else 0


def packs_load(given: argparse.Namespace) -> int:
    _django(_house(given))
    from django.conf import settings

    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.playbooks import services
    from suyuan.playbooks.errors import PackRefused

    try:
        loaded = services.packs_load(folder=given.folder or settings.PACKS_DIR, actor=SYSTEM, now=clock.now())
    except PackRefused as refused:
        for problem in refused.data["problems"]:
            print(problem)
        return 1
    for one in loaded:
        print(f"{one.pack} {one.version} {one.sha256[:12]}")
    return 0


def calendars_make(given: argparse.Namespace) -> int:
    from suyuan.playbooks.makecalendars import calendars_make as make

    for path in make(given.folder or PACKAGE.parent.parent / "packs" / "calendars"):
        print(path)
    return 0


def chain_verify(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.platform import verify

    with verify.one_moment():
        found = verify.verify_streams(rows_checks=verify.row_checks() if given.rows else ())
    for fault in found.faults:
        print(fault)
    print(f"{found.streams} streams, {found.facts} facts, {found.texts} texts: {'holds' if found.holds else 'BROKEN'}")
    return 0 if found.holds else 1


def chain_restored(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.kernel.actor import SYSTEM
    from suyuan.kernel.refusal import BadInput
    from suyuan.platform import checkpoints, clock
    from suyuan.platform.installation import restored_record

    told = {"backup": given.backup, "reason": given.reason, "last_size": given.size, "last_root": given.root}
    try:
        restored_record(**told, actor=SYSTEM, now=clock.now())
    except BadInput as refused:
        return _complain(f"沒有記下：寫法不對。 Not recorded; written wrongly: {', '.join(refused.fields)}")
    try:
        made = checkpoints.checkpoint_make(now=clock.now())
    except checkpoints.CheckpointRefused as refused:
        print(refused.fault)
        return _complain("記下了，但沒有簽署：紀錄和先前不符。 Recorded, but not signed: the records are not what they were.")
    if made is not None:  # else the worker was quicker
        print(f"epoch {made.epoch} size {made.size} root {made.root}")
    return 0


def checkpoint(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.platform import checkpoints, clock, log

    try:
        made = checkpoints.checkpoint_make(now=clock.now())
    except checkpoints.CheckpointRefused as refused:
        print(refused.fault)
        return _complain("沒有簽署：紀錄和先前不符。 Nothing was signed: the records are not what they were.")
    newest = made or log.checkpoint_latest()
    if newest is None:
        return _complain("還沒有任何紀錄。 There are no records yet.")
    if made is None:
        _say("沒有新的紀錄，這是最近一次。 Nothing new; this is the latest.")
    print(f"size {newest.size}\nroot {newest.root}\nkey {newest.fingerprint}\nsha256 {newest.sha256}")
    return 0


def checkpoint_show(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.platform import log

    newest = log.checkpoint_latest()
    if newest is None:
        return _complain("還沒有任何紀錄。 There are no records yet.")
    if given.out is None:
        print(newest.text, end="")
        return 0
    given.out.write_text(newest.text, encoding="utf-8", newline="")
    given.out.with_name(given.out.name + ".sig").write_bytes(bytes(newest.signature))
    print(f"{given.out} {newest.sha256}")
    return 0


def checkpoint_stamp(given: argparse.Namespace) -> int:
    _django(_house(given))
    from django.conf import settings

    from suyuan.platform import anchors, clock, log
    from suyuan.platform.timestamps import TimestampRefused

    url, newest = given.url or settings.TIMESTAMP_URL, log.checkpoint_latest()
    if not url or newest is None:
        return _complain("沒有時戳機構的網址，或還沒有紀錄。 No authority is named, or there are no records yet.")
    try:
        anchor = anchors.checkpoint_timestamp(checkpoint=newest, url=url, now=clock.now())
    except TimestampRefused as refused:
        return _complain(f"沒有取得時戳。 No time stamp: {refused.args[0]}")
    print(f"{newest.sha256} {anchor.details['at']} {anchor.details['shown']}")
    return 0


def checkpoint_cosign(given: argparse.Namespace) -> int:
    from suyuan.platform import clock
    from suyuan.platform.cosigning import CosignatureRefused, cosign

    try:
        text = given.checkpoint.read_bytes().decode("utf-8")
        made = cosign(checkpoint=text, key_pem=given.key.read_bytes(), by=given.by, now=clock.now())
    except (CosignatureRefused, OSError, UnicodeDecodeError) as refused:
        return _complain(f"沒有簽署。 Nothing was signed: {refused}")
    if given.out is None:
        print(made.file, end="")
    else:
        given.out.write_text(made.file, encoding="utf-8", newline="")
        print(f"{given.out} {made.note.checkpoint}")
    return 0


def checkpoint_accept(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import anchors, clock
    from suyuan.platform.cosigning import CosignatureRefused, cosignature_file_read, public_read

    try:
        public = public_read(given.public.read_bytes())
        read = cosignature_file_read(given.cosignature.read_bytes().decode("utf-8"), public)
        anchor = anchors.cosignature_accept(cosignature=read, actor=SYSTEM, now=clock.now())
    except (CosignatureRefused, OSError, UnicodeDecodeError) as refused:
        return _complain(f"沒有收下。 Not accepted: {refused}")
    print(f"{anchor.checkpoint.size} {anchor.details['by']}")
    return 0


def erasures_export(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.platform.erasure import orders_exported

    told = orders_exported()
    given.file.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    print(f"{len(told['orders'])} orders")
    return 0


def erasures_apply(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.erasure import orders_apply

    try:
        told = json.loads(given.file.read_text(encoding="utf-8"))
        done = orders_apply(told, actor=SYSTEM, now=clock.now())
    except (OSError, ValueError, KeyError, TypeError):
        return _complain("this is not a file of erasure orders")
    print(f"{done} orders carried out again; the worker empties the disk after them")
    return 0


def bundle_export(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.accounts.models import User, login_folded
    from suyuan.accounts.selectors import actor_for
    from suyuan.cases.errors import MayNot
    from suyuan.cases.models import Case
    from suyuan.cases.rules import Purpose, reference_read
    from suyuan.cases.services.bundles import case_bundle
    from suyuan.evidence.services.bundles import bundle_checked, bundle_write, crcs_of
    from suyuan.kernel.actor import SYSTEM
    from suyuan.kernel.refusal import Refusal
    from suyuan.platform import clock

    case = Case.objects.select_related("branch").filter(reference=reference_read(given.reference) or "").first()
    if case is None:
        return _complain(f"沒有這個案號 no such case: {given.reference}")
    if given.purpose not in set(Purpose):
        return _complain(f"不認得這個用途 no such purpose: {given.purpose} ({', '.join(Purpose)})")
    now, actor = clock.now(), SYSTEM
    if given.login:
        user = User.objects.filter(login=login_folded(given.login), is_active=True).first()
        if user is None:
            return _complain(f"沒有這個登入名稱 no such login: {given.login}")
        actor = actor_for(user, now)
    try:
        with given.out.open("xb+") as out:
            export, plan = case_bundle(
                case=case, purpose=given.purpose, hidden=given.hide, with_files=given.files, actor=actor, now=now
            )
            crcs = crcs_of(bundle_write(plan=plan, out=out))
            bundle_checked(export=export, crcs=crcs, fault="", now=now)
    except FileExistsError:
        return _complain(f"{given.out} 已經在了。 It is there already.")
    except MayNot:
        given.out.unlink()
        return _complain(f"{given.login} 不能交出這個案件。 May not hand out this case.")
    except Refusal as refused:
        given.out.unlink()
        return _complain(f"{refused.code}: {refused.message()}")
    print(f"{given.out}\nMANIFEST.json {export.manifest}\n--pin {plan.pin}")
    for what, why in export.left_out:
        print(f"未納入 left out: {what} ({why})")
    return 0


def bundle_check(given: argparse.Namespace) -> int:
    """The very program that travels in every bundle."""
    from suyuan.evidence.verifier import verify

    words = [given.file]
    for name in ("pin", "receipt", "lang"):
        if value := getattr(given, name):
            words += [f"--{name}", value]
    return verify.main(words)


def guard(given: argparse.Namespace) -> int:
    """Without Django: somebody waits for the answer at a prompt."""
    from suyuan.config import guarding
    from suyuan.config.folders import packs_folder
    from suyuan.kernel.textlint import Context
    from suyuan.playbooks.shipped import PacksBroken, guarding_of

    folder = given.packs or packs_folder()
    try:
        document = guarding.is_document(given.file)
        raw = "" if document else guarding.read(given.file, stdin=sys.stdin)
        rules = guarding_of(folder)
    except OSError as error:
        return _complain(f"{given.file}: {error.strerror}")
    except UnicodeDecodeError:
        return _complain(f"{given.file}: not UTF-8")
    except PacksBroken as broken:
        return _complain(f"{folder}: {broken}")
    found = guarding.Guard(rules, Context(given.surface, given.jurisdiction, given.reply_to, tuple(given.allow)))
    if document:
        return _guard_document(given, found)
    return guarding.run(raw, found, as_json=given.json, language=given.lang, out=sys.stdout, err=sys.stderr)


def _guard_document(given: argparse.Namespace, found: Any) -> int:
    _without_house()
    from django.utils import translation

    from suyuan.config import guarding
    from suyuan.correspondence.errors import DocumentUnread

    with translation.override(given.lang.lower()):
        try:
            return guarding.run_document(Path(given.file), found, as_json=given.json, language=given.lang, out=sys.stdout)
        except DocumentUnread as unread:
            return _complain(f"{given.file}: {unread.message()}")


def urls(given: argparse.Namespace) -> int:
    _without_house()
    from suyuan.config import addresses_report

    found = addresses_report.report()
    if given.json:
        print(json.dumps(addresses_report.as_json(found), ensure_ascii=False, indent=1))
    else:
        for one in found:
            print(f"{','.join(one.methods) or '?':<10} {one.audience or 'UNCLASSIFIED':<13} {one.pattern}")
    nobody = addresses_report.unclassified(found)
    for one in nobody:
        print(f"unclassified: {one.pattern} ({one.name})", file=sys.stderr)
    return 1 if nobody else 0


# --- keys, jobs, people ------------------------------------------------------------------------------------------------


def keys_sheet(given: argparse.Namespace) -> int:
    from suyuan.config import first
    from suyuan.platform.master import sheet

    start = _house(given)
    _need_key(start)
    if given.to:
        print(first.sheet_save(start.keys, first.sheet_folder(start, given.to)))
    else:
        print(sheet(start.keys).text)
    return 0


def keys_rotate(given: argparse.Namespace) -> int:
    start = _house(given)
    _django(start)
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock, keys
    from suyuan.platform.installation import master_key_rotate

    if given.files:
        return _file_key_rotate()
    if given.signing:
        return _signing_key_rotate()
    master_key_rotate(path=start.keys, actor=SYSTEM, now=clock.now())
    print(keys.sheet(start.keys).text)
    _say("請印出新的備份單，舊的作廢；並重新啟動。 Print the new sheet, destroy the old one, and restart.")
    return 0


def _file_key_rotate() -> int:
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.files.rewrap import file_key_rotate, rewrap_all

    key_id = file_key_rotate(actor=SYSTEM, now=clock.now())
    print(f"{key_id}: {rewrap_all()} 把檔案金鑰重新包裝 keys of files wrapped anew")
    _say("檔案本身沒有變動，備份單照舊有效。 No file was touched, and the key sheet stays as it is.")
    return 0


def _signing_key_rotate() -> int:
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.installation import signing_key_rotate

    link = signing_key_rotate(actor=SYSTEM, now=clock.now())
    print(f"key {link.key}\nafter {link.after}")
    _say("舊收據仍然有效；印有指紋的說明請換新。 Old receipts stay good; reprint what shows the fingerprint.")
    return 0


def keys_restore(given: argparse.Namespace) -> int:
    from suyuan.platform.master import KeyProblem, master_write, sheet_parse

    start = _house(given)
    _say("請輸入備份單的四行，最後按 Ctrl-D。 Type the four lines of the sheet, then Ctrl-D.")
    try:
        master = sheet_parse(sys.stdin.read())
        master_write(start.keys, master)
    except KeyProblem as problem:
        return _complain(str(up.key_refused(problem)))
    print(f"{start.keys} {master.key_id}")
    return 0


def files_scrub(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.platform import clock
    from suyuan.platform.files.scrub import faults_standing, scrub_all

    run = scrub_all(clock.now(), afresh=given.all)
    if run is None:
        print("本週已經讀過。 This week's run is done.")
    else:
        print(f"{run.files} files, {run.bytes:,} bytes, {run.facts} facts; {run.started_at:%Y-%m-%d %H:%M} UTC")
        for broken in run.chain_faults:
            print(f"chain: {broken}")
    for fault in faults_standing():
        answered = f", answered by {fault.answered_by}" if fault.answered_at else ""
        print(f"{fault.file.uid}: {fault.why} ({fault.detail}), {fault.file.size} bytes, found {fault.found_at:%Y-%m-%d}{answered}")
    wrong = (run is not None and (run.faults or run.chain_faults)) or faults_standing().filter(answered_at=None).exists()
    print("DAMAGED" if wrong else "沒有損壞。 Nothing damaged.")
    return 1 if wrong else 0


def mail_take(given: argparse.Namespace) -> int:
    """For a mail server's pipe: 0 when the mail is kept (or was before), 75 when it should be brought again."""
    _django(_house(given))
    from suyuan.correspondence.reading import LARGEST
    from suyuan.correspondence.services import mail_take as take
    from suyuan.platform import clock

    try:
        if given.file == "-":
            raw = sys.stdin.buffer.read(LARGEST + 1)
            while sys.stdin.buffer.read(1 << 20):  # a server that is cut off in the middle takes it for a refusal
                pass
        else:
            with open(given.file, "rb") as file:
                raw = file.read(LARGEST + 1)
        take(raw=raw, now=clock.now())
    except OSError as error:
        return _complain(str(error))
    except Exception as error:
        _complain(f"not kept: {type(error).__name__}")
        return BRING_AGAIN
    return 0


def jobs_list(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.platform.models import Job

    unfinished = Job.objects.exclude(state="done").order_by("state", "run_after", "id")
    rows = [
        {
            "uid": str(job.uid),
            "name": job.name,
            "state": job.state,
            "attempts": job.attempts,
            "run_after": job.run_after.isoformat(),
            "error": job.error,
        }
        for job in unfinished
    ]
    if given.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for row in rows:
        print(f"{row['uid']}  {row['state']:<8} {row['attempts']:>3}  {row['run_after'][:19]}  {row['name']}  {row['error'][:80]}")
    return 0


def jobs_retry(given: argparse.Namespace) -> int:
    _django(_house(given))
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock
    from suyuan.platform.installation import jobs_revive
    from suyuan.platform.models import Job

    wanted = given.uid or [str(uid) for uid in Job.objects.filter(state="dead").values_list("uid", flat=True)]
    known = [UUID(uid) for uid in wanted if _is_uid(uid)]
    revived = {str(uid) for uid in jobs_revive(uids=known, actor=SYSTEM, now=clock.now())}
    unknown = [uid for uid in wanted if not _is_uid(uid) or str(UUID(uid)) not in revived]
    print(f"{len(wanted) - len(unknown)} 件再試一次 to be tried again")
    for uid in unknown:
        _say(f"{uid}: 不是失敗的工作 not a failed job")
    return 1 if unknown else 0


def people_password(given: argparse.Namespace) -> int:
    """Whoever sits at the clinic's own machine with its key may let a member in again; it is recorded as the system's act."""
    _django(_house(given))
    from suyuan.accounts.errors import BadStaffInput
    from suyuan.accounts.models import User, login_folded
    from suyuan.accounts.services import password_set
    from suyuan.kernel.actor import SYSTEM
    from suyuan.platform import clock

    user = User.objects.filter(login=login_folded(given.login)).first()
    if user is None:
        return _complain(f"沒有這個登入名稱 no such login: {given.login}")
    first = getpass.getpass("新密碼 New password: ")
    if getpass.getpass("再輸入一次 Once more: ") != first:
        return _complain("兩次不一樣。 They differ.")
    try:
        password_set(user=user, password=first, actor=SYSTEM, now=clock.now())
    except BadStaffInput as refused:
        return _complain(" ".join(str(words) for words in refused.fields.values()))
    print("好了；下次登入時要再換一次。 Done; it must be changed at the next login.")
    return 0


# Of Django's own commands these change nothing that a fact would have to tell. The rest, such as loaddata or
# createsuperuser, would write behind the log's back.
HARMLESS = frozenset({"check", "inspectdb", "makemigrations", "showmigrations", "sqlmigrate", "help", "version"})


def manage(arguments: Sequence[str]) -> int:
    if not {*arguments[:1]} & HARMLESS:
        return _complain(f"這裡只能用 Only these: {', '.join(sorted(HARMLESS))}")
    _environment(_house(argparse.Namespace(data=None, keys=None)))
    from django.core.management import execute_from_command_line

    execute_from_command_line(["suyuan manage", *arguments])
    return 0


def version(given: argparse.Namespace) -> int:
    from suyuan.platform.software import software

    print(software())
    return 0


# --- shared ------------------------------------------------------------------------------------------------------------


def _house(given: argparse.Namespace, *, serving: bool = False) -> Start:
    """Which clinic: from the options, the environment, or the usual places. The folder remembers where its key lies."""
    env = os.environ.get
    data = given.data or Path(env("SUYUAN_DATA") or Path.home() / ".local/share/suyuan")
    data = data.expanduser().resolve()
    marker = up.marker_read(data) if data.is_dir() else {}
    is_demo = marker.get("kind") == DEMO and not serving
    remembered = data / "demo-master.key" if is_demo else marker.get("keys")
    keys = given.keys or env("SUYUAN_KEYS") or remembered or Path.home() / ".config/suyuan/master.key"
    return Start(
        data=data,
        keys=Path(keys).expanduser().resolve(),
        kind=DEMO if is_demo else REAL,
        host=given.host if serving else "127.0.0.1",
        public_url=env("SUYUAN_PUBLIC_URL", "").strip().rstrip("/"),
        proxies=tuple(p.strip() for p in env("SUYUAN_PROXIES", "").split(",") if p.strip()),
        cert=str(Path(given.cert).resolve()) if serving and given.cert else "",
        cert_key=str(Path(given.key).resolve()) if serving and given.key else "",
        smtp=env("SUYUAN_SMTP", "").strip(),
        mail_from=env("SUYUAN_MAIL_FROM", "").strip(),
    )


def _environment(start: Start) -> None:
    os.umask(0o077)  # whatever we write from here on is ours alone
    os.environ["SUYUAN_DATA"] = str(start.data)
    os.environ["SUYUAN_KEYS"] = str(start.keys)
    os.environ["SUYUAN_DEMO"] = "1" if start.kind == DEMO else ""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "suyuan.config.settings")
    os.environ.setdefault("PYTHONUTF8", "1")


def _django(start: Start) -> None:
    """For commands on a clinic that is there already."""
    _need_key(start)
    _environment(start)
    import django

    django.setup()


def _need_key(start: Start) -> None:
    from suyuan.platform.master import KeyProblem, master_load

    try:
        master_load(start.keys)
    except KeyProblem as problem:
        raise StartRefused(
            f"key_{problem.why}",
            f"打不開主金鑰 {start.keys}。用 --data 和 --keys 指出診所的資料夾和金鑰。",
            f"The master key cannot be opened ({problem.args[0]}). Name the clinic with --data and --keys.",
        ) from None


def _without_house() -> None:
    """For commands that look at the program, not at a clinic: settings over an empty folder that goes away."""

    from django.conf import settings

    from suyuan.platform.master import master_create

    if not settings.configured:
        folder = Path(tempfile.mkdtemp(prefix="suyuan-"))
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        master_create(folder / "master.key")
        _environment(Start(data=folder, keys=folder / "master.key"))
    import django

    django.setup()


def _refuse_taken_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            raise StartRefused(
                "port_taken",
                f"{host}:{port} 已有別的程式在用。請用 --port 換一個。",
                f"Something else uses {host}:{port}. Choose another with --port.",
            ) from None


def _is_uid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _say(words: str) -> None:
    print(words, file=sys.stderr, flush=True)


def _unusable(made: argparse.ArgumentParser) -> Callable[[str], None]:
    def error(words: str) -> None:
        made.print_usage(sys.stderr)
        made.exit(3, f"{made.prog}: {words}\n")

    return error


def _complain(words: str) -> int:
    _say(words)
    return 3


if __name__ == "__main__":
    raise SystemExit(main())
