"""Messages and staff notices. What was sent is frozen: a trigger admits sent → delivered or failed and nothing else."""
from __future__ import annotations

import json
from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from suyuan.platform import chance
from suyuan.platform.files import file_name
from suyuan.platform.keys import unseal

# Fixed names in sealed values: a renaming never changes them.
MESSAGE_TO, NOTICE_TO = "message.to", "notice.to"
DISPUTE_WORDS, CLEARANCE_FORM = "dispute.words", "clearance.form"
INCOMING, INCOMING_FILE = "incoming.content", "incoming.file"


@dataclass(frozen=True)
class Content:
    """What lies sealed in an `Incoming`. `salt`: so that the digest which a fact keeps of it says nothing once it is gone."""

    sender: str = ""
    subject_line: str = ""
    words: str = ""
    number: str = ""
    salt: str = ""


def salted(name: str) -> str:
    """As the name of a file that came is sealed: the digest of it is kept, and must tell nobody the name."""
    return f"{chance.uid().hex}\n{name}"


class Message(models.Model):
    """One message in or out. `subject_stream` says what it is about; no foreign key points up from here.

    draft_body     mutable until queued
    text           the frozen words, from queueing on (for messages in: from the start)
    fact_stream    where its facts stand: the subject's stream, or that of the protected compartment
    party          with whom it is exchanged, as a stream name; empty: with everyone this subject concerns outside
    with_content   an e-mail carries the words only if the person chose e-mail; otherwise it says that some are waiting
    claimed_at     the other side may have it: nobody else sends it, nobody takes it back
    unsure_since   since this hand-over nobody knows whether the other side has taken it
    in_reply_to    the message of ours that this one answers
    known_by       for what came in by itself: account, token, reference, address, person; how the sender is known
    verdict        what the guard said when it was queued; "before" on those that are older than the guard
    surface        where everybody reads it (channel public), and reply_to what it answers there; empty for all others
    templates      codes of the templates it was begun from
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    subject_stream = models.CharField(max_length=80)
    fact_stream = models.CharField(max_length=80)
    party = models.CharField(max_length=80, default="", blank=True)
    branch_id = models.PositiveBigIntegerField()
    direction = models.CharField(max_length=3)
    channel = models.CharField(max_length=16)
    state = models.CharField(max_length=16)
    compartment = models.CharField(max_length=20, default="", blank=True)
    kind = models.CharField(max_length=30)
    author = models.CharField(max_length=80)
    subject_line = models.CharField(max_length=200, default="", blank=True)
    draft_body = models.TextField(default="", blank=True)
    text = models.ForeignKey("platform.Text", models.PROTECT, null=True, related_name="+")
    to_sealed = models.BinaryField(null=True)
    with_content = models.BooleanField(default=False)
    language = models.CharField(max_length=10)
    edition = models.PositiveIntegerField(default=1)
    happened_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True)
    send_after = models.DateTimeField(null=True)
    claimed_at = models.DateTimeField(null=True)
    unsure_since = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    in_reply_to = models.ForeignKey("self", models.PROTECT, null=True, related_name="answers")
    known_by = models.CharField(max_length=12, default="", blank=True)
    message_id = models.CharField(max_length=200, null=True, unique=True)
    failure = models.CharField(max_length=60, default="", blank=True)
    attempts = models.PositiveIntegerField(default=0)
    verdict = models.CharField(max_length=10, default="", blank=True)
    surface = models.CharField(max_length=20, default="", blank=True)
    reply_to = models.CharField(max_length=20, default="", blank=True)
    templates = models.JSONField(default=list, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="message_beyond_draft_has_its_text",
                condition=Q(state__in=["draft", "waiting", "withdrawn"]) | Q(text__isnull=False, draft_body=""),
            ),
            # Nothing leaves that nobody looked at, whoever writes the row.
            models.CheckConstraint(
                name="message_out_has_its_verdict",
                condition=Q(state__in=["draft", "waiting", "withdrawn", "received"]) | ~Q(verdict=""),
            ),
            models.CheckConstraint(
                name="message_queued_has_its_times",
                condition=~Q(state="queued") | Q(queued_at__isnull=False, send_after__isnull=False),
            ),
            models.CheckConstraint(
                name="message_sent_has_its_time",
                condition=~Q(state__in=["sent", "delivered"]) | Q(sent_at__isnull=False),
            ),
            # With sent_at frozen by its trigger, a sent message can only become a delivered or a failed one.
            models.CheckConstraint(
                name="message_with_sent_time_is_sent",
                condition=Q(sent_at__isnull=True) | Q(state__in=["sent", "delivered", "failed"]),
            ),
            models.CheckConstraint(
                name="message_sent_and_failed_says_so",
                condition=~Q(state="failed", sent_at__isnull=False) | (Q(failed_at__isnull=False) & ~Q(failure="")),
            ),
            models.CheckConstraint(
                name="message_delivered_did_not_fail",
                condition=~Q(state__in=["sent", "delivered"]) | Q(failed_at__isnull=True, failure=""),
            ),
            models.CheckConstraint(
                name="message_in_is_received",
                condition=Q(direction="in", state="received") | (Q(direction="out") & ~Q(state="received")),
            ),
            models.CheckConstraint(
                name="message_public_says_where",
                condition=(Q(channel="public") & ~Q(surface="")) | (~Q(channel="public") & Q(surface="")),
            ),
        ]
        indexes = [
            models.Index(fields=["subject_stream", "id"], name="message_by_subject"),
            models.Index(fields=["send_after"], condition=Q(state="queued"), name="message_queued"),
            models.Index(fields=["-id"], condition=Q(channel="public"), name="message_public"),
        ]

    @property
    def to(self) -> str:
        """The address, opened; empty when there is none."""
        return unseal(MESSAGE_TO, self.uid, bytes(self.to_sealed)) if self.to_sealed else ""

    @property
    def words(self) -> str:
        """What it says: the frozen words once there are any."""
        return self.draft_body if self.text is None or self.state in ("draft", "waiting") else self.text.body

    @property
    def is_automatic(self) -> bool:
        return self.author.startswith(("system:", "integration:"))


class Incoming(models.Model):
    """Something that came by itself, kept once: `event` is what the other side calls it, and comes twice to no avail.

    waiting until it has a place; placed (the words live in `message`), aside (somebody said why), linked (it was a code and no word).
    content   sender, subject, words, and what the sender's side calls it, sealed; gone once they have their place, or after a while
    sender_blind  finds it by who sent it, as a contact is found
    left_out  how many files came with it that nobody looked at: more than anybody sends, or sent by a machine
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    channel = models.CharField(max_length=16)
    event = models.CharField(max_length=80)
    branch_id = models.PositiveBigIntegerField()
    content_sealed = models.BinaryField(null=True)
    sender_blind = models.BinaryField(null=True)
    kind = models.CharField(max_length=20, default="text")
    left_out = models.PositiveIntegerField(default=0)
    language = models.CharField(max_length=10)
    in_reply_to = models.ForeignKey(Message, models.PROTECT, null=True, related_name="+")
    known_by = models.CharField(max_length=12, default="", blank=True)
    happened_at = models.DateTimeField(null=True)
    arrived_at = models.DateTimeField()
    state = models.CharField(max_length=10, default="waiting")
    message = models.OneToOneField(Message, models.PROTECT, null=True, related_name="arrival")
    reason = models.CharField(max_length=20, default="", blank=True)
    settled_at = models.DateTimeField(null=True)
    settled_by = models.CharField(max_length=80, default="", blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["channel", "event"], name="incoming_once"),
            models.CheckConstraint(
                name="incoming_placed_has_its_message",
                condition=Q(state="placed", message__isnull=False) | (~Q(state="placed") & Q(message__isnull=True)),
            ),
            models.CheckConstraint(
                name="incoming_settled_by_somebody",
                condition=Q(state="waiting", settled_at__isnull=True)
                | (~Q(state="waiting") & Q(settled_at__isnull=False) & ~Q(settled_by="")),
            ),
            models.CheckConstraint(
                name="incoming_aside_has_its_reason", condition=~Q(state="aside") | ~Q(reason="")
            ),
        ]
        indexes = [
            models.Index(fields=["branch_id", "id"], condition=Q(state="waiting"), name="incoming_waiting"),
            models.Index(fields=["settled_at"], condition=Q(state="aside", content_sealed__isnull=False), name="incoming_aside"),
            models.Index(fields=["sender_blind"], condition=Q(content_sealed__isnull=False), name="incoming_by_sender"),
        ]

    @property
    def stream(self) -> str:
        return f"incoming:{self.uid}"

    @property
    def content(self) -> Content:
        """What it says and who it says it is from; empty once it is gone."""
        if not self.content_sealed:
            return Content()
        return Content(**json.loads(unseal(INCOMING, self.uid, bytes(self.content_sealed))))


class IncomingFile(models.Model):
    """A file that came with it. Held here until the words have their place; then it is evidence of the case.

    waiting  LINE has it, and a job fetches it; kept (`stored`); given (`item`); left, and `why`
    remote   what LINE calls the message that carries it
    name     as the sender called it, sealed; the stored file knows it by itself
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    incoming = models.ForeignKey(Incoming, models.PROTECT, related_name="files")
    remote = models.CharField(max_length=64, default="", blank=True)
    name_sealed = models.BinaryField(null=True)
    state = models.CharField(max_length=10)
    why = models.CharField(max_length=20, default="", blank=True)
    stored = models.OneToOneField("platform.StoredFile", models.PROTECT, null=True, related_name="incoming_file")
    item = models.OneToOneField("evidence.Item", models.PROTECT, null=True, related_name="incoming_file")
    settled_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="incoming_file_is_where_it_says",
                condition=Q(state="waiting", stored=None, item=None, why="", settled_at=None)
                | Q(state="kept", stored__isnull=False, item=None, why="", settled_at__isnull=False)
                | Q(state="given", stored__isnull=False, item__isnull=False, why="", settled_at__isnull=False)
                | (Q(state="left", stored=None, item=None, settled_at__isnull=False) & ~Q(why="")),
            )
        ]
        indexes = [models.Index(fields=["id"], condition=Q(state="waiting"), name="incoming_file_waiting")]

    @property
    def name(self) -> str:
        """As the sender called it; empty once it is gone."""
        if self.stored is not None:
            return file_name(self.stored)
        return unseal(INCOMING_FILE, self.uid, bytes(self.name_sealed)).rpartition("\n")[2] if self.name_sealed else ""


class StaffNotice(models.Model):
    """A mail to a member that carries nothing: something waits for you, here is the list.

    Notices that wait together leave as one mail; those share its `message_id`.
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    user_id = models.PositiveBigIntegerField()
    to_sealed = models.BinaryField()
    language = models.CharField(max_length=10)
    code = models.CharField(max_length=60)
    stream = models.CharField(max_length=80)
    state = models.CharField(max_length=16, default="queued")
    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    message_id = models.CharField(max_length=200, null=True)
    failure = models.CharField(max_length=60, default="", blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="staff_notice_sent_has_its_time", condition=~Q(state="sent") | Q(sent_at__isnull=False)
            )
        ]
        indexes = [
            models.Index(fields=["user_id", "id"], condition=Q(state="queued"), name="staff_notice_queued"),
            models.Index(fields=["stream", "id"], name="staff_notice_by_stream"),
        ]

    @property
    def to(self) -> str:
        return unseal(NOTICE_TO, self.uid, bytes(self.to_sealed))


# --- around the guard ----------------------------------------------------------------------------------------------


class Clearance(models.Model):
    """Words that may not leave by themselves, and what people said about just these words.

    surface, sha256  what the answer holds for: this text in this place, and no other
    writer           who wrote the words, where that is not who asked
    needs            `rules.guard.Need`, as it was when it was asked
    findings         kind, level, rule, start and end of each; never what stood there
    asks             why legal has to agree whatever was found: `gate.Ask` as codes and places
    message          the draft that waits for it and leaves with the last yes
    act, form        otherwise: what was about to be done, and the form as it was sent, sealed until it is done
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    fact_stream = models.CharField(max_length=80)
    party = models.CharField(max_length=80, default="", blank=True)
    branch_id = models.PositiveBigIntegerField()
    compartment = models.CharField(max_length=20, default="", blank=True)
    surface = models.CharField(max_length=20)
    language = models.CharField(max_length=10)
    sha256 = models.CharField(max_length=64)
    text = models.ForeignKey("platform.Text", models.PROTECT, related_name="+")
    asked_by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    writer = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    asked_at = models.DateTimeField()
    why = models.TextField(blank=True)
    level = models.CharField(max_length=10)
    needs = models.CharField(max_length=10)
    findings = models.JSONField(default=list)
    asks = models.JSONField(default=list)
    packs = models.JSONField(default=list)
    message = models.ForeignKey(Message, models.PROTECT, null=True, related_name="clearances")
    act = models.CharField(max_length=40, default="", blank=True)
    form_sealed = models.BinaryField(null=True)
    state = models.CharField(max_length=10, default="open")
    ended_at = models.DateTimeField(null=True)
    used_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["stream", "surface", "sha256"], condition=Q(state="open"), name="clearance_asked_once"
            ),
            models.CheckConstraint(
                name="clearance_over_has_its_time",
                condition=Q(state="open", ended_at=None) | (~Q(state="open") & Q(ended_at__isnull=False)),
            ),
            models.CheckConstraint(name="clearance_never_for_never", condition=Q(needs__in=["one", "legal", "two", "two_legal"])),
        ]
        indexes = [
            models.Index(fields=["stream", "sha256"], name="clearance_by_words"),
            models.Index(fields=["branch_id", "id"], condition=Q(state="open"), name="clearance_open"),
        ]

    @property
    def is_line(self) -> bool:
        """Asked about the line above a letter, and not about its words."""
        return self.message is not None and self.text.body != "" and self.text.body == self.message.subject_line


class ClearanceVote(models.Model):
    """One person's yes or no, in which role, and why. The person it is about may read the reason one day."""

    clearance = models.ForeignKey(Clearance, models.PROTECT, related_name="votes")
    by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    role = models.CharField(max_length=20)
    yes = models.BooleanField()
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["clearance", "by"], name="clearance_vote_once")]


class VerdictRow(models.Model):
    """What the guard said of words that left, and by which rules. `what`: message, promise, acknowledgement…"""

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    what = models.CharField(max_length=30)
    surface = models.CharField(max_length=20)
    level = models.CharField(max_length=10)
    findings = models.JSONField(default=list)
    asks = models.JSONField(default=list)
    packs = models.JSONField(default=list)
    sha256 = models.CharField(max_length=64)
    clearance = models.ForeignKey(Clearance, models.PROTECT, null=True, related_name="+")
    emergency = models.BooleanField(default=False)
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["stream", "id"], name="verdict_by_stream")]


class FindingDispute(models.Model):
    """Somebody says that a finding is a false alarm. Kept for whoever reviews the rules.

    stream  of the case, or the dispute's own where the words belong to none
    """

    uid = models.UUIDField(default=chance.uid, unique=True)
    stream = models.CharField(max_length=80)
    branch_id = models.PositiveBigIntegerField()
    rule = models.CharField(max_length=80)
    kind = models.CharField(max_length=30)
    level = models.CharField(max_length=10)
    surface = models.CharField(max_length=20)
    words_sealed = models.BinaryField(null=True)
    why = models.TextField()
    by = models.ForeignKey("accounts.User", models.PROTECT, related_name="+")
    at = models.DateTimeField()
    outcome = models.CharField(max_length=10, default="", blank=True)
    outcome_why = models.TextField(blank=True, default="")
    outcome_by = models.ForeignKey("accounts.User", models.PROTECT, null=True, related_name="+")
    outcome_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="dispute_judged_by_somebody",
                condition=Q(outcome="", outcome_at=None, outcome_by=None)
                | (~Q(outcome="") & Q(outcome_at__isnull=False, outcome_by__isnull=False)),
            )
        ]
        indexes = [models.Index(fields=["id"], condition=Q(outcome=""), name="dispute_open")]

    @property
    def words(self) -> str:
        return unseal(DISPUTE_WORDS, self.uid, bytes(self.words_sealed)) if self.words_sealed else ""


# Found here by the migrations.
from suyuan.correspondence.own_models import AllowEntry, ClinicRule, TryOut  # noqa: E402, F401
from suyuan.correspondence.public_models import OwnName, Posting  # noqa: E402, F401
