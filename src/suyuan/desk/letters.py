"""Writing to the person who complained: on the follow-up page always, and by what they have; with its words only by what they chose."""
from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from suyuan.cases.models import Case, Party
from suyuan.cases.selectors.outside import postal_addresses
from suyuan.cases.selectors.ways import PORTAL, Way, hours_begin, ways_to
from suyuan.correspondence.models import Clearance, Message
from suyuan.correspondence.rules.guard import Surface
from suyuan.desk.fields import line_field, one_of, words_field
from suyuan.desk.services import letter_put_by, letter_send
from suyuan.desk.shapes import party_roles
from suyuan.desk.template_pick import TemplatesAt, begun_from, people_of
from suyuan.kernel.actor import Actor


class LetterTakenBack:
    """Which letter was taken back and waits to be written again, remembered in the session."""

    @staticmethod
    def key(case: Case) -> str:
        return f"letter:{case.reference}"

    @staticmethod
    def draft(case: Case, uid: str | None) -> Message | None:
        if not uid:
            return None
        return Message.objects.filter(subject_stream=case.stream, uid=uid, state="draft").first()


class LetterForm(forms.Form):
    """To whom, how, and the words. Where the case has one person outside, there is nothing to choose."""

    templates_at = TemplatesAt(chooser="channel")

    def __init__(self, *args: Any, case: Case, now: datetime, draft: Message | None = None, **kwargs: Any) -> None:
        self.case, self.now, self.draft = case, now, draft
        self.people = people_of(case)
        self.known = ways_to(case, self.people)
        self.homes = postal_addresses(self.people)
        self.later = hours_begin(case, now)
        if draft is not None:
            kwargs["initial"] = {
                "words": draft.draft_body,
                "subject_line": draft.subject_line,
                "channel": draft.channel,
                "party": draft.party.removeprefix("party:"),
                "begun": " ".join(draft.templates),
                **(kwargs.get("initial") or {}),
            }
        super().__init__(*args, **kwargs)
        first = str(self.people[0].uid) if self.people else ""
        if len(self.people) > 1:
            choices = [(str(party.uid), party_words(party)) for party in self.people]
            self.fields["party"] = one_of(_("寫給哪一位"), choices, cards=True, initial=first)
            self.fields["party"].help_text = _("只有這一位用自己的收據看得到。")
        choices = channel_choices(self.known)
        choices.append(("letter", _("印成一封信，郵寄或當面交；也放在進度頁")))
        has = self.known.get(first, {})
        initial = next((way.channel for way in has.values() if way.with_words), PORTAL)
        if case.preferred_channel == "letter" and first in self.homes:
            initial = "letter"
        self.fields["channel"] = one_of(_("怎麼給"), choices, cards=True, initial=initial)
        if self.later is not None and any(self.known.values()):
            self.fields["at_once"] = forms.BooleanField(
                label=_("不等了，現在就寄"), required=False, help_text=later_words(case, self.later)
            )
        if any("email" in ways for ways in self.known.values()):
            self.fields["subject_line"] = line_field(
                _("主旨"), required=False, limit=120, help_text=_("不寫姓名與療程；空著就寫「診所給您的訊息」。"),
                guarded=Surface.PRIVATE_MESSAGE,
            )
            self.fields["subject_line"].brief = True
        self.fields["words"] = words_field(
            _("寫給對方的話"),
            rows=12,
            help_text=_("對方的事、我們做了什麼、接下來誰在什麼時候做什麼。"),
            guarded=Surface.PRIVATE_MESSAGE,
        )
        self.fields["emergency"] = forms.BooleanField(
            label=_("這是緊急的照護指示，要立刻送出"),
            required=False,
            help_text=_("身體有危險時用。不等核准，馬上送出；內容與檢查結果都會留下紀錄。"),
        )

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if not self.people:
            raise forms.ValidationError(_("還沒有登記是誰申訴，寫了也沒有人打得開。請先在案件裡加入相關的人。"))
        if data.get("channel", PORTAL) not in (PORTAL, "letter") and self.way is None:
            self.add_error("channel", _("這一位沒有留下這個管道的地址。請改放在進度頁。"))
        if data.get("channel") == "letter" and str(self.party.uid) not in self.homes:
            self.add_error("channel", _("還沒有這一位的地址，信封上不知道寫哪裡。請先在這個人的資料裡加上地址，或改放在進度頁。"))
        return data

    @property
    def initial_party(self) -> str:
        """Whose words this answers, as far as that is known before somebody chooses."""
        return f"party:{self.people[0].uid}" if len(self.people) == 1 else ""

    @property
    def reader(self) -> str:
        """Who would read what is written so far; where it is for nobody yet, nobody."""
        if "party" not in self.fields:
            return self.initial_party
        chosen = self["party"].value()
        return f"party:{chosen}" if chosen else ""

    @property
    def party_choice(self) -> forms.BoundField | None:
        return self["party"] if "party" in self.fields else None

    @property
    def party(self) -> Party:
        chosen = self.cleaned_data.get("party")
        return next((party for party in self.people if str(party.uid) == chosen), self.people[0])

    @property
    def said(self) -> str:
        if self.cleaned_data["channel"] == "letter":
            return _("信備好了。印出來寄出或交給對方之後，請回來記下。")
        return _("已排入寄送；送出之前可以收回。")

    @property
    def to(self) -> str:
        """Where it goes: the page needs no address."""
        if self.cleaned_data["channel"] == "letter":
            return self.homes.get(str(self.party.uid), "")
        return self.way.address if self.way else ""

    @property
    def at_once_choice(self) -> forms.BoundField | None:
        return self["at_once"] if "at_once" in self.fields else None

    @property
    def way(self) -> Way | None:
        """By which way it leaves; none: it lies on the follow-up page."""
        return self.known[str(self.party.uid)].get(self.cleaned_data["channel"])

    def send(self, *, actor: Actor, now: datetime) -> Message:
        data = self.cleaned_data
        return letter_send(
            case=self.case,
            party=self.party,
            channel=data["channel"],
            words=data["words"],
            subject_line=data.get("subject_line", ""),
            to=self.to,
            with_words=bool(self.way and self.way.with_words),
            not_before=self.later if self.way and not data.get("at_once") else None,
            draft=self.draft,
            templates=begun_from(self.data, self.case.jurisdiction),
            emergency=data["emergency"],
            actor=actor,
            now=now,
        )

    def ask(self, *, why: str, actor: Actor, now: datetime) -> Clearance:
        """Put it by until colleagues agreed to its words, of which one was refused a moment ago and is no longer among the clean."""
        line = self.data.get("subject_line", "").strip()
        data = self.cleaned_data | {"words": self.data.get("words", ""), "subject_line": line}
        return letter_put_by(
            case=self.case,
            party=self.party,
            channel=data["channel"],
            words=data["words"],
            subject_line=data.get("subject_line", ""),
            to=self.to,
            with_words=bool(self.way and self.way.with_words),
            draft=self.draft,
            templates=begun_from(self.data, self.case.jurisdiction),
            why=why,
            actor=actor,
            now=now,
        )


def channel_choices(ways: dict[str, dict[str, Way]]) -> list[tuple[str, str]]:
    """The follow-up page, and what anybody of them has: in full where they chose it, otherwise as word that something waits."""
    full = {
        "email": _("寄電子郵件，信裡有全文（對方選了電子郵件）"),
        "line": _("傳 LINE，有全文（對方選了 LINE）"),
        "sms": _("傳簡訊，有全文（對方選了簡訊）"),
    }
    notice = {
        "email": _("寄電子郵件，只說有訊息，內容放在進度頁"),
        "line": _("傳 LINE，只說有訊息，內容放在進度頁"),
        "sms": _("傳簡訊，只說有訊息，內容放在進度頁"),
    }
    choices = [(PORTAL, _("放在進度頁，對方用收據打開"))]
    for channel in full:
        found = [has[channel] for has in ways.values() if channel in has]
        if found:
            choices.append((channel, (full if any(way.with_words for way in found) else notice)[channel]))
    return choices


def later_words(case: Case, later: datetime) -> str:
    local = later.astimezone(case.branch.tz)
    return _("對方說「%(hours)s」方便，所以會等到 %(at)s 才送出。放在進度頁的不用等。") % {
        "hours": case.preferred_hours,
        "at": f"{local:%m/%d %H:%M}",
    }


def party_words(party: Party) -> str:
    """林○瑜（申訴人、病人）"""
    name, roles = party.person.full_name or _("還不知道姓名"), party_roles(party)
    return _("%(name)s（%(roles)s）") % {"name": name, "roles": roles} if roles else name
