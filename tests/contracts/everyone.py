"""One person for every role, one case that everyone could see, and one like it in another branch."""
from __future__ import annotations

import io
from dataclasses import dataclass, replace
from datetime import date, timedelta

from django.test import Client
from django.urls import resolve

from suyuan.accounts import matrix
from suyuan.accounts.models import Deputy, GuestGrant, Member, MemberRole, User
from suyuan.accounts.rules import GUEST_KINDS, GUESTS, CaseView
from suyuan.cases.models import Case, Involvement, Report, RootCause, StaffStatement, Task
from suyuan.cases.rules import Paper
from suyuan.cases.services import handling, publishing
from suyuan.cases.services.bundles import case_bundle, case_bundle_prepare
from suyuan.cases.services.common import tell, words_frozen
from suyuan.cases.services.hearing import interview_record
from suyuan.cases.services.passports import passport_make
from suyuan.correspondence.arriving import Came
from suyuan.correspondence.gate import Words
from suyuan.correspondence.models import Clearance, OwnName
from suyuan.correspondence.own_rules import Wanted
from suyuan.correspondence.services import Arrival, allow_add, clinic_rule_draft, finding_dispute, incoming_take
from suyuan.desk.services import file_keep, letter_send
from suyuan.evidence.looking import look_into
from suyuan.evidence.models import Item
from suyuan.evidence.rules import SHOWN
from suyuan.evidence.selectors.pictures import previews_of
from suyuan.evidence.services.derived import item_look
from suyuan.evidence.services.hearing import Heard
from suyuan.evidence.services.rights import Ceremony, copies_prepare, seal_make
from suyuan.kernel.actor import Actor
from suyuan.people.models import ContactPoint
from suyuan.people.rules import Contact
from suyuan.people.services import NewPerson, representative_register
from suyuan.platform.files import STAFF_TYPES, file_receive
from suyuan.platform.models import FileFault, StoredFile
from suyuan.platform.texts import text_write
from suyuan.platform.units import unit
from tests.cases.cast import NOON, Cast, case_made, fresh, investigating
from tests.correspondence.held_public import CLEAN
from tests.evidence.pictures import A_FILE

ROLES = matrix.COLUMNS
RELATIONS = ("none", "registered", "owner", "task", "investigator", "complained", "stranger")
SAYS_NO = frozenset({403, 404})


@dataclass
class House:
    """`people[role]`; `here` and `there` are cases; `things[place]` names one row of each kind there."""

    cast: Cast
    people: dict[str, User]
    here: Case
    there: Case
    things: dict[str, dict[str, str]]

    def case(self, relation: str) -> Case:
        return self.there if relation == "stranger" else self.here

    def client(self, role: str) -> Client:
        client = Client()
        client.force_login(self.people[role])
        return client


def house_made(cast: Cast) -> House:
    here, there = _case(cast, cast.tn), _case(cast, cast.tp)
    here.department = cast.surgery
    here.save(update_fields=["department"])
    people = {role: _person(cast, role, here) for role in ROLES}
    things = {
        "here": _things(cast, here, cast.manager, people["case_manager"]),
        "there": _things(cast, there, cast.stranger, cast.stranger.user),
    }
    # A case moves no further by itself, and is open to every kind of grant.
    for case in (here, there):
        Case.objects.filter(pk=case.pk).update(escalated=True, money=True, asked_legal=True)
    return House(cast, people, fresh(here), fresh(there), things)


def _person(cast: Cast, role: str, case: Case) -> User:
    user = User.objects.create(login=f"as_{role}", display_name=f"{role}", created_at=NOON, password="!")
    if role in GUESTS:
        kinds = {name: kind for kind, name in GUEST_KINDS.items()}
        GuestGrant.objects.create(
            user=user, kind=kinds[role], stream=case.stream, branch=cast.tn, last_day=date(2026, 12, 31),
            reason="第二意見", invited_by=cast.head.user,
        )  # fmt: skip
        return user
    member = Member.objects.create(user=user, branch=cast.tn, department=cast.surgery, first_day=date(2025, 1, 1))
    MemberRole.objects.create(member=member, role=role)
    return user


def _case(cast: Cast, branch) -> Case:
    """A case of level 3 with every flag, in which another person asked for lowering and for closing."""
    manager = cast.manager if branch == cast.tn else cast.stranger
    case = case_made(cast, branch=branch)
    case = handling.case_raise(case=case, level=3, reason="媒體來電", actor=manager.actor, now=NOON)
    for flag in ("media", "legal"):
        handling.case_flag(case=fresh(case), flag=flag, reason="有人來電", actor=manager.actor, now=NOON)
    if branch == cast.tn:
        investigating(cast, fresh(case))
        Involvement.objects.filter(case=case).exclude(kind="complained").delete()
        Case.objects.filter(pk=case.pk).update(owner=None, registered_by=None)
    handling.level_lower_ask(case=fresh(case), level=2, reason="已經說明清楚", actor=manager.actor, now=NOON)
    Case.objects.filter(pk=case.pk).update(closing_asked_at=NOON, closing_asked_by=manager.user)
    Task.objects.filter(case=case).exclude(role="").update(role="")
    return fresh(case)


def _things(cast: Cast, case: Case, manager, colleague: User) -> dict[str, str]:
    """One row of each kind that an address names by its uid."""
    actor = manager.actor
    letter = letter_send(case=fresh(case), party=case.parties.get(), channel="portal", words="明天中午前回電。", actor=actor, now=NOON)
    on_paper = letter_send(
        case=fresh(case), party=case.parties.get(), channel="letter", words="明天中午前回電。", to="700 臺南市中西區示例路 1 號",
        actor=actor, now=NOON,
    )  # fmt: skip
    talk = Heard(name="林小姐", interviewers="經理", held_at=NOON, place="會談室")
    heard = interview_record(case=fresh(case), heard=talk, minutes="她說打過電話。", actor=actor, now=NOON)
    received = file_receive(source=[b"%PDF-1.4\n" + b"x" * 900], name="a.pdf", max_bytes=10_000, accept=STAFF_TYPES)
    kept = file_keep(case=fresh(case), received=received, note="", actor=actor, now=NOON)
    stored = StoredFile.objects.get(uid=received.uid)
    fault = FileFault.objects.create(file=stored, why="missing", found_at=NOON)
    photo, film = _shown(case, actor, "png"), _shown(case, actor, "wav")
    paper = _shown(case, actor, "pdf")
    person = case.parties.get().person
    contact = ContactPoint.objects.filter(person=person).first() or _contact(person, actor)
    mother = representative_register(
        person=person, new=NewPerson(family_name="例", given_name="媽媽"), kind="parent", document="", actor=actor, now=NOON
    )
    member = Member.objects.create(
        user=User.objects.create(login=f"new_{case.branch.code}", display_name="新人", created_at=NOON, password="!"),
        branch=case.branch,
        first_day=date(2025, 1, 1),
    )
    MemberRole.objects.create(member=member, role="reception")
    deputy = Deputy.objects.create(
        user=member.user, stands_in_for=manager.user, first_day=date(2027, 1, 1), last_day=date(2027, 1, 2)
    )
    guest = User.objects.create(login=f"guest_{case.branch.code}", display_name="來賓", created_at=NOON, password="!")
    grant = GuestGrant.objects.create(
        user=guest, kind="doctor", stream=case.stream, branch=case.branch, last_day=date(2026, 12, 31), reason="x",
        invited_by=manager.user,
    )  # fmt: skip
    clock = case.clocks.filter(state="running").first() or case.clocks.first()
    seal, copies = _sealed_and_copied(case, kept, actor)
    return {
        "desk:seal_print": str(seal.uid),
        "desk:copies_print": str(copies.uid),
        "reference": case.reference,
        "desk:file": str(kept.uid),
        "desk:bundle": _bundle(fresh(case), actor),
        **_papers(case, manager.user, actor),
        "desk:file_redact": str(photo.uid),
        "desk:making": _making(case, paper, actor),
        "desk:root_cause": _analysis(case, actor),
        "desk:file_shown": str(previews_of(photo)[0].uid),
        "desk:file_play": str(film.uid),
        "desk:file_page": str(paper.uid),
        "desk:interview": str(heard.uid),
        "desk:letter_take_back": str(letter.uid),
        "desk:letter_print": str(on_paper.uid),
        "desk:clock": str(clock.uid),
        "desk:call_answer": str(Task.objects.create(case=case, kind="help", assignee=manager.user, opened_at=NOON).uid),
        "desk:clearance": _clearance(case, manager.user),
        "people:person": str(person.uid),
        "people:contact": str(contact.uid),
        "people:representative": str(mother.uid),
        "accounts:person": str(member.user.uid),
        "accounts:member": str(member.uid),
        "accounts:deputy": str(deputy.uid),
        "accounts:guest": str(grant.uid),
        "accounts:branch": str(case.branch.uid),
        "house_fault": str(fault.uid),
        "desk:inbox_item": _came(case),
        "desk:inbox_file": _came_along(case),
        **_own_rules(case, actor),
        **_in_public(case, actor),
    }


def _came(case: Case) -> str:
    """Words that nobody could put anywhere."""
    arrival = Arrival(channel="email", event=f"mail-{case.pk}", branch_id=case.branch_id, sender="x@example.org", words="請問")
    return str(incoming_take(arrivals=[arrival], actor=Actor("integration", "email"), now=NOON)[0].uid)


def _came_along(case: Case) -> str:
    """A file of such words."""
    received = file_receive(source=[A_FILE["png"]], name="a.png", max_bytes=10_000)
    more = {"event": f"file-{case.pk}", "branch_id": case.branch_id, "words": "照片", "files": (Came(name="a.png", received=received),)}
    (row,) = incoming_take(arrivals=[Arrival(channel="email", **more)], actor=Actor("integration", "email"), now=NOON)
    return str(row.files.get().uid)


def _in_public(case: Case, actor) -> dict[str, str]:
    """Frozen words for everybody, others that were posted, and the account by which they were."""
    first, second = (_final(case, actor) for _n in range(2))
    own = OwnName.objects.create(platform="dcard", name=case.branch.code, branch=case.branch, added_by_id=actor.user_id, added_at=NOON)
    given = {"account": str(own.uid), "posted_at": NOON, "sha256": first.text.sha256, "place": "首頁"}
    posting = publishing.public_post(case=fresh(case), message=first, **given, actor=actor, now=NOON)
    draft = publishing.public_draft(case=fresh(case), surface="statement", words=CLEAN, actor=actor, now=NOON)
    words = {"desk:public_text": str(second.uid), "desk:public_rewrite": str(draft.uid)}
    return words | {"desk:public_ended": str(posting.uid), "desk:public_capture": str(posting.uid), "desk:own_name_end": str(own.uid)}


def _final(case: Case, actor):
    who = {"case": fresh(case), "actor": actor, "now": NOON}
    return publishing.public_freeze(message=publishing.public_draft(surface="statement", words=CLEAN, **who), **who)


def _own_rules(case: Case, actor) -> dict[str, str]:
    """What a clinic has added to the guard."""
    wanted = Wanted(
        kind="stalling", title="不要只說等通知", levels={"private_message": "warn"}, phrases=("靜候通知",), why="不知道等到哪天",
        fires=("請靜候通知。",), quiet=("明天回電。",),
    )  # fmt: skip
    rule = clinic_rule_draft(wanted=wanted, branch=case.branch, actor=actor, now=NOON)
    number = f"0900-111-{case.branch.pk:03d}"
    word = allow_add(kind="phone", words=number, why="值班手機", branch=case.branch, actor=actor, now=NOON)
    said = Words(text="您太挑剔了", stream=f"branch:{case.branch.uid}", branch_id=case.branch_id)
    found = said.verdict.findings[0]
    told = finding_dispute(words=said, rule=found.rule, start=found.start, end=found.end, why="這是引用", actor=actor, now=NOON)
    return {"desk:own_rule": str(rule.uid), "desk:own_word_end": str(word.uid), "desk:dispute_answer": str(told.uid)}


def _clearance(case: Case, writer: User) -> str:
    """Words that wait, as somebody of the case would have asked about them."""
    with unit():
        text = text_write(stream=case.stream, kind="clearance", body="三個月內一定會好。", branch_id=case.branch_id, now=NOON)
        row = Clearance.objects.create(
            stream=case.stream, fact_stream=case.stream, branch_id=case.branch_id, surface="private_message", language="zh-hant",
            sha256=text.sha256, text=text, asked_by=writer, asked_at=NOON, why="", level="warn", needs="one",
        )  # fmt: skip
    return str(row.uid)


def _papers(case: Case, author: User, actor) -> dict[str, str]:
    """A draft of each document, as its author would have begun it, and a passport."""
    made = {
        kind: Report.objects.create(
            case=case, kind=kind, version=1, language="zh-hant", author=author, drafted_at=NOON, revised_at=NOON
        )
        for kind in Paper
    }
    passport = passport_make(
        case=fresh(case), purpose="mediation", language="zh-hant", check_url="https://clinic.example/p/proof/",
        actor=actor, now=NOON,
    )  # fmt: skip
    return {f"desk:report_{kind}": str(report.uid) for kind, report in made.items()} | {"desk:passport": str(passport.uid)}


def _shown(case: Case, actor, kind: str) -> Item:
    """A file that a page shows, looked into."""
    received = file_receive(source=[A_FILE[kind]], name=f"b.{kind}", max_bytes=100_000, accept=STAFF_TYPES)
    item = file_keep(case=fresh(case), received=received, note="", actor=actor, now=NOON)
    if item.stored.content_type in SHOWN:
        item_look(item=item, look=look_into(item.stored), zone=case.branch.tz, now=NOON)
    return item


def _making(case: Case, paper: Item, actor) -> str:
    given = {"case": fresh(case), "item": paper, "derivation": "redacted", "black": [[1, 0, 0, 10, 10]], "pages": [1]}
    return str(handling.item_ask_copy(**given, why="給保險公司", actor=actor, now=NOON).uid)


def _analysis(case: Case, actor) -> str:
    """As an investigator would have left it."""
    with unit():
        text = words_frozen(case, "root_cause", "值班表沒有寫", now=NOON, compartment="root_cause")
        row = RootCause.objects.create(case=case, whys=["沒有人回電"], root=text, by_id=actor.user_id, at=NOON)
        told = {"root_cause": str(row.uid), "whys": 1, "factors": []}
        tell(case, "root_cause.recorded", actor=actor, now=NOON, plain=told, texts={"root": text}, compartment="root_cause")
    return str(row.uid)


def _sealed_and_copied(case: Case, kept, actor):
    there = Ceremony(place="諮詢室", kept_at="保險櫃", for_clinic="經理", for_patient="例小安")
    given = {"items": [kept], "stream": case.stream, "branch": case.branch, "actor": actor, "now": NOON}
    copies = copies_prepare(**given, request=None, consents="included", currency="TWD")
    return seal_make(**given, ceremony=there), copies


def _bundle(case: Case, actor) -> str:
    export, plan = case_bundle(case=case, purpose="litigation", actor=actor, now=NOON)
    case_bundle_prepare(export=export, plan=plan, now=NOON)
    return str(export.uid)


def _contact(person, actor):
    from suyuan.people.services import contact_add

    return contact_add(person=person, contact=Contact("phone", "0900-000-123"), actor=actor, now=NOON)


def relate(house: House, role: str, relation: str) -> None:
    """Make the person of `role` what `relation` says to the case, as services would have left it."""
    case, user = house.case(relation), house.people[role]
    match relation:
        case "owner":
            Case.objects.filter(pk=case.pk).update(owner=user)
        case "registered":
            Case.objects.filter(pk=case.pk).update(registered_by=user)
        case "task":
            Task.objects.create(case=case, kind="other", assignee=user, opened_at=NOON, due_at=NOON + timedelta(days=1))
        case "complained":
            StaffStatement.objects.create(case=case, user=user, asked_at=NOON, due_at=NOON + timedelta(days=3))
    if relation not in ("none", "stranger"):
        Involvement.objects.create(case=case, user=user, kind=relation, since=NOON)


def as_the_rules_see_it(relation: str) -> CaseView:
    """The same in memory, without a database: what `may` is asked about."""
    case = matrix.case_for_everyone()
    if relation == "complained":
        return replace(case, complained_ids=frozenset({matrix.ME}))
    if relation == "stranger":
        return replace(case, branch_id=99, stream="case:00000000-0000-4000-8000-000000000099", department_id=99)
    return replace(case, **matrix.RELATIONS.get(relation, {}))


# Which row an address names by `uid`.
NAMED = {
    "desk:file": "desk:file",
    "desk:bundle_made": "desk:bundle",
    "desk:bundle_file": "desk:bundle",
    "desk:passport": "desk:passport",
    "desk:passport_pdf": "desk:passport",
    "desk:report": "desk:report_internal",
    "desk:report_pdf": "desk:report_internal",
    "desk:report_compare": "desk:report_internal",
    "desk:report_give": "desk:report_complainant",
    **{f"desk:report_{act}_{kind}": f"desk:report_{kind}" for act in ("write", "sign", "set") for kind in Paper},
    "desk:file_copy": "desk:file",
    "desk:file_describe": "desk:file",
    "desk:file_hand": "desk:file",
    "desk:file_strip": "desk:file",
    "desk:file_protect": "desk:file_play",
    "desk:file_redact": "desk:file_redact",
    "desk:making": "desk:making",
    "desk:root_cause": "desk:root_cause",
    "desk:root_cause_pdf": "desk:root_cause",
    "desk:file_shown": "desk:file_shown",
    "desk:file_play": "desk:file_play",
    "desk:file_page": "desk:file_page",
    "desk:letter_take_back": "desk:letter_take_back",
    **dict.fromkeys(("desk:letter_print", "desk:letter_pdf", "desk:letter_post"), "desk:letter_print"),
    "desk:interview": "desk:interview",
    "desk:interview_print": "desk:interview",
    "desk:seal_print": "desk:seal_print",
    "desk:seal_sign": "desk:seal_print",
    "desk:copies_print": "desk:copies_print",
    "desk:copies_list": "desk:copies_print",
    "desk:clock": "desk:clock",
    "desk:call_answer": "desk:call_answer",
    **{f"desk:clearance{act}": "desk:clearance" for act in ("", "_decide", "_take_back")},
    "desk:clock_pause": "desk:clock",
    "desk:clock_resume": "desk:clock",
    "desk:clock_extend": "desk:clock",
    "people:person": "people:person",
    "people:edit": "people:person",
    "people:contact_add": "people:person",
    "people:treatment_add": "people:person",
    "people:representative_add": "people:person",
    "people:merge": "people:person",
    "people:contact_end": "people:contact",
    "people:contact_prefer": "people:contact",
    "people:authority_prove": "people:representative",
    "people:representative_end": "people:representative",
    "accounts:person": "accounts:person",
    "accounts:member_add": "accounts:person",
    "accounts:deputy_add": "accounts:person",
    "accounts:disable": "accounts:person",
    "accounts:enable": "accounts:person",
    "accounts:logout_everywhere": "accounts:person",
    "accounts:first_password": "accounts:person",
    "accounts:member_roles": "accounts:member",
    "accounts:member_end": "accounts:member",
    "accounts:deputy_end": "accounts:deputy",
    "accounts:guest_end": "accounts:guest",
    "accounts:branch": "accounts:branch",
    "house_fault": "house_fault",
    "desk:inbox_item": "desk:inbox_item",
    "desk:inbox_file": "desk:inbox_file",
    **dict.fromkeys(("desk:own_rule", "desk:own_rule_do", "desk:own_rule_write"), "desk:own_rule"),
    "desk:own_word_end": "desk:own_word_end",
    **{f"desk:public_{act}": "desk:public_text" for act in ("text", "move", "decide", "posted")},
    "desk:public_rewrite": "desk:public_rewrite",
    "desk:public_ended": "desk:public_ended",
    "desk:public_capture": "desk:public_capture",
    "desk:own_name_end": "desk:own_name_end",
    "desk:dispute_answer": "desk:dispute_answer",
}
NOWHERE = "11111111-1111-4111-8111-111111111111"


def address_of(one, things: dict[str, str], slug: str = "tn") -> str:
    """The address with a row's own names in it; `one` is a row of `suyuan urls`."""
    path = one.pattern.replace("<str:reference>", things.get("reference", "TN26-0000-0000")).replace("<slug:slug>", slug)
    if "<uuid:uid>" in path:
        path = path.replace("<uuid:uid>", things.get(NAMED.get(one.name, ""), NOWHERE))
    path = path.replace("<str:code>", "calm").replace("<int:number>", "1")
    assert "<" not in path, path
    resolve(path)
    return path


def a_file() -> io.BytesIO:
    sent = io.BytesIO(b"%PDF-1.4\n" + b"y" * 500)
    sent.name = "b.pdf"
    return sent
