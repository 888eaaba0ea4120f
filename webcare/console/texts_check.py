"""What the guard would say of a saved reply, told while somebody writes it, for every market it may be sent in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from webcare import guard
from webcare.cases.saved_replies import fill, own_values, placeholders
from webcare.cases.surroundings import staff_names
from webcare.channels import channel_class
from webcare.console import safe, tongue, words
from webcare.console.desk import desk, now
from webcare.console.tongue import _, refusal
from webcare.domain import Actor, Finding, Level
from webcare.errors import SettingsError
from webcare.guard.base import ReviewContext
from webcare.guard.rules.brands import Brand
from webcare.guard.rules.situation import HOME

#: What fills the placeholders while a text is looked at: a name at home in the language, elsewhere dots.
_NAMES: Mapping[str, str] = {"nl": "Sanne", "en": "Emma", "sv": "Astrid", "nb": "Ingrid", "da": "Freja", "de": "Lena"}
_ANY = "…"
_TONES = {Level.ERROR: "wc-bad", Level.WARNING: "wc-warn", Level.SUGGESTION: "wc-info"}


def show(text: str, language: str, me: Actor) -> None:
    """Draw how the text reads, with what the guard points at, and in which markets it does."""
    if not text.strip():
        return
    shown = _sample(text.strip(), language, me)
    try:
        found = _findings(shown, language)
    except SettingsError as error:
        safe.draw(safe.el("div", refusal(error), cls="wc-alert wc-bad"))
        return
    spans = [(one.start, one.end, f"wc-{one.level.value}") for one, _ in found]
    parts = [safe.el("small", _("As a customer would read it"), cls="wc-soft"), safe.marked(shown, spans)]
    parts += [_line(one, markets) for one, markets in found]
    if not found:
        parts.append(safe.el("p", _("The guard finds nothing to say about it."), cls="wc-soft"))
    parts += _lengths(shown)
    left_open = [name for name in placeholders(text) if name not in _known(language, me) and name != "order"]
    if left_open:
        told = _("Whoever answers fills in: {placeholders}").format(placeholders=", ".join(left_open))
        parts.append(safe.el("p", told, cls="wc-soft"))
    safe.draw(safe.el("div", *parts, cls="wc-text-check"))


def ours() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """What may stand in a saved reply though it looks personal, and how order numbers look; of all brands."""
    profiles = [brand.profile for brand in _brands()]
    own = {part for one in profiles for part in (one.name, *one.names, *one.domains, *one.phones) if part}
    return tuple(sorted(own)), tuple(dict.fromkeys(number for one in profiles for number in one.order_numbers))


def _brands() -> list[Brand]:
    return [desk().brands.get(name) for name in desk().brand_names]


def _known(language: str, me: Actor) -> dict[str, str]:
    return {"name": _NAMES.get(language, "Sanne"), **own_values(me)}


def _sample(text: str, language: str, me: Actor) -> str:
    known = _known(language, me)
    return fill(text, known | {name: _ANY for name in placeholders(text) if name not in known})


def _findings(text: str, language: str) -> list[tuple[Finding, tuple[str, ...]]]:
    """Each finding once, in order of place, with the markets it is for."""
    with desk().store.read() as session:
        staff = staff_names(session)
    told: dict[tuple[int, int, str, str], tuple[Finding, list[str]]] = {}
    for market, brand in _markets(language):
        context = ReviewContext(
            channel="",
            lang=language,
            market=market,
            colleagues=staff,
            brand=brand.profile,
            rules=brand.rules,
            today=now().date(),
        )
        for one in guard.review(text, context).findings:
            same = told.setdefault((one.start, one.end, one.check, one.message), (one, []))
            same[1].append(market)
    return [(one, tuple(dict.fromkeys(markets))) for _, (one, markets) in sorted(told.items())]


def _markets(language: str) -> Iterable[tuple[str, Brand]]:
    """Where a text in this language is sent: its home, and the markets of the accounts that speak it."""
    accounts = desk().settings.accounts
    wanted = {(HOME.get(language, ""), desk().brand_name())}
    wanted |= {(one.market or HOME.get(language, ""), desk().brand_name(key)) for key, one in accounts.items()}
    home = HOME.get(language, "")
    elsewhere = set(HOME.values()) - {home}
    return [(market, desk().brands.get(name)) for market, name in sorted(wanted) if market not in elsewhere]


def _line(one: Finding, markets: tuple[str, ...]) -> safe.Html:
    where = ", ".join(market.upper() for market in markets if market)
    head = words.word(words.CHECKS, one.check) + (f" ({where})" if where else "")
    return safe.el("div", safe.el("strong", head), " ", tongue.said(one.message), cls=f"wc-alert {_TONES[one.level]}")


def _lengths(text: str) -> list[safe.Html]:
    """Networks of ours that this text is too long for in one post."""
    channels = dict.fromkeys(one.channel for one in desk().settings.accounts.values())
    found = []
    for channel in channels:
        length = channel_class(channel).length(text)
        if length.used > length.limit:
            told = _("{used} characters: too long for one post on {network} ({limit}).").format(
                used=length.used, network=words.word(words.CHANNELS, channel), limit=length.limit
            )
            found.append(safe.el("p", told, cls="wc-soft"))
    return found
