"""Words that the shipped rules hold in a letter to a person, one for each way of being held, and clean ones."""

from __future__ import annotations

CLEAN = "謝謝您告訴我們。許醫師想再看一次腫脹的地方，星期三下午三點請您來，由沈經理接待您。"
# Nobody may let it through.
GAG = "謝謝您告訴我們。退費以後，您不得向衛生局申訴這件事，沈經理星期三下午三點打電話給您。"
# A warning: one colleague.
WARNED = "謝謝您告訴我們。我們保證三個月內會完全恢復，沈經理星期三下午三點打電話給您。"
SAFER = "謝謝您告訴我們。恢復的時間每個人不同，沈經理星期三下午三點打電話給您。"
# A block that people may set aside: two, one of them legal or head.
BLOCKED = "謝謝您告訴我們。有空幫我們在 Google 寫幾句心得，下次做臉可以折抵一百。沈經理星期三下午三點打電話給您。"
