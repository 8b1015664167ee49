"""Health, language, errors and a form that came too late."""
from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.utils.functional import SimpleLazyObject

from suyuan.config import context, errors, health
from suyuan.config.urls import handler404, handler500, urlpatterns
from suyuan.kernel.actor import SYSTEM
from suyuan.platform import access, anchors, checkpoints, clock, keys, triggers
from suyuan.platform.addresses import address
from suyuan.platform.facts import Fact, facts_record
from suyuan.platform.installation import installation_stream
from suyuan.platform.models import Installation
from suyuan.platform.units import unit
from tests.correspondence.stories import NOW


@address("public", methods=("GET", "POST"))
def letter(request):
    return HttpResponse("taken")


@address("public")
def broken(request):
    raise RuntimeError("the reason stays in the log")


class Urls:
    urlpatterns = [*urlpatterns, path("letter/", letter, name="letter"), path("broken/", broken, name="broken")]
    handler404, handler500 = handler404, handler500
    handler400, handler403 = "suyuan.config.errors.bad_request", "suyuan.config.errors.permission_denied"


@pytest.fixture
def pages(settings):
    settings.ROOT_URLCONF = Urls
    return Client(enforce_csrf_checks=True, raise_request_exception=False)


@pytest.fixture
def sound(db, monkeypatch):
    """A house that is well."""
    monkeypatch.setattr(health, "_sound_since", None)
    keys.ring_forget()
    if not Installation.objects.exists():
        keys.ring_make(NOW)
    checkpoints.checkpoint_make(now=NOW)  # the packs of the test database
    cache.clear()
    yield
    keys.ring_forget()


def test_a_house_that_is_well(sound, client):
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["ready"], answer.json()["worker"]) == (200, True, "missing")


def test_the_worker_is_seen_and_missed(sound, client):
    health.worker_seen_now()
    assert health.worker_seen() is not None
    assert client.get("/healthz").json()["worker"] == "ok"
    cache.set(health.WORKER_SEEN, "2020-01-01T00:00:00+00:00")
    assert client.get("/healthz").json()["worker"] == "late"


def test_without_its_triggers_it_is_not_ready(sound, client):
    triggers.drop()
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["checks"]["schema"]) == (503, "triggers_missing")


def test_without_its_keys_it_is_not_ready(sound, client, tmp_path, settings):
    keys.ring_forget()
    settings.KEYS_FILE = tmp_path / "gone.key"
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["checks"]["keys"]) == (503, "missing")
    assert str(tmp_path) not in answer.content.decode()


def test_without_its_access_log_it_is_not_ready(sound, client, monkeypatch):
    monkeypatch.setattr(access, "health", lambda: access.Health(True, 3, 61.0, 0))
    assert client.get("/healthz").status_code == 503


def test_without_its_database_it_is_not_ready(sound, client, monkeypatch):
    from django.db import OperationalError

    def away():
        raise OperationalError("no host named secret.example.org")

    monkeypatch.setattr(health, "_database", away)
    answer = client.get("/healthz")
    assert (answer.status_code, answer.json()["checks"]["database"]) == (503, "unreachable")
    assert "secret" not in answer.content.decode()


def test_a_log_that_cannot_be_signed_is_red_and_turns_nobody_away(sound, client):
    for name, said in ((anchors.REFUSED, "no_time_stamp"), (checkpoints.REFUSED, "cannot_be_signed")):
        cache.set(name, "case:3b0a5f0e #4: leaf_differs")
        answer = client.get("/healthz")
        told = answer.json()
        assert (answer.status_code, told["ready"], told["well"], told["log"]) == (200, True, False, said)
        assert "3b0a5f0e" not in answer.content.decode()


@pytest.fixture
def told(client):
    """What the public page says of the log at some time."""

    def at(when) -> str:
        with clock.frozen(when):
            answer = client.get("/healthz")
        assert (answer.status_code, answer.json()["well"]) == (200, False)
        return answer.json()["log"]

    return at


def recorded(now) -> None:
    with unit():
        fact = Fact("jobs.revived", installation_stream(), plain={"n": 1, "jobs": []})
        facts_record([fact], actor=SYSTEM, now=now)


@pytest.mark.requirement("A-15")
def test_signing_that_is_overdue_is_said_and_signing_that_is_at_work_is_not(sound, told):
    recorded(NOW)
    minutes = [timedelta(minutes=n) for n in (9, 11, 12)]
    assert [told(NOW + after) for after in minutes] == ["ok", "not_signed", "not_signed"]
    checkpoints.checkpoint_make(now=NOW + minutes[2])
    recorded(NOW)  # as if a long queue were being worked off
    assert told(NOW + minutes[2]) == "ok"
    checkpoints.checkpoint_make(now=NOW + minutes[2])
    assert told(NOW + timedelta(days=400)) == "ok"  # nothing waits


@pytest.mark.requirement("A-15")
@pytest.mark.parametrize(
    ("kind", "setting", "days", "said"),
    [("rfc3161", {"TIMESTAMP_URL": "http://127.0.0.1:1/"}, 2, "time_stamp_late"), ("cosignature", {"COSIGN_DAYS": 31}, 31, "cosignature_late")],
)
def test_whoever_is_to_see_checkpoints_and_has_not_is_missed(sound, told, settings, kind, setting, days, said):
    recorded(NOW)
    seen = checkpoints.checkpoint_make(now=NOW)
    late = NOW + timedelta(days=days, seconds=1)
    assert told(late) == "ok"  # nobody is asked
    for name, value in setting.items():
        setattr(settings, name, value)
    assert [told(late - timedelta(minutes=1)), told(late)] == ["ok", said]

    anchors.anchor_keep(checkpoint=seen, kind=kind, body=b"seen", details={}, by="x", actor=SYSTEM, now=late)
    checkpoints.checkpoint_make(now=late)
    assert told(late) == "ok"
    assert told(late + timedelta(days=days)) == said  # the fact of the anchor itself was signed then, and nobody saw that


def test_asking_for_health_changes_nothing(sound, client, django_assert_max_num_queries):
    client.get("/healthz")
    with django_assert_max_num_queries(7) as asked:
        client.get("/healthz")
    assert not [q for q in asked.captured_queries if q["sql"].startswith(("INSERT", "UPDATE", "DELETE"))]


@pytest.mark.parametrize("language", ["zh-hant", "zh-hans", "en"])
def test_a_language_is_remembered(client, language):
    answer = client.post("/language/", {"language": language, "next": "/ui/keys/"})
    assert (answer.status_code, answer["Location"]) == (302, "/ui/keys/")
    assert answer.cookies["suyuan_language"].value == language
    assert answer.cookies["suyuan_language"]["httponly"]


@pytest.mark.parametrize(
    "back", ["https://evil.example.org/", "//evil.example.org", "javascript:alert(1)", "\\\\evil.example.org", "", "/\t/evil.example.org"]
)
def test_a_language_form_leads_nowhere_else(client, back):
    assert client.post("/language/", {"language": "en", "next": back})["Location"] == "/"


def test_an_unknown_language_is_not_remembered(client):
    assert "suyuan_language" not in client.post("/language/", {"language": "xx\r\nSet-Cookie: a=b"}).cookies
    assert client.get("/language/").status_code == 405


def test_a_form_that_came_too_late_loses_no_typing(pages, db):
    typed = {"story": "打電話永遠是<b>再等等</b>", "password": "hidden words", "csrfmiddlewaretoken": "old"}
    answer = pages.post("/letter/?from=poster", typed, HTTP_ORIGIN="http://testserver")

    page = answer.content.decode()
    assert answer.status_code == 403
    assert 'action="/letter/?from=poster"' in page
    assert "打電話永遠是&lt;b&gt;再等等&lt;/b&gt;" in page and "<b>再等等" not in page
    assert "hidden words" not in page and 'value="old"' not in page

    token = page.split('name="csrfmiddlewaretoken" value="')[1].split('"')[0]
    again = pages.post("/letter/", {"story": "x", "csrfmiddlewaretoken": token}, HTTP_ORIGIN="http://testserver")
    assert again.content == b"taken"


@pytest.mark.parametrize("origin", [{"HTTP_ORIGIN": "http://evil.example.org"}, {"HTTP_REFERER": "http://evil.example.org/x"}, {}])
def test_another_site_s_words_are_not_offered_here(pages, db, origin):
    answer = pages.post("/letter/", {"story": "撤回我的申訴"}, **origin)
    assert answer.status_code == 403
    assert "撤回我的申訴" not in answer.content.decode()


def test_a_fragment_that_came_too_late_keeps_its_form(pages, db):
    answer = pages.post("/letter/", {"story": "x"}, HTTP_HX_REQUEST="true", HTTP_ORIGIN="http://testserver")
    assert answer.status_code == 403
    assert "<html" not in answer.content.decode() and "還沒有送出" in answer.content.decode()


@pytest.mark.parametrize(("path_", "status", "words"), [("/no/such/page", 404, "這裡沒有東西"), ("/broken/", 500, "我們這裡出了錯")])
def test_errors_have_pages_in_plain_words(pages, db, path_, status, words):
    answer = pages.get(path_)
    page = answer.content.decode()
    assert answer.status_code == status
    assert words in page
    assert "the reason stays in the log" not in page and "Traceback" not in page
    assert "default-src 'none'" in answer["Content-Security-Policy"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store"


def test_the_page_of_a_broken_house_asks_nothing_of_it(django_assert_num_queries, db):
    with django_assert_num_queries(0):
        answer = errors.server_error(RequestFactory().get("/"))
    assert answer.status_code == 500


def test_a_page_that_names_no_house_asks_nothing(db, django_assert_num_queries):
    request = RequestFactory().get("/", HTTP_COOKIE="sy_theme=dark")
    request.user = SimpleLazyObject(lambda: type("Nobody", (), {"is_authenticated": False})())
    with django_assert_num_queries(0):
        held = context.house(request)["house"]
        assert (held.html_language, held.theme, held.demo, held.who) == ("zh-Hant-TW", "dark", False, None)
    assert held.name == ""
    assert connection.vendor


# --- the page for who keeps the system -----------------------------------------------------------------------------


@pytest.fixture
def keeper(sound, settings, tmp_path):
    from datetime import date

    from suyuan.accounts.models import Branch, Member, MemberRole, User

    settings.FILES_DIR = tmp_path / "files"
    names = dict.fromkeys(("zh-Hant", "zh-Hans", "en"), "示例臺南院")
    branch = Branch.objects.create(
        code="TN", names=names, portal_slug="tn", jurisdiction="tw", zone="Asia/Taipei", language="zh-hant"
    )
    user = User.objects.create(login="keeper", display_name="林管理", password="!", created_at=NOW)
    member = Member.objects.create(user=user, branch=branch, first_day=date(2025, 1, 1))
    MemberRole.objects.create(member=member, role="administrator")
    client = Client()
    client.force_login(user)
    return client, branch


def test_a_damaged_file_is_red_and_named_until_somebody_answers(keeper):
    from suyuan.platform.files import file_receive, file_store, storage
    from suyuan.platform.files.scrub import scrub_all
    from tests.platform.stories import SOMEBODY

    client, branch = keeper
    health.worker_seen_now()
    stored = file_store(
        received=file_receive(source=[b"\xff\xd8\xff" + bytes(900)], name="左眼.jpg", max_bytes=9_000),
        branch_id=branch.pk, actor=SOMEBODY, now=NOW,
    )  # fmt: skip
    scrub_all(NOW, afresh=True)
    told = client.get("/healthz").json()
    assert (told["ready"], told["files"]) == (True, "ok")

    storage().remove(stored.path)
    scrub_all(NOW + timedelta(days=7), afresh=True)
    answer = client.get("/healthz")
    assert answer.status_code == 200, "a damaged file is no reason to turn complaints away"
    assert (answer.json()["ready"], answer.json()["well"], answer.json()["files"]) == (True, False, "damaged")
    page = client.get("/house/").content.decode()
    assert str(stored.uid) in page and "檔案不見了" in page and "示例臺南院" in page and "申訴人" in page
    assert "左眼" not in page

    where = page.split('action="/house/faults/')[1].split('"')[0]
    empty = client.post(f"/house/faults/{where}", {"reason": " "})
    assert empty.status_code == 422 and "請寫下怎麼處理了" in empty.content.decode()
    long = client.post(f"/house/faults/{where}", {"reason": "字" * 201})
    assert long.status_code == 422 and "字" * 201 in long.content.decode()
    assert client.post(f"/house/faults/{where}", {"reason": "由備份還原失敗。"}).status_code == 302
    assert client.post(f"/house/faults/{where}", {"reason": "再一次"}).status_code == 409
    assert client.get("/healthz").json()["files"] == "ok"
    assert "由備份還原失敗。" in client.get("/house/").content.decode(), "answered, and still on record"


@pytest.mark.requirement("A-15")
def test_what_is_overdue_is_said_in_every_language_with_what_to_do(keeper, settings):
    client, _ = keeper
    recorded(NOW)
    checkpoints.checkpoint_make(now=NOW)
    settings.TIMESTAMP_URL, settings.COSIGN_DAYS = "", 31
    days = {language: read(client, language, NOW + timedelta(days=32)) for language in ("zh-hant", "zh-hans", "en")}
    assert "超過 31 天沒有副署" in days["zh-hant"] and "suyuan checkpoint accept" in days["zh-hant"]
    assert "超过 31 天没有副署" in days["zh-hans"] and "No co-signature for more than 31 days" in days["en"]
    settings.TIMESTAMP_URL = "http://127.0.0.1:1/"
    assert "兩天以上沒有新的時戳" in read(client, "zh-hant", NOW + timedelta(days=3))
    recorded(NOW)
    assert "紀錄超過十分鐘沒有簽署" in read(client, "zh-hant", NOW + timedelta(minutes=11))


def read(client, language: str, when) -> str:
    client.cookies["suyuan_language"] = language
    with clock.frozen(when):
        return client.get("/house/").content.decode()
