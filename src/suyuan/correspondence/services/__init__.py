"""The only writers of messages and notices."""

from __future__ import annotations

from suyuan.correspondence.services.attaching import (
    incoming_file_fetch,
    incoming_file_keep,
    incoming_file_leave,
    incoming_files_give,
)
from suyuan.correspondence.services.clearing import (
    clearance_ask,
    clearance_vote,
    clearance_withdraw,
    clearances_stop,
    dispute_judge,
    finding_dispute,
    message_wait,
)
from suyuan.correspondence.services.incoming import (
    Arrival,
    incoming_findable,
    incoming_forget,
    incoming_place,
    incoming_set_aside,
    incoming_take,
    message_receive,
)
from suyuan.correspondence.services.mailing import mail_take
from suyuan.correspondence.services.notices import Recipient, staff_notice_send, staff_notify
from suyuan.correspondence.services.outgoing import (
    message_came_back,
    message_change,
    message_deliver,
    message_draft,
    message_mark_delivered,
    message_mark_sent,
    message_queue,
    message_unqueue,
    message_withdraw,
    messages_rescope,
)
from suyuan.correspondence.services.own import (
    allow_add,
    allow_end,
    clinic_rule_activate,
    clinic_rule_change,
    clinic_rule_draft,
    clinic_rule_end,
    clinic_rule_tried,
    clinic_rule_try,
    dispute_review,
)
from suyuan.correspondence.services.publishing import (
    own_name_add,
    own_name_end,
    posting_capture,
    posting_record,
    posting_replace,
    posting_take_down,
)
from suyuan.correspondence.services.stopping import incoming_stop, messages_stop

__all__ = [
    "Arrival",
    "Recipient",
    "allow_add",
    "allow_end",
    "clinic_rule_activate",
    "clinic_rule_change",
    "clinic_rule_draft",
    "clinic_rule_end",
    "clinic_rule_tried",
    "clinic_rule_try",
    "clearance_ask",
    "clearance_vote",
    "clearance_withdraw",
    "clearances_stop",
    "dispute_judge",
    "dispute_review",
    "finding_dispute",
    "incoming_file_fetch",
    "incoming_file_keep",
    "incoming_file_leave",
    "incoming_files_give",
    "incoming_findable",
    "incoming_forget",
    "incoming_place",
    "incoming_set_aside",
    "incoming_stop",
    "incoming_take",
    "mail_take",
    "message_came_back",
    "message_change",
    "message_deliver",
    "message_draft",
    "message_mark_delivered",
    "message_mark_sent",
    "message_queue",
    "message_receive",
    "message_unqueue",
    "message_wait",
    "message_withdraw",
    "messages_rescope",
    "messages_stop",
    "own_name_add",
    "own_name_end",
    "posting_capture",
    "posting_record",
    "posting_replace",
    "posting_take_down",
    "staff_notice_send",
    "staff_notify",
]
