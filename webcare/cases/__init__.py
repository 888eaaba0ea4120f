"""Everything a person can do to a case. Each verb checks the person, then writes one event.

`intake` and `outcomes` are the machine's side: what `ingest` and `delivery` report about a case.
"""

from webcare.cases.acting import actions_of, ask_action, retract
from webcare.cases.answering import ask, message_to_answer, target_of, ways_offered
from webcare.cases.approval_rules import decide_approval
from webcare.cases.approvals import approve_reply, refuse_reply, withdraw_reply
from webcare.cases.assignment import assign, claim
from webcare.cases.by_hand import ByHand
from webcare.cases.closing import reopen, resolve, snooze, wake_snoozed
from webcare.cases.drafts import discard_draft, draft_of, save_draft
from webcare.cases.facts import mark_shareable, second_fact, withdraw_fact
from webcare.cases.grading import grade_finding, report_slip
from webcare.cases.handing_over import Fact, hand_back, hand_over, withdraw_question
from webcare.cases.labels import correct_triage
from webcare.cases.notes import add_note
from webcare.cases.outcomes import settle_by_hand
from webcare.cases.promises import break_promise, drop_promise, keep_promise, move_promise
from webcare.cases.record import EventKind, load
from webcare.cases.replies import draft_surroundings, review_reply, send_reply, take_back
from webcare.cases.rulebook import delete_rule, save_rule, try_rule
from webcare.cases.sending import check_and_send

__all__ = [
    "ByHand",
    "EventKind",
    "Fact",
    "actions_of",
    "add_note",
    "approve_reply",
    "ask",
    "ask_action",
    "assign",
    "break_promise",
    "check_and_send",
    "claim",
    "correct_triage",
    "decide_approval",
    "delete_rule",
    "discard_draft",
    "draft_of",
    "draft_surroundings",
    "drop_promise",
    "grade_finding",
    "hand_back",
    "hand_over",
    "keep_promise",
    "load",
    "mark_shareable",
    "message_to_answer",
    "move_promise",
    "refuse_reply",
    "reopen",
    "report_slip",
    "resolve",
    "retract",
    "review_reply",
    "save_draft",
    "save_rule",
    "second_fact",
    "send_reply",
    "settle_by_hand",
    "snooze",
    "take_back",
    "target_of",
    "try_rule",
    "wake_snoozed",
    "ways_offered",
    "withdraw_fact",
    "withdraw_question",
    "withdraw_reply",
]
