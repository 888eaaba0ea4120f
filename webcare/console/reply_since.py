"""What was written on a case since somebody began an answer: shown beside it, so that nobody answers what is old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

import streamlit as st

from webcare.console import safe, words
from webcare.console.desk import now
from webcare.console.tongue import _
from webcare.console.verdict_panel import difference
from webcare.domain import Actor
from webcare.store.queries import CaseView, DeliveryView, MentionView, NoteView

#: Things shown at most; the thread has them all.
_SHOWN = 4


@dataclass(frozen=True, slots=True)
class Written:
    """What stood on a case at one moment, by ids; of the customer's messages a mark of the words too."""

    messages: frozenset[tuple[int, str]]
    replies: frozenset[int]
    notes: frozenset[int]


def look(view: CaseView, me: Actor, *, writing: bool) -> tuple[safe.Html, ...]:
    """What came since this person began the answer that stands in the box; call it whenever the case is drawn.

    While nobody is writing there is nothing to be stale, and everything on the screen counts as seen.
    """
    stands, key = _written(view), _key(view.case.id)
    before: Written | None = st.session_state.get(key)
    if before is None or not writing:
        st.session_state[key] = stands
        return ()
    return tuple(_since(view, before, me))


def seen(case_id: int) -> None:
    """Everything that is on the screen has been looked at."""
    st.session_state.pop(_key(case_id), None)


def show(case_id: int, news: tuple[safe.Html, ...]) -> bool:
    """Draw what came since; gives whether there is anything."""
    if not news:
        return False
    safe.draw(
        safe.el(
            "section",
            safe.el("h2", _("Written since you began this answer")),
            *news[:_SHOWN],
            cls="wc-held wc-warned wc-since",
            role="status",
        )
    )
    return True


def _written(view: CaseView) -> Written:
    return Written(
        frozenset((one.id, _mark(one)) for one in view.mentions),
        frozenset(one.id for one in view.deliveries),
        frozenset(one.id for one in view.notes),
    )


def _mark(message: MentionView) -> str:
    return sha256(message.text.encode()).hexdigest()[:12]


def _since(view: CaseView, before: Written, me: Actor) -> Iterator[safe.Html]:
    known = {id_ for id_, mark in before.messages}
    for message in view.mentions:
        if (message.id, _mark(message)) not in before.messages:
            yield _message(view, message, is_new=message.id not in known)
    for reply in view.deliveries:
        if reply.id not in before.replies and reply.author_id != me.id:
            yield _reply(reply)
    for note in view.notes:
        if note.id not in before.notes and note.agent_id != me.id:
            yield _note(note)


def _message(view: CaseView, message: MentionView, *, is_new: bool) -> safe.Html:
    who = safe.name(message.author_name or message.author_handle)
    when = words.clock_time(message.edited_at or message.posted_at, now=now())
    versions = view.versions.get(message.id, ())
    if message.deleted_at is not None:
        return _told(_("A message is gone"), who, when, safe.said(message.text))
    if is_new or not versions:
        return _told(_("New message") if is_new else _("Changed message"), who, when, safe.said(message.text))
    return _told(_("Changed message"), who, when, difference(versions[-1].text, message.text))


def _reply(reply: DeliveryView) -> safe.Html:
    when = words.clock_time(reply.created_at, now=now())
    return _told(_("Answer of a colleague"), safe.name(reply.author_name), when, safe.said(reply.text))


def _note(note: NoteView) -> safe.Html:
    when = words.clock_time(note.created_at, now=now())
    return _told(_("Internal note"), safe.name(note.agent_name), when, safe.said(note.text))


def _told(what: str, who: safe.Html, when: str, said: safe.Html) -> safe.Html:
    return safe.el("div", safe.el("header", safe.el("strong", what), " · ", who, " · ", when), said, cls="wc-since-one")


def _key(case_id: int) -> str:
    return f"written_{case_id}"
