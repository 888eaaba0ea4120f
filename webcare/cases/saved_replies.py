"""Saved replies: texts a colleague wrote once, to answer with again. Kept by whoever owns them, in several languages.

A text may hold placeholders such as `{name}`. What the case knows is filled in when the text is taken into a reply; the
others stay, and the guard lets no reply leave with one of them. Every change is a row of the audit log, so every
version can be read again; texts with somebody's personal data are refused, because that log is never emptied.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, select

from webcare import audit
from webcare.cases.record import MAX_TEXT, customer_messages, load
from webcare.domain import Actor, Topic
from webcare.errors import CaseChanged, WebcareError
from webcare.guard.base import Customer, ReviewContext
from webcare.guard.names import names_of
from webcare.people import Permission, may, person_id, require
from webcare.personal import Kind, find_personal
from webcare.store.bulk import storable
from webcare.store.incident_mode import something_is_open
from webcare.store.tables import AgentRow
from webcare.store.tables_desk import AuditRow, SavedReplyRow, SavedReplyTextRow

#: The languages a text can be written in, in the order they are shown.
LANGUAGES = ("nl", "en", "sv", "nb", "da", "de")
MAX_NAME = 80
#: What a case can fill, and what people call it in their own language.
KNOWN: Mapping[str, tuple[str, ...]] = {
    "name": ("naam", "namn", "navn", "vorname"),
    "order": ("bestelnummer", "ordernummer", "ordrenummer", "bestellnummer"),
    "agent": ("medewerker", "medarbetare", "medarbeider", "mitarbeiter"),
    "initials": ("initialen", "initialer"),
}
_PLACEHOLDER = re.compile(r"\{([^\W\d_][\w -]{0,30})\}")
_MEANS = {word: name for name, words in KNOWN.items() for word in (name, *words)}
_WHAT = ("saved_reply_added", "saved_reply_changed", "saved_reply_deleted")
_PERSONAL = frozenset(Kind) - {Kind.LINK, Kind.HANDLE, Kind.NAME}
#: Where no text is in the customer's language, the likeliest one to be read all the same.
_NEAR = {"da": ("nb", "sv", "en"), "nb": ("da", "sv", "en"), "sv": ("nb", "da", "en")}
_VERSIONS = 50


@dataclass(frozen=True, slots=True)
class SavedReply:
    """A saved reply as it is now. `problem` is "expired", "ownerless" or "frozen"; such a one is not offered."""

    id: int
    name: str
    topic: str
    owner_id: int
    owner_name: str
    owner_username: str
    expires_at: datetime | None
    version: int
    updated_at: datetime
    texts: Mapping[str, str]  #: by language, in the order of LANGUAGES
    problem: str = ""
    campaign: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants a saved reply to be."""

    name: str
    texts: Mapping[str, str]  #: by language; empty ones are left out
    topic: str = ""  #: a Topic, or empty for all
    owner_id: int | None = None  #: None = whoever saves it
    expires_at: datetime | None = None
    campaign: bool = False  #: not offered while an incident is open


@dataclass(frozen=True, slots=True)
class Version:
    """One change of a saved reply: who made it, and what was there before and after."""

    at: datetime
    by: str
    what: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]


def all_saved(session: Session, *, by: Actor, now: datetime) -> tuple[SavedReply, ...]:
    """Every saved reply by name, those that are not offered too. For whoever may use or edit them."""
    if not may(by, Permission.EDIT_TEXTS):
        require(by, Permission.WORK_CASES)
    texts: dict[int, dict[str, str]] = {}
    written = select(SavedReplyTextRow.saved_reply_id, SavedReplyTextRow.language, SavedReplyTextRow.text)
    for saved_id, language, text in session.exec(written):
        texts.setdefault(saved_id, {})[language] = text
    query = select(SavedReplyRow, AgentRow).join(AgentRow, col(AgentRow.id) == col(SavedReplyRow.owner_id))
    frozen = something_is_open(session)
    found = [_view(row, owner, texts.get(row.id or 0, {}), now, frozen) for row, owner in session.exec(query)]
    return tuple(sorted(found, key=lambda one: one.name.casefold()))


def offered(
    session: Session, *, by: Actor, now: datetime, words: str = "", topic: str = "", language: str = ""
) -> tuple[SavedReply, ...]:
    """Those a person can answer with, found by `words`: first of this topic, then with a text in this language.

    Raises NotAllowed without WORK_CASES.
    """
    require(by, Permission.WORK_CASES)
    found = [one for one in all_saved(session, by=by, now=now) if not one.problem and matches(one, words)]
    return tuple(sorted(found, key=lambda one: (one.topic != topic, bool(one.topic), language not in one.texts)))


def matches(saved: SavedReply, words: str) -> bool:
    """Whether every one of some words stands in the name, the topic or a text."""
    within = "\n".join((saved.name, saved.topic.replace("_", " "), *saved.texts.values())).casefold()
    return all(word in within for word in words.casefold().split())


def save(
    session: Session,
    wanted: Wanted,
    *,
    by: Actor,
    now: datetime,
    saved_id: int | None = None,
    version: int | None = None,
    ours: Collection[str] = (),
    order_numbers: Sequence[str] = (),
) -> int:
    """Add a saved reply, or change the one with `saved_id`; gives its id.

    `version` is the one the person was looking at: another one raises CaseChanged. `ours` are the brand's own names,
    domains and numbers, which may stand in a text. Raises NotAllowed without EDIT_TEXTS, WebcareError for what cannot
    be saved, personal data included.
    """
    require(by, Permission.EDIT_TEXTS)
    wanted = _checked(session, wanted, saved_id, ours, order_numbers)
    owner = _owner(session, wanted.owner_id if wanted.owner_id is not None else person_id(by))
    row = _row(session, saved_id, version) if saved_id is not None else None
    before = _said(session, row) if row is not None else {}
    if row is None:
        row = SavedReplyRow(name="", owner_id=owner.id or 0, created_at=now, updated_at=now, version=0)
    row.name, row.topic, row.expires_at, row.owner_id = wanted.name, wanted.topic, wanted.expires_at, owner.id or 0
    row.campaign = wanted.campaign
    row.version, row.updated_at = row.version + 1, now
    session.add(row)
    session.flush()
    assert row.id is not None
    _write_texts(session, row.id, wanted.texts)
    gone, come = audit.difference(before, _said(session, row))
    what = _WHAT[1] if before else _WHAT[0]
    audit.record(session, what, by=by, now=now, subject=_subject(row.id), before=gone, after=come)
    return row.id


def delete_saved(session: Session, saved_id: int, *, by: Actor, now: datetime, version: int | None = None) -> None:
    """Take a saved reply away; the audit log keeps what it said. Raises NotAllowed without EDIT_TEXTS."""
    require(by, Permission.EDIT_TEXTS)
    row = _row(session, saved_id, version)
    before = _said(session, row)
    session.execute(delete(SavedReplyTextRow).where(col(SavedReplyTextRow.saved_reply_id) == saved_id))
    session.delete(row)
    audit.record(session, _WHAT[2], by=by, now=now, subject=_subject(saved_id), before=before)


def versions(session: Session, saved_id: int, *, by: Actor) -> tuple[Version, ...]:
    """The newest changes of a saved reply first, at most 50. Raises NotAllowed without EDIT_TEXTS."""
    require(by, Permission.EDIT_TEXTS)
    query = (
        select(AuditRow)
        .where(col(AuditRow.what).in_(_WHAT), AuditRow.subject == _subject(saved_id))
        .order_by(col(AuditRow.id).desc())
        .limit(_VERSIONS)
    )
    return tuple(Version(row.at, row.agent_name, row.what, row.before, row.after) for row in session.exec(query))


# --- placeholders -----------------------------------------------------------------------------------


def placeholders(text: str) -> tuple[str, ...]:
    """The names of the placeholders in a text, each once, in order; {naam} is called "name" too."""
    return tuple(dict.fromkeys(_meant(match[1]) for match in _PLACEHOLDER.finditer(text)))


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with every placeholder filled that `values` knows; the others stay as they are."""
    return _PLACEHOLDER.sub(lambda match: values.get(_meant(match[1])) or match[0], text)


def values_for(
    session: Session, case_id: int, *, by: Actor, private: bool = False, order_numbers: Sequence[str] = ()
) -> dict[str, str]:
    """What this case fills: the customer's first name where it is known, the number they wrote, and who answers.

    An order number is filled only where the customer alone reads it; `order_numbers` are the brand's own forms.
    Raises NotAllowed without WORK_CASES, CaseNotFound.
    """
    require(by, Permission.WORK_CASES)
    case = load(session, case_id)
    messages = customer_messages(session, case_id)
    newest = messages[-1].text if messages else ""
    context = ReviewContext(channel=case.channel, mention=newest, customer=Customer(case.customer_name))
    values = own_values(by)
    if names := names_of(context):
        values["name"] = names[0]
    numbers = (
        [_order_in(message.text, case.language, order_numbers) for message in reversed(messages)] if private else []
    )
    if number := next(filter(None, numbers), ""):
        values["order"] = number
    return values


def own_values(by: Actor) -> dict[str, str]:
    """What is known without a case: who answers."""
    words = by.name.split() or [""]
    return {"agent": words[0], "initials": "".join(word[0] for word in words if word[:1].isupper()) or words[0][:1]}


def choose_language(languages: Iterable[str], customer: str) -> str:
    """The language to show first: the customer's, else one they are likely to read, else the first there is."""
    there = [language for language in LANGUAGES if language in set(languages)]
    wishes = (customer, *_NEAR.get(customer, ()), "en")
    return next((wish for wish in wishes if wish in there), there[0] if there else "")


def _meant(word: str) -> str:
    plain = " ".join(word.casefold().split())
    return _MEANS.get(plain, plain)


def _order_in(text: str, language: str, order_numbers: Sequence[str]) -> str:
    found = find_personal(text, language, kinds={Kind.ORDER}, order_numbers=order_numbers)
    return text[found[0].start : found[0].end] if found else ""


# --- checks -----------------------------------------------------------------------------------------


def _checked(
    session: Session, wanted: Wanted, saved_id: int | None, ours: Collection[str], order_numbers: Sequence[str]
) -> Wanted:
    name = " ".join(storable(wanted.name).split())
    if not name:
        raise WebcareError("A saved reply needs a name.")
    if len(name) > MAX_NAME:
        raise WebcareError("The name has {count} characters; at most {most} fit.", count=len(name), most=MAX_NAME)
    if wanted.topic and wanted.topic not in set(Topic):
        raise WebcareError("There is no topic “{topic}”; use one of {topics}.", topic=wanted.topic, topics=_topics())
    same = select(SavedReplyRow.id, SavedReplyRow.name).where(col(SavedReplyRow.id) != (saved_id or 0))
    if any(other.casefold() == name.casefold() for _, other in session.exec(same)):
        raise WebcareError("There already is a saved reply called “{name}”.", name=name)
    texts = {language: _text(language, text) for language, text in wanted.texts.items() if text.strip()}
    if not texts:
        raise WebcareError("“{name}” has no text yet; write it in one language at least.", name=name)
    for language, text in texts.items():
        _refuse_personal(text, language, ours, order_numbers)
    return Wanted(name, texts, wanted.topic, wanted.owner_id, wanted.expires_at, wanted.campaign)


def _text(language: str, text: str) -> str:
    if language not in LANGUAGES:
        known = ", ".join(LANGUAGES)
        raise WebcareError("There is no language “{code}” here; use one of {known}.", code=language, known=known)
    text = storable(text).replace("\r\n", "\n").strip()
    if len(text) > MAX_TEXT:
        raise WebcareError("The text has {count} characters; at most {most} fit.", count=len(text), most=MAX_TEXT)
    return text


def _refuse_personal(text: str, language: str, ours: Collection[str], order_numbers: Sequence[str]) -> None:
    found = find_personal(text, language, kinds=_PERSONAL, ours=ours, order_numbers=order_numbers)
    if found:
        quote = text[found[0].start : found[0].end]
        raise WebcareError(
            "“{quote}” ({language}) looks like personal data. A saved reply is for everybody: put a placeholder "
            "such as {placeholder} in its place.",
            quote=quote,
            language=language,
            placeholder="{order}" if found[0].kind is Kind.ORDER else f"{{{found[0].kind}}}",
        )


def _topics() -> str:
    return ", ".join(topic.value for topic in Topic)


# --- rows -------------------------------------------------------------------------------------------


def _view(row: SavedReplyRow, owner: AgentRow, texts: Mapping[str, str], now: datetime, frozen: bool) -> SavedReply:
    assert row.id is not None
    expired = row.expires_at is not None and row.expires_at <= now
    problem = "expired" if expired else "" if owner.active else "ownerless"
    return SavedReply(
        row.id,
        row.name,
        row.topic,
        row.owner_id,
        owner.name,
        owner.username,
        row.expires_at,
        row.version,
        row.updated_at,
        {language: texts[language] for language in LANGUAGES if language in texts},
        problem or ("frozen" if row.campaign and frozen else ""),
        row.campaign,
    )


def _row(session: Session, saved_id: int, version: int | None) -> SavedReplyRow:
    row = session.get(SavedReplyRow, saved_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise WebcareError("This saved reply is not there any more.")
    if version is not None and row.version != version:
        raise CaseChanged("A colleague changed “{name}” while you had it open. Open it again.", name=row.name)
    return row


def _owner(session: Session, owner_id: int) -> AgentRow:
    row = session.get(AgentRow, owner_id)
    if row is None or not row.active:
        raise WebcareError("The owner must be a colleague who works at the desk.")
    return row


def _said(session: Session, row: SavedReplyRow) -> dict[str, Any]:
    """Everything of a saved reply that people change, as plain JSON."""
    query = select(SavedReplyTextRow).where(SavedReplyTextRow.saved_reply_id == row.id)
    texts = {f"text_{text.language}": text.text for text in session.exec(query)}
    expires = row.expires_at.isoformat() if row.expires_at else None
    said = {"name": row.name, "topic": row.topic, "owner": row.owner_id, "expires_at": expires, **texts}
    return said | ({"campaign": True} if row.campaign else {})


def _write_texts(session: Session, saved_id: int, texts: Mapping[str, str]) -> None:
    query = select(SavedReplyTextRow).where(SavedReplyTextRow.saved_reply_id == saved_id)
    there = {row.language: row for row in session.exec(query)}
    for language, row in there.items():
        if language not in texts:
            session.delete(row)
    for language, text in texts.items():
        kept = there.get(language) or SavedReplyTextRow(saved_reply_id=saved_id, language=language, text="")
        kept.text = text
        session.add(kept)
    session.flush()


def _subject(saved_id: int) -> str:
    return f"saved_reply:{saved_id}"
