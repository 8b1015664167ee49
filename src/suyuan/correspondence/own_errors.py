"""Refusals about a clinic's own rules and words: what is wrong, at the field where it is."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from suyuan.correspondence.own_rules import Trouble
from suyuan.kernel.refusal import BadInput, MovedMeanwhile, NotAllowed, Refusal


class OwnRuleUnfit(BadInput):
    """The rule cannot be kept as it was written."""

    code = "own_rule_unfit"

    def __init__(self, troubles: Iterable[Trouble]) -> None:
        self.troubles = tuple(troubles)
        said: dict[str, object] = {}
        for each in self.troubles:
            said.setdefault(each.field, sentence(each))
        super().__init__(fields=said)

    def message(self) -> str:
        return next((str(words) for words in self.fields.values()), _("這條規則還不能存。"))


def sentence(trouble: Trouble) -> str:
    """One trouble, for whoever wrote the rule."""
    said: dict[str, Any] = dict(trouble.said)
    match trouble.code:
        case "empty":
            return _("這一格要寫。")
        case "nowhere":
            return _("請至少選一個場合，規則才有地方用。")
        case "nothing":
            return _("請寫至少一個要找的詞句，或一個句型。")
        case "no_example":
            return _("請至少寫一句例句，存的時候會真的跑一遍。")
        case "too_many":
            return _("最多 %(limit)s 行，請拆成兩條規則。") % said
        case "full":
            return _("自訂規則最多 %(limit)s 條，請先停用不再需要的。") % said
        case "too_long":
            return _("「%(words)s…」這一行太長，最多 %(limit)s 字。") % said
        case "too_short":
            return _("「%(words)s」只有一個字，幾乎每段話都會碰到，請寫長一些。") % said
        case "frame":
            return _("第 %(line)s 行從「%(words)s」開始讀不懂：%(why)s。") % {**said, "why": frame_trouble(said["why"])}
        case "no_list":
            return _("第 %(line)s 行的詞表「%(words)s」不存在，請看右邊列出的詞表。") % said
        case "silent":
            return _("這一句應該要被找到，規則卻沒有發現：「%(words)s」。") % said
        case "fires":
            return _("這一句應該放行，規則卻在「%(found)s」發出提醒：「%(words)s」。") % said
    return _("這個選項已經不存在，請重新選。")


def frame_trouble(why: str) -> str:
    """Why a frame cannot be read, as the kernel names it."""
    words = {
        "not understood": _("這個符號不是句型的寫法"),
        "nothing to look for": _("沒有寫要找什麼"),
        "nothing before": _("前面沒有要找的東西"),
        "more than four that may be missing": _("可有可無的部分最多四個"),
        "all of it may be missing": _("不能每個部分都可有可無"),
    }
    return words.get(why, _("兩部分相隔太遠"))


class AllowUnfit(BadInput):
    """These words cannot be let pass. `why`: empty, too_short, too_long, unknown, patient, there."""

    code = "allow_unfit"

    def __init__(self, why: str, field: str = "words") -> None:
        super().__init__(why=why)
        self.fields = {field: self.message()}

    def message(self) -> str:
        match self.data["why"]:
            case "too_short":
                return _("太短了，會連病人的資料一起放過。姓名至少兩個字，號碼至少四位。")
            case "too_long":
                return _("最多 120 字。")
            case "unknown":
                return _("這個選項已經不存在，請重新選。")
            case "patient":
                return _("這和一位病人的資料相同，不能當作診所自己的。")
            case "there":
                return _("這一項已經在清單裡。")
        return _("這一格要寫。")


class NotTriedYet(Refusal):
    """Going live wants a finished try-out of this very version."""

    code = "not_tried_yet"

    def message(self) -> str:
        return _("這個版本還沒有試跑完。先用過去的文字試跑，看過結果才能啟用。")


class SecondPersonMissing(NotAllowed):
    """Whoever wrote a rule does not put it in force."""

    code = "own_rule_same_person"
    status = 409

    def message(self) -> str:
        return _("寫這條規則的人不能自己啟用，請另一位法務、院長或個案經理看過試跑結果再啟用。")


class OwnMovedMeanwhile(MovedMeanwhile):
    """Somebody else changed, tried or ended it first."""

    code = "own_rule_moved"

    def message(self) -> str:
        return _("這一項剛才已由別人改動，請重新整理再決定。")


class ReasonWanted(BadInput):
    code = "own_reason_wanted"

    def __init__(self, field: str = "why") -> None:
        super().__init__()
        self.fields = {field: self.message()}

    def message(self) -> str:
        return _("請寫下理由。")


class OpinionRefused(Refusal):
    """No second opinion. `why`: too_long, not_masked, not_near, unreached, unfit, busy."""

    code = "opinion_refused"

    def __init__(self, why: str) -> None:
        super().__init__(why=why)

    def message(self) -> str:
        words = {
            "too_long": _("第二意見一次最多看 4,000 字，請分段。"),
            "not_masked": _("這段文字裡有遮不掉的個人資料，沒有送出去。請先刪去再問。"),
            "not_near": _("設定的伺服器不在院內，沒有送出去。第二意見只問這台電腦或院內網路上的伺服器。"),
            "unreached": _("第二意見的伺服器沒有回應。檢查的結果不受影響。"),
            "busy": _("正在回答別人的問題，請過一會兒再問。"),
        }
        return words.get(self.data["why"], _("第二意見的回答不合格式，沒有採用。檢查的結果不受影響。"))
