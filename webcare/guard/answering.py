"""Was the customer's question answered, or at least taken up?"""

from __future__ import annotations

import re
from collections.abc import Iterable

from webcare.domain import Finding, Level, Override, Said
from webcare.guard.base import ReviewContext
from webcare.guard.literals import Literals, cut
from webcare.guard.normalise import tokens
from webcare.guard.rules.text import Text
from webcare.guard.weights import is_listed
from webcare.guard.words import DAYS, STOP

#: A shorter word says little about what a sentence is about.
_TELLING = 4
#: How much of a word two forms of it share (bezorging, bezorgkosten).
_STEM = 5

#: Words of an answer, a promise to find out, or a question back.
_TAKEN_UP = Literals(
    (None, phrase.strip())
    for phrase in """
    onderweg, komt eraan, er nog, on its way, on the way, coming, på väg, på vei, på vej, unterwegs,
    ja, nee, jawel, jazeker, zeker, klopt, helaas, kijk*, zoeken, uitzoek*, nakijk*, navragen, checken,
    dm, privébericht*, pb, link, site, website, app, weten we, geen idee, stuur*, bel*, mail*, vanaf, gratis,
    altijd, nooit, elke dag, dagelijks, binnenkort, volgende, morgen, vandaag, yes, yeah, yep, no, nope, sure,
    unfortunately, afraid, look into, looking into, check*, find out, finding out, ask the, message us, send us, link,
    website, call*, ring*, email*, from, free, always, never, every day, daily, soon, next, tomorrow, today, we do,
    we don't, we are, it does, it is, you can, ja, jo, nej, jajamän, tyvärr, kollar, kolla, undersöker, tar reda,
    skicka*, mejla*, ring*, sajten, hemsid*, länk*, alltid, aldrig, varje dag, snart, nästa, imorgon, idag, nei, jo,
    dessverre, sjekke*, undersøke*, finner ut, send*, nettsid*, lenke*, alltid, aldri, hver dag, snart, neste, desværre,
    tjekke*, finder ud, hjemmeside*, altid, aldrig, næste, nein, leider, schauen, prüfen, klären, schick*, immer, nie
    """.replace("\n", " ").split(",")
)


class Unanswered:
    """Suggests a second look where the customer asks and the draft seems to pass over it."""

    name = "answering"

    def review(self, draft: str, context: ReviewContext) -> Iterable[Finding]:
        """At most one suggestion, over the whole draft."""
        questions = _questions(context.mention)
        if not questions or not draft.strip() or re.search(r"[\d?]|https?:", draft):
            return
        if any(True for _ in _TAKEN_UP.find(tuple(cut(draft)))) or _stems(draft) & _stems(questions):
            return
        # "On Friday, before noon" answers when and how soon without a figure.
        if any(is_listed(token.word, DAYS) for token in tokens(draft)):
            return
        message = Said("The customer asked something, and nothing here seems to answer it.")
        yield Finding(self.name, Level.SUGGESTION, "unanswered", message, 0, len(draft), override=Override.ACKNOWLEDGE)


def _questions(mention: str) -> str:
    text = Text(mention)
    return " ".join(mention[start:end] for start, end in text.sentences if "?" in mention[start:end])


def _stems(text: str) -> set[str]:
    words = (token.word for token in tokens(text))
    return {word[:_STEM] for word in words if len(word) >= _TELLING and word not in STOP}
