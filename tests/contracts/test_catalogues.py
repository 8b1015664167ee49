"""What the product says, it says in three languages. Read from the sources themselves, without gettext's tools.

The source language is Traditional Chinese, so a sentence without a translation would show as Chinese on an English page;
and one with a translation nobody asks for any more would lie in the catalogues for ever.
"""
from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import NamedTuple

import opencc
import polib
import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse
from django.utils import translation
from django.utils.translation.reloader import translation_file_changed
from django.utils.translation.template import templatize

from suyuan.accounts.models import User
from suyuan.config.locales import compile_catalogues

PACKAGE = Path(__file__).resolve().parents[2] / "src" / "suyuan"
ENGLISH, MAINLAND = "en", "zh_Hans"
FORMS = {ENGLISH: 2, MAINLAND: 1}
# Chinese that may stand on an English page: our name, the names of the other languages, the two marks of the house.
CHINESE_IN_ENGLISH = ("溯源", "溯", "收訖", "繁體中文", "简体中文", "繁體", "简体")
# Characters that OpenCC would change although the mainland writes them so.
AS_THE_MAINLAND_WRITES: tuple[str, ...] = ()
# The board of components, for those who build: its samples are Chinese and nobody else sees it.
SAMPLES = frozenset({"components.html", "components_body.html", "components_dark.html"})

CHINESE = re.compile(r"[\u3400-\u9fff\uf900-\ufaff]")
FULL_WIDTH = re.compile(r"[\u3001-\u303f\uff01-\uffef]")
MARKS = re.compile("[，、；：。「」]")
GAP = re.compile(r"%\(\w+\)[sd]|\{\w*\}|<[^>]*>")


class Message(NamedTuple):
    context: str
    words: str
    plural: str = ""


class Unreadable(Exception):
    """Something is to be translated that is put together only while the program runs."""


# --- what the sources say ------------------------------------------------------------------------------------------

# Where context, words and plural stand among the arguments.
_CALLS = {
    "gettext": (None, 0, None),
    "ngettext": (None, 0, 1),
    "pgettext": (0, 1, None),
    "npgettext": (0, 1, 2),
}
_CALLS |= {f"{name}_lazy": places for name, places in _CALLS.items()} | {"gettext_noop": (None, 0, None)}
_MODULE = "django.utils.translation"


def said_in_python(source: str) -> Iterator[Message]:
    """Every message of a module, under whatever name it imports gettext."""
    tree = ast.parse(source)
    called: dict[str, str] = {}
    modules: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == _MODULE:
            called |= {one.asname or one.name: one.name for one in node.names if one.name in _CALLS}
        elif isinstance(node, ast.ImportFrom) and node.module == "django.utils":
            modules |= {one.asname or one.name for one in node.names if one.name == "translation"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and node.value.id in called:
            called |= {to.id: called[node.value.id] for to in node.targets if isinstance(to, ast.Name)}
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = None
        if isinstance(node.func, ast.Name):
            name = called.get(node.func.id)
        elif isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name):
            name = node.func.attr if node.func.value.id in modules and node.func.attr in _CALLS else None
        if name:
            yield Message(*(_argument(node, place) for place in _CALLS[name]))


def _argument(call: ast.Call, place: int | None) -> str:
    if place is None:
        return ""
    given = call.args[place] if place < len(call.args) else None
    if not isinstance(given, ast.Constant) or not isinstance(given.value, str):
        raise Unreadable(f"line {call.lineno}: {ast.unparse(call)}")
    return given.value


_IN_TEMPLATE = re.compile(r"(?<![\w.])(n?p?gettext|_)\(\s*")
_LITERAL = re.compile(r"""u?('(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")\s*,?\s*""", re.S)


def said_in_template(source: str) -> Iterator[Message]:
    """Every message of a template, as Django itself would hand it to gettext."""
    code = templatize(source)
    for found in _IN_TEMPLATE.finditer(code):
        name = "gettext" if found[1] == "_" else found[1]
        texts, at = [], found.end()
        while literal := _LITERAL.match(code, at):
            texts.append(ast.literal_eval(literal[1]))
            at = literal.end()
        places = _CALLS[name]
        if len(texts) < len([place for place in places if place is not None]):
            raise Unreadable(code[found.start() : found.end() + 60])
        yield Message(*("" if place is None else texts[place] for place in places))


def sources(*ends: str) -> Iterator[Path]:
    yield from sorted(path for path in PACKAGE.rglob("*") if path.suffix in ends and "_packs" not in path.parts)


@cache
def said() -> dict[Message, str]:
    """Every message of the product, and a file that says it."""
    found: dict[Message, str] = {}
    for path in sources(".py", ".html", ".txt"):
        read = said_in_python if path.suffix == ".py" else said_in_template
        try:
            for message in read(path.read_text(encoding="utf-8")):
                found.setdefault(message, str(path.relative_to(PACKAGE)))
        except Unreadable as error:
            pytest.fail(f"{path.relative_to(PACKAGE)}: {error}")
    return {message: where for message, where in found.items() if message.words}


@cache
def catalogue(language: str) -> dict[tuple[str, str], polib.POEntry]:
    """The entries of a language, from every folder of catalogues in the package."""
    entries = {}
    for path in sorted(PACKAGE.rglob(f"locale/{language}/LC_MESSAGES/*.po")):
        for entry in polib.pofile(str(path), encoding="utf-8"):
            entries.setdefault((entry.msgctxt or "", entry.msgid), entry)
    return entries


def untranslated(messages: dict[Message, str], entries: dict[tuple[str, str], polib.POEntry], forms: int) -> list[str]:
    """What has no translation, or not in as many forms as the language has."""
    return [
        f"{where}: {message.words}"
        for message, where in messages.items()
        if (entry := entries.get(message[:2])) is None
        or entry.fuzzy
        or (len([t for t in entry.msgstr_plural.values() if t]) != forms if message.plural else not _texts(entry))
    ]


def _texts(entry: polib.POEntry) -> list[str]:
    return [text for text in (entry.msgstr, *entry.msgstr_plural.values()) if text]


# --- the reading is right ------------------------------------------------------------------------------------------


def test_python_is_read_under_every_name():
    source = '''
from django.utils.translation import gettext as _, ngettext
from django.utils.translation import gettext_lazy as lazy, pgettext_lazy as named
from django.utils import translation
also = lazy
a = _("一") + str(lazy("二" "三"))
b = named("場合", "四")
c = ngettext("五", "六", 2)
d = also("七"), translation.pgettext("別處", "八")
e = something("不是"), re.gettext("也不是")
'''
    assert set(said_in_python(source)) == {
        Message("", "一"), Message("", "二三"), Message("場合", "四"), Message("", "五", "六"),
        Message("", "七"), Message("別處", "八"),
    }  # fmt: skip


def test_what_is_only_put_together_later_is_refused():
    with pytest.raises(Unreadable, match="line 2"):
        list(said_in_python("from django.utils.translation import gettext as _\n_(f'第 {n} 件')"))


def test_a_template_is_read_with_tags_blocks_plurals_and_contexts():
    source = """{% load i18n %}{# {% trans "註解" %} #}
<a title="{% trans '一「二」' %}">三</a>{% translate "四" as four %}{% trans "五" context "門" %}
{% blocktranslate count n=more %}其餘 {{ n }} 件{% plural %}其餘 {{ n }} 件{% endblocktranslate %}
{% blocktranslate with a=b trimmed %}
  六
  {{ a }}
{% endblocktranslate %}{{ label|default:_("七") }}"""
    assert set(said_in_template(source)) == {
        Message("", "一「二」"), Message("", "四"), Message("門", "五"), Message("", "其餘 %(n)s 件", "其餘 %(n)s 件"),
        Message("", "六 %(a)s"), Message("", "七"),
    }  # fmt: skip


def test_a_missing_message_is_seen():
    here = {Message("", "沒有人翻譯過的一句話"): "x.py", Message("", "%(n)s 件", "%(n)s 件"): "y.html", Message("", "好"): "z.py"}
    whole = polib.POEntry(msgid="好", msgstr="Good")
    half = polib.POEntry(msgid="%(n)s 件", msgid_plural="%(n)s 件", msgstr_plural={0: "%(n)s thing", 1: ""})
    entries = {("", "好"): whole, ("", "%(n)s 件"): half}
    assert untranslated(here, entries, 2) == ["x.py: 沒有人翻譯過的一句話", "y.html: %(n)s 件"]
    whole.flags.append("fuzzy")
    assert "z.py: 好" in untranslated(here, entries, 2)


def test_the_reading_finds_the_product():
    words = said()
    assert len(words) > 1400
    assert Message("", "謝謝您告訴我們") in words  # a template
    assert Message("level", "一級") in words  # a lazy one with a context
    assert any(message.plural for message in words)


# --- the catalogues are whole --------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", FORMS)
def test_everything_is_translated(language):
    assert untranslated(said(), catalogue(language), FORMS[language]) == []


@pytest.mark.parametrize("language", FORMS)
def test_nothing_is_translated_that_nobody_says(language):
    wanted = {message[:2] for message in said()}
    assert [words for key, entry in catalogue(language).items() if key not in wanted or entry.obsolete for words in key[1:]] == []


@pytest.mark.parametrize("language", FORMS)
def test_gaps_stay_as_they_are(language):
    wrong = []
    for (_context, words), entry in catalogue(language).items():
        for text in _texts(entry):
            if sorted(set(GAP.findall(text))) != sorted(set(GAP.findall(words))) or text.count("%") < words.count("%("):
                wrong.append(f"{words} → {text}")
    assert wrong == []


def test_the_mainland_reads_simplified_characters():
    simplify = opencc.OpenCC("t2s").convert
    wrong = []
    for entry in catalogue(MAINLAND).values():
        for text in _texts(entry):
            bare = text
            for allowed in AS_THE_MAINLAND_WRITES:
                bare = bare.replace(allowed, "")
            if simplify(bare) != bare or "「" in bare or "」" in bare:
                wrong.append(text)
    assert wrong == []


# The island's word where the mainland has its own.
NOT_ON_THE_MAINLAND = (
    "申诉", "病人", "医师", "护理师", "柜台", "柜檯", "简讯", "讯息", "网路", "登出", "帐号", "档案", "列印", "储存", "伺服器", "位元组", "萤幕",
    "滑鼠", "游标", "连结", "网址列", "资讯", "软体", "硬体", "程式", "预设", "录影", "影片", "杂凑", "金钥", "收据", "同仁", "追踪页", "主管机关",
    "翌日", "部门主管", "早安", "午安", "晚安",
)  # fmt: skip


def test_the_mainland_reads_its_own_words():
    texts = [text for entry in catalogue(MAINLAND).values() for text in _texts(entry)]
    assert [(word, text) for text in texts for word in NOT_ON_THE_MAINLAND if word in text] == []


def test_english_holds_no_chinese():
    assert [text for entry in catalogue(ENGLISH).values() for text in _texts(entry) if _chinese(text) or FULL_WIDTH.search(text)] == []


def _chinese(text: str) -> str:
    for allowed in CHINESE_IN_ENGLISH:
        text = text.replace(allowed, "")
    return "".join(CHINESE.findall(text))


def test_the_program_compiles_them_itself(tmp_path):
    for language in FORMS:
        for path in PACKAGE.rglob(f"locale/{language}/LC_MESSAGES/*.po"):
            copy = tmp_path / path.relative_to(PACKAGE)
            copy.parent.mkdir(parents=True)
            copy.write_bytes(path.read_bytes())
    made = compile_catalogues(tmp_path)
    assert len(made) >= len(FORMS)
    for mo in made:
        assert len(polib.mofile(str(mo))) == len(polib.pofile(str(mo.with_suffix(".po"))).translated_entries())


# --- pages in English ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """The pages below speak from today's catalogues, whatever was compiled before."""
    for mo in compile_catalogues():
        translation_file_changed(None, mo)


_SPOKEN = re.compile(
    r"\{%\s*comment\s*%\}.*?\{%\s*endcomment\s*%\}|\{%\s*blocktrans(?:late)?\b.*?\{%\s*endblocktrans(?:late)?\s*%\}|\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", re.S
)


def test_templates_hold_no_chinese_of_their_own():
    """Words between the tags would be the same in every language, and so would a full-width comma."""
    wrong = []
    for path in sources(".html", ".txt"):
        if path.name in SAMPLES or "templates" not in path.parts:
            continue
        own = _SPOKEN.sub(" ", path.read_text(encoding="utf-8"))
        if left := _chinese(own) + "".join(MARKS.findall(own)):
            wrong.append(f"{path.relative_to(PACKAGE)}: {left}")
    assert wrong == []


# Where Chinese is not a sentence to be read in one language: names and dates as people type them, samples and the
# demonstration, and what the terminal says in two languages at once.
CHINESE_BY_NATURE = frozenset({
    "correspondence/confined/paper.py", "correspondence/confined/plain.py", "correspondence/rules/opinion.py", "evidence/verifier/verify.py", "evidence/verifier/place.py", "config/cli.py", "config/first.py", "config/guarding.py", "config/health.py", "config/supervisor.py", "config/up.py", "people/rules.py", "platform/identifiers.py",
    "platform/master.py", "playbooks/makecalendars.py", "playbooks/readers.py", "portal/rules.py", "ui/dates.py", "ui/samples.py",
})  # fmt: skip


def bare_sentences(source: str) -> Iterator[str]:
    """Four Chinese characters or more that go past gettext; docstrings and the words of `said_in_python` aside."""
    tree = ast.parse(source)
    known = {words for message in said_in_python(source) for words in message}
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        and node.body and isinstance(node.body[0], ast.Expr)
    }  # fmt: skip
    for node in ast.walk(tree):
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in docs or node.value in known:
            continue
        if re.search(r"[\u3400-\u9fff]{4}", node.value) and _chinese(node.value):
            yield node.value


def test_python_says_nothing_past_the_catalogues():
    assert list(bare_sentences('"""說明文字。"""\na = "沒有翻譯的話"\nb = "二字"\n')) == ["沒有翻譯的話"]
    wrong = []
    for path in sources(".py"):
        where = path.relative_to(PACKAGE).as_posix()
        if where not in CHINESE_BY_NATURE and not where.startswith("config/demo/"):
            wrong += [f"{where}: {words}" for words in bare_sentences(path.read_text(encoding="utf-8"))]
    assert wrong == []


class Page(HTMLParser):
    """What a page says: its texts and the attributes that are read out. Words marked as Chinese are left aside."""

    READ = frozenset({"title", "aria-label", "placeholder", "alt", "content"})
    VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.open: list[bool] = []
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        aside = tag in ("script", "style") or (given.get("lang") or "").startswith("zh") or (bool(self.open) and self.open[-1])
        if not aside:
            self.words += [value for name, value in attrs if value and (name in self.READ or name.startswith("data-sy-"))]
        if tag not in self.VOID:
            self.open.append(aside)

    def handle_endtag(self, tag):
        if tag not in self.VOID and self.open:
            self.open.pop()

    def handle_data(self, data):
        if data.strip() and not (self.open and self.open[-1]):
            self.words.append(data.strip())


def test_a_page_is_read_with_what_is_read_out():
    page = Page('<p title="一">二<br>三</p><b lang="zh-Hant"><i>不</i></b><script>不</script><input placeholder="四"><p>五</p>')
    assert page.words == ["一", "二", "三", "四", "五"]


def _left(html: str, *theirs: str) -> list[str]:
    """What is Chinese on a page, names and addresses of this clinic aside."""
    left = []
    for words in Page(html).words:
        for name in theirs:
            words = words.replace(name, "")
        if _chinese(words) or FULL_WIDTH.search(words):
            left.append(words)
    return left


@pytest.mark.parametrize("name", ["400", "403", "404", "409", "429", "500", "503"])
def test_a_refusal_in_english_is_english(name, db, rf):
    with translation.override("en"):
        assert _left(render_to_string(f"{name}.html", request=rf.get("/"))) == []


def test_signing_in_is_english(db):
    page = Client(headers={"accept-language": "en"}).get(reverse("accounts:login"))
    assert 'lang="en"' in page.text
    assert _left(page.text) == []


@pytest.mark.parametrize("name", ["portal:start", "portal:danger", "portal:write", "portal:follow"])
def test_the_portal_is_english(name, house):
    clinic = house.cast.tn
    page = Client(headers={"accept-language": "en"}).get(reverse(name, args=[clinic.portal_slug]), follow=True)
    assert page.status_code == 200 and 'lang="en"' in page.text
    theirs = (clinic.address, *User.objects.values_list("display_name", flat=True))
    assert _left(page.text, *(words for words in theirs if words)) == []


ROOMS = ("desk:today", "desk:cases", "desk:register", "desk:packs", "people:people", "accounts:me", "accounts:staff", "accounts:branches")


@pytest.mark.parametrize("name", ROOMS)
def test_the_desk_speaks_english(name, house):
    """People's own words stay as they are; no sentence of ours stands beside them in Chinese."""
    client = house.client("administrator" if name.startswith("accounts") else "case_manager")
    client.cookies["suyuan_language"] = client.cookies["__Host-suyuan_language"] = "en"
    page = client.get(reverse(name), headers={"accept-language": "en"})
    assert page.status_code == 200 and 'lang="en"' in page.text
    ours = {message.words for message in said() if CHINESE.search(message.words)}
    assert [words for words in Page(page.text).words if words in ours and _chinese(words)] == []
