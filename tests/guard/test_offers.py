"""Which words make an offer, and which only say what is owed, asked, answered or refused. None of these stands in the pack."""

from __future__ import annotations

import pytest

from suyuan.kernel.textlint import Context, Linter
from suyuan.playbooks.guarding import rule_set
from suyuan.playbooks.selectors import wording_newest

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("D-11")]

OFFERS = """\
我們願意退您兩萬元，希望您能接受。
院方決定補償您四萬元整，款項將於簽署後匯入。
考量您的辛苦，我們想給您一點心意，三千元禮券。
只要您同意不再追究，我們就全額退款。
如果您願意，我們可以幫您免費再打一次。
後續修復的費用全部由我們吸收。
我們提出兩個方案：甲、退費三成；乙、由院長親自重修。
您看退您五千、再送您一次保濕導入，這樣好嗎？
這筆費用我們不收了，就當作我們的誠意。
尾款兩萬我們不跟您收了。
為表歉意，本院致贈您價值六千元的療程。
我们愿意承担您后续的修复费用，并补偿误工费两千元。
您签字后，我们三日内退还一万元。
作为和解，甲方支付乙方人民币三万元。
We can refund half of the price if you accept this.
We are willing to pay for the corrective surgery.
退您一半的錢，您覺得如何？
公司這邊最多可以賠您兩萬。
院長說，療程費用可以減免五成。
您點頭的話，十萬元明天就匯。""".splitlines()

NO_OFFERS = """\
依合約退還未使用的三堂課共 9,000 元，十五日內匯到您的帳戶。
多收的 500 元掛號費今天退給您。
您的退費申請已收到，我們會在七日內說明怎麼算。
退款 12,000 元已於今天匯出，請查收。
謝謝您告訴我們。許醫師想再看一次腫脹的地方，星期三下午三點請您來。
我們正在調閱紀錄，週五前給您答覆，包括能不能退費。
您要求退全額，我們理解；查完之後會給您理由。
目前還不能答應退費或賠償，原因如下。
回診與換藥都不收費，請放心過來。
解約依定型化契約，扣除已使用的兩堂與手續費後，退還 18,000 元。
剩余疗程按合同退款 3,600 元，十五日内原路退回。
七天鑑賞期內解約，全額退費，不收手續費。
若您不同意，可以向消費者保護官申訴，或申請調解。
藥害救濟的申請表在這裡，填好之後我們可以代為送件。
病歷複製本已經備妥，費用 200 元。
我們同意您的請求，病歷複製本三天內寄出。
您提到希望補償三萬元，請把單據給我們看。
手術同意書需要您再簽一次，因為麻醉方式改了。
The unused sessions are refunded under the contract within 15 days.
We will call you by Friday with what we have found.
本次療程費用 12,000 元，請於週五前繳清。
訂金 5,000 元全數退回您的信用卡。
我們會負擔快遞費，把影片光碟寄給您。
這件事我們會負責到底，醫師明天打電話給您。
請您簽收這封信，影本您留一份。
有空幫我們寫幾句心得，下次做臉可以折抵一百。""".splitlines()


@pytest.fixture(scope="module")
def reader(django_db_setup, django_db_blocker, packs):
    with django_db_blocker.unblock():
        return Linter(rule_set(wording_newest("tw").asking))


def offered(reader, text: str) -> list[str]:
    return [found.rule for found in reader.check(text, Context("private_message", "tw"))]


@pytest.mark.parametrize("text", OFFERS)
def test_an_offer_is_known_however_it_is_said(reader, text):
    assert offered(reader, text)


@pytest.mark.parametrize("text", NO_OFFERS)
def test_what_is_owed_asked_or_refused_is_no_offer(reader, text):
    assert offered(reader, text) == []


def test_what_asks_for_legal_is_no_finding_of_the_guard():
    shipped = wording_newest("tw")
    assert {row.asks for row in shipped.asks} == {"legal"}
    assert not {row.id for row in shipped.asks} & {rule.id for rule in shipped.guarding.rules}


def test_templates_that_make_an_offer_say_so_themselves(reader):
    shipped = wording_newest("tw").templates
    marked = {row.id for row in shipped if row.asks == "legal"}
    assert marked == {"offer-money-first", "offer-choice", "goodwill", "extortion-firm"}
    beside = [row.id for row in shipped if row.id not in marked for _language, body in row.body.items() if offered(reader, body)]
    assert beside == [], "a shipped text that owes or answers would be held for legal"
