"""A hold refuses an erasure; both sides seal and each takes the list along."""
from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.people import act, measure, register

pytestmark = pytest.mark.browser
PICTURES = os.environ.get("SUYUAN_PICTURES")  # a folder: for people who look


def picture(page: Page, name: str) -> None:
    if not PICTURES:
        return
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.screenshot(path=Path(PICTURES) / f"{name}-{width}.png", full_page=True)
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.mark.requirement("A-03")
def test_a_hold_refuses_an_erasure_and_the_person_is_told_why(street):
    shen, tsai = street.staff("shen"), street.staff("tsai")
    reference = register(shen, "雷射之後留下疤痕，我要求賠償。")
    act(shen, reference, "demand", kind="data_erase", words="請把我的資料都刪掉")
    act(shen, reference, "disputed")
    expect(shen.locator(".sy-dk-head")).to_contain_text("正在保全")

    tsai.goto(f"/cases/{reference}/do/erase/")
    expect(tsai.locator("main")).to_contain_text("正在保全，現在不能刪除")
    assert tsai.locator("input[value=erase]").count() == 0
    measure(tsai, "desk erasure, held")
    picture(tsai, "erase-held")
    tsai.click("main .sy-acts button")
    expect(tsai).to_have_url(re.compile(f"/cases/{reference}/$"))

    tsai.goto(f"/cases/{reference}/rights/")
    expect(tsai.locator("main")).to_contain_text("保全中，不能刪除")
    expect(tsai.locator(".sy-side")).to_contain_text("民法 §197")
    tsai.goto(f"/cases/{reference}/do/hold-lift/")
    tsai.fill("[name=reason]", "雙方已經談妥，書面同意不再追究")
    tsai.click("main .sy-acts button")
    expect(tsai.locator(".sy-dk-head")).not_to_contain_text("正在保全")
    tsai.goto("/holds/")
    expect(tsai.locator("main")).not_to_contain_text(reference)


@pytest.mark.requirement("D-09")
@pytest.mark.requirement("D-05")
def test_both_sides_seal_and_copies_go_out_against_receipt(street, photos):
    shen = street.staff("shen")
    reference = register(shen, "填充之後出現硬塊，請把空瓶封起來。")
    shen.goto(f"/cases/{reference}/files/")
    shen.set_input_files("input[type=file]", [str(photo) for photo in photos])
    shen.locator("main form button[type=submit], .sy-side form button").last.click()
    shen.wait_for_load_state("networkidle")
    act(shen, reference, "demand", kind="seal")
    act(shen, reference, "demand", kind="records_copy")

    shen.goto(f"/cases/{reference}/do/seal/")
    for tick in shen.locator("[name=items]").all():
        tick.check()
    for name, words in {
        "lots": "1 HA-2026-77", "place": "三樓諮詢室", "kept_at": "病歷室保險櫃", "for_clinic": "沈經理", "for_patient": "例小安",
    }.items():  # fmt: skip
        shen.fill(f"[name={name}]", words)
    measure(shen, "desk sealing")
    picture(shen, "seal-form")
    shen.click("main .sy-acts button")
    expect(shen).to_have_url(re.compile(f"/cases/{reference}/$"))

    shen.goto(f"/cases/{reference}/do/copies/")
    shen.locator("[name=items]").first.check()
    shen.check("[name=consents][value=included]")
    picture(shen, "copies-form")
    shen.click("main .sy-acts button")
    expect(shen).to_have_url(re.compile(f"/cases/{reference}/$"))
    picture(shen, "case-held")

    shen.goto(f"/cases/{reference}/rights/")
    expect(shen.locator("main")).to_contain_text("封存中")
    expect(shen.locator("main")).to_contain_text("等領取")
    measure(shen, "desk rights")
    picture(shen, "rights")
    shen.get_by_role("link", name="印封存清單，雙方各一份").click()
    for side in ("診所留存聯", "病人方留存聯"):
        expect(shen.locator("main")).to_contain_text(side)
    assert shen.locator("main svg[role=img]").count() >= 2
    picture(shen, "seal-print")
    shen.go_back()
    shen.get_by_role("link", name="印清單與簽收單").click()
    picture(shen, "copies-print")

    shen.goto("/lots/?lot=HA-2026-77")
    expect(shen.locator("main")).to_contain_text(reference)
    measure(shen, "desk lots")
    picture(shen, "lots")
