"""What the page of evidence shows, made from what `cases` reads: slips, one sentence, and whom to ask for what."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from suyuan.accounts.labels import who_label
from suyuan.cases.models import Case, Party
from suyuan.cases.selectors.checklist import ASIDE, ASKED, HAD, MISSING, SEALED, SETTLED, Readiness, Slip, still_open
from suyuan.correspondence.models import Message
from suyuan.correspondence.rules import NOTICE
from suyuan.desk.fields import item_words
from suyuan.evidence.models import EvidenceRequest, Interview, Item, Observation
from suyuan.evidence.services.hearing import READ_HOW
from suyuan.playbooks import selectors as packs
from suyuan.playbooks.readers import EvidenceKind, LawRule
from suyuan.ui import dates
from suyuan.ui.shapes import EvidenceSlip

Shown = dict[str, Any]
Notices = Mapping[tuple[str, datetime], str]

# Acts that draw a conclusion: what is still missing is said beside them.
CONCLUDES = frozenset({"finding", "root-cause", "fishbone", "disclose"})
NAMED = 4  # more than this, and a sentence counts instead of naming


def words_of(state: str) -> str:
    """The word at the foot of a slip."""
    return {SEALED: _("封存"), HAD: _("已有"), ASKED: _("請求中"), MISSING: _("缺"), ASIDE: _("不適用")}[state]


def read_words() -> list[tuple[str, str]]:
    said = {"read_aloud": _("當面念給本人聽"), "read_self": _("本人自己讀過"), "sent": _("寄給本人，本人回覆")}
    return [(code, said[code]) for code in READ_HOW]


def holder_words(request: EvidenceRequest, case: Case) -> str:
    """Who was asked, as colleagues call them."""
    if request.holder:
        return request.holder.display_name
    if request.role:
        return str(who_label(request.role))
    uid = request.party.partition(":")[2]
    party = Party.objects.filter(case=case, uid=uid).select_related("person").first()
    return (party.person.full_name if party else "") or _("申訴人")


def sentence(missing: Sequence[Slip], case: Case) -> str:
    """What stands between us and a conclusion, or that nothing does."""
    if not missing:
        return _("該有的都有了，可以下結論。")
    said = [_still(slip, case) for slip in missing[:NAMED]]
    rest = len(missing) - len(said)
    if rest:
        said.append(ngettext("另外還有 %(n)s 項", "另外還有 %(n)s 項", rest) % {"n": rest})
    return _("還不能下結論：%(what)s。") % {"what": _("，").join(said)}


def _still(slip: Slip, case: Case) -> str:
    if slip.waiting:
        who = holder_words(slip.waiting[-1], case)
        return _("%(kind)s等%(who)s提供") % {"kind": slip.kind.name, "who": who}
    if slip.ended:
        return _("%(kind)s沒有拿到") % {"kind": slip.kind.name}
    return _("%(kind)s還沒有") % {"kind": slip.kind.name}


def conclusion_advice(case: Case) -> str:
    """Said beside a finding that is about to be written; nothing when all is there."""
    missing = still_open(case)
    return sentence(missing, case) if missing else ""


def picture(ready: Readiness, case: Case, allowed: Iterable[str], now: datetime) -> Shown:
    """Slips above, and below each one its line with the act that clears it."""
    allowed, laws = frozenset(allowed), _laws(case)
    names = {str(p.uid): p.person.full_name for p in Party.objects.filter(case=case).select_related("person")}
    notices = _notices(ready, case)
    lines = [_line(slip, case, allowed, laws, names, notices, now) for slip in ready.slips]
    first = [line for line in lines if line["need"] == "required"]
    return {
        "sentence": sentence(ready.open, case),
        "ready": not ready.open,
        "slips": [_drawn(slip) for slip in ready.required],
        "beside": [_drawn(slip) for slip in ready.beside],
        "counts": _counts(slip.state for slip in ready.required),
        "to_do": [line for line in first if not line["settled"]],
        "done": [line for line in first if line["settled"]],
        "beside_lines": [line for line in lines if line["need"] != "required"],
        "unsorted": [_item(item, case, allowed) for item in ready.unsorted],
        "borrowed": ready.borrowed,
    }


def brief(required: Sequence[tuple[EvidenceKind, str]], case: Case) -> Shown:
    """The required slips on the page of the case: what is there at a glance, each leading to its line."""
    page = _page("evidence", case)
    missing = sum(1 for _kind, state in required if state not in SETTLED)
    said = ngettext("還差 %(n)s 項才能下結論。", "還差 %(n)s 項才能下結論。", missing) % {"n": missing}
    return {
        "sentence": said if missing else _("該有的都有了，可以下結論。"),
        "slips": [_slip(kind, state, page) for kind, state in required],
        "counts": _counts(state for _kind, state in required),
        "url": page,
    }


def _counts(states: Iterable[str]) -> str:
    """How many of each, in the order of the states: 封存 1，已有 2，缺 3."""
    numbers = Counter(states)
    return _("，").join(f"{words_of(state)} {numbers[state]}" for state in (SEALED, HAD, ASKED, MISSING, ASIDE) if numbers[state])


def _drawn(slip: Slip) -> EvidenceSlip:
    return _slip(slip.kind, slip.state)


def _slip(kind: EvidenceKind, state: str, page: str = "") -> EvidenceSlip:
    return EvidenceSlip(name=str(kind.name), state=state, word=words_of(state), url=f"{page}#kind-{kind.id}")


def _line(
    slip: Slip, case: Case, allowed: frozenset[str], laws: Mapping[str, LawRule], names: Mapping[str, str], notices: Notices,
    now: datetime,
) -> Shown:  # fmt: skip
    kind = slip.kind
    return {
        "id": kind.id,
        "name": str(kind.name),
        "need": slip.need,
        "state": slip.state,
        "word": words_of(slip.state),
        "settled": slip.state in SETTLED,
        "explain": str(kind.explain),
        "helps": str(kind.helps) if kind.helps else "",
        "holder": _("病人") if kind.holder == "patient" else str(who_label(kind.holder)),
        "basis": [laws[code].citation for code in slip.basis if code in laws],
        "items": [_item(item, case, frozenset()) for item in slip.items],
        "requests": [_request(request, case, allowed, names, notices, now) for request in slip.waiting],
        "answers": [
            {"who": _who(request, names), "declined": request.ending == "declined", "at": request.ended_at,
             "words": request.answer.body if request.answer else ""}
            for request in slip.ended
        ],
        "decision": slip.decision,
        "counts": kind.counts,
        "acts": _acts(slip, case, allowed),
    }  # fmt: skip


def _who(request: EvidenceRequest, names: Mapping[str, str]) -> str:
    if request.holder:
        return request.holder.display_name
    return str(who_label(request.role)) if request.role else names.get(request.party.partition(":")[2]) or _("申訴人")


def _notices(ready: Readiness, case: Case) -> Notices:
    """What became of the mails that told people outside."""
    if not any(request.party for slip in ready.slips for request in slip.waiting):
        return {}
    rows = Message.objects.filter(subject_stream=case.stream, kind=NOTICE)
    return {(party, at): state for party, at, state in rows.values_list("party", "created_at", "state")}


def _told(request: EvidenceRequest, notices: Notices) -> str:
    """Whether a person outside has heard that they are asked, and by whom they still should."""
    if not request.party:
        return ""
    match notices.get((request.party, request.reminded_at or request.asked_at)):
        case "queued":
            return _("告知的信就要寄出，信裡不含內容。")
        case "sent" | "delivered":
            return _("已寄信告知，信裡不含內容。")
        case "failed":
            return _("告知的信沒有送到，請打電話說一聲。")
    return _("只有進度頁看得到，沒有寄信：請打電話說一聲。")


def _request(
    request: EvidenceRequest, case: Case, allowed: frozenset[str], names: Mapping[str, str], notices: Notices, now: datetime
) -> Shown:
    zone, language = timezone.get_current_timezone(), dates.language_of(get_language())
    acts = []
    if "file_add" in allowed:
        acts.append((_("替他收下") if request.party else _("交來"), f"{_page('evidence_add', case)}?request={request.uid}"))
    if "evidence_ask" in allowed:
        acts.append((_("再提醒"), act_page("evidence-remind", case, request=str(request.uid))))
        acts.append((_("不再請求"), act_page("evidence-cancel", case, request=str(request.uid))))
    return {
        "who": _who(request, names),
        "words": request.words,
        "due": dates.deadline(request.due_at, now, zone, language),
        "late": request.due_at <= now,
        "reminders": request.reminders,
        "told": _told(request, notices),
        "acts": acts,
    }


def _acts(slip: Slip, case: Case, allowed: frozenset[str]) -> list[tuple[str, str]]:
    """Ask, add, not applicable: what clears this line, for those who may."""
    kind, acts = slip.kind, []
    if slip.state == ASIDE:
        return [(_("改回需要"), act_page("evidence-needed", case, need=str(slip.decision.uid)))] if "evidence_judge" in allowed else []
    if kind.counts == "interviews" and "hear" in allowed:
        acts.append((_("記下訪談"), act_page("interview", case)))
    if kind.counts == "observations" and "observe" in allowed:
        acts.append((_("寫下看到的事"), act_page("observe", case)))
    if not slip.waiting and slip.state == MISSING and "evidence_ask" in allowed:
        acts.append((_("請人提供"), act_page("evidence-ask", case, kind=kind.id)))
    if kind.counts == "items" and "file_add" in allowed:
        acts.append((_("加入"), f"{_page('evidence_add', case)}?kind={kind.id}"))
    if slip.state in (MISSING, ASKED) and "evidence_judge" in allowed:
        acts.append((_("不適用"), act_page("evidence-none", case, kind=kind.id)))
    return acts


def _item(item: Item, case: Case, allowed: frozenset[str]) -> Shown:
    sort = act_page("evidence-sort", case, item=str(item.uid)) if "file_add" in allowed else ""
    return {"item": item, "words": item_words(item), "url": reverse("desk:file", args=[case.reference, item.uid]) if item.stored else "", "sort": sort}


def _page(name: str, case: Case) -> str:
    return reverse(f"desk:{name}", args=[case.reference])


def act_page(code: str, case: Case, **asked: str) -> str:
    query = "&".join(f"{name}={value}" for name, value in asked.items())
    address = reverse(f"desk:act-{code}", args=[case.reference])
    return f"{address}?{query}" if query else address


def _laws(case: Case) -> dict[str, LawRule]:
    """Only the law of the place of this case is cited."""
    return {rule.id: rule for rule in packs.law_newest(case.jurisdiction).rules}


# --- people who were heard, and what colleagues saw ----------------------------------------------------------------


def interview(row: Interview, case: Case, allowed: frozenset[str]) -> Shown:
    acts = []
    if "hear" in allowed and not row.outcome:
        asked = {"interview": str(row.uid)}
        acts = [
            (_("記下本人的確認"), act_page("interview-confirm", case, **asked)),
            (_("本人不確認"), act_page("interview-refuse", case, **asked)),
            (_("改寫"), act_page("interview-rewrite", case, **asked)),
        ]
    elif "hear" in allowed:
        acts = [(_("補充"), act_page("interview-supplement", case, interview=str(row.uid)))]
    return {
        "row": row,
        "url": reverse("desk:interview", args=[case.reference, row.uid]),
        "read_how": dict(read_words()).get(row.read_how, ""),
        "acts": acts,
    }


def observations(rows: Iterable[Observation], case: Case, allowed: frozenset[str], user_id: int | None) -> list[Shown]:
    """Each note with what was added to it; its writer may strike it through, everybody else may add."""
    rows, late = list(rows), packs.evidence_procedure(case.procedure_id, case.jurisdiction).recording.late
    numbers = {row.pk: n for n, row in enumerate(rows, 1)}
    shown = []
    for row in rows:
        acts = []
        if "observe" in allowed:
            acts.append((_("補充"), act_page("observe", case, supplements=str(row.uid))))
            if row.by_id == user_id and not row.struck_at:
                acts.append((_("劃掉"), act_page("observe-strike", case, note=str(row.uid))))
        shown.append(
            {"row": row, "n": numbers[row.pk], "adds_to": numbers.get(row.supplements_id), "late": str(late) if row.late else "", "acts": acts}
        )
    return shown
