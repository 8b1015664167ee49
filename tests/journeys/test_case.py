"""A case among colleagues: raised, judged, collided over, and closed through every gate by two of them."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import act, choose_first, fill, measure, register

pytestmark = pytest.mark.browser


@pytest.mark.requirement("D-02")
@pytest.mark.requirement("D-03")
def test_a_doctor_confirms_serious_harm_and_the_law_starts_counting(street):
    shen, xu = street.staff("shen"), street.staff("xu")
    reference = register(shen, "拉皮之後半邊臉不能動，嘴角歪了。", name="例太太", harm="none")
    shen.goto(f"/cases/{reference}/do/raise/")
    measure(shen, "desk act with cards")
    act(shen, reference, "raise", level="3", reason="疑似神經損傷，家屬提到媒體")
    expect(shen.locator(".sy-head__flags")).to_contain_text("三級")
    shen.goto(f"/cases/{reference}/do/investigator/")
    shen.select_option("[name=user]", label="許醫師")
    shen.fill("[name=expertise]", "沒有參與這次治療")
    shen.click("main .sy-acts button")
    expect(shen).to_have_url(re.compile(f"/cases/{reference}/$"))
    assert shen.locator("#clocks .sy-tag--statutory").count() == 0

    act(xu, reference, "judge", serious="yes", reason="右側顏面神經下頜緣支功能喪失。")
    xu.goto(f"/cases/{reference}/")
    law = xu.locator("#clocks .sy-clock", has=xu.locator(".sy-tag--statutory")).first
    expect(law).to_contain_text("醫療事故預防及爭議處理法 §6")
    expect(law).to_contain_text("翌日起 5 個工作日")
    measure(xu, "desk case")

    # The small calendar explains the date, with the words of the law.
    law.locator("a").first.click()
    expect(xu).to_have_url(re.compile("/clocks/"))
    expect(xu.locator("main")).to_contain_text("這個日期是怎麼算的")
    expect(xu.locator("blockquote.sy-dk-law")).to_be_visible()
    assert xu.locator("main table, main .sy-calendar").count() >= 1
    expect(xu.locator("main")).to_contain_text("法定期限不能暫停")
    measure(xu, "desk clock")


def test_two_colleagues_collide_and_nobody_loses_a_word(street):
    shen, tsai = street.staff("shen"), street.staff("tsai")
    reference = register(shen, "換了三個窗口，每個都要我從頭說。")
    person(shen, reference, "assign", "owner", "沈經理")
    for page in (shen, tsai):
        page.goto(f"/cases/{reference}/do/acknowledge/")
        choose_first(page, "method")
    fill(shen, words="沈經理已經打過電話，明天中午前回覆。")
    fill(tsai, words="院長親自打了電話，對方願意等到明天。")
    # The one who comes second is told that somebody is writing.
    expect(tsai.locator("[data-sy-presence]")).to_contain_text("沈經理", timeout=40_000)

    shen.click("main .sy-acts button")
    expect(shen).to_have_url(re.compile(f"/cases/{reference}/$"))
    tsai.click("main .sy-acts button")
    expect(tsai.locator("main")).to_contain_text("您寫的字都在下面")
    expect(tsai.locator("[name=words]")).to_have_value("院長親自打了電話，對方願意等到明天。")
    measure(tsai, "desk collision")
    shen.goto(f"/cases/{reference}/")
    expect(shen.locator("#course")).to_contain_text("沈經理已經打過電話")
    assert "院長親自打了電話" not in shen.inner_text("#course")


@pytest.mark.requirement("A-08")
@pytest.mark.requirement("A-10")
@pytest.mark.requirement("A-14")
@pytest.mark.requirement("A-15")
@pytest.mark.requirement("A-20")
@pytest.mark.requirement("B-03")
def test_a_case_is_closed_through_every_gate_by_a_second_person(street, house):
    shen, xu, tsai = street.staff("shen"), street.staff("xu"), street.staff("tsai")
    reference = register(
        shen, "買了十次只做四次，剩下的說不能退。", name="例小姐", phone="0900-000-888", issue1="剩餘六次要求退費", harm="none"
    )

    # Shut, and it says why, with a way to clear each.
    shen.goto(f"/cases/{reference}/do/investigate/")
    blockers = shen.locator(".sy-next li")
    assert blockers.count() >= 2
    assert shen.locator("main form.sy-form .sy-acts button[type=submit]:not([aria-disabled=true])").count() == 0
    measure(shen, "desk act with gates")

    act(shen, reference, "raise", level="1", reason="金額與說明的爭議")
    person(shen, reference, "assign", "owner", "沈經理")
    choose(shen, reference, "acknowledge", "method", words="由我負責，明天中午前回電。")
    shen.goto(f"/cases/{reference}/do/classify/")
    shen.locator("[name=primary][value=price]").check()
    send(shen, reference)
    choose(shen, reference, "channels", "method")
    person(shen, reference, "speaker", "speaker", "沈經理")
    person(shen, reference, "investigator", "user", "許醫師")
    act(shen, reference, "investigate")

    xu.goto(f"/cases/{reference}/do/finding/")
    fill(xu, words="合約第三條寫明未使用次數可退，櫃台不知道。", basis="合約與櫃台交班紀錄")
    send(xu, reference)
    xu.goto(f"/cases/{reference}/do/root-cause/")
    fill(xu, why1="櫃台說不能退", why2="沒有人教過", root="新人訓練沒有退費這一節")
    send(xu, reference)
    act(
        shen, reference, "contact", kind="call", direction="out", channel="telephone", points="說明查到的事，對方要等書面。"
    )
    settle(shen, reference)
    choose(shen, reference, "disclose", "method", words="我們查了合約：沒有用的次數可以退。當時沒有告訴您，是我們沒有教好。")
    settle(shen, reference)
    choose(shen, reference, "respond", "method", words="六次共退 NT$ 18,000，十一月底前入帳。")
    settle(shen, reference)
    shen.goto(f"/cases/{reference}/investigation/")
    measure(shen, "desk investigation")
    act(shen, reference, "propose-closing")

    # Not by the one who proposed it.
    shen.goto(f"/cases/{reference}/do/close/")
    assert shen.locator("form.sy-form").count() == 0 or "另一位" in shen.inner_text("main")
    assert house.one("SELECT stage FROM cases_case WHERE reference=?", reference) == "responded"
    tsai.goto("/")
    expect(tsai.locator("main")).to_contain_text(reference)
    act(tsai, reference, "close")
    assert house.one("SELECT stage FROM cases_case WHERE reference=?", reference) == "closed"
    expect(tsai.locator("#course")).to_contain_text("確認結案")
    tsai.goto(f"/cases/{reference}/do/evaluate/")
    tsai.fill("[name=words]", "新人訓練加上退費。")
    tick_required(tsai)
    send(tsai, reference)
    tsai.goto(f"/cases/{reference}/print/")
    expect(tsai.locator("body")).to_contain_text("六次共退")
    measure(tsai, "desk print")


def person(page, reference: str, code: str, field: str, name: str) -> None:
    page.goto(f"/cases/{reference}/do/{code}/")
    page.select_option(f"main [name={field}]", label=name)
    send(page, reference)


def choose(page, reference: str, code: str, field: str, **fields: str) -> None:
    page.goto(f"/cases/{reference}/do/{code}/")
    choose_first(page, field)
    fill(page, **fields)
    send(page, reference)


def send(page, reference: str) -> None:
    page.click("main form.sy-form .sy-acts button")
    expect(page).to_have_url(re.compile(f"/cases/{reference}/$"))


def settle(page, reference: str) -> None:
    """Everything that was promised or given to do, one by one."""
    for code in ("promise-kept", "task-done"):
        while page.goto(f"/cases/{reference}/") and page.locator(f"a[href$='/do/{code}/']").count():
            page.goto(f"/cases/{reference}/do/{code}/")
            field = page.locator("main select").first
            field.select_option(index=field.locator("option").count() - 1)
            if page.locator("[name=words]").count():
                page.fill("[name=words]", "做好了。")
            send(page, reference)


def tick_required(page) -> None:
    for name in {e.get_attribute("name") for e in page.locator("main input[type=radio]").all()}:
        page.locator(f"main [name={name}]").first.check()
    for name in {e.get_attribute("name") for e in page.locator("main select").all()}:
        choose_first(page, name)
