"""Posts that were deleted or hidden from us: their words leave the desk, on SQLite and PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import col, select

from webcare import cases
from webcare.cases.removal import remove_gone
from webcare.channels.base import GoneReason
from webcare.domain import CaseState, Media, Mention, MentionKind, Resolution
from webcare.store.queries import case_view
from webcare.store.search import search_mentions
from webcare.store.tables import AccountRow, CaseEventRow, MentionRow, MentionVersionRow, TriageRow
from webcare.testing import NOON, Desk, FakeClassifier, make_mention, make_triage


def take_away(desk: Desk, *mentions: Mention, why: GoneReason = GoneReason.DELETED) -> int:
    with desk.store.write() as session:
        account = session.exec(select(AccountRow.id)).one()
        return remove_gone(session, account or 0, {one.external_id: why for one in mentions}, now=desk.now)


def row_of(desk: Desk, mention: Mention) -> MentionRow:
    with desk.store.read() as session:
        return session.exec(select(MentionRow).where(MentionRow.external_id == mention.external_id)).one()


@pytest.mark.parametrize("why", list(GoneReason))
def test_words_media_raw_older_versions_excerpt_and_search_index_are_emptied(desk: Desk, why: GoneReason) -> None:
    post = make_mention(
        "my velvet sofa", media=(Media("photo", "https://pic.example/1"),), raw={"text": "my velvet sofa"}
    )
    desk.classifier = FakeClassifier(lambda text: make_triage(words=(("velvet", 0.7),)))
    desk.receive(replace(post, text="my velvet sofaaa"))
    desk.receive(post)
    assert take_away(desk, post, why=why) == 1
    row = row_of(desk, post)
    assert (row.text, row.media, row.raw, row.gone_reason) == ("", [], {}, why.value)
    assert row.deleted_at == desk.now
    with desk.store.read() as session:
        assert search_mentions(session, "velvet") == ()
        assert list(session.exec(select(MentionVersionRow.id))) == []
        assert [list(words) for words in session.exec(select(TriageRow.words))] == [[], []]
        view = case_view(session, row.case_id or 0)
    assert view.case.excerpt == ""
    assert view.triage == {}
    assert "velvet" not in repr(view)


def test_the_case_is_told_and_an_untouched_one_whose_only_message_is_gone_is_closed(desk: Desk) -> None:
    post = make_mention()
    desk.receive(post)
    take_away(desk, post)
    case = desk.case_of(post)
    assert (case.state, case.resolution) == (CaseState.RESOLVED, Resolution.TARGET_GONE)
    assert case.waiting_since is None
    assert desk.events(case.id) == ["opened", "message_gone", "resolved"]
    with desk.store.read() as session:
        event = session.exec(select(CaseEventRow).where(CaseEventRow.kind == "message_gone")).one()
    assert event.detail["why"] == "deleted"
    assert "sofa" not in repr(event.detail)


@pytest.mark.parametrize("work", ["claimed", "noted", "drafted", "answered"])
def test_a_case_somebody_works_on_stays_open(desk: Desk, work: str) -> None:
    post = make_mention()
    desk.receive(post)
    case_id = desk.case_of(post).id or 0
    if work == "answered":
        desk.reply(case_id)
    else:
        with desk.store.write() as session:
            match work:
                case "claimed":
                    cases.claim(session, case_id, by=desk.first, now=NOON)
                case "noted":
                    cases.add_note(session, case_id, text="Known customer.", by=desk.second, now=NOON)
                case "drafted":
                    cases.save_draft(session, case_id, kind="reply", text="Dear", by=desk.first, now=NOON)
    take_away(desk, post)
    case = desk.case_of(post)
    assert case.state != CaseState.RESOLVED
    assert desk.events(case_id)[-1] == "message_gone"


def test_a_case_with_another_message_goes_on_with_that(desk: Desk) -> None:
    first = make_mention("First words")
    second = make_mention(
        "Second words", thread_id=first.thread_id, author=first.author, posted_at=NOON + timedelta(minutes=1)
    )
    desk.receive(first, second)
    take_away(desk, second)
    case = desk.case_of(first)
    assert (case.state, case.excerpt) == (CaseState.NEW, "First words")


def test_a_poll_that_says_a_direct_message_is_gone_is_heeded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    message = make_mention("My address is Elm Street 3", kind=MentionKind.DIRECT_MESSAGE)
    desk.receive(message)
    real = desk.channel.poll
    monkeypatch.setattr(desk.channel, "poll", lambda *args: replace(real(*args), gone=(message.external_id,)))
    assert desk.poll().gone == 1
    assert row_of(desk, message).text == ""
    assert desk.poll().gone == 0


def test_a_stale_list_does_not_bring_removed_words_back(desk: Desk) -> None:
    post = make_mention("secret words")
    desk.receive(post)
    take_away(desk, post)
    desk.receive(post)
    edit = make_mention("secret words again", root_id=post.external_id, author=post.author, thread_id=post.thread_id)
    desk.receive(edit)
    with desk.store.read() as session:
        assert [row.text for row in session.exec(select(MentionRow).order_by(col(MentionRow.id)))] == [""]


def test_an_older_version_that_is_gone_takes_the_whole_post_with_it(desk: Desk) -> None:
    first = make_mention("one")
    second = make_mention("two", root_id=first.external_id, author=first.author, thread_id=first.thread_id)
    desk.receive(first)
    desk.receive(second)
    assert take_away(desk, first) == 1
    assert row_of(desk, second).text == ""


def test_what_we_wrote_keeps_its_words_when_it_is_gone(desk: Desk) -> None:
    ours = make_mention("Our answer", is_ours=True)
    desk.receive(ours)
    assert take_away(desk, ours) == 1
    assert (row_of(desk, ours).text, row_of(desk, ours).gone_reason) == ("Our answer", "deleted")


def test_gone_posts_nobody_knows_and_repeats_change_nothing(desk: Desk) -> None:
    post = make_mention()
    desk.receive(post)
    assert take_away(desk, make_mention()) == 0
    take_away(desk, post)
    before = desk.case_of(post)
    assert take_away(desk, post) == 0
    assert desk.case_of(post) == before


def test_a_new_message_after_the_closing_opens_the_case_again(desk: Desk) -> None:
    post = make_mention()
    desk.receive(post)
    take_away(desk, post)
    now = desk.later(minutes=5)
    desk.receive(make_mention("Once more", thread_id=post.thread_id, author=post.author, posted_at=now))
    case = desk.case_of(post)
    assert (case.state, case.excerpt) == (CaseState.NEW, "Once more")
