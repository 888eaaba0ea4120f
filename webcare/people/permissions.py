"""What each role may do, and how that is asked. Checked in the services, never only by hiding a page."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from webcare.domain import N_, Actor, Role, Said
from webcare.errors import NotAllowed
from webcare.wording import ROLES


class Permission(StrEnum):
    """One thing a person may be allowed to do."""

    SEE_CASES = "see_cases"
    WORK_CASES = "work_cases"  #: claim, note, draft, snooze, resolve, reopen
    SEND_REPLY = "send_reply"
    HAND_OVER = "hand_over"
    CORRECT_TRIAGE = "correct_triage"
    SEE_REPORTS = "see_reports"
    EDIT_RULES = "edit_rules"  #: the brand rules of the guard
    APPROVE_REPLY = "approve_reply"  #: say yes to a colleague's reply
    REVIEW_REPLIES = "review_replies"  #: score sent replies and coach their writers
    SETTLE_DEFECTS = "settle_defects"  #: say what becomes of defects, wishes and praise
    EDIT_TEXTS = "edit_texts"  #: saved replies
    EDIT_POLICIES = "edit_policies"  #: queues, routing, targets, hours, retention
    RUN_INCIDENTS = "run_incidents"  #: open an incident, write its texts, tell its outcome, close it
    SEE_AUDIT = "see_audit"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_ACCOUNTS = "manage_accounts"
    RUN_JOBS = "run_jobs"


#: What each is called, in the list an administrator gives them from and in a refusal.
PERMISSION_WORDS: Mapping[str, str] = {
    Permission.SEE_CASES.value: N_("See cases"),
    Permission.WORK_CASES.value: N_("Work on cases"),
    Permission.SEND_REPLY.value: N_("Send replies"),
    Permission.HAND_OVER.value: N_("Hand over between the lines"),
    Permission.CORRECT_TRIAGE.value: N_("Correct labels"),
    Permission.SEE_REPORTS.value: N_("See figures"),
    Permission.EDIT_RULES.value: N_("Change the brand's rules"),
    Permission.APPROVE_REPLY.value: N_("Approve replies of others"),
    Permission.REVIEW_REPLIES.value: N_("Review and score replies"),
    Permission.SETTLE_DEFECTS.value: N_("Settle defects, wishes and praise"),
    Permission.RUN_INCIDENTS.value: N_("Run incidents"),
    Permission.EDIT_TEXTS.value: N_("Change saved replies"),
    Permission.EDIT_POLICIES.value: N_("Change queues, targets and hours"),
    Permission.SEE_AUDIT.value: N_("See the audit log"),
    Permission.MANAGE_PEOPLE.value: N_("Manage people"),
    Permission.MANAGE_ACCOUNTS.value: N_("Manage network accounts"),
    Permission.RUN_JOBS.value: N_("Run jobs"),
}

_DESK = frozenset({Permission.SEE_CASES, Permission.WORK_CASES, Permission.HAND_OVER, Permission.CORRECT_TRIAGE})
_VOICE = _DESK | {Permission.SEND_REPLY, Permission.EDIT_TEXTS}
_MANAGING = frozenset(
    {Permission.SEE_CASES, Permission.SEE_REPORTS, Permission.APPROVE_REPLY, Permission.EDIT_TEXTS}
    | {Permission.RUN_INCIDENTS, Permission.REVIEW_REPLIES, Permission.SETTLE_DEFECTS}
)

#: Second line has the facts, first line the voice: a specialist advises in notes and does not post.
PERMISSIONS: Mapping[Role, frozenset[Permission]] = {
    Role.FIRST_LINE: _VOICE,
    Role.SECOND_LINE: _DESK | {Permission.SETTLE_DEFECTS},
    Role.TEAM_LEAD: _VOICE | _MANAGING,
    Role.MANAGER: _MANAGING | {Permission.EDIT_RULES, Permission.EDIT_POLICIES, Permission.SEE_AUDIT},
    Role.ADMIN: frozenset(Permission),
    Role.SYSTEM: frozenset({Permission.SEE_CASES, Permission.RUN_JOBS}),
}


def may(actor: Actor, permission: Permission) -> bool:
    """Whether this person's role includes the permission, or it was given to them beyond it."""
    return permission in PERMISSIONS[actor.role] or permission.value in actor.grants


def require(actor: Actor, permission: Permission) -> None:
    """Raise NotAllowed, naming the role and what it lacks, unless the actor holds the permission."""
    if not may(actor, permission):
        told = {"role": Said(ROLES.get(actor.role, actor.role)), "wish": Said(PERMISSION_WORDS[permission])}
        raise NotAllowed(
            "{name} ({role}) does not have this right: {wish}.", name=actor.name, **told, permission=permission
        )


def person_id(actor: Actor) -> int:
    """The id of the person behind an act; raises NotAllowed for a job, which cannot own work."""
    if actor.id is None:
        raise NotAllowed("{name} is a job; only a person can do this.", name=actor.name)
    return actor.id


def rights(role: Role, grants: frozenset[str]) -> frozenset[str]:
    """Everything somebody of this role, with these grants, may do."""
    return frozenset(permission.value for permission in PERMISSIONS[role]) | grants
