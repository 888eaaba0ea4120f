"""Does the greeting name the customer, and not somebody else?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from webcare.domain import Finding, Level, Override, Said
from webcare.guard.base import ReviewContext
from webcare.guard.normalise import fold

_NAME = r"[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+(?:-[A-ZÀ-ÖØ-Þ][a-zß-öø-ÿ]+)?"
_HELLO = (
    "hoi|hallo|hey|hi|hello|hiya|dear|beste|dag|lieve|hej|hejsan|hei|heisann|kära|kjære|kære|hejsa|liebe|lieber|"
    "goedemorgen|goedemiddag|goedenavond|good morning|good afternoon|good evening|god morgen|god dag|god morgon|"
    "god kveld|guten morgen|guten tag|moin|servus"
)
_GREETING = re.compile(rf"\s*(?i:{_HELLO})\s+({_NAME})(?=\s*[,!.:\n–-])")
_GOODBYE = (
    "groet|groeten|groetjes|gr|mvg|met vriendelijke groet|vriendelijke groeten|liefs|regards|kind regards|best|"
    "best wishes|thanks|many thanks|cheers|hälsningar|mvh|vänliga hälsningar|med vänlig hälsning|kram|hilsen|"
    "vennlig hilsen|med vennlig hilsen|mh|med venlig hilsen|venlig hilsen|grüße|viele grüße|lg|vg|mfg|gruß"
)
_SIGNED = re.compile(rf"(?:(?i:{_GOODBYE})[,.!]?\s+|\n\s*[-–—/]?\s*|\s[-–—]\s?)({_NAME})(?:\s+{_NAME})?\s*[.!]?\s*$")
#: A short name and its long form share so many letters (Chris, Christian).
_SHARED = 3


class WrongName:
    """Warns when a reply greets by a name that is not the customer's, where that is known."""

    name = "names"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """At most one finding, over the name in the greeting; the right name is its fix."""
        greeting = _GREETING.match(draft)
        known = names_of(context)
        if greeting is None or not known or _stands_in(greeting[1], context.mention):
            return
        if any(_same(greeting[1], name) for name in known):
            return
        message = Said(
            "The customer is called {name}, not {other}. Check whom you answer.", name=known[0], other=greeting[1]
        )
        yield Finding(
            self.name,
            Level.WARNING,
            "wrong_name",
            message,
            *greeting.span(1),
            fixes=(known[0],),
            override=Override.ACKNOWLEDGE,
        )


def names_of(context: ReviewContext) -> tuple[str, ...]:
    """The customer's names as far as known: how they signed, then the parts of their name on the network."""
    signed = _SIGNED.search(context.mention)
    shown = context.customer.name
    # "fenna | nachtdienst" or "xX_99" is no name to greet by; nothing is said then.
    parts = shown.split() if re.fullmatch(rf"(?:{_NAME}|\w\.?|[a-z]{{2,4}})(?:[ ]+[\w.'’-]+)*", shown) else []
    return tuple(name for name in ([signed[1]] if signed else []) + parts if re.fullmatch(_NAME, name))


def _stands_in(name: str, text: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(fold(name))}(?!\w)", " ".join(map(fold, text.split()))) is not None


def _same(one: str, other: str) -> bool:
    one, other = fold(one), fold(other)
    return one == other or (one[:_SHARED] == other[:_SHARED] and len(one) != len(other))
