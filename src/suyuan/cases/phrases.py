"""One sentence per fact of a case, in the reader's language. The page puts the actor's name before it.

Codes are those of `playbooks.vocabulary`; what a person typed is quoted by the page, not here. Facts of a protected
compartment say that something is there, never what.
"""
from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.utils.translation import pgettext_lazy as named

from suyuan.accounts.labels import COMPARTMENTS, who_label
from suyuan.platform.facts import Told

Labels = Mapping[object, object]

LEVELS: Labels = {1: named("level", "一級"), 2: named("level", "二級"), 3: named("level", "三級")}
FLAGS: Labels = {
    "reportable": named("flag", "須通報"),
    "media": named("flag", "媒體關注"),
    "legal": named("flag", "涉及法律"),
    "extortion_suspected": named("flag", "疑似勒索"),
    "vulnerable_person": named("flag", "需要特別照顧的人"),
}
HARM: Labels = {
    "none": named("harm", "沒有提到身體傷害"),
    "unknown": named("harm", "還不清楚有沒有身體傷害"),
    "alleged": named("harm", "提到身體傷害，等醫師判斷"),
    "serious": named("harm", "嚴重傷害"),
    "not_serious": named("harm", "不是嚴重傷害"),
}
CHANNELS: Labels = {
    "web": named("channel", "網頁"),
    "telephone": named("channel", "電話"),
    "on_site": named("channel", "現場"),
    "email": named("channel", "電子郵件"),
    "sms": named("channel", "簡訊"),
    "line": named("channel", "LINE"),
    "wechat": named("channel", "微信"),
    "social": named("channel", "社群"),
    "letter": named("channel", "書信"),
    "authority": named("channel", "主管機關轉來"),
    "portal": named("channel", "追蹤頁"),
    "in_person": named("channel", "當面"),
}
CONTACTS: Labels = {
    "call": named("contact", "通話"),
    "visit": named("contact", "來訪"),
    "care_talk": named("contact", "關懷會談"),
    "explanation": named("contact", "說明"),
    "meeting": named("contact", "會面"),
    "message": named("contact", "訊息往來"),
}
DEMANDS: Labels = {
    "records_copy": named("demand", "病歷複本"),
    "data_access": named("demand", "查閱個人資料"),
    "data_erase": named("demand", "刪除個人資料"),
    "data_correct": named("demand", "更正個人資料"),
    "refund": named("demand", "退費"),
    "explanation": named("demand", "說明原因"),
    "seal": named("demand", "封存病歷"),
}
OUTCOMES: Labels = {
    "met": named("outcome", "照辦"),
    "partly": named("outcome", "部分照辦"),
    "refused": named("outcome", "沒有同意，並說明理由"),
    "withdrawn": named("outcome", "對方收回"),
    "agreed": named("outcome", "達成協議"),
    "failed": named("outcome", "沒有達成協議"),
    "decided": named("outcome", "作成決定"),
    "transferred": named("outcome", "移送他處"),
}
WISHES: Labels = {
    "granted": named("wish", "照辦"),
    "partly": named("wish", "部分照辦"),
    "refused": named("wish", "無法照辦"),
}
DECLARATIONS: Labels = {
    "none": named("declaration", "沒有利害關係"),
    "some": named("declaration", "有需要說明的關係"),
}
CONNECTIONS: Labels = {
    "same_department": named("connection", "與被提到的同事同科"),
    "heads_complained": named("connection", "是被提到的同事的主管"),
    "shares_contact": named("connection", "與當事人留有相同的聯絡方式"),
    "same_name": named("connection", "與當事人同名"),
    "registered": named("connection", "登錄了這件申訴"),
    "owner": named("connection", "負責處理這件申訴"),
}
VERDICTS: Labels = {
    "dissatisfaction": named("verdict", "主觀感受不滿"),
    "expected": named("verdict", "預期範圍之內"),
    "complication": named("verdict", "可預見的併發症"),
    "fault": named("verdict", "可歸責的缺失"),
    "undetermined": named("verdict", "尚未判定"),
}
EXPOSURE: Labels = {
    "negligence": named("exposure", "注意義務"),
    "failure_to_inform": named("exposure", "告知與同意"),
    "regulation": named("exposure", "醫療法規"),
    "consumer_protection": named("exposure", "消費者保護"),
    "unapproved_product": named("exposure", "未核准的藥品或器材"),
    "privacy": named("exposure", "個人資料與隱私"),
}
PROCEEDINGS: Labels = {
    "tw_mediation": named("proceeding", "醫療爭議調解"),
    "cn_people_mediation": named("proceeding", "人民調解"),
    "cn_admin_mediation": named("proceeding", "行政調解"),
    "court": named("proceeding", "訴訟"),
    "authority": named("proceeding", "主管機關調查"),
    "samr": named("proceeding", "市場監管部門處理"),
    "appraisal": named("proceeding", "鑑定"),
    "police": named("proceeding", "警方處理"),
}
MILESTONES: Labels = {
    "accepted": named("milestone", "已受理"),
    "papers_complete": named("milestone", "文件齊備"),
    "notified": named("milestone", "收到通知"),
    "first_meeting": named("milestone", "第一次會議"),
    "failed": named("milestone", "不成立"),
    "agreed": named("milestone", "成立"),
    "served": named("milestone", "文書送達"),
}
CARE: Labels = {
    "examination": named("care", "檢查"),
    "treatment": named("care", "治療"),
    "referral": named("care", "轉診"),
    "rescue": named("care", "急救"),
    "follow_up": named("care", "追蹤"),
}
STAGES: Labels = {
    "received": named("stage", "受理"),
    "acknowledged": named("stage", "已回覆收到"),
    "investigating": named("stage", "調查"),
    "findings_disclosed": named("stage", "已說明調查結果"),
    "responded": named("stage", "已答覆"),
    "closed": named("stage", "結案"),
    "withdrawn": named("stage", "撤回"),
    "resolved_on_spot": named("stage", "當場解決"),
}

PAPERS: Labels = {
    "internal": named("paper", "調查報告"),
    "complainant": named("paper", "調查結果說明書"),
}
PAPER_STATES: Labels = {
    "draft": named("paper", "草稿"),
    "finished": named("paper", "等待簽署"),
    "signed": named("paper", "已簽署"),
    "superseded": named("paper", "已有新版"),
}
PURPOSES: Labels = {
    "internal": named("purpose", "院內"),
    "patient": named("purpose", "病人"),
    "mediation": named("purpose", "調解"),
    "authority": named("purpose", "主管機關"),
    "litigation": named("purpose", "法院"),
    "public": named("purpose", "公開"),
}
AGREED_HOW: Labels = {
    "in_writing": named("agreed", "雙方簽名的書面"),
    "in_minutes": named("agreed", "載明在筆錄裡"),
    "in_words_recorded": named("agreed", "當面說明並錄音"),
}
FOUND: Labels = {
    "upheld": named("found", "您說的屬實"),
    "partly": named("found", "您說的部分屬實"),
    "not_upheld": named("found", "查到的和您說的不同"),
    "unclear": named("found", "查不清楚"),
}

PARTIES: Labels = {
    "patient": gettext_lazy("病人"),
    "complainant": gettext_lazy("申訴人"),
    "representative": gettext_lazy("代理人"),
    "companion": gettext_lazy("陪同的人"),
}


DATA: Labels = {
    "identifiers": named("data", "姓名、生日、病歷號"),
    "contacts": named("data", "聯絡方式"),
    "photos": named("data", "您提供的照片與檔案"),
    "messages": named("data", "往來訊息"),
    "inbox": named("data", "還沒有放進案件的來訊與附件"),
    "narrative": named("data", "申訴內容"),
    "chart": named("data", "病歷、同意書與療程資料"),
    "facts": named("data", "其他處理紀錄"),
    "statements": named("data", "受訪、請求與回覆時說的話"),
}
ABOUT: Labels = {
    "own": named("about", "提出的人自己說過、提供過的，和自己的聯絡資料"),
    "patient": named("about", "病人的資料，由本人或有權代理的人提出"),
}
RECORDS: Labels = {
    "chart": named("record", "病歷與同意書"),
    "complaint_record": named("record", "申訴紀錄"),
    "care_record": named("record", "關懷與說明紀錄"),
    "sealed": named("record", "封存的資料與實物"),
    "adverse_event": named("record", "不良事件通報資料"),
}
HOLD_CAUSES: Labels = {
    "case.flagged": gettext_lazy("標記為涉及法律"),
    "case.disputed": gettext_lazy("標示為有爭議"),
    "proceeding.opened": gettext_lazy("案外程序開始"),
    "incident.identified": gettext_lazy("記下應通報的事件"),
}
DECISIONS: Labels = {
    "erased": named("data", "刪除"),
    "kept_law": named("data", "依法保存"),
    "kept_hold": named("data", "保全中，不能刪除"),
    "kept_other": named("data", "保留，理由如下"),
    "nothing": named("data", "沒有這類資料"),
}


def label(labels: Labels, code: object) -> str:
    """The word for a code; a code without a word stands for itself, so that nothing vanishes."""
    return str(labels.get(code, code if code is not None else ""))


def _says(sentence) -> Callable[[Told], str]:
    """A fact that is worded the same whatever it holds."""
    return lambda told: str(sentence)


def _coded(sentence, name: str, labels: Labels) -> Callable[[Told], str]:
    """A fact worded with one of its codes."""
    return lambda told: str(sentence) % {name: label(labels, told.plain(name))}


def _paper(sentence) -> Callable[[Told], str]:
    """A fact about one version of a document."""
    return lambda told: str(sentence) % {"kind": label(PAPERS, told.plain("kind")), "version": told.plain("version", "")}


def _person(sentence, without) -> Callable[[Told], str]:
    """A fact about a colleague; without the name once that has been erased."""

    def phrase(told: Told) -> str:
        name = told.private.get("name")
        return str(sentence) % {"name": name} if name else str(without)

    return phrase


def _roles(codes: list[str]) -> str:
    return _("、").join(str(who_label(code)) for code in codes)


def showing_agreed(told: Told) -> str:
    compartment = str(COMPARTMENTS.get(told.plain("compartment", ""), ""))
    purposes = _("、").join(label(PURPOSES, code) for code in told.plain("purposes", []))
    if not purposes:
        return _("雙方不再同意提出%(compartment)s的內容") % {"compartment": compartment}
    return _("雙方同意提出%(compartment)s的內容，用於：%(purposes)s") % {"compartment": compartment, "purposes": purposes}


# --- coming in -----------------------------------------------------------------------------------------------------


def case_opened(told: Told) -> str:
    channel = label(CHANNELS, told.plain("channel"))
    if told.plain("danger_signs"):
        return _("有危險徵象，立刻建立了案件（%(channel)s）") % {"channel": channel}
    return _("受理申訴（%(channel)s）") % {"channel": channel}


def case_danger_raised(told: Told) -> str:
    return _("通報危險徵象，請醫師立刻檢視")


def issue_classified(told: Told) -> str:
    count = len(told.plain("causes", []))
    return ngettext("歸類一個申訴事項，列出 %(n)s 個原因", "歸類一個申訴事項，列出 %(n)s 個原因", count) % {"n": count}


# --- how grave -----------------------------------------------------------------------------------------------------


def case_graded(told: Told) -> str:
    level, before = told.plain("level"), told.plain("from")
    words = {"level": label(LEVELS, level), "before": label(LEVELS, before)}
    if not before:
        return _("定為%(level)s") % words
    if told.plain("approval"):
        return _("同意由%(before)s調為%(level)s") % words
    return _("由%(before)s調高為%(level)s") % words


def lowering_asked(told: Told) -> str:
    return _("提議調為%(level)s，等另一位同事決定") % {"level": label(LEVELS, told.plain("level"))}


def lowering_decided(told: Told) -> str:
    return _("沒有同意調為%(level)s，維持%(before)s") % {
        "level": label(LEVELS, told.plain("level")),
        "before": label(LEVELS, told.plain("from")),
    }


def case_escalated(told: Told) -> str:
    return _("依規定請%(who)s一起處理") % {"who": _roles(told.plain("to", []))}


# --- who has it ----------------------------------------------------------------------------------------------------


def moved_branch(told: Told) -> str:
    return _("由 %(before)s 院轉到 %(after)s 院，案號不變") % {"before": told.plain("from"), "after": told.plain("to")}


def task_opened(told: Told) -> str:
    title, name, role = told.private.get("title"), told.private.get("name"), told.plain("role")
    holder = name or (str(who_label(role)) if role else "")
    if title and holder:
        return _("請%(who)s：%(title)s") % {"who": holder, "title": title}
    return _("交辦一件事")


def task_done(told: Told) -> str:
    title = told.private.get("title")
    return _("完成：%(title)s") % {"title": title} if title else _("完成一件待辦")


def task_cancelled(told: Told) -> str:
    title = told.private.get("title")
    return _("取消待辦：%(title)s") % {"title": title} if title else _("取消一件待辦")


# --- talking -------------------------------------------------------------------------------------------------------


def contact_logged(told: Told) -> str:
    words = {"kind": label(CONTACTS, told.plain("kind")), "channel": label(CHANNELS, told.plain("channel"))}
    if told.plain("kind") == "care_talk":
        return _("記下一次關懷會談")
    if told.plain("keeps_promise"):
        return _("記下%(kind)s（%(channel)s），做到了先前的承諾") % words
    if told.plain("direction") == "in":
        return _("記下對方主動聯絡：%(kind)s（%(channel)s）") % words
    return _("記下與對方的%(kind)s（%(channel)s）") % words


def promise_made(told: Told) -> str:
    words = told.private.get("words")
    return _("答應對方：%(words)s") % {"words": words} if words else _("對申訴人作出一項承諾")


def promise_kept(told: Told) -> str:
    return _("做到了先前的承諾，比約定的時間晚") if told.plain("late") else _("做到了先前的承諾")


def demand_answered(told: Told) -> str:
    words = {"kind": label(DEMANDS, told.plain("kind")), "outcome": label(OUTCOMES, told.plain("outcome"))}
    return _("回覆對方的請求（%(kind)s）：%(outcome)s") % words


def care_recorded(told: Told) -> str:
    kind = label(CARE, told.plain("kind"))
    if told.plain("clears_danger"):
        return _("記下%(kind)s，危險徵象已由醫師看過") % {"kind": kind}
    return _("記下照護：%(kind)s") % {"kind": kind}


# --- ending --------------------------------------------------------------------------------------------------------


def case_withdrawn(told: Told) -> str:
    if told.plain("by_staff"):
        return _("記下對方撤回申訴；照護和法定的事繼續")
    return _("撤回申訴；照護和法定的事繼續")


def case_reopened(told: Told) -> str:
    return _("重啟案件，回到「%(stage)s」") % {"stage": label(STAGES, told.plain("to"))}


def proceeding_milestone(told: Told) -> str:
    return _("%(kind)s：%(milestone)s") % {
        "kind": label(PROCEEDINGS, told.plain("kind")),
        "milestone": label(MILESTONES, told.plain("milestone")),
    }


def proceeding_ended(told: Told) -> str:
    return _("%(kind)s結束：%(outcome)s") % {
        "kind": label(PROCEEDINGS, told.plain("kind")),
        "outcome": label(OUTCOMES, told.plain("outcome")),
    }


# --- clocks --------------------------------------------------------------------------------------------------------


def clock_alarmed(told: Told) -> str:
    if told.plain("basis") == "law":
        return _("提醒：一項法定期限快到或已到")
    return _("提醒：一項院內期限快到或已到")


def clock_extended(told: Told) -> str:
    times = told.plain("times", 1)
    if told.plain("basis") == "law":
        return _("延長一項法定期限（第 %(n)s 次）") % {"n": times}
    return _("延長一項院內期限（第 %(n)s 次）") % {"n": times}


def clock_recounted(told: Told) -> str:
    if told.plain("why") == "earlier":
        return _("知道了更早的起算日，重新計算期限")
    return _("行事曆公布後，重新計算期限")


t = gettext_lazy

def erasure_answered(told: Told) -> str:
    said = {"erased": told.plain("erased", 0), "kept": told.plain("kept", 0)}
    return _("答覆刪除個人資料的請求：刪除 %(erased)s 組，保留 %(kept)s 組。") % said


def retention_kept(told: Told) -> str:
    return _("保存期限已過，仍決定保留：%(reason)s") % {"reason": told.private.get("reason", _("（理由已刪除）"))}


def copies_waiting(told: Told) -> str:
    return _("複製本 %(number)s 已備妥，通知對方領取。") % {"number": told.plain("number")}


PHRASES: Mapping[str, Callable[[Told], str]] = {
    "case.opened": case_opened,
    "case.completed": _says(t("把申訴的內容寫完整了")),
    "case.danger_raised": case_danger_raised,
    "case.danger_resolved": _says(t("醫師確認危險徵象已處理")),
    "receipt.issued": _says(t("發給新的收據，先前的收據失效")),
    "party.added": _says(t("加入一位當事人")),
    "party.contact_left": _says(t("對方補留了聯絡方式")),
    "party.verified": _says(t("核對了申訴人的身分")),
    "party.authority_proven": _says(t("確認了代理的授權文件")),
    "staff.complained_about": _person(
        t("記下申訴提到的同事：%(name)s，不再參與這個案件"), t("記下申訴提到的一位同事，不再參與這個案件")
    ),
    "staff.no_longer_complained_about": _person(
        t("更正：申訴提到的不是%(name)s"), t("更正：申訴提到的不是這位同事")
    ),
    "case.acknowledged": _coded(t("告訴對方我們收到了（%(method)s）"), "method", CHANNELS),
    "case.graded": case_graded,
    "level.lowering_asked": lowering_asked,
    "level.lowering_decided": lowering_decided,
    "case.flagged": _coded(t("標記「%(flag)s」"), "flag", FLAGS),
    "case.unflagged": _coded(t("取消標記「%(flag)s」"), "flag", FLAGS),
    "case.escalated": case_escalated,
    "case.assigned": _person(t("請%(name)s負責這個案件"), t("指定了負責的同事")),
    "speaker.named": _person(t("請%(name)s擔任對外說明的窗口"), t("指定了對外說明的窗口")),
    "legal.asked": _says(t("請法務一起看這個案件")),
    "counsel.asked": _says(t("向法務提出問題")),
    "case.moved_branch": moved_branch,
    "issue.added": _says(t("加上一個申訴事項")),
    "issue.classified": issue_classified,
    "factors.recorded": _says(t("記下期待、情緒和認知上的因素")),
    "harm.stated": _coded(t("記下身體狀況：%(state)s"), "state", HARM),
    "harm.dated": _says(t("補上是哪一天發生的")),
    "harm.judged": _coded(t("醫師判斷：%(state)s"), "state", HARM),
    "incident.identified": _says(t("認定這是須通報的事件")),
    "report.made": _says(t("向主管機關通報")),
    "contact.logged": contact_logged,
    "case.disputed": _says(t("記下雙方看法不同；往後先以書面，談話照常並留下紀錄")),
    "channels.notified": _coded(t("告訴對方院外可以找誰（%(method)s）"), "method", CHANNELS),
    "helper.named": _says(t("安排了溝通協助")),
    "plan.explained": _coded(t("向對方說明接下來怎麼做（%(method)s）"), "method", CHANNELS),
    "promise.made": promise_made,
    "promise.kept": promise_kept,
    "promise.broken": _says(t("一項對申訴人的承諾過了時間")),
    "demand.recorded": _coded(t("記下對方的請求：%(kind)s"), "kind", DEMANDS),
    "erasure.answered": erasure_answered,
    "retention.proposed": _says(t("保存期限已經過了，等人決定是否刪除")),
    "retention.lapsed": _says(t("又有要保存的理由，不再提議刪除")),
    "retention.ordered": _says(t("決定刪除保存期限已過的資料")),
    "retention.kept": retention_kept,
    "retention.refused": _says(t("沒有刪除：正在保全、封存，或還在保存期限內")),
    "retention.carried_out": _says(t("已刪除保存期限已過的資料")),
    "copies.waiting": copies_waiting,
    "demand.answered": demand_answered,
    "task.opened": task_opened,
    "task.done": task_done,
    "help.called": _person(t("請%(name)s一起看"), t("請同事一起看")),
    "help.answered": _says(t("被請的同事來了")),
    "task.cancelled": task_cancelled,
    "file.added": _says(t("加入一個檔案")),  # until evidence kept items
    "care.recorded": care_recorded,
    "late_entry.made": _says(t("補記急救當時的紀錄，註明補記時間")),
    "investigator.appointed": _person(t("請%(name)s調查"), t("指定了調查的同事")),
    "investigator.released": _person(t("%(name)s不再調查這個案件"), t("一位同事不再調查這個案件")),
    "case.investigation_started": _says(named("fact", "開始調查")),
    "plan.step_added": _says(t("調查計畫加上一步")),
    "plan.step_done": _says(t("完成調查計畫的一步")),
    "plan.step_struck": _says(t("劃去調查計畫的一步，原文保留")),
    "conflict.declared": _coded(t("填寫利益聲明：%(declared)s"), "declared", DECLARATIONS),
    "reviewer.appointed": _person(t("請%(name)s評估醫療標準"), t("請一位醫師評估醫療標準")),
    "care_sheet.saved": _says(t("存下醫療標準評估的草稿")),
    "care_sheet.signed": _coded(t("簽署醫療標準評估：%(verdict)s"), "verdict", VERDICTS),
    "care_sheet.dissented": _says(t("對醫療標準評估寫下不同意見")),
    "exposure.answered": _coded(t("評估法律風險：%(question)s（受保護）"), "question", EXPOSURE),
    "finding.recorded": _says(t("記下一項調查發現")),
    "finding.corrected": _says(t("更正一項調查發現，原來的仍然保留")),
    "root_cause.recorded": _says(t("記下根本原因分析（受保護）")),
    "statement.requested": _person(t("請%(name)s說明自己的看法"), t("請被提到的同事說明自己的看法")),
    "statement.given": _says(t("被提到的同事寫下了自己的說明")),
    "support.offered": _person(t("向%(name)s提供支持"), t("向被提到的同事提供支持")),
    "report.drafted": _paper(t("開始寫%(kind)s第 %(version)s 版")),
    "report.revised": _paper(t("改寫%(kind)s第 %(version)s 版的草稿")),
    "report.finished": _paper(t("%(kind)s第 %(version)s 版定稿，送請簽署")),
    "report.signature": _paper(t("簽署%(kind)s第 %(version)s 版")),
    "report.signed": _paper(t("%(kind)s第 %(version)s 版全部簽署，排印封存")),
    "report.given": _paper(t("把%(kind)s第 %(version)s 版交給對方")),
    "passport.made": _coded(t("為%(purpose)s製作案件摘要"), "purpose", PURPOSES),
    "showing.agreed": showing_agreed,
    "case.findings_disclosed": _coded(t("向對方說明調查結果（%(method)s）"), "method", CHANNELS),
    "case.responded": _coded(t("送出最後答覆（%(method)s）"), "method", CHANNELS),
    "case.closing_asked": _says(t("提議結案，等另一位同事確認")),
    "case.closed": _says(named("fact", "確認結案")),
    "case.withdrawn": case_withdrawn,
    "case.resolved_on_spot": _says(t("當場解決，對方滿意")),
    "case.reopened": case_reopened,
    "evaluation.recorded": _says(t("寫下案後檢討")),
    "survey.sent": _says(t("請對方填滿意度問卷")),
    "survey.answered": _says(t("填了滿意度問卷")),
    "proceeding.opened": _coded(t("案外程序開始：%(kind)s"), "kind", PROCEEDINGS),
    "proceeding.milestone": proceeding_milestone,
    "proceeding.ended": proceeding_ended,
    "clock.alarmed": clock_alarmed,
    "clock.recounted": clock_recounted,
    "clock.extended": clock_extended,
    "clock.paused": _says(t("暫停一項院內期限")),
    "clock.resumed": _says(t("恢復計算一項院內期限")),
}
