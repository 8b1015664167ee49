"""What the clinic says before everybody: checked and frozen like every word, posted in its own name, never in another."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction

from suyuan.accounts.errors import NotAllowed
from suyuan.accounts.models import MemberRole
from suyuan.accounts.selectors import profile_for
from suyuan.cases.errors import MayNot, OtherCase
from suyuan.cases.selectors.clearing import clearances_waiting
from suyuan.cases.selectors.outside import portal_case
from suyuan.cases.services import handling, publishing
from suyuan.cases.services.wording import words_decide
from suyuan.correspondence.errors import GuardHeld, MessageMovedMeanwhile
from suyuan.correspondence.models import Message, Posting, VerdictRow
from suyuan.correspondence.own_errors import ReasonWanted
from suyuan.correspondence.public_errors import (
    NeedsItsPlace,
    NotInOurName,
    NotYetApproved,
    OtherWordsMeanwhile,
    OwnNameOver,
    OwnNameUnfit,
    PostedAlready,
    PostingOver,
    PostingUnfit,
)
from suyuan.correspondence.public_selectors import own_names, public_of
from suyuan.correspondence.services import message_mark_sent, own_name_add, own_name_end
from suyuan.kernel.machine import NoSuchMove
from suyuan.kernel.refusal import BadInput
from suyuan.platform.facts import facts_told
from suyuan.platform.models import FactPrivate, FactRow
from tests.cases.cast import HOUR, NOON, facts_of, fresh
from tests.correspondence.held_public import CLEAN, NAMING, OTHER, WARNED

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("B-14"), pytest.mark.sqlite]

PAGE = "https://maps.example.com/溪岸診所/reviews/77"
LATER = NOON + HOUR


@pytest.fixture
def case(make_case):
    return make_case()


@pytest.fixture
def ours(cast):
    given = {"platform": "google_maps", "name": "溪岸診所 官方", "branch": cast.tn}
    return own_name_add(**given, actor=cast.head.actor, now=NOON)


def draft(case, by, words=CLEAN, surface="public_reply", **more) -> Message:
    given = {"surface": surface, "reply_to": "negative_review", "words": words, **more}
    return publishing.public_draft(case=case, **given, actor=by.actor, now=NOON)


def frozen(case, by, words=CLEAN) -> Message:
    return publishing.public_freeze(case=case, message=draft(case, by, words), actor=by.actor, now=NOON)


def post(case, message, by, account, **more) -> Posting:
    account = account if isinstance(account, str) else str(account.uid)
    sha256 = message.text.sha256 if message.text else "0" * 64
    given = {"account": account, "posted_at": LATER, "address": PAGE, "sha256": sha256} | more
    return publishing.public_post(case=case, message=message, **given, actor=by.actor, now=LATER)


def again(message) -> Message:
    return Message.objects.select_related("text").get(pk=message.pk)


# --- the road ------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
def test_from_draft_to_posted_every_step_is_on_record(case, cast, ours):
    message = frozen(case, cast.manager)
    assert (message.state, message.words, message.verdict) == ("queued", CLEAN, "clean")
    row = VerdictRow.objects.get(what="message")
    assert (row.surface, row.sha256) == ("public_reply", message.text.sha256)

    posting = post(case, message, cast.manager, ours, place="第三則評論下方")
    message = again(message)
    assert message.state == "sent" and message.sent_at == LATER and posting.sha256 == message.text.sha256
    assert [row.type for row in facts_of(case)[-3:]] == ["message.drafted", "message.queued", "message.posted"]
    (fact,) = facts_told(facts_of(case, "message.posted"))
    assert fact.plain("account", "") == str(ours.uid) and fact.plain("platform", "") == "google_maps"
    assert (fact.private["address"], fact.private["name"]) == (PAGE, "溪岸診所 官方")
    plain = str([each.plain for each in facts_of(case)])
    assert PAGE not in plain and "溪岸診所 官方" not in plain and "第三則" not in plain


@pytest.mark.postgres
def test_the_same_words_may_stand_in_several_places_but_are_said_once_of_each(case, cast, ours):
    message = frozen(case, cast.manager)
    post(case, message, cast.manager, ours)
    with pytest.raises(PostedAlready):
        post(case, message, cast.manager, ours)
    post(case, message, cast.manager, ours, address="https://maps.example.com/reviews/78")
    assert Posting.objects.filter(message=message).count() == 2 and len(facts_of(case, "message.posted")) == 2


def test_what_the_guard_holds_is_not_frozen_before_a_colleague_agreed(case, cast, ours):
    message = draft(case, cast.manager, WARNED)
    with pytest.raises(GuardHeld):
        publishing.public_freeze(case=case, message=message, actor=cast.manager.actor, now=NOON)
    with pytest.raises(NotYetApproved):
        post(case, again(message), cast.manager, ours)
    asked = publishing.public_ask(case=case, message=again(message), why="查過值班表", actor=cast.manager.actor, now=NOON)
    words_decide(case=case, clearance=asked, yes=True, reason="查證過", actor=cast.colleague.actor, now=NOON)
    message = again(message)
    assert (message.state, message.verdict) == ("queued", "warn")
    assert post(case, message, cast.manager, ours).state == "live"


def test_the_person_of_the_case_is_never_named_before_everybody(case, cast):
    message = draft(case, cast.manager, NAMING)
    with pytest.raises(GuardHeld) as held:
        publishing.public_freeze(case=case, message=message, actor=cast.manager.actor, now=NOON)
    assert held.value.data["need"] == "never"


def test_frozen_words_change_only_by_way_of_a_new_verdict(case, cast, ours):
    message = frozen(case, cast.manager)
    looked_at = message.text.sha256
    with pytest.raises(NoSuchMove):
        draft(case, cast.manager, OTHER, draft=message)
    message = publishing.public_take_back(case=case, message=message, actor=cast.manager.actor, now=NOON)
    message = draft(case, cast.manager, OTHER, draft=message)
    with pytest.raises(NotYetApproved):
        post(case, again(message), cast.manager, ours, sha256=looked_at)
    publishing.public_freeze(case=case, message=again(message), actor=cast.manager.actor, now=NOON)
    assert VerdictRow.objects.filter(what="message").count() == 2
    with pytest.raises(OtherWordsMeanwhile):
        post(case, again(message), cast.manager, ours, sha256=looked_at)
    posting = post(case, again(message), cast.manager, ours)
    assert posting.message.text.body == OTHER
    with pytest.raises(NoSuchMove):
        publishing.public_take_back(case=case, message=again(message), actor=cast.manager.actor, now=LATER)


@pytest.mark.postgres
def test_two_who_write_at_once_do_not_lose_each_others_words(case, cast):
    message = draft(case, cast.manager)
    draft(case, cast.colleague, OTHER, draft=again(message), edition=message.edition)
    with pytest.raises(MessageMovedMeanwhile):
        draft(case, cast.manager, WARNED, draft=again(message), edition=message.edition)


# --- in whose name -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("whose", ["anonymous", "personal", "", "11111111-1111-4111-8111-111111111111"])
def test_never_anonymous_never_as_a_person_never_by_an_account_nobody_listed(case, cast, ours, whose):
    message = frozen(case, cast.manager)
    with pytest.raises(NotInOurName) as refused:
        post(case, message, cast.manager, whose)
    said = refused.value.message()
    assert "account" in refused.value.fields and {"anonymous": "匿名", "personal": "個人"}.get(whose, "清單") in said
    assert again(message).state == "queued" and not Posting.objects.exists() and not facts_of(case, "message.posted")


def test_another_branchs_account_and_one_that_was_given_up_are_not_ours(case, cast, ours):
    message = frozen(case, cast.manager)
    theirs = own_name_add(platform="dcard", name="北岸診所", branch=cast.tp, actor=_head_of(cast.tp, cast), now=NOON)
    own_name_end(own=ours, why="換了帳號", actor=cast.head.actor, now=NOON)
    for account in (theirs, ours):
        with pytest.raises(NotInOurName):
            post(case, message, cast.manager, account)
    with pytest.raises(OwnNameOver):
        own_name_end(own=ours, why="換了帳號", actor=cast.head.actor, now=NOON)


def _head_of(branch, cast):
    MemberRole.objects.create(member=cast.stranger.user.memberships.get(branch=branch), role="head_of_clinic")
    return cast.stranger.actor


def test_the_list_is_kept_by_the_head_and_never_holds_one_of_our_people(cast):
    def add(by, **more):
        given = {"platform": "facebook", "name": "溪岸診所", "branch": cast.tn, **more}
        return own_name_add(**given, actor=by.actor, now=NOON)

    for by in (cast.manager, cast.spokesman, cast.legal):
        with pytest.raises(NotAllowed):
            add(by)
    wrong = [
        {"name": " "}, {"name": "manager"}, {"platform": "myspace"}, {"platform": "other"}, {"platform": "dianping"},
        {"address": "facebook.com/clinic"}, {"address": "javascript:alert(1)"}, {"name": "溪" * 121},
    ]  # fmt: skip
    for more in wrong:
        with pytest.raises(OwnNameUnfit):
            add(cast.head, **more)
    row = add(cast.head, platform="other", elsewhere="地方論壇", address="https://forum.example.com/u/clinic")
    with pytest.raises(OwnNameUnfit):
        add(cast.head, platform="other", elsewhere="地方論壇")
    assert list(own_names(cast.tn.pk)) == [row] and not own_names(cast.tp.pk)
    with pytest.raises(ReasonWanted):
        own_name_end(own=row, why=" ", actor=cast.head.actor, now=NOON)
    assert set(FactRow.objects.filter(stream=row.stream).values_list("type", flat=True)) == {"own_name.added"}
    assert "地方論壇" not in str([each.plain for each in FactRow.objects.filter(stream=row.stream)])


# --- where and when ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("posted_at", {"posted_at": LATER + timedelta(minutes=1)}),
        ("posted_at", {"posted_at": LATER.replace(tzinfo=None)}),
        ("posted_at", {"posted_at": None}),
        ("address", {"address": ""}),
        ("address", {"address": "maps.example.com/77"}),
        ("address", {"address": "https://me:secret@maps.example.com/"}),
        ("place", {"place": "字" * 201}),
    ],
)
def test_where_and_when_must_be_possible(case, cast, ours, field, more):
    message = frozen(case, cast.manager)
    with pytest.raises(PostingUnfit) as refused:
        post(case, message, cast.manager, ours, **more)
    assert set(refused.value.fields) == {field} and not Posting.objects.exists()


def test_what_stood_there_before_it_was_approved_is_said_as_it_was(case, cast, ours):
    message = frozen(case, cast.manager)
    post(case, message, cast.manager, ours, posted_at=NOON - HOUR)
    (fact,) = facts_told(facts_of(case, "message.posted"))
    assert fact.plain("before_approval", False) is True


def test_a_newspaper_has_no_address_but_a_page(case, cast, ours):
    assert post(case, frozen(case, cast.manager), cast.manager, ours, address="", place="地方版 6 頁").address == ""


def test_nothing_public_is_just_sent(case, cast):
    with pytest.raises(NeedsItsPlace):
        message_mark_sent(message=frozen(case, cast.manager), actor=cast.manager.actor, now=LATER)
    with pytest.raises(BadInput):
        draft(case, cast.manager, surface="private_message")


# --- what became of it ---------------------------------------------------------------------------------------------


def test_other_frozen_words_take_its_place_and_the_first_stay_readable(case, cast, ours):
    first = post(case, frozen(case, cast.manager), cast.manager, ours)
    better = frozen(case, cast.manager, OTHER)
    given = {"posting": first, "message": better, "sha256": better.text.sha256, "happened_at": LATER, "why": "電話換了"}
    second = publishing.public_replace(case=case, **given, actor=cast.manager.actor, now=LATER)
    first.refresh_from_db()
    assert (first.state, first.ended_why, first.successor) == ("replaced", "電話換了", second)
    assert (second.address, second.account, second.instead_of) == (PAGE, ours, first)
    assert again(better).state == "sent" and first.message.text.body == CLEAN
    assert facts_of(case)[-1].type == "message.replaced"
    with pytest.raises(PostingOver):
        publishing.public_replace(case=case, **given, actor=cast.manager.actor, now=LATER)


def test_taken_down_by_us_or_by_the_platform_with_a_reason(case, cast, ours):
    posting = post(case, frozen(case, cast.manager), cast.manager, ours)

    def down(**more):
        given = {"posting": posting, "happened_at": LATER, "whose": "platform", "why": "違反平台規則", **more}
        return publishing.public_take_down(case=case, **given, actor=cast.manager.actor, now=LATER)

    for more in ({"why": " "}, {"whose": "nobody"}, {"happened_at": NOON}, {"happened_at": LATER + HOUR}):
        with pytest.raises(PostingUnfit):
            down(**more)
    assert (down().state, again(posting.message).state) == ("down", "sent")
    assert facts_of(case)[-1].value("whose") == "platform"
    assert FactPrivate.objects.filter(fact__type="message.taken_down", name="why").exists()
    with pytest.raises(PostingOver):
        down()


@pytest.mark.postgres
def test_the_record_of_a_posting_is_not_rewritten(case, cast, ours):
    posting = post(case, frozen(case, cast.manager), cast.manager, ours)
    for changed in ({"address": "https://elsewhere.example.com/"}, {"posted_at": NOON}, {"sha256": "0" * 64}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Posting.objects.filter(pk=posting.pk).update(**changed)
    with pytest.raises(DatabaseError), transaction.atomic():
        posting.delete()


# --- who -----------------------------------------------------------------------------------------------------------


def test_reception_writes_nothing_for_everybody_and_legal_posts_nothing(case, cast, ours):
    with pytest.raises(MayNot):
        draft(case, cast.receptionist)
    case = handling.legal_ask(case=case, actor=cast.manager.actor, now=NOON)
    message = frozen(fresh(case), cast.legal)
    with pytest.raises(MayNot):
        post(case, message, cast.legal, ours)


@pytest.mark.requirement("A-20")
def test_public_relations_speaks_for_the_house_where_the_public_looks_and_reads_nothing_else(case, cast, ours):
    with pytest.raises(MayNot):
        draft(case, cast.spokesman)
    case = handling.case_flag(case=case, flag="media", reason="有人發文", actor=cast.manager.actor, now=NOON)
    message = draft(fresh(case), cast.manager, WARNED)
    asked = publishing.public_ask(case=case, message=message, why="", actor=cast.manager.actor, now=NOON)
    assert [row for row, _case in clearances_waiting(profile_for(cast.spokesman.actor, NOON))] == [asked]
    words_decide(case=case, clearance=asked, yes=True, reason="查證過", actor=cast.spokesman.actor, now=NOON)
    assert asked.votes.get().role == "public_relations"
    assert post(case, again(message), cast.spokesman, ours).recorded_by == cast.spokesman.user


def test_words_of_another_case_are_not_touched_through_this_one(case, cast, make_case, ours):
    message = frozen(make_case(), cast.manager)
    for doing in (publishing.public_freeze, publishing.public_take_back, publishing.public_give_up):
        with pytest.raises(OtherCase):
            doing(case=case, message=message, actor=cast.manager.actor, now=NOON)
    with pytest.raises(OtherCase):
        post(case, message, cast.manager, ours)


def test_the_person_of_the_case_does_not_find_it_among_their_letters(case, cast, ours):
    post(case, frozen(case, cast.manager), cast.manager, ours)
    assert portal_case(fresh(case), case.parties.get(), language="zh-hant").messages == []
    assert [row.words for row in public_of(case.stream)] == [CLEAN]
