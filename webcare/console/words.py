"""The words of the console for what the domain calls by code names, and how times are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta

from babel.dates import get_day_names, get_month_names

from webcare.channels.base import Action
from webcare.console.desk import zone
from webcare.console.tongue import N_, _, kept, speaking
from webcare.domain import CaseState, DeliveryState, Line, Resolution, Sentiment
from webcare.languages import length
from webcare.wording import CHANNELS as CHANNELS
from webcare.wording import QUEUES as QUEUES
from webcare.wording import ROLES as ROLES
from webcare.wording import TOPICS as TOPICS
from webcare.wording import URGENCIES as URGENCIES

LINES: Mapping[str, str] = {Line.FIRST_LINE.value: N_("First line"), Line.SECOND_LINE.value: N_("Second line")}
SENTIMENTS: Mapping[str, str] = {
    Sentiment.NEGATIVE.value: N_("Negative"),
    Sentiment.NEUTRAL.value: N_("Neutral"),
    Sentiment.POSITIVE.value: N_("Positive"),
}
LANGUAGES: Mapping[str, str] = {
    "nl": N_("Dutch"),
    "en": N_("English"),
    "sv": N_("Swedish"),
    "nb": N_("Norwegian"),
    "da": N_("Danish"),
    "de": N_("German"),
}
#: What speakers call their language: the same in every interface.
_OWN_NAMES: Mapping[str, str] = {
    "nl": "Nederlands",
    "en": "English",
    "sv": "Svenska",
    "nb": "Norsk",
    "da": "Dansk",
    "de": "Deutsch",
    "fr": "Français",
}
STATES: Mapping[str, str] = {
    CaseState.NEW.value: N_("New"),
    CaseState.OPEN.value: N_("Open"),
    CaseState.WAITING.value: N_("Waiting for the customer"),
    CaseState.SNOOZED.value: N_("Put aside"),
    CaseState.RESOLVED.value: N_("Resolved"),
}
#: The guard's checks, as people would call them.
CHECKS: Mapping[str, str] = {
    "answering": N_("Question left open"),
    "brand": N_("Brand rules"),
    "copied": N_("Copied from a note"),
    "days": N_("Day that is over"),
    "hidden": N_("Hidden characters"),
    "jokes": N_("Jokes"),
    "language": N_("Language and greeting"),
    "length": N_("Length"),
    "links": N_("Links"),
    "markers": N_("Internal marks"),
    "names": N_("Customer's name"),
    "note_like": N_("Talk among colleagues"),
    "personal_data": N_("Personal data"),
    "platform": N_("Network's own rules"),
    "said_again": N_("Note in other words"),
    "spelling": N_("Spelling"),
}
RESOLUTIONS: Mapping[str, str] = {
    Resolution.ANSWERED.value: N_("Answered"),
    Resolution.NO_REPLY_NEEDED.value: N_("No reply needed"),
    Resolution.SOLVED_ELSEWHERE.value: N_("Solved elsewhere"),
    Resolution.DUPLICATE.value: N_("Duplicate of another case"),
    Resolution.SPAM.value: N_("Spam"),
    Resolution.TARGET_GONE.value: N_("The message is gone"),
}
DELIVERIES: Mapping[str, str] = {
    DeliveryState.PENDING.value: N_("About to leave"),
    DeliveryState.SENDING.value: N_("On its way"),
    DeliveryState.SENT.value: N_("Posted"),
    DeliveryState.FAILED.value: N_("Refused by the network"),
    DeliveryState.UNCONFIRMED.value: N_("Looking whether it arrived"),
    DeliveryState.NEEDS_HUMAN.value: N_("Nobody knows whether it arrived"),
    DeliveryState.CANCELLED.value: N_("Taken back"),
}
#: Why a reply was stopped here, by its code.
_NOT_SENT: Mapping[str, str] = {
    "guard": N_("Not sent"),
    "waited": N_("Not sent, it waited too long"),
    "refused": N_("Not sent"),
    "part_before": N_("Not sent"),
    "TargetGone": N_("Not sent"),
    "not_posted": N_("Not posted"),
}
#: While the network has not heard of it, once it did it, and when it refused.
_ACTIONS: Mapping[Action, tuple[str, str, str]] = {
    Action.HIDE: (N_("being hidden"), N_("hidden"), N_("not hidden")),
    Action.UNHIDE: (N_("being shown again"), N_("shown again"), N_("still hidden")),
    Action.LIKE: (N_("being liked"), N_("liked"), N_("not liked")),
    Action.UNLIKE: (N_("like being taken back"), N_("like taken back"), N_("still liked")),
    Action.DELETE: (N_("being retracted"), N_("retracted"), N_("not retracted")),
}
EVENTS: Mapping[str, str] = {
    "opened": N_("Case opened"),
    "joined": N_("Customer wrote again"),
    "reopened": N_("Reopened"),
    "edited": N_("Customer changed a message"),
    "message_gone": N_("A message is gone; its words were removed"),
    "claimed": N_("Taken"),
    "assigned": N_("Assigned"),
    "handed_over": N_("Handed to the second line"),
    "handed_back": N_("Handed back to the first line"),
    "question_due": N_("Answer of the second line nearly due"),
    "question_returned": N_("Question came back without an answer"),
    "question_withdrawn": N_("Question withdrawn"),
    "shared_out": N_("Given out by the desk"),
    "given_back": N_("Back in the queue, nobody there"),
    "noted": N_("Note written"),
    "tagged": N_("Tags changed"),
    "corrected": N_("Labels corrected"),
    "marked_shareable": N_("Sentence marked as shareable"),
    "fact_seconded": N_("Shareable sentence seconded"),
    "fact_withdrawn": N_("Shareable sentence taken back"),
    "snoozed": N_("Put aside"),
    "woken": N_("Back in the queue"),
    "resolved": N_("Resolved"),
    "reply_approved": N_("Reply approved"),
    "reply_cancelled": N_("Reply taken back"),
    "reply_sent": N_("Reply posted"),
    "reply_failed": N_("Reply refused by the network"),
    "reply_unconfirmed": N_("Reply sent, not yet confirmed"),
    "reply_requeued": N_("Reply tried again"),
    "reply_needs_human": N_("Reply needs a look by a person"),
    "slip_reported": N_("Reply reported as a slip"),
    "answered_by_hand": N_("Answered on the network, recorded here"),
    "retraction_asked": N_("Retraction asked"),
    "reply_retracted": N_("Reply retracted"),
    "action_asked": N_("Something asked of the network"),
    "action_done": N_("Done on the network"),
    "action_failed": N_("Not done by the network"),
    "undone": N_("Last step undone"),
    "customer_linked": N_("Customer known on another network too"),
    "customer_unlinked": N_("Accounts of the customer taken apart"),
    "approval_asked": N_("Reply waits for a colleague's yes"),
    "approval_given": N_("Reply approved by a colleague"),
    "approval_given_edited": N_("Reply approved with changes by a colleague"),
    "approval_refused": N_("Reply not approved"),
    "approval_withdrawn": N_("Waiting reply taken back by its author"),
    "approval_overtaken": N_("Waiting reply overtaken by another answer"),
    "promise_kept": N_("Promise kept"),
    "promise_broken": N_("Promise broken"),
    "promise_dropped": N_("Not a promise after all"),
    "promise_moved": N_("Promise moved"),
    "defect_linked": N_("Linked to a defect"),
    "defect_unlinked": N_("No longer linked to a defect"),
    "defect_mended": N_("The defect is mended"),
    "feedback_passed": N_("Wish or praise passed on"),
    "feedback_acknowledged": N_("Wish or praise acknowledged"),
    "survey_asked": N_("Customer is asked how we helped"),
    "survey_sent": N_("Customer was asked how we helped"),
    "survey_failed": N_("Customer was not asked how we helped after all"),
    "rated": N_("Customer rated our help"),
    "survey_stopped": N_("Customer wants no more questions about our help"),
}


def word(words: Mapping[str, str], code: str) -> str:
    """The word for a code; a code we do not know is shown as it is, readable."""
    return _(words.get(code, "")) or code.replace("_", " ").capitalize() or "–"


def delivery(state: str, code: str) -> str:
    """How a reply stands; one that never left says who stopped it."""
    if state == DeliveryState.FAILED.value and code in _NOT_SENT:
        return _(_NOT_SENT[code])
    return word(DELIVERIES, state)


def action(what: Action, state: str, who: str, error: str) -> str:
    """What somebody did to a post, or why the network did not."""
    being, done, failed = (_(said) for said in _ACTIONS[what])
    if state == "failed":
        return f"{failed}: {kept(error)}" if error else failed
    return _("{done} by {who}").format(done=done, who=who) if state == "done" else f"{being} …"


def unread(told: str) -> str:
    """The name of a check that could not run, and why; a verdict tells it as "check: why"."""
    check, _, why = told.partition(": ")
    return f"“{word(CHECKS, check)}”" + (f" ({why})" if why else "")


def own_name(language: str) -> str:
    """What a language calls itself, e.g. "Svenska"; a code we do not know is shown as it is."""
    return _OWN_NAMES.get(language) or language.upper() or "–"


def clock_time(moment: datetime, *, now: datetime) -> str:
    """ "14:05" for today, "Mon 14:05" for this week, "3 Nov 14:05" before; in the desk's zone."""
    local, today = moment.astimezone(zone()), now.astimezone(zone())
    days = (today.date() - local.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if 0 < days < 7:
        return f"{_weekday(local)} {local:%H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {_month(local)}{year} {local:%H:%M}"


def day(on: date, *, now: datetime) -> str:
    """ "Today", "Yesterday", "Mon 3 Nov", "3 Nov 2024"; `on` is a day of the reader's zone."""
    today = now.astimezone(zone()).date()
    days = (today - on).days
    if days in (0, 1):
        return _("Today") if days == 0 else _("Yesterday")
    return f"{_weekday(on)} {on.day} {_month(on)}" if on.year == today.year else f"{on.day} {_month(on)} {on.year}"


def day_and_month(on: date) -> str:
    """ "3 Nov"."""
    return f"{on.day} {_month(on)}"


def _weekday(on: date) -> str:
    return str(get_day_names("abbreviated", locale=speaking())[on.weekday()])


def _month(on: date) -> str:
    return str(get_month_names("abbreviated", locale=speaking())[on.month])


def duration(span: timedelta | None) -> str:
    """ "45 s", "12 min", "3 h 20 min", "2 d 4 h", in the reader's language; a dash for none."""
    return length(span, _)


def long_day(on: date) -> str:
    """ "3 Nov 2026", in the reader's language."""
    return f"{on.day} {_month(on)} {on.year}"
