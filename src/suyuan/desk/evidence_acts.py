"""Acts on the evidence of a case: asking for it, setting it aside, hearing people, noting what colleagues saw."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from suyuan.accounts.labels import who_label
from suyuan.accounts.models import User
from suyuan.accounts.selectors import profiles_in
from suyuan.cases import rules
from suyuan.cases.models import Case, Party
from suyuan.cases.selectors import compartments_for
from suyuan.cases.services import checklist, hearing
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk.acts.act import Act, ActForm, RowField, plain
from suyuan.desk.evidence_shapes import holder_words, read_words
from suyuan.desk.fields import ColleagueField, LocalTimeField, item_words, line_field, one_of, words_field
from suyuan.desk.template_pick import TemplatesAt
from suyuan.evidence.models import EvidenceRequest, Interview, Item, Observation
from suyuan.evidence.selectors.items import items_of
from suyuan.evidence.selectors.requests import interviews_of, needs_of, observations_of, requests_of
from suyuan.evidence.services.hearing import Heard, Sound
from suyuan.kernel.actor import Actor
from suyuan.playbooks import selectors as packs

# How long whoever is asked has, unless the asker says otherwise.
DAYS_TO_ANSWER = 3
ASKABLE = ("doctor", "nurse", "consultant", "reception", "case_manager", "department_head", "finance", "public_relations", "legal")


class EvidenceForm(ActForm):
    """A form about evidence: kinds and words come from the lists of the case."""

    @property
    def book(self):
        return packs.evidence_procedure(self.case.procedure_id, self.case.jurisdiction)

    def evidence_kinds(self) -> list[tuple[str, str]]:
        return [(kind.id, str(kind.name)) for kind in self.book.evidence]

    def asked_for(self) -> str:
        return self.initial.get("kind", "")

    def items(self) -> QuerySet[Item]:
        return items_of(self.case.stream, compartments_for(self.profile, self.case))

    def open_requests(self) -> QuerySet[EvidenceRequest]:
        return requests_of(self.case.stream).filter(ended_at=None)

    def request_field(self, rows: QuerySet[EvidenceRequest]) -> RowField:
        return RowField(rows, self.request_words, label=_("哪一個請求"), empty_label=None)

    def request_words(self, request: EvidenceRequest) -> str:
        return _("%(kind)s，%(who)s") % {"kind": packs.evidence_name(request.kind), "who": holder_words(request, self.case)}


class AskForm(EvidenceForm):
    templates_at = TemplatesAt(only=("evidence_request",), due="due_at")

    def build(self) -> None:
        self.fields["kind"] = one_of(_("要什麼"), self.evidence_kinds())
        self.fields["user"] = ColleagueField(self.colleagues(), label=_("請哪位同事"), required=False, empty_label=_("（不指定同事）"))
        roles = [(role, str(who_label(role))) for role in ASKABLE]
        self.fields["role"] = one_of(_("或請哪個職務"), roles, required=False)
        people = Party.objects.filter(case=self.case).select_related("person").order_by("id")
        self.fields["party"] = RowField(
            people, lambda party: party.person.full_name or _("申訴人"), label=_("或請申訴的一方"), required=False,
            empty_label=_("（不請對方）"), help_text=_("對方在進度頁會看到要什麼、為什麼、到什麼時候，也可以說不。選了電子郵件的人另外收到一封不含內容的信；其他人請打電話說一聲。"),
        )  # fmt: skip
        self.fields["due_at"] = LocalTimeField(
            zone=self.zone, label=_("在什麼時候之前"), initial=self.now + timedelta(days=DAYS_TO_ANSWER)
        )
        self.fields["words"] = line_field(
            _("說清楚要哪一份、為什麼"), required=False, limit=300, rows=3, help_text=_("例如哪一天、哪一版、哪個角度。被請的人會看到這句話。"),
            guarded=Surface.PRIVATE_MESSAGE,
        )  # fmt: skip
        self._usual_holder(people)

    def _usual_holder(self, people: QuerySet[Party]) -> None:
        """Whoever usually has it is offered first."""
        found = next((kind for kind in self.book.evidence if kind.id == self.asked_for()), None)
        if found is None or {"user", "role", "party"} & self.initial.keys():
            return
        if found.holder == "patient":
            self.fields["party"].initial = next((p.uid for p in people if "patient" in p.roles), None)
        elif found.holder in ASKABLE:
            self.fields["role"].initial = found.holder
        else:
            whose = self.involved("investigator") if found.holder == "investigator" else [self.case.owner]
            self.fields["user"].initial = next((user.pk for user in whose if user), None)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        named = [name for name in ("user", "role", "party") if data.get(name)]
        if not named and not {"user", "role", "party"} & self.errors.keys():
            self.add_error("user", _("請選一位同事、一個職務，或申訴的一方。"))
        for name in named[1:]:
            self.add_error(name, _("一次只請一方。要請兩方，請分兩次。"))
        return data


class RequestForm(EvidenceForm):
    def build(self) -> None:
        self.fields["request"] = self.request_field(self.open_requests())


class CancelForm(RequestForm):
    def build(self) -> None:
        super().build()
        self.fields["reason"] = words_field(_("理由"), rows=2, limit=300)


class AnswerForm(EvidenceForm):
    def build(self) -> None:
        self.fields["request"] = self.request_field(self.open_requests().filter(party=""))
        self.fields["words"] = words_field(
            _("說明"), rows=4, limit=2_000, help_text=_("沒有做、已經給過、在別人那裡：寫事實就好。")
        )


class AsideForm(EvidenceForm):
    def build(self) -> None:
        self.fields["kind"] = one_of(_("哪一項"), self.evidence_kinds())
        self.fields["reason"] = words_field(_("為什麼不適用"), rows=3, limit=300)


class NeededForm(EvidenceForm):
    def build(self) -> None:
        self.fields["need"] = RowField(
            needs_of(self.case.stream), lambda need: packs.evidence_name(need.kind), label=_("哪一項"), empty_label=None
        )


class SortForm(EvidenceForm):
    def build(self) -> None:
        self.fields["item"] = RowField(self.items(), item_words, label=_("哪一件證物"), empty_label=None)
        self.fields["kind"] = one_of(_("是哪一類"), self.evidence_kinds())


# --- hearing people ------------------------------------------------------------------------------------------------


class InterviewForm(EvidenceForm):
    templates_at = TemplatesAt("minutes", only=("interview", "interview_record"), ways=("in_person",), aloud=True)

    def build(self) -> None:
        people = Party.objects.filter(case=self.case).select_related("person").order_by("id")
        self.fields["party"] = RowField(
            people, lambda party: party.person.full_name or _("申訴人"), label=_("聽誰說：申訴的一方"), required=False, empty_label=_("（不是）")
        )
        here = User.objects.filter(pk__in=[p.user_id for p in profiles_in(self.case.branch, self.now)])
        self.fields["user"] = ColleagueField(here, label=_("或同事"), required=False, empty_label=_("（不是）"))
        self.fields["other"] = line_field(_("或其他人"), required=False, help_text=_("例如陪同的家人、當天在場的人。"))
        self.fields["interviewers"] = line_field(_("誰來訪談"), limit=200, help_text=_("主談與記錄的人。"))
        self.fields["interviewers"].initial = User.objects.values_list("display_name", flat=True).get(pk=self.profile.user_id)
        self.fields["present"] = line_field(_("還有誰在場"), required=False, limit=300)
        self.fields["held_at"] = self.happened(_("什麼時候談的"), required=True)
        self.fields["place"] = line_field(_("在哪裡"))
        self.fields["minutes"] = words_field(
            _("談話紀錄"), rows=10, help_text=_("用對方的話寫。寫完先念給本人聽，再請本人確認；確認之後就不能改。")
        )
        items = self.items()
        if items:
            self.fields["recording"] = RowField(
                items, item_words, label=_("錄音或錄影是哪一件證物"), required=False, empty_label=_("（沒有錄）"),
                help_text=str(self.book.recording.sound),
            )  # fmt: skip
            self.fields["recorder"] = line_field(_("誰錄的"), required=False)
            self.fields["took_part"] = forms.BooleanField(label=_("錄的人就在這段談話裡"), required=False)
            self.fields["notice_given"] = forms.BooleanField(label=_("錄之前告知了在場的人"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        named = [name for name in ("party", "user", "other") if data.get(name)]
        if not named and not {"party", "user", "other"} & self.errors.keys():
            self.add_error("party", _("請選聽誰說。"))
        for name in named[1:]:
            self.add_error(name, _("一份紀錄只寫一個人說的話。"))
        if data.get("recording") and not data.get("recorder", "").strip():
            self.add_error("recorder", _("請寫誰錄的。"))
        return data


class InterviewRowForm(EvidenceForm):
    settled = False

    def build(self) -> None:
        rows = interviews_of(self.case.stream)
        rows = rows.exclude(outcome="") if self.settled else rows.filter(outcome="")
        self.fields["interview"] = RowField(rows, interview_words, label=_("哪一份訪談"), empty_label=None)


def interview_words(interview: Interview) -> str:
    return _("訪談 %(n)s，%(name)s") % {"n": interview.number, "name": interview.heard_name}


class RewriteForm(InterviewRowForm):
    def build(self) -> None:
        super().build()
        rows = self.fields["interview"].queryset
        asked = self.initial.get("interview", "")
        chosen = next((row for row in rows if not asked or str(row.uid) == asked), None)
        self.fields["minutes"] = words_field(_("談話紀錄"), rows=10)
        self.fields["minutes"].initial = chosen.minutes.body if chosen else ""


class ConfirmForm(InterviewRowForm):
    def build(self) -> None:
        super().build()
        self.fields["how"] = one_of(_("本人怎麼知道紀錄的內容"), read_words(), cards=True)
        self.fields["happened_at"] = self.happened(_("什麼時候確認的"))
        self.fields["corrections"] = words_field(
            _("本人要更正的地方"), rows=4, required=False, help_text=_("寫在這裡，附在紀錄後面；原來的紀錄不動。")
        )
        items = self.items()
        if items:
            self.fields["signature"] = RowField(
                items, item_words, label=_("簽名的紙本是哪一件證物"), required=False, empty_label=_("（沒有簽名，可以不簽）")
            )


class RefuseForm(InterviewRowForm):
    def build(self) -> None:
        super().build()
        self.fields["reason"] = words_field(_("本人怎麼說"), rows=3, limit=300)
        self.fields["happened_at"] = self.happened()


class SupplementForm(InterviewRowForm):
    settled = True

    def build(self) -> None:
        super().build()
        self.fields["said_by"] = line_field(_("誰補充的"))
        self.fields["words"] = words_field(_("補充的內容"), rows=5)


class ObserveForm(EvidenceForm):
    def build(self) -> None:
        self.fields["words"] = words_field(_("看到、聽到什麼"), rows=6, help_text=str(self.book.recording.observe))
        self.fields["seen_at"] = self.happened(_("什麼時候看到的"), required=True)
        earlier = observations_of(self.case.stream)
        if earlier:
            self.fields["supplements"] = RowField(
                earlier, note_words, label=_("補充先前的哪一則"), required=False, empty_label=_("（不是補充）")
            )


class StrikeForm(EvidenceForm):
    def build(self) -> None:
        mine = observations_of(self.case.stream).filter(by_id=self.profile.user_id, struck_at=None)
        self.fields["note"] = RowField(mine, note_words, label=_("劃掉自己寫的哪一則"), empty_label=None)
        self.fields["reason"] = words_field(_("理由"), rows=2, limit=300)


def note_words(note: Observation) -> str:
    body = " ".join(note.words.body.split())
    return _("%(who)s：%(words)s") % {"who": note.by.display_name, "words": body[:40]}


# --- the table -----------------------------------------------------------------------------------------------------


def _answer(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    return checklist.evidence_answer(
        case=case, request=data["request"], how="answered", words=data["words"], actor=actor, now=now
    )


def _interview(case: Case, data: dict[str, Any], actor: Actor, now: datetime) -> Any:
    sound = None
    if data.get("recording"):
        sound = Sound(data["recording"], data["recorder"], data["took_part"], data["notice_given"])
    user = data["user"]
    heard = Heard(
        name=user.display_name if user else data["other"],
        user=user,
        interviewers=data["interviewers"],
        present=data["present"],
        held_at=data["held_at"],
        place=data["place"],
        sound=sound,
    )
    return hearing.interview_record(
        case=case, heard=heard, party=data["party"], minutes=data["minutes"], actor=actor, now=now
    )


_EVER = rules.OPEN | rules.ENDED
_HERE = {"group": "evidence", "back": "desk:evidence", "stages": _EVER}

EVIDENCE_ACTS: tuple[Act, ...] = (
    Act("evidence-ask", "evidence_ask", _l("請人提供證據"), _l("送出請求"), AskForm,
        plain(checklist.evidence_ask, "kind", "user", "role", "party", "words", "due_at", "templates"),
        _l("同事會多一件有日期的待辦；對方會在進度頁看到。交來的東西自動歸到這一類。"), **_HERE),
    Act("evidence-remind", "evidence_ask", _l("再提醒一次"), _l("送出提醒"), RequestForm,
        plain(checklist.evidence_remind, "request"), _l("請求的內容與日期不變。"), **_HERE),
    Act("evidence-cancel", "evidence_ask", _l("不再請求"), _l("不再請求"), CancelForm,
        plain(checklist.evidence_cancel, "request", "reason"), _l("待辦一併取消，請求留在紀錄裡。"), **_HERE),
    Act("evidence-answer", "evidence_answer", _l("說明沒有可以提供的"), _l("送出說明"), AnswerForm, _answer,
        _l("請求到此結束，說明留在這一項下面。"), **_HERE),
    Act("evidence-none", "evidence_judge", _l("記為不適用"), _l("記為不適用"), AsideForm,
        plain(checklist.evidence_set_aside, "kind", "reason"), _l("寫明理由與由誰決定。之後可以改回需要。"), **_HERE),
    Act("evidence-needed", "evidence_judge", _l("改回需要"), _l("改回需要"), NeededForm,
        plain(checklist.evidence_take_back, "need"), _l("先前的理由留在紀錄裡。"), **_HERE),
    Act("evidence-sort", "file_add", _l("歸類一件證物"), _l("歸類"), SortForm,
        plain(checklist.evidence_sort, "item", "kind"), _l("原檔不動，只是說明它是什麼。"), **_HERE),
    Act("interview", "hear", _l("記下一次訪談"), _l("存成紀錄"), InterviewForm, _interview,
        _l("先讓對方自己說完，再問。存好之後念給本人聽。"), **_HERE),
    Act("interview-rewrite", "hear", _l("改寫訪談紀錄"), _l("存成新的一版"), RewriteForm,
        plain(hearing.interview_rewrite, "interview", "minutes"), _l("本人確認之前可以改；先前的版本留著。"), **_HERE),
    Act("interview-confirm", "hear", _l("記下本人的確認"), _l("記下確認"), ConfirmForm,
        plain(hearing.interview_confirm, "interview", "how", "happened_at", "corrections", "signature"),
        _l("確認之後紀錄不能再改，只能補充。"), **_HERE),
    Act("interview-refuse", "hear", _l("記下本人不確認"), _l("記下"), RefuseForm,
        plain(hearing.interview_refuse, "interview", "reason", "happened_at"),
        _l("不確認也是本人的權利。紀錄保留，並寫明本人沒有確認。"), **_HERE),
    Act("interview-supplement", "hear", _l("補充訪談紀錄"), _l("加上補充"), SupplementForm,
        plain(hearing.interview_supplement, "interview", "said_by", "words"), _l("附在後面，原紀錄不動。"), **_HERE),
    Act("observe", "observe", _l("寫下看到的事"), _l("存下"), ObserveForm,
        plain(hearing.observation_note, "words", "seen_at", "supplements"), _l("存下之後不能更改，只能劃掉或補充。"), **_HERE),
    Act("observe-strike", "observe", _l("劃掉自己寫的一則"), _l("劃掉"), StrikeForm,
        plain(hearing.observation_strike, "note", "reason"), _l("劃掉的字仍然看得見，旁邊寫明理由與時間。"), **_HERE),
)  # fmt: skip
