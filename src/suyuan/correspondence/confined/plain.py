"""Plain text, in whatever charset it was typed: the one that gives text people write, not merely one that decodes."""

from __future__ import annotations

import codecs
from collections import Counter

from suyuan.correspondence.confined.shapes import Refused, Stretches

# Characters that stand in nearly every Chinese text, of both scripts, with its marks. Read in a wrong charset a text has hardly any.
_FREQUENT = frozenset(
    "，。、：；！？「」『』（）“”的一是不了在人有我他這这個个們们來来到時时大地為为子中你說说生國国年著就那和要她出也得裡里後后自以會会家可下而過过天去能對对"
    "小多然於于心學学麼么之都好看起發发當当沒没成只如事把還还用第樣样道想作種种開开美總总從从無无情已面最女但現现前些所同日手又行意動动方期它頭头經经長长兒儿回位分愛爱老因很給给名法間间斯知世什兩两次使身者被"
    "高何定請请您感謝谢服務务醫医療疗診诊術术院所客者價价元師师"
)
_PLAUSIBLE = 0.12
_LOOKED_AT = 20_000
_ALIASES = {
    "big5": "big5hkscs",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "ascii": "utf-8",
    "iso-8859-1": "cp1252",
}
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, ""),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def stretches(data: bytes) -> Stretches:
    text, guessed = decoded(data)
    found = Stretches()
    for number, line in enumerate(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"), 1):
        found.add(line, number=number)
    if guessed:
        found.warn("charset", guessed)
    return found


def decoded(data: bytes, said: str = "") -> tuple[str, str]:
    """The text, and the charset where it had to be guessed. Raises Refused."""
    for mark, name in _MARKS:
        if data.startswith(mark):
            return _by(data, name) or _refuse(), ""
    if "\0" not in (text := _by(data, "utf-8") or "\0"):
        return text, ""
    if said and (text := _by(data, _ALIASES.get(said.lower(), said))) and "\0" not in text:
        return text, ""
    for guess in ("utf-16-le", "utf-16-be") if data[:_LOOKED_AT].count(0) or len(data) % 2 == 0 else ():
        if (text := _by(data, guess)) and _plausible(text) >= _PLAUSIBLE * 2:
            return text, guess
    read = {name: text for name in ("big5hkscs", "cp950", "gb18030") if (text := _by(data, name)) and "\0" not in text}
    best = max(read, key=lambda name: _plausible(read[name]), default="")
    if best and _plausible(read[best]) >= _PLAUSIBLE:
        return read[best], "big5" if best != "gb18030" else best
    return _refuse(), ""


def _refuse() -> str:
    raise Refused("charset")


def _by(data: bytes, charset: str) -> str:
    try:
        return data.decode(charset) if charset else ""
    except (UnicodeDecodeError, LookupError):
        return ""


def _plausible(text: str) -> float:
    """Which share of what is not Latin are characters that people use all the time."""
    counted = Counter(text[:_LOOKED_AT])
    beyond = sum(n for c, n in counted.items() if c > "\x7f")
    if not beyond:
        return 0.0
    return sum(n for c, n in counted.items() if c in _FREQUENT) / beyond
