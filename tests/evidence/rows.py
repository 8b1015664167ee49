"""A case with a row in every table of evidence, and everything that a forger may do to one of them."""
from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple
from uuid import UUID

from django.apps import apps
from django.db import DatabaseError, models, transaction

from suyuan.cases.models import Case
from suyuan.cases.recomputing_inquiry import inquiry_recomputed
from suyuan.cases.services.bundles import case_bundle
from suyuan.evidence.looking import Look
from suyuan.evidence.models import CustodyEntry, Item
from suyuan.evidence.recomputing import evidence_recomputed
from suyuan.evidence.services import derived, hearing, items, requests, rights
from suyuan.evidence.services.hearing import Heard, Sound
from suyuan.evidence.services.items import ItemGiven
from suyuan.evidence.services.requests import Asked, Holder
from suyuan.platform import chance as drawn
from suyuan.platform.erasure import Cell, erasure_done, erasure_order
from suyuan.platform.faults import Fault
from suyuan.platform.files import STAFF_TYPES, file_receive, file_store
from suyuan.platform.holds import hold_lift, hold_place
from suyuan.platform.models import ErasureOrder, ErasureTarget, FactPrivate, Hold
from suyuan.platform.recomputing import platform_recomputed
from tests.cases.cast import HOUR, NOON, case_made

LATER = NOON + HOUR
DAY = timedelta(days=1)

# What no fact says, and why that is no loss.
NOT_COMMITTED: dict[str, str] = {
    "evidence_custodyentry.uid": "names a hand-over inside this database only; the fact of the hand-over has its place",
    # What was found when the bundle was made; whoever receives it checks the manifest, which a fact says.
    "evidence_bundleexport.crcs": "with wrong ones a bundle cannot be opened; they make no other one believed",
    "evidence_bundleexport.fault": "says whether it is offered; what leaves is checked by whoever receives it",
    "evidence_bundleexport.checked_at": "when that was found",
    "correspondence_clearance.branch_id": "moves with its case; the fact of the move says where to",
    "correspondence_clearance.compartment": "the same; in which stream it was told is part of what was asked",
    "correspondence_clearance.form_sealed": "waits for whoever asked, sealed, and goes by itself",
    "correspondence_findingdispute.branch_id": "moves with its case",
    "correspondence_clinicrule.uid": "facts name it by its code and version",
    "correspondence_findingdispute.words_sealed": "sealed anew each time: what it opens to is looked at below",
}


# Work that waits, as a job does: what came of it is an item, and that is said.
WAITING = {"evidence_making"}


def tables() -> list[type[models.Model]]:
    """Made from the schema: every table of evidence, and what forbids and orders erasure."""
    kept = [each for each in apps.get_app_config("evidence").get_models() if each._meta.db_table not in WAITING]
    return [*kept, Hold, ErasureOrder, ErasureTarget]


def columns(model: type[models.Model]) -> list[models.Field]:
    """All but the number that the database gives."""
    table = model._meta.db_table
    return [
        field for field in model._meta.concrete_fields
        if not field.primary_key and f"{table}.{field.name}" not in NOT_COMMITTED
    ]  # fmt: skip


def faults(case: Case, about: type[models.Model] | None = None) -> list[Fault]:
    """What all checks find, or that of them which reads this table."""
    checks = {"evidence": evidence_recomputed, "platform": platform_recomputed, "cases": inquiry_recomputed}
    asked = checks if about is None else [about._meta.app_label]
    return [fault for name in asked for fault in checks[name]([case.stream])]


# --- the case ----------------------------------------------------------------------------------------------------------


def lived(cast) -> Case:
    """Each kind of row, each way in which one may end, and two of whatever another row can be made to point to."""
    actor, manager = cast.doctor.actor, cast.manager.actor

    def kept(words: str, name: str = "照片.txt"):
        received = file_receive(source=[words.encode()], name=name, max_bytes=100_000, accept=STAFF_TYPES)
        return file_store(received=received, branch_id=cast.tn.pk, actor=actor, now=NOON)

    case = case_made(cast, files=(kept("第一張", "一.txt"), kept("第二張", "二.txt")))
    here = {"stream": case.stream, "branch_id": case.branch_id}
    who = {"actor": actor, "now": NOON}
    add = {"stream": case.stream, "branch_id": case.branch_id, "actor": actor, "now": NOON}

    photo = items.item_add(
        given=ItemGiven(kept("術後"), "desk", kind="photo", title="術後", from_whom="本人", obtained_at=NOON - DAY, place="診間"), **add
    )
    sheet = items.item_add(given=ItemGiven(None, "desk", kind="object", title="安瓿", note="冰的", place="冷藏櫃"), **add)
    slip = items.item_add(given=ItemGiven(kept("簽名"), "desk", kind="consent", title="同意書"), **add)
    closed = ItemGiven(kept("律師函"), "desk", title="律師函", compartment="counsel")
    items.item_add(given=closed, told_in=case.compartment_stream("counsel"), **add)
    items.item_describe(item=photo, title="術後第三天", kind="imaging", obtained_at=NOON - 2 * DAY, **who)
    items.custody_note(
        item=sheet, act="sent_for_test", happened_at=NOON - HOUR, from_whom="護理站", to_whom="檢驗所", place="車上", why="查批號", **who
    )
    derived.item_copied(item=photo, purpose="review", **who)
    made = file_receive(source=[b"black"], name="a.txt", max_bytes=1000, accept=STAFF_TYPES)
    redacted = derived.item_derive(item=photo, derivation="redacted", received=made, why="遮住臉", **who)
    derived.item_copied(item=redacted, purpose="counsel", **who)
    shown = [file_receive(source=[each], name="p.txt", max_bytes=1000, accept=STAFF_TYPES) for each in (b"large", b"small")]
    look = Look("ok", 800, 600, 1, "2026-03-01T10:20:30", "+08:00", (shown[0],), shown[1])
    derived.item_look(item=photo, look=look, zone=cast.tn.tz, now=NOON)

    sealed = {"items": [photo, sheet], "stream": case.stream, "branch": case.branch, "lots": {sheet.pk: "HA-77"}, **who}
    ceremony = {"place": "諮詢室", "kept_at": "保險櫃", "for_clinic": "陳經理"}
    first = rights.seal_make(ceremony=rights.Ceremony(**ceremony, for_patient="例小安", unfinished="影片"), **sealed)
    opening = {"for_clinic": "陳經理", "for_patient": "例小安", "witness": "王律師", "why": "鑑定", "happened_at": NOON}
    rights.seal_open(seal=first, ground="both_sides", **opening, actor=actor, now=LATER)
    alone = rights.Ceremony(**ceremony, witness="王律師", absence="沒有來", signed_on="screen")
    rights.seal_make(ceremony=alone, continues=first, happened_at=NOON, **(sealed | {"now": LATER}))

    copied = {"stream": case.stream, "branch": case.branch, "request": UUID(int=7), "currency": "TWD", **who}
    sets = [
        rights.copies_prepare(items=[photo, slip], consents="included", missing="影片", pages=12, fee_minor=200, **copied),
        rights.copies_prepare(items=[sheet], consents="none_exist", missing="沒有簽過", **copied),
    ]
    handing = {"standing": "agent", "shown": "委任書", "medium": "paper", "receipt": "witnessed", "witness": "王律師"}
    rights.copies_hand_over(copies=sets[0], to_whom="例小安", happened_at=NOON - HOUR, **handing, **who)

    for kind in ("device", "photo"):
        need = requests.need_set_aside(stream=case.stream, kind=kind, reason="沒有用儀器", **who)
    requests.need_take_back(need=need, actor=manager, now=LATER)
    asked = {"stream": case.stream, **who}
    late = {"actor": manager, "now": LATER}
    due = NOON + 3 * DAY
    given = requests.request_open(holder=Holder(user=cast.nurse.user, name="護理師"), asked=Asked("chart", due, "請找"), **asked)
    requests.request_remind(request=given, actor=actor, now=NOON + HOUR / 2)
    requests.request_given(request=given, items=[slip, photo], **late)
    outside = requests.request_open(holder=Holder(party=f"party:{UUID(int=5)}", name="本人"), asked=Asked("photo", due), **asked)
    requests.request_answer(request=outside, how="answered", words="都刪掉了", branch_id=case.branch_id, **late)
    role = requests.request_open(holder=Holder(role="nurse", name="護理"), asked=Asked("device", due), **asked)
    requests.request_cancel(request=role, reason="找到了", **late)

    talk = {"name": "林小姐", "interviewers": "許醫師", "held_at": NOON - HOUR, "place": "二樓", "present": "陳經理"}
    sound = Sound(slip, "許醫師", True, True)
    talks = [
        hearing.interview_record(heard=Heard(**talk, party=f"party:{UUID(int=5)}", sound=sound), minutes="打過電話", **here, **who),
        hearing.interview_record(heard=Heard(**talk, user=cast.nurse.user), minutes="沒有接到", **here, **who),
    ]
    hearing.interview_rewrite(interview=talks[0], minutes="打過兩次", branch_id=case.branch_id, **who)
    settled = {"branch_id": case.branch_id, **late}
    done = hearing.interview_confirm(
        interview=talks[0], how="read_aloud", corrections="三次", signature=slip, happened_at=NOON, **settled
    )
    hearing.interview_refuse(interview=talks[1], reason="沒說過", **late)
    for words in ("是下午", "四點"):
        hearing.interview_supplement(interview=done, words=words, said_by="林小姐", **settled)
    seen = {"seen_at": NOON - HOUR, "late_after": DAY, **here, **who}
    notes = [hearing.observation_note(words=words, **seen) for words in ("右眼紅", "左眼紅")]
    hearing.observation_note(words="後來退了", supplements=notes[0], **seen)
    hearing.observation_strike(note=notes[1], reason="看錯邊", actor=actor, now=LATER)

    for kind in ("court", "counsel"):
        hold = hold_place(stream=case.stream, kind=kind, reason="來函", actor=manager, now=NOON)
        hold_lift(hold=hold, reason="結案", actor=cast.legal.actor, now=LATER)
    for entry in CustodyEntry.objects.filter(item=sheet, act="sent_for_test"):
        told = FactPrivate.objects.get(fact__type="item.custody", name="why")
        order = erasure_order(stream=case.stream, what=[Cell(entry, "why"), told], actor=manager, now=LATER)
        erasure_done(order=order, now=LATER + HOUR)
    erasure_order(stream=case.stream, what=[Cell(redacted, "note")], reason="本人要求", actor=manager, now=LATER)
    for purpose in ("litigation", "authority"):
        case_bundle(case=case, purpose=purpose, actor=cast.manager.actor, now=LATER)
    return case


# --- what may be done to it ----------------------------------------------------------------------------------------------


class Edit(NamedTuple):
    """One edit past the product. `place`: whether a fact must be named; a row that no fact made has none to name."""

    model: type[models.Model]
    column: str
    row: models.Model
    do: Callable[[], Any]
    place: bool = True


def edits(amount: int, chance: random.Random, of: Sequence[type[models.Model]] = ()) -> Iterator[Edit]:
    """Every column of every table in turn, every table's deletes and inserts, each on a row drawn by lot."""
    of = of or tables()
    every = [(model, field) for model in of for field in columns(model)]
    every += [(model, what) for model in of for what in ("DELETE", "INSERT")]
    for number in range(amount):
        model, field = every[number % len(every)]
        row = chance.choice(list(model._base_manager.order_by("pk")))
        yield _edit(model, field, row, chance)


def _edit(model: type[models.Model], field: Any, row: models.Model, chance: random.Random) -> Edit:
    mine = model._base_manager.filter(pk=row.pk)
    if field == "DELETE":
        return Edit(model, field, row, lambda: mine._raw_delete("default"))
    if field == "INSERT":
        return Edit(model, field, row, lambda: _slipped_in(row), place=model is ErasureTarget)
    value = _another(field, getattr(row, field.attname), chance)
    return Edit(model, field.name, row, lambda: mine.update(**{field.attname: value}))


def _another(field: models.Field, before: Any, chance: random.Random) -> Any:
    if isinstance(field, models.ForeignKey):
        return chance.choice(list(field.related_model._base_manager.exclude(pk=before).values_list("pk", flat=True)))
    if isinstance(field, models.BooleanField):
        return not before
    if isinstance(field, models.UUIDField):
        return drawn.uid()
    if isinstance(field, models.DateTimeField):
        return (before or NOON) + timedelta(microseconds=chance.choice((-1, 1)))
    if isinstance(field, models.JSONField):
        return {**before, "more": 1} if isinstance(before, dict) else [*before, "more"]
    if isinstance(field, models.IntegerField):
        return (before or 0) + 1
    if isinstance(field, models.BinaryField):
        return bytes(before or b"") + b"\1"
    limit = field.max_length or 200
    return ("退" + before)[: limit - 1] if before[:1] != "退" else "另一句"


def _slipped_in(row: models.Model) -> None:
    """As like the one beside it as its keys allow."""
    kept = {each.attname: getattr(row, each.attname) for each in row._meta.concrete_fields if not each.primary_key}
    for each in row._meta.concrete_fields:
        if isinstance(each, models.UUIDField) and each.unique:
            kept[each.attname] = drawn.uid()
        elif isinstance(each, models.OneToOneField):
            taken = type(row)._base_manager.exclude(**{each.attname: None}).values(each.attname)
            kept[each.attname] = each.related_model._base_manager.exclude(pk__in=taken).values_list("pk", flat=True).first()
        elif each.unique and isinstance(each, models.CharField):
            kept[each.attname] = f"X-{drawn.uid()}"[:20]
    more: dict[str, Callable[[], dict[str, Any]]] = {
        "item": lambda: {"number": None if row.number is None else row.number + 50},
        "interview": lambda: {"number": row.number + 50},
        "need": lambda: {"kind": f"{row.kind}2"},
        "sealeditem": lambda: {"item_id": _other_item(row.item_id)},
        "copieditem": lambda: {"item_id": _other_item(row.item_id)},
        "erasuretarget": lambda: {"row_id": row.row_id + 999},
        "findingcitation": lambda: {"item_id": _other_item(row.item_id, row.finding.citations)},
        "carecitation": lambda: {"item_id": _other_item(row.item_id, row.line.citations)},
        "careline": lambda: {"question": f"{row.question}2"},
        "caresheet": lambda: {"version": row.version + 50},
        "report": lambda: {"version": row.version + 50, "kind": f"{row.kind}2"[-12:]},
        "reportsignature": lambda: {"user_id": row.report.case.registered_by_id},
    }
    type(row)(**(kept | more.get(row._meta.model_name, dict)())).save(force_insert=True)


def _other_item(taken: int, cited: models.Manager | None = None) -> int:
    here = [taken, *([] if cited is None else cited.values_list("item_id", flat=True))]
    return Item.objects.exclude(pk__in=here).filter(seals=None).order_by("-pk").values_list("pk", flat=True).first()


class Tried(NamedTuple):
    made: int
    refused: list[str]
    missed: list[str]


def tried(case: Case, amount: int, chance: random.Random, of: Sequence[type[models.Model]] = ()) -> Tried:
    """Do each, ask the verifier, put it back. `refused`: what the database itself would not have, guards or not."""
    made, refused, missed = 0, [], []
    for edit in edits(amount, chance, of):
        what = f"{edit.model._meta.db_table}.{edit.column} of {edit.row.pk}"
        try:
            with transaction.atomic():
                edit.do()
                found = faults(case, edit.model)
                transaction.set_rollback(True)
        except DatabaseError as error:
            refused.append(f"{what}: {error}")
            continue
        made += 1
        if not _names(found, edit):
            missed.append(f"{what}: {[str(fault) for fault in found]}")
    return Tried(made, refused, missed)


# Columns that a fact commits together, under one name.
TOGETHER = {
    "evidence_bundleexport": ("evidence_bundleexport.made_from ",),
    "evidence_item": ("evidence_item.told_in ",),
    "platform_erasuretarget": ("platform_erasureorder.targets ",),
    "cases_report": ("cases_report.written ", "cases_report.frozen "),
    "cases_passport": ("cases_passport.frozen ",),
}


def _names(found: list[Fault], edit: Edit) -> bool:
    """The verifier points to the column, or says that the row is not there, at the fact that says otherwise."""
    table = edit.model._meta.db_table
    called = (f"{table}.{edit.column} ", *TOGETHER.get(table, ()), f"{table} ")
    about = [fault for fault in found if fault.detail.startswith(called)]
    return any(fault.position > 0 for fault in about) if edit.place else bool(about)
