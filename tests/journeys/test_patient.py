"""A patient on a phone: tells what happened with two photographs, keeps the receipt, follows, and is asked at the end."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import act, follow, keys_on, measure

pytestmark = pytest.mark.browser

STORY = "十月底做了雙眼皮，到現在左眼還是睜不太開，兩邊看起來不一樣。\n打過兩次電話，都說再等等看。"


def written(page, photos=(), *, story: str = STORY, harm: str = "none") -> None:
    """Fill in the form as far as one must, by touch where there is something to touch."""
    page.fill("[name=narrative]", story)
    page.fill("[name=treatment]", "雙眼皮")
    page.fill("[name=treatment_on]", "115年10月")
    page.locator(f"label:has([name=harm][value={harm}])").tap()
    page.locator("label:has([name=about][value=self])").tap()
    page.locator("label:has([name=wishes][value=look-again])").tap()
    page.fill("[name=name]", "溫若嵐")
    page.fill("[name=contact]", "0900-000-123")
    page.locator("label:has([name=contact_by][value=phone])").tap()
    if photos:
        page.set_input_files("input[type=file]", [str(p) for p in photos])
        expect(page.locator("input[type=hidden][name=upload]")).to_have_count(len(photos))
    for tick in page.locator(".sy-po-purpose:has-text('必要') input[type=checkbox]").all():
        tick.check()


@pytest.mark.requirement("A-04")
@pytest.mark.requirement("A-05")
@pytest.mark.requirement("A-07")
@pytest.mark.requirement("A-21")
def test_a_patient_is_heard_follows_and_says_how_it_was(street, photos, house):
    phone = street.patient()
    phone.goto("/p/tainan/")
    measure(phone, "portal start")
    phone.locator("main a.sy-btn--primary").first.tap()
    expect(phone).to_have_url(re.compile("/danger/"))
    measure(phone, "portal danger")
    phone.get_by_role("button", name="都沒有，接著寫申訴").tap()
    expect(phone).to_have_url(re.compile("/p/tainan/write/"))
    measure(phone, "portal write")
    written(phone, photos)
    phone.locator("#complaint .sy-po-acts button[name=send]").tap()

    # The receipt: what was received, by whom it is answered, by when.
    expect(phone.locator(".sy-receipt__stamp")).to_have_text("收訖")
    reference, secret = keys_on(phone)
    assert "2 個" in phone.inner_text(".sy-receipt")
    assert phone.locator(".sy-receipt .sy-qr svg").count() == 2
    measure(phone, "portal receipt")

    # Follows by the code on the receipt: the secret stays in the fragment, no server sees it.
    follow(phone, "tainan", reference, secret)
    assert secret not in phone.url
    measure(phone, "portal follow")
    phone.fill("[name=words]", "忘了說：右眼也會流眼淚。")
    phone.get_by_role("button", name="送出訊息").tap()
    expect(phone.get_by_text("收到您的訊息了")).to_be_visible()
    expect(phone.locator(".sy-timeline")).to_contain_text("右眼也會流眼淚")
    for place in ("demand", "withdraw"):
        phone.goto(f"/p/tainan/follow/{place}/")
        measure(phone, f"portal {place}")

    # The clinic answers and ends it; both photographs are there, byte for byte named as they came.
    shen = street.staff("shen")
    shen.goto(f"/cases/{reference}/files/")
    assert {p.name for p in photos} <= set(re.findall(r"[左右]眼\.jpg", shen.inner_text("main")))
    shen.goto(f"/cases/{reference}/")
    expect(shen.locator("#course")).to_contain_text("右眼也會流眼淚")
    act(shen, reference, "raise", level="1", reason="說明清楚就好")
    shen.goto(f"/cases/{reference}/do/assign/")
    shen.select_option("main [name=owner]", label="沈經理")
    shen.click("main .sy-acts button")
    expect(shen).to_have_url(re.compile(f"/cases/{reference}/$"))
    act(shen, reference, "acknowledge", method="telephone", words="溫小姐您好，明天上午許醫師親自看。")
    shen.goto(f"/cases/{reference}/do/resolve/")
    shen.fill("[name=words]", "醫師當面看過並說明，病人說這樣可以。")
    shen.check("[name=content]")
    shen.click("main .sy-acts button")
    expect(shen).to_have_url(re.compile(f"/cases/{reference}/$"))
    shen.goto(f"/cases/{reference}/survey/")
    measure(shen, "desk survey")
    shen.click("main form[method=post] button")

    follow(phone, "tainan", reference, secret)
    phone.get_by_role("link", name=re.compile("幾個問題")).tap()
    expect(phone).to_have_url(re.compile("/survey/"))
    measure(phone, "portal survey")
    phone.locator("label:has([name=heard][value='5'])").tap()
    phone.locator("label:has([name=fair][value='4'])").tap()
    phone.locator("main form.sy-form button.sy-btn--primary").tap()
    expect(phone.get_by_text("謝謝您的回答")).to_be_visible()
    assert house.one("SELECT count(*) FROM cases_survey s JOIN cases_case c ON c.id=s.case_id"
                     " WHERE c.reference=? AND s.answered_at IS NOT NULL", reference) == 1  # fmt: skip
    shen.goto(f"/cases/{reference}/survey/")
    expect(shen.locator("main")).to_contain_text("5")


@pytest.mark.requirement("A-05")
def test_the_code_on_the_receipt_opens_the_page_without_typing(street):
    phone = street.patient()
    phone.goto("/p/tainan/write/")
    written(phone)
    phone.locator("#complaint .sy-po-acts button[name=send]").tap()
    expect(phone.locator(".sy-receipt__stamp")).to_be_visible()
    reference, secret = keys_on(phone)
    asked: list[str] = []
    phone.on("request", lambda request: asked.append(request.url))

    phone.goto(f"/p/tainan/follow/#{reference}.{secret.replace('-', '')}")
    opener = phone.get_by_role("button", name="打開")
    if opener.count():
        opener.tap()
    expect(phone.locator("#messages")).to_be_visible()
    assert not [url for url in asked if secret.replace("-", "") in url.partition("#")[0]]


@pytest.mark.requirement("A-04")
def test_one_who_stops_halfway_finds_the_words_again(street):
    phone = street.patient()
    phone.goto("/p/tainan/write/")
    phone.fill("[name=narrative]", "寫到一半，電車到站了。")
    phone.get_by_role("button", name="先存著，晚點再寫").tap()
    expect(phone.get_by_text("存好了")).to_be_visible()
    phone.goto("/p/tainan/write/")
    expect(phone.locator("[name=narrative]")).to_have_value("寫到一半，電車到站了。")


def test_the_form_stands_without_scripts(street, photos, house):
    phone = street.patient(java_script_enabled=False)
    phone.goto("/p/tainan/")
    phone.locator("main a.sy-btn--primary").first.tap()
    phone.get_by_role("button", name="都沒有，接著寫申訴").tap()
    phone.fill("[name=narrative]", STORY)
    phone.fill("[name=contact]", "someone@example.org")
    phone.set_input_files("input[type=file]", [str(p) for p in photos])
    for tick in phone.locator(".sy-po-purpose:has-text('必要') input[type=checkbox]").all():
        tick.check()
    phone.locator("#complaint .sy-po-acts button[name=send]").tap()
    expect(phone.locator(".sy-receipt__stamp")).to_be_visible()
    reference, secret = keys_on(phone)
    assert house.one("SELECT count(*) FROM evidence_item i JOIN cases_case c ON c.stream=i.stream WHERE c.reference=?", reference) == 2

    phone.goto("/p/tainan/follow/")
    phone.fill("#reference", reference.lower())
    phone.fill("#secret", secret.lower().replace("-", " "))
    phone.locator("main form button.sy-btn--primary").tap()
    phone.fill("[name=words]", "沒有指令碼也能寫。")
    phone.get_by_role("button", name="送出訊息").tap()
    expect(phone.locator(".sy-timeline")).to_contain_text("沒有指令碼也能寫。")


def test_a_form_whose_clinic_was_away_keeps_its_words(street):
    phone = street.patient()
    phone.goto("/p/tainan/write/")
    written(phone)
    phone.context.clear_cookies()
    phone.locator("#complaint .sy-po-acts button[name=send]").tap()
    expect(phone.get_by_text("還沒有送出，您寫的字都在")).to_be_visible()
    expect(phone.locator("[name=narrative]")).to_have_value(STORY)
    phone.locator("#complaint .sy-po-acts button[name=send]").tap()
    expect(phone.locator(".sy-receipt__stamp")).to_have_text("收訖")
