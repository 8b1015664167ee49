"""E10: a word in every column of words that the schema has, and none of them is left once everything may go.

The list of columns is made from the schema. A column that somebody adds tomorrow is either emptied by an order of erasure
or stands in `KEPT` with the reason why not; otherwise this fails.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from fnmatch import fnmatch
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, IntegrityError, models, transaction

from suyuan.accounts.models import Branch, User
from suyuan.cases.models import Case, CaseClock, Party, Proceeding
from suyuan.cases.services.rights import case_unseal, erasure_answer
from suyuan.correspondence.models import Clearance, FindingDispute, Incoming, IncomingFile, Message, OwnName, Posting
from suyuan.evidence.models import Interview, Observation, Seal
from suyuan.people.models import ContactPoint, Person, Representative
from suyuan.platform import chance, triggers, verify
from suyuan.platform.erasure import Cell, erasure_order
from suyuan.platform.files.jobs import unlink
from suyuan.platform.holds import hold_place
from suyuan.platform.models import FactPrivate, Hold, Job, StoredFile, Text, TextIndex
from tests.cases.cast import NOON, fresh
from tests.cases.test_rights import EVERYTHING, LATER, LONG_AFTER, asked, ended
from tests.cases.test_rights_attacked import papers_of
from tests.evidence.rows import faults, lived
from tests.platform.stories import purged_when_free

pytestmark = [pytest.mark.requirement("A-03")]

WORD = "金絲雀"
TYPED = (models.CharField, models.TextField, models.JSONField, models.BinaryField)

CODE = "one of a list in the program or in a pack, never typed"
OURS = "a number, a digest or a key that the program made"
STREAM = "names a thing by its uid"
HOUSE = "the house's own: who works here, what it is called, its packs and rules, its keys"
LOG = "who saw what is kept as long as the law says; what was typed to find it is sealed, and no order reaches it"
TRACE = "what was ordered and answered is how an erasure itself is answered for"
PASSES = "goes by itself within days, sealed under a key of its own"

WEEK = "work on its way: its words go to the copy that it makes, and the row goes by itself within a week"

KEPT: dict[str, str] = {
    "evidence_making.*": WEEK,
    **dict.fromkeys(("auth_*", "django_content_type.*", "accounts_organisation.*", "accounts_branch.*", "accounts_department.*"), HOUSE),
    **dict.fromkeys(("accounts_user.*", "accounts_member*.*", "playbooks_*.*", "platform_wrappedkey.*"), HOUSE),
    **dict.fromkeys(("accounts_login*.*", "accounts_knowndevice.*", "correspondence_staffnotice.*"), HOUSE),
    **dict.fromkeys(("django_session.*", "accounts_heldform.*", "portal_*.*", "platform_idempotencykey.*", "platform_upload*.*"), PASSES),
    "platform_accessrow.*": LOG,
    "platform_job.args": "carries uids, never words",
    "platform_job.error": "what the program said when it failed",
    "platform_job.*": CODE,
    **dict.fromkeys(("platform_factrow.*", "platform_streamhead.*", "platform_log*.*", "platform_headnode.*"), OURS),
    **dict.fromkeys(("platform_checkpoint.*", "platform_anchor.*", "platform_factprivate.salt"), OURS),
    "platform_factprivate.*": "the row itself goes: looked at below",
    "platform_textindex.*": "the row itself goes: looked at below",
    "people_personindex.*": "the row itself goes: looked at below",
    **dict.fromkeys(("platform_erasureorder.*", "platform_erasuretarget.*", "cases_erasuredecision.*"), TRACE),
    "platform_scrubrun.*": "counts, and digests of files",
    **dict.fromkeys(("*.stream", "*.subject_stream", "*.fact_stream", "*.party"), STREAM),
    **dict.fromkeys(("*.by", "*.added_by", "*.author", "*.ended_by", "*.outcome_by", "*.answered_by", "*.placed_by", "*.lifted_by"), STREAM),
    **dict.fromkeys(("*.sha256", "*.sha256_*", "*.digest", "*.mac", "*.key_id", "*.message_id", "*.path", "*.rule_hash"), OURS),
    **dict.fromkeys(("*.reference", "*.number"), OURS),
    **dict.fromkeys(("*.kind", "*.state", "*.stage", "*.language", "*.compartment", "*.source", "*.channel", "*.direction"), CODE),
    **dict.fromkeys(("*.jurisdiction", "*.outcome", "*.role", "*.owner_role", "*.currency", "*.method", "*.purpose", "*.code"), CODE),
    **dict.fromkeys(("*.derivation", "*.act", "*.read_how", "*.ending", "*.signed_on", "*.ground", "*.consents", "*.standing"), CODE),
    **dict.fromkeys(("*.medium", "*.receipt", "*.decoded", "*.scan", "*.content_type", "*.precision", "*.pack_code"), CODE),
    **dict.fromkeys(("*.preferred_channel", "*.decision", "*.milestone", "*.capacity", "*.declared", "*.question", "*.verdict"), CODE),
    **dict.fromkeys(("*.failure", "*.cause", "*.causes", "*.reasons", "*.primary_cause", "*.roles"), CODE),
    **dict.fromkeys(("cases_case.harm", "cases_case.danger", "cases_case.danger_signs", "cases_case.wishes", "cases_case.factors"), CODE),
    **dict.fromkeys(("cases_party.relation", "cases_party.identity", "cases_caseclock.*", "cases_contactentry.tone"), CODE),
    **dict.fromkeys(("cases_obligation.*", "cases_task.detail", "cases_approval.detail", "cases_rootcause.factors"), CODE),
    **dict.fromkeys(("cases_exposureanswer.*", "cases_conflictcheck.seen", "platform_filefault.why", "platform_storedfile.by"), CODE),
    **dict.fromkeys(("*.known_by", "correspondence_incoming.reason"), CODE),
    "correspondence_incoming.event": OURS,
    "correspondence_incomingfile.remote": "a number that LINE made for a message",
    "correspondence_incomingfile.why": CODE,
    "*.settled_by": STREAM,
    "cases_report.signers": STREAM,
    **dict.fromkeys(("evidence_making.asked", "evidence_making.fault", "evidence_making.by_kind", "evidence_making.acting_for"), CODE),
    **dict.fromkeys(("cases_retentionproposal.rule", "cases_retentionproposal.refused", "cases_retentionproposal.orders"), CODE),
    **dict.fromkeys(("correspondence_*.surface", "correspondence_*.level", "correspondence_*.needs", "correspondence_*.findings"), CODE),
    **dict.fromkeys(("correspondence_*.rule", "correspondence_verdictrow.what", "correspondence_*.packs"), CODE),
    **dict.fromkeys(("correspondence_clinicrule.*", "correspondence_allowentry.*", "correspondence_ownname.*"), HOUSE),
    **dict.fromkeys(("correspondence_message.reply_to", "*.templates", "correspondence_*.asks"), CODE),
    "correspondence_posting.ended_whose": CODE,
    "correspondence_tryout.*": "counts, and places in texts that stand elsewhere",
    "cases_demand.about": CODE,
    "cases_reportsignature.statement": OURS,
    "evidence_bundleexport.*": "codes, digests and places in the log: what a bundle is made anew from",
}  # fmt: skip


def words_of(model: type[models.Model]) -> list[models.Field]:
    table = model._meta.db_table
    return [
        field for field in model._meta.concrete_fields
        if isinstance(field, TYPED) and not any(fnmatch(f"{table}.{field.column}", pattern) for pattern in KEPT)
    ]  # fmt: skip


def tables() -> Iterator[tuple[type[models.Model], list[models.Field]]]:
    for model in apps.get_models():
        if model._meta.managed and (fields := words_of(model)):
            yield model, fields


@pytest.fixture
def whole(committed) -> Case:
    """A case with a row in every table, that has ended, with the word in every column that may hold one."""
    cast, case = committed, lived(committed)
    papers_of(case, cast)
    for seal in Seal.objects.filter(opening=None):
        opening = {"ground": "both_sides", "why": "看", "for_clinic": "甲", "for_patient": "乙", "witness": "丙"}
        case_unseal(case=case, seal=seal, **opening, actor=cast.manager.actor, now=LATER)
    case = ended(case, cast)
    triggers.drop()
    for model, _fields in tables():
        for more in SAID.get(model, () if model._base_manager.exists() else ({},)):
            made(model, case, more() if callable(more) else more)
    person = case.parties.get().person
    opened = {"birth_date": "1990-01-01", "chart_number": WORD}
    Person.objects.filter(pk=person.pk).update(**{f"{n}_sealed": person.sealed(f"person.{n}", said) for n, said in opened.items()})
    for model, fields in tables():
        for row in rows_of(model, case):
            for field in fields:
                plant(row, field)
    triggers.install()
    return case


def rows_of(model: type[models.Model], case: Case) -> models.QuerySet:
    rows = model._base_manager.order_by("pk")
    return rows.filter(pk=case.parties.get().person_id) if model is Person else rows


def plant(row: models.Model, field: models.Field) -> None:
    """Where the row's own constraints let it stand. What lies sealed says something already."""
    if isinstance(field, models.BinaryField):
        return
    with suppress(IntegrityError), transaction.atomic():
        type(row)._base_manager.filter(pk=row.pk).update(**{field.attname: planted(field)})


# Where the constraints of a table want more than any value. A message that went out by mail is the one with an address.
SAID: dict[type[models.Model], tuple[Any, ...]] = {
    Message: (
        {"direction": "out", "channel": "email", "state": "sent", "sent_at": NOON, "failed_at": None, "to_sealed": b"x", "verdict": "clean"},
        {"direction": "out", "channel": "email", "state": "draft"},
    ),
    Posting: (
        lambda: _standing(),
        lambda: _standing() | {"state": "down", "ended_at": NOON, "ended_whose": "clinic", "ended_by_id": _anybody()},
    ),
    Clearance: ({"needs": "one", "form_sealed": b"x"},),
    FindingDispute: (
        {"words_sealed": b"x"},
        lambda: {"outcome": "kept", "outcome_at": NOON, "outcome_by_id": User.objects.order_by("pk").first().pk},
    ),
    # What a machine wrote in answer to a message of the case; what answers none belongs to no case.
    Incoming: (
        lambda: {
            "in_reply_to_id": Message.objects.filter(text__isnull=False).earliest("id").pk, "content_sealed": b"x", "state": "aside",
            "sender_blind": b"x", "reason": "automatic", "settled_at": NOON, "settled_by": "integration:email", "message_id": None,
        },
        lambda: {"content_sealed": b"x", "sender_blind": bytes(theirs()), "event": "waits", "state": "waiting", "message_id": None,
                 "in_reply_to_id": None, "settled_at": None, "settled_by": ""},
    ),
    IncomingFile: (
        lambda: {"incoming_id": Incoming.objects.latest("id").pk, "name_sealed": b"x", "state": "left", "why": "kind", "settled_at": NOON,
                 "stored_id": None, "item_id": None},
    ),
    ContactPoint: (
        lambda: {"person_id": Party.objects.earliest("id").person_id, "kind": "email", "value_sealed": b"x", "blind": b"x", "preferred": False},
    ),
    Representative: (lambda: {"representative_id": Person.objects.create(branch=Branch.objects.first(), created_at=NOON).pk},),
}


def _standing() -> dict[str, Any]:
    own = OwnName.objects.create(platform="dcard", name="診所", added_by_id=_anybody(), added_at=NOON)
    words = Message.objects.filter(direction="out").earliest("id")
    return {"message_id": words.pk, "account_id": own.pk, "instead_of_id": None, "recorded_by_id": _anybody()}


def _anybody() -> int:
    return User.objects.order_by("pk").first().pk


def theirs() -> bytes:
    """By what words of the person are found who this is all about."""
    row = ContactPoint.objects.filter(person_id=Party.objects.earliest("id").person_id, blind__isnull=False).first()
    if row is None:
        ContactPoint.objects.create(person_id=Party.objects.earliest("id").person_id, kind="email", value_sealed=b"x", blind=b"theirs")
        return b"theirs"
    return row.blind


def planted(field: models.Field) -> Any:
    if isinstance(field, models.JSONField):
        return [WORD] if field.default is list else {"said": WORD}
    return WORD[: field.max_length]


def made(model: type[models.Model], case: Case, said: dict[str, Any]) -> models.Model:
    """A row of any table that hangs on this case, as empty as its columns allow, else as full."""
    why = []
    for full in (False, True):
        values = {f.attname: _value(f, case, full) for f in model._meta.concrete_fields if not f.primary_key}
        values |= said
        try:
            with transaction.atomic():
                row = model(**values)
                row.save(force_insert=True)
                return row
        except DatabaseError as error:
            why.append(str(error))
    raise AssertionError(f"say how a row of {model._meta.db_table} is made: {why}")


def _value(field: models.Field, case: Case, full: bool) -> Any:
    if field.has_default():
        return field.get_default()
    if field.null and not full:
        return None
    if isinstance(field, models.ForeignKey):
        known = {
            Case: case.pk, Branch: case.branch_id, Person: case.parties.first().person_id, Text: Text.objects.filter(stream=case.stream).first().pk,
            User: User.objects.order_by("pk").first().pk, CaseClock: case.clocks.first().pk, Proceeding: Proceeding.objects.first(),
        }  # fmt: skip
        found = known.get(field.related_model) or field.related_model._base_manager.order_by("pk").first()
        return found.pk if isinstance(found, models.Model) else found
    if field.column in ("stream", "subject_stream", "fact_stream"):
        return case.stream
    if isinstance(field, models.BooleanField):
        return False
    if isinstance(field, models.DateTimeField):
        return NOON
    if isinstance(field, models.DateField):
        return NOON.date()
    if isinstance(field, models.IntegerField):
        return 1
    return b"x" if isinstance(field, models.BinaryField) else "x"


def left(case: Case) -> list[str]:
    """Columns in which the word still stands, or anything at all that lies sealed."""
    return sorted(
        {
            f"{model._meta.db_table}.{field.column}"
            for model, fields in tables()
            for row in rows_of(model, case)
            for field in fields
            if _stands(getattr(row, field.attname))
        }
    )


def _stands(value: Any) -> bool:
    return bool(bytes(value)) if isinstance(value, (bytes, memoryview)) else WORD in str(value)


@pytest.mark.slow
def test_no_column_of_words_outlives_an_order_that_covers_everything(whole):
    every = {f"{model._meta.db_table}.{field.column}" for model, fields in tables() for field in fields}
    assert every - set(left(whole)) == set(), "the word is found wherever it was put"
    head = User.objects.get(login="head")
    demand = asked(whole)
    given = {"choices": EVERYTHING, "letter": "好", "language": "zh-hant", "now": LONG_AFTER}
    erasure_answer(case=fresh(whole), demand=demand, **given, actor=_actor(head))
    for name, run in (("files.unlink", unlink), ("erasure.purge", purged_when_free)):
        for queued in Job.objects.filter(name=name):
            run(queued.args, LONG_AFTER)

    assert left(whole) == []
    person = whole.parties.first().person
    streams = [whole.stream, person.stream, *(whole.compartment_stream(name) for name in ("counsel", "mediation", "root_cause", "care_talks"))]
    sealed = FactPrivate.objects.filter(fact__stream__in=streams).exclude(fact__type__startswith="erasure.")
    assert [f"{each.fact.type}.{each.name}" for each in sealed if each.fact.at < LONG_AFTER] == []
    assert not TextIndex.objects.filter(pk__in=Text.objects.filter(body="")).exists() and not person.index_rows.exists()
    assert not StoredFile.objects.filter(state="stored", item__isnull=False).exists()
    assert triggers.missing() == []


def _actor(user: User):
    from suyuan.kernel.actor import Actor

    return Actor("user", str(user.uid), user.pk)


def test_every_reason_is_one_for_something():
    columns = [f"{m._meta.db_table}.{f.column}" for m in apps.get_models() for f in m._meta.concrete_fields if isinstance(f, TYPED)]
    assert [pattern for pattern in KEPT if not any(fnmatch(column, pattern) for column in columns)] == []


# --- what may be missing, and what may not ---------------------------------------------------------------------------


@pytest.fixture
def case(cast) -> Case:
    return lived(cast)


LOOSENED = ((Interview, "recorder"), (Observation, "struck_reason"), (Seal, "for_clinic"), (Seal, "for_patient"), (Seal, "witness"), (Seal, "absence"))


@pytest.mark.django_db
def test_such_a_word_goes_by_order_alone_and_the_rows_still_hold(case, cast):
    for model, column in LOOSENED:
        row = model.objects.exclude(**{column: ""}).first()
        mine = model.objects.filter(pk=row.pk)
        assert _refused(lambda m=mine, c=column: m.update(**{c: ""})), column
        assert _refused(lambda r=row, c=column: _copy(r, **{c: ""})) == "says too little", "an ordinary row never lacks it"

        told = [f for f in FactPrivate.objects.filter(fact__stream=case.stream).select_related("fact") if _says(f, column)]
        erasure_order(stream=case.stream, what=[Cell(row, column), *told], actor=cast.head.actor, now=LATER)
        assert getattr(mine.get(), column) == "" and faults(case) == []
        assert _refused(lambda m=mine, c=column: m.update(**{c: "另一個人"})) == "is frozen"


@pytest.mark.django_db
def test_whoever_blanks_it_without_an_order_is_named(case):
    triggers.drop()
    for model, column in LOOSENED:
        row = model.objects.exclude(**{column: ""}).first()
        with transaction.atomic():
            model.objects.filter(pk=row.pk).update(**{column: ""})
            assert any(fault.detail.startswith(f"{model._meta.db_table}.{column} ") for fault in faults(case)), column
            transaction.set_rollback(True)


@pytest.mark.django_db
def test_a_hold_says_why_until_it_is_lifted_and_erased(case, cast):
    assert _refused(lambda: Hold.objects.create(stream=case.stream, kind="court", placed_by="x", placed_at=NOON)) == "says too little"
    standing = hold_place(stream="case:9", kind="court", reason="來函", actor=cast.legal.actor, now=NOON)
    assert _refused(lambda: Hold.objects.filter(pk=standing.pk).update(lifted_at=NOON, lifted_by="x")) == "says too little"
    lifted = Hold.objects.filter(stream=case.stream).first()
    erasure_order(stream=case.stream, what=[Cell(lifted, "reason"), Cell(lifted, "lifted_reason")], actor=cast.head.actor, now=LATER)
    lifted.refresh_from_db()
    assert (lifted.reason, lifted.lifted_reason) == ("", "") and lifted.lifted_by
    assert [str(fault) for fault in verify.verify_streams(rows_checks=verify.row_checks()).faults] == []


@pytest.mark.django_db
def test_words_written_where_an_order_emptied_the_column_go_with_the_next(case, cast):
    item = Seal.objects.first().lines.first().item
    erasure_order(stream=case.stream, what=[Cell(item, "title")], actor=cast.head.actor, now=LATER)
    type(item).objects.filter(pk=item.pk).update(title=WORD)
    item.refresh_from_db()
    erasure_order(stream=case.stream, what=[Cell(item, "title")], actor=cast.head.actor, now=LATER)
    assert type(item).objects.get(pk=item.pk).title == ""


def _says(field: FactPrivate, column: str) -> bool:
    return field.name in (column, "reason") and field.fact.type.startswith(("interview.", "observation.", "seal."))


def _refused(act) -> str:
    try:
        with transaction.atomic():
            act()
    except IntegrityError as error:
        return next(why for why in ("is frozen", "says too little") if why in str(error))
    return ""


def _copy(row: models.Model, **changed: Any) -> None:
    kept = {f.attname: getattr(row, f.attname) for f in row._meta.concrete_fields if not f.primary_key}
    kept |= {"uid": chance.uid()} | ({"number": "X-1"} if isinstance(row, Seal) else {"number": 99} if isinstance(row, Interview) else {})
    type(row)(**(kept | changed)).save(force_insert=True)
