"""The queues: what waits, most urgent first, and the button that hands out the next case.

The list is one element however long. It looks for news by itself, but never moves a row somebody may be reading: what
is new is counted in a button, what is gone turns pale.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from webcare.cases import presence, tagging
from webcare.cases.pressing import pressing_solutions
from webcare.console import (
    chrome,
    queue_acts,
    queue_bulk,
    queue_filters,
    queue_rows,
    queue_views,
    queue_watch,
    second_line,
    words,
)
from webcare.console.acting import draw_everything_if_asked, draw_everything_next, everything_is_drawn
from webcare.console.components import mount
from webcare.console.desk import desk, now
from webcare.console.lists import lists_of
from webcare.console.own_queues import own_titles, queue_name
from webcare.console.queue_filters import Chosen
from webcare.console.queue_memory import kept
from webcare.console.queue_rows import Beside, Shown, as_it_is_now, pieces_of, row, where, where_to
from webcare.console.queue_watch import queues
from webcare.console.tongue import N_, _, counted, refusal
from webcare.console.trouble import show_news
from webcare.console.watching import TROUBLE, read_or_watch, watch
from webcare.domain import Actor, Line, Role, Urgency
from webcare.errors import StoreUnavailable, WebcareError
from webcare.people import Permission, may, require
from webcare.store.case_search import search_cases
from webcare.store.queries import Counters, QueueItem, cases_by_id, counters

PLACE = "queue"
#: How often the page asks whether there is news, and how long counts of the whole desk may be old, in seconds.
_EVERY_S, _COUNTS_S = 8.0, 3.0
#: A list with rows that belong there no more is drawn again so often: no mark tells what becomes of those.
_APART_S = 24.0
_SHOWN = "queue_shown"
_CASES = "cases"

_VIEWS: Mapping[str, str] = {
    "mine": N_("Mine"),
    "waiting": N_("Waiting for customers"),
    "aside": N_("Put aside"),
    "done": N_("Resolved"),
}


def show() -> None:
    """Draw the queue named in the address."""
    everything_is_drawn()
    me = chrome.me_or_stop()
    require(me, Permission.SEE_CASES)
    tab = _tab(me)
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.fragment(_tabs)(tab)
        if may(me, Permission.WORK_CASES):
            with st.container(horizontal=True, width="content", gap="xsmall"):
                second_line.show_away(me)
                _next_button(tab, me)
    show_news(PLACE)
    second_line.show_notices(me)
    chosen = queue_filters.choose(tab, me)
    st.session_state["queue_address"] = st.query_params.to_dict()
    if not queue_bulk.keeps_the_list():
        # A run of the whole page is somebody's doing, so here the order may change; later looks keep it.
        st.session_state.pop(_SHOWN, None)
    st.fragment(_list)(chosen)
    queue_bulk.show()


def _tab(me: Actor) -> str:
    wanted = st.query_params.get("queue", "")
    return wanted if wanted in _tabs_now() else _home(me)


def _tabs_now() -> dict[str, str]:
    """The queues that every desk has, those of this desk's own, and what is no queue, by what they are called."""
    return {**words.QUEUES, **own_titles(), **_VIEWS}


def _home(me: Actor) -> str:
    return Line.SECOND_LINE.value if me.role is Role.SECOND_LINE else Line.FIRST_LINE.value


def _tabs(tab: str) -> None:
    draw_everything_if_asked()
    me = chrome.me_or_stop()
    known = read_or_watch("tabs", _EVERY_S, lambda: _counters(me))
    watch("tabs", queue_watch.mark_of_tabs(known), every_s=_EVERY_S)
    shown = [_tab_data(key, _(name), key == tab, known) for key, name in _tabs_now().items()]
    mount.tabs()(
        key=queue_views.COMPONENT,
        data={"tabs": shown} | queue_views.for_browser(me, tab),
        on_queue_change=_go_to,
        on_view_change=lambda: queue_views.act("view", tab),
        on_save_change=lambda: queue_views.act("save", tab),
        on_rename_change=lambda: queue_views.act("rename", tab),
        on_delete_change=lambda: queue_views.act("delete", tab),
    )


def _go_to() -> None:
    queue = st.session_state[queue_views.COMPONENT].queue
    if queue in _tabs_now():
        st.query_params["queue"] = queue
        st.query_params.pop("after", None)
    draw_everything_next()


def _tab_data(key: str, name: str, chosen: bool, known: Counters) -> dict[str, Any]:
    if key == "mine":
        count, late = str(known.mine), known.mine_overdue
    elif key in queues():
        count, late = str(known.by_queue.get(key, 0)), known.overdue_by_queue.get(key, 0)
    else:
        count, late = "", 0
    told = _("{count} late").format(count=late) if late else ""
    return {"key": key, "name": name, "count": count, "chosen": chosen, "late": told}


def _counters(me: Actor) -> Counters:
    """Counts of the whole desk, which read every active case."""

    def read() -> Counters:
        with desk().store.read() as session:
            return counters(session, now(), agent_id=me.id)

    return kept("counters", _COUNTS_S, read)


def _list(chosen: Chosen) -> None:
    draw_everything_if_asked()
    try:
        me = chrome.me_or_stop()
        if chosen.search:
            rows, following, fresh = _found(chosen, me)
        else:
            rows, following, fresh = _waiting(chosen, me)
    except StoreUnavailable as error:
        if not chosen.search:
            queue_watch.watch_list(chosen, TROUBLE, every_s=_EVERY_S)
        _draw(chosen, None, [], None, trouble=refusal(error))
        return
    except WebcareError as error:
        st.session_state.pop(_SHOWN, None)
        _draw(chosen, None, [], None, trouble=refusal(error))
        return
    _draw(chosen, me, rows, following, fresh=fresh)


Drawn = tuple[list[dict[str, Any]], str | None, list[QueueItem]]


def _waiting(chosen: Chosen, me: Actor) -> Drawn:
    """Rows of a queue, the mark of the next page, and what is new since the rows were first drawn."""
    before: Shown | None = st.session_state.get(_SHOWN)
    with desk().store.read() as session:
        page = queue_watch.page_of(session, chosen)
        if before is None or before.chosen != chosen or not before.items:
            shown = Shown(chosen, page.items, page.next)
        else:
            shown = as_it_is_now(before, cases_by_id(session, [item.id for item in before.items]), page)
        beside = _beside(session, shown.items, me)
        mark = queue_watch.mark_of(session, page, now())
    apart = [item.id for item in shown.items] != [item.id for item in page.items]
    queue_watch.watch_list(chosen, mark, every_s=_EVERY_S, at_most_s=_APART_S if apart else 0)
    st.session_state[_SHOWN] = shown
    there = {item.id for item in shown.items}
    rows = [row(item, me, beside, gone=_gone(item, chosen, beside)) for item in shown.items]
    return rows, shown.next, [item for item in page.items if item.id not in there]


def _gone(item: QueueItem, chosen: Chosen, beside: Beside) -> str:
    return where_to(item, chosen, queues(), beside.tags.get(item.id, ()))


def _found(chosen: Chosen, me: Actor) -> Drawn:
    """Rows for what a search finds in all queues, newest first, each with the words around the hit."""
    with desk().store.read() as session:
        page = search_cases(
            session,
            chosen.search,
            only=chosen.filters(),
            skills=chosen.skills,
            after=chosen.after,
            limit=queue_rows.PAGE,
        )
        beside = _beside(session, [one.item for one in page.cases], me)
    rows = [
        row(one.item, me, beside) | {"pieces": pieces_of(one.snippet), "tags": [where(one.item)]} for one in page.cases
    ]
    return rows, page.next, []


def _beside(session: Any, items: Any, me: Actor) -> Beside:
    ids = [item.id for item in items]
    part = desk().settings.alerts.warn_at
    return Beside(
        tagging.tags_of(session, ids),
        presence.others(session, ids, me=me, now=now()),
        pressing_solutions(session, ids, part=part, now=now()),
    )


def _draw(
    chosen: Chosen,
    me: Actor | None,
    rows: list[dict[str, Any]],
    following: str | None,
    *,
    fresh: list[QueueItem] | None = None,
    trouble: str = "",
) -> None:
    did = queue_acts.last()
    data = {
        "now": now().isoformat(),
        "place": chosen.place,
        "cleared": st.session_state.get("queue_cleared", 0),
        "title": _("Cases: {queue}").format(queue=_(_tabs_now()[chosen.tab])),
        "rows": rows,
        "fresh": _news(fresh or []),
        "fresh_critical": any(item.urgency == Urgency.CRITICAL for item in fresh or ()),
        "empty": _empty(chosen),
        "elsewhere": [] if rows or trouble or me is None else _elsewhere(chosen, me),
        "elsewhere_told": _("Cases wait elsewhere:"),
        "error": trouble,
        "back": chosen.after is not None,
        "more": following is not None,
        "page": counted("{count} case", "{count} cases", len(rows)),
        "compact": me is not None and me.density == "compact",
        "can_work": me is not None and may(me, Permission.WORK_CASES),
        "can_send": me is not None and may(me, Permission.SEND_REPLY),
        "people": _people(me),
        "did": did.text if did else "",
        "can_undo": did is not None and did.can_undo,
        "words": queue_rows.told_words(),
    }
    # All of them callbacks: what a part gives back is lost when another part, pressed in the same moment, runs first.
    mount.case_list()(
        key=_CASES,
        data=data,
        on_open_change=_open,
        on_refresh_change=draw_everything_next,
        on_turn_change=lambda: _turn(following),
        on_assign_change=_assign,
        on_bulk_change=_bulk,
        on_undo_change=_undo,
        on_hush_change=queue_acts.hush,
    )


def _people(me: Actor | None) -> list[dict[str, Any]]:
    """Who can be given a case: oneself first."""
    if me is None or not may(me, Permission.WORK_CASES):
        return []
    others = [{"id": id_, "name": name, "note": ""} for id_, name in lists_of().colleagues if id_ != me.id]
    nobody = {"id": queue_acts.NOBODY, "name": _("Nobody"), "note": _("back to the queue")}
    return [{"id": me.id, "name": _("You"), "note": me.name}, nobody, *others]


def _pressed(what: str) -> Any:
    """What the list tells of a press, in one of its callbacks."""
    return st.session_state[_CASES][what]


def _open() -> None:
    wish = _pressed("open")
    does = {"do": str(wish["do"])} if wish["do"] in ("note", "reply", "handover") else {}
    st.switch_page(chrome.CASE, query_params={"case": str(int(wish["id"])), **does})


def _assign() -> None:
    """One case goes to somebody at once; several are shown first."""
    ids, to = queue_acts.asked_to_assign(_pressed("assign"))
    if len(ids) == 1:
        queue_acts.assign_one(ids, to)
    else:
        queue_bulk.ask("assign", ids, to=to)
        draw_everything_next()


def _bulk() -> None:
    wish = _pressed("bulk")
    queue_bulk.ask(str(wish["action"]), [int(id_) for id_ in wish["ids"]])
    draw_everything_next()


def _undo() -> None:
    queue_acts.undo_last()


def _turn(following: str | None) -> None:
    marks: tuple[str, ...] = st.session_state.get("queue_marks", ())
    if _pressed("turn") == "next" and following is not None:
        st.session_state["queue_marks"] = (*marks, st.query_params.get("after", ""))
        st.query_params["after"] = following
    else:
        before = marks[-1] if marks else ""
        st.session_state["queue_marks"] = marks[:-1]
        if before:
            st.query_params["after"] = before
        else:
            st.query_params.pop("after", None)
    draw_everything_next()


def _news(fresh: list[QueueItem]) -> str:
    if not fresh:
        return ""
    told = counted("{count} new case", "{count} new cases", len(fresh))
    critical = sum(item.urgency == Urgency.CRITICAL for item in fresh)
    if critical:
        told += ", " + _("{count} critical").format(count=critical)
    return told + " · " + _("show")


def _empty(chosen: Chosen) -> str:
    if chosen.search and not chosen.narrowed:
        return _("No message matches your search.\nFewer or shorter words find more.")
    if chosen.narrowed:
        return _("No case here matches your filters.")
    if chosen.after is not None:
        return _("This was the last page.")
    if chosen.tab == "mine":
        return _("You have no open cases.\n“Take the next most urgent” gives you one.")
    if chosen.tab in queues():
        return _("Nothing waits here. New messages appear by themselves.")
    return _("Nothing here.")


def _elsewhere(chosen: Chosen, me: Actor) -> list[dict[str, str]]:
    """Links to the other queues with cases in them, for whoever looks at an empty one."""
    if chosen.tab not in (*queues(), "mine") or chosen.narrowed or chosen.search:
        return []
    standing = _counters(me).by_queue
    others = [queue for queue in queues() if queue != chosen.tab and standing.get(queue)]
    return [{"href": f"/?queue={queue}", "text": f"{queue_name(queue)} ({standing[queue]})"} for queue in others]


def _next_button(tab: str, me: Actor) -> None:
    queue = tab if tab in queues() else _home(me)
    if st.button(_("Take the next most urgent"), key="take_next", type="primary", icon=":material/bolt:"):
        taken = queue_acts.take_next(queue)
        if taken is not None:
            st.switch_page(chrome.CASE, query_params={"case": str(taken)})
