"""What the address of the queue says to show, and the widgets that change it: search, filters, order.

The address holds codes, never words of a language, so that a link or a saved view means the same to everybody. It is
the truth: each drawing of the page sets the widgets to what it says.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st

from webcare.cases import skills
from webcare.console import safe, second_line, words
from webcare.console.lists import Lists, lists_of, my_skills
from webcare.console.tongue import N_, _
from webcare.domain import Actor
from webcare.store.views import QueueItem

ME, NOBODY, CAN_ANSWER = "me", "nobody", "mine"
_SORTS: Mapping[str, str] = {
    "priority": N_("Most urgent first"),
    "deadline": N_("Nearest deadline first"),
    "newest": N_("Newest first"),
    "oldest": N_("Oldest first"),
}
#: The filters on the bar, by their name in the address.
_CODES: Mapping[str, Mapping[str, str]] = {
    "urgency": words.URGENCIES,
    "topic": words.TOPICS,
    "sentiment": words.SENTIMENTS,
    "language": words.LANGUAGES,
    "channel": words.CHANNELS,
}
_NAMES: Mapping[str, str] = {
    "urgency": N_("Urgency"),
    "topic": N_("Topic"),
    "sentiment": N_("Mood"),
    "language": N_("Language"),
    "channel": N_("Network"),
    "tag": N_("Tag"),
    "assignee": N_("With"),
    "skill": N_("Skill"),
}
#: Those in the menu, because most people need them once a week.
_FURTHER = ("tag", "assignee", "skill")


@dataclass(frozen=True, slots=True)
class Chosen:
    """What the address says to show."""

    tab: str
    only: tuple[tuple[str, str], ...]  #: by filter of `queue_page`, codes
    search: str
    after: str | None
    me: int
    sort: str = "priority"
    assignee: str = ""  #: ME, NOBODY, an id, or empty for everybody's
    skills: tuple[str, ...] | None = None  #: with these, when only what one can answer is shown

    @property
    def place(self) -> str:
        """Changes whenever other cases are shown than before."""
        return repr((self.tab, self.only, self.search, self.after, self.sort, self.assignee, self.skills))

    @property
    def narrowed(self) -> bool:
        """Whether a filter hides something."""
        return bool(self.only or self.assignee or self.skills is not None)

    def filters(self) -> dict[str, str | int | None]:
        """The filters as `queue_page` takes them."""
        if not self.assignee:
            return dict(self.only)
        return {**dict(self.only), "assignee_id": self._wanted}

    @property
    def _wanted(self) -> int | None:
        if self.assignee == NOBODY:
            return None
        return self.me if self.assignee == ME else int(self.assignee)

    def lets(self, item: QueueItem, tags: tuple[str, ...]) -> bool:
        """Whether a case passes the filters as it is now."""
        if self.skills is not None and not skills.can_answer(self.skills, item.skill):
            return False
        if self.assignee and item.assignee_id != self._wanted:
            return False
        return all(value in tags if name == "tag" else getattr(item, name) == value for name, value in self.only)


def choose(tab: str, me: Actor) -> Chosen:
    """Draw search, filters and order as the address has them; gives what they say."""
    assert me.id is not None
    lists = lists_of()
    with st.container(key="wc_filters", horizontal=True, vertical_alignment="center", gap="small"):
        text = st.text_input(
            _("Search"),
            key="q",
            bind="query-params",
            placeholder=_("Search in all messages"),
            icon=":material/search:",
            label_visibility="collapsed",
            max_chars=200,
            on_change=_from_the_start,
        )
        found = {
            name: _filter(name, {code: words.word(_CODES[name], code) for code in _CODES[name]}) for name in _CODES
        }
        found |= _further(lists)
        sort = _sort()
        if any(found.values()) or text:
            st.button(_("Clear"), key="clear_filters", type="tertiary", on_click=_clear)
    only = tuple((name, value) for name, value in found.items() if value and name not in ("assignee", "skill"))
    skill, mine = found["skill"], None
    if skill == CAN_ANSWER:
        mine = my_skills(me)
    elif skill:
        only = (*only, ("skill", skill))
    return Chosen(
        tab, only, (text or "").strip(), st.query_params.get("after"), me.id, sort, found["assignee"] or "", mine
    )


def address_of(view: Mapping[str, str]) -> dict[str, str]:
    """The address a saved view stands for."""
    return {part: value for part, value in view.items() if value}


def _filter(name: str, choices: Mapping[str, str], *, room: int | None = 116) -> str | None:
    told = st.query_params.get(name)
    value = told if told in choices else None
    if st.session_state.get(name) != value:
        st.session_state[name] = value
    return st.selectbox(
        _(_NAMES[name]),
        list(choices),
        index=None,
        format_func=choices.__getitem__,
        key=name,
        placeholder=_(_NAMES[name]),
        label_visibility="collapsed" if room else "visible",
        width=room or "stretch",
        on_change=_put,
        args=(name,),
    )


def _further(lists: Lists) -> dict[str, str | None]:
    used = [name for name in _FURTHER if name in st.query_params]
    with st.popover(_("More ({count})").format(count=len(used)) if used else _("More"), key="wc_more_filters"):
        tags = {tag: safe.label(tag) for tag in lists.tags}
        persons = {ME: _("You"), NOBODY: _("Nobody")} | {str(id_): safe.label(name) for id_, name in lists.colleagues}
        takes = {CAN_ANSWER: _("What you can answer")} | {
            skill: second_line.skill_word(skill) for skill in lists.skills
        }
        return {
            "tag": _filter("tag", tags, room=None),
            "assignee": _filter("assignee", persons, room=None),
            "skill": _filter("skill", takes, room=None),
        }


def _sort() -> str:
    told = st.query_params.get("sort")
    value = told if told in _SORTS else "priority"
    if st.session_state.get("sort") != value:
        st.session_state["sort"] = value
    return st.selectbox(
        _("Sort by"),
        list(_SORTS),
        format_func=lambda code: _(_SORTS[code]),
        key="sort",
        label_visibility="collapsed",
        width=176,
        on_change=_put,
        args=("sort",),
    )


def _put(name: str) -> None:
    """A widget was changed: the address follows."""
    value = st.session_state.get(name)
    if value is None or (name, value) == ("sort", "priority"):
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = value
    _from_the_start()


def _from_the_start() -> None:
    st.query_params.pop("after", None)


def _clear() -> None:
    for name in (*_CODES, *_FURTHER, "after"):
        st.query_params.pop(name, None)
    st.session_state["q"] = ""
