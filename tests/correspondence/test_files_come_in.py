"""Files that come by mail and LINE are kept with their words: once, examined like any upload, and what is left is named."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from email.message import EmailMessage

import pytest
from django.db import connections

from suyuan.accounts.models import Organisation
from suyuan.correspondence import reading, services
from suyuan.correspondence.arriving import Arrival, Came
from suyuan.correspondence.errors import ContentNotThere
from suyuan.correspondence.models import Incoming, IncomingFile
from suyuan.correspondence.phrases import ARRIVED, PHRASES
from suyuan.correspondence.services import attaching, incoming, mailing
from suyuan.evidence.models import CustodyEntry, Item
from suyuan.evidence.phrases import PHRASES as EVIDENCE
from suyuan.kernel.actor import Actor
from suyuan.platform import clock, facts, keys, units
from suyuan.platform.files import file_verify, jobs, storage
from suyuan.platform.jobs import run_due
from suyuan.platform.models import FactRow, Job, StoredFile
from tests.correspondence.conftest import house_made
from tests.correspondence.stories import LATER, NOW
from tests.evidence.pictures import A_FILE, drawn, encoded
from tests.platform.real import copied_database

pytestmark = pytest.mark.requirement("B-10")

JPEG, PDF = encoded(drawn((64, 48)), "JPEG"), A_FILE["pdf"]
LINE = Actor("integration", "line")
ACCOUNT = "U" + "ab" * 16
DAY = timedelta(days=1)


@pytest.fixture
def all_words(worded, monkeypatch):
    monkeypatch.setattr(
        facts, "_kinds", {name: facts.FactKind(phrase) for name, phrase in {**PHRASES, **ARRIVED, **EVIDENCE}.items()}
    )


@pytest.fixture(autouse=True)
def _own_folder(settings, tmp_path):
    settings.FILES_DIR = tmp_path / "files"


@pytest.fixture
def ours(house, all_words):
    Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})


def on_disk() -> list[str]:
    return sorted(storage().older_than(float("inf")))


def mail(*files: tuple[str, bytes, str], words: str = "照片在附件。", **headers) -> bytes:
    one = EmailMessage()
    one["From"], one["To"], one["Subject"] = "wen@example.org", "care@clinic.example.org", "腫脹的照片"
    one["Message-ID"] = "<photos@mail.example.org>"
    for name, value in headers.items():
        one[name.replace("_", "-")] = value
    one.set_content(words)
    for name, data, kind in files:
        main, _slash, sub = kind.partition("/")
        one.add_attachment(data, maintype=main, subtype=sub, filename=name)
    return one.as_bytes()


def take(raw: bytes) -> Incoming | None:
    return services.mail_take(raw=raw, now=LATER)


def files(state: str = "") -> list[IncomingFile]:
    rows = IncomingFile.objects.select_related("stored", "incoming").order_by("id")
    return list(rows.filter(state=state) if state else rows)


def picture_sent(number: str = "468789577898262530", kind: str = "image", **more) -> IncomingFile:
    came = Came(remote=number, **more)
    arrival = Arrival(
        channel="line", event=f"e{number}", branch_id=1, sender=ACCOUNT, kind=kind, number=number, files=(came,)
    )
    services.incoming_take(arrivals=[arrival], actor=LINE, now=NOW)
    return files()[-1]


def fetch(file: IncomingFile, now=NOW) -> IncomingFile:
    file = IncomingFile.objects.select_related("incoming").get(pk=file.pk)
    services.incoming_file_fetch(file=file, now=now)
    return IncomingFile.objects.select_related("stored", "incoming").get(pk=file.pk)


# --- by mail ---------------------------------------------------------------------------------------------------------


def test_what_is_attached_is_kept_as_it_came_and_what_may_not_be_is_named(ours, settings):
    settings.SCANNER_URL = "tcp://127.0.0.1:1"
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "a@example.org", "更早的信"
    inner.set_content("之前寫過。")
    whole = EmailMessage()
    whole["From"], whole["Message-ID"] = "wen@example.org", "<many@mail.example.org>"
    whole.set_content("都在這裡。")
    whole.add_attachment(JPEG, maintype="image", subtype="jpeg", filename="左臉.jpg")
    whole.add_attachment(PDF, maintype="application", subtype="pdf", filename="收據.pdf")
    whole.add_attachment(b"MZ" + b"\0" * 90, maintype="application", subtype="octet-stream", filename="看照片.exe")
    whole.add_attachment(inner)
    take(whole.as_bytes())
    assert [(f.state, f.why, f.name) for f in files()] == [
        ("kept", "", "左臉.jpg"), ("kept", "", "收據.pdf"), ("left", "kind", "看照片.exe"), ("kept", "", "file-4.eml"),
    ]  # fmt: skip
    kept = [f.stored for f in files("kept")]
    assert [s.content_type for s in kept] == ["image/jpeg", "application/pdf", "message/rfc822"]
    assert not any(file_verify(stored) for stored in kept)
    assert Job.objects.filter(name="files.examine").count() == 3, "each is shown to the scanner"
    told = FactRow.objects.get(type="incoming.arrived").value("files")
    assert [each.get("sha256", each.get("why")) for each in told] == [
        kept[0].sha256,
        kept[1].sha256,
        "kind",
        kept[2].sha256,
    ]
    assert Incoming.objects.get().content.number == "<many@mail.example.org>" and Incoming.objects.get().left_out == 0


def test_too_many_are_counted_and_a_torn_one_is_not_kept(ours, monkeypatch):
    raw = mail(*((f"{n}.txt", f"第 {n} 頁".encode(), "text/plain") for n in range(23)))
    take(raw)
    assert (len(files("kept")), Incoming.objects.get().left_out) == (20, 3)
    monkeypatch.setattr(reading, "LARGEST", len(mail(("b.jpg", JPEG * 9, "image/jpeg"))) - 300)
    take(mail(("b.jpg", JPEG * 9, "image/jpeg"), words="另一封"))
    assert [(f.state, f.why, f.name) for f in files()[20:]] == [("left", "too_large", "b.jpg")]


def test_a_mail_brought_again_brings_its_files_once_and_a_machine_brings_none(ours):
    raw = mail(("a.jpg", JPEG, "image/jpeg"))
    assert take(raw) is not None and take(raw) is None
    assert StoredFile.objects.count() == len(on_disk()) == 1
    take(mail(("logo.jpg", JPEG, "image/jpeg"), words="休假中", Auto_Submitted="auto-replied"))
    assert (len(files()), Incoming.objects.latest("id").left_out) == (1, 1)


def test_what_was_set_aside_long_ago_takes_its_files_along(ours):
    row = take(mail(("a.jpg", JPEG, "image/jpeg"), ("x.exe", b"MZ\0\0", "application/x"), words="廣告"))
    services.incoming_set_aside(incoming=row, reason="advertising", actor=LINE, now=LATER)
    services.incoming_forget(now=LATER + 91 * DAY)
    assert [(f.name, f.stored and f.stored.state) for f in files()] == [("", "destroyed"), ("", None)]
    run_due(LATER + 91 * DAY, slots=False)
    assert not on_disk()


# --- by LINE ---------------------------------------------------------------------------------------------------------


def test_a_picture_is_fetched_once(ours, outside):
    outside.content["468789577898262530"] = JPEG
    picture_sent()
    run_due(NOW, slots=False)
    (file,) = files()
    assert (file.state, file.name, file.stored.size) == ("kept", "line-468789577898262530.jpg", len(JPEG))
    fetch(file)
    assert outside.fetched == ["468789577898262530"]
    assert FactRow.objects.get(type="incoming.file_kept").value("sha256") == file.stored.sha256


@pytest.mark.parametrize("befalls", [202, 401, 429, 500, "cut", "lost"])
def test_what_line_cannot_hand_out_now_is_asked_for_again(ours, outside, befalls):
    outside.content["7"], outside.trouble = JPEG, [befalls]
    file = picture_sent("7")
    with pytest.raises(ContentNotThere):
        fetch(file)
    assert fetch(file).stored.size == len(JPEG)
    assert len(on_disk()) == 1, "nothing of the broken try is left"


def test_what_line_has_no_longer_is_said(ours, outside, settings):
    gone = fetch(picture_sent("8", "file", name="藥單.pdf"))
    assert (gone.state, gone.why, gone.name) == ("left", "expired", "藥單.pdf")
    assert FactRow.objects.get(type="incoming.file_left").value("why") == "expired"
    outside.content["9"], outside.content["10"] = b"MZ\0\0", JPEG
    assert fetch(picture_sent("9", "file")).why == "kind"
    settings.LINE_TOKEN = "another"
    late = picture_sent("10")
    with pytest.raises(ContentNotThere):
        fetch(late, NOW + timedelta(hours=47))
    assert fetch(late, NOW + timedelta(hours=48)).why == "unreachable"


def test_what_its_job_gave_up_is_asked_for_again(ours, outside):
    file = picture_sent("11")
    Job.objects.all().delete()
    outside.content["11"] = JPEG
    run_due(NOW + timedelta(minutes=76))
    assert IncomingFile.objects.get(pk=file.pk).state == "kept"


# --- whoever dies in the middle ----------------------------------------------------------------------------------------


@pytest.fixture
def committed(packs, django_db_setup, django_db_blocker, all_words, tmp_path):
    """A house whose commits are real."""
    with django_db_blocker.unblock(), copied_database(tmp_path):
        house_made()
        Organisation.objects.get_or_create(id=1, defaults={"names": {"zh-Hant": "示例"}})
        yield
    keys.ring_forget()


def dies(act) -> None:
    connections.close_all()
    child = os.fork()
    if child == 0:
        try:
            act()
        finally:
            os._exit(0)
    _child, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status), "it lived through it"


def killed(*args, **kwargs) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("point", ["received", "rows"])
def test_a_mail_whose_taking_died_is_whole_the_next_time(committed, point):
    raw = mail(("a.jpg", JPEG, "image/jpeg"), ("b.pdf", PDF, "application/pdf"))

    def act():
        if point == "received":
            mailing._mail_keep = killed
        else:
            incoming.facts_record = killed
        take(raw)

    dies(act)
    assert not Incoming.objects.exists() and not StoredFile.objects.exists()
    take(raw)
    assert [f.state for f in files()] == ["kept", "kept"] and StoredFile.objects.count() == 2
    jobs.orphans_collect(clock.now() + 2 * DAY)
    assert on_disk() == sorted(StoredFile.objects.values_list("path", flat=True))


@pytest.mark.parametrize("point", ["fetched", "kept", "told"])
def test_a_picture_whose_fetching_died_is_there_once(committed, outside, point):
    outside.content["12"] = JPEG
    file = picture_sent("12")

    def act():
        setattr(
            attaching, {"fetched": "incoming_file_keep", "kept": "file_store", "told": "facts_record"}[point], killed
        )
        fetch(file)

    dies(act)
    assert files()[0].state == "waiting" and not StoredFile.objects.exists()
    run_due(NOW + timedelta(hours=1), slots=False)
    assert (files()[0].state, StoredFile.objects.count()) == ("kept", 1)
    assert FactRow.objects.filter(type="incoming.file_kept").count() == 1


@pytest.mark.parametrize("point", ["first item", "last item", "told"])
def test_files_whose_giving_died_are_evidence_once(committed, point):
    row = take(mail(("a.jpg", JPEG, "image/jpeg"), ("b.pdf", PDF, "application/pdf")))
    stream = "case:3b0a5f0e-0000-4000-8000-0000000000cc"

    def give() -> None:
        with units.unit():
            placed = services.incoming_place(
                incoming=row, stream=stream, branch_id=1, body="照片", actor=LINE, now=LATER
            )
            services.incoming_files_give(
                incoming=row, message=placed, from_whom="wen@example.org", how="隨電子郵件收到", actor=LINE, now=LATER
            )

    def act() -> None:
        made = attaching.item_add
        match point:
            case "first item":
                attaching.item_add = killed
            case "last item":
                attaching.item_add = lambda **more: made(**more) if not Item.objects.exists() else killed()
            case "told":
                facts.facts_flush = killed
        give()

    dies(act)
    assert not Item.objects.exists() and [f.state for f in files()] == ["kept", "kept"]
    give()
    assert [f.state for f in files()] == ["given", "given"]
    assert [item.number for item in Item.objects.order_by("number")] == [1, 2] and CustodyEntry.objects.count() == 2
