"""What the pages show, made from what `cases` reads: sentences, rings, stops and links. No rules, and no questions to
the database."""
from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.utils.translation import pgettext as named

from suyuan.accounts.labels import JURISDICTIONS, who_label
from suyuan.accounts.rules import ActorProfile, Role, move_rule
from suyuan.cases import rules
from suyuan.cases.models import Case, Task
from suyuan.cases.phrases import CHANNELS, FLAGS, HARM, PARTIES, label
from suyuan.cases.selectors import CasePage, ClockCard, ClockExplained, DueLine, TimelineEntry, Today
from suyuan.cases.selectors import page as case_reads
from suyuan.cases.selectors.clocks import day_name
from suyuan.cases.selectors.outside import promise_words
from suyuan.cases.selectors.today import DangerLine, Waiting, sign_words, task_title, unreachable
from suyuan.correspondence.models import Clearance, Message
from suyuan.correspondence.phrases import channel_word, failure_word, posted_word
from suyuan.correspondence.rules import SURE
from suyuan.correspondence.rules.guard import PUBLIC
from suyuan.desk import evidence_shapes
from suyuan.desk.acts import BY_CODE, CLEARS, GROUPS, STOPS_WITH, Act, offered
from suyuan.playbooks.selectors import procedure_newest
from suyuan.ui import dates
from suyuan.ui.shapes import Blocker, Clock, CountedDay, Stop

Shown = dict[str, Any]

CLOCKS_SHOWN = 4
DUTIES_SHOWN = 8
TASKS_SHOWN = 8
SOON = timedelta(minutes=2)
VOICE_CHARS = 90


def act_url(code: str, case: Case | str, **asked: str) -> str:
    """The page of one act on one case, some of its fields already filled."""
    reference = case if isinstance(case, str) else case.reference
    address = reverse(f"desk:act-{code}", args=[reference])
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    return f"{address}?{query}" if query else address


def case_url(reference: str) -> str:
    return reverse("desk:case", args=[reference])


def clearance_url(reference: str, row: Clearance | Message) -> str:
    """Where words wait for people: what is for everybody has a page of its own, which more may open."""
    if isinstance(row, Message):
        return reverse("desk:public_text", args=[reference, row.uid])
    if row.surface in PUBLIC and row.message is not None:
        return reverse("desk:public_text", args=[reference, row.message.uid])
    return reverse("desk:clearance", args=[reference, row.uid])


def letter_url(reference: str) -> str:
    return reverse("desk:letter_write", args=[reference])


def _language() -> str:
    return dates.language_of(get_language())


# --- my day --------------------------------------------------------------------------------------------------------


def today(day: Today, profile: ActorProfile, name: str, now: datetime) -> Shown:
    """The day in one sentence, then as a thread."""
    groups = [
        (_("已過期限"), day.late),
        (_("今天"), day.today),
        (_("明天，%(date)s") % {"date": _day_words(now + timedelta(days=1))}, day.tomorrow),
        (_("接下來兩週"), day.later),
    ]
    return {
        "now": now,
        "day": day,
        "sentence": sentences([_greeting(name, now), *_sentences(day)]),
        "dangers": [_danger(line, profile) for line in day.danger],
        "groups": [_group(title, lines, profile, now) for title, lines in groups if lines],
        "late_url": f"{reverse('desk:cases')}?overdue=1" if day.late_more else "",
        "for_me": [_for_me(line) for line in day.for_me],
        "for_others": [_for_other(line, now) for line in day.for_others],
        "is_taiwan": day.jurisdiction == "tw" and _language() == dates.HANT,
    }


def _greeting(name: str, now: datetime) -> str:
    hour = timezone.localtime(now).hour
    if 5 <= hour < 11:
        return _("早安，%(name)s。") % {"name": name}
    if 11 <= hour < 18:
        return _("午安，%(name)s。") % {"name": name}
    return _("晚安，%(name)s。") % {"name": name}


def _sentences(day: Today) -> list[str]:
    said = []
    if n := len(day.danger):
        said.append(ngettext("%(n)s 位病人需要醫師先看。", "%(n)s 位病人需要醫師先看。", n) % {"n": n})
    due, late = len(day.today), len(day.late)
    if due and day.late_more:
        said.append(_("今天還有 %(due)s 件要到期，另有超過 %(late)s 件已經過了。") % {"due": due, "late": late})
    elif day.late_more:
        said.append(_("超過 %(n)s 件已經過了期限。") % {"n": late})
    elif due and late:
        said.append(_("今天還有 %(due)s 件要到期，另有 %(late)s 件已經過了。") % {"due": due, "late": late})
    elif due:
        said.append(ngettext("今天還有 %(n)s 件要到期。", "今天還有 %(n)s 件要到期。", due) % {"n": due})
    elif late:
        said.append(ngettext("%(n)s 件已經過了期限。", "%(n)s 件已經過了期限。", late) % {"n": late})
    else:
        said.append(_("今天沒有要到期的事。"))
    if n := len(day.for_me):
        said.append(ngettext("%(n)s 件等您決定。", "%(n)s 件等您決定。", n) % {"n": n})
    return said


def _danger(line: DangerLine, profile: ActorProfile) -> Shown:
    signs = _("、").join(line.signs)
    who = line.masked_name or _("一位病人")
    told = _("%(since)s 由%(channel)s通報，已通知%(who)s，還沒有檢視結果。申訴程序等候。") % {
        "since": dates.near_date_and_time(line.since, timezone.now(), timezone.get_current_timezone(), _language()),
        "channel": label(CHANNELS, line.channel),
        "who": line.who,
    }
    if line.no_contact:
        told = sentences([_no_contact_words(), told])
    acts = []
    if line.no_contact and _could(profile, "message_send"):
        acts.append({"label": _("寫在進度頁"), "icon": "mail", "url": letter_url(line.reference), "kind": ""})
    elif not line.no_contact and _could(profile, "contact"):
        acts.append({"label": _("聯絡病人"), "icon": "phone", "url": act_url("contact", line.reference), "kind": ""})
    if Role.DOCTOR in profile.roles:
        acts.append({"label": _("記下檢視結果"), "icon": "", "url": act_url("care", line.reference), "kind": "danger"})
    elif _could(profile, "task"):
        ask = act_url("task", line.reference, kind="danger_review", role="doctor")
        acts.append({"label": _("請醫師立即檢視"), "icon": "", "url": ask, "kind": "danger"})
    else:
        acts.append({"label": _("打開案件"), "icon": "", "url": case_url(line.reference), "kind": "danger"})
    title = _("照護優先：%(who)s %(signs)s") if signs else _("照護優先：%(who)s有危險徵象")
    return {"title": (title % {"who": who, "signs": signs}).strip(), "text": told, "acts": acts, "url": case_url(line.reference)}


def _no_contact_words() -> str:
    return _("有危險徵象，沒有留下聯絡方式。")


def sentences(said: Iterable[str]) -> str:
    """Whole sentences, one after the other."""
    return (" " if _language() == dates.EN else "").join(said)


def _could(profile: ActorProfile, move: str) -> bool:
    """Whether this role usually may: decides which button to offer. The act itself asks again."""
    return bool(move_rule(move).roles & profile.roles)


def _group(title: str, lines: Sequence[DueLine], profile: ActorProfile, now: datetime) -> Shown:
    """A stretch of the day; what would make it too long to take in is folded."""
    shown = duties(lines, profile, now)
    rest = shown[DUTIES_SHOWN:] if len(shown) > DUTIES_SHOWN + 1 else []
    words = ""
    if rest:
        n, first = len(rest), rest[0]
        words = ngettext("其餘 %(n)s 件，最近一件在 %(when)s", "其餘 %(n)s 件，最近一件在 %(when)s", n)
        words %= {"n": n, "when": first["when"]}
    return {"title": title, "count": len(shown), "duties": shown[: len(shown) - len(rest)], "rest": rest, "words": words}


def duties(lines: Iterable[DueLine], profile: ActorProfile, now: datetime) -> list[Shown]:
    """Things due, each with when, who, the ring and the one act."""
    return [_duty(line, profile, now) for line in lines]


def _duty(line: DueLine, profile: ActorProfile, now: datetime) -> Shown:
    when, note = _when(line, now)
    who = _("您") if line.mine else line.who
    return {
        "clock": _due_clock(line, now),
        "when": when,
        "who": _("，").join(part for part in (note, who) if part),
        "note": note,
        "person": line.who,
        "url": case_url(line.reference),
        "level": line.level,
        "reference": line.reference,
        "name": line.masked_name,
        "matter": line.matter,
        "act": _act_of(line, profile),
    }


def _when(line: DueLine, now: datetime) -> tuple[str, str]:
    """What stands large, and what small beneath: 17:00; or 11/25 and 週三 24:00 前."""
    zone, language = timezone.get_current_timezone(), _language()
    there = line.when.astimezone(zone)
    day, hour = there.date(), dates.clock_time(there)
    if there.time() == time(0):
        day, hour = day - timedelta(days=1), "24:00"
    if not line.has_due:
        return _("隨時"), ""
    if day == now.astimezone(zone).date():
        return hour, ""
    weekday = dates.weekday_name(day, language)
    return dates.short_date(day, language, weekday=False), _("週%(day)s %(time)s 前") % {"day": weekday, "time": hour}


def _day_words(moment: datetime) -> str:
    return dates.short_date(timezone.localtime(moment).date(), _language())


def _due_clock(line: DueLine, now: datetime) -> Clock | ClockCard:
    if line.clock is not None:
        return line.clock
    kind = {"task": _("待辦"), "promise": _("答應病人的事")}[line.kind]
    if not line.has_due:
        return Clock(what=line.what, mood="none", left=_("沒有期限"), counting=kind)
    used = (now - line.since) / (line.when - line.since) if line.since and line.when > line.since else 1.0
    return Clock(what=line.what, mood=line.mood, share=min(1.0, max(0.0, used)), due_at=line.when, counting=kind)


def _act_of(line: DueLine, profile: ActorProfile) -> Shown | None:
    """The one act that settles it, if this reader may usually do it."""
    if line.kind == "task" and line.request:
        return {"label": _("交證據"), "url": f"{reverse('desk:evidence_add', args=[line.reference])}?request={line.request}"}
    if line.kind == "task":
        return {"label": _("完成"), "url": act_url("task-done", line.reference, task=line.uid)}
    if line.kind == "promise":
        return {"label": _("記下兌現"), "url": act_url("promise-kept", line.reference, promise=line.uid)}
    for fact in line.clock.stops if line.clock else ():
        code = STOPS_WITH.get(fact)
        if code and (line.mine or _could(profile, BY_CODE[code].move)):
            return {"label": BY_CODE[code].title, "url": act_url(code, line.reference)}
    return None


def _for_me(line: Waiting) -> Shown:
    act, words = {
        "approval": ("lower-decide", _("案 %(reference)s 提議降級")),
        "closing": ("close", _("案 %(reference)s 提議結案")),
        "words": ("", _("案 %(reference)s 有一段話等您核准")),
        "cleared": ("", _("案 %(reference)s 的話已核准，可以送出")),
        "not_cleared": ("", _("案 %(reference)s 的話沒有核准，請改寫")),
        "to_post": ("", _("案 %(reference)s 有一段公開的話定稿了，等您發表")),
    }[line.kind]
    notes = {"words": _("%(who)s送交。"), "cleared": "", "not_cleared": "", "to_post": _("發表之後，請記下在哪裡。")}
    note = notes.get(line.kind, _("%(who)s提出，需要第二個人。"))
    return {
        "what": words % {"reference": line.reference},
        "url": act_url(act, line.reference) if act or line.words is None else clearance_url(line.reference, line.words),
        "since": line.since,
        "note": note and note % {"who": line.who},
    }


def _for_other(line: Waiting, now: datetime) -> Shown:
    return {
        "what": line.what,
        "url": case_url(line.reference),
        "note": _("，").join((line.who, line.reference)),
        "due_at": line.due_at,
        "late": line.due_at is not None and line.due_at <= now,
    }


# --- one case ------------------------------------------------------------------------------------------------------


def case(page: CasePage, profile: ActorProfile, now: datetime, *, view: str = "", card: str = "") -> Shown:
    """Everything the page of a case shows."""
    found = page.case
    acts = offered(found, page.allowed)
    blockers = [blocker(b, found, page.allowed) for b in page.blockers]
    tasks = [_task(task, page, now) for task in page.tasks]
    clocks = [_linked(card, found) for card in (*page.clocks, *page.done_clocks)]
    forward = next((a for a in acts if a.move == page.next_move and a.group == "forward"), None)
    return {
        "now": now,
        "page": page,
        "case": found,
        "narrated": page.narrated,
        "heading": heading(found, page.narrated),
        "voice": voice(page.narrative),
        "flags": [label(FLAGS, flag) for flag in found.flags],
        "harm": label(HARM, found.harm) if found.harm != rules.Harm.NONE else "",
        "care": _care_band(page, now) if found.danger == "open" else None,
        "stops": _stops(page, len(blockers)),
        "clocks": clocks[:CLOCKS_SHOWN],
        "more_clocks": clocks[CLOCKS_SHOWN:],
        "next_words": page.next_sentence,
        "blockers": blockers,
        "forward": forward if not blockers else None,
        "forward_url": act_url(forward.code, found) if forward else "",
        "entries": entries(page.timeline, now),
        "older": page.older,
        "view": view,
        "views": _views(found, view),
        "coach": _coach(page, card) if page.narrated else None,
        "tasks": tasks[:TASKS_SHOWN],
        "more_tasks": tasks[TASKS_SHOWN:],
        "task_count": len(tasks),
        "tasks_done": sum(1 for task in page.tasks if task.done_at),
        "promises": [_promise(promise, page.procedure) for promise in page.promises],
        "parties": [_party(party) for party in page.parties],
        "staff": _staff(page),
        "groups": _groups(found, acts),
        "may_contact": "contact" in page.allowed,
        "may_send": "message_send" in page.allowed,
        "may_call": "escalate" in page.allowed,
        "may_print": "print" in page.allowed,
        "may_verify": "party_verify" in page.allowed,
        "may_survey": "survey_send" in page.allowed and not found.is_open,
        "pages": pages(found, page.allowed, "case"),
        "held": found.held,
        "disputed": found.disputed_at is not None and found.is_open,
        "alone": alone(page.alone, found, page.allowed),
        "evidence": evidence_shapes.brief(page.required, found) if page.required else None,
    }


def alone(second: str, found: Case, allowed: frozenset[str]) -> Shown | None:
    """Nobody is left for the second step: who could be asked in, and where, if this reader may."""
    if not second:
        return None
    words = {
        "lower_approve": _("這裡沒有另一個人可以決定降級。"),
        "close_confirm": _("這裡沒有另一個人可以確認結案。"),
    }[second]
    if "guest_invite" in allowed:
        words = sentences([words, _("可以邀請院外醫師或律師來做這一步。")])
        return {"words": words, "url": act_url("guest", found), "label": BY_CODE["guest"].title}
    who = _("、").join(str(who_label(role)) for role in Role if role in move_rule("guest_invite").roles)
    words = sentences([words, _("請%(who)s邀請院外醫師或律師來做這一步。") % {"who": who}])
    return {"words": words, "url": "", "label": ""}


def heading(found: Case, narrated: bool) -> str:
    """Name and matter to those who may read them; otherwise the number alone."""
    if not narrated:
        return _("案 %(reference)s") % {"reference": found.reference}
    name = found.patient.full_name if found.patient else ""
    said = [part for part in (name or _("還不知道姓名"), found.matter) if part]
    return "　".join(said)


_SENTENCE = re.compile(r".+?(?:[。！？!?…]|\.(?=\s|$)|$)", re.S)


def voice(narrative: str) -> str:
    """The first thing they said: whole sentences while they stay short, never cut inside one unless it runs on."""
    words = " ".join(narrative.split())
    taken = ""
    for sentence in _SENTENCE.findall(words):
        if taken and len(taken) + len(sentence) > VOICE_CHARS:
            break
        taken += sentence
        if len(taken) >= VOICE_CHARS // 3:
            break
    return taken if len(taken) <= 2 * VOICE_CHARS else taken[: 2 * VOICE_CHARS].rstrip() + "…"


def _care_band(page: CasePage, now: datetime) -> Shown:
    found = page.case
    signs = _("、").join(sign_words(found)) if page.narrated else ""
    waiting = next((t for t in page.tasks if t.kind == "danger_review" and not t.done_at), None)
    who = waiting.assignee.display_name if waiting and waiting.assignee else str(who_label("doctor"))
    acts = []
    if "care_record" in page.allowed and "medical_judgement" in page.allowed:
        acts.append({"label": _("記下檢視結果"), "url": act_url("care", found), "kind": "danger"})
    elif "task" in page.allowed:
        ask = act_url("task", found, kind="danger_review", role="doctor")
        acts.append({"label": _("請醫師立即檢視"), "url": ask, "kind": "danger"})
    text = _("已通知%(who)s，還沒有記下檢視結果。") % {"who": who}
    if page.narrated and waiting is not None and unreachable(waiting):
        text = sentences([_no_contact_words(), text])
    return {
        "title": _("照護優先：%(signs)s") % {"signs": signs} if signs else _("照護優先：有危險徵象"),
        "text": text,
        "acts": acts,
    }


def _stops(page: CasePage, gates: int) -> list[Stop]:
    stops = []
    for stop in page.track:
        if stop.state == "current":
            note = ngettext("第 %(n)s 天", "第 %(n)s 天", stop.days or 1) % {"n": stop.days or 1}
        elif stop.at:
            note = dates.short_date(timezone.localtime(stop.at).date(), _language(), weekday=False)
        else:
            note = _("尚未開始")
        gated = gates if stop.state == "current" else 0
        stops.append(Stop(name=stop.name, state=stop.state, note=note, gate=gated))
    return stops


def _linked(card: ClockCard, found: Case) -> ClockCard:
    """A clock that leads to its small calendar."""
    return replace(card, url=reverse("desk:clock", args=[found.reference, card.uid]))


def blocker(held: case_reads.Blocker, found: Case, allowed: frozenset[str] | None = None) -> Blocker:
    """What is missing, who holds it, and where it is cleared, if this reader may."""
    code = CLEARS.get(held.code)
    may = code is not None and (allowed is None or BY_CODE[code].move in allowed)
    what = held.what
    if held.count > 1:
        what = _("%(what)s（%(n)s 件）") % {"what": held.what, "n": held.count}
    if held.code == "law_clocks_done":
        return Blocker(what=what, holder=held.holder, act=held.act, url="#clocks")
    if code and may:
        return Blocker(what=what, holder=held.holder, act=str(BY_CODE[code].title), url=act_url(code, found))
    return Blocker(what=what, holder=held.holder)


# --- the course of events ------------------------------------------------------------------------------------------

# Words of ours to the person; everything else that staff wrote stands among us.
_OURS = frozenset({
    "case.acknowledged", "case.findings_disclosed", "case.responded", "plan.explained", "message.sent", "message.posted", "message.replaced", "channels.notified",
    "promise.made", "promise.kept",
})  # fmt: skip
_ICONS = (
    ("case.danger", "danger"), ("care.", "danger"), ("harm.judged", "danger"), ("case.opened", "message"), ("case.completed", "message"),
    ("message.received", "message"), ("message.", "send"), ("case.acknowledged", "done"), ("case.findings", "send"),
    ("case.responded", "send"), ("plan.", "message"), ("contact.", "phone"), ("promise.", "clock"), ("clock.", "clock"),
    ("demand.", "file"), ("file.", "clip"), ("finding.", "search"), ("root_cause.", "why"), ("investigator.", "search"),
    ("case.investigation", "search"), ("case.graded", "level-up"), ("level.", "level-down"), ("case.flagged", "flag"),
    ("case.unflagged", "flag"), ("task.", "check"), ("party.", "person"), ("staff.", "staff"), ("statement.", "staff"),
    ("support.", "staff"), ("proceeding.", "court"), ("report.", "building"), ("survey.", "survey"), ("case.closed", "seal"),
    ("case.closing", "seal"), ("case.assigned", "person"), ("speaker.", "speaker"), ("channels.", "info"), ("receipt.", "qr"),
    ("legal.", "scales"), ("counsel.", "scales"), ("issue.", "list"), ("factors.", "list"), ("incident.", "warning"),
    ("hold.placed", "lock"), ("hold.lifted", "unlock"), ("seal.", "seal"), ("copies.", "copy"), ("erasure.", "trash"),
    ("harm.", "warning"), ("helper.", "people"), ("late_entry.", "note"), ("evaluation.", "survey"), ("case.", "note"),
)  # fmt: skip


def entries(told: Sequence[TimelineEntry], now: datetime) -> list[Shown]:
    return [_entry(entry, now) for entry in told]


def _entry(entry: TimelineEntry, now: datetime) -> Shown:
    zone, language = timezone.get_current_timezone(), _language()
    there = entry.at.astimezone(zone)
    side = entry.side if entry.side in ("patient", "danger") else ""
    if not side and (entry.kind in _OURS or entry.quote):
        side = "ours"
    late = entry.stated_at is not None and abs(entry.at - entry.stated_at) > timedelta(minutes=5)
    note = ""
    if late:
        stated = dates.near_date_and_time(entry.stated_at, now, zone, language)
        note = _("發生於 %(when)s，之後記下") % {"when": stated}
    who = entry.who
    if who and not entry.quote:  # a plain sentence first, and who it was beneath
        note, who = _("，").join(part for part in (who, note) if part), ""
    return {
        "at": entry.at,
        "day": dates.near_date(there.date(), now.astimezone(zone).date(), language, weekday=False),
        "time": dates.clock_time(there),
        "icon": next((icon for start, icon in _ICONS if entry.kind.startswith(start)), "circle"),
        "side": side,
        "who": who,
        "what": entry.what,
        "quote": entry.quote,
        "note": note,
        "chain": entry.position,
        "closed": entry.kind == "protected",
        "kept_apart": entry.protected and entry.kind != "protected",
        "id": f"fact-{entry.uid}",
    }


def _views(found: Case, view: str) -> list[Shown]:
    here = case_url(found.reference)
    named_ = [
        ("", _("重點")),
        ("talks", _("往來")),
        ("inquiry", _("調查")),
        ("decisions", _("決定")),
        ("all", _("全部")),
    ]
    return [
        {"label": words, "url": f"{here}?view={code}#course" if code else f"{here}#course", "on": code == view}
        for code, words in named_
    ]


# --- beside it -----------------------------------------------------------------------------------------------------

# Which card helps most, by what comes next.
_CARD_FOR = {"": "telephone", rules.Stage.RECEIVED: "telephone", rules.Stage.ACKNOWLEDGED: "listen",
             rules.Stage.INVESTIGATING: "empathy", rules.Stage.DISCLOSED: "clear", rules.Stage.RESPONDED: "common-ground"}  # fmt: skip


def _coach(page: CasePage, asked: str) -> Shown | None:
    found = page.case
    if not found.is_open or "contact" not in page.allowed:
        return None
    cards = [c for c in page.procedure.cards if c.kind in ("telephone", "emotion")]
    if not cards:
        return None
    wanted = asked or _CARD_FOR.get(found.stage, "telephone")
    at = next((n for n, c in enumerate(cards) if c.id == wanted), 0)
    shown, after = cards[at], cards[(at + 1) % len(cards)]
    return {
        "label": _("聯絡之前：%(title)s") % {"title": shown.title},
        "words": str(shown.steps[0]),
        "say": _("可以這樣開始：「%(words)s」") % {"words": shown.say[0]} if shown.say else "",
        "url": reverse("desk:card", args=[shown.id]),
        "next_url": f"{case_url(found.reference)}?card={after.id}#coach",
        "situations": situation_cards(found.jurisdiction),
    }


def situation_cards(jurisdiction: str) -> list[Shown]:
    """Hard moments, each with its card: always those of today, whenever the case began."""
    cards = procedure_newest(jurisdiction).cards_of("situation")
    return [{"title": str(card.title), "url": reverse("desk:card", args=[card.id])} for card in cards]


def _task(task: Task, page: CasePage, now: datetime) -> Shown:
    who = task.assignee.display_name if task.assignee else str(who_label(task.role)) if task.role else ""
    late = bool(task.due_at and not task.done_at and task.due_at <= now)
    if task.done_at:
        done_by = task.done_by.display_name if task.done_by else who
        said = [done_by, dates.short_date(timezone.localtime(task.done_at).date(), _language(), weekday=False)]
    else:
        said = [who, _due_words(task.due_at, now) if task.due_at else ""]
    open_ = not task.done_at and not task.cancelled_at
    care = task.kind == "danger_review"
    url = ""
    if open_ and care and "medical_judgement" in page.allowed:
        url = act_url("care", page.case)
    elif open_ and (asked := task.detail.get("request")) and "file_add" in page.allowed:
        url = f"{reverse('desk:evidence_add', args=[page.case.reference])}?request={asked}"
    elif open_ and not care and "task_finish" in page.allowed:
        url = act_url("task-done", page.case, task=str(task.uid))
    return {
        "what": task_title(task),
        "who": _("，").join(part for part in said if part),
        "done": bool(task.done_at),
        "url": url,
        "care": care and open_,
        "late": late,
    }


def _due_words(due_at: datetime, now: datetime) -> str:
    return dates.deadline(due_at, now, timezone.get_current_timezone(), _language())


def _promise(promise, procedure) -> Shown:
    """A promise as the reader's language words it, and what became of it."""
    return {
        "words": promise_words(promise, procedure),
        "kept_at": promise.kept_at,
        "kept_late": promise.kept_at is not None and promise.kept_at > promise.due_at,
        "broken_at": promise.broken_at,
        "due_at": promise.due_at,
    }


def party_roles(party) -> str:
    """What a person outside is to the case: 病人、申訴人"""
    return _("、").join(str(words) for role, words in PARTIES.items() if role in party.roles)


def _party(party) -> Shown:
    if party.identity == rules.Identity.VERIFIED:
        note = _("身分已核對")
    else:
        note = _("身分還沒有核對，不能給病歷與調查內容")
    if "representative" in party.roles and not party.authority_proven_at:
        note = _("還沒有看過代理文件，不能代為簽署")
    return {
        "name": party.person.full_name or _("還不知道姓名"),
        "role": party_roles(party),
        "note": note,
        "url": reverse("people:person", args=[party.person.uid]),
    }


def _staff(page: CasePage) -> list[Shown]:
    """Colleagues, each once, with everything they are to this case."""
    kinds = (
        ("owner", _("負責人"), ""),
        ("speaker", _("對外窗口"), ""),
        ("investigator", _("調查人"), ""),
        ("complained", _("申訴提到的同事"), _("看不到案件，只看得到自己的說明頁")),
    )
    found: dict[int, Shown] = {}
    for kind, role, note in kinds:
        for user in page.staff.get(kind, ()):
            if user.pk in found:
                found[user.pk]["role"] += _("、") + role
            else:
                found[user.pk] = {"name": user.display_name, "role": role, "note": note}
    return list(found.values())


def _groups(found: Case, acts: list[Act]) -> list[tuple[str, list[tuple[str, str]]]]:
    """The acts this reader may do now, in groups."""
    grouped = []
    for code, title in GROUPS.items():
        links = [(str(act.title), act_url(act.code, found)) for act in acts if act.group == code]
        if links:
            grouped.append((str(title), links))
    return grouped


def pages(found: Case, allowed: frozenset[str], here: str) -> list[Shown]:
    """The pages of one case."""
    listed = [("case", "desk:case", named("one", "案件"))]
    if "identity" in allowed:
        listed += [
            ("investigation", "desk:investigation", _("調查")),
            ("letters", "desk:letters", named("nav", "訊息")),
            ("evidence", "desk:evidence", named("nav", "證據")),
            ("files", "desk:files", _("檔案")),
            ("outside", "desk:outside", _("要求與程序")),
            ("papers", "desk:papers", _("報告與摘要")),
            ("rights", "desk:rights", _("保全與權利")),
        ]
    if "public_read" in allowed:
        listed.insert(3 if "identity" in allowed else 1, ("public", "desk:public_case", _("公開")))
    if "bundle_export" in allowed:
        listed.append(("bundle", "desk:bundle", _("證據包")))
    return [
        {"label": words, "url": reverse(name, args=[found.reference]), "on": code == here} for code, name, words in listed
    ]


# --- clocks --------------------------------------------------------------------------------------------------------


def clock(explained: ClockExplained, found: Case, now: datetime) -> Shown:
    """The small calendar, and why."""
    card = explained.card
    house = card.basis == "house"
    return {
        "case": found,
        "now": now,
        "clock": card,
        "house": house,
        "days": [_counted(day, house) for day in explained.days],
        "explained": explained,
        "grade_words": {
            "V": "",
            "P": _("這一條的條文來自二手資料，待確認；在那之前照有拘束力處理。"),
            "UNVERIFIED": _("這一條還沒有查證，只供參考，不會提醒。"),
        }.get(card.grade, "")
        if not house
        else "",
        "paused": card.state == "paused",
        "running": card.state == "running",
    }


def _counted(day, house: bool) -> CountedDay:
    kind = day.state if day.state != "due" else ("due-house" if house else "due")
    return CountedDay(date=day.date, kind=kind, number=day.number, note=day_name(day))


# --- all cases -----------------------------------------------------------------------------------------------------


def chips(filters, asked: Mapping[str, str]) -> Shown:
    """Which cases are listed, and what may be narrowed."""

    def url(**changes: str) -> str:
        kept = {k: v for k, v in asked.items() if v and k not in ("after", "page", "partial")} | changes
        query = "&".join(f"{k}={_quoted(v)}" for k, v in kept.items() if v)
        return f"?{query}" if query else "?"

    states = [
        {"label": words, "url": url(state="" if code == "open" else code), "on": filters.state == code}
        for code, words in (("open", _("處理中")), ("ended", _("已結束")), ("all", _("全部")))
    ]
    owned = [("me", _("我負責的")), ("none", _("還沒有負責人"))]
    listed = [{"label": w, "url": url(owner="" if filters.owner == c else c), "on": filters.owner == c} for c, w in owned]
    listed.append({"label": _("已過期限"), "url": url(overdue="" if filters.overdue else "1"), "on": filters.overdue})
    for n, words in ((3, _("三級")), (2, _("二級")), (1, _("一級")), (0, _("未分級"))):
        listed.append(
            {"label": words, "url": url(level="" if filters.level == n else str(n)), "on": filters.level == n}
        )
    flags = [
        {"label": label(FLAGS, code), "url": url(flag="" if filters.flag == code else code), "on": filters.flag == code}
        for code in rules.FLAGS
    ]
    listed += [flag for flag in flags if flag["on"]]
    narrowed = filters.level is not None or any((filters.owner, filters.flag, filters.stage, filters.overdue, filters.query))
    return {"states": states, "chips": listed, "flag_links": [flag for flag in flags if not flag["on"]], "narrowed": narrowed, "plain": "?"}


def _quoted(value: str) -> str:
    from urllib.parse import quote

    return quote(value, safe="")


def later_url(asked: Mapping[str, str], after: str | None) -> str:
    if not after:
        return ""
    kept = {k: v for k, v in asked.items() if v and k != "after"} | {"after": after}
    return "?" + "&".join(f"{k}={_quoted(v)}" for k, v in kept.items())


def lines(items) -> list[Shown]:
    return [{"line": item, "flags": [label(FLAGS, flag) for flag in item.flags], "url": case_url(item.reference)} for item in items]


def first_url(asked: Mapping[str, str]) -> str:
    """Back to the first page, when this is a later one."""
    if not asked.get("after"):
        return ""
    kept = {k: v for k, v in asked.items() if v and k != "after"}
    return "?" + "&".join(f"{k}={_quoted(v)}" for k, v in kept.items())


# --- papers, surveys, law ------------------------------------------------------------------------------------------


def letter(row: Message, author: str, whom: str, now: datetime, *, answered: bool = False) -> Shown:
    """One message between the person and us, and how far it has come."""
    state = {
        "received": _("收到"),
        "draft": _("草稿"),
        "waiting": _("等核准"),
        "queued": _("排定送出"),
        "sent": _("已送出"),
        "delivered": _("對方已收到"),
        "failed": _("沒有送到"),
    }.get(row.state, row.state)
    to_post = row.channel == "letter" and row.state == "queued"
    at = row.sent_at or row.queued_at or row.created_at
    if answered and row.state in ("sent", "delivered"):
        state = _("對方已回覆")
    if row.known_by not in SURE:
        state = _("收到，寄件人未經核對")
    taken_down = row.direction == "in" and row.author.startswith("user:")
    if taken_down:
        at = row.happened_at or at
    return {
        "row": row,
        "ours": row.direction == "out",
        "later": row.send_after if row.state == "queued" and row.send_after > now + SOON else None,
        "answers": row.in_reply_to,
        "words": row.words,
        "state": _("等人寄出") if to_post else state,
        "kind": {"sent": "done", "delivered": "done", "failed": "late", "queued": "wait", "waiting": "wait", "draft": ""}.get(row.state, "" if row.known_by in SURE else "wait"),
        "channel": channel_word(row.channel),
        "failure": failure_word(row.failure) if row.failure else "",
        "author": "" if taken_down or row.author.startswith("integration:") else author,
        "taken_down": _("%(name)s 記下") % {"name": author} if taken_down else "",
        "for": whom,
        "at": at,
        "may_take_back": row.state == "queued" and row.claimed_at is None and row.unsure_since is None,
        "on_paper": row.channel == "letter" and row.direction == "out" and row.text_id is not None and row.state != "draft",
        "to_post": to_post,
    }


def posted(row: Message, how: str, number: str, zone: tzinfo) -> str:
    """11/22（日）掛號 123456 70000318"""
    day = dates.short_date(dates.day_of(row.happened_at or row.sent_at, zone), _language())
    return " ".join(part for part in (day, posted_word(how), number) if part)


def survey_answers(row, procedure) -> list[tuple[str, str]]:
    """Question and answer, in the words of the pack."""
    said = []
    for question in procedure.survey:
        value = row.answers.get(question.id)
        if value in (None, ""):
            continue
        if question.kind == "choice":
            words = next((str(c.name) for c in question.choices if c.id == value), str(value))
        elif question.kind == "yes_no":
            words = _("是") if value in (True, "yes") else _("否")
        elif question.kind == "scale":
            words = _("%(n)s 分，滿分 5 分") % {"n": value}
        else:
            words = str(value)
        said.append((str(question.question), words))
    return said


def instead_group(code: str) -> str:
    return {
        "talk": _("說話"),
        "money": _("錢"),
        "care": _("照護"),
        "record": _("紀錄"),
        "reviews": _("評論"),
        "public": _("對外說明"),
    }[code]


def laws(here: str) -> list[Shown]:
    return [{"label": str(words), "url": f"?law={code}", "on": code == here} for code, words in JURISDICTIONS.items()]
