"""The only place that knows concrete classes: builds the parts a process needs from the settings.

Nothing heavy happens here: channels connect on first use, and the classifier loads (torch included) the first time
somebody asks for it, so that the console and the command line start at once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from webcare.cases.surroundings import Reviewer
from webcare.channels import channel_class, load_channel
from webcare.channels.base import AccountConfig, Channel, Health
from webcare.deciding.access import Stamp, entered_secrets, entered_stamp, renew_access, seal_again
from webcare.domain import Actor
from webcare.errors import ModelMissing, ModelUnusable, SettingsError, WebcareError
from webcare.guard import ReviewContext, review
from webcare.guard.learned.service import Heads, Service
from webcare.guard.profile import SHIPPED
from webcare.guard.rules.book import RuleBook, slip_folders
from webcare.guard.rules.brands import Brand, Brands
from webcare.sealing import sealer
from webcare.settings import AccountSettings, Settings, account_secrets, load_settings
from webcare.store import Store, open_store
from webcare.store.tables import AccountRow
from webcare.triage import load_classifier
from webcare.triage.base import Classifier

if TYPE_CHECKING:
    from webcare.jobs.embedded import Scheduler
    from webcare.store.vectors import Nearest

_log = logging.getLogger(__name__)
#: Between two looks whether somebody renewed an account's access in the browser, in seconds.
_LOOK_EVERY_S = 2.0
#: Of no language, so that each market's own is asked, and long enough for every list to be looked at.
_FIRST_DRAFT = "Hemlund bolmaquuks hemlund bolmaquuks."
#: The slips that come with a checkout of Webcare; an installed package has none.
SHIPPED_SLIPS = Path(__file__).parents[1] / "data" / "guard" / "slips"


class Channels(Mapping[str, Channel]):
    """The configured accounts' channels by account key, each connected when first asked for."""

    def __init__(
        self,
        accounts: Mapping[str, AccountSettings],
        env: Mapping[str, str] | None,
        store: Callable[[], Store] | None = None,
    ) -> None:
        self._accounts = accounts
        self._env = env
        self._store = store
        self._connected: dict[str, tuple[Stamp, Channel]] = {}
        self._looked: dict[str, float] = {}

    def __getitem__(self, key: str) -> Channel:
        """The account's channel, with the access that counts now.

        Raises KeyError for an unknown key, SettingsError for a missing secret or one that cannot be opened.
        """
        known = self._connected.get(key)
        if known is None or time.monotonic() - self._looked[key] >= _LOOK_EVERY_S:
            stamp = self._stamp(key)
            if known is None or known[0] != stamp:
                known = self._connected[key] = (stamp, self.with_secrets(key, {}))
            self._looked[key] = time.monotonic()
        return known[1]

    def with_secrets(self, key: str, secrets: Mapping[str, str]) -> Channel:
        """The account's channel with other secrets in place of those in force. Raises as `__getitem__` does."""
        account = self._accounts[key]
        config = account_config(key, account, self._env)
        return load_channel(account.channel, replace(config, secrets={**self.secrets_of(key), **secrets}))

    def secrets_of(self, key: str) -> dict[str, str]:
        """The secrets of an account that count now. Raises SettingsError for one that cannot be read or opened."""
        return {**account_config(key, self._accounts[key], self._env).secrets, **self._entered(key)}

    def look_again(self) -> None:
        """Look whether access was renewed before the next channel is given."""
        self._looked = dict.fromkeys(self._looked, float("-inf"))

    def _stamp(self, key: str) -> Stamp:
        if self._store is None:
            return ()
        try:
            with self._store().read() as session:
                return entered_stamp(session, key)
        except (WebcareError, SQLAlchemyError):
            # A database that is not there yet or not up to date holds nothing that was entered.
            return ()

    def _entered(self, key: str) -> dict[str, str]:
        if self._store is None or not self._stamp(key):
            return {}
        with self._store().read() as session:
            return entered_secrets(session, key, lambda: sealer(self._env))

    def __iter__(self) -> Iterator[str]:
        return iter(self._accounts)

    def __len__(self) -> int:
        return len(self._accounts)


class App:
    """The desk's parts, made from one Settings."""

    def __init__(self, settings: Settings, env: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        self._env = env
        self.channels: Mapping[str, Channel] = Channels(settings.accounts, env, lambda: self.store)
        self._service: Service | None = None
        self._heads_settled = False

    @cached_property
    def store(self) -> Store:
        """The database. Raises StoreUnavailable when it cannot be opened."""
        return open_store(self.settings.database_url)

    @property
    def hook_token(self) -> str:
        """What Meta must say to subscribe its webhooks to this desk; empty: none are received."""
        return account_secrets("meta_webhook", ("verify_token",), self._env).get("verify_token", "")

    @cached_property
    def classifier(self) -> Classifier:
        """The trained model, or keywords where no weights are."""
        return load_classifier(self.settings.triage, Path(self.settings.desk.models_dir))

    @cached_property
    def learned(self) -> Heads:
        """The guard's learned heads: those of this process once `serve_heads` brought them, else another's."""
        return Heads(self.settings.desk.data_dir)

    @cached_property
    def nearest(self) -> Nearest:
        """Where messages like another one are searched among those that were answered."""
        # Here, so that a process that suggests nothing does not load numpy.
        from webcare.store.vectors import Nearest

        return Nearest()

    @property
    def heads_settled(self) -> bool:
        """Whether `serve_heads` has nothing left to do here."""
        return self._heads_settled

    def serve_heads(self) -> bool:
        """Bring the heads into this process and let others ask them; False where another process still answers.

        Loads the encoder. Where there are no heads that is said once, and the guard names what it could not check.
        """
        if not self.load_heads():
            self._heads_settled = True
            return False
        assert self.learned.here is not None
        if self._service is None:
            self._service = Service(self.learned.here, self.settings.desk.data_dir)
        self._heads_settled = self._service.start()
        return self._heads_settled

    def load_heads(self) -> bool:
        """Bring the heads into this process; False, said in the log, where there are none."""
        from webcare.guard.learned.inprocess import InProcess
        from webcare.triage.transformer import TransformerClassifier

        classifier = self.classifier
        try:
            if not isinstance(classifier, TransformerClassifier):
                raise ModelMissing("mentions are labelled by word lists, so there is no encoder")
            self.learned.here = self.learned.here or InProcess.load(
                classifier.encoder, Path(self.settings.desk.models_dir)
            )
        except (ModelMissing, ModelUnusable) as error:
            _log.warning("the guard works without its learned heads: %s", error)
            return False
        return True

    def close_heads(self) -> None:
        """Answer other processes no more."""
        if self._service is not None:
            self._service.close()

    def brand_of(self, account: str) -> Brand:
        """Who an account speaks as, and its rules, as their files are now.

        Raises SettingsError naming the file and line of a broken brand file or rule.
        """
        try:
            return self.brands.get(self.brand_name(account))
        except SettingsError as error:
            raise SettingsError(f"brand of account {account}: {error}") from error

    def brand_name(self, account: str = "") -> str:
        """The name or path of an account's brand file; without an account that of all others."""
        settings = self.settings.accounts.get(account)
        return (settings.brand if settings else "") or self.settings.guard.brand

    @property
    def brand_names(self) -> tuple[str, ...]:
        """The brands of all accounts, each once."""
        return tuple(dict.fromkeys(self.brand_name(key) for key in (*self.settings.accounts, "")))

    @cached_property
    def brands(self) -> Brands:
        """The brands by name, with the rules this desk's managers wrote for them."""
        return Brands(self.settings.desk.data_dir / "guard" / "rules")

    def rule_book(self, brand: str, *, staff: Iterable[str] = ()) -> RuleBook:
        """The rules of a brand as its managers edit them. Raises SettingsError for a brand that cannot be read."""
        # Here, so that a process without drafts does not load every check.
        from webcare.guard.beside import checks_beside

        found, own = self.brands.get(brand), self.brands.own_folder(brand)
        return RuleBook(
            folder=own,
            beside=tuple(folder for folder in found.folders if folder != own),
            brand=found.profile.name,
            slips=self.slips_for(found.folders),
            others=checks_beside(found.profile, staff=staff, learned=self.learned),
        )

    @cached_property
    def reviewer(self) -> Reviewer:
        """What the guard reads every draft with in this process; notes of other cases are read at first use."""
        # Here, so that a command which reads no draft does not load numpy.
        from webcare.cases.memory import StoredNotes

        return Reviewer(
            learned=self.learned,
            others=StoredNotes(),
            brand_of=self.brand_of,
            markets={key: account.market for key, account in self.settings.accounts.items()},
            zone=ZoneInfo(self.settings.desk.timezone),
        )

    def warm_guard(self) -> None:
        """Judge one draft a market, so that what the guard reads at first use is there before anybody types.

        That is two to three seconds of dictionaries, rules and word lists, for the markets of the accounts only. A
        broken brand file is said in the log; the page that needs it says so too.
        """
        markets = {account.market: key for key, account in self.settings.accounts.items()}
        for market, key in markets.items():
            try:
                brand = self.brand_of(key)
            except SettingsError as error:
                _log.warning("the guard is not ready for market %s: %s", market, error)
                continue
            review(_FIRST_DRAFT, ReviewContext(channel="", market=market, brand=brand.profile, rules=brand.rules))

    @property
    def slips_dir(self) -> Path:
        """Where replies that should have been held are kept as cases the rules must hold."""
        return self.settings.desk.data_dir / "guard" / "slips"

    def slips_for(self, rules: Iterable[Path]) -> tuple[Path, ...]:
        """The folders of slips that rules of these folders must hold: the desk's own, and the shipped rules' own."""
        shipped = any(SHIPPED.resolve() in folder.resolve().parents for folder in rules)
        return slip_folders(self.slips_dir, *([SHIPPED_SLIPS] if shipped else []))

    def renew_access(self, key: str, given: Mapping[str, str], *, by: Actor) -> Health:
        """Try new secrets of an account on its network and keep them sealed; they count at once, everywhere.

        Raises NotAllowed, SettingsError where no key seals, or WebcareError naming why the network refuses them.
        """
        channels = self.channels
        assert isinstance(channels, Channels)
        health = renew_access(
            self.store,
            key,
            given,
            connect=lambda secrets: channels.with_secrets(key, secrets),
            sealer=sealer(self._env),
            by=by,
            clock=utc_now,
        )
        channels.look_again()
        return health

    def seal_again(self) -> int:
        """Seal with the newest key what an older one sealed; gives how many. Without a key there is nothing to do."""
        try:
            found = sealer(self._env)
        except SettingsError:
            return 0
        with self.store.write() as session:
            return seal_again(session, found)

    def register_accounts(self) -> int:
        """Write the configured accounts into the database and switch off those no longer configured; gives how many."""
        with self.store.write() as session:
            known = {row.key: row for row in session.exec(select(AccountRow).order_by(col(AccountRow.id)))}
            for key, account in self.settings.accounts.items():
                row = known.pop(key, None) or AccountRow(key=key, channel=account.channel, external_id="")
                row.channel, row.external_id, row.active = account.channel, account.external_id, row.paused_at is None
                row.name, row.handle = account.name or account.handle, account.handle
                row.market, row.brand = account.market, self.brand_name(key)
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
        self.seal_again()
        run_until_stopped(self)
        self.close_heads()
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
