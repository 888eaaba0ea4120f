"""Typed settings: `defaults.toml` <- `webcare.toml` <- environment. Secrets only from the environment.

Nothing is read at import time; `load_settings` does all of it and turns every problem into one SettingsError
that names the key, what is wrong and how to mend it. It never prints a secret.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

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


class TriageSettings(_Section):
    """Which classifier labels mentions."""

    engine: Literal["auto", "transformer", "keywords"]
    unsorted_below: Annotated[float, Field(ge=0, le=1)]
    batch_size: PositiveInt


class RoutingSettings(_Section):
    """Targets for a first answer, in minutes."""

    critical_within_min: PositiveInt
    high_within_min: PositiveInt
    normal_within_min: PositiveInt
    low_within_min: PositiveInt

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
    give_up_after_h: Positive


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
    options: dict[str, Any] = Field(default_factory=dict)


class Settings(_Section):
    """Everything a desk can be told."""

    desk: DeskSettings
    polling: PollingSettings
    triage: TriageSettings
    routing: RoutingSettings
    delivery: DeliverySettings
    guard: GuardSettings
    jobs: JobsSettings
    console: ConsoleSettings
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
