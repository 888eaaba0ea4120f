"""The only place that knows concrete classes: builds the parts a process needs from the settings.

Nothing heavy happens here: channels connect on first use, and the classifier loads (torch included) the first time
somebody asks for it, so that the console and the command line start at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from sqlmodel import col, select

from webcare.channels import channel_class, load_channel
from webcare.channels.base import AccountConfig, Channel
from webcare.errors import SettingsError
from webcare.guard.rules.brands import Brand, load_brand
from webcare.settings import AccountSettings, Settings, account_secrets, load_settings
from webcare.store import Store, open_store
from webcare.store.tables import AccountRow
from webcare.triage import load_classifier
from webcare.triage.base import Classifier

if TYPE_CHECKING:
    from webcare.jobs.embedded import Scheduler


class Channels(Mapping[str, Channel]):
    """The configured accounts' channels by account key, each connected when first asked for."""

    def __init__(self, accounts: Mapping[str, AccountSettings], env: Mapping[str, str] | None) -> None:
        self._accounts = accounts
        self._env = env
        self._connected: dict[str, Channel] = {}

    def __getitem__(self, key: str) -> Channel:
        """The account's channel. Raises KeyError for an unknown key, SettingsError for a missing secret."""
        if key not in self._connected:
            account = self._accounts[key]
            self._connected[key] = load_channel(account.channel, account_config(key, account, self._env))
        return self._connected[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)


class App:
    """The desk's parts, made from one Settings."""

    def __init__(self, settings: Settings, env: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self.channels: Mapping[str, Channel] = Channels(settings.accounts, env)
        self._brands: dict[str, Brand] = {}

    @cached_property
    def store(self) -> Store:
        """The database. Raises StoreUnavailable when it cannot be opened."""
        return open_store(self.settings.database_url)

    @cached_property
    def classifier(self) -> Classifier:
        """The trained model, or keywords where no weights are."""
        return load_classifier(self.settings.triage, Path(self.settings.desk.models_dir))

    def brand_of(self, account: str) -> Brand:
        """Who an account speaks as, and its rules; read once, so a changed file counts from the next start.

        Raises SettingsError naming the file and line of a broken brand file or rule.
        """
        settings = self.settings.accounts.get(account)
        name = (settings.brand if settings else "") or self.settings.guard.brand
        if name not in self._brands:
            try:
                self._brands[name] = load_brand(name)
            except SettingsError as error:
                raise SettingsError(f"brand of account {account}: {error}") from error
        return self._brands[name]

    def register_accounts(self) -> int:
        """Write the configured accounts into the database and switch off those no longer configured; gives how many."""
        with self.store.write() as session:
            known = {row.key: row for row in session.exec(select(AccountRow).order_by(col(AccountRow.id)))}
            for key, account in self.settings.accounts.items():
                row = known.pop(key, None) or AccountRow(key=key, channel=account.channel, external_id="")
                row.channel, row.external_id, row.active = account.channel, account.external_id, True
                row.name, row.handle = account.name or account.handle, account.handle
                session.add(row)
            for row in known.values():
                row.active = False
                session.add(row)
        return len(self.settings.accounts)

    def scheduler(self) -> Scheduler:
        """What runs the jobs in this process; not started yet."""
        # Here, so that a process that runs no jobs does not load APScheduler.
        from webcare.jobs.embedded import Scheduler

        return Scheduler(self)

    def run_jobs(self) -> None:
        """Run the jobs in this process until SIGTERM or Ctrl-C. Raises StoreUnavailable, StoreOutdated at the start."""
        from webcare.jobs.embedded import run_until_stopped

        self.store.check()
        self.register_accounts()
        run_until_stopped(self)
        self.store.dispose()


def account_config(key: str, account: AccountSettings, env: Mapping[str, str] | None = None) -> AccountConfig:
    """What a channel is built from: the account's settings and the secrets the environment holds for it."""
    return AccountConfig(
        key=key,
        external_id=account.external_id,
        handle=account.handle,
        api_base=account.api_base,
        timeout_s=account.timeout_s,
        options=account.options,
        secrets=account_secrets(key, channel_class(account.channel).secret_names, env),
    )


def build_app(settings: Settings | None = None, env: Mapping[str, str] | None = None) -> App:
    """Build the desk from `settings`, or from the files and environment where the process runs."""
    return App(settings or load_settings(env=env), env)


def utc_now() -> datetime:
    """The clock of real processes; tests pass their own."""
    return datetime.now(UTC)
