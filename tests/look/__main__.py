"""Pictures of every page in three languages and two widths, from the demo clinic: `python -m tests.look [--out look-out]`.

Nothing is compared; people look at them. An index.html lies beside them. `--only case,today` takes fewer pages, `--dark`
adds the dark ones.
"""
from __future__ import annotations

import argparse
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.chromium import FLAGS
from tests.journeys.people import REFERENCE, SECRET, log_in
from tests.journeys.running import Running

LANGUAGES = ("zh-hant", "zh-hans", "en")
WIDTHS = {390: 844, 1440: 900}
TALLEST = 3600  # pixels; what follows looks like what came before


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.look", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("look-out"))
    parser.add_argument("--only", default="", help="names of pages, comma-separated; the beginning of a name is enough")
    parser.add_argument("--dark", action="store_true", help="the dark ones too")
    given = parser.parse_args(argv)
    given.out.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="suyuan-look-"))
    house = Running.on_a_copy(folder)
    try:
        house.start()
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
            taken = Pictures(browser, house, given).take()
            browser.close()
    finally:
        house.end()
        shutil.rmtree(folder, ignore_errors=True)
    index(given.out, taken)
    print(f"{len(taken)} pictures in {given.out}/, beginning with index.html")
    return 0


class Pictures:
    def __init__(self, browser: Browser, house: Running, given: argparse.Namespace) -> None:
        self.browser, self.house, self.out = browser, house, given.out
        self.wanted = tuple(filter(None, given.only.split(",")))
        self.schemes = ("light", "dark") if given.dark else ("light",)
        self.cookies: dict[str, dict] = {}
        self.taken: list[str] = []

    def take(self) -> list[str]:
        pages = [*self.desk(), *self.portal()]  # what the portal leaves behind would show on the desk
        if self.wanted:
            pages = [one for one in pages if one[0].startswith(self.wanted)]
        for who in dict.fromkeys(one[1] for one in pages):
            for language in LANGUAGES:
                for scheme in self.schemes:
                    page = self.window(who, language, scheme)
                    for name, _who, where in (one for one in pages if one[1] == who):
                        self.shoot(page, name, where, language, scheme)
                    page.context.close()
        return self.taken

    def window(self, who: str, language: str, scheme: str) -> Page:
        locale = {"zh-hant": "zh-TW", "zh-hans": "zh-CN", "en": "en-GB"}[language]
        context = self.browser.new_context(
            base_url=self.house.url, locale=locale, timezone_id="Asia/Taipei", color_scheme=scheme, reduced_motion="reduce",
            storage_state=self.known(who),
        )  # fmt: skip
        context.add_cookies([{"name": "suyuan_language", "value": language, "url": self.house.url}])
        return context.new_page()

    def known(self, who: str) -> dict | None:
        """Cookies of somebody who logged in, or opened the follow-up page with a receipt."""
        if not who:
            return None
        if who not in self.cookies:
            context = self.browser.new_context(base_url=self.house.url, locale="zh-TW")
            page = context.new_page()
            if who == "party":
                self.complain(page)
            else:
                log_in(page, who)
            self.cookies[who] = context.storage_state()
            context.close()
        return self.cookies[who]

    def complain(self, page: Page) -> None:
        page.goto("/p/tainan/write/")
        page.fill("[name=narrative]", "十月底做了雙眼皮，到現在左眼還是睜不太開。打過兩次電話，都說再等等看。")
        page.check("[name=contact_by][value=portal]")
        for tick in page.locator(".sy-po-purpose:has-text('必要') input[type=checkbox]").all():
            tick.check()
        page.click("#complaint .sy-po-acts button[name=send]")
        page.wait_for_selector(".sy-receipt__stamp")
        words = page.inner_text("main")
        page.goto("/p/tainan/follow/")
        page.fill("#reference", REFERENCE.search(words)[0])
        page.fill("#secret", SECRET.search(words)[0])
        page.click("main form.sy-form button.sy-btn--primary")
        page.wait_for_selector("#messages")
        page.fill("[name=words]", "忘了說：右眼也會流眼淚。")
        page.click("#messages form button")
        page.wait_for_selector(".sy-timeline")

    def shoot(self, page: Page, name: str, where: str | Callable[[Page], None], language: str, scheme: str) -> None:
        for number, (width, height) in enumerate(WIDTHS.items()):
            page.set_viewport_size({"width": width, "height": height})
            if not callable(where):
                page.goto(where)
            elif number == 0:  # what writes something is done once; the house slows those who send in rows
                where(page)
            page.wait_for_load_state("networkidle")
            dark = "-dark" if scheme == "dark" else ""
            file = f"{name}-{width}-{language}{dark}.png"
            tall = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
            page.screenshot(path=self.out / file, full_page=True, clip={"x": 0, "y": 0, "width": width, "height": tall})
            self.taken.append(file)

    # --- which pages -----------------------------------------------------------------------------------------------

    def portal(self) -> list[tuple]:
        p = "/p/tainan/"
        asked = ["start", "danger", "write", "poster", "kiosk", "kiosk/danger", "kiosk/write"]
        follow = ["follow", "follow/demand", "follow/withdraw"]
        return [
            ("portal-clinics", "", "/p/"),
            ("portal-proof", "", "/p/proof/"),
            ("portal-bundle", "", "/p/bundle/"),
            ("portal-survey-door", "", "/p/survey/"),
            *((f"portal-{name.replace('/', '-')}", "", p + ("" if name == "start" else f"{name}/")) for name in asked),
            ("portal-follow-door", "", p + "follow/"),
            ("portal-shanghai", "", "/p/shanghai/write/"),
            ("portal-danger-told", "", self._danger),
            ("portal-write-wrong", "", self._wrong),
            ("portal-receipt", "", self._receipt),
            *((f"portal-{name.replace('/', '-')}", "party", f"{p}{name}/") for name in follow),
            ("not-here", "", "/no/such/page/"),
            ("login", "", "/login/"),
        ]

    def _danger(self, page: Page) -> None:
        page.goto("/p/tainan/danger/")
        page.locator("[name=signs]").nth(1).check()
        page.click("button[name=yes]")
        page.wait_for_selector(".sy-receipt__stamp")
        page.context.clear_cookies(name="suyuan_draft")

    def _wrong(self, page: Page) -> None:
        page.goto("/p/tainan/write/")
        page.fill("[name=treatment_on]", "2099/1/1")
        page.click("#complaint .sy-po-acts button[name=send]")
        page.wait_for_selector(".sy-summary")

    def _receipt(self, page: Page) -> None:
        page.goto("/p/tainan/write/")
        page.fill("[name=narrative]", "打過兩次電話，都說再等等看。")
        page.fill("[name=treatment_on]", "")
        page.check("[name=contact_by][value=portal]")
        for tick in page.locator(".sy-po-purpose input[type=checkbox]").all():
            tick.check()
        page.click("#complaint .sy-po-acts button[name=send]")
        page.wait_for_selector(".sy-receipt__stamp")

    def desk(self) -> list[tuple]:
        cases = self.cases()
        shen = [
            ("today", "/"),
            ("handover", "/handover/"),
            ("cases", "/cases/"),
            ("cases-all", "/cases/?state=all"),
            ("cases-search", "/cases/?state=all&q=電話"),
            ("cases-none", "/cases/?q=沒有人寫過這些字"),
            ("register", "/register/"),
            ("rules", "/rules/"),
            ("rules-cn", "/rules/?law=cn"),
            ("card", "/rules/cards/calm/"),
            ("card-situation", "/rules/cards/going-to-authority/"),
            ("templates", "/rules/templates/"),
            ("instead", "/rules/instead/"),
            ("people", "/people/?q=0900-000-101"),
            ("people-new", "/people/new/"),
            ("staff", "/staff/"),
            ("holds", "/holds/"),
            ("lots", "/lots/"),
            ("me", "/me/"),
            ("keys", "/ui/keys/"),
            ("components", "/ui/components/"),
        ]
        for kind, reference in cases.items():
            here = f"/cases/{reference}/"
            shen.append((f"case-{kind}", here))
            if kind == "busy":
                parts = ["investigation", "evidence", "evidence/print", "standard-of-care", "outside", "files", "letters", "letters/write", "survey", "receipt", "print", "older"]
                parts += ["evidence", "evidence/add", "evidence/print", "rights", "papers", "bundle"]
                acts = ["acknowledge", "raise", "contact", "statement", "task", "harm", "disclose", "promise", "move", "plan-step", "reviewer"]
                shen += [(f"case-{part.replace('/', '-')}", f"{here}{part}/") for part in parts]
                shen += [(f"act-{code}", f"{here}do/{code}/") for code in acts]
                shen += [("case-all", here + "?view=all"), ("clock", here + f"clocks/{self.clock(reference)}/")]
        statement = self.house.rows(
            "SELECT s.uid FROM cases_staffstatement s JOIN accounts_user u ON u.id = s.user_id WHERE u.login = 'zhou'"
        )
        person = self.house.one("SELECT uid FROM people_person ORDER BY id LIMIT 1")
        return [
            *((name, "shen", where) for name, where in shen),
            ("case-exposure", "tsai", f"/cases/{cases['busy']}/exposure/"),
            ("act-exposure", "tsai", f"/cases/{cases['busy']}/do/exposure/"),
            ("case-care-sheet", "lin", f"/cases/{cases['busy']}/standard-of-care/"),
            *self.papers(),
            *((f"act-{code}", "xu", f"/cases/{cases['busy']}/do/{code}/") for code in ("finding", "fishbone")),
            ("person", "shen", f"/people/{dashed(person)}/"),
            ("today-doctor", "xu", "/"),
            ("today-reception", "ye", "/"),
            ("registered", "ye", self._register),
            ("today-nurse", "zhou", "/"),
            ("statements", "zhou", "/statements/"),
            *(("statement", "zhou", f"/statements/{dashed(uid)}/") for (uid,) in statement[:1]),
            ("case-pr", "jian", f"/cases/{cases['media']}/" if "media" in cases else "/cases/"),
            ("today-auditor", "wang", "/"),
            ("branches", "fang", "/branches/"),
            ("staff-new", "fang", "/staff/new/"),
            ("today-shanghai", "lu", "/"),
            *(("case-shanghai", "lu", f"/cases/{reference}/") for reference in self.of("branch_id = 3 AND is_open", 1)),
        ]

    def papers(self) -> list[tuple]:
        """The case that has papers, and the report that is being written by one who may."""
        rows = self.house.rows(
            "SELECT r.uid, r.kind, r.state, c.reference FROM cases_report r JOIN cases_case c ON c.id = r.case_id ORDER BY r.id"
        )
        found = []
        for uid, kind, state, reference in rows:
            here = f"/cases/{reference}/papers/{dashed(uid)}/"
            if state == "draft":
                found += [("report-draft", "xu", here), ("report-write", "xu", f"/cases/{reference}/papers/{kind}/{dashed(uid)}/write/")]
            else:
                found += [(f"report-{kind}", "shen", here), ("papers-signed", "shen", f"/cases/{reference}/papers/")]
        passport = self.house.rows("SELECT p.uid, c.reference FROM cases_passport p JOIN cases_case c ON c.id = p.case_id")
        found += [("passport", "shen", f"/cases/{reference}/papers/passports/{dashed(uid)}/") for uid, reference in passport[:1]]
        return [*dict.fromkeys(found), ("bundle-made", "shen", self._hand_out)]

    def _hand_out(self, page: Page) -> None:
        page.goto(f"/cases/{self.cases()['answered']}/bundle/")
        page.check("[name=purpose][value=patient]")
        page.locator("main form button.sy-btn--primary").click()
        page.wait_for_url(re.compile("/bundle/.{36}/$"))

    def _register(self, page: Page) -> None:
        page.goto("/register/")
        page.fill("[name=narrative]", "雷射後第三天，臉頰還是紅的。")
        page.fill("[name=name]", "例小姐")
        page.locator("main form .sy-foot button").click()
        page.wait_for_selector(".sy-receipt__ref")

    def cases(self) -> dict[str, str]:
        """One case of Tainan in each state worth a picture."""
        kinds = {
            "danger": "danger = 'open'",
            "fresh": "stage = 'received' AND danger = ''",
            "busy": "stage = 'investigating' AND harm IN ('alleged', 'serious')",
            "grave": "level = 3",
            "answered": "stage = 'responded'",
            "closed": "stage = 'closed'",
            "withdrawn": "stage = 'withdrawn'",
            "media": "media",
        }
        found = {kind: self.of(f"branch_id = 1 AND {which}", 1) for kind, which in kinds.items()}
        found["busy"] = found["busy"] or self.of("branch_id = 1 AND stage = 'investigating'", 1)
        return {kind: rows[0] for kind, rows in found.items() if rows}

    def of(self, which: str, most: int) -> list[str]:
        return [r for (r,) in self.house.rows(f"SELECT reference FROM cases_case WHERE {which} ORDER BY id LIMIT {most}")]

    def clock(self, reference: str) -> str:
        return dashed(
            self.house.one(
                "SELECT k.uid FROM cases_caseclock k JOIN cases_case c ON c.id = k.case_id WHERE c.reference = ?"
                " ORDER BY k.basis = 'law' DESC, k.id LIMIT 1", reference,
            )  # fmt: skip
        )


def dashed(uid: str) -> str:
    return f"{uid[:8]}-{uid[8:12]}-{uid[12:16]}-{uid[16:20]}-{uid[20:]}"


def index(out: Path, taken: list[str]) -> None:
    rows = "".join(f'<figure><img loading="lazy" src="{name}"><figcaption>{name}</figcaption></figure>' for name in sorted(taken))
    style = "body{font:14px sans-serif;display:flex;flex-wrap:wrap;gap:16px}img{height:420px;border:1px solid #ccc}figure{margin:0}"
    made = time.strftime("%Y-%m-%d %H:%M")
    (out / "index.html").write_text(
        f'<!doctype html><meta charset="utf-8"><title>Suyuan, {made}</title><style>{style}</style>{rows}', encoding="utf-8"
    )


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
