"""People in front of a browser: what they do, and what any page they see must stand up to."""
from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.journeys.running import PASSWORD, Running

expect.set_options(timeout=20_000)  # patience for a busy machine, not for a slow page

AXE = (Path(__file__).parent.parent / "vendor/axe.min.js").read_text(encoding="utf-8")
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
DESK = {"viewport": {"width": 1440, "height": 900}}
REFERENCE = re.compile(r"[A-Z]{2}\d{2}-\d{4}-\d{4}")
SECRET = re.compile(r"[0-9A-HJKMNP-TV-Z]{5}(?:-[0-9A-HJKMNP-TV-Z]{5}){3}")

# Each kind of page is measured once a run: it is the same page for everybody who sees it in the same state.
_measured: set[str] = set()
# Cookies by person: people stay logged in on their own computer.
_logged_in: dict[tuple[str, str], dict] = {}


class Street:
    """Everybody who has a window open."""

    def __init__(self, browser: Browser, house: Running) -> None:
        self.browser, self.house = browser, house
        self.contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    def window(self, **how) -> Page:
        how = {"locale": "zh-TW", "timezone_id": "Asia/Taipei", **how}
        context = self.browser.new_context(base_url=self.house.url, **how)
        context.set_default_timeout(20_000)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.complaints.append(f"{page.url}: {error}"))
        page.on("console", lambda line: line.type == "error" and self._said(page, line.text))
        return page

    def _said(self, page: Page, words: str) -> None:
        """Refusals of ours are answers, not faults of a script."""
        if "Failed to load resource" not in words or "500" in words:
            self.complaints.append(f"{page.url}: {words}")

    def patient(self, **how) -> Page:
        return self.window(**{**PHONE, **how})

    def staff(self, login: str, **how) -> Page:
        """A colleague at their computer, logged in; the first time by typing."""
        key = (self.house.url, login)
        page = self.window(**{**DESK, "storage_state": _logged_in.get(key), **how})
        if key not in _logged_in:
            log_in(page, login)
            _logged_in[key] = page.context.storage_state()
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        assert self.complaints == []


def log_in(page: Page, login: str) -> None:
    page.goto("/login/")
    page.fill("[name=login]", login)
    page.fill("[name=password]", PASSWORD)
    page.click("main button:has-text('登入')")
    expect(page).not_to_have_url(re.compile("/login/"))


def measure(page: Page, what: str) -> None:
    """Nothing serious in axe, light and dark, on a phone and a wide screen; and nothing scrolls sideways."""
    if what in _measured:
        return
    _measured.add(what)
    before = page.viewport_size
    page.evaluate(AXE + ";0")
    found = []
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        if page.evaluate("document.documentElement.scrollWidth") > width:
            found.append((width, "scrolls sideways", page.evaluate(WIDEST, width)))
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            for fault in page.evaluate(GRAVE):
                found.append((width, scheme, *fault))
    page.set_viewport_size(before)
    page.emulate_media(color_scheme="light")
    assert found == [], f"{what} {page.url}"


GRAVE = """async () => {
  const found = await axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
                               resultTypes: ['violations']});
  return found.violations.filter(v => ['serious', 'critical'].includes(v.impact))
    .map(v => [v.id, v.nodes.slice(0, 3).map(n => n.html.slice(0, 160))]);
}"""
WIDEST = """(width) => [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > width + 1)
  .slice(0, 3).map(e => e.outerHTML.slice(0, 120))"""


def keys_on(page: Page) -> tuple[str, str]:
    """Reference and secret, as they stand on a receipt."""
    words = page.inner_text("main")
    return REFERENCE.search(words)[0], SECRET.search(words)[0]


def follow(page: Page, slug: str, reference: str, secret: str) -> None:
    """Open the follow-up page by typing what stands on the receipt; for half an hour it stays open."""
    page.goto(f"/p/{slug}/follow/")
    if page.locator("#messages").count() == 0:
        page.fill("#reference", reference)
        page.fill("#secret", secret)
        page.click("main button:has-text('打開')")
    expect(page.locator("#messages")).to_be_visible()


def act(page: Page, reference: str, code: str, **fields: str) -> None:
    """Do one act on a case and see that it was taken down."""
    page.goto(f"/cases/{reference}/do/{code}/")
    fill(page, **fields)
    page.click("main form.sy-form .sy-acts button")
    expect(page).to_have_url(re.compile(f"/cases/{reference}/$"))


def fill(page: Page, **fields: str) -> None:
    """`name=value` for text, selects, ticks and radios alike."""
    for name, value in fields.items():
        place = page.locator(f"main [name={name}]")
        kind = place.first.evaluate("e => e.type")
        if value == "on":
            place.check()
        elif kind in ("radio", "checkbox"):
            page.locator(f"main [name={name}][value='{value}']").check()
        elif kind == "select-one":
            place.select_option(value)
        else:
            place.fill(value)


def choose_first(page: Page, name: str) -> None:
    """The first real choice of a select."""
    page.locator(f"main select[name={name}]").select_option(index=1)


def forget_what_was_measured() -> None:
    _measured.clear()


def register(page: Page, words: str, **fields: str) -> str:
    """A telephone complaint, taken down at the desk; its reference."""
    page.goto("/register/?channel=telephone")
    page.fill("[name=narrative]", words)
    fill(page, **fields)
    page.get_by_role("button", name="受理，拿到案號").click()
    expect(page).to_have_url(re.compile("/registered/"))
    return REFERENCE.search(page.inner_text("main"))[0]
