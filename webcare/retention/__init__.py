"""Letting go of what is about customers: after so many months, and on a person's request.

Figures stay: cases, times, labels, events and who did what. Words, names, ids and pictures go. Backups are not reached
from here; docs/administration.md says how they expire.
"""

from webcare.retention.due import (
    NONE,
    RECOMMENDED,
    Due,
    Retention,
    decide_retention,
    look_ahead,
    read_retention,
    remove_due,
)
from webcare.retention.people import Person, Trace, erase_person, export_person, find_person, trace

__all__ = [
    "NONE",
    "RECOMMENDED",
    "Due",
    "Person",
    "Retention",
    "Trace",
    "decide_retention",
    "erase_person",
    "export_person",
    "find_person",
    "look_ahead",
    "read_retention",
    "remove_due",
    "trace",
]
