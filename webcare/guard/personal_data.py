"""Would the reply show a customer's personal data to everybody, or ask for it where everybody can read?

Data is found by `webcare.personal`, requests by `asking`. What is the brand's own may stand: its numbers, addresses and
domains, the place of a shop, an article number. That the customer posted a number first changes nothing: our reply
would spread it further. In a direct message the customer's own data may be repeated, another person's may not.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import re2

from webcare.domain import N_, Finding, Level, Override, Said
from webcare.guard import asking
from webcare.guard.base import ReviewContext
from webcare.guard.normalise import Unmasked, unmask
from webcare.guard.profile import Profile
from webcare.guard.rules.text import Text
from webcare.guard.spans import quote
from webcare.personal import Kind, Personal, find_personal

_KINDS = frozenset(Kind) - {Kind.HANDLE, Kind.NAME, Kind.LINK}
#: These never belong in public, whoever says so.
_NEVER = frozenset({Kind.NATIONAL_ID, Kind.CARD, Kind.SECRET, Kind.BIRTH_DATE})
#: In a direct message these go to the right person only if that person wrote them first.
_GRAVE = frozenset({Kind.NATIONAL_ID, Kind.CARD, Kind.SECRET})
_NAMES = {
    Kind.EMAIL: N_("an e-mail address"),
    Kind.PHONE: N_("a telephone number"),
    Kind.IBAN: N_("a bank account"),
    Kind.NATIONAL_ID: N_("an identity number"),
    Kind.BIRTH_DATE: N_("a date of birth"),
    Kind.SECRET: N_("a password or code"),
    Kind.CARD: N_("a card number"),
    Kind.ORDER: N_("a number that leads to a customer"),
    Kind.ADDRESS: N_("somebody's address"),
}
_SHOWN = N_("{quote} is {kind}, and everybody can read it here. Take it out, or write it in a direct message.")
_REPEATED = N_("{quote} is {kind}. The customer posted it, but a reply spreads it further. Take it out.")
_UNKNOWN = N_("{quote} is {kind} that is not one of ours on file. Check that it is meant for everybody.")
_OTHER = N_("{quote} is {kind} of somebody else. Leave it out, also in a direct message.")
_CHECK = N_("{quote} is {kind} the customer did not write. Check that it is their own.")
_ASK = N_("This asks for personal data where everybody can read the answer. Ask for it in a direct message.")
_ASK_SOFT = N_("The customer may answer this with a number in public. Say that a direct message is the place.")
_MOVE = N_("Say that the details come by direct message instead.")
_NEEDLESS = N_("This question can be answered here, for everybody to read. A direct message is not needed.")

_WORDS: dict[str, list[str]] = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


def _one_of(name: str, before: str = r"\b", after: str = r"\b") -> re.Pattern[str]:
    return re.compile(rf"{before}(?:{'|'.join(_WORDS[name])}){after}", re.IGNORECASE)


_FREE_MAIL = _one_of("free_mail", "@", r"\.")
_ROLE = _one_of("role_mail", "^", r"(?:[-.+]\w{2,12})?@")
_GOODS = _one_of("goods", after=r"\b[^.,!?\n\d]{0,12}$")
_PLACE = _one_of("place", after=r"\w{0,3}\b")
_CALL_US = _one_of("call_us")
_SOMEBODY_ELSE = _one_of("somebody_else")
_DISPATCH = _one_of("dispatch")
_FIND = _one_of("find")
_YOURS = re.compile(
    r"\b(?:je|jou|jouw|uw|your|you|dig|din|ditt|dina|deg|dit|dine|dir|dich|dein\w*|ihnen|ihre?[mnrs]?|hem|haar|his|her|their)\s"
    r"(?:(?:nieuwe|new|nya|nye|neue[nrs]?|eigen|own|home|egen|egna|eget)\s)?"
    r"(?:(?:huis|woon|thuis|bezorg|post|hem|hjemme|leverans|leverings|liefer|wohn)?(?:adres|address|adress|adresse|anschrift)"
    r"|huis|home|hus|haus|deur|door|dörr|dør|tür|thuis|hem|hjem|wohnung)\w{0,3}\b|"
    r"\b(?:bij (?:je|jou|u) thuis|hemma hos dig|hjemme hos d[ei]g|bei (?:dir|ihnen))\b",
    re.IGNORECASE,
)
#: A short number of a matter at our desk opens no door, and customers are told it to come back with.
_MATTER = _one_of(
    "matter", after=r"(?:\s?-?(?:nummer(?:et)?|numret|number|nr|no|id))?\.?(?:\s(?:is|är|er|ist))?[\s:#]{1,3}$"
)
_LONG = 8
_YEAR = re.compile(r"(?:19|20)\d{2}")
#: Text around a finding that is read for what it belongs to, in characters.
_AROUND = 90


class _Seen(NamedTuple):
    """A draft made ready: as the eye reads it, what to compare with, and whose it is."""

    draft: str
    plain: Unmasked
    lang: str | None
    theirs: str  #: the customer's own words, letters and digits only
    brand: Profile
    private: bool


class PersonalData:
    """Holds replies that show personal data, or ask for it, where everybody can read."""

    name = "personal_data"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """Errors for data in public; a sentence that moves to a direct message is offered as a fix."""
        seen = _prepare(draft, context)
        found = [finding for one in _personal(seen) if (finding := _judge(seen, one)) is not None]
        yield from found
        if context.private:
            return
        formal = _is_formal(seen)
        asks = asking.asks(seen.plain.text, seen.lang)
        yield from _offers(seen, found, formal)
        yield from (_asked(seen, ask, formal) for ask in asks)
        yield from _needless(seen, context, bool(asks or found))


def _prepare(draft: str, context: ReviewContext) -> _Seen:
    lang = asking.languages(context.lang)
    theirs = _bare(f"{context.mention}\n{context.newest_message[1]}")
    known = lang[0] if len(lang) == 1 else None
    return _Seen(draft, unmask(draft), known, theirs, context.brand, context.private)


def _bare(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", unmask(text).text.casefold())


def _personal(seen: _Seen) -> Iterator[Personal]:
    """What is personal in the draft and neither the brand's own nor the number of a thing."""
    text, brand = seen.plain.text, seen.brand
    ours = (*brand.phones, *brand.domains, *brand.names, *_shareable(brand.shareable, seen.lang))
    found = find_personal(text, seen.lang, kinds=_KINDS, ours=ours)
    own = [Personal(*span, Kind.ORDER) for span in _own_orders(text, brand.order_numbers)]
    apart = [one for one in found if not any(one.start < mine.end and mine.start < one.end for mine in own)]
    for one in sorted((*apart, *own) if own else apart, key=lambda one: one.start):
        if not _is_harmless(text, one, brand):
            yield one


def _own_orders(text: str, patterns: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    for pattern in patterns:
        # Expressions of RE2 cannot take half a character; what stands for it keeps every place.
        found = _compiled(pattern).finditer(Text(text).plain)
        yield from (match.span() for match in found if match.end() > match.start())


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> re2._Regexp:
    return re2.compile(f"(?i){pattern}")


@lru_cache(maxsize=64)
def _shareable(texts: tuple[str, ...], lang: str | None) -> tuple[str, ...]:
    """Numbers and addresses that stand in the brand's shareable sentences."""
    return tuple(text[one.start : one.end] for text in texts for one in find_personal(text, lang, kinds=_KINDS))


def _is_harmless(text: str, one: Personal, brand: Profile) -> bool:
    written, before = text[one.start : one.end], text[max(0, one.start - _AROUND) : one.start]
    if one.kind is Kind.EMAIL:
        return _is_own_host(written.rpartition("@")[2], brand)
    if one.kind is Kind.ORDER and (_YEAR.fullmatch(written) or (len(written) < _LONG and _MATTER.search(before))):
        return True
    if one.kind is Kind.ADDRESS:
        return _is_a_shops(text, one)
    numeric = one.kind in (Kind.ORDER, Kind.PHONE, Kind.NATIONAL_ID, Kind.CARD)
    return numeric and bool(_GOODS.search(before)) and not (one.kind is Kind.CARD and _long(written))


def _is_a_shops(text: str, one: Personal) -> bool:
    """Whether an address is said to be a shop's or a depot's, and nothing is said to go there."""
    sentence = asking.around(text, one.start)
    said, before = text[sentence.start : sentence.end], text[sentence.start : one.start]
    if _YOURS.search(said) or _SOMEBODY_ELSE.search(said):
        return False
    places = list(_PLACE.finditer(before))
    if places:
        return not _DISPATCH.search(before, places[-1].end())
    return bool(_FIND.search(said) and not _DISPATCH.search(before))


def _long(written: str) -> bool:
    """Sixteen digits are a card whatever stands before them; an EAN has thirteen."""
    return sum(letter.isdigit() for letter in written) > 14


def _is_own_host(host: str, brand: Profile) -> bool:
    bare = host.casefold()
    return any(bare == domain or bare.endswith(f".{domain}") for domain in own_domains(brand))


def own_domains(brand: Profile) -> tuple[str, ...]:
    """The brand's domains, and its names that are domains ("hemlund.nl")."""
    named = (name for name in brand.names if re.fullmatch(r"(?:[\w-]+\.)+[a-z]{2,}", name.casefold()))
    return tuple(dict.fromkeys(one.strip().lstrip("@.").casefold() for one in (*brand.domains, *named) if one.strip()))


def _judge(seen: _Seen, one: Personal) -> Finding | None:
    start, end = seen.plain.origin(one.start, one.end)
    written = seen.plain.text[one.start : one.end]
    posted = bool(bare := _bare(written)) and bare in seen.theirs
    level, say, override = _in_private(seen, one, posted) if seen.private else _in_public(seen, one, posted)
    if level is None:
        return None
    message = Said(say, quote=_masked(seen.draft, start, end, one.kind), kind=Said(_NAMES[one.kind]))
    return Finding(PersonalData.name, level, "personal_data", message, start, end, override=override)


_Ruling = tuple[Level | None, str, Override]


def _in_public(seen: _Seen, one: Personal, posted: bool) -> _Ruling:
    override = Override.NONE if one.kind in _NEVER else Override.JUSTIFICATION
    if posted:
        return Level.ERROR, _REPEATED, override
    if _may_be_a_firms(seen, one):
        # Where nobody set down what is ours, it most likely is.
        unknown = not (own_domains(seen.brand) if one.kind is Kind.EMAIL else seen.brand.phones)
        return None if unknown else Level.WARNING, _UNKNOWN, Override.ACKNOWLEDGE
    return Level.ERROR, _SHOWN, override


def _in_private(seen: _Seen, one: Personal, posted: bool) -> _Ruling:
    text = seen.plain.text
    sentence = asking.around(text, one.start)
    if not posted and _SOMEBODY_ELSE.search(text[sentence.start : sentence.end]):
        return Level.ERROR, _OTHER, Override.JUSTIFICATION
    if posted or one.kind is Kind.ORDER or _may_be_a_firms(seen, one):
        return None, "", Override.NONE
    if one.kind in _GRAVE:
        return Level.ERROR, _CHECK, Override.JUSTIFICATION
    return Level.WARNING, _CHECK, Override.ACKNOWLEDGE


def _may_be_a_firms(seen: _Seen, one: Personal) -> bool:
    """A mailbox of a desk, or a fixed line after "call us": somebody's, but hardly a person's."""
    text = seen.plain.text
    written = text[one.start : one.end]
    if one.kind is Kind.EMAIL:
        return bool(_ROLE.match(written)) and not _FREE_MAIL.search(written)
    if one.kind is not Kind.PHONE or _is_mobile(written, seen.lang):
        return False
    sentence = asking.around(text, one.start)
    return bool(_CALL_US.search(text[sentence.start : sentence.end]))


_MOBILE = {
    "nl": r"(?:\+?31|0031|0)6",
    "en": r"(?:\+?44|0044|0)7",
    "sv": r"(?:\+?46|0046|0)7",
    "nb": r"(?:\+?47|0047)?[49]",
    "da": r"(?:\+?45|0045)?(?:[2456]\d|3[01]|7[1])",
    "de": r"(?:\+?49|0049|0)1[567]",
}


def _is_mobile(written: str, lang: str | None) -> bool:
    """Whether a number is a mobile one where the draft's language is spoken."""
    digits = re.sub(r"[^\d+]", "", written).replace("+310", "+31").replace("+440", "+44")
    codes = [lang] if lang else list(_MOBILE)
    return any(re.match(_MOBILE[code], digits) for code in codes if code)


def _masked(draft: str, start: int, end: int, kind: Kind) -> str:
    """What is quoted in the message; secrets and identity numbers only by their first characters."""
    if kind in _NEVER:
        return quote(draft, start, start + 2)[:-1] + "…”"
    return quote(draft, start, end)


def _is_formal(seen: _Seen) -> bool:
    return seen.brand.address.get(seen.lang or "", "informal") == "formal"


def _offers(seen: _Seen, found: list[Finding], formal: bool) -> Iterator[Finding]:
    """For each sentence with data in it, one that promises the details by direct message."""
    text = asking.moved(seen.lang, formal)
    held = (finding.start for finding in found if finding.level is Level.ERROR)
    for part in dict.fromkeys(asking.sentence_at(seen.draft, place) for place in held):
        if text is not None:
            yield Finding(
                PersonalData.name, Level.SUGGESTION, "move_to_message", Said(_MOVE), part.start, part.end, fixes=(text,)
            )


def _asked(seen: _Seen, ask: asking.Ask, formal: bool) -> Finding:
    start, end = seen.plain.origin(*ask.sentence)
    fix = asking.in_private(ask, seen.plain.text, formal)
    held = ask.sensitive or ask.in_public
    level, say = (Level.ERROR, _ASK) if held else (Level.WARNING, _ASK_SOFT)
    override = Override.NONE if ask.sensitive else Override.JUSTIFICATION if held else Override.ACKNOWLEDGE
    return Finding(PersonalData.name, level, "asks_in_public", Said(say), start, end, fixes=(fix,), override=override)


def _needless(seen: _Seen, context: ReviewContext, personal: bool) -> Iterator[Finding]:
    """A question anybody may hear the answer to needs no direct message."""
    text = seen.plain.text
    if personal or asking.asks_for_anything(text, seen.lang) or not asking.is_harmless(context.mention, seen.lang):
        return
    part = asking.invitation(text, seen.lang)
    if part is not None:
        start, end = seen.plain.origin(*part)
        yield Finding(PersonalData.name, Level.SUGGESTION, "needless_message", Said(_NEEDLESS), start, end)
