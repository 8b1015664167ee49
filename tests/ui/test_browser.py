"""The screens in a real browser, behind the strict policy: seen, measured, and used by keyboard.

A small server of its own, without database, so that a fault here is a fault of `ui`.
"""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.template import engines
from django.template.loader import render_to_string
from django.utils import translation

import suyuan
from suyuan.ui import samples

pytestmark = pytest.mark.browser

STATIC = Path(suyuan.__file__).parent / "ui/static"
AXE = (Path(__file__).parent.parent / "vendor/axe.min.js").read_text(encoding="utf-8")
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

STAFF = '{% extends "ui/base_staff.html" %}{% block title %}t{% endblock %}{% block main %}<h1>t</h1>'
PAGES = {
    "/form/": STAFF + '<form method="post" action="/lost/" data-sy-keep class="sy-form"><label>a<textarea name="story"></textarea></label>'
    '<input type="hidden" name="begun" value="" data-sy-kept=""><label><input type="checkbox" name="tick" value="1">b</label><button name="verb" value="send">send</button></form>{% endblock %}',
    "/lost/": '{% extends "ui/base_plain.html" %}{% block title %}t{% endblock %}{% block main %}<h1>sign in</h1>{% endblock %}',
    "/done/": STAFF + "{% endblock %}",
    "/slow-form/": STAFF + '<form method="post" action="/slow/"><button>send</button></form>{% endblock %}',
    "/rows/": STAFF + '<c-sy.search action="/rows/" /><ul><li data-sy-row><a href="#1">one</a></li><li data-sy-row><a href="#2">two</a></li></ul>'
    '<a href="/done/" data-sy-go="t">today</a>{% endblock %}',
    "/refused/": STAFF + '<form hx-post="/refuse/" hx-target="this" hx-swap="outerHTML"><label>a<input name="words"></label><button>send</button></form>{% endblock %}',
    "/presence/": STAFF + '<div data-sy-presence="/beat/"></div>{% endblock %}',
    "/kiosk/": '{% extends "ui/base_portal.html" %}{% block title %}t{% endblock %}{% block main %}<h1>t</h1><form data-sy-keep><label>a<input name="a"></label></form>{% endblock %}',
    "/files/": '{% extends "ui/base_portal.html" %}{% block title %}t{% endblock %}{% block main %}<h1>t</h1>'
    '<form method="post" action="/done/"><c-sy.upload tus="/tus/" token_name="file" max_file="2000000" /><button>send</button></form>{% endblock %}',
}


class House(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    posts: list[str] = []
    uploads: dict[str, bytes] = {}

    def log_message(self, *_):
        pass

    def answer(self, body: str | bytes = "", kind: str = "text/html; charset=utf-8", status: int = 200, **headers: str):
        body = body.encode() if isinstance(body, str) else body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", POLICY)
        for key, value in headers.items():
            self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self):
        path = self.path.split("?")[0]
        if path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            return self.answer(file.read_bytes(), KINDS[file.suffix]) if file.is_file() else self.answer(status=404)
        if path == "/board/":
            with translation.override(self.path.partition("?")[2] or "zh-hant"):
                return self.answer(render_to_string("ui/components.html", samples.everything()))
        if path == "/keys/":
            return self.answer(render_to_string("ui/keys.html", {}))
        if path == "/error/":
            return self.answer(render_to_string("404.html", {}))
        if path not in PAGES:
            return self.answer(status=404)
        context = {"sy_kiosk": 2, "sy_brand_url": "/done/"} if path == "/kiosk/" else {}
        return self.answer(page(PAGES[path], context))

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        House.posts.append(f"{self.path} {body.decode(errors='replace')}")
        if self.path == "/tus/":
            key = f"u{len(House.uploads)}"
            House.uploads[key] = b""
            return self.answer(status=201, Location=f"/tus/{key}", Tus_Resumable="1.0.0")
        if self.path == "/refuse/":
            return self.answer(render_to_string("ui/refusal.html", {"message": "有人先做了一步", "code": "case-moved"}), status=409)
        if self.path == "/beat/":
            return self.answer('<p id="beat">林主任正在寫</p>')
        if self.path == "/slow/":
            threading.Event().wait(1.5)
        return self.answer(status=303, Location="/lost/" if self.path == "/lost/" else "/done/")

    def do_PATCH(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        key = self.path.rsplit("/", 1)[1]
        House.uploads[key] += body
        return self.answer(status=204, Upload_Offset=str(len(House.uploads[key])), Tus_Resumable="1.0.0")


def page(source: str, context: dict) -> str:
    from django_cotton.compiler_regex import CottonCompiler

    return engines["django"].from_string(CottonCompiler().process(source)).render(context)


@pytest.fixture(scope="module")
def house():
    server = ThreadingHTTPServer(("127.0.0.1", 0), House)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def open_page(chromium, house):
    contexts = []

    def opened(path: str, *, width: int = 1280, scheme: str = "light"):
        context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme, locale="zh-TW")
        contexts.append(context)
        sheet = context.new_page()
        sheet.complaints = []
        sheet.on("pageerror", lambda error: sheet.complaints.append(str(error)))
        sheet.on("console", lambda line: line.type == "error" and sheet.complaints.append(line.text))
        sheet.goto(house + path)
        return sheet

    yield opened
    for context in contexts:
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1440, 390])
@pytest.mark.parametrize("path", ["/board/", "/keys/", "/error/", "/files/"])
def test_axe_finds_nothing(open_page, path, width, scheme):
    sheet = open_page(path, width=width, scheme=scheme)
    sheet.evaluate(AXE + ";0")
    found = sheet.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']})")["violations"]
    assert [(v["id"], [n["html"][:120] for n in v["nodes"]]) for v in found] == []


@pytest.mark.parametrize("language", ["zh-hant", "zh-hans", "en"])
@pytest.mark.parametrize("width", [320, 390, 768, 1024, 1280])
def test_nothing_scrolls_sideways(open_page, width, language):
    sheet = open_page(f"/board/?{language}", width=width)
    assert sheet.evaluate("document.documentElement.scrollWidth") <= width


def test_the_strict_policy_is_never_crossed_and_the_icons_show(open_page):
    sheet = open_page("/board/")
    assert sheet.complaints == []
    assert sheet.evaluate("document.querySelector('.sy-care .sy-icon use').getBBox().width") > 5


def test_the_rail_becomes_five_tabs(open_page):
    assert open_page("/board/", width=390).locator(".sy-rail").evaluate("e => getComputedStyle(e).position") == "fixed"


def test_words_survive_a_lost_session_and_are_forgotten_once_sent(open_page):
    sheet = open_page("/form/")
    sheet.fill("textarea", "左眼睜不開")
    sheet.check("input[type=checkbox]")
    sheet.evaluate("document.querySelector('[name=begun]').value = 'goodwill'")
    sheet.click("text=send")
    sheet.wait_for_url("**/lost/")
    sheet.add_init_script("document.addEventListener('input', (e) => { (window.heard ??= []).push(e.target.name); })")
    sheet.goto(sheet.url.replace("/lost/", "/form/"))
    assert sheet.input_value("textarea") == "左眼睜不開"
    assert sheet.is_checked("input[type=checkbox]")
    assert sheet.input_value("[name=begun]") == "goodwill", "from which template, as well"
    assert sheet.evaluate("window.heard") == ["story", "begun", "tick"], "whoever watches the words looks at them"
    assert sheet.locator("text=已放回您上次還沒送出的字").is_visible()
    sheet.evaluate("document.querySelector('form[data-sy-keep]').action = '/sent/'")
    sheet.click("text=send")
    sheet.wait_for_url("**/done/")
    sheet.goto(sheet.url.replace("/done/", "/form/"))
    assert sheet.input_value("textarea") == ""


def test_one_may_refuse_the_kept_words(open_page):
    sheet = open_page("/form/")
    sheet.fill("textarea", "不要了")
    sheet.reload()
    assert sheet.input_value("textarea") == "不要了"
    sheet.click("[data-sy-forget]")
    sheet.reload()
    assert sheet.input_value("textarea") == ""


def test_a_double_click_sends_once(open_page):
    House.posts.clear()
    sheet = open_page("/slow-form/")
    sheet.dblclick("text=send")
    sheet.wait_for_url("**/done/")
    assert len([p for p in House.posts if p.startswith("/slow/")]) == 1


def test_the_keyboard_walks_the_rows_and_finds_the_search(open_page):
    sheet = open_page("/rows/")
    held = "document.activeElement.textContent"
    sheet.keyboard.press("j")
    assert sheet.evaluate(held) == "one"
    sheet.keyboard.press("j")
    sheet.keyboard.press("j")
    assert sheet.evaluate(held) == "two"
    sheet.keyboard.press("k")
    assert sheet.evaluate(held) == "one"
    sheet.keyboard.press("/")
    assert sheet.evaluate("document.activeElement.type") == "search"
    sheet.keyboard.type("gtj")
    assert sheet.input_value("input[type=search]") == "gtj"
    sheet.evaluate("document.activeElement.blur()")
    sheet.keyboard.press("g")
    sheet.keyboard.press("t")
    sheet.wait_for_url("**/done/")


def test_a_refusal_is_shown_above_the_form_and_the_form_keeps_its_words(open_page):
    sheet = open_page("/refused/")
    sheet.fill("input[name=words]", "我寫的字")
    sheet.click("text=send")
    sheet.locator("text=有人先做了一步").wait_for()
    assert sheet.input_value("input[name=words]") == "我寫的字"
    assert "有人先做了一步" in sheet.evaluate("document.activeElement.textContent")


def test_a_form_that_cannot_be_sent_says_so(open_page):
    sheet = open_page("/refused/")
    sheet.fill("input[name=words]", "我寫的字")
    sheet.context.set_offline(True)
    sheet.click("text=send")
    sheet.locator("text=還沒有送出").wait_for()
    assert sheet.input_value("input[name=words]") == "我寫的字"


def test_a_colleague_who_writes_is_announced(open_page):
    open_page("/presence/").locator("#beat").wait_for()


def test_the_tablet_on_the_counter_forgets(open_page):
    sheet = open_page("/kiosk/")
    sheet.fill("input[name=a]", "祕密")
    sheet.wait_for_url("**/done/")
    assert "祕密" not in sheet.evaluate("JSON.stringify(sessionStorage)")


def test_a_file_travels_in_pieces_and_leaves_its_token_in_the_form(open_page):
    House.uploads.clear()
    House.posts.clear()
    sheet = open_page("/files/", width=390)
    sheet.locator(".sy-upload[data-ready]").wait_for()
    words = "左眼" * 1000
    sheet.set_input_files("input[type=file]", {"name": "左眼.txt", "mimeType": "text/plain", "buffer": words.encode()})
    token = sheet.locator("input[type=hidden][name=file]")
    token.wait_for(state="attached")
    assert House.uploads[token.get_attribute("value")].decode() == words
    sheet.click("text=send")
    sheet.wait_for_url("**/done/")
    sent = next(p for p in House.posts if p.startswith("/done/"))
    assert re.search(r"file=u0", sent) and "左眼" not in sent


def test_a_file_too_big_is_refused_in_words(open_page):
    sheet = open_page("/files/")
    sheet.locator(".sy-upload[data-ready]").wait_for()
    sheet.set_input_files("input[type=file]", {"name": "big.bin", "mimeType": "text/plain", "buffer": b"0" * 2_000_001})
    sheet.locator("text=這個檔案太大").wait_for()
    assert sheet.locator("input[type=hidden][name=file]").count() == 0


def test_every_page_stands_without_scripts(chromium, house):
    context = chromium.new_context(java_script_enabled=False)
    sheet = context.new_page()
    sheet.goto(house + "/files/")
    assert sheet.locator("input[type=file]").is_visible()
    sheet.goto(house + "/board/")
    sheet.click("summary:has-text('更多') >> nth=-1")
    context.close()
