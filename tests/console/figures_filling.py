"""Some weeks of work at a desk, through the real services, for the pages of figures."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from webcare import cases
from webcare.domain import Author, Role, Sentiment, Topic
from webcare.testing import Desk, make_mention, make_triage

#: Language, what the customer writes, mood, topic, and our answer.
TALKS = (
    ("nl", "Waar blijft mijn bank? Ik wacht al weken!", "negative", "delivery",
     "Hoi Joris, wat vervelend! Sorry daarvoor. Laat je ons even je bestelnummer weten? Dan kijk ik mee. ^NS"),
    ("sv", "Finns stolen i Malmö?", "neutral", "availability",
     "Hej! Ja, den finns i lager i Malmö. Välkommen in! /Noor"),
    ("en", "Love my new table, thank you!", "positive", "brand",
     "Hi Sam, yay, so happy to hear that! Enjoy it ❤️ ^NS"),
    ("nl", "Mijn retour is nog niet terugbetaald.", "negative", "return",
     "Hierbij bevestigen wij dat uw retour is ontvangen. Met vriendelijke groet, Hemlund"),
    ("de", "Die Schublade ist kaputt angekommen.", "negative", "product_fault",
     "Hallo, das tut uns leid. Schick uns gerne ein Foto, dann schaue ich nach Ersatz. - Noor"),
    ("nb", "Hvor lang er leveringstiden?", "neutral", "delivery", "Leveringstiden er to uker."),
)  # fmt: skip


def weeks_of_work(desk: Desk, *, days: int = 24, every_h: float = 13.0) -> None:
    """Answered cases of the last days, an answer each after a while that grows and shrinks; two wait at the end."""
    ends = datetime.now(UTC)
    moment, number = ends - timedelta(days=days), 0
    desk.classifier = type(desk.classifier)(_label)
    while moment < ends - timedelta(hours=4):
        desk.now = moment
        talk = TALKS[number % len(TALKS)]
        author = Author(f"w{number}", f"Joris de Boer {number}", f"joris{number}")
        case = desk.open_case(talk[1], author=author)
        if number % 7 != 5:
            desk.later(minutes=9 + 17 * (number % 5))
            desk.reply(case.id or 0, talk[4])
            desk.later(seconds=desk.settings.delivery.undo_s + 1)
            desk.deliver()
        elif number % 2:
            with desk.store.write() as session:
                cases.claim(session, case.id or 0, by=desk.people[Role.TEAM_LEAD], now=desk.now)
        moment, number = moment + timedelta(hours=every_h), number + 1
    desk.now = datetime.now(UTC)


def _label(text: str) -> object:
    for language, said, mood, topic, _ in TALKS:
        if text == said:
            return make_triage(language=language, sentiment=Sentiment(mood), topic=Topic(topic))
    return make_triage()


def a_colleague_answers(desk: Desk, by: Role, text: str = "Hi, we look into it.") -> None:
    """One answered case of somebody else, two hours ago."""
    desk.later(hours=-2)
    mention = replace(make_mention(TALKS[2][1]), posted_at=desk.now)
    desk.receive(mention)
    case = desk.case_of(mention)
    first, desk.people[Role.FIRST_LINE] = desk.people[Role.FIRST_LINE], desk.people[by]
    desk.reply(case.id or 0, text)
    desk.people[Role.FIRST_LINE] = first
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    desk.deliver()
