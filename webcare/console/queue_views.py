"""The menu of saved views beside the queues: open, save, rename, delete."""

from __future__ import annotations

from typing import Any

import streamlit as st

from webcare.cases import views
from webcare.cases.views import SavedView
from webcare.console import safe
from webcare.console.acting import change, draw_everything_next
from webcare.console.desk import desk, person
from webcare.console.queue_memory import forget, kept
from webcare.console.tongue import _
from webcare.console.trouble import say
from webcare.domain import Actor

PLACE = "queue"
#: The component of the tabs, which has this menu at its end.
COMPONENT = "tabs"
_VIEWS_S = 20.0
_MEMORY = "queue_views"


def known(me: Actor) -> tuple[SavedView, ...]:
    """The views this person can open, read again every few seconds."""

    def read() -> tuple[SavedView, ...]:
        with desk().store.read() as session:
            return views.views_of(session, me=me)

    return kept(_MEMORY, _VIEWS_S, read)


def for_browser(me: Actor, tab: str) -> dict[str, Any]:
    """What the menu needs: views, the one that is open now, and its words."""
    here, found = address(tab), known(me)
    chosen = next((view for view in found if dict(view.query) == here), None)
    lines = [
        {
            "id": view.id,
            "name": safe.line(view.name, limit=views.MAX_NAME),
            "shared": view.shared,
            "mine": not view.shared or views.may_share(me),
            "chosen": view is chosen,
        }
        for view in found
    ]
    name = safe.line(chosen.name, limit=24) if chosen else ""
    return {"views": lines, "view": name, "can_share": views.may_share(me), "words": _words()}


def address(tab: str) -> dict[str, str]:
    """What of the present address a view keeps."""
    told = {part: st.query_params.get(part, "") for part in views.PARTS} | {"queue": tab}
    return {part: value for part, value in told.items() if value}


def act(what: str, tab: str) -> None:
    """Do what the menu was asked, as a callback: it counts though another part is pressed in the same moment."""
    {"view": _open, "save": _save, "rename": _rename, "delete": _delete}[what](st.session_state[COMPONENT][what], tab)
    draw_everything_next()


def _open(view_id: Any, _tab: str) -> None:
    me = person()
    found = next((view for view in known(me) if view.id == int(view_id)), None) if me is not None else None
    if found is None:
        say(PLACE, "info", _("This view does not exist (any more)."))
    else:
        st.query_params.from_dict(dict(found.query))
        st.session_state.pop("queue_marks", None)


def _save(wish: Any, tab: str) -> None:
    name, shared, here = str(wish["name"]), bool(wish["shared"]), address(tab)
    if change(PLACE, lambda session, me, now: views.save_view(session, name, here, shared=shared, by=me, now=now)):
        say(PLACE, "good", _("Saved as “{name}”.").format(name=safe.line(name, limit=views.MAX_NAME)))
    forget(_MEMORY)


def _rename(wish: Any, _tab: str) -> None:
    view_id, name = int(wish["id"]), str(wish["name"])
    change(PLACE, lambda session, me, now: views.rename_view(session, view_id, name, by=me, now=now))
    forget(_MEMORY)


def _delete(view_id: Any, _tab: str) -> None:
    change(PLACE, lambda session, me, now: views.delete_view(session, int(view_id), by=me, now=now))
    forget(_MEMORY)


def _words() -> dict[str, str]:
    return {
        "queues": _("Queues"),
        "views": _("Views"),
        "own": _("Your views"),
        "shared": _("Views of everybody"),
        "none": _("No view is saved yet. A view is a queue with its filters, search and order."),
        "name": _("Name of the view"),
        "save": _("Save"),
        "save_this": _("Save what is shown now"),
        "for_all": _("For everybody"),
        "rename": _("Rename"),
        "delete": _("Delete"),
    }
