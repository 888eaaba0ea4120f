"""A desk on which anything may happen next: people's verbs, customers, the network, jobs, and writes past all of them.

Every act takes the desk and a number that says on what. What the desk refuses does not happen; that is part of it.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import text, update
from sqlmodel import col, select

from webcare import cases, policies
from webcare.cases import identities, promises
from webcare.cases.by_hand import ByHand, record_answer
from webcare.cases.handing_over import return_question
from webcare.cases.promises import mark_broken
from webcare.cases.removal import remove_gone
from webcare.cases.replies import Approval
from webcare.cases.undoing import undo
from webcare.channels.base import GoneReason
from webcare.domain import (
    Author,
    MentionKind,
    ReplyWay,
    Resolution,
    Role,
    Sentiment,
    Topic,
    Triage,
    Urgency,
)
from webcare.errors import OutcomeUnknown, WebcareError
from webcare.store.tables import (
    CaseRow,
    DeliveryRow,
    GuardSlipRow,
    MentionRow,
)
from webcare.store.tables_alerts import CaseLookRow
from webcare.store.tables_desk import PromiseRow
from webcare.targets import EVERY_QUEUE
from webcare.testing import Desk, Landed, make_mention, make_triage

Act = Callable[[Desk, random.Random], None]
CUSTOMERS = 4
_WAYS = (ReplyWay.PUBLIC, ReplyWay.PUBLIC, ReplyWay.PRIVATE)
_WEEK = {str(day): [["09:00", "12:30"], ["13:00", "17:30"]] for day in range(1, 6)}


def label(said: str) -> Triage:
    """Labels that follow from the words, so that the same text is always labelled the same."""
    chance = random.Random(said)
    return make_triage(
        sentiment=chance.choice(list(Sentiment)),
        urgency=chance.choice(list(Urgency)),
        topic=chance.choice((Topic.DELIVERY, Topic.PRODUCT_ADVICE)),
        language=chance.choice(("nl", "en", "sv")),
        needs_reply=chance.random() < 0.8,
    )


def anything(desk: Desk, seed: int) -> str:
    """Let one thing happen, by this number; gives its name."""
    chance = random.Random(seed)
    act = chance.choices(list(ACTS), list(ACTS.values()))[0]
    desk.later(seconds=chance.choice((0, 1, 61, 1800, 5400, 40_000, 200_000)))
    with suppress(WebcareError):
        act(desk, chance)
    return act.__name__


# --- customers ----------------------------------------------------------------------------------------------


def posts(desk: Desk, chance: random.Random) -> None:
    number = chance.randrange(CUSTOMERS)
    private = chance.random() < 0.25
    later = {"kind": MentionKind.DIRECT_MESSAGE} if private else {}
    threads = [f"t{number}-{n}" for n in range(2)]
    desk.receive(
        make_mention(
            f"Where is my sofa {chance.randrange(1000)}?",
            author=Author(f"customer{number}", f"Customer {number}", f"c{number}"),
            thread_id=f"dm{number}" if private else chance.choice(threads),
            posted_at=desk.now - timedelta(seconds=chance.choice((0, 30, 7200))),
            **later,
        )
    )


def deletes(desk: Desk, chance: random.Random) -> None:
    with desk.store.write() as session:
        row = _pick(session, MentionRow, chance)
        if row is not None:
            remove_gone(session, row.account_id, {row.external_id: GoneReason.DELETED}, now=desk.now)


def our_own_post(desk: Desk, chance: random.Random) -> None:
    """Written on the network itself, in answer to a customer; collected like any post."""
    with desk.store.read() as session:
        row = _pick(session, MentionRow, chance)
    if row is not None:
        author = Author("3300000001", "Hemlund", "hemlund")
        thread = next((one.thread_id for one in desk.channel.inbox if one.external_id == row.external_id), "t0-0")
        mention = make_mention("We look into it.", author=author, thread_id=thread, posted_at=desk.now)
        desk.receive(replace(mention, parent_id=row.external_id, is_ours=True))


# --- people -------------------------------------------------------------------------------------------------


def replies(desk: Desk, chance: random.Random) -> None:
    case_id = _case(desk, chance)
    with suppress(WebcareError):
        said = chance.choice(("It arrives tomorrow.", "We call you within 2 days.", "Thanks for your message!"))
        cases.check_and_send(
            desk.store, case_id, text=f"{said} {chance.randrange(10**6)}", by=_somebody(desk, chance), now=desk.now,
            undo=timedelta(0), acknowledged=True, way=chance.choice(_WAYS),
        )  # fmt: skip
    if chance.random() < 0.8:
        sends(desk, chance)


def sends(desk: Desk, chance: random.Random) -> None:
    desk.later(seconds=chance.choice((0, 30, 600)))
    fault = chance.choice((None, None, None, Landed(OutcomeUnknown("?")), OutcomeUnknown("?")))
    desk.channel.faults.append(fault)
    desk.deliver()
    desk.channel.faults.clear()


def reads_back(desk: Desk, chance: random.Random) -> None:
    desk.later(seconds=chance.choice((60, 600)))
    desk.reconcile()


def answers_by_hand(desk: Desk, chance: random.Random) -> None:
    case_id, said = _case(desk, chance), f"By hand {chance.randrange(10**6)}."
    with desk.store.write() as session:
        verdict = cases.review_reply(session, case_id, text=said, now=desk.now)
        given = ByHand(desk.now - timedelta(seconds=chance.choice((0, 600))))
        record_answer(session, case_id, Approval(said, verdict, acknowledged=True), given, by=desk.first, now=desk.now)


def decides(desk: Desk, chance: random.Random) -> None:
    """One of the short verbs."""
    verbs: tuple[Callable[[Any, int], object], ...] = (
        lambda s, c: cases.claim(s, c, by=_somebody(desk, chance), now=desk.now),
        lambda s, c: cases.assign(s, c, to=desk.second.id, by=desk.people[Role.TEAM_LEAD], now=desk.now),
        lambda s, c: cases.resolve(s, c, resolution=chance.choice(list(Resolution)), by=desk.first, now=desk.now),
        lambda s, c: cases.resolve(s, c, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now),
        lambda s, c: cases.reopen(s, c, by=desk.first, now=desk.now),
        lambda s, c: cases.snooze(s, c, until=desk.now + timedelta(hours=3), by=desk.first, now=desk.now),
        lambda s, c: undo(s, c, by=desk.first, now=desk.now),
        lambda s, c: cases.add_note(s, c, text="a note", by=desk.first, now=desk.now),
        lambda s, c: cases.correct_triage(s, c, sentiment=Sentiment.NEGATIVE, by=desk.first, now=desk.now),
        lambda s, c: cases.correct_triage(
            s, c, topic=Topic.PRODUCT_ADVICE, urgency=Urgency.HIGH, by=desk.first, now=desk.now
        ),
        lambda s, c: cases.correct_triage(s, c, needs_reply=chance.random() < 0.5, by=desk.first, now=desk.now),
    )
    with desk.store.write() as session:
        chance.choice(verbs)(session, _case(desk, chance, session))


def asks_the_second_line(desk: Desk, chance: random.Random) -> None:
    case_id = _case(desk, chance)
    with suppress(WebcareError), desk.store.write() as session:
        cases.hand_over(session, case_id, question="When?", by=desk.first, now=desk.now)
    desk.later(seconds=chance.choice((5, 7200)))
    with desk.store.write() as session:
        how = chance.randrange(4)
        if how == 0:
            cases.withdraw_question(session, case_id, by=desk.first, now=desk.now)
        elif how == 1:
            fact = cases.Fact("It stands in Gouda.", public=True)
            cases.hand_back(session, case_id, by=desk.second, now=desk.now, answer="In Gouda.", facts=(fact,))
        elif how == 2:
            return_question(session, case_id, now=desk.now + timedelta(days=3))


def links_customers(desk: Desk, chance: random.Random) -> None:
    case_id = _case(desk, chance)
    who = f"customer{chance.randrange(CUSTOMERS)}"
    join = identities.link if chance.random() < 0.7 else identities.unlink
    with desk.store.write() as session:
        join(session, case_id, channel="x", external_id=who, by=desk.first, now=desk.now)


def settles_a_promise(desk: Desk, chance: random.Random) -> None:
    with desk.store.write() as session:
        row = _pick(session, PromiseRow, chance)
        if row is None:
            mark_broken(session, now=desk.now)
        elif chance.random() < 0.25:
            due = desk.now + timedelta(days=2)
            promises.move_promise(session, row.id or 0, due_at=due, reason="agreed", by=desk.first, now=desk.now)
        else:
            settle = chance.choice((promises.keep_promise, promises.drop_promise, promises.break_promise))
            settle(session, row.id or 0, by=desk.first, now=desk.now)


def looks(desk: Desk, chance: random.Random) -> None:
    with desk.store.write() as session:
        case_id = _case(desk, chance, session)
        if session.get(CaseLookRow, case_id) is None:
            session.add(CaseLookRow(case_id=case_id, agent_id=desk.first.id or 0, at=desk.now))


# --- what writes no event, or comes past every verb ---------------------------------------------------------


def past_all_verbs(desk: Desk, chance: random.Random) -> None:
    """What an operator may do with a database in front of them."""
    done: tuple[str, ...] = (
        "UPDATE account SET market = CASE market WHEN 'nl' THEN 'se' ELSE 'nl' END",
        "UPDATE desk_case SET topic = 'other', language = 'nb' WHERE id = :id",
        "UPDATE delivery SET retracted_at = posted_at WHERE case_id = :id AND posted_at IS NOT NULL",
        "UPDATE mention SET deleted_at = collected_at WHERE case_id = :id AND NOT is_ours",
        "UPDATE mention SET case_id = :other WHERE case_id = :id AND NOT is_ours",
        "UPDATE desk_case SET customer_id = 'customer0' WHERE id = :id",
        "DELETE FROM customer_identity",
        "UPDATE handover SET outcome = 'withdrawn' WHERE case_id = :id AND closed_at IS NOT NULL",
        "UPDATE agent SET role = CASE role WHEN 'system' THEN 'team_lead' ELSE 'system' END "
        "WHERE username = 'team_lead'",
    )  # fmt: skip
    with desk.store.write() as session:
        given = {"id": _case(desk, chance, session), "other": _case(desk, chance, session)}
        statement = chance.choice(done)
        session.execute(text(statement), {name: value for name, value in given.items() if f":{name}" in statement})


def reports_a_slip(desk: Desk, chance: random.Random) -> None:
    with desk.store.write() as session:
        row = _pick(session, DeliveryRow, chance)
        if row is not None:
            session.add(
                GuardSlipRow(
                    delivery_id=row.id or 0, case_id=row.case_id, reported_by=desk.first.id or 0, words="x", file="",
                    held_now=False, rules_version="", at=desk.now,
                )
            )  # fmt: skip


def a_decision(desk: Desk, chance: random.Random) -> None:
    """Hours or targets that count from now, or from a later day."""
    first = desk.now + timedelta(days=chance.choice((0, 0, 1, 5)))
    hours = {"timezone": "Europe/Amsterdam", "market": "nl", "week": dict(list(_WEEK.items())[: chance.randint(1, 5)])}
    rows = [{"urgency": "normal", "first": chance.choice((30, 600)), "resolution": 5000}]
    name, value = chance.choice(((f"hours:{EVERY_QUEUE}", hours), ("targets", {"rows": rows})))
    with desk.store.write() as session:
        policies.decide(session, name, value, valid_from=first, by=desk.people[Role.MANAGER], now=desk.now)


def jobs_run(desk: Desk, chance: random.Random) -> None:
    with desk.store.write() as session:
        cases.wake_snoozed(session, now=desk.now)
        mark_broken(session, now=desk.now)


def a_clock_ahead(desk: Desk, chance: random.Random) -> None:
    """Another machine writes, whose clock is ten minutes ahead of the one that counts."""
    with desk.store.write() as session:
        case_id = _case(desk, chance, session)
        cases.claim(session, case_id, by=desk.first, now=desk.now + timedelta(minutes=10))
        session.execute(
            update(MentionRow)
            .where(col(MentionRow.case_id) == case_id, col(MentionRow.is_ours).is_(False))
            .values(collected_at=desk.now + timedelta(minutes=10))
        )


def time_passes(desk: Desk, chance: random.Random) -> None:
    desk.later(hours=chance.choice((1, 8, 30, 200)))


ACTS: dict[Act, int] = {
    posts: 6, deletes: 1, our_own_post: 2, replies: 6, sends: 1, reads_back: 1, answers_by_hand: 1, decides: 6,
    asks_the_second_line: 2, links_customers: 2, settles_a_promise: 2, looks: 1, past_all_verbs: 3, reports_a_slip: 1,
    a_decision: 1, jobs_run: 1, a_clock_ahead: 1, time_passes: 1,
}  # fmt: skip


def _somebody(desk: Desk, chance: random.Random) -> Any:
    return chance.choice((desk.first, desk.first, desk.people[Role.TEAM_LEAD]))


def _case(desk: Desk, chance: random.Random, session: Any = None) -> int:
    if session is None:
        with desk.store.read() as reading:
            return _case(desk, chance, reading)
    ids = list(session.exec(select(CaseRow.id).order_by(col(CaseRow.id))))
    if not ids:
        raise WebcareError("There is no case yet.")
    return int(chance.choice(ids))


def _pick(session: Any, table: Any, chance: random.Random) -> Any:
    rows = list(session.exec(select(table).order_by(table.id)))
    return chance.choice(rows) if rows else None
