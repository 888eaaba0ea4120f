"""Telling people what cannot wait for them to look: deadlines near and missed, incidents, digests."""

from webcare.alerting.choices import (
    Choice,
    DeadLetter,
    choose,
    dead_count,
    dead_letters,
    drop,
    my_choice,
    send_again,
)
from webcare.alerting.notifying import notify
from webcare.alerting.rules import decide_notices
from webcare.settings import Notice

__all__ = [
    "Choice",
    "DeadLetter",
    "Notice",
    "choose",
    "dead_count",
    "dead_letters",
    "decide_notices",
    "drop",
    "my_choice",
    "notify",
    "send_again",
]
