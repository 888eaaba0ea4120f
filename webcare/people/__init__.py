"""Colleagues: who may do what, who is signed in, and what is known of everybody.

Roles are checked here and in the services, never only by hiding a page. Password hashing (about 0.3 s of argon2id)
always happens outside a database transaction. Tokens are random; only their SHA-256 is stored.
"""

from webcare.audit import Wanted
from webcare.people.administration import (
    Change,
    NewPerson,
    add_agent,
    add_person,
    change_person,
    close_person,
    reopen_person,
    reset_password,
    sign_out_everywhere,
)
from webcare.people.auditing import as_csv, check_log, export_log, harmless, log_choices, read_log
from webcare.people.directory import Person, colleagues, everybody, find_agent, myself, names_of
from webcare.people.importing import COLUMNS, Added, Problem, TableRefused, add_people, read_people
from webcare.people.own_account import (
    Taste,
    change_password,
    read_hours,
    set_away,
    set_my_hours,
    set_taste,
    write_hours,
)
from webcare.people.passwords import MIN_PASSWORD
from webcare.people.permissions import PERMISSION_WORDS, PERMISSIONS, Permission, may, person_id, require
from webcare.people.provider import Identity, sign_in_known
from webcare.people.signing_in import (
    LOCKED_FOR,
    MAX_FAILED_LOGINS,
    SEEN_EVERY,
    SignInView,
    Standing,
    actor_for_token,
    end_my_other_sign_ins,
    end_my_sign_in,
    my_sign_ins,
    owner_of,
    prune_sign_ins,
    seen,
    sign_in,
    sign_out,
    standing,
)

__all__ = [
    "COLUMNS",
    "LOCKED_FOR",
    "MAX_FAILED_LOGINS",
    "MIN_PASSWORD",
    "PERMISSIONS",
    "PERMISSION_WORDS",
    "SEEN_EVERY",
    "Added",
    "Change",
    "Identity",
    "NewPerson",
    "Permission",
    "Person",
    "Problem",
    "SignInView",
    "Standing",
    "TableRefused",
    "Taste",
    "Wanted",
    "actor_for_token",
    "add_agent",
    "add_people",
    "add_person",
    "as_csv",
    "change_password",
    "change_person",
    "check_log",
    "close_person",
    "colleagues",
    "end_my_other_sign_ins",
    "end_my_sign_in",
    "everybody",
    "export_log",
    "find_agent",
    "harmless",
    "log_choices",
    "may",
    "my_sign_ins",
    "myself",
    "names_of",
    "owner_of",
    "person_id",
    "prune_sign_ins",
    "read_hours",
    "read_log",
    "read_people",
    "reopen_person",
    "require",
    "reset_password",
    "seen",
    "set_away",
    "set_my_hours",
    "set_taste",
    "sign_in",
    "sign_in_known",
    "sign_out",
    "sign_out_everywhere",
    "standing",
    "write_hours",
]
