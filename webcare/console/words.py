"""The words of the console for what the domain calls by code names, and how times are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from webcare.console.desk import zone
from webcare.domain import CaseState, DeliveryState, Line, Resolution, Role, Sentiment, Topic, Urgency

QUEUES: Mapping[str, str] = {"first_line": "First line", "second_line": "Second line", "unsorted": "Unsorted"}
LINES: Mapping[str, str] = {Line.FIRST_LINE.value: "First line", Line.SECOND_LINE.value: "Second line"}
URGENCIES: Mapping[str, str] = {
    Urgency.CRITICAL.value: "Critical",
    Urgency.HIGH.value: "High",
    Urgency.NORMAL.value: "Normal",
    Urgency.LOW.value: "Low",
}
SENTIMENTS: Mapping[str, str] = {
    Sentiment.NEGATIVE.value: "Negative",
    Sentiment.NEUTRAL.value: "Neutral",
    Sentiment.POSITIVE.value: "Positive",
}
TOPICS: Mapping[str, str] = {
    Topic.DELIVERY.value: "Delivery",
    Topic.ORDER.value: "Order",
    Topic.PAYMENT.value: "Payment",
    Topic.RETURN.value: "Return",
    Topic.PRODUCT_FAULT.value: "Product fault",
    Topic.PRODUCT_ADVICE.value: "Product advice",
    Topic.AVAILABILITY.value: "Availability",
    Topic.STORE.value: "Store",
    Topic.WEBSITE_APP.value: "Website and app",
    Topic.SAFETY_LEGAL.value: "Safety and legal",
    Topic.BRAND.value: "Brand",
    Topic.OTHER.value: "Other",
}
LANGUAGES: Mapping[str, str] = {
    "nl": "Dutch",
    "en": "English",
    "sv": "Swedish",
    "nb": "Norwegian",
    "da": "Danish",
    "de": "German",
}
STATES: Mapping[str, str] = {
    CaseState.NEW.value: "New",
    CaseState.OPEN.value: "Open",
    CaseState.WAITING.value: "Waiting for the customer",
    CaseState.SNOOZED.value: "Put aside",
    CaseState.RESOLVED.value: "Resolved",
}
#: The guard's checks, as people would call them.
CHECKS: Mapping[str, str] = {
    "answering": "Question left open",
    "brand": "Brand rules",
    "copied": "Copied from a note",
    "days": "Day that is over",
    "hidden": "Hidden characters",
    "jokes": "Jokes",
    "language": "Language and greeting",
    "length": "Length",
    "links": "Links",
    "markers": "Internal marks",
    "names": "Customer's name",
    "note_like": "Talk among colleagues",
    "personal_data": "Personal data",
    "platform": "Network's own rules",
    "said_again": "Note in other words",
    "spelling": "Spelling",
}
RESOLUTIONS: Mapping[str, str] = {
    Resolution.ANSWERED.value: "Answered",
    Resolution.NO_REPLY_NEEDED.value: "No reply needed",
    Resolution.SOLVED_ELSEWHERE.value: "Solved elsewhere",
    Resolution.DUPLICATE.value: "Duplicate of another case",
    Resolution.SPAM.value: "Spam",
    Resolution.TARGET_GONE.value: "The message is gone",
}
DELIVERIES: Mapping[str, str] = {
    DeliveryState.PENDING.value: "About to leave",
    DeliveryState.SENDING.value: "On its way",
    DeliveryState.SENT.value: "Posted",
    DeliveryState.FAILED.value: "Refused by the network",
    DeliveryState.UNCONFIRMED.value: "Looking whether it arrived",
    DeliveryState.NEEDS_HUMAN.value: "Nobody knows whether it arrived",
    DeliveryState.CANCELLED.value: "Taken back",
}
ROLES: Mapping[str, str] = {
    Role.FIRST_LINE.value: "First line",
    Role.SECOND_LINE.value: "Second line",
    Role.TEAM_LEAD.value: "Team lead",
    Role.MANAGER.value: "Manager",
    Role.ADMIN.value: "Administrator",
}
CHANNELS: Mapping[str, str] = {"x": "X", "facebook": "Facebook"}
EVENTS: Mapping[str, str] = {
    "opened": "Case opened",
    "joined": "Customer wrote again",
    "reopened": "Reopened",
    "edited": "Customer changed a message",
    "claimed": "Taken",
    "assigned": "Assigned",
    "handed_over": "Handed to the second line",
    "handed_back": "Handed back to the first line",
    "noted": "Note written",
    "corrected": "Labels corrected",
    "marked_shareable": "Sentence marked as shareable",
    "fact_seconded": "Shareable sentence seconded",
    "fact_withdrawn": "Shareable sentence taken back",
    "snoozed": "Put aside",
    "woken": "Back in the queue",
    "resolved": "Resolved",
    "reply_approved": "Reply approved",
    "reply_cancelled": "Reply taken back",
    "reply_sent": "Reply posted",
    "reply_failed": "Reply refused by the network",
    "reply_unconfirmed": "Reply sent, not yet confirmed",
    "reply_requeued": "Reply tried again",
    "reply_needs_human": "Reply needs a look by a person",
    "slip_reported": "Reply reported as a slip",
}


def word(words: Mapping[str, str], code: str) -> str:
    """The word for a code; a code we do not know is shown as it is, readable."""
    return words.get(code) or code.replace("_", " ").capitalize() or "–"


def unread(told: str) -> str:
    """The name of a check that could not run, and why; a verdict tells it as "check: why"."""
    check, _, why = told.partition(": ")
    return f"“{word(CHECKS, check)}”" + (f" ({why})" if why else "")


def clock_time(moment: datetime, *, now: datetime) -> str:
    """ "14:05" for today, "Mon 14:05" for this week, "3 Nov 14:05" before; in the desk's zone."""
    local, today = moment.astimezone(zone()), now.astimezone(zone())
    days = (today.date() - local.date()).days
    if days == 0:
        return f"{local:%H:%M}"
    if 0 < days < 7:
        return f"{local:%a %H:%M}"
    year = "" if local.year == today.year else f" {local.year}"
    return f"{local.day} {local:%b}{year} {local:%H:%M}"


def duration(span: timedelta | None) -> str:
    """ "45 s", "12 min", "3 h 20 min", "2 d 4 h"; a dash for none."""
    if span is None:
        return "–"
    seconds = int(abs(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 60:
        return f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def plural(count: int, one: str, many: str | None = None) -> str:
    """ "1 case", "3 cases"."""
    return f"{count} {one if count == 1 else many or one + 's'}"
