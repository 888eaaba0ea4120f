"""My account: how the console looks to me, when I work, my password, and the browsers I am signed in with."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import available_timezones

import streamlit as st
from sqlmodel import Session

from webcare import people
from webcare.console import desk as console_desk
from webcare.console import notify_form, safe, words
from webcare.console.acting import act
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now, zone
from webcare.console.hours_form import read_days, show_days
from webcare.console.tongue import N_, TONGUES, _, counted, day_format
from webcare.console.trouble import say, show_news, tried
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.people import MIN_PASSWORD, Person, SignInView, Taste

PLACE = "account"
_LANGUAGE, _ZONE, _DENSITY = "account_language", "account_zone", "account_density"
_SUGGESTIONS = "account_suggestions"
_OLD, _NEW, _AGAIN = "account_old", "account_new", "account_again"
_AWAY_DAY, _AWAY_TIME, _WHERE = "account_away_day", "account_away_time", "account_browser"
_METHODS = {"password": N_("password"), "oidc": N_("your organisation")}


def show() -> None:
    """Draw the page, which everybody has."""
    me = me_or_stop()
    with desk().store.read() as session:
        person = people.myself(session, by=me)
        browsers = people.my_sign_ins(session, by=me, now=now(), token=console_desk.read_session_token())
    safe.draw(safe.el("h1", _("My account"), cls="wc-page"))
    show_news(PLACE)
    left, right = st.columns(2, gap="large")
    with left:
        _looks(person)
        _password(person)
        notify_form.show(me, PLACE)
    with right:
        _away(person)
        _hours(person)
    _browsers(browsers)


def _looks(person: Person) -> None:
    safe.draw(safe.el("h2", _("How it looks"), cls="wc-part"))
    languages = ["", *TONGUES]
    st.selectbox(
        _("Language of the interface"),
        languages,
        index=languages.index(person.language) if person.language in languages else 0,
        format_func=lambda code: TONGUES.get(code) or _("As my browser asks"),
        key=_LANGUAGE,
        on_change=act,
        args=(PLACE, _keep_looks),
    )
    zones = _zones()
    st.selectbox(
        _("Time zone"),
        zones,
        index=zones.index(person.timezone) if person.timezone in zones else 0,
        format_func=lambda name: name or _("As my browser says"),
        key=_ZONE,
        on_change=act,
        args=(PLACE, _keep_looks),
    )
    st.toggle(
        _("Compact lists"),
        value=person.density == "compact",
        key=_DENSITY,
        on_change=act,
        args=(PLACE, _keep_looks),
    )
    st.toggle(
        _("Suggest replies from earlier answers"),
        value=person.suggestions,
        key=_SUGGESTIONS,
        on_change=act,
        args=(PLACE, _keep_looks),
    )


def _keep_looks(session: Session, by: Actor, moment: datetime) -> None:
    state = st.session_state
    taste = Taste(state[_LANGUAGE], state[_ZONE], "compact" if state[_DENSITY] else "", state[_SUGGESTIONS])
    people.set_taste(session, taste, by=by)


def _password(person: Person) -> None:
    safe.draw(safe.el("h2", _("Password"), cls="wc-part"))
    if not person.has_password:
        safe.draw(safe.el("p", _("You sign in through your organisation, which keeps your password."), cls="wc-soft"))
        return
    with st.form("account_password", clear_on_submit=True, border=False):
        st.text_input(_("Old password"), type="password", key=_OLD, autocomplete="current-password", max_chars=500)
        st.text_input(_("New password"), type="password", key=_NEW, autocomplete="new-password", max_chars=500)
        st.text_input(
            _("New password, once more"), type="password", key=_AGAIN, autocomplete="new-password", max_chars=500
        )
        told = _("{count} characters or more; a few words of your own are best.").format(count=MIN_PASSWORD)
        safe.draw(safe.el("p", told, cls="wc-soft"))
        st.form_submit_button(_("Change my password"), on_click=tried, args=(PLACE, _change_password))


def _change_password() -> None:
    state = st.session_state
    if state[_NEW] != state[_AGAIN]:
        raise WebcareError("The two new passwords are not the same.")
    token = console_desk.read_session_token()
    people.change_password(desk().store, old=state[_OLD], new=state[_NEW], by=me_or_stop(), now=now(), token=token)
    say(PLACE, "good", _("Your password is changed. All your other browsers are signed out."))


def _away(person: Person) -> None:
    safe.draw(safe.el("h2", _("Away"), cls="wc-part"))
    moment = now()
    if person.away_until is not None and person.away_until > moment:
        until = words.clock_time(person.away_until, now=moment)
        safe.draw(safe.el("p", _("You are away until {time}; no case is given to you.").format(time=until)))
        st.button(_("I am back"), key="account_back", on_click=act, args=(PLACE, _back))
        return
    tomorrow = (moment.astimezone(zone()) + timedelta(days=1)).date()
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.date_input(_("Away until"), value=tomorrow, key=_AWAY_DAY, format=day_format(), width=150)
        st.time_input(_("At"), value=time(9), key=_AWAY_TIME, width=110)
        st.button(_("I am away"), key="account_away", on_click=act, args=(PLACE, _leave))
    safe.draw(safe.el("p", _("While you are away, no case is given to you."), cls="wc-soft"))


def _leave(session: Session, by: Actor, moment: datetime) -> None:
    until = datetime.combine(st.session_state[_AWAY_DAY], st.session_state[_AWAY_TIME], zone())
    people.set_away(session, until, by=by, now=moment)


def _back(session: Session, by: Actor, moment: datetime) -> None:
    people.set_away(session, None, by=by, now=moment)


def _hours(person: Person) -> None:
    safe.draw(safe.el("h2", _("Working hours"), cls="wc-part"))
    with st.form("account_hours", border=False):
        show_days("account", person.hours)
        st.form_submit_button(_("Keep these hours"), on_click=act, args=(PLACE, _keep_hours))


def _keep_hours(session: Session, by: Actor, moment: datetime) -> None:
    people.set_my_hours(session, read_days("account"), by=by, now=moment)
    say(PLACE, "good", _("Your hours are kept."))


def _browsers(browsers: list[SignInView]) -> None:
    safe.draw(safe.el("h2", _("Where you are signed in"), cls="wc-part"))
    moment = now()
    names = (_("Browser"), _("Signed in"), _("Last seen"), _("Signed in with"))
    head = safe.el("tr", *(safe.el("th", name) for name in names))
    rows = [_browser(one, moment) for one in browsers]
    safe.draw(safe.el("table", head, *rows, cls="wc-table"))
    others = [one for one in browsers if not one.is_this]
    if not others:
        return
    labels = {one.mark: f"{_named(one)}, {words.clock_time(one.seen_at, now=moment)}" for one in others}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            _("Another browser"),
            list(labels),
            format_func=lambda mark: safe.line(labels.get(mark, ""), limit=80),
            key=_WHERE,
            width=320,
        )
        st.button(_("Sign out there"), key="account_out_there", on_click=act, args=(PLACE, _out_there))
        st.button(_("Sign out everywhere else"), key="account_out_elsewhere", on_click=act, args=(PLACE, _out_else))


def _browser(one: SignInView, moment: datetime) -> safe.Html:
    seen = _("now, this browser") if one.is_this else words.clock_time(one.seen_at, now=moment)
    cells = (_named(one), words.clock_time(one.created_at, now=moment), seen, words.word(_METHODS, one.method))
    return safe.el("tr", *(safe.el("td", cell) for cell in cells))


def _named(one: SignInView) -> str:
    return safe.line(one.browser) or _("Unknown browser")


def _out_there(session: Session, by: Actor, moment: datetime) -> None:
    people.end_my_sign_in(session, st.session_state[_WHERE], by=by, now=moment)
    say(PLACE, "good", _("That browser is signed out."))


def _out_else(session: Session, by: Actor, moment: datetime) -> None:
    ended = people.end_my_other_sign_ins(session, by=by, now=moment, token=console_desk.read_session_token())
    say(PLACE, "good", counted("{count} other browser is signed out.", "{count} other browsers are signed out.", ended))


@cache
def _zones() -> tuple[str, ...]:
    # Finding them reads six hundred files.
    return ("", *sorted(available_timezones()))
