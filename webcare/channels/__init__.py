"""The networks the desk works on, found by entry point, so that an outside package adds one without our knowing.

Nothing is imported before it is asked for: a channel whose library is missing or broken harms only itself.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any, cast

from webcare.channels.base import AccountConfig, Channel
from webcare.errors import SettingsError, WebcareError

GROUP = "webcare.channels"
#: What a class must have to be a channel; `webcare.channels.base.Channel` says what each is for.
MEMBERS = (
    "name",
    "title",
    "capabilities",
    "secret_names",
    "connect",
    "length",
    "poll",
    "can_reply",
    "send",
    "verify_sent",
    "health",
)


def names() -> list[str]:
    """The channels that are installed, by name, whether or not they can be loaded."""
    return sorted({point.name for point in entry_points(group=GROUP)})


def channel_class(name: str) -> type[Channel]:
    """The class of a channel. Raises SettingsError naming it when it is unknown, broken, or offered twice."""
    points = _offered(name, tuple(sys.path))
    if not points:
        raise SettingsError(f"There is no channel {name!r}; installed are: {', '.join(names()) or 'none'}.")
    if len(points) > 1:
        raise SettingsError(f"Several packages offer a channel {name!r} ({', '.join(sorted(points))}); uninstall one.")
    return _load(*points.values())


def load_channel(name: str, config: AccountConfig) -> Channel:
    """Build the channel of one account, without a network call. Raises SettingsError."""
    found = channel_class(name)
    try:
        return found.connect(config)
    except WebcareError:
        raise
    except Exception as error:
        # A fault in a plug-in's set-up concerns its accounts only; the message must not carry what it was given.
        raise SettingsError(
            f"The account {config.key} could not be set up: channel {name!r} failed with {type(error).__name__}."
        ) from error


@cache
def _offered(name: str, path: tuple[str, ...]) -> dict[str, EntryPoint]:
    """Who offers this channel; looking through what is installed takes milliseconds, several times a page."""
    return {point.value: point for point in entry_points(group=GROUP, name=name)}


@cache
def _load(point: EntryPoint) -> type[Channel]:
    source = f"channel {point.name!r} ({point.value})"
    try:
        found: Any = point.load()
    except ImportError as error:
        raise SettingsError(f"The {source} cannot be used: {error}. Install what it needs.") from error
    except Exception as error:
        raise SettingsError(f"The {source} cannot be used: {type(error).__name__}: {error}") from error
    missing = [member for member in MEMBERS if not hasattr(found, member)]
    if missing:
        raise SettingsError(f"The {source} is no channel; it lacks: {', '.join(missing)}.")
    if found.name != point.name:
        raise SettingsError(f"The {source} calls itself {found.name!r}; the two names must be the same.")
    return cast(type[Channel], found)
