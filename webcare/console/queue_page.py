"""The queues: what waits, most urgent first, and the button that hands out the next case.

The list is one element however long. It looks for news by itself, but never moves a row somebody may be reading: what
is new is counted in a button, what is gone turns pale.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.console import chrome, safe, words
from webcare.console.acting import change
from webcare.console.components import mount
from webcare.console.desk import desk, now
from webcare.console.trouble import alert, show_news
from webcare.domain import ACTIVE_STATES, UNSORTED, Actor, CaseState, Line, Role, Urgency
from webcare.errors import CaseStateRefused, WebcareError
from webcare.people import Permission, may, require
from webcare.store.queries import Counters, QueueItem, QueuePage, cases_by_id, counters, queue_page
from webcare.store.search import Snippet, search_mentions

PLACE = "queue"
_PAGE = 50
#: How often the list looks for news, and how long counts of the whole desk may be old, in seconds.
_EVERY_S, _COUNTS_S = 8.0, 3.0
#: How many of the most urgent cases are tried when colleagues take them at the same moment.
_TRIES = 20

_QUEUE_TABS = (Line.FIRST_LINE.value, Line.SECOND_LINE.value, UNSORTED)
_TABS: Mapping[str, str] = dict(words.QUEUES) | {
    "mine": "Mine",
    "waiting": "Waiting for customers",
    "aside": "Put aside",
    "done": "Resolved",
}
_STATES: Mapping[str, tuple[str, ...]] = {
    "waiting": (CaseState.WAITING.value,),
    "aside": (CaseState.SNOOZED.value,),
    "done": (CaseState.RESOLVED.value,),
}
_FILTERS: Mapping[str, Mapping[str, str]] = {
    "urgency": words.URGENCIES,
    "topic": words.TOPICS,
    "sentiment": words.SENTIMENTS,
    "language": words.LANGUAGES,
    "channel": words.CHANNELS,
}
_FILTER_NAMES = {
    "urgency": "Urgency",
    "topic": "Topic",
    "sentiment": "Mood",
    "language": "Language",
    "channel": "Network",
}


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address says to show."""

    tab: str
    only: tuple[tuple[str, str], ...]
    search: str
    after: str | None
    me: int


@dataclass(frozen=True, slots=True)
class Shown:
    """What stands on the screen: the items in the order they were drawn, as last seen, and the page's end."""

    chosen: Chosen
    items: tuple[QueueItem, ...]
    next: str | None


def show() -> None:
    """Draw the queue named in the address."""
    me = chrome.me_or_stop()
    require(me, Permission.SEE_CASES)
    tab = _tab(me)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.fragment(_tabs, run_every=_EVERY_S)(tab)
        if may(me, Permission.WORK_CASES):
            _next_button(tab, me)
    show_news(PLACE)
    chosen = _choose(tab, me)
    st.session_state["queue_address"] = st.query_params.to_dict()
    # A run of the whole page is somebody's doing, so here the order may change; later looks keep it.
    st.session_state.pop("queue_shown", None)
    st.fragment(_list, run_every=None if chosen.search else _EVERY_S)(chosen)


def _tab(me: Actor) -> str:
    wanted = st.query_params.get("queue", "")
    return wanted if wanted in _TABS else _home(me)


def _home(me: Actor) -> str:
    return Line.SECOND_LINE.value if me.role is Role.SECOND_LINE else Line.FIRST_LINE.value


def _tabs(tab: str) -> None:
    me = chrome.me_or_stop()
    counted = _counters(me)
    shown = [_tab_data(key, name, key == tab, counted) for key, name in _TABS.items()]
    chosen = mount.tabs()(key="tabs", data={"tabs": shown}, on_queue_change=lambda: None)
    if chosen.queue in _TABS and chosen.queue != tab:
        st.query_params["queue"] = chosen.queue
        st.query_params.pop("after", None)
        st.rerun(scope="app")


def _tab_data(key: str, name: str, chosen: bool, counted: Counters) -> dict[str, Any]:
    if key == "mine":
        count, late = str(counted.mine), counted.mine_overdue
    elif key in _QUEUE_TABS:
        count, late = str(counted.by_queue.get(key, 0)), counted.overdue_by_queue.get(key, 0)
    else:
        count, late = "", 0
    return {"key": key, "name": name, "count": count, "chosen": chosen, "late": f"{late} late" if late else ""}


def _counters(me: Actor) -> Counters:
    """Counts of the whole desk, shared by everybody for a few seconds: they read every active case."""
    kept: dict[str, tuple[float, Counters]] = st.session_state.setdefault("counters", {})
    until, counted = kept.get("counters", (0.0, None))
    if counted is None or time.monotonic() > until:
        with desk().store.read() as session:
            counted = counters(session, now(), agent_id=me.id)
        kept["counters"] = (time.monotonic() + _COUNTS_S, counted)
    return counted


def _choose(tab: str, me: Actor) -> Chosen:
    """Search and filters; the widgets keep themselves in the address."""
    assert me.id is not None
    search, *columns = st.columns([2.4, *(1 for _ in _FILTERS)], gap="small")
    text = search.text_input(
        "Search",
        key="q",
        bind="query-params",
        placeholder="Search in all messages",
        icon=":material/search:",
        label_visibility="collapsed",
        max_chars=200,
    )
    only = []
    for column, (name, choices) in zip(columns, _FILTERS.items(), strict=True):
        value = column.selectbox(
            _FILTER_NAMES[name],
            list(choices),
            index=None,
            format_func=choices.__getitem__,
            key=name,
            bind="query-params",
            placeholder=_FILTER_NAMES[name],
            label_visibility="collapsed",
        )
        if value is not None:
            only.append((name, value))
    return Chosen(tab, tuple(only), (text or "").strip(), st.query_params.get("after"), me.id)


def _list(chosen: Chosen) -> None:
    me = chrome.me_or_stop()
    if chosen.search:
        _draw(chosen, _found(chosen), None)
        return
    page = _page(chosen)
    before: Shown | None = st.session_state.get("queue_shown")
    if before is None or before.chosen != chosen or not before.items:
        shown = Shown(chosen, page.items, page.next)
    else:
        with desk().store.read() as session:
            known = cases_by_id(session, [item.id for item in before.items])
        shown = as_it_is_now(before, known, page)
    st.session_state["queue_shown"] = shown
    fresh = [item for item in page.items if item.id not in {old.id for old in shown.items}]
    _draw(chosen, [_row(item, me, gone=where_to(item, chosen)) for item in shown.items], shown.next, fresh=fresh)


def _page(chosen: Chosen) -> QueuePage:
    states = _STATES.get(chosen.tab, ACTIVE_STATES)
    try:
        with desk().store.read() as session:
            return queue_page(
                session,
                queue=chosen.tab if chosen.tab in _QUEUE_TABS else None,
                states=states,
                assignee_id=chosen.me if chosen.tab == "mine" else None,
                only=dict(chosen.only),
                after=chosen.after,
                limit=_PAGE,
            )
    except WebcareError as error:
        alert("bad", str(error))
        return QueuePage((), None)


def as_it_is_now(shown: Shown, known: Sequence[QueueItem], page: QueuePage) -> Shown:
    """The rows on the screen in their old order, as they are now; what comes after them all may follow on the end."""
    by_id = {item.id: item for item in known}
    kept = [by_id.get(item.id, item) for item in shown.items]
    ids = {item.id for item in kept}
    last = max((place for place, item in enumerate(page.items) if item.id in ids), default=len(page.items))
    room = max(0, _PAGE - len(kept))
    return Shown(shown.chosen, (*kept, *page.items[last + 1 :][:room]), shown.next or page.next)


def where_to(item: QueueItem, chosen: Chosen) -> str:
    """Where a case went that no longer belongs on this list; empty when it still does."""
    belongs = (
        item.state in _STATES.get(chosen.tab, ACTIVE_STATES)
        and (chosen.tab not in _QUEUE_TABS or item.queue == chosen.tab)
        and (chosen.tab != "mine" or item.assignee_id == chosen.me)
        and all(getattr(item, name) == value for name, value in chosen.only)
    )
    return "" if belongs else _where(item)


def _found(chosen: Chosen) -> list[dict[str, Any]]:
    """Rows for what a search finds in all queues, newest first, each with the words around the hit."""
    me = chrome.me_or_stop()
    with desk().store.read() as session:
        hits = search_mentions(session, chosen.search, limit=_PAGE)
        snippets = {hit.case_id: hit.snippet for hit in reversed(hits) if hit.case_id is not None}
        items = cases_by_id(session, [hit.case_id for hit in hits if hit.case_id is not None])
    only = dict(chosen.only)
    wanted = [item for item in items if all(getattr(item, name) == value for name, value in only.items())]
    return [_row(item, me) | {"pieces": pieces_of(snippets[item.id]), "tags": [_where(item)]} for item in wanted]


def pieces_of(snippet: Snippet) -> list[tuple[str, bool]]:
    """The words around a hit, cut where the hits begin and end."""
    pieces: list[tuple[str, bool]] = [("… ", False)] if snippet.cut_before else []
    position = 0
    for start, end in snippet.hits:
        pieces += [(snippet.text[position:start], False), (snippet.text[start:end], True)]
        position = end
    pieces += [(snippet.text[position:], False)] + ([(" …", False)] if snippet.cut_after else [])
    return [(safe.clean(text).replace("\n", " "), hit) for text, hit in pieces if text]


def _where(item: QueueItem) -> str:
    if item.state in ACTIVE_STATES:
        return words.word(words.QUEUES, item.queue)
    return words.word(words.STATES, item.state)


def _draw(
    chosen: Chosen, rows: list[dict[str, Any]], following: str | None, *, fresh: list[QueueItem] | None = None
) -> None:
    critical = sum(item.urgency == Urgency.CRITICAL for item in fresh or ())
    told = words.plural(len(fresh or ()), "new case") + (f", {critical} critical" if critical else "") + " · show"
    data = {
        "now": now().isoformat(),
        "title": f"Cases: {_TABS[chosen.tab]}",
        "rows": rows,
        "fresh": told if fresh else "",
        "fresh_critical": critical > 0,
        "empty": _empty(chosen),
        "back": chosen.after is not None,
        "more": following is not None,
        "page": words.plural(len(rows), "case"),
    }
    result = mount.case_list()(
        key="cases",
        data=data,
        on_open_change=lambda: None,
        on_refresh_change=lambda: None,
        on_turn_change=lambda: None,
    )
    if result.open is not None:
        st.switch_page(chrome.CASE, query_params={"case": str(int(result.open))})
    if result.turn is not None:
        _turn(result.turn, following)
    if result.refresh is not None:
        st.rerun(scope="app")


def _turn(direction: str, following: str | None) -> None:
    marks: tuple[str, ...] = st.session_state.get("queue_marks", ())
    if direction == "next" and following is not None:
        st.session_state["queue_marks"] = (*marks, st.query_params.get("after", ""))
        st.query_params["after"] = following
    else:
        before = marks[-1] if marks else ""
        st.session_state["queue_marks"] = marks[:-1]
        if before:
            st.query_params["after"] = before
        else:
            st.query_params.pop("after", None)
    st.rerun(scope="app")


def _empty(chosen: Chosen) -> str:
    if chosen.search:
        return "No message matches your search.\nFewer or shorter words find more."
    if chosen.only:
        return "No case here matches your filters."
    if chosen.after is not None:
        return "This was the last page."
    if chosen.tab == "mine":
        return "You have no open cases.\n“Take the next most urgent” gives you one."
    if chosen.tab in _QUEUE_TABS:
        return "Nothing waits here. New messages appear by themselves."
    return "Nothing here."


def _row(item: QueueItem, me: Actor, *, gone: str = "") -> dict[str, Any]:
    """One line as the browser draws it: words ready to be shown, times for its clock."""
    active = item.state in ACTIVE_STATES and item.waiting_since is not None
    mine = item.assignee_id is not None and item.assignee_id == me.id
    return {
        "id": item.id,
        "channel": item.channel if item.channel in words.CHANNELS else "other",
        "mark": words.word(words.CHANNELS, item.channel)[:1].replace("F", "f"),
        "network": words.word(words.CHANNELS, item.channel),
        "urgency": item.urgency,
        "urgency_word": words.word(words.URGENCIES, item.urgency),
        "customer": safe.line(item.customer_name or item.customer_handle or "Somebody", limit=60),
        "handle": safe.line(f"@{item.customer_handle}", limit=40)
        if item.customer_handle and item.customer_name
        else "",
        "pieces": [(safe.line(item.excerpt, limit=220), False)],
        "tags": _tags(item),
        "topic": words.word(words.TOPICS, item.topic),
        "sentiment": item.sentiment,
        "sentiment_word": words.word(words.SENTIMENTS, item.sentiment),
        "language": safe.line(item.language, limit=3),
        "language_word": words.word(words.LANGUAGES, item.language),
        "at": item.last_posted_at.isoformat(),
        "by": item.respond_by.isoformat() if active else "",
        "from": (item.waiting_since or item.opened_at).isoformat(),
        "assignee": "You" if mine else safe.line(item.assignee_name, limit=30),
        "gone": f"Now: {gone}" if gone else "",
    }


def _tags(item: QueueItem) -> list[str]:
    tags = []
    if item.handovers:
        tags.append("question" if item.line == Line.SECOND_LINE else "back with an answer")
    if item.reopened:
        tags.append("came back")
    if item.snoozed_until is not None and item.state == CaseState.SNOOZED:
        tags.append(f"until {words.clock_time(item.snoozed_until, now=now())}")
    return tags


def _next_button(tab: str, me: Actor) -> None:
    queue = tab if tab in _QUEUE_TABS else _home(me)
    if st.button("Take the next most urgent", key="take_next", type="primary", icon=":material/bolt:") and _take_next(
        queue
    ):
        st.switch_page(chrome.CASE, query_params={"case": str(st.session_state.pop("taken"))})


def _take_next(queue: str) -> bool:
    def take(session: Session, me: Actor, moment: datetime) -> None:
        waiting = queue_page(session, queue=queue, only={"assignee_id": None}, limit=_TRIES).items
        for item in waiting:
            try:
                st.session_state["taken"] = cases.claim(session, item.id, by=me, now=moment).id
            except CaseStateRefused:
                continue  # a colleague was quicker; the next one then
            return
        raise CaseStateRefused(f"Nothing in {words.word(words.QUEUES, queue)} waits for somebody to take it.")

    return change(PLACE, take)
