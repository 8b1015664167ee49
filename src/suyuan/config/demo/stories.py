"""Twenty-four invented complaints. Names read as examples, mail ends in example.org, nobody here exists."""
from __future__ import annotations

from suyuan.config.demo.story import Story

# Steps are (hours after the complaint came, what is done, with what).
Steps = list[tuple[float, str, dict]]


def _taken(to: str = "", words: str = "", at: float = 3.0) -> Steps:
    """Somebody is named and tells the person so."""
    return [(at, "assign", {"to": to}), (at + 0.5, "ack", {"words": words})]


def _looked_into(cause: str, level: int = 1, at: float = 6.0, *, called: bool = True) -> Steps:
    """Graded, classified, channels told, an investigator named, the investigation open. `called`: by the head, from level 2."""
    return [
        (at, "grade", {"level": level}),
        (at + 0.2, "classify", {"cause": cause}),
        (at + 0.4, "channels", {}),
        (at + 0.6, "speaker", {}),
        (at + 1.0, "appoint", {"expertise": "沒有參與這次治療"}),
        (at + 1.2, "investigate", {}),
        *([(at + 9, "senior", {})] if level >= 2 and called else []),
        (at + 14, "steps", {}),
    ]


def _found(words: str, basis: str, whys: tuple[str, ...], root: str, at: float) -> Steps:
    return [
        (at, "finding", {"words": words, "basis": basis}),
        (at + 1, "root", {"whys": whys, "root": root}),
    ]


def _told(disclosure: str, answer: str, at: float, *wishes: tuple[str, str, str]) -> Steps:
    """`wishes`: which of them are not simply granted, and why."""
    said = {"words": answer, "wishes": wishes}
    return [(at - 2, "steps", {}), (at, "disclose", {"words": disclosure}), (at + 24, "respond", said)]


def _ended(at: float, lesson: str) -> Steps:
    return [
        (at, "settle", {}),
        (at + 0.5, "ask_close", {}),
        (at + 20, "close", {}),
        (at + 44, "evaluate", {"words": lesson}),
    ]


def stories() -> list[Story]:
    return [*_tainan(), *_taipei(), *_shanghai()]


def _tainan() -> list[Story]:
    eyelid = Story(
        "TN",
        7.1,
        {
            "who": ("例", "若嵐", "0900-000-101"),
            "narrative": "十月底做了縫雙眼皮，到現在左眼還是睜不太開，兩邊看起來不一樣。打過兩次電話，都說再等等看。"
            "我每天照鏡子都很擔心，不知道是不是哪裡出了問題。",
            "matter": "重瞼後兩側不對稱",
            "treatment": ("縫線重瞼", 3.5),
            "subjects": [("左眼睜不太開、兩側不對稱", ("efficacy",)), ("打電話沒有得到回覆", ("service",))],
            "harm": "alleged",
            "occurred_days": 6,
            "wishes": ("look-again", "records", "explanation"),
            "factors": ("expectation", "waiting"),
            "preferred_channel": "",
            "preferred_hours": "平日 18:00 後",
        },
        steps=[
            *_taken(words="例小姐您好，我是沈經理。您說左眼睜不太開、打了兩次電話都沒有得到答案，這些我都記下來了。"
                    "許醫師想盡快再看一次，時間由您決定，家人可以一起來。明天 18:00 前我會親自回電。"),
            *_looked_into("efficacy", 2, at=8),
            (26, "contact", {"points": "對方說：「電話永遠是再等等。」約好週五下午回診，先生會一起來。已說明病歷複製本的時程。",
                             "tone": "worried", "next_step": "週五 15:30 回診，由許醫師看"}),
            (26.2, "plan_step", {"kind": "hear_complainant", "words": "回診那天請例小姐完整說一次", "hours": 60}),
            (26.3, "plan_step", {"kind": "compare_pictures", "words": "術前、術後三天、回診當天，同一個角度", "to": "xu"}),
            (26.4, "plan_step", {"kind": "check_contract", "words": "諮詢時給過哪一份說明", "done": "說明單第 4 版，有簽名"}),
            (26.5, "reviewer", {"to": "lin"}),
            (27, "promise", {"words": "許醫師在週五下午為您檢查並說明", "hours": 72}),
            (30, "plan", {"words": "說明接下來三步：醫師回診檢查、查明電話為何沒有回覆、七個工作日內交付病歷複製本。"}),
            (31, "evidence", {"kind": "consultation", "name": "諮詢筆記-江諮詢師.txt",
                              "body": "9/30 諮詢。想要自然、不要太寬。看了三張案例照。說明可能腫四週、可能不對稱要調整。報價縫線法。"}),
            (32, "evidence", {"kind": "correspondence", "name": "LINE-匯出-1001-1116.txt",
                              "body": "10/30 她：左邊比較腫正常嗎　10/30 我們：再等等看\n11/05 她：還是一樣　11/05 我們：醫師說要等四週"}),
            (33, "ask_evidence", {"kind": "consent", "to": "zhou", "words": "手術當天簽的那一份，含說明紀錄", "hours": 48}),
            (33.2, "ask_evidence", {"kind": "photographs", "to": "zhou", "words": "術前設計線，以及術後第 1、7、14 天，原檔", "hours": 141}),
            (33.4, "ask_evidence", {"kind": "elsewhere", "words": "如果您看過別的眼科，病歷或照片都可以", "hours": 240}),
            (34, "aside", {"kind": "imaging", "reason": "縫線重瞼不做影像檢查，兩次回診也沒有安排。"}),
            (50, "give_evidence", {"kind": "consent", "by": "zhou", "name": "同意書-逐頁抄錄.txt",
                                   "body": "重瞼手術同意書（第 4 版），10/28 09:40 說明，10/28 10:15 簽名。"}),
            (52, "observe", {"by": "zhou", "days": 20,
                             "words": "術後她起身的時候，我看到左眼比右眼低一點。我跟許醫師說了，醫師說先冰敷再看。"}),
            (76, "interview", {"minutes": "她說：手術那天就覺得左邊緊。11/5 打電話來，接電話的小姐說再等等，沒有轉給醫師。"
                                          "她希望有人清楚告訴她是還沒恢復，還是要再處理。"}),
            (78, "confirm", {"corrections": "打電話是兩次，11/5 和 11/11。"}),
            (74, "contact", {"kind": "care_talk", "points": "關懷會談四十分鐘。病人與先生、許醫師在場。醫師檢查後說明：左側仍有腫脹，提瞼動作需要再觀察。",
                             "tone": "calm", "minutes": 40}),
            (74.5, "fishbone", {
                "bones": (
                    ("people", "週末沒有護理師值班", "", False), ("method", "來電沒有回覆清單", "換系統後表單停用", True),
                    ("communication", "術後說明沒有寫多久算太久", "衛教單只寫「腫脹可達四週」", True),
                    ("environment", "櫃台與診間各記一本", "", False),
                ),
                "root": "來電沒有人負責到底：換系統後沒有人接手回覆清單，說明單也沒有告訴病人什麼時候該回來。",
            }),
            (74.7, "exposure", {"question": "failure_to_inform", "answer": "possible",
                                "reason": "說明單沒有寫睜眼困難要回診；同意書簽署時間完整。", "rules": ("TW-CHART-1",)}),
            (79, "draft", {"words": {
                "summary": "術後三週半左側仍腫，提瞼動作要再觀察；兩通電話都沒有轉給醫師。",
                "analysis": "腫脹是不是還在恢復期內，要等六週的測量並排看過才能說。電話的部分已經清楚：接電話的人不知道該轉給誰。",
            }}),
            (75, "wrote", {"body": "謝謝你們願意花時間聽我說。我先生問，如果三個月後還是不一樣，會怎麼處理？"}),
            (96, "letter", {"body": "例小姐您好：謝謝您的來信。許醫師會在術後六週再看一次，把每次的照片與測量並排說明；"
                                    "若屆時仍有差異，會當面討論可以怎麼做，包括不再處理與退費的選擇。沈經理"}),
            (98, "linked", {}),
            (120, "line", {"body": "今天起來左眼比較不緊了，但還是看得出來不一樣。星期五回診要不要先停眼藥水？"}),
            (121, "line_reply", {"body": "例小姐您好，許醫師說眼藥水照常點，星期五當天早上先不要點，檢查完再點。沈經理"}),
            (140, "mail", {"sender": "hsin@example.org", "subject": "請問術後照顧",
                           "body": "你好，我女兒上個月在你們那邊做眼睛，最近一直流眼淚。她不太想打電話，請問這樣要找誰？"}),
        ],
    )
    danger = Story(
        "TN",
        0.09,
        {
            "who": ("例", "安禾", "0900-000-102"),
            "narrative": "昨天下午打了鼻子的玻尿酸，今天早上鼻頭旁邊的皮膚變白，摸起來很痛，還有一點發紫。",
            "matter": "填充後皮膚變白、疼痛",
            "treatment": ("鼻部玻尿酸填充", 0),
            "subjects": [("鼻部填充後皮膚變色", ("adverse",))],
            "harm": "alleged",
            "occurred_days": 0,
            "danger_signs": ("skin",),
            "wishes": ("look-again",),
        },
    )
    clinic_call = Story(
        "TN",
        1.05,
        {
            "who": ("例", "雅文", "0900-000-103"),
            "narrative": "療程買了十次，只做了四次，櫃台說剩下的不能退，只能換別的療程。當初簽的時候沒有人講過。",
            "matter": "除斑雷射剩餘次數不退費",
            "treatment": ("除斑雷射十次", 9),
            "subjects": [("剩餘六次療程要求退費", ("price",)), ("簽約時沒有說明退費方式", ("service",))],
            "wishes": ("part-refund",),
            "factors": ("money", "explanation"),
        },
        by="ye",
        channel="telephone",
        steps=[(1.5, "assign", {}), (2, "ack", {}), (3, "grade", {"level": 1}), (3.2, "classify", {"cause": "price"})],
    )
    overdue = Story(
        "TN",
        2.3,
        {
            "who": ("例", "承翰", "0900-000-104"),
            "narrative": "做完電波拉皮兩個月，完全看不出差別。諮詢的時候給我看的照片差很多，我覺得被騙了。",
            "matter": "電波拉皮看不出效果",
            "treatment": ("電波拉皮", 8),
            "subjects": [("效果與術前看到的照片不同", ("efficacy", "advertising"))],
            "wishes": ("full-refund", "explanation"),
            "factors": ("expectation",),
        },
        channel="web",
        steps=[(20, "assign", {})],
    )
    burn = Story(
        "TN",
        16.2,
        {
            "who": ("例", "佩真", "0900-000-105"),
            "narrative": "淨膚雷射做完當天臉頰就起水泡，護理師說冰敷就好。隔天更嚴重，去外面皮膚科說是灼傷。",
            "matter": "淨膚雷射後起水泡",
            "treatment": ("淨膚雷射", 2.4),
            "subjects": [("雷射後灼傷", ("adverse",)), ("當天沒有請醫師看", ("service",))],
            "harm": "alleged",
            "occurred_days": 1,
            "wishes": ("corrective", "compensation", "records"),
            "complained": ("zhou",),
        },
        by="ye",
        channel="on_site",
        steps=[
            *_taken(at=1),
            (1.6, "care", {"words": "左頰 2×3 公分水泡，已清潔敷藥並拍照，安排隔日換藥。費用由診所先行負擔，與責任無關。",
                           "kind": "treatment", "cost": 180000}),
            *_looked_into("adverse", 2, at=4),
            (6, "judge", {"serious": False, "reason": "二度淺層灼傷，範圍小，預期可癒合；每三天追蹤。"}),
            (8, "statement", {"who": "zhou", "alleged": "有人提到：治療後臉頰出現水泡，當天沒有請醫師查看。請您說明當天看到什麼、做了什麼、告訴對方什麼。",
                              "answer": "當天 16:40 客人說臉頰熱，我看有一點紅，給了冰敷袋。我沒有看到水泡，也沒有通知醫師，這點我做得不夠。"}),
            (9, "support", {"who": "zhou", "words": "林主任每週一次一對一談話；需要時可以請假並由同事代班。"}),
            (30, "evidence", {"kind": "settings", "name": "機台參數-當天匯出.txt",
                              "body": "淨膚雷射　光斑 6 mm　能量第 5 級（膚色建議值第 4 級）　共 1,200 發　操作：周護理師"}),
            (31, "evidence", {"kind": "operation", "name": "治療紀錄-逐頁抄錄.txt",
                              "body": "雙頰淨膚雷射。術後臉頰紅，冰敷二十分鐘。離開前未再查看。沒有醫師簽名。"}),
            (32, "evidence", {"kind": "attendance", "name": "值班表.txt",
                              "body": "當天下午：許醫師在診（二樓），周護理師在雷射室，沒有第二位護理師。"}),
            *_found("雷射能量設定高於這位客人的膚色建議值一級；術後出現紅熱時沒有依流程通知醫師。",
                    "治療紀錄、機台參數、值班表", ("能量設定沒有第二人核對", "核對表沒有膚色一欄", "換機型後表單沒有更新"),
                    "設備更換時，核對表沒有跟著改", 120),
            (140, "answer", {"words": "病歷與同意書複製本已備妥並當面交付。"}),
            (150, "report", {"words": {
                "summary": "這次雷射的能量，比這位客人的膚色建議值高了一級；臉頰紅熱時給了冰敷，沒有請醫師看。左頰因此有二度淺層灼傷，範圍小，預期可以癒合。",
                "analysis": "能量由操作的人一個人設定，當場沒有別人再看一次。紅熱當下以冰敷處理，值班的人沒有把它當作要通知醫師的事。"
                            "兩件事分開看都不算罕見，湊在一起，水泡就晚了一天才處理。",
                "unclear": "紅熱從什麼時候開始，治療紀錄沒有寫；客人與護理師說的時間不同，現在查不出哪一個準。",
            }}),
            *_told("我們查了治療紀錄與機台參數：當天的能量比您的膚色建議值高了一級，出現紅熱時也沒有請醫師來看。這是我們應該做到而沒有做到的事。",
                   "灼傷的後續治療由我們負責到痊癒。核對表已加上膚色一欄，由兩人確認；任何紅熱都會請醫師當場看。病歷複製本已交付。", 168,
                   ("compensation", "partly", "退還這次的全額費用，並負擔後續換藥與除疤；其餘在三個月後的回診當天一起談。")),
            (193, "report", {"kind": "complainant", "words": {
                "opening": "許醫師看了治療紀錄、機台當天的參數和值班表，也請當天的護理師說明。許醫師沒有參與您這次的治療。",
                "will_do": "換藥與除疤由我們負責，到傷口長好、由醫師確認為止\n核對表加上膚色一欄，由兩個人確認\n臉頰出現紅熱，一律當場請醫師看",
                "unclear": "紅熱從什麼時候開始，我們的紀錄沒有寫清楚，現在查不出來。",
            }, "told": (
                ("upheld", "當天的能量比您的膚色建議值高了一級。這是我們設定得不對，不是您照顧得不好。"),
                ("upheld", "您說臉頰熱的時候，我們只給了冰敷袋，沒有請醫師來看。這是我們沒有做到。"),
            )}),
            (200, "passport", {}),
        ],
    )
    closed = Story(
        "TN",
        48,
        {
            "who": ("例", "家寧", "0900-000-106"),
            "narrative": "預約三點，等到四點二十才進去，櫃台一直說快了快了。沒有人跟我說一聲對不起。",
            "matter": "預約後等候八十分鐘",
            "treatment": ("肉毒注射", 7),
            "subjects": [("等候時間過長", ("service",))],
            "wishes": ("apology", "not-again"),
            "factors": ("waiting",),
        },
        steps=[
            *_taken(at=2),
            *_looked_into("service", 1, at=5),
            (26, "plan", {"words": "說明會查當天的排程，三天內告訴您原因。"}),
            *_found("當天下午同一時段排了三位，其中一位臨時加做。", "預約系統紀錄、門診日誌",
                    ("同一時段排了三位", "加做沒有重新排時間", "系統允許同時段無上限"), "預約系統沒有時段上限", 40),
            *_told("我們看了當天的排程：同一個時段排了三位客人，又臨時加做一項，所以讓您等了八十分鐘，也沒有人主動告訴您還要多久。對不起。",
                   "從這個月起，同一時段最多兩位；延誤超過十五分鐘，櫃台會主動說明並讓您選擇改期。", 60),
            *_ended(100, "等候本身可以解釋，沒有人主動說才是讓人生氣的地方。"),
            (170, "survey", {"answers": {"heard": 5, "kept": 4}, "words": "後來的電話很客氣，也真的改了。"}),
        ],
    )
    lowered = Story(
        "TN",
        9.4,
        {
            "who": ("例", "宥廷", "0900-000-107"),
            "narrative": "抽脂後右邊大腿一直麻麻的，兩個星期了，走路會怪怪的。",
            "matter": "抽脂後右大腿麻木",
            "treatment": ("大腿抽脂", 2),
            "subjects": [("術後麻木", ("adverse",))],
            "harm": "alleged",
            "occurred_days": 12,
            "wishes": ("look-again", "explanation"),
        },
        channel="telephone",
        by="jiang",
        steps=[
            *_taken(at=1.5),
            *_looked_into("adverse", 2, at=4, called=False),
            (5.5, "contact", {"kind": "visit", "points": "回診由許醫師檢查：皮膚感覺減退，肌力正常。", "tone": "worried"}),
            (28, "plan", {"words": "醫師說明：感覺減退在這段時間並不少見，四週後再檢查一次；若有無力或疼痛加劇請立刻回來。"}),
            (150, "judge", {"serious": False, "reason": "肌力正常，感覺已部分恢復。"}),
            (152, "contact", {"points": "電話告知檢查結果，病人表示安心。", "tone": "calm"}),
            (200, "lower", {"level": 1, "reason": "回診顯示感覺逐漸恢復，病人表示安心，仍持續追蹤。"}),
        ],
    )
    press = Story(
        "TN",
        4.2,
        {
            "who": ("例", "思妤", "0900-000-108"),
            "narrative": "隆鼻後三個月鼻樑歪了，你們醫師說是我自己撞到。我已經寫好文章，也聯絡了電視台記者。",
            "matter": "隆鼻後鼻樑歪斜",
            "treatment": ("隆鼻手術", 13),
            "subjects": [("鼻樑歪斜", ("efficacy",)), ("醫師說明的方式", ("service",))],
            "harm": "alleged",
            "wishes": ("corrective", "other-doctor", "compensation"),
            "media": True,
        },
        steps=[
            *_taken(at=1),
            (1.8, "flag", {"flag": "legal", "reason": "對方表示將請律師並聯絡媒體。"}),
            *_looked_into("efficacy", 3, at=2),
            (3.5, "legal", {"words": "請看公開回應的界線與舉證。"}),
            (5, "dispute", {}),
            (20, "plan", {"words": "說明接下來由誰負責、何時請外部醫師看。"}),
            (24, "contact", {"kind": "meeting", "points": "院長與沈經理到場。對方提出三點：再看一次、請外部醫師、書面說明。會後一小時內寄出紀錄。",
                             "tone": "angry", "minutes": 55}),
        ],
    )
    reopened = Story(
        "TN",
        26,
        {
            "who": ("例", "怡安", "0900-000-109"),
            "narrative": "美白點滴後手臂瘀青兩週還沒退，諮詢師說正常。",
            "matter": "點滴後瘀青未退",
            "treatment": ("點滴", 3),
            "subjects": [("手臂瘀青", ("adverse",))],
            "harm": "none",
            "wishes": ("explanation",),
        },
        steps=[
            *_taken(at=2),
            *_looked_into("adverse", 1, at=5),
            (27, "plan", {"words": "護理師當面說明瘀青的過程與就醫時機。"}),
            *_found("注射部位皮下瘀血，無感染跡象。", "回診照片與護理紀錄", ("換過一次部位", "沒有記錄換針原因"), "換針沒有說明", 60),
            *_told("瘀青是換針時微血管滲血，通常三到四週會退。當時沒有主動告訴您，對不起。", "護理師會在換針時說明，並給照護單。", 90),
            *_ended(130, "換針要當場說。"),
            (400, "reopen", {"reason": "病人來電表示瘀青處摸到硬塊，希望再看一次。"}),
            (404, "contact", {"points": "護理師回電，約好隔天回診。", "tone": "worried"}),
            (560, "contact", {"points": "回診後腫塊已消，請病人再觀察一週。", "tone": "calm"}),
        ],
    )
    withdrawn = Story(
        "TN",
        12,
        {
            "who": ("例", "郁庭", "0900-000-110"),
            "narrative": "櫃台把我的名字和療程名稱喊得整個大廳都聽到，我覺得很不舒服。",
            "matter": "在大廳喊出療程名稱",
            "treatment": ("私密處諮詢", 0),
            "subjects": [("隱私沒有被尊重", ("service",))],
            "wishes": ("apology", "not-again"),
        },
        steps=[
            *_taken(at=1),
            (5, "contact", {"points": "沈經理致歉並說明已改用號碼叫號。對方表示接受。", "tone": "calm"}),
            (30, "withdraw", {"reason": "已經得到道歉，也改成叫號了，不需要再處理。"}),
        ],
    )
    spot = Story(
        "TN",
        5.3,
        {
            "who": ("例", "彥廷", "0900-000-111"),
            "narrative": "收據上的金額跟刷卡金額不一樣，多了五百元。",
            "matter": "收據與刷卡金額不符",
            "subjects": [("多收五百元", ("price",))],
            "wishes": ("part-refund",),
        },
        by="ye",
        channel="on_site",
        steps=[
            (0.3, "grade", {"level": 1}),
            (0.4, "answer", {"words": "當場刷退五百元。"}),
            (0.5, "spot", {"words": "核對後當場刷退五百元並更正收據，對方說：「這樣就可以了，謝謝。」"}),
        ],
    )
    return [eyelid, danger, clinic_call, overdue, burn, closed, lowered, press, reopened, withdrawn, spot]


def _taipei() -> list[Story]:
    responded = Story(
        "TP",
        20,
        {
            "who": ("例", "芷涵", "0900-000-201"),
            "narrative": "埋線拉提後線頭從臉頰穿出來，自己摸得到尖尖的，又紅又痛。",
            "matter": "埋線線頭外露",
            "treatment": ("埋線拉提", 3),
            "subjects": [("線材外露", ("adverse",))],
            "harm": "alleged",
            "occurred_days": 2,
            "wishes": ("corrective", "explanation"),
        },
        steps=[
            *_taken(at=1),
            (2, "care", {"words": "外露線頭修剪並清潔，給予口服藥，三天後回診。", "kind": "treatment", "cost": 0}),
            *_looked_into("adverse", 2, at=4),
            (6, "judge", {"serious": False, "reason": "局部外露，無感染擴散。"}),
            (24, "plan", {"words": "郭醫師當面說明處置與追蹤時程。"}),
            *_found("線材末端過淺，屬已知併發症；術前同意書第四項有說明，諮詢時沒有口頭解釋。", "手術紀錄、同意書、諮詢錄音",
                    ("末端過淺", "諮詢只念標題", "諮詢時間只有十分鐘"), "諮詢時間不足以說明風險", 90),
            *_told("線頭外露是這項治療已知的併發症。同意書上有寫，但諮詢時沒有好好說明，這是我們要改的地方。",
                   "後續處置免費，追蹤到三個月。諮詢改為至少三十分鐘，風險逐項說明。", 130,
                   ("corrective", "partly", "先處理外露的線頭；要不要重做，等三個月追蹤之後由醫師與您一起決定。")),
        ],
    )
    closing = Story(
        "TP",
        30,
        {
            "who": ("例", "奕辰", "0900-000-202"),
            "narrative": "除毛雷射六次做完還是一直長，廣告寫永久除毛。",
            "matter": "除毛後毛髮再生",
            "treatment": ("除毛雷射六次", 20),
            "subjects": [("廣告與實際不同", ("advertising", "efficacy"))],
            "wishes": ("part-refund",),
        },
        steps=[
            *_taken(at=3),
            *_looked_into("advertising", 1, at=6),
            (30, "plan", {"words": "說明會查廣告刊登內容與療程紀錄。"}),
            *_found("舊網頁仍保留「永久」字樣，與事實不符。", "網頁存檔、刊登紀錄", ("舊頁沒有下架", "沒有清單", "沒有人負責"), "網頁沒有下架清單", 70),
            *_told("您看到的網頁是我們沒有下架的舊頁，「永久」兩個字不正確。對不起。", "依實際次數與效果退還三成費用，舊網頁已下架並建立清單。", 110),
            (250, "settle", {}),
            (690, "contact", {"points": "確認退費已入帳，對方沒有其他要求。", "tone": "calm"}),
            (700, "ask_close", {}),
        ],
    )
    investigating = Story(
        "TP",
        6,
        {
            "who": ("例", "沛珊", "0900-000-203"),
            "narrative": "同一間手術室前一位客人的紗布還在桌上，器械盒沒有封條，我開始懷疑有沒有消毒。",
            "matter": "手術室清潔與器械封條",
            "treatment": ("抽脂諮詢", 0),
            "subjects": [("器械盒沒有封條", ("hygiene",)), ("環境不清潔", ("hygiene",))],
            "wishes": ("explanation", "not-again"),
        },
        steps=[
            *_taken(at=2),
            *_looked_into("hygiene", 2, at=5),
            (28, "plan", {"words": "感控查核三天內完成，會給您看消毒紀錄。"}),
            (50, "promise", {"words": "給您看當天的滅菌紀錄", "hours": 60}),
            (70, "finding", {"words": "當天該包器械有滅菌紀錄，封條在開包前由護理師取下，沒有在病人面前開封。",
                             "basis": "滅菌紀錄、包裝批號"}),
        ],
    )
    acknowledged = Story(
        "TP",
        1.6,
        {
            "who": ("例", "睿恩", "0900-000-204"),
            "narrative": "諮詢師一直叫我當天就刷卡，說明天就沒有這個價格，我最後刷了十二萬，回家很後悔。",
            "matter": "當天被催促簽約",
            "subjects": [("感到被推銷", ("price", "service"))],
            "wishes": ("full-refund",),
            "factors": ("emotion", "money"),
        },
        channel="telephone",
        by="chen",
        steps=_taken(at=1),
    )
    fresh = Story(
        "TP",
        0.2,
        {
            "who": ("例", "柏均", "0900-000-205"),
            "narrative": "術後照護單上的電話打了三次都沒人接，我不知道紅腫要不要緊。",
            "matter": "術後電話無人接聽",
            "treatment": ("微創眼袋", 1),
            "subjects": [("術後電話沒有人接", ("service",))],
            "harm": "unknown",
            "wishes": ("look-again",),
        },
    )
    for_another = Story(
        "TP",
        11,
        {
            "who": ("例", "淑貞", "0900-000-206"),
            "narrative": "我是她媽媽。她打了瘦小臉以後嘴巴歪一邊，不敢出門，也不想講話。",
            "matter": "注射後表情不對稱",
            "treatment": ("瘦小臉注射", 3),
            "subjects": [("表情不對稱", ("adverse",))],
            "harm": "alleged",
            "occurred_days": 9,
            "relation": "parent",
            "wishes": ("look-again", "explanation"),
            "communication_need": "",
        },
        steps=[
            *_taken(at=1),
            *_looked_into("adverse", 2, at=4),
            (27, "plan", {"words": "向母親說明流程；治療內容需本人同意或出具委任書後再說明。"}),
            (60, "judge", {"serious": False, "reason": "暫時性肌肉作用不對稱，預期十二週內恢復。"}),
            (80, "demand", {"kind": "records_copy"}),
            (150, "contact", {"points": "告知病歷複製本準備中，等本人的委任書。", "tone": "calm"}),
        ],
    )
    mediation = Story(
        "TP",
        40,
        {
            "who": ("例", "冠宇", "0900-000-207"),
            "narrative": "眼袋手術後下眼瞼外翻，眼睛關不緊，醫師說再觀察，已經半年了。",
            "matter": "下眼瞼外翻",
            "treatment": ("外開眼袋", 26),
            "subjects": [("下眼瞼外翻", ("adverse",))],
            "harm": "alleged",
            "occurred_days": 150,
            "wishes": ("compensation", "other-doctor"),
        },
        steps=[
            *_taken(at=1),
            *_looked_into("adverse", 3, at=3),
            (6, "judge", {"serious": True, "reason": "暴露性角膜炎風險，需手術矯正。"}),
            (28, "contact", {"kind": "care_talk", "points": "院長、郭醫師與病人及家屬說明狀況與轉診安排。", "tone": "upset", "minutes": 60}),
            (30, "plan", {"words": "轉介眼整形專科，費用由診所先行負擔。"}),
            (200, "mediation", {"number": "示調字第 115001 號"}),
            *[(190 + 160 * n, "contact", {"points": "每週告知轉診與調解進度。", "tone": "upset"}) for n in range(5)],
            (300, "steps", {}),
        ],
    )
    return [responded, closing, investigating, acknowledged, fresh, for_another, mediation]


def _shanghai() -> list[Story]:
    filler = Story(
        "SH",
        8.3,
        {
            "who": ("例", "小满", "13000000301"),
            "narrative": "打完苹果肌以后一边高一边低，拍照特别明显。客服让我等一个月，可是现在已经一个半月了。",
            "matter": "面部填充后两侧不对称",
            "treatment": ("苹果肌填充", 6),
            "subjects": [("两侧不对称", ("efficacy",))],
            "wishes": ("corrective", "part-refund"),
        },
        steps=[
            (1, "channels", {}),
            *_taken(at=2, words="您好，我是陆经理。您说的情况我已经记下，由我负责跟进。医生想当面再看一次，明天中午前我给您回电话。"),
            *_looked_into("efficacy", 1, at=5),
            (28, "plan", {"words": "说明复诊安排与处理步骤，并告知外部渠道。"}),
            (150, "contact", {"points": "复诊后医生说明：两侧注射量不同。患者希望调整或部分退款。", "tone": "calm"}),
        ],
    )
    prepaid = Story(
        "SH",
        3.2,
        {
            "who": ("例", "清和", "13000000302"),
            "narrative": "办了两万的卡，做了两次，你们换了医生，我不想做了，客服说不退只能转项目。",
            "matter": "预付卡余额退款",
            "treatment": ("光子嫩肤卡", 12),
            "subjects": [("预付余额退款", ("price",))],
            "wishes": ("full-refund",),
            "factors": ("money",),
        },
        by="lu",
        channel="telephone",
        steps=[(0.5, "channels", {}), *_taken(at=1, words="您好，退款的诉求已经记下，从今天起算，最迟十五日内给您书面答复。")],
    )
    done = Story(
        "SH",
        45,
        {
            "who": ("例", "知夏", "13000000303"),
            "narrative": "做完水光针脸上起了很多小疙瘩，第三天还没有消，问前台也没人回。",
            "matter": "水光针后皮疹",
            "treatment": ("水光针", 7),
            "subjects": [("皮疹未消", ("adverse",))],
            "harm": "none",
            "wishes": ("look-again", "explanation"),
        },
        steps=[
            (0.5, "channels", {}),
            *_taken(at=1, words="您好，您反映的情况已记录，由我跟进，今天下班前医生会给您回电话。"),
            *_looked_into("adverse", 1, at=4),
            (26, "plan", {"words": "医生说明皮疹原因与护理方法。"}),
            *_found("局部过敏反应，48 小时后消退。", "复诊记录与照片", ("产品更换", "未询问过敏史"), "更换产品后问诊表未更新", 60),
            *_told("皮疹是对新产品的局部过敏，问诊表没有及时更新，对不起。", "问诊表已更新，新产品使用前先做小范围测试。", 90),
            *_ended(150, "换产品就要换问诊表。"),
            (240, "survey", {"answers": {"heard": 4}, "words": ""}),
        ],
    )
    infection = Story(
        "SH",
        2.05,
        {
            "who": ("例", "望舒", "13000000304"),
            "narrative": "吸脂后第五天伤口流脓，还发烧 38 度 5，打急诊电话让我自己去医院。",
            "matter": "吸脂后伤口感染发热",
            "treatment": ("腰腹吸脂", 1),
            "subjects": [("伤口感染", ("adverse",))],
            "harm": "alleged",
            "occurred_days": 1,
            "danger_signs": ("infection",),
            "wishes": ("look-again", "compensation"),
        },
        channel="telephone",
        by="lu",
        steps=[
            (0.4, "care", {"words": "已由唐医生电话评估并陪同转诊上级医院，血常规与引流由医院处理。", "kind": "referral"}),
            (0.6, "channels", {}),
            *_taken(at=1, words="您好，唐医生已经陪您到医院，费用先由我们承担。之后由我跟进，今晚八点前再联系您。"),
            (2, "grade", {"level": 2, "reason": "疑似并发症。"}),
        ],
    )
    manner = Story(
        "SH",
        14,
        {
            "who": ("例", "听雨", "13000000305"),
            "narrative": "咨询的时候说我底子不好，不做就会越来越难看，听了很难受。",
            "matter": "咨询时的言语",
            "subjects": [("咨询人员的言语", ("service",))],
            "wishes": ("apology",),
        },
        steps=[
            (0.5, "channels", {}),
            *_taken(at=1, words="您好，听到这样的话确实让人难受。我已记下，由我负责，明天给您回电话。"),
            *_looked_into("service", 1, at=4),
            (26, "plan", {"words": "说明会与当事人员谈话并复查话术。"}),
            *_found("咨询话术中有不当表述。", "录音与话术文本", ("话术沿用旧版", "没有复核"), "话术没有定期复核", 60),
            (90, "steps", {}),
            (100, "disclose", {"words": "我们听了录音，那些话不应该说，对不起。话术已经停用。"}),
        ],
    )
    agency = Story(
        "SH",
        0.6,
        {
            "who": ("例", "若谷", "13000000306"),
            "narrative": "双眼皮修复第三次了，疤越来越明显。我要看全部病历。",
            "matter": "双眼皮修复后疤痕",
            "treatment": ("重睑修复", 30),
            "subjects": [("疤痕明显", ("efficacy",))],
            "harm": "unknown",
            "wishes": ("records", "explanation"),
        },
        steps=[(0.5, "channels", {}), (1, "assign", {})],
    )
    return [filler, prepaid, done, infection, manner, agency]
