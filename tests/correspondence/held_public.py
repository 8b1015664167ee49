"""Words for everybody: clean ones, and some for ways of being held there."""

from __future__ import annotations

CLEAN = (
    "謝謝您把感受說出來，讀到的人心裡都不好受。依保密義務，診所不在公開的地方談任何人的情形。"
    "客戶關懷專員會在三天內聽您說，請打 06-221-0000，或到櫃台找沈經理。"
)
OTHER = (
    "謝謝您願意再寫一次，您的心情我們放在心上。依保密義務，這裡不談任何人的情形。"
    "請打 06-221-0000，沈經理會在明天中午前回電，聽您把經過說完。"
)
# One colleague; nobody, for it names the person of the case.
WARNED = "謝謝您把感受說出來。經查與本院無關。請打 06-221-0000，沈經理會在明天中午前回電。"
NAMING = "例小安您好，" + CLEAN
