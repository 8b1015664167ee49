"""A real SMTP sink on this machine, keys, and message facts that are worded and nothing more."""
from __future__ import annotations

import email
import email.policy
import socket
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP
from django.http import HttpResponse
from django.urls import path

from suyuan.accounts.models import Branch
from suyuan.correspondence.phrases import PHRASES
from suyuan.platform import facts, keys
from suyuan.platform.models import Installation
from tests.correspondence.services_outside import LINE_TOKEN, Outside, Services
from tests.correspondence.stories import NOW


class Post:
    """What the sink took, and how it shall answer: `answers` maps an address to a reply; `trouble` answers every DATA."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.answers: dict[str, str] = {}
        self.trouble = ""

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        if self.trouble:
            return self.trouble
        self.raw.append(envelope.content)
        self.recipients.append(list(envelope.rcpt_tos))
        self.taken.append(email.message_from_bytes(envelope.content, policy=email.policy.default))
        return "250 Message accepted for delivery"


class Sink(Controller):
    def factory(self):
        return SMTP(self.handler, enable_SMTPUTF8=False, hostname="sink.example.org")


class Urls:
    urlpatterns = [
        path("p/<slug:slug>/follow/", lambda request, slug: HttpResponse(), name="follow"),
        path("hooks/sms/<uuid:uid>/<str:code>/", lambda request, uid, code: HttpResponse(), name="report"),
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture(scope="session")
def sink():
    post = Post()
    controller = Sink(post, hostname="127.0.0.1", port=free_port())
    controller.start()
    yield controller
    controller.stop()


@pytest.fixture
def post(sink, settings) -> Post:
    """Mail is set up and goes to an empty sink."""
    sink.handler.__init__()
    settings.SMTP_URL = f"smtp://127.0.0.1:{sink.port}"
    settings.MAIL_FROM = "溯源診所 <care@clinic.example.org>"
    settings.PUBLIC_URL = "https://complaints.example.org"
    settings.ROOT_URLCONF = Urls
    settings.FOLLOW_UP_URL = "follow"
    settings.LOGIN_REDIRECT_URL = "/today/"
    return sink.handler


@pytest.fixture(scope="session")
def running():
    services = Services()
    yield services
    services.stop()


@pytest.fixture
def outside(running, settings) -> Outside:
    """LINE and the SMS service are set up, and nothing has happened there yet."""
    running.outside.__init__()
    settings.LINE_TOKEN = LINE_TOKEN
    settings.LINE_API = settings.LINE_DATA = f"http://127.0.0.1:{running.port}"
    settings.SMS_URL = f"mitake://clinic:p%40ss%2Fword@127.0.0.1:{running.port}/b2c/mtk?longest=335"
    settings.PUBLIC_URL = "https://complaints.example.org"
    settings.ROOT_URLCONF = Urls
    settings.FOLLOW_UP_URL = "follow"
    settings.SMS_REPORT_URL = "report"
    return running.outside


@pytest.fixture
def no_server(settings):
    """Mail is set up, and nobody listens."""
    settings.SMTP_URL = f"smtp://127.0.0.1:{free_port()}"
    settings.MAIL_FROM = "care@clinic.example.org"
    settings.ROOT_URLCONF = Urls
    settings.FOLLOW_UP_URL = "follow"
    settings.LOGIN_REDIRECT_URL = "/today/"


def keys_made() -> None:
    keys.ring_forget()
    if not Installation.objects.exists():
        keys.ring_make(NOW)


def house_made() -> None:
    keys_made()
    place = {"jurisdiction": "tw", "zone": "Asia/Taipei", "language": "zh-hant"}
    Branch.objects.create(id=1, code="TN", names={"zh-Hant": "示例臺南院"}, portal_slug="tainan", **place)


@pytest.fixture
def worded(monkeypatch):
    """Message facts without anyone's reactions."""
    monkeypatch.setattr(facts, "_kinds", {name: facts.FactKind(phrase) for name, phrase in PHRASES.items()})


@pytest.fixture
def house(packs, db, worded):
    """Keys, the words the guard goes by, and a branch in the database of this test."""
    house_made()
    yield
    keys.ring_forget()
