"""One human sentence per fact, in the reader's language. `PHRASES` is what config registers."""
from __future__ import annotations

from collections.abc import Callable, Mapping

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from suyuan.correspondence import rules
from suyuan.platform.facts import Told


def channel_word(channel: str) -> str:
    words = {
        "portal": pgettext("channel", "追蹤頁"),
        "email": pgettext("channel", "電子郵件"),
        "sms": pgettext("channel", "簡訊"),
        "line": pgettext("channel", "LINE"),
        "phone_note": pgettext("channel", "電話"),
        "letter": pgettext("channel", "書信"),
        "in_person": pgettext("channel", "當面"),
        "public": pgettext("channel", "公開發表"),
    }
    return words.get(channel, channel)


def failure_word(code: str) -> str:
    """Why a message did not arrive, for the person who must now find another way."""
    sms = {
        "sms_number": _("手機號碼不存在或不能收簡訊"),
        "sms_words": _("簡訊業者不收這些內容"),
        "sms_unreached": _("簡訊逾時沒有送到手機"),
        "sms_cancelled": _("簡訊被業者取消"),
    }
    if code.startswith("sms_"):
        return sms.get(code, _("簡訊業者兩天都沒有收下"))
    stage = code.partition("_")[0]
    words = {
        "recipient": _("收件地址不存在或拒收"),
        "words": _("對方的郵件主機不收這封信"),
        "connect": _("兩天都連不上郵件主機"),
        "login": _("郵件主機不接受我們的帳號"),
        "sender": _("郵件主機不接受我們的寄件地址"),
        "erased": _("內容已依請求刪除，不再寄出"),
        "unsure": _("不確定對方是否已經收到，系統不再重寄"),
        "line": _("LINE 不收這則訊息"),
        "bounced": _("信被退回"),
    }
    return words.get(stage, code)


def _by_channel(sentence: Callable[[], str]) -> Callable[[Told], str]:
    def phrase(told: Told) -> str:
        return sentence() % {"channel": channel_word(told.plain("channel", ""))}

    return phrase


def _or_public(sentence: Callable[[], str], public: Callable[[], str]) -> Callable[[Told], str]:
    """What lies before everybody is written and frozen, and not sent."""
    sent = _by_channel(sentence)
    return lambda told: public() if told.plain("channel", "") == "public" else sent(told)


def _received(told: Told) -> str:
    """Where nobody of ours knows the sender, it says so; and that it answers words of ours."""
    by = [channel_word(told.plain("channel", "")), told.private.get("from", "")]
    words = {"channel": _("，").join(each for each in by if each)}
    sure = told.plain("known_by", "") in rules.SURE
    if told.plain("answers", ""):
        said = _("收到對我們訊息的回覆（%(channel)s）") if sure else _("收到像是對我們訊息的回覆（%(channel)s，寄件人未經核對）")
    else:
        said = _("收到訊息（%(channel)s）") if sure else _("收到訊息（%(channel)s，寄件人未經核對）")
    return said % words


def _failed(told: Told) -> str:
    if told.plain("had_left", False):
        return _("已送出的訊息沒有送到（%(channel)s）：%(why)s") % {
            "channel": channel_word(told.plain("channel", "")),
            "why": failure_word(told.plain("failure", "")),
        }
    return _("訊息沒有送到：%(why)s") % {"why": failure_word(told.plain("failure", ""))}


def posted_word(code: str) -> str:
    return {"ordinary": _("平信"), "registered": _("掛號"), "handed": _("當面交付")}.get(code, code)


def _sent(told: Told) -> str:
    if how := told.plain("posted", ""):
        return _("信已送出（%(how)s）") % {"how": posted_word(how)}
    return _("訊息已送出（%(channel)s）") % {"channel": channel_word(told.plain("channel", ""))}


def _notified(told: Told) -> str:
    return _("已寄信提醒 %(count)s 位同仁") % {"count": len(told.plain("users", []))}


def surface_word(code: str) -> str:
    """Where words will stand."""
    words = {
        "public_reply": _("公開回覆"),
        "private_message": _("給本人的訊息"),
        "care_meeting": _("當面說明"),
        "statement": _("公開聲明"),
        "advertisement": _("廣告"),
        "settlement": _("協議條款"),
        "review_invitation": _("評論邀請"),
    }
    return words.get(code, code)


def _of_rule(sentence: Callable[[], str]) -> Callable[[Told], str]:
    def phrase(told: Told) -> str:
        return sentence() % {"rule": told.plain("rule", ""), "version": told.plain("version", "")}

    return phrase


def _of_surface(sentence: Callable[[], str]) -> Callable[[Told], str]:
    def phrase(told: Told) -> str:
        return sentence() % {"surface": surface_word(told.plain("surface", ""))}

    return phrase


def _dispute_judged(told: Told) -> str:
    return _("規則審查：是誤報") if told.plain("outcome", "") == "agreed" else _("規則審查：提醒有道理，維持原規則")


def _where(told: Told) -> str:
    """Google 地圖，「溪岸診所」: as it was called when it was said."""
    platform, name = told.private.get("platform_name", ""), told.private.get("name", "")
    named = _("「%(name)s」") % {"name": name} if name else ""
    return _("，").join(each for each in (platform, named) if each) or _("發表的位置已依請求刪除")


def _posted(told: Told) -> str:
    if told.plain("before_approval", False):
        return _("公開發表（%(where)s）；發表的時間早於定稿") % {"where": _where(told)}
    return _("公開發表（%(where)s）") % {"where": _where(told)}


def _taken_down(told: Told) -> str:
    if told.plain("whose", "") == "platform":
        return _("公開的話被平台撤下（%(where)s）") % {"where": _where(told)}
    return _("公開的話已撤下（%(where)s）") % {"where": _where(told)}


PHRASES: Mapping[str, Callable[[Told], str]] = {
    "message.posted": _posted,
    "message.replaced": lambda told: _("公開的話換成另一份定稿（%(where)s）") % {"where": _where(told)},
    "message.taken_down": _taken_down,
    "message.captured": lambda told: _("公開的話加上畫面（%(where)s）") % {"where": _where(told)},
    "own_name.added": lambda told: _("加入官方帳號（%(where)s）") % {"where": _where(told)},
    "own_name.ended": lambda told: _("停用官方帳號（%(where)s）") % {"where": _where(told)},
    "message.received": _received,
    "message.drafted": _or_public(lambda: _("開始寫訊息（%(channel)s）"), lambda: _("開始寫一段公開的話")),
    "message.changed": _or_public(lambda: _("修改訊息草稿（%(channel)s）"), lambda: _("修改公開的話的草稿")),
    "message.withdrawn": _or_public(lambda: _("放棄訊息草稿（%(channel)s）"), lambda: _("放棄公開的話的草稿")),
    "message.queued": _or_public(lambda: _("訊息排定送出（%(channel)s）"), lambda: _("公開的話定稿，等人發表")),
    "message.unqueued": _or_public(lambda: _("訊息在送出前收回（%(channel)s）"), lambda: _("公開的話在發表前收回定稿")),
    "message.sent": _sent,
    "message.delivered": _by_channel(lambda: _("訊息已送達（%(channel)s）")),
    "message.failed": _failed,
    "staff.notified": _notified,
    "clinic_rule.drafted": _of_rule(lambda: _("寫下自訂用語規則 %(rule)s 第 %(version)s 版")),
    "clinic_rule.changed": _of_rule(lambda: _("修改自訂用語規則 %(rule)s 第 %(version)s 版")),
    "clinic_rule.try_asked": _of_rule(lambda: _("開始試跑自訂用語規則 %(rule)s 第 %(version)s 版")),
    "clinic_rule.tried": _of_rule(lambda: _("自訂用語規則 %(rule)s 第 %(version)s 版試跑完成")),
    "clinic_rule.activated": _of_rule(lambda: _("啟用自訂用語規則 %(rule)s 第 %(version)s 版")),
    "clinic_rule.ended": _of_rule(lambda: _("停用自訂用語規則 %(rule)s 第 %(version)s 版")),
    "opinion.asked": lambda told: _("以遮去個人資料的文字請第二意見，%(count)s 字") % {"count": told.plain("characters", "")},
    "allow_entry.added": lambda told: _("加入一項診所自己的資料，寫在文字裡不算病人資料"),
    "allow_entry.ended": lambda told: _("移除一項診所自己的資料"),
    "clearance.asked": _of_surface(lambda: _("文字送交核准（%(surface)s）")),
    "clearance.voted": _of_surface(lambda: _("一位同事同意放行，還要另一位（%(surface)s）")),
    "clearance.given": _of_surface(lambda: _("文字核准放行（%(surface)s）")),
    "clearance.refused": _of_surface(lambda: _("文字沒有核准（%(surface)s）")),
    "clearance.lapsed": _of_surface(lambda: _("收回送核准的文字（%(surface)s）")),
    "dispute.raised": lambda told: _("回報措辭提醒可能是誤報"),
    "dispute.judged": _dispute_judged,
}


def aside_word(reason: str) -> str:
    words = {
        "advertising": _("廣告或推銷"),
        "wrong_address": _("寄錯對象"),
        "not_a_complaint": _("與申訴無關"),
        "handled_elsewhere": _("已在別處處理"),
        "empty": _("沒有內容"),
        "automatic": _("自動發出的信"),
        "erased": _("內容已依請求刪除"),
        "expired": _("過了保留期限"),
    }
    return words.get(reason, reason)


def left_word(why: str) -> str:
    """Why a file that came was not taken in."""
    words = {
        "too_large": _("檔案太大"),
        "kind": _("這種檔案不能收"),
        "empty": _("檔案是空的"),
        "expired": _("LINE 已經不再保留"),
        "unreachable": _("兩天都沒有從 LINE 取得"),
        "external": _("檔案不在 LINE 上"),
        "erased": _("內容已依請求刪除"),
    }
    return words.get(why, why)


def _left(told: Told) -> str:
    return _("來訊的檔案沒有收進來：%(why)s") % {"why": left_word(told.plain("why", ""))}


def _aside(told: Told) -> str:
    return _("來訊放到一邊：%(why)s") % {"why": aside_word(told.plain("reason", ""))}


# What comes by itself has a stream of its own until it has a place.
ARRIVED: Mapping[str, Callable[[Told], str]] = {
    "incoming.arrived": _by_channel(lambda: _("來了一則訊息（%(channel)s）")),
    "incoming.placed": lambda told: _("來訊放進案件"),
    "incoming.set_aside": _aside,
    "incoming.file_kept": lambda told: _("收下來訊的檔案"),
    "incoming.file_left": _left,
    "incoming.files_given": lambda told: _("來訊的檔案放進案件，成為證物"),
    "incoming.forgotten": lambda told: _("放到一邊的來訊，內容已清除"),
}
