"""How words leave by LINE and SMS: how long, how a service's answer is judged, how long its key keeps a second copy away."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from suyuan.correspondence import rules
from suyuan.correspondence.rules import Answer, Channel, Outcome

# Both leave by themselves where we hold an address for them; without one, a person sent them from their own telephone.
BY_SERVICE = frozenset({Channel.LINE, Channel.SMS})

# LINE's own limit for one text, counted as it counts: in UTF-16 units.
LINE_LONGEST = 5_000

# A second hand-over under the same key is recognised for a day by LINE and for twelve hours by the SMS service. An hour
# before that, a message of which nobody knows whether it left is not sent again: a person looks.
KEY_HOLDS = {Channel.LINE: timedelta(hours=23), Channel.SMS: timedelta(hours=11)}
UNSURE = "unsure"

_LINE_ACCOUNT = re.compile(r"U[0-9a-f]{32}")
_MOBILE = re.compile(r"\+8869\d{8}")


def is_sent_by_us(channel: str, has_address: bool) -> bool:
    return channel in rules.SENT_BY_US or (channel in BY_SERVICE and has_address)


def is_unsure(channel: str, unsure_since: datetime | None, now: datetime) -> bool:
    """Sent or not, nobody can tell, and the key no longer keeps a second copy away."""
    holds = KEY_HOLDS.get(Channel(channel))
    return holds is not None and unsure_since is not None and now - unsure_since >= holds


def is_line_account(address: str) -> bool:
    """The name that LINE gave an account towards ours; never what people call their LINE ID."""
    return bool(_LINE_ACCOUNT.fullmatch(address))


def is_mobile(folded: str) -> bool:
    """A mobile telephone of Taiwan, in the form of `platform.identifiers`: others the SMS service does not reach."""
    return bool(_MOBILE.fullmatch(folded))


def utf16_units(words: str) -> int:
    return len(words.encode("utf-16-le")) // 2


# --- what their answers mean ---------------------------------------------------------------------------------------


def judge(answer: Answer) -> tuple[Outcome, str]:
    """What an answer that is no yes means for the message, whichever road gave it."""
    match answer.stage:
        case "line":
            return _judge_line(answer.code)
        case "sms":
            return _judge_sms(answer)
        case _:
            return rules.judge(answer)


def is_uncertain(answer: Answer) -> bool:
    """The other side may have taken it all the same: the line broke after the words, or it spoke of a fault of its own."""
    if answer.stage == "words":
        return not answer.code
    if answer.stage in {"line", "sms"}:
        return not answer.told and not (400 <= answer.code < 500 and answer.code != 409)
    return False


def line_has_taken(status: int, accepted_request: str) -> bool:
    """Taken now, or under the same key before."""
    return 200 <= status < 300 or (status == 409 and bool(accepted_request))


def _judge_line(status: int) -> tuple[Outcome, str]:
    """Only a 400 is about this message; the rest is our account's, or passes."""
    if status == 400:
        return Outcome.FAILED, "line_refused"
    return Outcome.RETRY, f"line_{status or 'lost'}"


# Statuses of an SMS: will be sent, is with the carrier, is on the telephone; and those that mean it never will be.
SMS_TAKEN = frozenset("0124")
SMS_ARRIVED = "4"
_SMS_NOT_SENT = {
    "5": "sms_words",
    "6": "sms_number",
    "7": "sms_number",
    "8": "sms_unreached",
    "9": "sms_cancelled",
    "t": "sms_unreached",
    "u": "sms_words",
    "v": "sms_number",
}


def sms_failure(code: str) -> str:
    """Why an SMS with this status did not arrive; empty when the status is no failure of this message."""
    return _SMS_NOT_SENT.get(code, "")


def _judge_sms(answer: Answer) -> tuple[Outcome, str]:
    """The other letters are our account's: people put that in order, and the message waits."""
    if failure := sms_failure(answer.told):
        return Outcome.FAILED, failure
    return Outcome.RETRY, f"sms_{answer.told or answer.code or 'lost'}"
