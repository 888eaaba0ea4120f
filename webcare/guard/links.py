"""Do the links of a reply lead to us, and only to us?

The brand's domains may stand, with everything below them. Held are links to others, shortened ones (nobody sees where
they lead), addresses that look like ours and are not, and bare network addresses. Hosts on the inside are the markers'
matter. Nothing is fetched.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from webcare.domain import N_, Finding, Level, Override, Said
from webcare.guard.base import ReviewContext
from webcare.guard.normalise import fold, unmask
from webcare.guard.personal_data import own_domains
from webcare.guard.profile import Profile
from webcare.guard.spans import quote

_KNOWN: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
_ENDINGS = "|".join(_KNOWN["endings"])
_WORDS = frozenset(_KNOWN["words"])
_SHORTENERS = frozenset(_KNOWN["shorteners"])
_SECOND_LEVEL = frozenset(_KNOWN["second_level"])
_COUNTRIES = frozenset(_KNOWN["countries"])
_LINK = re.compile(
    r"(?<![\w@.+-])(?P<scheme>https?://|www\.)(?P<rest>[^\s<>\"“”»«]{2,500})"
    rf"|(?<![\w@.+/:-])(?P<bare>(?:[\w-]{{1,63}}\.){{1,4}}(?:{_ENDINGS}))(?![\w@-]|\.\w)(?P<path>[/?#][^\s<>\"“”»«]{{0,500}})?",
    re.IGNORECASE,
)
#: Places of networks where a customer writes to an account in private.
_MESSAGE = re.compile(
    r"(?:m\.me|ig\.me/m|wa\.me)/(?P<who>[\w.+-]{2,60})|"
    r"(?:www\.)?(?:x|twitter|facebook)\.com/(?:messages/compose\S{0,200}|messages/t/(?P<name>[\w.-]{2,60}))"
)
_ADDRESS = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:]+\]|0x[0-9a-f]+|\d{8,10}", re.IGNORECASE)
_PRIVATE_PATH = re.compile(
    r"[?&#][^=&\s]{0,40}(?:token|e-?mail|sig|auth|session|password|order(?:_?(?:id|nr|no|number))?)=[^&\s]{3,}|"
    r"/(?:orders?|track(?:ing)?|accounts?|customers?|invoices?)/[\w-]{0,12}\d{5,}",
    re.IGNORECASE,
)
#: Fewer letters than this make no likeness: half of all words are near to a word of four.
_LIKE = 5

_SAY = {
    "link_outside": N_("{quote} leads to a site that is not on the brand's list. Take it out or link to our own page."),
    "link_shortened": N_("{quote} hides where it leads. Write the whole address of our own page."),
    "link_lookalike": N_("{quote} looks like one of our addresses and is not. Take it out."),
    "link_named": N_("{quote} bears our name but is not on the brand's list. Check that it is ours."),
    "link_address": N_("{quote} is a bare network address. Link to our own page instead."),
    "link_personal": N_(
        "{quote} carries a customer's number or key; whoever opens it may see their data. Take it out."
    ),
    "link_maybe": N_("{quote} is a link on most networks. Put a blank after the full stop, or take the link out."),
}


class _Link(NamedTuple):
    start: int
    end: int
    host: str
    path: str
    bare: bool  #: written without a scheme or "www."
    disguised: bool  #: a name before an @ pretends to be the host


class Links:
    """Holds links that do not lead to the brand."""

    name = "links"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors for foreign, shortened, look-alike and personal links; there is no fix but taking them out."""
        seen = unmask(draft)
        shareable = " ".join(context.brand.shareable).casefold()
        for link in _links(seen.text, draft, seen.places):
            ruling = _judge(link, context)
            if ruling is None or link.host in shareable:
                continue
            reason, level, override = ruling
            message = Said(_SAY[reason], quote=quote(draft, link.start, link.end))
            yield Finding(self.name, level, reason, message, link.start, link.end, override=override)


def _links(text: str, draft: str, places: list[int] | None) -> Iterator[_Link]:
    """Links with their place in the draft as written; the host as written too, so that disguises are seen."""
    for match in _LINK.finditer(text):
        length = len(match[0].rstrip(".,;:!?)]}'’…*_"))
        start, end = match.start(), match.start() + max(length, 1)
        if places is not None:
            start, end = places[start], places[end - 1] + 1
        written = re.sub(r"(?i)^https?://", "", draft[start:end])
        authority, path = re.match(r"([^/?#]*)(.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
        host = authority.rpartition("@")[2].split(":")[0].casefold().rstrip(".").removeprefix("www.")
        if "." in host or "]" in host or match["scheme"]:
            yield _Link(start, end, host, path, match["bare"] is not None, "@" in authority)


_Ruling = tuple[str, Level, Override]


def _judge(link: _Link, context: ReviewContext) -> _Ruling | None:
    domains = own_domains(context.brand)
    if _below(link.host, domains) and not link.disguised:
        return _own(link)
    if _is_inside(link.host, context) or _is_message(link, context.brand):
        return None
    if not link.disguised and _bears_our_name(link.host, domains):
        return "link_named", Level.WARNING, Override.ACKNOWLEDGE
    if link.disguised or _is_lookalike(link.host, domains, context.brand):
        return "link_lookalike", Level.ERROR, Override.NONE
    if _ADDRESS.fullmatch(link.host):
        return "link_address", Level.ERROR, Override.NONE
    if _below(link.host, _SHORTENERS):
        return "link_shortened", Level.ERROR, Override.JUSTIFICATION
    if not domains:
        return None  # where nobody set down what is ours, nobody can say what is not
    if link.bare and not link.path and link.host.rpartition(".")[2] in _WORDS:
        return "link_maybe", Level.WARNING, Override.ACKNOWLEDGE
    return "link_outside", Level.ERROR, Override.JUSTIFICATION


def _own(link: _Link) -> _Ruling | None:
    if _PRIVATE_PATH.search(link.path):
        return "link_personal", Level.ERROR, Override.JUSTIFICATION
    return None


def _below(host: str, domains: Iterable[str]) -> bool:
    return any(host == domain or host.endswith(f".{domain}") for domain in domains)


def _is_inside(host: str, context: ReviewContext) -> bool:
    """Whether the markers already speak of this host."""
    inside = (entry.strip().casefold() for entry in context.internal_hosts)
    return _below(host, inside) or "." not in host or host.endswith((".local", ".lan", ".internal", ".corp", ".intra"))


def _is_message(link: _Link, brand: Profile) -> bool:
    match = _MESSAGE.match(f"{link.host}{link.path}")
    if match is None:
        return False
    who = match["who"] or match["name"] or ""
    names = {fold(name) for name in (brand.name, *brand.names) if name}
    return not names or not who or who.lstrip("+").isdigit() or fold(who) in names


def _bears_our_name(host: str, domains: tuple[str, ...]) -> bool:
    """Whether it is a domain of ours under a country's ending: brands own more of those than they write down."""
    labels = host.split(".")
    ours = {_main_label(domain.split(".")) for domain in domains}
    return _main_label(labels) in ours and labels[-1] in _COUNTRIES


def _is_lookalike(host: str, domains: tuple[str, ...], brand: Profile) -> bool:
    """Punycode, letters of another script, or our name with a slip or an addition in it."""
    labels = host.split(".")
    if any(label.startswith("xn--") for label in labels) or not all(map(_is_latin, host)):
        return True
    main = _main_label(labels)
    names = {_plain(_main_label(domain.split("."))) for domain in domains} | {_plain(brand.name)}
    return any(len(name) >= _LIKE and _is_like(_plain(main), name) for name in names)


def _main_label(labels: list[str]) -> str:
    """The part somebody registered: "hemlund" of shop.hemlund.co.uk."""
    if len(labels) > 2 and labels[-2] in _SECOND_LEVEL:
        return labels[-3]
    return labels[-2] if len(labels) > 1 else labels[0]


_DIGITS = str.maketrans("013457|", "oleasti")


def _plain(label: str) -> str:
    return fold(label).translate(_DIGITS).replace("rn", "m").replace("vv", "w")


def _is_like(label: str, name: str) -> bool:
    if name in label:
        return True
    return abs(len(label) - len(name)) <= 1 and _one_slip(label, name)


def _one_slip(one: str, other: str) -> bool:
    """Whether one letter more, less or different, or two swapped, makes the words equal."""
    short, long = sorted((one, other), key=len)
    at = next((place for place, pair in enumerate(zip(short, long, strict=False)) if pair[0] != pair[1]), len(short))
    if len(short) < len(long):
        return short[at:] == long[at + 1 :]
    swapped = short[at : at + 2] == long[at : at + 2][::-1]
    return short[at + 1 :] == long[at + 1 :] or (swapped and short[at + 2 :] == long[at + 2 :])


def _is_latin(character: str) -> bool:
    if character.isascii():
        return True
    return unicodedata.name(character, "").startswith("LATIN SMALL LETTER") and not _is_odd(character)


def _is_odd(character: str) -> bool:
    """Latin letters that no language of the desk writes: "ɑ", fullwidth "ｂ", dotless "ı"."""
    return character not in "åäöæøéèëïüßáíóúêâîôûçñàìòùýþðœ" and character.isalpha()
