"""Mail that waits: one job per message or notice, and a sweep for what its job could not bring off."""
from __future__ import annotations

from datetime import datetime, timedelta

from suyuan.correspondence import mailbox, roads
from suyuan.correspondence.models import IncomingFile, Message, StaffNotice
from suyuan.correspondence.selectors import files_left_behind, left_behind
from suyuan.correspondence.services import (
    incoming_file_fetch,
    incoming_findable,
    incoming_forget,
    mail_take,
    message_deliver,
    staff_notice_send,
)
from suyuan.correspondence.services.attaching import FETCH
from suyuan.platform.jobs import enqueue, job, periodic

# 2, 4, 8 … seconds, then every hour: after two days rules.is_given_up ends it.
ATTEMPTS = 12


@job("correspondence.deliver", attempts=ATTEMPTS, timeout=timedelta(minutes=3), queue="mail")
def deliver(args: dict, now: datetime) -> None:
    message_deliver(message=Message.objects.select_related("text").get(uid=args["message"]), now=now)


@job("correspondence.notify", attempts=ATTEMPTS, timeout=timedelta(minutes=3), queue="mail")
def notify(args: dict, now: datetime) -> None:
    staff_notice_send(notice=StaffNotice.objects.get(uid=args["notice"]), now=now)


@job(FETCH, attempts=ATTEMPTS, timeout=timedelta(minutes=30), queue="mail")
def line_file(args: dict, now: datetime) -> None:
    file = IncomingFile.objects.select_related("incoming").get(uid=args["file"])
    incoming_file_fetch(file=file, now=now)


@periodic("*/10 * * * *", "correspondence.sweep", queue="mail")
def sweep(args: dict, now: datetime) -> None:
    """What its job gave up, or what waited for a mail server or a service to be named, gets a new job."""
    _findable()
    slot = f"{now:%Y%m%d%H%M}"
    for uid in files_left_behind(now):
        enqueue(FETCH, {"file": str(uid)}, run_at=now, unique_key=f"{FETCH}:{uid}:{slot}")
    if not roads.any_set_up():
        return
    messages, notices = left_behind(now)
    for uid in messages:
        enqueue("correspondence.deliver", {"message": str(uid)}, run_at=now, unique_key=f"message:{uid}:{slot}")
    for uid in notices:
        enqueue("correspondence.notify", {"notice": str(uid)}, run_at=now, unique_key=f"notice:{uid}:{slot}")


def _findable() -> None:
    """Rows of an earlier program are found by who sent them, too: an order of erasure asks for them so."""
    last = incoming_findable(after=0)
    while last:
        last = incoming_findable(after=last)


@periodic("*/2 * * * *", "correspondence.fetch", queue="mail")
def fetch(args: dict, now: datetime) -> None:
    """Mail that waits in our mailbox."""
    if mailbox.is_set_up():
        mailbox.fetch(lambda raw: mail_take(raw=raw, now=now))


@periodic("20 3 * * *", "correspondence.forget")
def forget(args: dict, now: datetime) -> None:
    """What was set aside months ago."""
    while incoming_forget(now=now):
        pass
