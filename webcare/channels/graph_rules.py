"""When Meta lets a page write to somebody: the windows of conversations and of private replies. Pure.

A page may answer for 24 hours after a person's last message, people (never machines) for seven days where the app has
Meta's Human Agent feature, and it may write once to the author of a public comment, within seven days.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from webcare.channels.base import AccountConfig, Permission, ReplyTarget
from webcare.errors import ReplyRejected, SettingsError

WINDOW, HUMAN_WINDOW, PRIVATE_WITHIN = timedelta(hours=24), timedelta(days=7), timedelta(days=7)
#: So long before the end of the 24 hours an answer already goes as a person's, lest it arrive too late.
_EDGE = timedelta(minutes=5)
_PLAIN, _TAGGED = ("RESPONSE", ""), ("MESSAGE_TAG", "HUMAN_AGENT")


@dataclass(frozen=True, slots=True)
class Windows:
    """The rules of one account. `human_agent`: its app has the Human Agent feature."""

    title: str
    human_agent: bool
    needed: tuple[str, ...]  #: permissions without which no message can be sent

    def conversation(self, target: ReplyTarget, now: datetime, missing: Collection[str], open_url: str) -> Permission:
        """Whether a message in a conversation may be answered."""
        if (lacking := self._lacking(missing, open_url)) is not None:
            return lacking
        about = target.raw.get("conversation")
        if isinstance(about, dict) and about.get("can_reply") is False:
            return Permission(False, f"{self.title} lets nobody write in this conversation any more.", open_url)
        heard = target.last_customer_message_at or target.posted_at
        if target.automated and now >= heard + WINDOW - _EDGE:
            return Permission(False, f"{self.title} lets no machine write so long after a person's last message.")
        until = heard + (HUMAN_WINDOW if self.human_agent else WINDOW)
        if now >= until:
            days = "seven days" if self.human_agent else "24 hours"
            return Permission(
                False,
                f"{self.title} lets a page answer for {days} after a person's last message. Answer by hand in the "
                "inbox, or wait until the person writes again.",
                open_url,
            )
        late = now >= heard + WINDOW
        reason = "The 24 hours are over; this goes as the answer of a person (Human Agent)." if late else ""
        return Permission(True, reason, until=until)

    def private_reply(self, target: ReplyTarget, now: datetime, missing: Collection[str], open_url: str) -> Permission:
        """Whether the author of a public post or comment may be written to."""
        if (lacking := self._lacking(missing, open_url)) is not None:
            return lacking
        if target.private_reply_sent:
            return Permission(
                False,
                f"{self.title} takes one private reply to a comment, and it was sent. The conversation goes on when "
                "the person answers it.",
                open_url,
            )
        if target.raw.get("can_reply_privately") is False:
            return Permission(False, f"{self.title} takes no private reply to this person here.", open_url)
        until = target.posted_at + PRIVATE_WITHIN
        if now >= until:
            return Permission(False, f"{self.title} takes private replies for seven days; this is older.", open_url)
        return Permission(True, until=until)

    def messaging(self, heard_at: datetime | None, now: datetime) -> tuple[str, str]:
        """How Meta wants an answer to be declared: `messaging_type` and tag. Raises ReplyRejected after the window."""
        if heard_at is None or now < heard_at + WINDOW - (_EDGE if self.human_agent else timedelta(0)):
            return _PLAIN
        if not self.human_agent or now >= heard_at + HUMAN_WINDOW:
            raise ReplyRejected(
                "The time in which {title} lets a page answer this conversation is over. Answer it by hand "
                "in the inbox on {title}, or wait until the person writes again.",
                title=self.title,
            )
        return _TAGGED

    def _lacking(self, missing: Collection[str], open_url: str) -> Permission | None:
        lacking = [name for name in self.needed if name in missing]
        if not lacking:
            return None
        return Permission(False, f"The token may not send messages; it lacks {', '.join(lacking)}.", open_url)


def switch(config: AccountConfig, name: str, *, default: bool) -> bool:
    """An option that is on or off. Raises SettingsError."""
    value = config.options.get(name, default)
    if not isinstance(value, bool):
        raise SettingsError(f"accounts.{config.key}.options.{name} must be true or false.")
    return value


def count(config: AccountConfig, name: str, *, default: int, least: int, most: int) -> int:
    """An option that is a whole number. Raises SettingsError."""
    value = config.options.get(name, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SettingsError(f"accounts.{config.key}.options.{name} must be a number between {least} and {most}.")
    return value
