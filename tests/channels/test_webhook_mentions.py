"""From a webhook to a case: posts that name us are read once, whatever fails, and closed with what they brought."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import col, select
from webhook_desk import IG_ID, KEY, PAGE, HookDesk, environment, make_hook_desk, naming, served, until

from webcare import hooked, reports
from webcare.domain import DeliveryState
from webcare.jobs import Done, JobSpec
from webcare.jobs.tasks import POLL, POLL_TOLD, PRUNE, SEND, TOLD
from webcare.sandbox.hooks import signed
from webcare.sandbox.server import Sandbox
from webcare.store import Store
from webcare.store.hooks import Named, keep_heard
from webcare.store.tables import AccountRow, CaseRow, DeliveryRow, MentionRow
from webcare.testing import make_desk


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def desk(store: Store, box: Sandbox) -> HookDesk:
    return make_hook_desk(store, box)


@pytest.fixture
def lite(sqlite_store: Store, box: Sandbox) -> HookDesk:
    """The same on SQLite only, where the database cannot make a difference."""
    return make_hook_desk(sqlite_store, box)


def tell(desk: HookDesk, *ids: tuple[str, str]) -> None:
    """Put notices into the database as the receiver does."""
    with desk.app.store.write() as session:
        account = session.exec(select(AccountRow).where(AccountRow.key == KEY)).one()
        assert account.id is not None
        named = [Named(media, comment) for media, comment in ids]
        assert keep_heard(session, account.id, named, poll=False, now=desk.clock(), at_most=100)


def picture(box: Sandbox, text: str = "Kijk @hemlund, kapot", **more: object) -> str:
    return box.world.instagram.post(text, author="dirk", **more).id  # type: ignore[arg-type]


def named_in_comment(box: Sandbox, text: str = "@hemlund help", author: str = "lies") -> tuple[str, str]:
    under = box.world.instagram.post("Mijn kamer", author="dirk").id
    return under, box.world.instagram.comment(text, under=under, author=author).id


def advice(desk: HookDesk, *, receiving: bool | None = True) -> list[str]:
    with desk.app.store.read() as session:
        found = reports.collection(session, desk.app.settings, now=desk.clock(), receiving=receiving)
    account = next(one for one in found if one.key == KEY)
    return [one.what for one in account.advice if "webhook" in one.what.lower()]


# --- the whole way --------------------------------------------------------------------------------------


def test_a_mention_in_a_caption_and_one_in_a_comment_become_cases_by_webhook(desk: HookDesk, box: Sandbox) -> None:
    with served(desk):
        box.hooks.subscribe(desk.url, desk.app.hook_token)
        media = picture(box)
        under, comment = named_in_comment(box)
        until(lambda: len(box.hooks.delivered) == 2)
    done = desk.run(TOLD)
    assert (done.outcome, done.handled) == ("ok", 2)
    assert desk.mentions() == [f"media:{media}", f"comment:{comment}"]
    with desk.app.store.read() as session:
        rows = {row.external_id: row for row in session.exec(select(MentionRow))}
        cases = {row.id: row for row in session.exec(select(CaseRow))}
    assert rows[f"media:{media}"].text == "Kijk hemlund, kapot"
    assert rows[f"comment:{comment}"].raw["media"] == {"id": under}
    assert {cases[row.case_id].customer_handle for row in rows.values()} == {"dirk", "lies"}
    assert [(row.outcome, row.error, row.tries) for row in desk.notices()] == [("taken", "", 1)] * 2
    assert desk.run(TOLD).outcome == "idle"


def test_who_names_us_on_the_sandbox_makes_one_delivery_and_our_own_words_none(lite: HookDesk, box: Sandbox) -> None:
    with served(lite):
        box.hooks.point_at(lite.url)
        us = box.world.instagram.user(IG_ID)
        ours = box.world.instagram.post("Wij zijn @hemlund", author=us).id
        box.world.instagram.comment("Wij ook @hemlund", under=ours, author=us)
        box.world.instagram.post("Over @hemlunds en niemand", author="bo")
        box.world.instagram.comment("Mooi @hemlund", under=ours, author="lies")
        media = picture(box)
        until(lambda: len(box.hooks.delivered) == 2)
    assert [(row.kind, row.item_id) for row in lite.notices()] == [("media", media)]
    (heard,) = lite.heard()
    assert heard.poll_at is not None, "a comment under our own picture is the poll's matter"


def test_the_sandbox_delivers_again_until_somebody_takes_it(lite: HookDesk, box: Sandbox) -> None:
    made = signed(naming(("1", "")), "another secret")
    with served(lite):
        box.hooks.point_at(lite.url)
        assert not box.hooks.deliver(made)
        picture(box)
        until(lambda: len(box.hooks.delivered) == 1)
    assert not box.hooks.deliver(made), "nobody is there any more"
    assert box.hooks.refused == 2


# --- once, whatever happens -----------------------------------------------------------------------------


def test_a_process_killed_between_receipt_and_ingest_loses_and_doubles_nothing(desk: HookDesk, box: Sandbox) -> None:
    media = picture(box)
    tell(desk, (media, ""))
    box.faults.add("GET /graph/*", "slow", seconds=60, count=1)
    url = desk.app.store._url.render_as_string(hide_password=False)
    code = (
        "from webcare.app import build_app\nfrom webcare.jobs import Runner\nfrom webcare.jobs.tasks import TOLD\n"
        f"app = build_app()\nRunner(app).run(TOLD, {KEY!r})\n"
    )
    env = {**os.environ, **environment(box), "WEBCARE_DESK__DATABASE_URL": url, "WEBCARE_TRIAGE__ENGINE": "keywords"}
    env |= {"WEBCARE_ACCOUNTS__IG_HEMLUND__TIMEOUT_S": "40", "WEBCARE_JOBS__LEASE_S": "2"}
    process = subprocess.Popen([sys.executable, "-c", code], env=env)
    until(lambda: any(rule["struck"] for rule in box.faults.listed()) or process.poll() is not None)
    assert process.poll() is None, "it ended before it could be killed"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (desk.mentions(), [row.done_at for row in desk.notices()]) == ([], [None])
    until(lambda: desk.run(TOLD).outcome != "busy")
    assert desk.mentions() == [f"media:{media}"]
    assert [row.outcome for row in desk.notices()] == ["taken"]


def test_two_jobs_at_the_same_notices_store_each_post_once(desk: HookDesk, box: Sandbox) -> None:
    made = [picture(box, f"@hemlund {number}") for number in range(5)]
    tell(desk, *((media, "") for media in made))
    both = threading.Barrier(2)

    def meeting(which: object, account: str, clock: object) -> Done:
        both.wait()
        return TOLD.fn(which, account, clock)  # type: ignore[arg-type]

    jobs = [JobSpec(f"told{number}", meeting, TOLD.every_s, "collect") for number in range(2)]
    threads = [threading.Thread(target=desk.run, args=(job,)) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(desk.mentions()) == sorted(f"media:{media}" for media in made)
    assert [(row.outcome, row.tries) for row in desk.notices()] == [("taken", 1)] * 5


def test_a_picture_that_marks_and_names_us_is_one_case(desk: HookDesk, box: Sandbox) -> None:
    desk.run(POLL)
    media = picture(box, tags=[IG_ID])
    tell(desk, (media, ""))
    desk.run(TOLD)
    desk.run(POLL)
    assert desk.mentions() == [f"media:{media}"]


@pytest.mark.parametrize("first", [TOLD, POLL], ids=["webhook_first", "poll_first"])
def test_a_comment_under_our_own_picture_is_the_one_the_poll_reads(
    lite: HookDesk, box: Sandbox, first: JobSpec
) -> None:
    lite.run(POLL)
    ours = box.world.instagram.post("Nieuw", author=box.world.instagram.user(IG_ID)).id
    top = box.world.instagram.comment("Mooi", under=ours, author="bo").id
    answer = box.world.instagram.comment("Vind ik niet @hemlund", under=top, author="lies").id
    tell(lite, (ours, answer))
    lite.run(first)
    lite.run(POLL if first is TOLD else TOLD)
    assert sorted(lite.mentions()) == sorted([top, answer])
    with lite.app.store.read() as session:
        threads = list(session.exec(select(MentionRow.thread_id).where(col(MentionRow.external_id).in_([top, answer]))))
    assert len(threads) == 2
    assert len(set(threads)) == 1


# --- what cannot be read --------------------------------------------------------------------------------


def test_what_is_gone_is_asked_for_thrice_and_closed_with_the_reason(desk: HookDesk, box: Sandbox) -> None:
    media, comment = named_in_comment(box)
    box.world.instagram.delete(comment)
    tell(desk, (media, comment))
    for _ in range(2):
        assert desk.run(TOLD).handled == 0
        assert desk.run(TOLD).outcome == "idle", "it waits between two attempts"
        desk.clock.later(hours=1)
    assert desk.run(TOLD).handled == 1
    (row,) = desk.notices()
    assert (row.outcome, row.error, row.tries) == ("gone", "Deleted, or not shown to us.", 3)
    assert desk.mentions() == []
    assert advice(desk) == []


def test_a_post_that_shows_only_later_is_not_lost(lite: HookDesk, box: Sandbox) -> None:
    media = picture(box)
    box.world.set_user("instagram", "dirk", protected=True)
    tell(lite, (media, ""))
    lite.run(TOLD)
    box.world.set_user("instagram", "dirk", protected=False)
    lite.clock.later(minutes=5)
    lite.run(TOLD)
    assert lite.mentions() == [f"media:{media}"]


def test_trouble_of_the_network_puts_all_off_and_loses_none(desk: HookDesk, box: Sandbox) -> None:
    made = [picture(box, f"@hemlund {number}") for number in range(3)]
    tell(desk, *((media, "") for media in made))
    box.faults.add("GET /graph/*", "unavailable_html")
    first = desk.run(TOLD)
    assert first.outcome == "error"
    assert [row.tries for row in desk.notices()] == [1, 0, 0], "one is enough to know"
    assert desk.run(TOLD).outcome == "idle"
    box.faults.clear()
    desk.clock.later(minutes=2)
    assert desk.run(TOLD).handled == 3
    assert len(desk.mentions()) == 3


def test_one_odd_answer_holds_up_no_other_notice(lite: HookDesk, box: Sandbox) -> None:
    made = [picture(box, f"@hemlund {number}") for number in range(3)]
    tell(lite, *((media, "") for media in made))
    box.faults.add("GET /graph/*", "malformed_json", count=1)
    assert lite.run(TOLD).handled == 2
    assert lite.mentions() == [f"media:{media}" for media in made[1:]]
    lite.clock.later(minutes=2)
    lite.run(TOLD)
    assert len(lite.mentions()) == 3


def test_while_the_network_asks_to_wait_nothing_is_looked_up(desk: HookDesk, box: Sandbox) -> None:
    tell(desk, (picture(box), ""), (picture(box, "Ook @hemlund"), ""))
    box.faults.add("GET /graph/*", "rate_limited", seconds=600, count=1)
    assert desk.run(TOLD).outcome == "error"
    desk.clock.later(minutes=5)
    assert desk.run(TOLD).handled == 0
    assert desk.mentions() == []
    desk.clock.later(minutes=6)
    assert desk.run(TOLD).handled == 2


def test_what_stays_unread_is_told_in_the_health_and_given_up_after_a_week(desk: HookDesk, box: Sandbox) -> None:
    tell(desk, (picture(box), ""))
    box.faults.add("GET /graph/*", "malformed_json")
    for _ in range(8):
        desk.run(TOLD)
        desk.clock.later(hours=2)
    (told,) = advice(desk)
    assert told.startswith("1 mention(s) that a webhook named are not read yet")
    assert desk.notices()[0].error in told
    desk.clock.later(days=7)
    desk.run(TOLD)
    assert desk.notices()[0].outcome == "unread"
    (told,) = advice(desk)
    assert told == "1 mention(s) that a webhook named could not be read within a week and are given up."
    desk.clock.later(days=31)
    desk.run(PRUNE, "")
    assert (desk.notices(), advice(desk)) == ([], [])


def test_a_paused_account_keeps_its_notices(lite: HookDesk, box: Sandbox) -> None:
    tell(lite, (picture(box), ""))
    with lite.app.store.write() as session:
        row = session.exec(select(AccountRow).where(AccountRow.key == KEY)).one()
        row.active, row.paused_at = False, datetime.now(UTC)
    assert lite.run(TOLD).outcome == "idle"
    with served(lite):
        assert lite.deliver(naming(("5", ""))) == 200
    assert len(lite.notices()) == 2


# --- what people are told, and what is forgotten --------------------------------------------------------


def test_people_are_told_whether_mentions_are_collected_at_all(lite: HookDesk, box: Sandbox) -> None:
    assert advice(lite, receiving=None) == []
    assert "are not collected" in advice(lite, receiving=False)[0]
    assert "No webhook ever came" in advice(lite)[0]
    tell(lite, (picture(box), ""))
    assert advice(lite) == []
    assert "no longer received" in advice(lite, receiving=False)[0]


def test_done_notices_are_forgotten_after_a_month_and_waiting_ones_never(desk: HookDesk, box: Sandbox) -> None:
    tell(desk, (picture(box), ""))
    desk.run(TOLD)
    desk.clock.later(days=29)
    desk.run(PRUNE, "")
    assert len(desk.notices()) == 1
    tell(desk, ("5", ""))
    desk.clock.later(days=60)
    desk.run(PRUNE, "")
    assert [row.item_id for row in desk.notices()] == ["5"]


# --- polls that are worth their requests ----------------------------------------------------------------


def test_a_webhook_brings_the_next_poll_forward_but_not_poll_upon_poll(desk: HookDesk, box: Sandbox) -> None:
    desk.run(POLL)
    assert desk.run(POLL_TOLD).outcome == "idle"
    ours = box.world.instagram.post("Nieuw", author=box.world.instagram.user(IG_ID)).id
    comment = {"object": "instagram", "entry": [{"id": IG_ID, "changes": [{"field": "comments", "value": {}}]}]}
    box.world.instagram.comment("Duur!", under=ours, author="lies")
    with served(desk):
        assert desk.deliver(comment) == 200
        assert desk.run(POLL_TOLD).outcome == "idle", "the last poll was a moment ago"
        desk.clock.later(seconds=11)
        assert (desk.run(POLL_TOLD).handled, desk.run(POLL_TOLD).outcome) == (2, "idle")
        assert desk.run(POLL_TOLD, PAGE).outcome == "idle"


def test_no_webhook_wakes_an_account_that_may_not_be_asked(lite: HookDesk) -> None:
    with served(lite):
        lite.deliver({"object": "instagram", "entry": [{"id": IG_ID, "changes": [{"field": "comments"}]}]})

    def waits(**changes: object) -> bool:
        with lite.app.store.write() as session:
            row = session.exec(select(AccountRow).where(AccountRow.key == KEY)).one()
            for name, value in changes.items():
                setattr(row, name, value)
            session.add(row)
        with lite.app.store.read() as session:
            return hooked.poll_waits(session, KEY, now=lite.clock())

    assert waits()
    assert not waits(not_before=lite.clock() + timedelta(minutes=1))
    assert waits(not_before=None)
    assert not waits(disconnected_at=lite.clock())
    assert not waits(disconnected_at=None, active=False)


# --- answering ------------------------------------------------------------------------------------------


def test_both_kinds_of_mention_are_answered_where_they_stand(desk: HookDesk, box: Sandbox) -> None:
    """From the webhook through case, outbox and `/mentions` to Instagram, and back by the poll, once."""
    media, (under, comment) = picture(box), named_in_comment(box)
    desk.run(POLL)
    with served(desk):
        assert desk.deliver(naming((media, ""), (under, comment))) == 200
    desk.run(TOLD)
    team = make_desk(desk.app.store)
    with desk.app.store.read() as session:
        cases = {row.customer_handle: row.id for row in session.exec(select(CaseRow))}
    team.now, team.reviewer = desk.clock(), desk.app.reviewer
    for customer, text in (("dirk", "Thank you for telling us, Dirk."), ("lies", "We are glad to help, Lies.")):
        team.reply(cases[customer], text)
    desk.clock.later(seconds=desk.app.settings.delivery.undo_s + 1)
    assert (desk.run(SEND).handled, desk.run(SEND).outcome) == (2, "idle")
    ours = [item for item in box.world.instagram.items.values() if item.author_id == IG_ID]
    assert {(item.text, item.media_id, item.parent_id) for item in ours} == {
        ("Thank you for telling us, Dirk.", media, None),
        ("We are glad to help, Lies.", under, comment),
    }
    with desk.app.store.read() as session:
        states = list(session.exec(select(DeliveryRow.state)))
        waiting = list(session.exec(select(CaseRow.waiting_since)))
    assert (states, waiting) == ([DeliveryState.SENT.value] * 2, [None] * 2)
