"""What the guard underlines lies under its own words, however narrow the page, and a gap is one step away."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.requirement("B-10")]

LONG = (
    "陳小姐您好，來信收到了，also in English so that lines break where they like：謝謝您告訴我們。\r\n"
    "我們診所的三位醫師看過之後一致保證您三個月內會完全恢復到手術以前的樣子，而且 100% 不會留下任何疤痕，請打{phone}。"
)

# The words of the draft laid out as a text box lays them out: a second box over the first, of the same computed style.
PLACES = """() => {
  const area = document.querySelector('textarea[name=words]'), mirror = document.querySelector('[data-sy-mirror]');
  const copy = document.createElement('div'), style = getComputedStyle(area), at = area.getBoundingClientRect();
  for (const name of style) copy.style.setProperty(name, style.getPropertyValue(name));
  Object.assign(copy.style, {position: 'absolute', left: `${at.left + scrollX}px`, top: `${at.top + scrollY}px`,
    width: `${at.width}px`, height: `${at.height}px`, opacity: 0});
  copy.textContent = area.value;
  document.body.append(copy);
  let from = 0;
  const wrong = [], marks = mirror.querySelectorAll('mark');
  const walk = document.createTreeWalker(mirror, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (node.parentElement.closest('mark')) {
      const mine = document.createRange(), theirs = document.createRange();
      mine.selectNodeContents(node);
      theirs.setStart(copy.firstChild, from); theirs.setEnd(copy.firstChild, from + node.length);
      const a = [...mine.getClientRects()], b = [...theirs.getClientRects()];
      const off = a.length === b.length ? Math.max(...a.flatMap((r, n) => [r.left - b[n].left, r.right - b[n].right, r.top - b[n].top].map(Math.abs))) : 999;
      if (off > 0.5) wrong.push([node.data, off]);
    }
    from += node.length;
  }
  const same = [area.clientHeight - mirror.clientHeight, area.clientWidth - mirror.clientWidth, area.scrollHeight - area.clientHeight];
  copy.remove();
  return {marks: marks.length, lines: [...marks].map((m) => m.getClientRects().length), wrong, same};
}"""


def looked_at(page: Page) -> dict:
    expect(page.locator("[data-sy-mirror] mark").first).to_be_attached()
    return page.evaluate(PLACES)


def test_everything_is_within_reach_of_the_keyboard_and_said_aloud(street):
    page = street.staff("shen")
    page.goto("/guard/")
    page.select_option("[name=surface]", "private_message")
    page.fill("[name=words]", "您根本是無理取鬧。我們保證三個月內會完全恢復。")
    told = page.get_by_role("status").filter(has_text="須核准")
    expect(told).to_contain_text("要另一位同事核准才能送出")
    first = page.get_by_role("listitem").filter(has_text="第 1 處，須核准")
    expect(first.get_by_role("button", name=re.compile("無理取鬧.*到文字裡看"))).to_be_visible()
    expect(first.get_by_role("button", name=re.compile("採用.*第 1 處"))).to_be_visible()

    first.locator("summary").press("Enter")
    first.locator("textarea").press("Escape")
    expect(first.locator("details")).not_to_have_attribute("open", "")
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    first.locator("summary").press("Enter")
    first.locator("textarea").fill("引用對方的話")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(first).to_contain_text("已記下，會由負責規則的人看。")

    page.locator("[name=words]").press("Alt+1")
    expect(page.locator("[data-sy-told]")).to_contain_text("已換成：我們看到您的意見了")
    assert page.evaluate("document.activeElement.name") == "words"


def test_underlines_lie_under_their_words_on_any_width(street):
    page = street.staff("shen")
    page.goto("/guard/")
    page.select_option("[name=surface]", "private_message")
    for width in (1440, 820, 390):
        page.set_viewport_size({"width": width, "height": 900})
        page.fill("[name=words]", "")
        page.fill("[name=words]", LONG)
        found = looked_at(page)
        assert found["marks"] >= 2 and found["wrong"] == [] and found["same"] == [0, 0, 0], (width, found)
    assert max(found["lines"]) >= 2

    # As the server writes the page, a line break counts as in the box.
    page.get_by_role("combobox").first.focus()
    page.evaluate("document.querySelector('[name=_check]').disabled = false")
    page.locator("[name=_check]").evaluate("e => e.form.requestSubmit(e)")
    page.wait_for_load_state()
    found = looked_at(page)
    assert found["marks"] >= 2 and found["wrong"] == []
    assert page.locator("[data-sy-mirror] mark").last.inner_text() == "{phone}"

    page.get_by_role("button", name="診所電話，到文字裡填").click()
    page.keyboard.type("02-2771-0835")
    assert page.input_value("[name=words]").endswith("請打02-2771-0835。")
    expect(page.locator("[data-sy-hole]")).to_have_count(0)
