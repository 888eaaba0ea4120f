"""Who the customer is to this desk: their accounts, how often and in what mood they wrote, their other cases.

That two accounts are one person is only ever said by a colleague. The same name or handle elsewhere is offered as what
it is: a hint.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st
from sqlmodel import Session

from webcare.cases import identities
from webcare.console import menus, safe, words
from webcare.console.acting import act
from webcare.console.desk import desk, now
from webcare.console.tongue import _, counted
from webcare.domain import ACTIVE_STATES, Actor
from webcare.people import Permission, may
from webcare.store.customers import Customer, Found, Identity, Mood, OtherCase, customer_of, find_authors, same_name
from webcare.store.queries import CaseView

PLACE = "case"
#: Changes of mood that are told, the newest ones.
_MOODS = 5
#: Cases of a found author that are shown before somebody links it.
_PREVIEW = 4


def show(view: CaseView, me: Actor) -> None:
    """Draw what is known, and the menus to link accounts and take them apart."""
    case = view.case
    with desk().store.read() as session:
        customer = customer_of(
            session, case.channel, case.customer_id, name=case.customer_name, handle=case.customer_handle
        )
        offered = same_name(session, customer.accounts[0], but=customer.accounts)
    safe.draw(_summary(customer), _cases(customer, case.id))
    if offered:
        safe.draw(_hint(offered))
    if may(me, Permission.WORK_CASES):
        with st.container(horizontal=True, gap="small", key="wc_accounts"):
            _link(case.id, customer, offered)
            if len(customer.accounts) > 1:
                _unlink(case.id, customer)


def _summary(customer: Customer) -> safe.Html:
    moment = now()
    wrote = counted("Wrote once", "Wrote {count} times", customer.wrote)
    if customer.first_at is not None and customer.wrote > 1:
        wrote = _("{wrote} since {time}").format(wrote=wrote, time=words.clock_time(customer.first_at, now=moment))
    open_ = sum(one.state in ACTIVE_STATES for one in customer.cases)
    told = [wrote, counted("{count} case", "{count} cases", customer.case_count), _("{count} open").format(count=open_)]
    return safe.el(
        "div",
        safe.el("p", " · ".join(told)),
        safe.el("p", _mood(customer.moods, moment)) if customer.moods else safe.Html(""),
        safe.el("p", *_accounts(customer.accounts)) if len(customer.accounts) > 1 else safe.Html(""),
        cls="wc-customer",
    )


def _mood(moods: Sequence[Mood], moment: datetime) -> str:
    """The mood over time in words: "First positive (2 Nov 10:05), then negative since Mon 14:00 (3 messages)"."""
    told = [_one_mood(mood, moment, last=mood is moods[-1]) for mood in moods[-_MOODS:]]
    if len(told) == 1 and len(moods) == 1:
        return _("Mood: {moods}").format(moods=told[0])
    return _("Mood: {moods}").format(moods=_(", then ").join(told))


def _one_mood(mood: Mood, moment: datetime, *, last: bool) -> str:
    name = words.word(words.SENTIMENTS, mood.sentiment).lower()
    since = words.clock_time(mood.since, now=moment)
    said = _("{mood} since {time}") if last and mood.count > 1 else _("{mood} ({time})")
    told = said.format(mood=name, time=since)
    return f"{told}, {counted('{count} message', '{count} messages', mood.count)}" if mood.count > 1 else told


def _accounts(accounts: Sequence[Identity]) -> list[str]:
    told: list[str] = [safe.el("span", _("Known as: "), cls="wc-soft")]
    for account in accounts:
        told += [_account(account), " "]
    return told


def _account(account: Identity) -> safe.Html:
    network = words.word(words.CHANNELS, account.channel)
    return safe.el(
        "span", f"{network}: ", safe.name(account.name or account.handle or account.external_id), cls="wc-chip"
    )


def _cases(customer: Customer, shown: int) -> safe.Html:
    others = [one for one in customer.cases if one.id != shown]
    if not others:
        return safe.el("p", _("No other case of this customer."), cls="wc-soft")
    more = customer.case_count - len(customer.cases)
    end = [safe.el("li", counted("{count} older case", "{count} older cases", more), cls="wc-soft")] if more > 0 else []
    return safe.el("ul", *(_case(one, linked=True) for one in others), *end, cls="wc-cases")


def _case(one: OtherCase, *, linked: bool) -> safe.Html:
    look = "wc-chip wc-chip-blue" if one.state in ACTIVE_STATES else "wc-chip"
    head = safe.el(
        "span",
        safe.el("b", words.word(words.CHANNELS, one.channel)),
        safe.el("span", words.word(words.STATES, one.state), cls=look),
        safe.el("span", words.word(words.TOPICS, one.topic), cls="wc-soft"),
        safe.el("time", words.clock_time(one.last_posted_at, now=now()), cls="wc-soft"),
        cls="wc-case-head",
    )
    said = safe.el("span", safe.line(one.excerpt, limit=140), dir="auto", cls="wc-case-said")
    if not linked:
        return safe.el("li", head, said)
    link = safe.el("a", head, said, href=f"/case?case={one.id}", data_case=str(one.id), target="_self")
    return safe.el("li", link)


def _hint(offered: Sequence[Found]) -> safe.Html:
    who = [safe.join((_account(one.author), " ", _count(one))) for one in offered]
    told = [piece for one in who for piece in (one, " ")]
    said = safe.el("span", _("Called the same elsewhere, perhaps somebody else: "), cls="wc-soft")
    return safe.el("p", said, *told, cls="wc-hint")


def _count(found: Found) -> str:
    return counted("({count} case)", "({count} cases)", found.case_count)


def _link(case_id: int, customer: Customer, offered: Sequence[Found]) -> None:
    with menus.menu(_("Link another account"), key=f"link_menu_{case_id}") as is_made:
        if not is_made:
            return
        key = f"link_search_{case_id}"
        typed: str = st.text_input(_("Name or handle on another network"), key=key, max_chars=80) or ""
        if typed.strip():
            with desk().store.read() as session:
                offered = find_authors(session, typed, but=customer.accounts)
        if not offered:
            safe.draw(
                safe.el("p", _("Nobody found.") if typed.strip() else _("Type at least two letters."), cls="wc-soft")
            )
            return
        found = {f"{one.author.channel}|{one.author.external_id}": one for one in offered}
        st.selectbox(_("Account"), list(found), format_func=lambda id_: _named(found[id_]), key=f"link_to_{case_id}")
        chosen = found.get(st.session_state.get(f"link_to_{case_id}") or "") or next(iter(found.values()))
        safe.draw(safe.el("ul", *(_case(one, linked=False) for one in chosen.cases[:_PREVIEW]), cls="wc-cases"))
        st.button(_("This is the same person"), key=f"link_{case_id}", on_click=_do_link, args=(case_id, chosen.author))


def _named(found: Found) -> str:
    author = found.author
    network = words.word(words.CHANNELS, author.channel)
    handle = f" @{safe.line(author.handle, limit=40)}" if author.handle else ""
    return f"{network}: {safe.line(author.name, limit=40)}{handle} {_count(found)}"


def _do_link(case_id: int, author: Identity) -> None:
    def link(session: Session, by: Actor, moment: datetime) -> None:
        identities.link(session, case_id, channel=author.channel, external_id=author.external_id, by=by, now=moment)
        st.session_state[f"link_search_{case_id}"] = ""

    act(PLACE, link)


def _unlink(case_id: int, customer: Customer) -> None:
    with menus.menu(_("Take accounts apart"), key=f"unlink_menu_{case_id}") as is_made:
        if not is_made:
            return
        linked = {f"{one.channel}|{one.external_id}": one for one in customer.accounts}
        key = f"unlink_{case_id}"
        st.selectbox(
            _("Account that is somebody else"),
            list(linked)[::-1],
            format_func=lambda id_: f"{words.word(words.CHANNELS, linked[id_].channel)}: {safe.line(linked[id_].name)}",
            key=key,
        )

        def unlink(session: Session, by: Actor, moment: datetime) -> None:
            gone = linked[st.session_state[key]]
            identities.unlink(session, case_id, channel=gone.channel, external_id=gone.external_id, by=by, now=moment)

        st.button(_("Take it out"), key=f"do_unlink_{case_id}", on_click=act, args=(PLACE, unlink))
