"""What is measured: each page as its reader opens it, each write as its page does it."""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from benchmarks import house, words

Act = Callable[[int], object]


@dataclass(frozen=True)
class Phase:
    """`make(now)` opens what is needed and returns the act; `bar` is the most statements it may take."""

    name: str
    make: Callable[[datetime], Act]
    times: int = 40
    bar: int | None = None
    flat: bool = True


class Reader:
    """A member who is logged in, behind the whole of the product's own middleware."""

    def __init__(self, login: str) -> None:
        from django.test import Client

        from suyuan.accounts.models import User

        self.user = User.objects.get(login=login)
        self.client = Client(SERVER_NAME="127.0.0.1", HTTP_ACCEPT_LANGUAGE="zh-hant")
        self.client.force_login(self.user)

    def get(self, path: str):
        answer = self.client.get(path)
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        return answer

    def post(self, path: str, fields: dict):
        from urllib.parse import urlencode

        answer = self.client.post(
            path, urlencode(fields, doseq=True), content_type="application/x-www-form-urlencoded"
        )
        if answer.status_code != 302:
            raise RuntimeError(f"{path} answered {answer.status_code}")
        for name in [name for name in answer.cookies if "receipt" in name]:  # a browser goes to the page that takes it
            del self.client.cookies[name]
        return answer


def opened(login: str, name: str, query: str = "", **where) -> Callable[[datetime], Act]:
    def make(now: datetime) -> Act:
        from django.urls import reverse

        reader = Reader(login)
        path = reverse(name, kwargs={key: value() for key, value in where.items()}) + query
        return lambda n: reader.get(path)

    return make


def searched(login: str, *queries: str) -> Callable[[datetime], Act]:
    def make(now: datetime) -> Act:
        from urllib.parse import quote

        from django.urls import reverse

        reader, path = Reader(login), reverse("desk:cases")
        return lambda n: reader.get(f"{path}?state=all&q={quote(queries[n % len(queries)])}")

    return make


def middle(now: datetime) -> Act:
    """The list somewhere in its middle: the page after forty others."""
    from django.urls import reverse

    from suyuan.accounts.selectors import profile_of
    from suyuan.cases.selectors import ListFilters, cases_list

    reader, after = Reader("shen"), None
    profile = profile_of(reader.user, now)
    for _ in range(8):
        after = cases_list(profile, ListFilters(), now=now, after=after).after or after
    path = f"{reverse('desk:cases')}?after={after}"
    return lambda n: reader.get(path)


PAGES = (
    Phase("list, case manager (wide reach)", opened("shen", "desk:cases"), bar=10),
    Phase("list, nurse (narrow reach)", opened("zhou", "desk:cases"), bar=10),
    Phase("list, legal (by level and flag)", opened("lai", "desk:cases"), bar=10),
    Phase("list, auditor (everything)", opened("wang", "desk:cases", "?state=all"), bar=10),
    Phase("list, a page in the middle", middle, bar=10),
    Phase("my day, case manager", opened("shen", "desk:today")),
    Phase("case page, short", opened("shen", "desk:case", reference=lambda: house.short_case().reference), bar=15),
    Phase("case page, 300 facts", opened("shen", "desk:case", reference=lambda: house.long_case().reference), bar=15),
    Phase("search, 2 characters, frequent", searched("shen", *words.FREQUENT[:2])),
    Phase("search, 4 characters, frequent", searched("shen", *words.FREQUENT[2:])),
    Phase("search, rare words", searched("shen", *words.SELDOM)),
    Phase("search, words, nurse (narrow reach)", searched("zhou", *words.FREQUENT)),
    Phase("search, a name", searched("shen", *(words.told(n).family + words.told(n).given for n in (10, 20, 30, 40)))),
    Phase("search, a telephone number", searched("shen", *(words.told(n).phone for n in (10, 20, 30, 40)))),
)


# --- writes --------------------------------------------------------------------------------------------------------


def by_service(issues: int) -> Callable[[datetime], Act]:
    def make(now: datetime) -> Act:
        from suyuan.accounts.models import Branch
        from suyuan.cases.services.intake import case_register
        from suyuan.kernel.actor import Actor
        from suyuan.platform import idempotency

        user, branch = Reader("ye").user, Branch.objects.get(code="TN")
        actor = Actor("user", str(user.uid), user.pk)
        intakes = [house.intake_of(10_000_000 * issues + n, issues=issues) for n in range(400)]

        def act(n: int):
            token = idempotency.token_of(
                scope="bench", key=idempotency.new_key(), caller=f"user:{user.uid}", body_sha256="0" * 64
            )
            return case_register(
                branch=branch,
                channel="telephone",
                intake=intakes[n],
                language="zh-hant",
                registered_by=user,
                once=token,
                actor=actor,
                now=now,
            )

        return act

    return make


def by_page(issues: int) -> Callable[[datetime], Act]:
    def make(now: datetime) -> Act:
        from django.urls import reverse

        from suyuan.platform import idempotency

        reader, path = Reader("ye"), reverse("desk:register")

        def act(n: int):
            said = words.told(20_000_000 * issues + n)
            fields = {
                idempotency.FIELD: idempotency.new_key(),
                "channel": "telephone",
                "narrative": said.narrative,
                "name": said.family + said.given,
                "phone": said.phone,
                "relation": "self",
                "treatment": said.treatment,
                "harm": "none",
                "wishes": ["records", "explanation"],
            }
            for place in range(1, issues + 1):
                fields |= {f"issue{place}": said.subject, f"cause{place}": "service"}
            return reader.post(path, fields)

        return act

    return make


WRITES = (
    Phase("register, service, one issue", by_service(1), times=100, bar=24),
    Phase("register, service, five issues", by_service(5), times=100, bar=24),
    Phase("register, telephone page, one issue", by_page(1), times=100, bar=24),
    Phase("register, telephone page, five issues", by_page(5), times=100, bar=24),
)
