"""Files that mean harm (S6): sent through the desk's own door, kept as they came or refused, and never alive in a page."""
from __future__ import annotations

import hashlib
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from suyuan.evidence import rules
from suyuan.evidence.jobs import look
from suyuan.evidence.models import Item, Picture
from suyuan.evidence.selectors.pictures import previews_of
from suyuan.platform.files import file_chunks
from tests.cases.cast import NOON
from tests.chromium import FLAGS
from tests.evidence.hostile import KINDS, SLOW

pytestmark = [pytest.mark.django_db, pytest.mark.requirement("E-02")]
INERT = {"Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff"}
SECONDS = 10 + 5  # the limit of a look, and what a busy machine needs around it


def url(name, case, *more):
    return reverse(f"desk:{name}", args=[case.reference, *more])


def sent(client, case, name: str, data: bytes) -> Item | None:
    """The item, or None where it was refused in words."""
    answer = client.post(url("files", case), {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code in (302, 422), answer.status_code
    if answer.status_code == 422:
        assert "檔案沒有加入" in answer.content.decode()
        return None
    return Item.objects.filter(stream=case.stream, parent=None).latest("pk")


def faults(client, case, item: Item, kind: str, data: bytes, given_as: set[str]) -> list[str]:
    wrong = []
    began = time.monotonic()
    look({"item": str(item.uid)}, NOON)
    if time.monotonic() - began > SECONDS:
        wrong.append("took too long")
    if item.stored.content_type in rules.SHOWN and not Picture.objects.filter(item=item).exists():
        wrong.append("was not looked into")
    whole = b"".join(file_chunks(item.stored))
    if hashlib.sha256(whole).hexdigest() != item.stored.sha256 or whole != data:
        wrong.append("is not what came")
    # The same door for all: once for each type of content, and for every name that promises another.
    if item.stored.content_type in given_as and not item.stored.mislabelled and not kind.startswith("name"):
        return wrong
    given_as.add(item.stored.content_type)
    given = client.get(client.post(url("file_copy", case, item.uid))["Location"])
    headers = {name: given[name] for name in INERT}
    if headers != INERT or given["Content-Type"] != "application/octet-stream":
        wrong.append(f"given as {given['Content-Type']} {headers}")
    if not given["Content-Disposition"].startswith("attachment") or "\n" in given["Content-Disposition"]:
        wrong.append(f"given as {given['Content-Disposition']}")
    return wrong


def test_none_of_them_lives_in_a_page(browser, make_case):
    case, client = make_case("acknowledged"), browser("manager")
    wrong, kept, refused, given_as = {}, set(), set(), set()
    for kind, (name, data) in KINDS.items():
        if kind in SLOW:
            continue
        item = sent(client, case, name, data)
        if item is None:
            refused.add(kind)
            continue
        kept.add(kind)
        if found := faults(client, case, item, kind, data, given_as):
            wrong[kind] = found
    assert wrong == {}
    assert len(kept) + len(refused) >= 60 and len(kept) > 25 and len(refused) > 20
    assert {"page", "drawing", "program", "shell", "icon", "fonts", "nothing", "php", "page called a picture"} <= refused
    listed = client.get(url("files", case)).content.decode()
    assert "onerror=alert" not in listed.replace("&quot;&gt;&lt;img src=x onerror=alert(1)&gt;", "")
    decoded = dict(Picture.objects.values_list("item__stored__sha256", "decoded"))
    for huge in ("picture of 900 megapixels", "tiff of 3,600 megapixels", "animation of 400 huge frames"):
        assert decoded[hashlib.sha256(KINDS[huge][1]).hexdigest()] == "no:pixels", huge
    assert all(said == "ok" or said.startswith("no:") for said in decoded.values())


RUNS = ("picture and page", "name with a tag", "paper with a script", "sound with a page", "png and page in a chunk", "mail with a page")


def test_a_browser_runs_nothing_of_them(browser, make_case):
    """In Chromium, at the very addresses and with the very headers that the desk answers with."""
    case, client = make_case("acknowledged"), browser("manager")
    where = [url("files", case)]
    for kind in RUNS:
        item = sent(client, case, *KINDS[kind])
        look({"item": str(item.uid)}, NOON)
        where += [url("file", case, item.uid), url("file_play", case, item.uid), url("file_shown", case, item.uid)]
        where += [url("file_shown", case, each.uid) for each in previews_of(item)]
    answers = {}
    for path in where:
        answer = client.get(path)
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content
        answers[path] = answer.status_code, {n: v for n, v in answer.items() if n != "Content-Length"}, body
    shown = [headers for path, (status, headers, _body) in answers.items() if "/shown/" in path and status == 200]
    assert len(shown) >= 3
    assert all(h["Content-Type"] == "image/jpeg" and {n: h[n] for n in INERT} == INERT for h in shown)
    # Playwright keeps its thread for itself; the database would not work in it any more.
    with ThreadPoolExecutor(1) as thread:
        ran, left = thread.submit(opened, answers).result(timeout=120)
    assert ran == [] and left == []


def opened(answers: dict) -> tuple[list[str], list[str]]:
    """What ran, and what was asked for that is not ours, when each page is opened as it is."""
    found = shutil.which("chromium")
    if not found:
        if os.environ.get("CI"):
            pytest.fail("Chromium is missing, and nothing may be skipped in CI")
        pytest.skip("NOT RUN: Chromium is missing")
    ran, left = [], []

    def serve(route):
        path = route.request.url.removeprefix("http://desk.example")
        if path not in answers:
            left.extend([] if path.startswith(("/static/", "/cases/")) or path == "/favicon.ico" else [path])
            route.fulfill(status=404, body="")
            return
        status, headers, body = answers[path]
        route.fulfill(status=status, headers=headers, body=body)

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=FLAGS)
        window = chromium.new_page()
        window.on("dialog", lambda dialog: (ran.append(dialog.message), dialog.dismiss()))
        window.route("**/*", serve)
        for path in answers:
            with suppress(PlaywrightError):  # a 404 without a body is no page
                window.goto(f"http://desk.example{path}", wait_until="load")
        chromium.close()
    return ran, left
