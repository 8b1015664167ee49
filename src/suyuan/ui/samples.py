"""Invented people and dates for the page of components; fixed, so that pictures of it can be compared."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from django import forms
from django.utils.safestring import mark_safe

from suyuan.ui.shapes import Blocker, Clock, CountedDay, Day, EvidenceSlip, Step, Stop
from suyuan.ui.signing import SignatureField

NOW = datetime(2026, 11, 24, 2, 20, tzinfo=UTC)  # 10:20 in Taipei


def _taipei(day: int, hour: int, minute: int = 0, month: int = 11) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=UTC) - timedelta(hours=8)


CALM = Clock(what="寄出每週進度說明", mood="calm", share=0.55, due_at=_taipei(24, 17), counting="每 7 天一次", url="#")
SOON = Clock(
    what="交付病歷複製本", mood="soon", share=0.86, due_at=_taipei(26, 0), workdays_left=1, basis="statutory",
    article="醫預法第 10 條", law="醫療事故預防及爭議處理法第 10 條", counting="申請翌日起 7 個工作日", url="#",
)
LATE = Clock(what="回覆一則地圖評論", mood="late", share=1, due_at=_taipei(24, 7, 10), counting="首次回覆 24 小時，自 11/23 07:10 起")
DONE = Clock(
    what="說明、溝通與關懷", mood="done", share=1, due_at=_taipei(20, 15, 30), basis="statutory", article="醫預法第 6 條",
    law="醫療事故預防及爭議處理法第 6 條",
)
PAUSED = Clock(what="等病人補充照片", mood="paused", share=0.4, due_at=_taipei(28, 18))
PENDING = Clock(
    what="答覆費用申訴", mood="calm", share=0.5, due_at=_taipei(1, 0, month=12), basis="statutory", grade="P",
    article="消保法第 43 條", law="消費者保護法第 43 條", counting="申訴起 15 日", left="剩 6 天",
)
PROVISIONAL = Clock(
    what="申請調解", mood="calm", share=0.2, due_at=datetime(2027, 2, 9, 16, tzinfo=UTC), basis="statutory",
    article="醫預法第 15 條", provisional="2027 年日曆未公布", left="剩 77 天",
)
UNVERIFIED = Clock(what="通報主管機關", mood="none", due_at=_taipei(30, 0), basis="statutory", grade="UNVERIFIED", counting="條文待查證")

DAYS = [
    Day(date=date(2026, 11, 24), today=True, marks=("late", "house", "house", "house")),
    Day(date=date(2026, 11, 25), marks=("statutory", "statutory"), url="#"),
    Day(date=date(2026, 11, 26), marks=("house",)),
    Day(date=date(2026, 11, 27), marks=("house", "house")),
    Day(date=date(2026, 11, 28), closed="休"),
    Day(date=date(2026, 11, 29), closed="休"),
    Day(date=date(2026, 11, 30), marks=("statutory", "statutory")),
    Day(date=date(2026, 12, 1)),
    Day(date=date(2026, 12, 2), marks=("house",)),
    Day(date=date(2026, 12, 3), marks=("statutory",)),
]

COUNTED = [
    CountedDay(date=date(2026, 9, 18), kind="trigger", note="申請"),
    CountedDay(date=date(2026, 9, 19), kind="skipped"),
    CountedDay(date=date(2026, 9, 20), kind="makeup", number=1, note="補班"),
    CountedDay(date=date(2026, 9, 21), kind="counted", number=2),
    CountedDay(date=date(2026, 9, 22), kind="counted", number=3),
    CountedDay(date=date(2026, 9, 23), kind="counted", number=4),
    CountedDay(date=date(2026, 9, 24), kind="counted", number=5),
    CountedDay(date=date(2026, 9, 25), kind="skipped", note="中秋節"),
    CountedDay(date=date(2026, 9, 26), kind="skipped"),
    CountedDay(date=date(2026, 9, 27), kind="skipped"),
    CountedDay(date=date(2026, 9, 28), kind="rolled", note="教師節"),
    CountedDay(date=date(2026, 9, 29), kind="counted", number=6),
    CountedDay(date=date(2026, 9, 30), kind="due", number=7),
]

STOPS = [
    Stop(name="受理", state="done", note="11/16，已回覆"),
    Stop(name="調查", state="current", note="第 7 天", gate=3, gate_url="#next-step"),
    Stop(name="說明", note="尚未開始"),
    Stop(name="答覆", note="尚未開始"),
    Stop(name="結案", note="答覆後病人可再表示意見"),
]

BLOCKERS = [
    Blocker(what="術前照片尚未取得", holder="持有人：手術室護理長", act="再次請求", url="#"),
    Blocker(what="人員觀察尚未請求", holder="巡迴護理師的訪談", act="請求訪談", url="#"),
    Blocker(what="嚴重傷害尚未由醫師確認", holder="確認前期限照「是」計算", act="請醫師確認", url="#"),
    Blocker(what="病歷、同意書、手術紀錄、往來訊息已封存", had=True, aside="4 件"),
]

STEPS = [
    Step(what="受理", state="done", when="今天 14:20"),
    Step(what="沈經理與您聯絡", state="current", note="11/17（二）18:00 前。您選的方式：LINE"),
    Step(what="交付病歷複製本", note="11/25（三）前，依《醫療事故預防及爭議處理法》第 10 條"),
    Step(what="調查，每週告訴您進度", note="第一次：11/24（二）"),
]

SLIPS = [
    EvidenceSlip(name="諮詢紀錄", state="sealed", word="封存"),
    EvidenceSlip(name="術前評估", state="sealed", word="封存"),
    EvidenceSlip(name="術後衛教", state="had", word="已有"),
    EvidenceSlip(name="影像", state="asked", word="請求中"),
    EvidenceSlip(name="同仁觀察", state="missing", word="缺", url="#slips"),
    EvidenceSlip(name="合約與價目", state="aside", word="不適用"),
]

QR = mark_safe(
    '<svg viewBox="0 0 21 21" width="132" height="132" role="img" aria-label="QR"><path fill="#182627" d="M0 0h7v7H0zM14 0h7v7h-7zM0 14h7v7H0zM9 2h2v2H9zM11 6h2v3h-2zM8 9h3v2H8zM14 9h2v2h-2zM18 10h3v2h-3zM9 13h2v3H9zM13 13h3v2h-3zM17 15h2v2h-2zM12 18h4v3h-4zM19 19h2v2h-2z"/><path fill="#fff" d="M1 1h5v5H1zM15 1h5v5h-5zM1 15h5v5H1z"/><path fill="#182627" d="M2 2h3v3H2zM16 2h3v3h-3zM2 16h3v3H2z"/></svg>'
)


class SampleForm(forms.Form):
    story = forms.CharField(
        label="發生了什麼事", help_text="照您的說法寫就好，不必用醫學名詞。", max_length=4000, widget=forms.Textarea
    )
    when = forms.CharField(label="回診日期")
    channel = forms.ChoiceField(label="從哪裡來", choices=[("phone", "電話"), ("web", "網頁"), ("onsite", "現場")])
    wish = forms.MultipleChoiceField(
        label="您希望我們怎麼做", help_text="可以選好幾項，之後也能改變想法。", widget=forms.CheckboxSelectMultiple,
        choices=[("explain", "請醫師再看一次，說明清楚"), ("copy", "拿到我的病歷和同意書"), ("unsure", "還不確定，先讓你們知道")],
    )
    level = forms.ChoiceField(label="等級", widget=forms.RadioSelect, choices=[("1", "一級"), ("2", "二級"), ("3", "三級")])
    consent = forms.BooleanField(label="我同意診所用這些資料處理本件申訴")


class ReasonForm(forms.Form):
    reason = forms.CharField(label="理由", max_length=1000, widget=forms.Textarea)
    second = forms.ChoiceField(label="請誰同意", choices=[("hsu", "許醫師（值班）")])


class SignForm(forms.Form):
    strokes = SignatureField(label="在框裡簽名")


def everything() -> dict[str, object]:
    wrong = SampleForm(
        {"story": "十月底做了雙眼皮，到現在左眼還是睜不太開。", "when": "2026/11/31", "channel": "phone", "wish": ["explain"], "consent": ""},
        auto_id="wrong_%s",
    )
    wrong.add_error("when", "十一月只有 30 天。您是指 11/30（一）嗎？")
    return {
        "now": NOW,
        "clocks": [CALM, SOON, LATE, DONE],
        "other_clocks": [PAUSED, PENDING, PROVISIONAL, UNVERIFIED],
        "calm": CALM, "soon": SOON, "late": LATE, "done": DONE, "paused": PAUSED,
        "days": DAYS,
        "counted": COUNTED,
        "stops": STOPS,
        "ended": [Stop(name="受理", state="done", note="11/16"), Stop(name="調查", state="done", note="11/18")],
        "blockers": BLOCKERS,
        "steps": STEPS,
        "slips": SLIPS,
        "qr": QR,
        "form": SampleForm(auto_id="right_%s", initial={"story": "十月底做了雙眼皮，到現在左眼還是睜不太開，兩邊看起來不一樣。", "wish": ["explain", "copy"], "level": "2"}),
        "wrong": wrong,
        "reason": ReasonForm(auto_id="reason_%s", initial={"reason": "11/23 回診，許醫師確認傷口癒合良好，功能正常，病人表示不再疼痛。"}),
        "sign": SignForm(auto_id="sign_%s"),
        "chips": [{"label": "全部", "url": "?", "on": True}, {"label": "等我", "url": "?mine=1", "count": 3}, {"label": "二級", "url": "?level=2"}],
        "tabs": [{"label": "全部", "url": "?", "on": True}, {"label": "往來", "url": "?v=contacts"}, {"label": "決定", "url": "?v=decisions"}],
        "facts": [("收到時間", "2026/11/16（一）14:20"), ("您申請的", "醫師說明、病歷複製本"), ("專責窗口", "沈經理，02-0000-0000")],
        "files": [{"name": "左眼-1115.jpg", "size": "2.4 MB", "token": "a1"}],
        "quote": "昨天晚上開始，右眼看東西有點霧霧的。",
        "ours": "您的擔心我們收到了。許醫師週五下午可以為您檢查，時間由您決定，先生也可以一起來。",
        "palette": [
            ("墨", "ink", "正文"), ("淡墨", "ink2", "說明"), ("青", "qing", "動作、完成"), ("絳", "late", "已過、危險"),
            ("琥珀", "soon", "將到、等待"), ("靛", "law", "法律依據"), ("砂", "sand", "病人、提醒"),
        ],
    }
