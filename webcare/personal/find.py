"""Puts the finders together: which kind wins where two see the same characters, and what is ours and may stand."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence

from webcare.personal import contacts, identity, numbers, places
from webcare.personal.base import Kind, Personal, Span

ALL_KINDS = frozenset(Kind)


def find_personal(
    text: str,
    lang: str | None = None,
    *,
    kinds: Collection[Kind] = ALL_KINDS,
    names: Iterable[str] = (),
    order_numbers: Sequence[str] = (),
    ours: Collection[str] = (),
) -> tuple[Personal, ...]:
    """Personal data in a text, in order of place and never overlapping.

    `lang` (ISO 639-1, `nb` for Norwegian) says whose telephone numbers are likely; None tries every country. `names`
    are people to be found by name, `order_numbers` regular expressions of the brand's own numbers. `ours` may stand:
    our handles, telephone numbers, e-mail addresses and domains, in any spelling.
    """
    allowed = frozenset(_plain(entry) for entry in ours)
    taken: list[Personal] = []  # in order of place
    for kind, find in _finders(text, lang, names, order_numbers):
        if kind not in kinds:
            continue
        for start, end in find():
            place = bisect_left(taken, end, key=_start)
            free = place == 0 or taken[place - 1].end <= start
            if free and not _is_ours(text[start:end], allowed):
                taken.insert(place, Personal(start, end, kind))
    return tuple(taken)


def _start(one: Personal) -> int:
    return one.start


def redacted(
    text: str,
    lang: str | None = None,
    *,
    kinds: Collection[Kind] = ALL_KINDS,
    names: Iterable[str] = (),
    order_numbers: Sequence[str] = (),
    ours: Collection[str] = (),
) -> str:
    """The text with a placeholder where personal data stood: "[phone]", "@user". Arguments as in `find_personal`."""
    parts, at = [], 0
    for one in find_personal(text, lang, kinds=kinds, names=names, order_numbers=order_numbers, ours=ours):
        parts += [text[at : one.start], one.placeholder]
        at = one.end
    return "".join([*parts, text[at:]])


def _finders(
    text: str, lang: str | None, names: Iterable[str], order_numbers: Sequence[str]
) -> Iterator[tuple[Kind, Callable[[], Iterator[Span]]]]:
    """From the surest to the least sure: what an earlier one took, a later one does not see."""
    yield Kind.EMAIL, lambda: contacts.emails(text)
    yield Kind.LINK, lambda: contacts.links(text)
    yield Kind.SECRET, lambda: identity.secrets(text)
    yield Kind.BIRTH_DATE, lambda: identity.birth_dates(text)
    yield Kind.IBAN, lambda: numbers.accounts(text)
    yield Kind.CARD, lambda: numbers.cards(text)
    yield Kind.NATIONAL_ID, lambda: numbers.national_ids(text)
    yield Kind.NATIONAL_ID, lambda: identity.papers(text)
    yield Kind.ORDER, lambda: numbers.references(text, order_numbers)
    yield Kind.PHONE, lambda: numbers.phones(text, lang)
    yield Kind.PHONE, lambda: numbers.spelled(text)
    yield Kind.ADDRESS, lambda: places.addresses(text)
    yield Kind.ORDER, lambda: numbers.bare_numbers(text)
    yield Kind.HANDLE, lambda: contacts.handles(text)
    yield Kind.NAME, lambda: contacts.names(text, names)


def _plain(written: str) -> str:
    bare = written.strip().lower()
    digits = re.sub(r"\D", "", bare)
    return digits.removeprefix("00").lstrip("0") if len(digits) > 5 and not re.search(r"[a-z]", bare) else bare


def _is_ours(found: str, allowed: frozenset[str]) -> bool:
    plain = _plain(found)
    host = re.sub(r"^(?:https?://)?(?:www\.)?|^.*@", "", plain).split("/")[0]
    if plain.isdigit():  # the same number with and without its country
        return any(one.isdigit() and (one.endswith(plain) or plain.endswith(one)) for one in allowed)
    return bool(allowed & {plain, plain.lstrip("@"), host})
