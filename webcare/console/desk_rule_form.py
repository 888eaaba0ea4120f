"""The form of one routing rule, and a rule told in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from webcare.console import safe, words
from webcare.console.tongue import N_, _
from webcare.domain import MentionKind

WHICH = "rule_which"
KINDS: Mapping[str, str] = {
    MentionKind.MENTION.value: N_("Mention"),
    MentionKind.REPLY.value: N_("Reply in a thread"),
    MentionKind.COMMENT.value: N_("Comment on a post of ours"),
    MentionKind.VISITOR_POST.value: N_("Post on our page"),
    MentionKind.REVIEW.value: N_("Review"),
    MentionKind.DIRECT_MESSAGE.value: N_("Direct message"),
}
_SETS: Mapping[str, tuple[str, Mapping[str, str]]] = {
    "topics": (N_("Topic"), words.TOPICS),
    "urgencies": (N_("Urgency"), words.URGENCIES),
    "sentiments": (N_("Mood"), words.SENTIMENTS),
    "languages": (N_("Language"), words.LANGUAGES),
    "channels": (N_("Network"), words.CHANNELS),
    "kinds": (N_("Kind of message"), KINDS),
}
_NAME, _ACCOUNTS, _WORDS, _FOLLOWERS, _UNSURE = (
    "rule_name",
    "rule_accounts",
    "rule_words",
    "rule_followers",
    "rule_sure",
)
_QUEUE, _PRIORITY, _SKILL, _TAGS = "rule_queue", "rule_priority", "rule_skill", "rule_tags"


def draw(queues: Mapping[str, str], accounts: Sequence[str]) -> None:
    """The fields of the rule that is being written."""
    st.text_input(_("Name of the rule"), key=_NAME, max_chars=60)
    with st.container(border=True):
        safe.draw(safe.el("strong", _("When all of this is so")))
        _when(accounts)
    with st.container(border=True):
        safe.draw(safe.el("strong", _("Then")))
        _then(queues)


def _when(accounts: Sequence[str]) -> None:
    columns = st.columns(3)
    for at, (key, (title, named)) in enumerate(_SETS.items()):
        with columns[at % 3]:
            _several(f"rule_{key}", title, named)
    with columns[0]:
        st.multiselect(_("Account"), list(accounts), format_func=safe.label, key=_ACCOUNTS, placeholder=_("any"))
    with columns[1]:
        st.number_input(
            _("Followers, at least"), min_value=0, max_value=1_000_000_000, step=1000, key=_FOLLOWERS,
            help=_("Only where the network tells; elsewhere nobody counts as followed."),
        )  # fmt: skip
    with columns[2]:
        st.number_input(_("Less sure of the line than, in percent"), min_value=0, max_value=100, step=5, key=_UNSURE)
    st.text_input(
        _("Words in the message, any of them"),
        key=_WORDS,
        placeholder=_("parcel, bezorg*, where is my order"),
        help=_("Whole words and phrases with commas between; * at the end finds longer words too."),
    )


def _several(key: str, title: str, named: Mapping[str, str]) -> None:
    st.multiselect(
        safe.label(_(title)),
        list(named),
        format_func=lambda code: words.word(named, code),
        key=key,
        placeholder=_("any"),
    )


def _then(queues: Mapping[str, str]) -> None:
    columns = st.columns(4)
    with columns[0]:
        st.selectbox(
            _("Queue"), ["", *queues], format_func=lambda name: safe.line(queues.get(name, _("as before"))), key=_QUEUE
        )
    with columns[1]:
        st.selectbox(
            _("Priority"), [0, 1, 2, 3, 4], format_func=lambda at: str(at) if at else _("as before"), key=_PRIORITY
        )
    with columns[2]:
        st.text_input(_("Skill"), key=_SKILL, max_chars=60, placeholder=_("e.g. store:utrecht"))
    with columns[3]:
        st.text_input(_("Tags"), key=_TAGS, placeholder=_("parcel, late"))


def bring(rule: Mapping[str, Any]) -> None:
    """Fill the fields with a rule; an empty one empties them."""
    when, then = rule.get("when", {}), rule.get("then", {})
    state = st.session_state
    state[_NAME] = rule.get("name", "")
    for key in _SETS:
        state[f"rule_{key}"] = list(when.get(key, []))
    state[_ACCOUNTS] = list(when.get("accounts", []))
    state[_WORDS] = ", ".join(when.get("words", []))
    state[_FOLLOWERS] = int(when.get("followers", 0))
    state[_UNSURE] = round(100 * when.get("unsure_below", 0))
    state[_QUEUE], state[_PRIORITY] = then.get("queue", ""), int(then.get("priority", 0))
    state[_SKILL], state[_TAGS] = then.get("skill", ""), ", ".join(then.get("tags", []))


def made(*, active: bool) -> dict[str, Any]:
    """The rule as it stands in the fields; whether it is any good is the reader's matter."""
    state = st.session_state
    when: dict[str, Any] = {key: list(state.get(f"rule_{key}", [])) for key in _SETS}
    when |= {"accounts": list(state.get(_ACCOUNTS, [])), "words": _parts(state.get(_WORDS, ""))}
    when |= {"followers": state.get(_FOLLOWERS, 0), "unsure_below": state.get(_UNSURE, 0) / 100}
    then: dict[str, Any] = {"queue": state.get(_QUEUE, ""), "priority": state.get(_PRIORITY, 0)}
    then |= {"skill": state.get(_SKILL, "").strip(), "tags": _parts(state.get(_TAGS, ""))}
    return {
        "name": state.get(_NAME, "").strip(),
        "when": {name: value for name, value in when.items() if value},
        "then": {name: value for name, value in then.items() if value},
        "active": active,
    }


def sentence(rule: Mapping[str, Any], queues: Mapping[str, str]) -> tuple[str, str]:
    """When and then of a rule in words."""
    when, then = rule.get("when", {}), rule.get("then", {})
    asks = [
        f"{_(title)}: {', '.join(words.word(named, code) for code in when[key])}"
        for key, (title, named) in _SETS.items()
        if when.get(key)
    ]
    asks += [f"{_('Account')}: {', '.join(when['accounts'])}"] if when.get("accounts") else []
    asks += [_("words: {words}").format(words=", ".join(when["words"]))] if when.get("words") else []
    asks += [_("at least {count} followers").format(count=when["followers"])] if when.get("followers") else []
    if when.get("unsure_below"):
        asks.append(_("less than {share} % sure").format(share=round(100 * when["unsure_below"])))
    does = [_("to {queue}").format(queue=queues.get(then["queue"], then["queue"]))] if then.get("queue") else []
    does += [_("priority {number}").format(number=then["priority"])] if then.get("priority") else []
    does += [_("skill {skill}").format(skill=then["skill"])] if then.get("skill") else []
    does += [_("tags {tags}").format(tags=", ".join(then["tags"]))] if then.get("tags") else []
    return "; ".join(asks), "; ".join(does)


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.replace("\n", ",").split(",") if part.strip()]
