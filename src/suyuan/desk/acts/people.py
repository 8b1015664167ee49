"""Who has to do with a case: colleagues, the person and theirs, guests; tasks."""
from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import Case as Case_
from django.db.models import Q, QuerySet, When
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.labels import GUEST_KINDS, who_label
from suyuan.accounts.models import Branch, GuestGrant, User
from suyuan.accounts.rules import MANAGERS
from suyuan.accounts.selectors import profiles_around, profiles_in
from suyuan.cases.models import Case, Involvement, Party, Task
from suyuan.cases.phrases import PARTIES, label
from suyuan.cases.selectors import compartments_for
from suyuan.cases.selectors.today import task_title
from suyuan.cases.services import handling, intake, investigation, parties
from suyuan.cases.services.handling.parts import investigates, treated_by
from suyuan.desk.acts.act import EVER, Act, ActForm, RowField, WordsForm, on, plain
from suyuan.desk.duty import here
from suyuan.desk.fields import ColleagueField, DayField, LocalTimeField, line_field, one_of, some_of, words_field
from suyuan.kernel.actor import Actor
from suyuan.people.rules import Contact, contact_problem
from suyuan.platform.identifiers import split_name
from suyuan.ui import dates

GUEST_DAYS = 14  # offered first; whoever invites says until when


class InvestigatorField(ColleagueField):
    """Somebody of another branch is named with it."""

    def __init__(self, here: list[User], elsewhere: dict[int, str], **kwargs: Any) -> None:
        self.elsewhere = elsewhere
        super().__init__([*here, *User.objects.filter(pk__in=elsewhere)], **kwargs)

    def label_from_instance(self, user: User) -> str:
        branch = self.elsewhere.get(user.pk)
        return _("%(name)s（%(branch)s）") % {"name": user.display_name, "branch": branch} if branch else user.display_name


class CalledField(ColleagueField):
    """In the order in which one would call them, each with whether they have a page open."""

    def __init__(self, people: list[User], at_hand: set[int], **kwargs: Any) -> None:
        self.at_hand = at_hand
        super().__init__(people, **kwargs)
        order = Case_(*(When(pk=user.pk, then=place) for place, user in enumerate(people)), default=len(people))
        self.queryset = self.queryset.order_by(order) if people else self.queryset
        self.empty_label = None

    def label_from_instance(self, user: User) -> str:
        return _("%(name)s（在線上）") % {"name": user.display_name} if user.pk in self.at_hand else user.display_name


class AssignForm(ActForm):
    def build(self) -> None:
        self.fields["owner"] = ColleagueField(self.handlers(), label=_("由誰負責"), initial=self.case.owner_id)


class SpeakerForm(ActForm):
    def build(self) -> None:
        self.fields["speaker"] = ColleagueField(
            self.handlers(), label=_("由誰對外說話"), initial=self.case.speaker_id or self.case.owner_id
        )


class HelpForm(ActForm):
    """Whom to call: those at a screen now first, and the first of them chosen already."""

    def build(self) -> None:
        me = self.profile.user_id
        ids = [p.user_id for p in profiles_in(self.case.branch, self.now)]
        at_hand = here(ids)
        people = handling.callable_now(self.case, me, at_hand, self.now)
        self.fields["user"] = CalledField(people, at_hand, label=_("請誰來"), initial=people[0].pk if people else None)
        self.fields["words"] = line_field(
            _("一句話說明"), required=False, limit=120, help_text=_("例如：對方在線上，情緒激動，要求院長說話。對方會看到這句話。")
        )


class InvestigatorForm(ActForm):
    """Who may look into it: those of this branch first, then of the others, and guests invited to this case."""

    def build(self) -> None:
        here, elsewhere = self.able()
        self.fields["user"] = InvestigatorField(here, elsewhere, label=_("調查人"))
        self.fields["expertise"] = line_field(_("為什麼是這一位"), required=False)
        self.fields["reason"] = line_field(
            _("有利害關係仍要指派的理由"), required=False, limit=300, help_text=_("同科、同名或主管關係會自動檢查，存檔時告訴您。")
        )

    def able(self) -> tuple[list[User], dict[int, str]]:
        """People of this branch and this case, and others with the name of their branch."""
        barred = {user.pk for user in self.involved("complained")} | treated_by(self.case)
        around = profiles_around(self.case.branch, self.case.stream, self.now)
        ids = {p.user_id for p in around if investigates(p, self.case)} - barred
        elsewhere: dict[int, str] = {}
        for branch in Branch.objects.filter(jurisdiction=self.case.jurisdiction).exclude(pk=self.case.branch_id).order_by("code"):
            able = {p.user_id for p in profiles_in(branch, self.now) if investigates(p, self.case)} - barred - ids
            elsewhere |= dict.fromkeys(able - set(elsewhere), branch.name(get_language() or "zh-hant"))
        return list(User.objects.filter(pk__in=ids)), elsewhere


class InvestigatorReleaseForm(ActForm):
    def build(self) -> None:
        self.fields["user"] = ColleagueField(self.involved("investigator"), label=_("哪一位不再調查"))
        self.fields["reason"] = words_field(_("理由"), rows=3, limit=2_000)


class ComplainedUnsetForm(ActForm):
    def build(self) -> None:
        self.fields["user"] = ColleagueField(self.involved("complained"), label=_("哪一位其實沒有被提到"))
        self.fields["reason"] = words_field(_("怎麼知道不是這一位"), rows=3, limit=2_000)


class ColleagueComplainedForm(ActForm):
    def build(self) -> None:
        self.fields["user"] = ColleagueField(self.colleagues(), label=_("申訴提到的同事"))


class StatementAskForm(ActForm):
    def build(self) -> None:
        complained = User.objects.filter(
            pk__in=Involvement.objects.filter(case=self.case, kind="complained", until=None).values("user_id")
        )
        self.fields["user"] = ColleagueField(complained, label=_("請哪一位說明"))
        self.fields["alleged"] = words_field(_("用中性的話寫下對方提到的事"), rows=5)
        self.fields["due_at"] = LocalTimeField(
            zone=self.zone, label=_("請在什麼時候之前回覆"), initial=self.now + timedelta(days=3)
        )


class SupportForm(ActForm):
    def build(self) -> None:
        complained = User.objects.filter(
            pk__in=Involvement.objects.filter(case=self.case, kind="complained", until=None).values("user_id")
        )
        self.fields["user"] = ColleagueField(complained, label=_("支持哪一位同事"))
        self.fields["words"] = words_field(_("提供什麼協助"), rows=3, limit=300)


class TaskForm(ActForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("種類"), self.kinds("task_kinds"))
        self.fields["title"] = line_field(_("要做什麼"), required=False, limit=200)
        self.fields["assignee"] = ColleagueField(self.colleagues(), label=_("由誰做"), required=False)
        roles = [(r, str(who_label(r))) for r in ("case_manager", "doctor", "nurse", "legal", "head_of_clinic", "finance")]
        self.fields["role"] = one_of(_("或由哪個職務"), roles, required=False)
        self.fields["due_at"] = LocalTimeField(zone=self.zone, label=_("在什麼時候之前"), required=False)


class TaskFinishForm(ActForm):
    def build(self) -> None:
        readable, here = compartments_for(self.profile, self.case), self.profile.roles_in(self.case.branch_id)
        open_ones = Task.objects.filter(case=self.case, compartment__in=readable, done_at=None, cancelled_at=None)
        if not here & MANAGERS:
            open_ones = open_ones.filter(Q(assignee_id=self.profile.user_id) | Q(role__in=sorted(here)))
        open_ones = open_ones.exclude(detail__has_key="request").select_related("case")
        self.fields["task"] = RowField(open_ones.order_by("due_at"), task_title, label=_("哪一件"), empty_label=None)
        self.fields["words"] = words_field(_("結果"), rows=3, required=False)


class TaskCancelForm(ActForm):
    def build(self) -> None:
        self.fields["task"] = RowField(self.tasks_here(), task_title, label=_("哪一件"), empty_label=None)
        self.fields["reason"] = words_field(_("不做的理由"), rows=3, limit=2_000)

    def tasks_here(self) -> QuerySet:
        """Open ones that this person reads. What a body asks for ends with a doctor's record, never with a reason."""
        readable = compartments_for(self.profile, self.case)
        open_ones = Task.objects.filter(case=self.case, compartment__in=readable, done_at=None, cancelled_at=None)
        left = open_ones.exclude(kind="danger_review").exclude(detail__has_key="request")
        return left.select_related("case").order_by("due_at", "id")


class VerifyForm(ActForm):
    def build(self) -> None:
        people = Party.objects.filter(case=self.case).select_related("person").order_by("id")
        self.fields["party"] = RowField(
            label=_("哪一位"), rows=people, empty_label=None, words=lambda party: party.person.full_name or _("申訴人")
        )
        self.fields["how"] = one_of(_("怎麼核對的"), self.kinds("identity_proofs"))


class AuthorityForm(ActForm):
    def build(self) -> None:
        people = [p for p in Party.objects.filter(case=self.case).select_related("person") if "representative" in p.roles]
        self.fields["party"] = RowField(
            label=_("哪一位代理人"), rows=Party.objects.filter(pk__in=[p.pk for p in people]), empty_label=None, words=lambda party: party.person.full_name
        )
        self.fields["how"] = line_field(_("看到什麼文件"), limit=200)


class PartyAddForm(ActForm):
    """One more person from outside. What they say of themselves is stated until somebody has seen proof."""

    def build(self) -> None:
        self.fields["name"] = line_field(_("怎麼稱呼"), limit=80)
        self.fields["roles"] = some_of(_("在這件裡是"), [(r, str(label(PARTIES, r))) for r in parties.PARTY_ROLES], required=True)
        self.fields["relation"] = one_of(_("與病人的關係"), self.kinds("party_relations"), required=False)
        self.fields["phone"] = line_field(_("電話"), required=False, limit=40)
        self.fields["phone"].widget.attrs |= {"inputmode": "tel", "autocomplete": "off"}
        self.fields["email"] = forms.EmailField(label=_("電子郵件"), required=False, max_length=200)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        contact = Contact("phone", data.get("phone", ""))
        if contact.value.strip() and contact_problem(contact):
            self.add_error("phone", _("電話號碼看起來少了幾碼，請再看一次。"))
        return data


class GuestForm(ActForm):
    def build(self) -> None:
        self.fields["name"] = line_field(_("怎麼稱呼"), limit=80, help_text=_("同事看到的稱呼，例如陳律師。"))
        self.fields["email"] = forms.EmailField(label=_("電子郵件"), max_length=200)
        guests = [(code, str(words)) for code, words in GUEST_KINDS.items()]
        self.fields["kind"] = one_of(_("以什麼身分"), guests, cards=True)
        until = self.now.astimezone(self.zone).date() + timedelta(days=GUEST_DAYS)
        self.fields["last_day"] = DayField(label=_("看到哪一天為止"), initial=until)
        self.fields["reason"] = words_field(_("為什麼邀請"), rows=3, limit=2_000)


class GuestEndForm(ActForm):
    def build(self) -> None:
        open_ones = GuestGrant.objects.filter(stream=self.case.stream, ended_at=None).select_related("user").order_by("id")
        self.fields["grant"] = RowField(open_ones, guest_words, label=_("哪一位來賓"), empty_label=None)


def guest_words(grant: GuestGrant) -> str:
    day = dates.short_date(grant.last_day, dates.language_of(get_language()), weekday=False)
    return _("%(name)s（%(kind)s，到 %(day)s）") % {"name": grant.user.display_name, "kind": GUEST_KINDS[grant.kind], "day": day}


class MoveBranchForm(ActForm):
    def build(self) -> None:
        others = Branch.objects.exclude(pk=self.case.branch_id).order_by("code")
        self.fields["branch"] = RowField(
            label=_("移到哪個分院"), rows=others, empty_label=None, words=lambda branch: branch.name("zh-hant")
        )
        self.fields["reason"] = words_field(_("理由"), rows=3, limit=2_000)


def _party_add(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    family, given = split_name(data["name"])
    person = intake.PersonGiven(family_name=family, given_name=given, contacts=contacts_of(data))
    return parties.party_add(
        case=case, person=person, roles=data["roles"], relation=data["relation"], actor=actor, now=now
    )


def contacts_of(data: dict[str, Any]) -> tuple[Contact, ...]:
    """Telephone and mail as typed; the first of them is the one to use."""
    left = [Contact(kind, data[name].strip()) for kind, name in (("phone", "phone"), ("email", "email")) if data[name].strip()]
    return tuple(replace(contact, preferred=n == 0) for n, contact in enumerate(left))


ACTS: tuple[Act, ...] = (
    Act("call-help", "escalate", _l("請同事協助"), _l("請這位來"), HelpForm, plain(handling.help_call, "user", "words"),
        _l("對方的畫面馬上會出現這件案件。案件對他打開，到這件事做完為止。"), "people", "hand", stages=EVER),
    Act("assign", "assign", _l("指定負責人"), _l("指定"), AssignForm, plain(handling.case_assign, "owner"), "", "people"),
    Act("speaker", "speaker", _l("指定對外窗口"), _l("指定"), SpeakerForm, plain(handling.speaker_name, "speaker"),
        _l("由同一個人對病人說話。"), "people"),
    Act("investigator", "appoint", _l("指派調查人"), _l("指派"), InvestigatorForm,
        plain(investigation.investigator_appoint, "user", "expertise", "reason"), _l("被申訴提到的同事、治療過這位病人的同事不會出現在名單裡；別的分院的同事與受邀的來賓也可以調查。"), "people"),
    Act("investigator-release", "appoint", _l("解除調查人"), _l("解除"), InvestigatorReleaseForm,
        plain(investigation.investigator_release, "user", "reason"),
        _l("這位同事不再調查，也不再因此看得到案件；寫下的發現保留。"), "people", stages=EVER),
    Act("complained", "appoint", _l("記下申訴提到的同事"), _l("記下"), ColleagueComplainedForm,
        plain(parties.complained_set, "user"), _l("這位同事之後看不到案件，只會看到請他說明的頁面與支持。"), "people"),
    Act("complained-unset", "assign", _l("更正申訴提到的同事"), _l("更正"), ComplainedUnsetForm,
        plain(parties.complained_unset, "user", "reason"),
        _l("記錯了人才更正。原本的職務與案件權限恢復；先前在這件的分工不會自動還回去。"), "people", stages=EVER),
    Act("statement", "statement_ask", _l("請同事說明"), _l("送出"), StatementAskForm,
        plain(investigation.statement_ask, "user", "alleged", "due_at"), "", "people"),
    Act("support", "statement_ask", _l("支持被提到的同事"), _l("記下"), SupportForm,
        plain(investigation.support_offer, "user", "words"), "", "people", stages=EVER),
    Act("party", "contact", _l("加入一位相關的人"), _l("加入"), PartyAddForm, _party_add,
        _l("家屬、代理人或陪同的人。身分核對之前，不給病歷與調查內容。"), "people", stages=EVER),
    Act("verify", "party_verify", _l("核對身分"), _l("記下核對"), VerifyForm, plain(parties.party_verify, "party", "how"),
        _l("核對之後，對方才能在進度頁讀到調查說明。"), "people", stages=EVER),
    Act("authority", "party_verify", _l("確認代理權"), _l("記下"), AuthorityForm,
        plain(parties.party_authority_prove, "party", "how"), "", "people", stages=EVER),
    Act("legal", "ask_legal", _l("請法務看"), _l("送出"), WordsForm, plain(handling.legal_ask, "words"), "", "people"),
    Act("task", "task", _l("交辦"), _l("交辦"), TaskForm,
        plain(handling.task_open, "kind", "title", "assignee", "role", "due_at"), "", "people", "task"),
    Act("task-done", "task_finish", _l("完成待辦"), _l("完成"), TaskFinishForm,
        on(handling.task_finish, "task", "words"), "", "people", "check", stages=EVER, instead="task-cancel"),
    Act("task-cancel", "task", _l("取消待辦"), _l("取消這件待辦"), TaskCancelForm,
        on(handling.task_cancel, "task", "reason"),
        _l("不必做了才取消；理由留在案件裡。檢視危險徵象的待辦不能取消，要由醫師記下結果。"), "people", stages=EVER),
    Act("guest", "guest_invite", _l("邀請院外醫師或律師"), _l("邀請"), GuestForm,
        plain(handling.guest_invite, "name", "email", "kind", "last_day", "reason"),
        _l("來賓只看得到這一件，到最後一天為止；可以當降級與結案的第二個人。"), "people", stages=EVER),
    Act("guest-end", "guest_invite", _l("收回來賓的權限"), _l("收回"), GuestEndForm, plain(handling.guest_release, "grant"),
        _l("這位來賓從現在起看不到這一件；做過的事留在紀錄裡。"), "people", stages=EVER),
    Act("move", "move_branch", _l("移到另一個分院"), _l("移過去"), MoveBranchForm,
        plain(handling.case_move_branch, "branch", "reason"),
        _l("案號不變；法定期限從原來的起算日，依新分院的法律重新計算。"), "people"),
)  # fmt: skip
