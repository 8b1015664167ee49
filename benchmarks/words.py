"""Complaints as people tell them, put together from our own vocabulary: about 190 characters, never twice the same."""
from __future__ import annotations

import random
from dataclasses import dataclass

FAMILIES = "例範樣試演練示假虛擬"
GIVEN = "安寧若嵐心怡子晴雨柔立恆書瑤語彤品妍宥辰思齊可欣以琳承恩佳穎庭萱詠晴"

TREATMENTS = (
    "雙眼皮縫合", "玻尿酸注射", "肉毒桿菌", "皮秒雷射", "音波拉提", "抽脂", "隆鼻", "電波拉皮", "脈衝光", "眼袋內開",
    "自體脂肪移植", "痘疤飛梭", "除毛雷射", "微針", "埋線拉提",
)  # fmt: skip
PLACES = ("左眼", "右臉頰", "下巴", "額頭", "鼻樑", "大腿內側", "嘴角", "上唇", "手臂", "法令紋")
FEELINGS = ("腫脹", "瘀青", "發紅", "刺痛", "麻木", "結痂", "色素沉澱", "左右不對稱", "摸得到硬塊", "乾癢脫皮")
STAFF = ("諮詢師", "護理師", "櫃台", "醫師", "值班人員")
OPENINGS = (
    "我在{months}月做了{treatment}，",
    "上個禮拜到貴院做{treatment}，",
    "朋友介紹我來做{treatment}，做完已經{days}天，",
    "{treatment}的療程我買了{count}堂，",
)
MIDDLES = (
    "{place}到現在還是{feeling}，照鏡子的時候很明顯。",
    "回家以後{place}開始{feeling}，睡覺也會醒來。",
    "當初{staff}說{days}天就會好，可是{place}的{feeling}一點都沒有退。",
    "打了{count}次電話，{staff}都說會請人回電，到現在沒有接到。",
    "現場等了{minutes}分鐘才有人出來說明，{staff}的口氣讓人很不舒服。",
    "簽同意書的時候{staff}催得很急，副作用那一頁沒有講。",
    "收據上的金額和諮詢時講的差了{money}元，{staff}說是材料費。",
    "我問{staff}能不能看病歷，對方說要再問主管。",
    "同事看到都問我{place}怎麼了，我請假在家沒有辦法上班。",
    "剩下的堂數想要退款，{staff}說促銷方案不能退。",
)
ENDINGS = (
    "希望有醫師再看一次，並且說清楚接下來會怎麼樣。",
    "請把當天的紀錄和照片給我一份，也請負責的人打電話給我。",
    "我不想吵架，只想知道為什麼會這樣，以及費用怎麼處理。",
    "如果這禮拜還沒有回覆，我會請消保官協助。",
)
RARE = ("鉺雅鉻", "蟹足腫", "視野缺損", "過敏性休克", "麻醉甦醒室", "批號不符")
SUBJECTS = ("術後腫脹", "沒有人回電", "費用與說明不同", "等候太久", "效果不如預期", "同意書沒有講清楚", "退費")
LENGTH = 190

# Asked by the benchmark: how often a word stands in these texts is what makes it dear.
FREQUENT = ("醫師", "電話", "諮詢師說", "照鏡子的")
SELDOM = ("鉺雅", "視野", "蟹足腫", "批號不符")


@dataclass(frozen=True)
class Told:
    family: str
    given: str
    phone: str
    treatment: str
    subject: str
    narrative: str


def told(n: int) -> Told:
    """The n-th complaint; the same one in every run."""
    chance = random.Random(f"suyuan bench {n}")
    treatment = chance.choice(TREATMENTS)

    def filled(pattern: str) -> str:
        return pattern.format(
            treatment=treatment,
            place=chance.choice(PLACES),
            feeling=chance.choice(FEELINGS),
            staff=chance.choice(STAFF),
            months=chance.randint(1, 12),
            days=chance.randint(3, 60),
            count=chance.randint(2, 9),
            minutes=chance.randint(2, 9) * 10,
            money=chance.randint(5, 300) * 100,
        )

    ending = chance.choice(ENDINGS)
    words = filled(chance.choice(OPENINGS))
    for middle in chance.sample(MIDDLES, len(MIDDLES)):
        if len(words) + len(ending) >= LENGTH:
            break
        words += filled(middle)
    if n % 300 == 7:
        words += f"另外，紀錄上寫著{RARE[n // 300 % len(RARE)]}，沒有人跟我解釋。"
    return Told(
        family=chance.choice(FAMILIES),
        given="".join(chance.sample(GIVEN, 2)),
        phone=f"09{chance.randrange(10**8):08d}",
        treatment=treatment,
        subject=chance.choice(SUBJECTS),
        narrative=words + ending,
    )
