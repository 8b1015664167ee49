"""Who is complained about sees what is alleged in neutral words, and nothing else of the case, by any way in."""
from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.journeys.people import measure

pytestmark = [pytest.mark.browser, pytest.mark.requirement("A-08"), pytest.mark.requirement("E-02")]

OF_HER = """
SELECT c.reference, c.stream, c.matter, substr(t.body, 1, 12), p.id FROM cases_case c
  JOIN cases_involvement i ON i.case_id = c.id AND i.kind = 'complained' AND i.until IS NULL
  JOIN accounts_user u ON u.id = i.user_id JOIN platform_text t ON t.id = c.narrative_id
  LEFT JOIN people_person p ON p.id = c.patient_id WHERE u.login = 'zhou'
"""


def test_the_accused_sees_only_the_statement_page(street, house):
    about_her = house.rows(OF_HER)
    assert about_her
    zhou = street.staff("zhou")
    told = [word for reference, _s, matter, words, _p in about_her for word in (reference, matter, words) if word]
    addresses = ["/", "/cases/", "/cases/?state=all", "/handover/", "/statements/"]
    for reference, _stream, matter, words, _person in about_her:
        addresses += [f"/cases/?state=all&q={q}" for q in (reference, matter, words)]
        here = f"/cases/{reference}/"
        addresses += [here, here + "older/", here + "older/?before=9999", here + "print/", here + "files/", here + "letters/"]
        addresses += [here + "investigation/", here + "outside/", here + "do/contact/", here + "do/raise/", here + "survey/"]
        addresses += [f"/registered/{reference}/", *(f"{here}clocks/{uid}/" for uid in clocks_of(house, reference))]
    for address in addresses:
        answer = zhou.goto(address)
        shown = zhou.content().replace(zhou.url.partition("?")[2], "")
        typed = zhou.locator("input[type=search]").input_value() if zhou.locator("input[type=search]").count() else ""
        for word in told:
            if word != typed:
                assert word not in re.sub(r"<input[^>]*>|<title>.*?</title>", "", shown), f"{word} on {address}"
        if address.startswith(("/cases/T", "/registered/")):
            assert answer.status == 404, address

    zhou.goto("/statements/")
    measure(zhou, "desk statements")
    zhou.locator("main a[href^='/statements/']").first.click()
    expect(zhou).to_have_url(re.compile("/statements/[0-9a-f-]{36}/"))
    measure(zhou, "desk statement")
    shown = zhou.inner_text("main")
    assert not [word for word in told if word in shown]
    if zhou.locator("main textarea").count():
        zhou.fill("main textarea", "當天十四點我在二診，冰敷後交給下一班，時間我不確定。")
        zhou.get_by_role("button", name="送出說明").click()
        expect(zhou.locator("main")).to_contain_text("已記下您的說明")
    expect(zhou.locator("main")).to_contain_text("支持")


def clocks_of(house, reference: str) -> list[str]:
    rows = house.rows(
        "SELECT k.uid FROM cases_caseclock k JOIN cases_case c ON c.id = k.case_id WHERE c.reference = ? LIMIT 2", reference
    )
    return [str(__import__("uuid").UUID(uid)) for (uid,) in rows]


def test_nothing_of_it_stands_in_her_counts(street, house):
    """A colleague of the same role and branch sees what she would see, were she not complained about."""
    zhou = street.staff("zhou")
    zhou.goto("/")
    assert zhou.locator(".sy-duty, .sy-care").count() == 0 or not set(
        re.findall(r"[A-Z]{2}\d{2}-\d{4}-\d{4}", zhou.inner_text("main"))
    ) & {row[0] for row in house.rows(OF_HER)}
