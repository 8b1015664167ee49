"""A mail comes in: an answer, words from somebody, or word that a mail of ours did not arrive. Nothing is ever answered by itself."""

from __future__ import annotations

from datetime import datetime

from suyuan.accounts.models import Branch
from suyuan.accounts.selectors import triage_branch
from suyuan.correspondence import reading, tokens
from suyuan.correspondence.arriving import Arrival, Came
from suyuan.correspondence.models import Incoming, Message
from suyuan.correspondence.reading import Mail
from suyuan.correspondence.rules import AUTOMATIC, Direction, State
from suyuan.correspondence.services.attaching import files_received
from suyuan.correspondence.services.incoming import incoming_take, is_known
from suyuan.correspondence.services.outgoing import message_came_back, message_mark_delivered
from suyuan.kernel.actor import Actor
from suyuan.people.selectors import contacts_answering
from suyuan.platform.units import writes

MAIL = Actor("integration", "email")
CAME_BACK = "bounced"


def mail_take(*, raw: bytes, now: datetime) -> Incoming | None:
    """Keep a mail, once however often it is brought; None when it was here before. Read before the write: nobody waits for that."""
    mail = reading.read(raw)
    if is_known("email", mail.event):
        return None
    return _mail_keep(mail=mail, files=() if mail.automatic else files_received(mail), now=now)


@writes
def _mail_keep(*, mail: Mail, files: tuple[Came, ...], now: datetime) -> Incoming | None:
    """A job finds its place."""
    message, known_by = _answered(mail)
    branch = _branch(mail, message)
    arrival = Arrival(
        channel="email",
        event=mail.event,
        branch_id=branch.pk,
        language=message.language if message is not None else branch.language,
        sender=mail.sender,
        subject_line=mail.subject,
        words=mail.words if mail.bounce is None else mail.bounce.said,
        kind="mail" if mail.bounce is None else "bounce",
        number=mail.number,
        files=files,
        left_out=mail.files - len(files) if mail.bounce is None else 0,
        happened_at=mail.sent_at if mail.sent_at is not None and mail.sent_at <= now else None,
        in_reply_to=message,
        known_by=known_by,
        aside=AUTOMATIC if mail.automatic else "",
    )
    kept = incoming_take(arrivals=[arrival], actor=MAIL, now=now)
    if kept and mail.bounce is not None and message is not None:
        _told_what_became(mail, message, now)
    return kept[0] if kept else None


def _told_what_became(mail: Mail, message: Message, now: datetime) -> None:
    """Only what had left and is not known to have arrived can come back; a delay is no end."""
    if message.state != State.SENT:
        return
    if mail.bounce.action == "failed":
        message_came_back(message=message, code=CAME_BACK, said=mail.bounce.said, actor=MAIL, now=now)
    elif mail.bounce.action == "delivered":
        message_mark_delivered(message=message, actor=MAIL, now=now)


def _answered(mail: Mail) -> tuple[Message | None, str]:
    """The message of ours that it answers: by the address it came to, or by the Message-ID it names. A subject proves nothing."""
    ours = Message.objects.select_related("text").filter(direction=Direction.OUT, channel="email")
    uid = tokens.answered(mail.to)
    if uid is not None and (found := ours.filter(uid=uid).first()):
        return found, "token"
    named = mail.answers if mail.bounce is None else mail.bounce.of
    for message_id in named:
        if found := ours.filter(message_id=message_id).first():
            return found, "reference"
    return None, ""


def _branch(mail: Mail, message: Message | None) -> Branch:
    if message is not None:
        return Branch.objects.get(pk=message.branch_id)
    contact = contacts_answering("email", mail.sender).select_related("person__branch").first()
    return contact.person.branch if contact is not None else triage_branch()
