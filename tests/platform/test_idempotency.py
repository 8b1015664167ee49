"""A form sent twice does its work once; a key tells a stranger nothing."""
from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import RequestFactory

from suyuan.kernel.refusal import Refusal
from suyuan.platform import idempotency
from suyuan.platform.idempotency import (
    FIELD,
    KeyMissing,
    KeyReused,
    KeyUsedUp,
    Token,
    answers_expire,
    caller_cookie,
    claim,
    new_key,
    once,
    replay,
    token_of,
)
from suyuan.platform.jobs.registry import handler
from suyuan.platform.models import Hold, IdempotencyKey
from suyuan.platform.units import OutsideAService, unit, writes
from tests.platform.stories import NOW

DAY = timedelta(hours=24)
ANSWER = {"receipt": "TN26-4831-7205", "secret": "ABCDE-FGHJK"}


def token(key: str = "0" * 32, caller: str = "her cookie", body: str = "b" * 64, scope: str = "portal.intake") -> Token:
    return token_of(scope=scope, key=key, caller=caller, body_sha256=body)


def answered(given: Token, answer=ANSWER, now=NOW) -> None:
    with unit():
        claim(token=given, answer=answer, now=now, stream="case:1")


def test_a_new_key_has_no_answer_yet(ring):
    assert replay(token()) is None


def test_the_same_caller_gets_the_same_answer(ring):
    answered(token())
    assert replay(token()) == ANSWER == replay(token())
    assert IdempotencyKey.objects.get().stream == "case:1"


def test_the_answer_lies_sealed(ring):
    answered(token())
    row = IdempotencyKey.objects.get()
    assert b"4831" not in bytes(row.sealed_answer) and "her cookie" not in row.caller_hash


def test_the_same_key_with_another_body_is_refused(ring):
    answered(token())
    with pytest.raises(KeyReused) as refusal:
        replay(token(body="c" * 64))
    assert refusal.value.status == 422


def stranger(**told) -> Token:
    return token(caller="another cookie", **told)


@pytest.mark.parametrize("their_token", [stranger(), stranger(body="c" * 64), token(caller=""), token(caller="", body="c" * 64)])
def test_a_stranger_learns_nothing_from_a_key(ring, their_token):
    """The same words whether or not the body is right and whether or not there still is an answer."""
    answered(token())
    with pytest.raises(KeyUsedUp) as with_answer:
        replay(their_token)
    answers_expire(now=NOW + DAY)
    with pytest.raises(KeyUsedUp) as without:
        replay(their_token)

    assert with_answer.value.status == without.value.status == 409
    assert with_answer.value.data == without.value.data == {}
    assert str(with_answer.value) == str(without.value)


def test_a_caller_without_a_cookie_is_never_recognised(ring):
    answered(token(caller=""))
    with pytest.raises(KeyUsedUp):
        replay(token(caller=""))


def test_a_key_belongs_to_its_form(ring):
    answered(token())
    assert replay(token(scope="portal.withdraw")) is None
    answered(token(scope="portal.withdraw"), {"other": 1})
    assert replay(token()) == ANSWER


def test_a_used_key_cannot_be_claimed_again(ring):
    answered(token())
    with pytest.raises(KeyUsedUp):
        answered(token(), {"receipt": "another"})
    assert replay(token()) == ANSWER


def test_a_claim_stands_or_falls_with_its_service(ring):
    with pytest.raises(OutsideAService):
        claim(token=token(), answer=ANSWER, now=NOW)
    with pytest.raises(Refusal), unit():
        claim(token=token(), answer=ANSWER, now=NOW)
        raise Refusal
    assert replay(token()) is None


def test_answers_are_deleted_after_a_day_and_keys_never(ring):
    answered(token("1" * 32), now=NOW)
    answered(token("2" * 32), now=NOW + timedelta(hours=1))
    handler("idempotency.expire").run({}, NOW + DAY)

    assert [bool(row.sealed_answer) for row in IdempotencyKey.objects.order_by("key")] == [False, True]
    with pytest.raises(KeyUsedUp):
        replay(token("1" * 32))
    with pytest.raises(KeyUsedUp):
        answered(token("1" * 32))


def test_a_sealed_answer_opens_in_its_own_row_only(ring):
    from suyuan.platform.keys import KeyProblem

    answered(token("1" * 32))
    answered(token("2" * 32), {"other": 1})
    one, other = IdempotencyKey.objects.order_by("key")
    IdempotencyKey.objects.filter(pk=one.pk).update(sealed_answer=other.sealed_answer)
    with pytest.raises(KeyProblem):
        replay(token("1" * 32))


# From requests


@pytest.fixture
def form():
    def post(data=None, cookie="her cookie", **extra):
        request = RequestFactory().post("/", {FIELD: "a" * 32, **(data or {})}, **extra)
        if cookie:
            request.COOKIES[caller_cookie()] = cookie
        return once(request, "portal.intake")

    return post


def test_a_key_is_128_random_bits():
    assert len({new_key() for _ in range(50)}) == 50
    assert all(len(bytes.fromhex(new_key())) == 16 for _ in range(50))


@pytest.mark.parametrize("key", ["", "x", "A" * 32, "a" * 31, "a" * 33, "a" * 31 + "\n", "' OR 1=1 --".ljust(32)])
def test_a_form_without_a_proper_key_is_refused(form, key):
    with pytest.raises(KeyMissing) as refusal:
        form({FIELD: key})
    assert refusal.value.status == 422


def test_what_differs_at_each_rendering_is_not_the_body(form):
    assert form({"words": "退款", "csrfmiddlewaretoken": "1"}) == form({"words": "退款", "csrfmiddlewaretoken": "2"})


def test_any_other_difference_is_another_body(form):
    bodies = [
        {},
        {"words": "退款"},
        {"words": "退款 "},
        {"words": ["退", "款"]},
        {"word": "s退款"},
        {"words": "退款", "more": ""},
        {"photo": SimpleUploadedFile("a.jpg", b"1")},
        {"photo": SimpleUploadedFile("a.jpg", b"2")},
        {"photo": SimpleUploadedFile("b.jpg", b"1")},
    ]
    assert len({form(body).body_sha256 for body in bodies}) == len(bodies)


def test_files_can_still_be_read_afterwards(form):
    file = SimpleUploadedFile("a.jpg", b"123")
    request = RequestFactory().post("/", {FIELD: "a" * 32, "photo": file})
    once(request, "portal.intake")
    assert request.FILES["photo"].read() == b"123"


def test_callers_differ_by_their_cookie(form):
    assert form(cookie="one").caller_hash != form(cookie="two").caller_hash
    assert form(cookie=None).caller_hash == ""


def test_the_cookie_is_host_bound_where_there_is_https(settings):
    settings.SESSION_COOKIE_SECURE = True
    assert caller_cookie() == "__Host-suyuan_draft"


# At once


def test_of_fifty_at_once_one_does_the_work_and_all_answer_alike(committed):
    @writes
    def intake(*, given: Token, n: int) -> dict:
        Hold.objects.bulk_create([Hold(stream=f"case:{n}", kind="court", reason="r", placed_by="a", placed_at=NOW)])
        answer = {"receipt": f"case {n}"}
        claim(token=given, answer=answer, now=NOW)
        return answer

    def view(n: int) -> dict:
        earlier = replay(token())
        if earlier is not None:
            return earlier
        try:
            return intake(given=token(), n=n)
        except KeyUsedUp:
            return replay(token())

    answers, failures, start = [], [], threading.Barrier(50, timeout=30)

    def click(n: int) -> None:
        try:
            start.wait()
            answers.append(view(n))
        except Exception as failure:
            failures.append(failure)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=click, args=(n,)) for n in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failures == []
    assert len(answers) == 50 and len({a["receipt"] for a in answers}) == 1
    assert Hold.objects.count() == 1 and IdempotencyKey.objects.count() == 1


def test_refusals_have_words_for_people():
    for refusal in (KeyMissing(), KeyReused(), KeyUsedUp()):
        assert refusal.message() != refusal.code
    assert idempotency.KEPT == DAY
