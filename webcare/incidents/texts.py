"""The holding text of an incident: several wordings in each language, each read by the guard and by a second person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session, col, select

from webcare import guard
from webcare.cases.record import typed_text
from webcare.cases.saved_replies import LANGUAGES, placeholders
from webcare.cases.surroundings import PLAIN, Reviewer
from webcare.channels import channel_class
from webcare.domain import Actor, Finding, Level, ReplyWay, Sentiment
from webcare.errors import NotAllowed, WebcareError
from webcare.guard.base import Customer, ReviewContext
from webcare.guard.profile import NO_BRAND
from webcare.incidents.mode import load_open, note
from webcare.people import Permission, person_id, require
from webcare.store import Store
from webcare.store.bulk import storable
from webcare.store.tables import AccountRow, AgentRow
from webcare.store.tables_incidents import IncidentRow, IncidentTextRow


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording as it stands. `approved_by` is empty while nobody else said yes."""

    id: int
    language: str
    text: str
    author_id: int
    author: str
    approved_by: str = ""
    approved_at: datetime | None = None


def write_text(
    store: Store,
    incident_id: int,
    *,
    language: str,
    text: str,
    by: Actor,
    now: datetime,
    reviewer: Reviewer = PLAIN,
) -> int:
    """Write one more wording; gives its id. It can be used once a colleague said yes.

    Raises NotAllowed without EDIT_TEXTS, and WebcareError for what the guard holds, for a wording that is there
    already, or one with a placeholder: the same words must do for everybody.
    """
    require(by, Permission.EDIT_TEXTS)
    text = storable(typed_text(text, "holding text"))
    if language not in LANGUAGES:
        raise WebcareError("There is no language “{code}” here; use one of {known}.", code=language, known="nl, en")
    if left := placeholders(text):
        raise WebcareError("A holding text is for everybody: write it without {{{name}}}.", name=left[0])
    with store.read() as session:
        held = _held(text, language, _contexts(session, language, reviewer))
    if held:
        raise WebcareError("The guard holds this text: {why}", why=held[0].message)
    with store.write() as session:
        row = load_open(session, incident_id)
        if any(bare(text) == bare(one.text) for one in _rows(session, incident_id)):
            raise WebcareError("This wording is there already. Write one that really differs.")
        made = IncidentTextRow(
            incident_id=incident_id, language=language, text=text, author_id=person_id(by), written_at=now
        )
        session.add(made)
        session.flush()
        note(session, row, "incident_text", by=by, now=now, after={"id": made.id, "language": language, "text": text})
        assert made.id is not None
        return made.id


def approve_text(session: Session, text_id: int, *, by: Actor, now: datetime) -> None:
    """Say yes to a colleague's wording.

    Raises NotAllowed without APPROVE_REPLY, for its author, and for somebody under supervision.
    """
    require(by, Permission.APPROVE_REPLY)
    me = person_id(by)
    row, incident = _text(session, text_id)
    if row.author_id == me:
        raise NotAllowed("Somebody else has to say yes to your own text.")
    if by.supervised:
        raise NotAllowed("{name} works under supervision and cannot approve replies.", name=by.name)
    if row.approved_at is not None:
        raise WebcareError("This text is approved already.")
    row.approved_by, row.approved_at = me, now
    session.add(row)
    note(session, incident, "incident_text_approved", by=by, now=now, after={"id": text_id, "language": row.language})


def withdraw_text(session: Session, text_id: int, *, by: Actor, now: datetime) -> None:
    """Take a wording out of use; what was sent of it stays. Raises NotAllowed without EDIT_TEXTS."""
    require(by, Permission.EDIT_TEXTS)
    row, incident = _text(session, text_id)
    row.withdrawn_at = now
    session.add(row)
    note(session, incident, "incident_text_withdrawn", by=by, now=now, after={"id": text_id, "language": row.language})


def wordings(session: Session, incident_id: int) -> tuple[Wording, ...]:
    """The wordings in use, by language in the order of the desk."""
    query = select(IncidentTextRow).where(
        IncidentTextRow.incident_id == incident_id, col(IncidentTextRow.withdrawn_at).is_(None)
    )
    rows = list(session.exec(query.order_by(col(IncidentTextRow.id))))
    ids = {id_ for one in rows for id_ in (one.author_id, one.approved_by) if id_ is not None}
    people: dict[int | None, str] = dict(
        session.exec(select(AgentRow.id, AgentRow.name).where(col(AgentRow.id).in_(ids))).all()
    )
    found = [
        Wording(
            one.id or 0, one.language, one.text, one.author_id, people.get(one.author_id, ""),
            people.get(one.approved_by, ""), one.approved_at,
        )
        for one in rows
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: (LANGUAGES.index(one.language), one.id)))


def bare(text: str) -> str:
    """What makes two wordings the same to a network: letters and digits, whatever their size."""
    return "".join(char for char in text.casefold() if char.isalnum())


def _rows(session: Session, incident_id: int) -> list[IncidentTextRow]:
    query = select(IncidentTextRow).where(
        IncidentTextRow.incident_id == incident_id, col(IncidentTextRow.withdrawn_at).is_(None)
    )
    return list(session.exec(query))


def _text(session: Session, text_id: int) -> tuple[IncidentTextRow, IncidentRow]:
    row = session.get(IncidentTextRow, text_id, with_for_update=True, populate_existing=True)
    if row is None or row.withdrawn_at is not None:
        raise WebcareError("This text is not there any more.")
    return row, load_open(session, row.incident_id)


def _contexts(session: Session, language: str, reviewer: Reviewer) -> list[ReviewContext]:
    """What the guard reads the text with on each network of ours; the cases add their own when it is sent."""
    contexts = []
    for account in session.exec(select(AccountRow).where(col(AccountRow.active))):
        brand = reviewer.brand_of(account.key) if reviewer.brand_of is not None else None
        contexts.append(
            ReviewContext(
                channel=account.channel,
                account=account.key,
                lang=language,
                market=reviewer.markets.get(account.key, ""),
                learned=reviewer.learned,
                length=_length(account.channel),
                parts=channel_class(account.channel).capabilities.parts,
                jokes_held=True,
                # Whoever is hit is upset, and nobody ticks a warning off for each of them.
                customer=Customer(sentiment=Sentiment.NEGATIVE.value),
                brand=brand.profile if brand is not None else NO_BRAND,
                rules=brand.rules if brand is not None else None,
            )
        )
    return contexts


def _length(channel: str) -> Callable[[str], tuple[int, int]]:
    rule = channel_class(channel).length

    def length(text: str) -> tuple[int, int]:
        counted = rule(text, ReplyWay.PUBLIC)
        return counted.used, counted.limit

    return length


def _held(text: str, language: str, contexts: list[ReviewContext]) -> list[Finding]:
    found = (finding for context in contexts for finding in guard.review(text, context).findings)
    return [finding for finding in found if finding.level is not Level.SUGGESTION]
