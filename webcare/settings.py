"""Typed settings: `defaults.toml` <- `webcare.toml` <- environment. Secrets only from the environment.

Nothing is read at import time; `load_settings` does all of it and turns every problem into one SettingsError
that names the key, what is wrong and how to mend it. It never prints a secret.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from webcare.domain import Role
from webcare.errors import SettingsError

ENV_PREFIX = "WEBCARE_"
SECRET_PREFIX = "WEBCARE_SECRET_"  # noqa: S105 - a prefix, not a secret
CONFIG_VARIABLE = "WEBCARE_CONFIG"
DEFAULTS = Path(__file__).with_name("defaults.toml")

Positive = Annotated[float, Field(gt=0)]
PositiveInt = Annotated[int, Field(gt=0)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class DeskSettings(_Section):
    """Names, places and the zone times are shown in."""

    brand: str
    data_dir: Path
    database_url: str
    timezone: str
    language: Literal["en", "nl", "sv", "nb"]
    models_dir: Path

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError) as error:
            raise ValueError(f"{value!r} is not a time zone; write one like Europe/Amsterdam") from error
        return value


class PollingSettings(_Section):
    """How often and how much the pollers ask."""

    every_s: Positive
    max_pages: PositiveInt
    page_size: Annotated[int, Field(ge=5, le=100)]


class SweepSettings(_Section):
    """How stored posts are compared with their networks, so that deletions and edits are honoured within a day."""

    every_h: Annotated[float, Field(gt=0, le=24)]
    days: PositiveInt
    calls: PositiveInt
    up_to: Annotated[float, Field(gt=0, le=1)]


class SpendingSettings(_Section):
    """What one account may spend in a UTC day, and what happens then."""

    daily_cap: Annotated[float, Field(ge=0)]
    slow_by: Annotated[float, Field(ge=1)]
    hard: bool


class PricingSettings(_Section):
    """What networks charge, in micros by channel and what is read or written."""

    currency: Annotated[str, Field(min_length=1, max_length=3)]
    channels: dict[str, dict[str, Annotated[int, Field(ge=0)]]] = Field(default_factory=dict)


class TriageSettings(_Section):
    """Which classifier labels mentions."""

    engine: Literal["auto", "transformer", "keywords"]
    unsorted_below: Annotated[float, Field(ge=0, le=1)]
    batch_size: PositiveInt


class StoreSettings(_Section):
    """A shop of ours that customers name; a case about it takes the skill "store:<key>"."""

    names: Annotated[list[str], Field(min_length=1)]
    brand: str = ""

    @field_validator("names")
    @classmethod
    def _names_hold_words(cls, value: list[str]) -> list[str]:
        for name in value:
            if not any(char.isalnum() for char in name):
                raise ValueError(f"{name!r} holds no word; write the name as customers do")
        return value


class RoutingSettings(_Section):
    """Targets for a first answer, in minutes."""

    critical_within_min: PositiveInt
    high_within_min: PositiveInt
    normal_within_min: PositiveInt
    low_within_min: PositiveInt
    stores: dict[str, StoreSettings] = Field(default_factory=dict)

    def within(self, urgency: str) -> timedelta:
        """The target of one urgency level."""
        return timedelta(minutes=getattr(self, f"{urgency}_within_min"))


class DeliverySettings(_Section):
    """The outbox's times; see docs/adr/0003."""

    undo_s: Annotated[float, Field(ge=0)]
    every_s: Positive
    claim_deadline_s: Positive
    call_timeout_s: Positive
    settle_s: Annotated[float, Field(ge=0)]
    read_back_gap_s: Annotated[float, Field(ge=0)]
    unseen_min: Annotated[float, Field(ge=0)]
    give_up_after_h: Positive
    recheck_after_min: Positive


class ReturnSettings(_Section):
    """How long a question may stay with the second line, in minutes by urgency."""

    critical: PositiveInt
    high: PositiveInt
    normal: PositiveInt
    low: PositiveInt


class SecondLineSettings(_Section):
    """When an unanswered question goes back to the one who asked."""

    warn_at: Annotated[float, Field(gt=0, lt=1)]
    return_min: ReturnSettings

    def answer_within(self, urgency: str) -> timedelta:
        """How long a question of one urgency level may wait."""
        return timedelta(minutes=getattr(self.return_min, urgency))


class SharingSettings(_Section):
    """Who counts as being at work, and how long a case waits for somebody who is not."""

    present_min: Positive
    absent_min: Annotated[float, Field(ge=0)]


class Notice(StrEnum):
    """What people outside the console can be told of."""

    DEADLINE_NEAR = "deadline_near"
    DEADLINE_MISSED = "deadline_missed"
    INCIDENT = "incident"
    DIGEST = "digest"  #: the figures of a day or week


class AlertSettings(_Section):
    """When people are warned of a deadline."""

    warn_at: Annotated[float, Field(gt=0, lt=1)]
    every_s: Positive


class PlaceSettings(_Section):
    """Somewhere that notifications go; its address is the secret NOTIFY_<NAME>_URL."""

    kinds: Annotated[list[Notice], Field(min_length=1)]
    language: Literal["", "en", "nl", "sv", "nb"] = ""  #: empty = desk.language


ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class NotificationSettings(_Section):
    """How people outside the console are told; docs/notifications.md."""

    address: str
    quiet_from: ClockTime
    quiet_until: ClockTime
    loud: list[Notice]
    customer_text: bool
    timeout_s: Positive
    tries: PositiveInt
    retry_s: Positive
    places: dict[str, PlaceSettings] = Field(default_factory=dict)

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/?#@]+(/[^\s?#]*)?", value):
            raise ValueError(f"{value!r} is no address of a desk; write one like https://desk.example")
        return value

    @field_validator("places")
    @classmethod
    def _names_fit(cls, value: dict[str, PlaceSettings]) -> dict[str, PlaceSettings]:
        for name in value:
            if not re.fullmatch(r"[a-z0-9_]{1,40}", name) or name == "mail":
                raise ValueError(f"{name!r} cannot name a place; use letters, digits and _, and not mail")
        return value


class DigestSettings(_Section):
    """When the figures are put together by themselves."""

    every: Literal["off", "daily", "weekly"]
    at: ClockTime
    weekday: Annotated[int, Field(ge=1, le=7)]


class IncidentSettings(_Section):
    """When too many of a kind are an alarm, and how the holding text is spread."""

    every_s: Positive
    false_alarms_a_month: Annotated[float, Field(gt=0, le=100)]
    same_text_min: Annotated[float, Field(ge=0, le=60)]


class GuardSettings(_Section):
    """Whose rules the guard goes by."""

    brand: str


class JobsSettings(_Section):
    """Who runs the jobs."""

    embedded: bool
    lease_s: Positive


class ConsoleSettings(_Section):
    """Where the console listens."""

    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    sign_in_hours: Positive
    secure_cookie: bool
    proxies: Annotated[int, Field(ge=0, le=9)]


class OidcSettings(_Section):
    """The identity provider people may sign in through (OpenID Connect); docs/sign-in.md."""

    issuer: str
    name: str
    client_id: str
    metadata_url: str
    address: str
    groups_claim: str
    # Whoever left a group keeps what it opened for so long, so it is a day at most.
    sign_in_hours: Annotated[float, Field(gt=0, le=24)]
    only: bool
    roles: dict[str, Role] = Field(default_factory=dict)

    @field_validator("roles")
    @classmethod
    def _no_job(cls, value: dict[str, Role]) -> dict[str, Role]:
        if Role.SYSTEM in value.values():
            raise ValueError("the role of the jobs is for no group")
        return value

    @model_validator(mode="after")
    def _complete(self) -> OidcSettings:
        needed = {"client_id": self.client_id, "address": self.address, "roles": self.roles}
        if missing := [name for name, value in needed.items() if self.issuer and not value]:
            raise ValueError(f"with an issuer these are needed too: {', '.join(missing)}")
        if self.only and not self.issuer:
            raise ValueError("only = true without an issuer would let nobody in")
        return self

    @property
    def is_on(self) -> bool:
        """Whether people may sign in through it."""
        return bool(self.issuer)

    @property
    def metadata(self) -> str:
        """Where the provider describes itself."""
        return self.metadata_url or f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"


class AccountSettings(_Section):
    """One brand handle on one channel."""

    channel: str
    external_id: str
    handle: str = ""
    name: str = ""
    api_base: str = ""
    market: Annotated[str, Field(pattern=r"^([a-z]{2})?$")] = ""
    brand: str = ""
    timeout_s: Positive = 20.0
    daily_cap: Annotated[float, Field(ge=0)] | None = None  #: None = that of [spending]
    options: dict[str, Any] = Field(default_factory=dict)


class Settings(_Section):
    """Everything a desk can be told."""

    desk: DeskSettings
    polling: PollingSettings
    sweep: SweepSettings
    spending: SpendingSettings
    pricing: PricingSettings
    triage: TriageSettings
    routing: RoutingSettings
    delivery: DeliverySettings
    second_line: SecondLineSettings
    sharing: SharingSettings
    alerts: AlertSettings
    notifications: NotificationSettings
    digest: DigestSettings
    incidents: IncidentSettings
    guard: GuardSettings
    jobs: JobsSettings
    console: ConsoleSettings
    oidc: OidcSettings
    accounts: dict[str, AccountSettings] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _calls_end_in_time(self) -> Settings:
        for key, account in self.accounts.items():
            # A read-back that starts while the call still runs could miss the post and send it twice.
            if account.timeout_s >= self.delivery.call_timeout_s:
                raise ValueError(f"accounts.{key}.timeout_s must be lower than delivery.call_timeout_s")
        return self

    @property
    def database_url(self) -> str:
        """The URL of the database in force."""
        return self.desk.database_url or f"sqlite:///{self.desk.data_dir / 'webcare.db'}"


def load_settings(path: Path | None = None, env: Mapping[str, str] | None = None) -> Settings:
    """Read defaults, then `path` (or $WEBCARE_CONFIG, or ./webcare.toml), then the environment.

    Raises SettingsError naming the file and key for anything unreadable, unknown or out of range.
    """
    env = os.environ if env is None else env
    merged = _read_toml(DEFAULTS)
    config = _config_path(path, env)
    if config is not None:
        _merge(merged, _read_toml(config))
    _merge(merged, _from_environment(env, merged))
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        raise SettingsError(_explain(error, config)) from error


def account_secrets(key: str, names: tuple[str, ...], env: Mapping[str, str] | None = None) -> dict[str, str]:
    """The named secrets of one account that the environment holds; absent ones are left out.

    Raises SettingsError when a `_FILE` variable names a file that cannot be read.
    """
    env = os.environ if env is None else env
    found = {}
    for name in names:
        variable = secret_variable(key, name)
        if value := env.get(variable, "").strip():
            found[name] = value
        elif file := env.get(f"{variable}_FILE"):
            found[name] = _secret_file(variable, file)
    return found


def secret_variable(key: str, name: str) -> str:
    """The environment variable that holds one secret of one account."""
    return f"{SECRET_PREFIX}{key}_{name}".upper()


def _secret_file(variable: str, file: str) -> str:
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}_FILE names {file}, which cannot be read as text") from error


def _config_path(path: Path | None, env: Mapping[str, str]) -> Path | None:
    named = path or (Path(env[CONFIG_VARIABLE]) if env.get(CONFIG_VARIABLE) else None)
    if named is not None:
        return named
    local = Path("webcare.toml")
    return local if local.exists() else None


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"{path} is not valid TOML: {error}") from error


def _merge(base: dict[str, Any], extra: Mapping[str, Any]) -> None:
    for key, value in extra.items():
        if isinstance(value, Mapping) and isinstance(base.get(key), dict):
            _merge(base[key], value)
        else:
            base[key] = value


def _from_environment(env: Mapping[str, str], known: Mapping[str, Any]) -> dict[str, Any]:
    """WEBCARE_SECTION__KEY=value for sections we know; other WEBCARE_ variables are not settings."""
    result: dict[str, Any] = {}
    for variable, value in env.items():
        if not variable.startswith(ENV_PREFIX) or variable.startswith(SECRET_PREFIX):
            continue
        section, *rest = variable.removeprefix(ENV_PREFIX).lower().split("__")
        if not rest or (section not in known and section != "accounts"):
            continue
        spot = result.setdefault(section, {})
        for step in rest[:-1]:
            spot = spot.setdefault(step, {})
        spot[rest[-1]] = value
    return result


def _explain(error: ValidationError, config: Path | None) -> str:
    lines = []
    for problem in error.errors(include_input=False, include_url=False):
        where = ".".join(str(part) for part in problem["loc"])
        text = "unknown option" if problem["type"] == "extra_forbidden" else problem["msg"]
        lines.append(f"{where}: {text}")
    source = f"{config} or the environment" if config else "the environment"
    return f"the settings in {source} cannot be used: " + "; ".join(lines)
