"""What collected posts become, on SQLite and PostgreSQL."""

from datetime import timedelta

import pytest
from sqlmodel import select

from webcare import cases, ingest
from webcare.domain import CaseState, Line, Resolution, Urgency
from webcare.errors import AccountDisconnected, ChannelThrottled, ChannelUnavailable
from webcare.store.tables import AccountRow, BadPostRow, MentionRow, TriageRow
from webcare.testing import NOON, Desk, FakeClassifier, make_mention, make_triage


def account(desk: Desk) -> AccountRow:
    with desk.store.read() as session:
        return session.exec(select(AccountRow)).one()


def test_a_customers_post_opens_a_case_with_its_labels_and_a_deadline_from_the_moment_it_was_posted(desk: Desk) -> None:
    mention = make_mention("Waar blijft mijn bank?", posted_at=NOON - timedelta(minutes=5))
    summary = desk.receive(mention)
    case = desk.case_of(mention)
    assert (summary.seen, summary.stored, summary.opened) == (1, 1, 1)
    assert case.state == CaseState.NEW
    assert case.queue == Line.FIRST_LINE
    assert case.respond_by == NOON - timedelta(minutes=5) + timedelta(hours=4)
    assert case.waiting_since == case.first_posted_at == NOON - timedelta(minutes=5)
    assert case.route_reason
    assert desk.events(case.id) == ["opened"]
    with desk.store.read() as session:
        triage = session.exec(select(TriageRow)).one()
    assert triage.model_version == "fake-1"
    assert triage.confidence["urgency"] == pytest.approx(0.95)


def test_polling_the_same_posts_again_changes_nothing(desk: Desk) -> None:
    mention = make_mention()
    desk.receive(mention)
    before = desk.case_of(mention)
    desk.channel.inbox.append(mention)
    assert desk.poll().stored == 0
    after = desk.case_of(mention)
    assert (after.version, desk.events(after.id)) == (before.version, ["opened"])


def test_posts_and_cursor_are_stored_together(desk: Desk) -> None:
    desk.receive(*(make_mention() for _ in range(650)))
    assert account(desk).cursor == "650"
    with desk.store.read() as session:
        assert len(session.exec(select(MentionRow.id)).all()) == 650


def test_a_crash_before_the_commit_leaves_cursor_and_posts_behind_together(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.channel.inbox.extend(make_mention() for _ in range(650))

    def dies(*args: object) -> int:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(ingest, "_move_mark", dies)
        with pytest.raises(MemoryError):
            desk.poll()
    assert account(desk).cursor is None
    with desk.store.read() as session:
        assert session.exec(select(MentionRow.id)).all() == []
    assert desk.poll().stored == 650
    with desk.store.read() as session:
        ids = session.exec(select(MentionRow.external_id)).all()
    assert len(ids) == len(set(ids)) == 650


def test_own_posts_and_reposts_are_remembered_but_open_no_case(desk: Desk) -> None:
    ours, repost = make_mention(is_ours=True), make_mention(is_repost=True)
    summary = desk.receive(ours, repost)
    assert (summary.stored, summary.opened) == (2, 0)
    assert desk.poll().stored == 0


def test_a_follow_up_joins_its_case_and_keeps_the_stricter_deadline(desk: Desk) -> None:
    first = make_mention(posted_at=NOON)
    desk.receive(first)
    desk.classifier = FakeClassifier(lambda text: make_triage(urgency=Urgency.CRITICAL, line=Line.SECOND_LINE))
    second = make_mention(
        "There is smoke!", thread_id=first.thread_id, author=first.author, posted_at=NOON + timedelta(minutes=30)
    )
    desk.later(minutes=30)
    desk.receive(second)
    case = desk.case_of(second)
    assert case.id == desk.case_of(first).id
    assert case.urgency == Urgency.CRITICAL
    assert case.queue == Line.SECOND_LINE
    assert case.respond_by == NOON + timedelta(minutes=45)
    assert case.waiting_since == NOON
    assert case.excerpt == "There is smoke!"
    assert desk.events(case.id) == ["opened", "joined"]


def test_a_later_calm_message_does_not_soften_an_unanswered_critical_one(desk: Desk) -> None:
    desk.classifier = FakeClassifier(lambda text: make_triage(urgency=Urgency.CRITICAL))
    first = make_mention()
    desk.receive(first)
    desk.classifier = FakeClassifier()
    desk.receive(
        make_mention("hello?", thread_id=first.thread_id, author=first.author, posted_at=NOON + timedelta(minutes=3))
    )
    case = desk.case_of(first)
    assert case.urgency == Urgency.CRITICAL
    assert case.respond_by == NOON + timedelta(minutes=15)


def test_a_message_after_resolution_reopens_the_case_for_its_assignee(desk: Desk) -> None:
    mention = make_mention()
    desk.receive(mention)
    case_id = desk.case_of(mention).id or 0
    with desk.store.write() as session:
        cases.claim(session, case_id, by=desk.first, now=NOON)
        cases.resolve(session, case_id, resolution=Resolution.ANSWERED, by=desk.first, now=NOON)
    now = desk.later(hours=2)
    desk.receive(make_mention("Still nothing.", thread_id=mention.thread_id, author=mention.author, posted_at=now))
    case = desk.case_of(mention)
    assert case.state == CaseState.OPEN
    assert case.reopened == 1
    assert case.waiting_since == now
    assert case.resolution == ""
    assert desk.events(case_id)[-1] == "reopened"


def test_two_messages_of_a_new_thread_in_one_page_make_one_case(desk: Desk) -> None:
    first = make_mention(posted_at=NOON)
    second = make_mention(
        "and one more thing", thread_id=first.thread_id, author=first.author, posted_at=NOON + timedelta(seconds=9)
    )
    summary = desk.receive(second, first)
    case = desk.case_of(first)
    assert (summary.opened, summary.joined) == (1, 1)
    assert case.id == desk.case_of(second).id
    assert case.excerpt == "and one more thing"
    assert desk.events(case.id) == ["opened", "joined"]


def test_an_edit_stays_in_the_case_of_its_first_version(desk: Desk) -> None:
    first = make_mention("wher is my sofa")
    desk.receive(first)
    edit = make_mention(
        "Where is my sofa", root_id=first.external_id, author=first.author, posted_at=NOON + timedelta(minutes=1)
    )
    desk.receive(edit)
    case = desk.case_of(edit)
    assert case.id == desk.case_of(first).id
    assert case.excerpt == "Where is my sofa"
    assert desk.events(case.id) == ["opened", "edited"]


@pytest.mark.parametrize(
    "text",
    ["", "\x00", "a" * 10_000, "\u202egnp.exe\u202c", "z\u200bw\u200dj", "🛋️" * 500, "\ud83d lone", "ctrl\x07\x1b[2J"],
)
def test_any_text_is_stored_and_queued(desk: Desk, text: str) -> None:
    case = desk.open_case(text)
    assert len(case.excerpt) <= 200
    with desk.store.read() as session:
        kept = session.exec(select(MentionRow.text)).one()
    assert "\x00" not in kept
    assert len(kept) >= len(text) - text.count("\x00")


def test_unreadable_posts_are_kept_once(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from webcare.channels.base import BadPost

    real = desk.channel.poll
    bad = (BadPost('{"id": "1"}', "no date"),)
    monkeypatch.setattr(desk.channel, "poll", lambda *args: replace(real(*args), bad=bad))
    assert (desk.poll().bad, desk.poll().bad) == (1, 0)
    with desk.store.read() as session:
        assert session.exec(select(BadPostRow)).one().error == "no date"


def test_what_nobody_could_read_is_kept_for_a_while_only(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace

    from webcare.channels.base import BadPost
    from webcare.store.mentions import prune_bad_posts

    real = desk.channel.poll
    monkeypatch.setattr(desk.channel, "poll", lambda *args: replace(real(*args), bad=(BadPost("{}", "no date"),)))
    desk.poll()
    with desk.store.write() as session:
        assert prune_bad_posts(session, before=desk.now) == 0
        assert prune_bad_posts(session, before=desk.now + timedelta(seconds=1)) == 1


def test_a_throttled_account_is_left_alone_until_the_network_said(desk: Desk) -> None:
    desk.channel.poll_error = ChannelThrottled("slow down", retry_at=NOON + timedelta(minutes=2))
    with pytest.raises(ChannelThrottled):
        desk.poll()
    desk.channel.poll_error = None
    assert "throttled" in desk.poll().skipped
    desk.later(minutes=3)
    assert desk.receive(make_mention()).stored == 1
    assert account(desk).last_error == ""


def test_a_network_with_a_wrong_clock_does_not_silence_an_account(desk: Desk) -> None:
    desk.channel.poll_error = ChannelThrottled("slow down", retry_at=NOON + timedelta(days=260))
    with pytest.raises(ChannelThrottled):
        desk.poll()
    desk.channel.poll_error = None
    desk.later(minutes=3)
    assert desk.receive(make_mention()).stored == 1


def test_a_disconnected_account_is_asked_for_its_health_only_and_comes_back_by_itself(desk: Desk) -> None:
    from webcare.channels.base import HealthState

    desk.channel.poll_error = AccountDisconnected("The token expired.")
    with pytest.raises(AccountDisconnected):
        desk.poll()
    desk.channel.state = HealthState.DISCONNECTED
    assert desk.poll().skipped == "disconnected"
    assert account(desk).last_error == "The token expired."
    desk.channel.poll_error, desk.channel.state = None, HealthState.OK
    assert desk.receive(make_mention()).stored == 1
    assert account(desk).disconnected_at is None


def test_a_network_failure_keeps_the_cursor_and_says_what_happened(desk: Desk) -> None:
    desk.receive(make_mention())
    desk.channel.poll_error = ChannelUnavailable("X cannot be reached.")
    with pytest.raises(ChannelUnavailable):
        desk.poll()
    assert account(desk).cursor == "1"
    assert account(desk).last_error == "X cannot be reached."


@pytest.mark.parametrize(
    "raw",
    [{"a\x00": "b\x00c"}, {"n": 2**80}, {"s": "\ud83d"}, {"deep": [{"x": None}]}, {"f": 1.5, "t": True}, {}],
)
def test_any_raw_payload_is_kept_as_json_that_every_database_takes(desk: Desk, raw: dict[str, object]) -> None:
    desk.receive(make_mention(raw=raw))
    with desk.store.read() as session:
        kept = session.exec(select(MentionRow.raw)).one()
    assert list(kept) == [key.replace("\x00", "") for key in raw]
    if raw in ({"deep": [{"x": None}]}, {"f": 1.5, "t": True}, {"n": 2**80}):
        assert kept == raw


def test_another_customer_in_the_same_thread_has_a_case_and_a_clock_of_their_own(desk: Desk) -> None:
    first = make_mention("Where is my sofa?", posted_at=NOON)
    other = make_mention("Same here!", thread_id=first.thread_id, posted_at=NOON + timedelta(minutes=2))
    desk.receive(first, other)
    assert desk.case_of(first).id != desk.case_of(other).id
    later = make_mention("Any news?", thread_id=first.thread_id, author=other.author, posted_at=NOON)
    desk.receive(later)
    assert desk.case_of(later).id == desk.case_of(other).id
    assert desk.case_of(first).version == 1
