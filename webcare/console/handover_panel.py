"""The question to the second line on the case page: asked here, answered here with facts, made a reply of here.

Nothing in this panel reaches the customer. Its one way to the reply is a button that puts the public facts into the
reply's text box, where the guard reads them like any other words.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.cases.at_work import at_work_rule
from webcare.cases.fact_reply import draft_of_facts
from webcare.cases.handing_over import ANSWERED, PING_PONG, RETURNED, WITHDRAWN
from webcare.cases.questions import GivenFact, Question, questions_of
from webcare.console import chrome, fact_rows, menus, reply_panel, safe, second_line, words
from webcare.console.acting import Verb, act, change, draw_everything_if_asked, draw_everything_next
from webcare.console.components import mount
from webcare.console.desk import desk, now, zone
from webcare.console.lists import lists_of
from webcare.console.news import seen_version
from webcare.console.tongue import N_, _, counted
from webcare.console.trouble import say, show_news
from webcare.domain import Actor, CaseState, Line, Role
from webcare.errors import SettingsError
from webcare.people import Permission, may
from webcare.store.queries import CaseDetail, CaseView

PLACE = "handover"
_OUTCOMES: Mapping[str, str] = {
    ANSWERED: N_("Answered by {name}"),
    RETURNED: N_("Nobody answered in time"),
    WITHDRAWN: N_("Withdrawn by {name}"),
    "replied": N_("{name} answered the customer"),
}
#: Minutes from now; 0 = as the urgency says, -1 = tomorrow at ten.
_WANTED: Mapping[str, int] = {
    N_("As its urgency says"): 0,
    N_("In 15 minutes"): 15,
    N_("In an hour"): 60,
    N_("In four hours"): 240,
    N_("Tomorrow at 10:00"): -1,
}
_CASES_OWN = "case"


# --- asking ---------------------------------------------------------------------------------------------


def menu(case: CaseDetail, me: Actor) -> None:
    """The menu in the head of a case with which the second line is asked; not drawn while it is with them."""
    if case.line == Line.SECOND_LINE:
        return
    with menus.menu(_("Ask second line"), key=f"pass_menu_{case.id}") as is_made:
        if not is_made:
            return
        key = f"pass_text_{case.id}"
        _start_with_draft(case.id, me)
        st.text_area(
            _("Your question to the second line"),
            key=key,
            height=110,
            help=_("Kept as an internal note; the customer never sees it."),
            on_change=_keep_question,
            args=(case.id,),
        )
        _who_and_when(case)
        st.button(
            _("Hand to the second line"), key=f"pass_on_{case.id}", type="primary", on_click=_ask, args=(case.id,)
        )


def _who_and_when(case: CaseDetail) -> None:
    held = sorted({*lists_of().skills, case.skill} - {""})
    names = {"": _("Anybody")} | {skill: second_line.skill_word(skill) for skill in held}
    choices = list(names)
    st.selectbox(
        _("Who can answer it"),
        choices,
        index=choices.index(case.skill),
        format_func=names.__getitem__,
        key=f"pass_skill_{case.id}",
    )
    usual = words.duration(desk().settings.second_line.answer_within(case.urgency))
    st.selectbox(
        _("Answer wanted"),
        list(_WANTED),
        format_func=lambda choice: _(choice) if _WANTED[choice] else f"{_(choice)} · {usual}",
        key=f"pass_when_{case.id}",
    )


def _ask(case_id: int) -> None:
    key = f"pass_text_{case_id}"

    def ask(session: Session, me: Actor, moment: datetime) -> None:
        cases.hand_over(
            session,
            case_id,
            question=st.session_state.get(key, ""),
            skill=st.session_state.get(f"pass_skill_{case_id}"),
            answer_by=_wanted(st.session_state.get(f"pass_when_{case_id}", ""), moment),
            by=me,
            now=moment,
            version=seen_version(case_id),
            settings=desk().settings.second_line,
        )
        cases.discard_draft(session, case_id, kind="question", by=me)

    if change("case", ask):
        st.session_state[key] = ""
    draw_everything_next()


def _wanted(choice: str, moment: datetime) -> datetime | None:
    minutes = _WANTED.get(choice, 0)
    if minutes > 0:
        return moment + timedelta(minutes=minutes)
    if not minutes:
        return None
    day = moment.astimezone(zone()).date() + timedelta(days=1)
    return datetime.combine(day, time(10), tzinfo=zone()).astimezone(moment.tzinfo)


def _start_with_draft(case_id: int, me: Actor) -> None:
    key = f"pass_text_{case_id}"
    if key not in st.session_state:
        with desk().store.read() as session:
            st.session_state[key] = cases.draft_of(session, case_id, kind="question", by=me)


def _keep_question(case_id: int) -> None:
    text: str = st.session_state.get(f"pass_text_{case_id}", "")

    def keep(session: Session, me: Actor, moment: datetime) -> None:
        cases.save_draft(session, case_id, kind="question", text=text, by=me, now=moment)

    change("case", keep)


# --- the panel ------------------------------------------------------------------------------------------


def show(view: CaseView, me: Actor) -> None:
    """Draw the questions of a case and what came of them, and for whoever can answer, the form to do so."""
    case = view.case
    with_them = case.line == Line.SECOND_LINE and case.state != CaseState.RESOLVED
    if not case.handovers and not with_them:
        return
    with desk().store.read() as session:
        questions = questions_of(session, case.id)
    waiting = questions[0] if questions and questions[0].is_open else None
    works = may(me, Permission.HAND_OVER)
    answers = with_them and works and me.role is not Role.FIRST_LINE
    if not questions and not answers:
        return
    with st.container(key="wc_handover", gap="xsmall"):
        safe.draw(_title(case, waiting), *_told(questions, view))
        if waiting is not None:
            _time_left(waiting)
        show_news(PLACE)
        if answers:
            fact_rows.start(case.id, me)
            st.fragment(_answer)(case.id)
        elif waiting is not None and works:
            st.button(
                _("Withdraw the question"), key=f"withdraw_question_{case.id}", on_click=act,
                args=(PLACE, _withdraw(case.id)),
            )  # fmt: skip
        _to_reply(view, questions, me)


def _title(case: CaseDetail, waiting: Question | None) -> safe.Html:
    name = _("Question to the second line") if waiting else _("Second line")
    often = ""
    if case.handovers >= PING_PONG:
        told = counted("Handed over {count} time", "Handed over {count} times", case.handovers)
        often = safe.el("span", told, cls="wc-chip wc-chip-orange", title=_("It goes to and fro: perhaps call."))
    return safe.el(
        "div", safe.el("span", name), safe.el("small", _("the customer never sees this")), often, cls="wc-title"
    )


def _told(questions: tuple[Question, ...], view: CaseView) -> list[safe.Html]:
    """The newest question in full, the earlier ones folded."""
    if not questions:
        return [safe.el("p", _("Nobody asked: the case came here by its route."), cls="wc-soft")]
    newest, *earlier = (_one(question, view) for question in questions)
    if not earlier:
        return [newest]
    folded = counted("{count} earlier question", "{count} earlier questions", len(earlier))
    return [newest, safe.el("details", safe.el("summary", folded), *earlier, cls="wc-earlier")]


def _one(question: Question, view: CaseView) -> safe.Html:
    moment = now()
    when = words.clock_time(question.asked_at, now=moment)
    who = safe.filled(_("{name} asked, {time}"), name=safe.name(question.asked_name), time=safe.text(when))
    parts = [safe.el("header", safe.el("span", who), _takes(question))] if question.question else []
    parts += [safe.said(question.question)] if question.question else []
    if question.outcome:
        ended = safe.filled(_(_OUTCOMES[question.outcome]), name=safe.name(question.closed_name))
        at = words.clock_time(question.closed_at, now=moment) if question.closed_at else ""
        parts.append(safe.el("header", safe.el("strong", ended), safe.el("span", at), cls="wc-ended"))
    counting = question.may_be_told(view.facts, moment)
    parts += [safe.el("ul", *(_fact(fact, fact.text in counting, moment) for fact in question.facts))]
    return safe.el("div", *(parts if question.facts else parts[:-1]), cls="wc-question")


def _takes(question: Question) -> safe.Html:
    if not question.skill:
        return safe.Html("")
    return safe.el("span", second_line.skill_text(question.skill), cls="wc-chip")


def _fact(fact: GivenFact, may_be_told: bool, moment: datetime) -> safe.Html:
    over = fact.valid_until is not None and fact.valid_until <= moment
    until = words.clock_time(fact.valid_until, now=moment) if fact.valid_until else ""
    if may_be_told:
        look, told = "green", _("may be told until {time}").format(time=until) if until else _("may be told")
    elif over:
        look, told = "red", _("over since {time}").format(time=until)
    elif fact.public:
        look, told = "orange", _("waits for a colleague")
    else:
        look, told = "", _("stays inside")
    chip = safe.el("span", told, cls=f"wc-chip wc-chip-{look}" if look else "wc-chip")
    source = safe.el("small", safe.line(fact.source), cls="wc-soft") if fact.source else ""
    return safe.el("li", safe.el("span", fact.text, dir="auto"), " ", chip, " ", source)


def _time_left(question: Question) -> None:
    left = (question.answer_by - now()).total_seconds()
    mount.countdown()(
        key=f"question_{question.id}",
        data={
            "left_s": max(0.0, left),
            "of_s": max((question.answer_by - question.asked_at).total_seconds(), 1.0),
            "before": _("Goes back by itself in"),
            "after": _("The time for an answer is over; the question is on its way back."),
        },
        on_over_change=lambda: None,
    )


def _withdraw(case_id: int) -> Verb:
    return lambda session, me, moment: cases.withdraw_question(
        session, case_id, by=me, now=moment, version=seen_version(case_id)
    )


# --- answering ------------------------------------------------------------------------------------------


def _answer(case_id: int) -> None:
    draw_everything_if_asked()
    chrome.me_or_stop()
    fact_rows.draw(case_id)
    st.text_area(
        _("Remark for colleagues only"),
        key=fact_rows.remark_key(case_id),
        height=68,
        on_change=fact_rows.keep,
        args=(case_id,),
    )
    show_news(f"{PLACE}_typing")
    st.button(_("Answer the first line"), key=f"pass_on_{case_id}", type="primary", on_click=_give, args=(case_id,))


def _give(case_id: int) -> None:
    def give(session: Session, me: Actor, moment: datetime) -> None:
        cases.hand_back(
            session,
            case_id,
            answer=fact_rows.remark(case_id),
            facts=fact_rows.facts(case_id),
            by=me,
            now=moment,
            version=seen_version(case_id),
            rule=at_work_rule(desk().settings),
        )
        cases.discard_draft(session, case_id, kind="facts", by=me)

    if change(PLACE, give):
        fact_rows.forget(case_id)
        say(PLACE, "good", _("The first line has your answer."))
    draw_everything_next()


# --- a reply made of it ---------------------------------------------------------------------------------


def _to_reply(view: CaseView, questions: tuple[Question, ...], me: Actor) -> None:
    if not questions or not may(me, Permission.SEND_REPLY) or view.case.state == CaseState.RESOLVED:
        return
    if questions[0].may_be_told(view.facts, now()):
        st.button(
            _("Make a reply of these facts"),
            key=f"use_facts_{view.case.id}",
            type="primary",
            icon=":material/edit_note:",
            help=_("Puts what the customer may be told into the reply. Nothing is sent by that."),
            on_click=_use,
            args=(view, questions[0]),
        )


def _use(view: CaseView, question: Question) -> None:
    # Asked at the click: the last minute of a fact may have passed since the page was drawn.
    facts = question.may_be_told(view.facts, now())
    if not facts:
        say(PLACE, "warn", _("The time of these facts is over; ask again."))
        draw_everything_next()
        return
    text = draft_of_facts(facts, language=view.case.language, address=_address(view), customer=view.case.customer_name)
    reply_panel.put_text(view.case.id, text)


def _address(view: CaseView) -> Mapping[str, str]:
    try:
        return desk().brand_of(view.account.key).profile.address
    except SettingsError:
        # A broken brand file is said where replies are checked; a draft can do without it.
        return {}
