"""Every error Webcare raises on purpose, told in the words of the person who will read it.

The first sentence of each docstring is what an agent or operator sees when no better detail is known;
`str(error)` gives the detail where there is one. Nothing here imports anything of ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple


class WebcareError(Exception):
    """Something went wrong in Webcare.

    The console can say it in the reader's language when names and numbers are given apart:
    `CaseStateRefused("{name} already works on this case.", name=holder.name)`.
    """

    def __init__(self, message: str = "", **values: object) -> None:
        super().__init__(message.format(**values) if values else message)
        self.template = message
        self.values = values

    def __str__(self) -> str:
        detail = super().__str__()
        return detail or (self.__doc__ or "").strip().splitlines()[0]


# --- configuration and storage -------------------------------------------------------------------


class SettingsError(WebcareError):
    """The configuration cannot be used; the message names the file, the key and the mend."""


class StoreUnavailable(WebcareError):
    """The database cannot be opened, is locked for too long, or cannot be written."""


class StoreOutdated(WebcareError):
    """The database was made by another version of Webcare; run `webcare init` to bring it up to date."""


class ModelMissing(WebcareError):
    """No trained model was found in `models/`; the keyword classifier takes over."""


class ModelUnusable(WebcareError):
    """The files in `models/` cannot be used; the message says which one and why."""


# --- people and cases -----------------------------------------------------------------------------


class NotAllowed(WebcareError):
    """Your role does not allow this."""


class AccountExists(WebcareError):
    """There already is a colleague with this user name or address."""


class SignInRefused(WebcareError):
    """The name or the password is not right, or too many attempts were made; try again later."""


class CaseNotFound(WebcareError):
    """This case does not exist (any more)."""


class CaseChanged(WebcareError):
    """Somebody changed this case while you had it open; look at what is new, then try again."""


class CaseStateRefused(WebcareError):
    """This cannot be done while the case is in its present state."""


class ReplyPending(WebcareError):
    """A reply to this message is already on its way; wait for it or cancel it first."""


class UndoTooLate(WebcareError):
    """The reply has already left; it can no longer be taken back here."""


class ApprovalNeeded(WebcareError):
    """This reply needs a colleague's yes before it may go out."""


class GuardBlocked(WebcareError):
    """The guard held this reply; mend what it points at, then send again."""


class Change(NamedTuple):
    """One thing that is not as the check saw it; texts are empty where there is none to show."""

    part: str  #: text, target, account, attachments, customer, ours, notes, facts, rules or heads
    before: str = ""
    after: str = ""


class VerdictOutdated(WebcareError):
    """The reply or its surroundings changed after the check; check it again before sending."""

    def __init__(self, message: str = "", changes: tuple[Change, ...] = ()) -> None:
        super().__init__(message)
        self.changes = changes


# --- networks: a closed set, so every caller can decide what to do ---------------------------------


class ChannelError(WebcareError):
    """The network did not do what was asked."""

    #: Trying the same call later may succeed.
    retryable = False


#: No network counts requests in windows longer than a day.
_LONGEST_WINDOW = timedelta(hours=25)


def believable(reset_at: datetime | None, now: datetime) -> datetime | None:
    """The end of a network's window as it announced it; None where no window can end that late."""
    return None if reset_at is None or reset_at - now > _LONGEST_WINDOW else reset_at


class ChannelThrottled(ChannelError):
    """The network asks us to wait before the next request."""

    retryable = True

    def __init__(self, message: str = "", *, retry_at: datetime | None = None) -> None:
        super().__init__(message)
        #: When to try again (aware UTC); None when the network did not say.
        self.retry_at = retry_at

    def wait_until(self, now: datetime) -> datetime | None:
        """`retry_at` where it can be true: a network whose clock is a year ahead must not silence us for a year."""
        return believable(self.retry_at, now)


class ChannelUnavailable(ChannelError):
    """The network cannot be reached, or failed before it accepted anything."""

    retryable = True


class ChannelProtocolError(ChannelError):
    """The network answered something we do not understand."""

    retryable = True


class AccountDisconnected(ChannelError):
    """The network no longer accepts our access; connect the account again."""


class TargetGone(ChannelError):
    """The message you answer was deleted or can no longer be seen."""


class ReplyRejected(ChannelError):
    """The network refuses this reply; the message says why."""


class DuplicateReply(ChannelError):
    """The network says this text was already posted; we look whether it is ours before anything else."""


class OutcomeUnknown(ChannelError):
    """The network may or may not have posted the reply; we look there before anything is tried again."""
