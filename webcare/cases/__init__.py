"""Everything a person can do to a case. Each verb checks the person, then writes one event.

`intake` and `outcomes` are the machine's side: what `ingest` and `delivery` report about a case.
"""

from webcare.cases.assignment import assign, claim, hand_back, hand_over
from webcare.cases.closing import reopen, resolve, snooze, wake_snoozed
from webcare.cases.facts import mark_shareable, second_fact, withdraw_fact
from webcare.cases.grading import grade_finding, report_slip
from webcare.cases.labels import correct_triage
from webcare.cases.notes import add_note, discard_draft, draft_of, save_draft
from webcare.cases.outcomes import settle_by_hand
from webcare.cases.record import EventKind, load
from webcare.cases.replies import draft_surroundings, review_reply, send_reply, take_back
from webcare.cases.rulebook import delete_rule, save_rule, try_rule
from webcare.cases.sending import check_and_send

__all__ = [
    "EventKind",
    "add_note",
    "assign",
    "check_and_send",
    "claim",
    "correct_triage",
    "delete_rule",
    "discard_draft",
    "draft_of",
    "draft_surroundings",
    "grade_finding",
    "hand_back",
    "hand_over",
    "load",
    "mark_shareable",
    "reopen",
    "report_slip",
    "resolve",
    "review_reply",
    "save_draft",
    "save_rule",
    "second_fact",
    "send_reply",
    "settle_by_hand",
    "snooze",
    "take_back",
    "try_rule",
    "wake_snoozed",
    "withdraw_fact",
]
