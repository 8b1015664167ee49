"""A report is signed and handed out with the case; a machine that has only Python checks it, and one byte changed is found."""
from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from playwright.sync_api import expect

from suyuan.evidence.verifier import verify
from tests.journeys.people import act, fill, follow, keys_on, measure
from tests.journeys.test_case import choose, person, send
from tests.journeys.test_patient import written

pytestmark = pytest.mark.browser

PAPER = "payload/papers/report-internal-1.pdf"
ANALYSIS = "值班表沒有寫明由誰回電，三通來電因此沒有人接手。"


@pytest.mark.requirement("A-11")
@pytest.mark.requirement("D-10")
def test_a_report_is_signed_exported_and_verified_where_there_is_only_python(street, tmp_path):
    phone, shen, xu = street.patient(), street.staff("shen"), street.staff("xu")
    reference, receipt = complained(phone)
    investigated(shen, xu, reference)
    paper = report_signed(xu, reference)
    bundle, offered = handed_out(shen, reference, tmp_path)

    # The pin comes from what the patient holds, not from what came with the bundle.
    pin = re.search(r"^key (\w{64})$", receipt, re.M)[1]
    assert pin in offered
    with zipfile.ZipFile(bundle) as held:
        assert held.read(PAPER) == paper and ANALYSIS.encode() in b"".join(map(held.read, held.namelist()))
        at = held.getinfo(PAPER).header_offset + 30 + len(PAPER) + len(paper) // 2
    changed = bundle.with_name("changed.zip")
    content = bytearray(bundle.read_bytes())
    content[at] ^= 1
    changed.write_bytes(content)

    elsewhere = Elsewhere(tmp_path / "elsewhere")
    code, said = elsewhere.checks(bundle, receipt, "--pin", pin)
    assert code == 0 and "有效：內容自記錄以來未經更動" in said and "收據相符" in said and reference in said
    assert elsewhere.checks(bundle, receipt)[0] == 3  # nobody vouches for the key
    code, said = elsewhere.checks(bundle, other_leaf(receipt), "--pin", pin)
    assert code == 1 and "收據" in said
    code, said = elsewhere.checks(changed, receipt, "--pin", pin)
    assert code == 1 and said.startswith("不成立：") and PAPER in said

    # The page that anyone may use says the same, in the same words.
    anyone = street.window()
    told = uploaded(anyone, bundle, pin, receipt)
    expect(told).to_contain_text("成立：沒有被改過，也是您指定的金鑰簽的")
    expect(told).to_contain_text("收據相符")
    told = uploaded(anyone, changed, pin, receipt)
    expect(told).to_contain_text("不成立：內容被動過，或少了東西")
    expect(told).to_contain_text(PAPER)
    assert anyone.locator("html").get_attribute("lang").lower() == "zh-hant"
    measure(anyone, "portal bundle refused")


class Elsewhere:
    """A folder with one program in it, and the interpreter without its packages, its settings or anything around it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder, self.python = folder, os.path.realpath(sys.executable)
        shutil.copy(verify.__file__, folder / "verify.py")
        found = self._run("-c", "import importlib.util as u; print([n for n in ('suyuan', 'django', 'pytest') if u.find_spec(n)])")
        assert found.stdout == "[]\n", found

    def checks(self, bundle: Path, receipt: str, *words: str) -> tuple[int, str]:
        """Exit code and what it says; it leaves nothing behind."""
        shutil.copy(bundle, self.folder / "case.zip")
        (self.folder / "receipt.txt").write_text(receipt, encoding="utf-8")
        before = self._everything()
        run = self._run("verify.py", "case.zip", "--receipt", "receipt.txt", "--lang", "zh-Hant", *words)
        assert run.stderr == "" and self._everything() == before
        return run.returncode, run.stdout

    def _run(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.python, "-I", "-S", *words], cwd=self.folder, env={}, stdin=subprocess.DEVNULL,
            capture_output=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip

    def _everything(self) -> dict[str, int]:
        return {path.relative_to(self.folder).as_posix(): path.stat().st_mtime_ns for path in self.folder.rglob("*")}


def other_leaf(receipt: str) -> str:
    """The receipt as somebody would have liked it."""
    return re.sub(r"(?m)^leaf (.)", lambda found: "leaf " + ("0" if found[1] != "0" else "1"), receipt)


def complained(phone) -> tuple[str, str]:
    """A case's reference, and the seven lines that its sender keeps."""
    phone.goto("/p/tainan/write/")
    written(phone)
    phone.locator("#complaint .sy-po-acts button[name=send]").tap()
    expect(phone.locator(".sy-receipt__stamp")).to_be_visible()
    reference, secret = keys_on(phone)
    follow(phone, "tainan", reference, secret)
    return reference, phone.locator("pre", has_text="suyuan receipt 1").first.text_content()


def investigated(shen, xu, reference: str) -> None:
    act(shen, reference, "raise", level="1", reason="溝通的爭議")
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
    fill(xu, words="三月一日到三日的三通來電都沒有回。", basis="通話紀錄與值班表")
    send(xu, reference)


def report_signed(xu, reference: str) -> bytes:
    """Written, sent for signing and signed; the paper as it is taken away."""
    xu.goto(f"/cases/{reference}/papers/")
    measure(xu, "desk papers")
    xu.locator("main").get_by_role("button", name="開始寫新的一版").first.click()
    expect(xu).to_have_url(re.compile("/write/"))
    fill(xu, summary="三通電話沒有人回；腫脹仍在恢復期內。", process="調閱通話紀錄與值班表，訪談二位同仁。", analysis=ANALYSIS)
    measure(xu, "desk report write")
    xu.get_by_role("button", name="定稿，送簽").click()
    xu.get_by_role("button", name="看過了，簽署這一版").click()
    link = xu.get_by_role("link", name="下載 PDF")
    expect(link).to_be_visible()
    measure(xu, "desk report")
    with xu.expect_download() as taken:
        link.click()
    return Path(taken.value.path()).read_bytes()


def handed_out(shen, reference: str, folder: Path) -> tuple[Path, str]:
    """The bundle as the browser saves it, and the page that goes with it."""
    shen.goto(f"/cases/{reference}/bundle/")
    shen.locator("label:has([name=purpose][value=litigation])").click()
    measure(shen, "desk bundle")
    shen.get_by_role("button", name="做好，並記下交出").click()
    link = shen.locator("main").get_by_role("link", name="下載", exact=True)
    expect(link).to_be_visible()
    measure(shen, "desk bundle made")
    with shen.expect_download() as taken:
        link.click()
    bundle = folder / taken.value.suggested_filename
    assert bundle.name.startswith(reference) and bundle.suffix == ".zip"
    taken.value.save_as(bundle)
    return bundle, shen.inner_text("main")


def uploaded(page, bundle: Path, pin: str, receipt: str):
    page.goto("/p/bundle/")
    page.set_input_files("[name=bundle]", bundle)
    fill(page, pin=pin, receipt=receipt)
    page.get_by_role("button", name="查驗", exact=True).click()
    expect(page.get_by_role("heading", name="查到的結果")).to_be_visible()
    return page.locator("main")


def test_the_papers_of_the_demo_name_the_address_at_which_it_was_made(house):
    papers = house.rows("SELECT content FROM cases_report WHERE content IS NOT NULL UNION ALL SELECT content FROM cases_passport")
    asked = {json.loads(content)["check"] for (content,) in papers} - {f"{house.url}/p/proof/"}  # those of other journeys
    assert len(papers) > 2 and len(asked) == 1
    assert re.fullmatch(r"http://127\.0\.0\.1:\d{5}/p/proof/", asked.pop()), "a free port, never the usual one"
