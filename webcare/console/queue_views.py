"""The menu of saved views beside the queues: open, save, rename, delete."""

from __future__ import annotations

from typing import Any

import streamlit as st

from webcare.cases import views
from webcare.cases.views import SavedView
from webcare.console import safe
from webcare.console.acting import change
from webcare.console.desk import desk
from webcare.console.queue_memory import forget, kept
from webcare.console.tongue import _
from webcare.console.trouble import say
from webcare.domain import Actor

PLACE = "queue"
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


def act(chosen: Any, tab: str, me: Actor) -> bool:
    """Do what the menu was asked; gives whether the page has to be drawn anew."""
    if chosen.view is not None:
        return _open(int(chosen.view), me)
    if chosen.save is not None:
        return _save(str(chosen.save["name"]), bool(chosen.save["shared"]), tab)
    if chosen.rename is not None:
        return _rename(int(chosen.rename["id"]), str(chosen.rename["name"]))
    if chosen.delete is not None:
        return _delete(int(chosen.delete))
    return False


def _open(view_id: int, me: Actor) -> bool:
    found = next((view for view in known(me) if view.id == view_id), None)
    if found is None:
        say(PLACE, "info", _("This view does not exist (any more)."))
    else:
        st.query_params.from_dict(dict(found.query))
        st.session_state.pop("queue_marks", None)
    return True


def _save(name: str, shared: bool, tab: str) -> bool:
    here = address(tab)
    done = change(PLACE, lambda session, me, now: views.save_view(session, name, here, shared=shared, by=me, now=now))
    if done:
        say(PLACE, "good", _("Saved as “{name}”.").format(name=safe.line(name, limit=views.MAX_NAME)))
    return _changed()


def _rename(view_id: int, name: str) -> bool:
    change(PLACE, lambda session, me, now: views.rename_view(session, view_id, name, by=me, now=now))
    return _changed()


def _delete(view_id: int) -> bool:
    change(PLACE, lambda session, me, now: views.delete_view(session, view_id, by=me, now=now))
    return _changed()


def _changed() -> bool:
    forget(_MEMORY)
    return True


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
