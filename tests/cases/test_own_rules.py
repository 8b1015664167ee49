"""A clinic's own rules and words: written, tried on what was said before, put in force by somebody else, never milder than ours."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import DatabaseError, transaction

from suyuan.accounts.errors import NotYours
from suyuan.cases.jobs import rule_try as rule_try_job
from suyuan.cases.services.trying import TRY, rule_try, tryout_read
from suyuan.correspondence.documents import Document, Stretch, Where, document_check
from suyuan.correspondence.guard import guard_check
from suyuan.correspondence.own_errors import AllowUnfit, NotTriedYet, OwnRuleUnfit, SecondPersonMissing
from suyuan.correspondence.own_models import ClinicRule, TryOut
from suyuan.correspondence.own_rules import Own, Wanted, own_of
from suyuan.correspondence.services import (
    allow_add,
    allow_end,
    clinic_rule_activate,
    clinic_rule_change,
    clinic_rule_draft,
    clinic_rule_end,
)
from suyuan.kernel.textlint import Known
from suyuan.platform.models import FactRow, Job
from suyuan.playbooks.selectors import wording_newest
from tests.cases.cast import NOON, case_made

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-11"), pytest.mark.sqlite]

RULE = Wanted(
    kind="jargon",
    title="不用自創的名詞",
    levels={"private_message": "warn", "public_reply": "block"},
    phrases=("恬晨值", "恬晨分數"),
    why="病人看不懂。",
    safer="恢復的情形。",
    fires=("請看您的恬晨值。",),
    quiet=("明天中午前回電。",),
)


def drafted(cast, wanted=RULE, by="manager", **more):
    return clinic_rule_draft(wanted=wanted, branch=cast.tn, actor=getattr(cast, by).actor, now=NOON, **more)


def tried(cast, rule, by="manager"):
    return tryout_read(tryout=rule_try(rule=rule, actor=getattr(cast, by).actor, now=NOON), now=NOON)


def live(cast, rule=None, by="head"):
    rule = rule or drafted(cast)
    tried(cast, rule)
    return clinic_rule_activate(rule=rule, actor=getattr(cast, by).actor, now=NOON)


def found(cast, text, surface="private_message", branch=None):
    said = guard_check(text, surface=surface, branch=branch or cast.tn, language="zh-hant")
    return [(f.rule, f.level) for f in said.findings if f.rule.startswith("OWN")]


def wrong(cast, **changes) -> dict[str, str]:
    with pytest.raises(OwnRuleUnfit) as refused:
        drafted(cast, replace(RULE, **changes))
    return {name: str(words) for name, words in refused.value.fields.items()}


@pytest.mark.postgres
def test_a_rule_holds_only_from_the_day_it_is_live_and_only_in_its_branch(cast):
    rule = drafted(cast)
    assert found(cast, "這是恬晨值。") == []
    live(cast, rule)
    assert ("OWN-1", "warn") in found(cast, "這是恬晨值。")
    assert ("OWN-1", "block") in found(cast, "這是恬晨值。", "public_reply")
    assert found(cast, "這是恬晨值。", "settlement") == []
    assert found(cast, "這是恬晨值。", branch=cast.tp) == []


def test_its_reason_and_safer_words_are_the_clinics(cast):
    live(cast)
    said = guard_check("這是恬晨值。", surface="private_message", branch=cast.tn, language="en")
    mine = next(f for f in said.findings if f.rule == "OWN-1")
    assert mine.why == RULE.why and mine.safer == RULE.safer
    assert said.packs[-2].startswith("own:")


def test_what_ended_holds_no_longer(cast):
    rule = live(cast)
    clinic_rule_end(rule=rule, why="已經沒有人這樣寫", actor=cast.manager.actor, now=NOON)
    assert found(cast, "這是恬晨值。") == []


def test_nothing_goes_live_untried_or_by_its_writer(cast):
    rule = drafted(cast)
    with pytest.raises(NotTriedYet):
        clinic_rule_activate(rule=rule, actor=cast.head.actor, now=NOON)
    tried(cast, rule)
    with pytest.raises(SecondPersonMissing):
        clinic_rule_activate(rule=rule, actor=cast.manager.actor, now=NOON)
    changed = clinic_rule_change(rule=rule, wanted=replace(RULE, title="別的"), actor=cast.legal.actor, now=NOON)
    assert changed.state == "draft"
    with pytest.raises(NotTriedYet):
        clinic_rule_activate(rule=changed, actor=cast.head.actor, now=NOON)


def test_others_may_read_and_not_write(cast):
    for name in ("receptionist", "doctor", "spokesman", "auditor", "stranger"):
        with pytest.raises(NotYours):
            drafted(cast, by=name)
    with pytest.raises(NotYours):  # the whole organisation: whoever may in every branch
        clinic_rule_draft(wanted=RULE, branch=None, actor=cast.head.actor, now=NOON)


@pytest.mark.postgres
def test_a_live_rule_is_replaced_never_changed(cast):
    first = live(cast)
    second = drafted(cast, replace(RULE, phrases=("恬晨等級",), fires=("看恬晨等級。",)), by="legal", replaces=first)
    assert (second.code, second.version) == ("OWN-1", 2)
    assert ("OWN-1", "warn") in found(cast, "這是恬晨值。")
    live(cast, second)
    assert found(cast, "這是恬晨值。") == [] and ("OWN-1", "warn") in found(cast, "看恬晨等級。")
    first.refresh_from_db()
    assert first.state == "ended"
    for row, change in ((first, {"title": "x"}), (second, {"phrases": []}), (second, {"live_at": None, "state": "draft"})):
        with pytest.raises(DatabaseError), transaction.atomic():
            ClinicRule.objects.filter(pk=row.pk).update(**change)


def test_what_cannot_be_read_or_does_not_hold_is_said_at_its_field(cast):
    assert "句型的寫法" in wrong(cast, frames=("<remove> .. [評論 (",))["frames"]
    assert "nobody" in wrong(cast, frames=("<nobody> .. 評論",))["frames"]
    assert "只有一個字" in wrong(cast, phrases=("等",))["phrases"]
    assert "請您稍候" in wrong(cast, fires=("請您稍候。",))["fires"]
    assert "恬晨值" in wrong(cast, quiet=("這是恬晨值。",))["quiet"]
    assert set(wrong(cast, levels={}, kind="nothing", why=" ")) == {"levels", "kind", "why"}


def test_an_own_rule_never_makes_a_shipped_one_milder(cast):
    """The same words, named as milder: what we ship holds them as before."""
    text = "請看您的恬晨值，就會明白。0912-345-678"
    live(cast)  # stands for one of ours
    mild = replace(RULE, levels={"public_reply": "advise"}, phrases=("恬晨值，就會明白",), fires=(text,))
    live(cast, drafted(cast, mild))
    assert found(cast, text, "public_reply") == [("OWN-1", "block")]
    said = guard_check(text, surface="public_reply", branch=cast.tn, language="en", known=[Known("phone", "0912-345-678")])
    assert [f.rule for f in said.findings if f.rule.startswith("known")] == ["known-phone"]


def test_a_documents_words_are_read_by_them_too(cast):
    live(cast)
    document = Document("plain", (Stretch("這是恬晨值。", Where()),))
    said = document_check(document, surface="private_message", branch=cast.tn, language="zh-hant")
    assert "OWN-1" in {each.rule for told in said.told for each in told.said}


@pytest.mark.postgres
def test_a_try_out_says_what_would_have_been_held(cast, make_case):
    make_case("acknowledged")  # 我們收到了，由經理負責，明天中午前回電。
    rule = drafted(cast, replace(RULE, phrases=("中午前回電",), fires=("中午前回電",), quiet=("明天回電",)))
    said = tried(cast, rule)
    assert said.counts["held"] >= 1 and said.counts["doubtful"] >= 1
    hit = next(h for h in said.hits if h["what"] == "acknowledgement")
    assert hit["spans"] and "中午" not in str(said.hits)
    rule.refresh_from_db()
    assert rule.state == "tried"
    with pytest.raises(DatabaseError), transaction.atomic():
        TryOut.objects.filter(pk=said.pk).update(counts={})


def test_it_reads_only_what_its_reader_may(cast, make_case):
    make_case("acknowledged")
    other = case_made(cast, branch=cast.tp)
    wide = replace(RULE, phrases=("回電",), fires=("回電",), quiet=("來信",))
    rule = clinic_rule_draft(wanted=wide, branch=cast.tp, actor=cast.stranger.actor, now=NOON)
    assert other.branch == cast.tp
    assert {hit["what"] for hit in tried(cast, rule, by="stranger").hits} <= {"skeleton", "template"}


@pytest.mark.postgres
def test_much_to_read_is_left_to_the_worker(cast, make_case, monkeypatch):
    make_case("acknowledged")
    with monkeypatch.context() as little:
        little.setattr("suyuan.cases.services.trying.AT_ONCE", 0)
        begun = rule_try(rule=drafted(cast), actor=cast.manager.actor, now=NOON)
    assert Job.objects.filter(name=TRY, args__tryout=str(begun.uid)).exists() and begun.finished_at is None
    for _twice in range(2):
        rule_try_job({"tryout": str(begun.uid)}, NOON)
    begun.refresh_from_db()
    assert begun.finished_at == NOON and begun.rule.state == "tried"
    assert FactRow.objects.filter(type="clinic_rule.tried").count() == 1


def test_words_of_the_clinics_own_name_no_patient(cast):
    number = replace(RULE, kind="patient_data", levels={"public_reply": "block"}, phrases=(), frames=("<is_tw_mobile>",))
    live(cast, drafted(cast, replace(number, fires=("0987-654-321",))))
    text = "請撥 0912-345-678。"
    assert "patient_data" in kinds(cast, text)
    entry = allow_add(kind="phone", words="0912345678", why="值班手機", branch=cast.tn, actor=cast.manager.actor, now=NOON)
    assert "patient_data" not in kinds(cast, text)
    allow_end(entry=entry, why="已退租", actor=cast.manager.actor, now=NOON)
    assert "patient_data" in kinds(cast, text)


def kinds(cast, text):
    return {f.kind for f in guard_check(text, surface="public_reply", branch=cast.tn, language="zh-hant").findings}


@pytest.mark.parametrize("words", ["王", "123", "例小安", ""])
def test_what_may_be_a_patients_is_not_let_pass(cast, make_case, words):
    make_case()
    with pytest.raises(AllowUnfit):
        allow_add(kind="name", words=words, why="同事", branch=cast.tn, actor=cast.manager.actor, now=NOON)


@pytest.mark.postgres
def test_a_check_asks_the_database_once_for_both(cast, django_assert_num_queries):
    live(cast)
    with django_assert_num_queries(1):
        own = own_of(cast.tn.pk)
    assert own.rules and own == Own(own.rules, ("other",))


def test_every_step_leaves_its_line_and_no_words_of_it_in_plain(cast):
    rule = live(cast)
    rows = FactRow.objects.filter(stream=rule.stream).order_by("position")
    assert [r.type.partition(".")[2] for r in rows] == ["drafted", "try_asked", "tried", "activated"]
    assert not any("恬晨" in str(r.plain) for r in rows)




def test_what_no_pack_can_read_any_longer_stops_nobody(cast):
    """A newer pack without its kind: the rule finds nothing, says so on its page, and every other rule goes on."""
    live(cast)
    shipped = wording_newest("tw").guarding
    without = replace(shipped, kinds=tuple(k for k in shipped.kinds if k.id != "jargon"), rules=tuple(r for r in shipped.rules if r.kind != "jargon"))
    own = own_of(cast.tn.pk)
    assert [r.id for r in own.readable(shipped)[1]] == ["OWN-1"] and own.readable(without)[1] == ()
    assert own.beside(without).rules == without.rules
