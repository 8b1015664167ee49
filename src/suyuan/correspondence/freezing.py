"""What the database itself keeps from being changed here. Registered by config before migrations run."""
from __future__ import annotations

from typing import Any

# Where words stand may change when a case changes branch or compartment; what they say may not.
_WHERE = ("branch_id", "compartment")
_ENDED = ("ended_by_id", "ended_at", "ended_why")
_ERASED = ("subject_line", "to_sealed")

# How a message that had left came back.
_CAME_BACK = ("failure", "failed_at")

# (table, arguments of platform.triggers.register). A sent message may still become a delivered or a failed one: `state` is
# free, and the constraints of the table let it be nothing else.
FROZEN: tuple[tuple[str, dict[str, Any]], ...] = (
    ("correspondence_message", {"frozen_when": "OLD.state = 'sent'", "may_update_columns": ("state", *_CAME_BACK, *_WHERE), "ordered_columns": _ERASED}),
    (
        "correspondence_message",
        {"frozen_when": "OLD.state IN ('delivered', 'failed', 'received')", "may_update_columns": _WHERE, "ordered_columns": _ERASED},
    ),
    (
        "correspondence_incoming",
        {"may_update_columns": ("content_sealed", "sender_blind", "state", "message_id", "reason", "settled_at", "settled_by")},
    ),
    ("correspondence_incoming", {"frozen_when": "OLD.state <> 'waiting'", "may_update_columns": ("content_sealed", "sender_blind")}),
    ("correspondence_incomingfile", {
        "may_update_columns": ("name_sealed", "state", "why", "stored_id", "item_id", "settled_at")}),
    ("correspondence_incomingfile", {
        "frozen_when": "OLD.state IN ('given', 'left')", "may_update_columns": ("name_sealed",)}),
    ("correspondence_staffnotice", {"frozen_when": "OLD.state IN ('sent', 'failed')"}),
    ("correspondence_clinicrule", {"frozen_when": "OLD.state = 'live'", "may_update_columns": ("state", *_ENDED)}),
    ("correspondence_clinicrule", {"frozen_when": "OLD.state = 'ended'"}),
    ("correspondence_tryout", {"frozen_when": "OLD.finished_at IS NOT NULL"}),
    ("correspondence_allowentry", {"may_update_columns": _ENDED}),
    ("correspondence_allowentry", {"frozen_when": "OLD.ended_at IS NOT NULL"}),
    ("correspondence_clearance", {"may_update_columns": (
        "state", "ended_at", "used_at", "form_sealed", *_WHERE), "ordered_columns": ("why",)}),
    ("correspondence_clearancevote", {"ordered_columns": ("reason",)}),
    ("correspondence_verdictrow", {}),
    ("correspondence_ownname", {"may_update_columns": _ENDED}),
    ("correspondence_ownname", {"frozen_when": "OLD.ended_at IS NOT NULL"}),
    ("correspondence_posting", {
        "may_update_columns": ("state", "ended_at", "ended_recorded_at", "ended_by_id", "ended_whose", "ended_why", "capture_id"),
        "ordered_columns": ("place", "address")}),
    ("correspondence_posting", {
        "frozen_when": "OLD.state <> 'live'", "may_update_columns": ("capture_id",),
        "ordered_columns": ("place", "address", "ended_why")}),
    ("correspondence_findingdispute", {
        "may_update_columns": ("outcome", "outcome_why", "outcome_by_id", "outcome_at", "branch_id"),
        "ordered_columns": ("why", "words_sealed")}),
    ("correspondence_findingdispute", {
        "frozen_when": "OLD.outcome <> ''", "may_update_columns": ("branch_id",), "ordered_columns": ("why", "words_sealed", "outcome_why")}),
)
