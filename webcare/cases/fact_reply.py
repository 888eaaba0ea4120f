"""A draft of a reply made of the second line's facts: greeting, who we asked for, the facts. Never more than a draft.

The facts are the specialist's words as they stand; nothing is rewritten, so nothing can be added that nobody said.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from webcare.guard.greetings import INSTEAD

#: What stands between the greeting and the facts, by language and form of address.
_CHECKED: Mapping[str, tuple[str, str]] = {
    "nl": ("We hebben het voor je nagevraagd.", "We hebben het voor u nagevraagd."),
    "en": ("We looked into this for you.", "We looked into this for you."),
    "sv": ("Vi har kollat upp det åt dig.", "Vi har kontrollerat det åt er."),
    "nb": ("Vi har sjekket det for deg.", "Vi har undersøkt det for Dem."),
    "da": ("Vi har undersøgt det for dig.", "Vi har undersøgt det for Dem."),
    "de": ("Wir haben für dich nachgefragt.", "Wir haben für Sie nachgefragt."),
}
_FORMAL_HELLO = {"nl": "beste", "en": "hello", "sv": "hej", "nb": "hei", "da": "hej", "de": "guten Tag"}
#: Without a name these need something behind them.
_ALONE = {"beste": "goedendag"}
_NAME = re.compile(r"[^\W\d_][^\W\d_'’-]+")
_END = ".!?…"


def draft_of_facts(
    facts: Sequence[str], *, language: str, address: Mapping[str, str] | None = None, customer: str = ""
) -> str:
    """A reply in the customer's language that says these facts.

    `facts` are those that the customer may be told now; `address` is the brand's form by language ("informal" or
    "formal"), as its profile has it; `customer` is their name as the network shows it. English where we know no
    greeting. Empty without facts.
    """
    if not facts:
        return ""
    language = language if language in _CHECKED else "en"
    formal = (address or {}).get(language) == "formal"
    said = " ".join(_sentence(fact) for fact in facts)
    return f"{_hello(language, formal, _first_name(customer))}\n{_CHECKED[language][formal]} {said}"


def _hello(language: str, formal: bool, name: str) -> str:
    hello = _FORMAL_HELLO[language] if formal else INSTEAD["hello"][language]
    if not name:
        hello = _ALONE.get(hello, hello)
    hello = hello[0].upper() + hello[1:]
    return f"{hello} {name}," if name else f"{hello},"


def _first_name(customer: str) -> str:
    """The first name, where the network's name begins like one; "" for handles, shouting and shops of letters."""
    first = customer.split()[0] if customer.split() else ""
    plain = _NAME.fullmatch(first) is not None and first[0].isupper() and not first.isupper()
    return first if plain and len(first) <= 20 else ""


def _sentence(fact: str) -> str:
    fact = fact.strip()
    fact = fact[0].upper() + fact[1:]
    return fact if fact[-1] in _END else f"{fact}."
