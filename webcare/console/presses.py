"""Whatever somebody pressed is done, and done whole: five gaps of Streamlit 1.67 closed, each seen on a busy machine.

1. A part of the page (`st.fragment`) is known by where it stands. When a sentence above it comes or goes, it is another
   part, and what was pressed on the one still on the screen is dropped (`AppSession.request_rerun`). The whole page is
   run for it here.
2. A run asked for while the callbacks of another are at work ends them wherever they next touch the session: a reply
   would be queued and its text left in the box. Here they are let finish first.
3. A run of the whole page stops the runner before it (`runner.fastReruns`), with whatever was pressed on a part and
   waits there: "Send" and at once the next case. `.streamlit/config.toml` turns that off, so both are done.
4. Of two requests that become one, only the newer one's fields count, and one for another page brings none: "Send"
   would find its text gone. The older one's are kept beside them here.
5. What two parts press within one turn of the browser's loop arrives as one request that names the part of the first;
   the other one would not run. The whole page is run here.

tests/browser/test_presses.py shows each of them; it fails with a Streamlit that works otherwise.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from streamlit.proto.WidgetStates_pb2 import WidgetStates
from streamlit.runtime.app_session import AppSession
from streamlit.runtime.scriptrunner_utils import script_requests
from streamlit.runtime.scriptrunner_utils.script_requests import _has_active_trigger_value
from streamlit.runtime.state.safe_session_state import SafeSessionState


def lose_none() -> None:
    """Close the gaps in this process, once."""
    if not hasattr(AppSession.request_rerun, "__wrapped__"):
        AppSession.request_rerun = _on_the_page_at_least(AppSession.request_rerun)  # type: ignore[method-assign]
        SafeSessionState.on_script_will_rerun = _whole(SafeSessionState.on_script_will_rerun)  # type: ignore[method-assign]
        script_requests._coalesce_widget_states = _with_fields(script_requests._coalesce_widget_states)


def _on_the_page_at_least(request_rerun: Any) -> Any:
    @wraps(request_rerun)
    def request(session: AppSession, client_state: Any) -> None:
        asked = client_state is not None and client_state.fragment_id and not client_state.is_auto_rerun
        if asked and not (session.has_fragment(client_state.fragment_id) and _only_there(session, client_state)):
            client_state.fragment_id = ""
        request_rerun(session, client_state)

    return request


def _only_there(session: AppSession, client_state: Any) -> bool:
    """Whether all that was pressed stands in the part the request names."""
    find = session.session_state.get_widget_metadata
    pressed = [find(one.id) for one in client_state.widget_states.widgets if _has_active_trigger_value(one)]
    return all(one is None or one.fragment_id == client_state.fragment_id for one in pressed)


def _whole(on_script_will_rerun: Any) -> Any:
    @wraps(on_script_will_rerun)
    def apply(state: SafeSessionState, *args: Any, **options: Any) -> None:
        may_end = state._yield_callback
        # The class passes on every name it does not know, so this one is set as it sets it itself.
        object.__setattr__(state, "_yield_callback", _go_on)
        try:
            on_script_will_rerun(state, *args, **options)
        finally:
            object.__setattr__(state, "_yield_callback", may_end)

    return apply


def _with_fields(coalesce: Any) -> Any:
    @wraps(coalesce)
    def both(old: WidgetStates | None, new: WidgetStates | None) -> WidgetStates | None:
        found: WidgetStates | None = coalesce(old, new)
        if old and found and found is not old:
            there = {one.id for one in found.widgets}
            found.widgets.extend(one for one in old.widgets if one.id not in there)
        return found

    return both


def _go_on() -> None:
    """Nothing ends a callback."""
