"""From a failed call to the one error of ours that says what to do: tables of refusals, and sentences for people.

Each channel keeps its own tables; the rules here hold on every network. A post that the network may have taken is
never called refused (see docs/adr/0003).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

from webcare.channels.base import AccountConfig, HealthState
from webcare.channels.transport import CallFailed
from webcare.errors import (
    AccountDisconnected,
    ChannelError,
    ChannelProtocolError,
    ChannelThrottled,
    ChannelUnavailable,
    OutcomeUnknown,
    SettingsError,
)
from webcare.settings import secret_variable


@dataclass(frozen=True, slots=True)
class Said:
    """What a network said about a refusal, in the form the tables are asked with."""

    status: int
    codes: frozenset[int]
    text: str  #: its own words, without secrets
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Refusal:
    """One row: which answers it is for, and what they mean. The first row that fits counts.

    A row without statuses fits every status; one without codes and words fits whatever is said. `says` may hold
    {said} for the network's words and {keys} for the environment variables of the account's secrets.
    """

    error: type[ChannelError]
    says: str
    statuses: Collection[int] = ()
    codes: Collection[int] = ()
    words: tuple[str, ...] = ()

    def fits(self, said: Said) -> bool:
        """Whether this row is for that answer."""
        if self.statuses and said.status not in self.statuses:
            return False
        if not self.codes and not self.words:
            return True
        text = said.text.lower()
        return any(code in self.codes for code in said.codes) or any(word in text for word in self.words)


@dataclass(frozen=True, slots=True)
class Explainer:
    """Turns failed calls of one account into our errors. `listen` reads a network's answer."""

    title: str
    keys: str  #: the environment variables of the secrets, for people
    listen: Callable[[CallFailed], Said]
    reading: tuple[Refusal, ...]
    sending: tuple[Refusal, ...]

    def read_error(self, failure: CallFailed) -> ChannelError:
        """What a failed read means."""
        if failure.no_answer:
            return ChannelUnavailable(
                "{title} could not be reached or is not well ({failure}).", title=self.title, failure=failure
            )
        if failure.status is None or failure.status < 400:
            return ChannelProtocolError(
                "{title} answered something we do not understand ({failure}).", title=self.title, failure=failure
            )
        return self.refused(self.listen(failure), self.reading)

    def send_error(self, failure: CallFailed) -> ChannelError:
        """What a failed post means; OutcomeUnknown wherever it may stand there all the same."""
        if failure.never_left:
            return ChannelUnavailable("{title} could not be reached; nothing was posted.", title=self.title)
        if failure.may_have_landed:
            return OutcomeUnknown(
                "{title} did not say whether it posted the reply ({failure}).", title=self.title, failure=failure
            )
        return self.refused(self.listen(failure), self.sending)

    def refused(self, said: Said, rows: Iterable[Refusal]) -> ChannelError:
        """The error of the first row that fits; a table ends with a row that always does."""
        row = next(row for row in rows if row.fits(said))
        message = row.says.format(said=said.text or f"HTTP {said.status}", keys=self.keys, title=self.title)
        if issubclass(row.error, ChannelThrottled):
            return row.error(message, retry_at=said.retry_at)
        return row.error(message)


def health_state(error: ChannelError) -> HealthState:
    """The state of a connection that failed this way."""
    if isinstance(error, AccountDisconnected):
        return HealthState.DISCONNECTED
    return HealthState.THROTTLED if isinstance(error, ChannelThrottled) else HealthState.UNREACHABLE


def variables(config: AccountConfig, names: Iterable[str]) -> str:
    """The environment variables of these secrets, as people read a list."""
    return ", ".join(secret_variable(config.key, name) for name in names)


def require(config: AccountConfig, names: Iterable[str], *, title: str) -> None:
    """Raises SettingsError naming what the account lacks: its id on the network, or secrets in the environment."""
    if not config.external_id.strip():
        raise SettingsError(
            "accounts.{key}.external_id is empty; write the account's own id on {title} there.",
            key=config.key,
            title=title,
        )
    missing = [name for name in names if not config.secrets.get(name)]
    if missing:
        raise SettingsError(
            "The account {key} on {title} lacks secrets; set {names} in the environment (or the same "
            "names with _FILE, holding the path of a file).",
            key=config.key,
            title=title,
            names=variables(config, missing),
        )
