"""Edited posts, on SQLite and PostgreSQL: one post, its newest words, its earlier ones beside it."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlmodel import col, select

from webcare import cases
from webcare.domain import CaseState, Mention, Urgency
from webcare.store import Store
from webcare.store.mentions import newest_id
from webcare.store.queries import case_view
from webcare.store.search import search_mentions
from webcare.store.tables import CaseEventRow, CaseRow, MentionRow, MentionVersionRow, TriageRow
from webcare.testing import NOON, Desk, FakeClassifier, make_desk, make_mention, make_triage


def versions_of(first: Mention, *texts: str) -> list[Mention]:
    """The first version and an edit a minute later for each further text, each with an id of its own."""
    edits = [
        make_mention(
            text,
            author=first.author,
            thread_id=first.thread_id,
            root_id=first.external_id,
            posted_at=first.posted_at + timedelta(minutes=number),
        )
        for number, text in enumerate(texts, start=1)
    ]
    return [first, *edits]


def stored_posts(desk: Desk) -> list[MentionRow]:
    with desk.store.read() as session:
        return list(session.exec(select(MentionRow).order_by(col(MentionRow.id))))


def earlier_words(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read() as session:
        query = select(MentionVersionRow.external_id, MentionVersionRow.text).order_by(MentionVersionRow.external_id)
        return [(external_id, text) for external_id, text in session.exec(query)]


def test_an_edit_is_the_same_post_with_its_newest_words_and_id(desk: Desk) -> None:
    first, second, third = versions_of(make_mention("wher is my sofa"), "Where is my sofa", "Where is my red sofa?")
    desk.receive(first)
    row_id = stored_posts(desk)[0].id
    assert desk.receive(second).edited == 1
    desk.receive(third)
    (row,) = stored_posts(desk)
    assert (row.id, row.external_id, row.text) == (row_id, third.external_id, "Where is my red sofa?")
    assert row.posted_at == first.posted_at
    assert row.edited_at is not None
    assert earlier_words(desk) == [(first.external_id, first.text), (second.external_id, second.text)]


def test_no_version_of_a_post_is_taken_in_twice(desk: Desk) -> None:
    all_of_them = versions_of(make_mention("one"), "two", "three")
    desk.receive(*all_of_them)
    before = stored_posts(desk), earlier_words(desk), desk.events(desk.case_of(all_of_them[0]).id)
    summary = desk.receive(*reversed(all_of_them))
    assert (summary.stored, summary.edited) == (0, 0)
    assert (stored_posts(desk), earlier_words(desk), desk.events(desk.case_of(all_of_them[0]).id)) == before


def test_the_newest_version_is_the_one_a_reply_goes_to(desk: Desk) -> None:
    first, second = versions_of(make_mention("Wher is it"), "Where is it?")
    desk.receive(first)
    desk.receive(second)
    delivery = desk.reply(desk.case_of(second).id or 0)
    assert delivery.target_external_id == second.external_id
    with desk.store.read() as session:
        for version in (first, second):
            assert newest_id(session, delivery.account_id, version.external_id) == second.external_id
        assert newest_id(session, delivery.account_id, "unheard of") == "unheard of"


def test_a_first_version_that_arrives_after_its_edit_opens_nothing_and_can_be_read(desk: Desk) -> None:
    first, second = versions_of(make_mention("Wher is it"), "Where is it?")
    desk.receive(second)
    assert earlier_words(desk) == [(first.external_id, "")]
    assert desk.receive(first).opened == 0
    (row,) = stored_posts(desk)
    assert row.text == "Where is it?"
    assert earlier_words(desk) == [(first.external_id, "Wher is it")]


def test_the_same_id_with_other_words_is_an_edit_too(desk: Desk) -> None:
    first = make_mention("The table is broken")
    desk.receive(first)
    desk.later(minutes=3)
    changed = make_mention("The table is broken and my hand bleeds", external_id=first.external_id, author=first.author)
    assert desk.receive(changed).edited == 1
    (row,) = stored_posts(desk)
    assert row.text == changed.text
    assert earlier_words(desk) == [(first.external_id, "The table is broken")]
    assert desk.receive(changed).edited == 0


def test_other_blanks_alone_are_no_edit(desk: Desk) -> None:
    first = make_mention("The table  is broken")
    desk.receive(first)
    assert desk.receive(make_mention("The table is broken ", external_id=first.external_id)).edited == 0


def test_what_the_network_makes_of_our_own_words_is_no_edit(desk: Desk) -> None:
    ours = make_mention("See https://hemlund.example/chairs", is_ours=True)
    desk.receive(ours)
    desk.receive(make_mention("See https://t.co/abc", external_id=ours.external_id, is_ours=True))
    assert stored_posts(desk)[0].text == ours.text


def test_an_edit_is_judged_again_and_may_raise_urgency(desk: Desk) -> None:
    desk.classifier = FakeClassifier(
        lambda text: make_triage(urgency=Urgency.CRITICAL if "smoke" in text else Urgency.NORMAL)
    )
    first, second = versions_of(make_mention("The lamp is odd"), "The lamp is odd, there is smoke")
    desk.receive(first)
    desk.later(minutes=2)
    desk.receive(second)
    case = desk.case_of(second)
    assert case.urgency == Urgency.CRITICAL
    assert case.respond_by == second.posted_at + timedelta(minutes=15)
    assert case.excerpt == second.text
    with desk.store.read() as session:
        assert len(list(session.exec(select(TriageRow)))) == 2


def test_an_edit_never_lowers_urgency_and_says_how_it_was_judged(desk: Desk) -> None:
    desk.classifier = FakeClassifier(
        lambda text: make_triage(urgency=Urgency.CRITICAL if "smoke" in text else Urgency.LOW)
    )
    first, second = versions_of(make_mention("smoke!"), "never mind")
    desk.receive(first)
    before = desk.case_of(first)
    desk.receive(second)
    case = desk.case_of(second)
    assert (case.urgency, case.priority, case.respond_by) == ("critical", before.priority, before.respond_by)
    with desk.store.read() as session:
        event = session.exec(select(CaseEventRow).where(CaseEventRow.kind == "edited")).one()
    assert (event.detail["urgency"], event.detail["urgency_before"]) == ("low", "critical")


def test_an_edit_after_our_answer_brings_the_case_back(desk: Desk) -> None:
    first = make_mention("Where is it?")
    desk.receive(first)
    case_id = desk.case_of(first).id or 0
    desk.reply(case_id)
    desk.later(seconds=11)
    desk.deliver()
    assert desk.case_of(first).state == CaseState.WAITING
    now = desk.later(minutes=5)
    desk.receive(make_mention("Where is it? It was due in May!", external_id=first.external_id, author=first.author))
    case = desk.case_of(first)
    assert case.state == CaseState.OPEN
    assert case.waiting_since == now
    assert desk.events(case_id)[-1] == "edited"


def test_a_reply_approved_before_the_edit_is_held(desk: Desk) -> None:
    first, second = versions_of(make_mention("I like it"), "I hate it")
    desk.receive(first)
    delivery = desk.reply(desk.case_of(first).id or 0, "Glad to hear it!")
    desk.receive(second)
    desk.later(seconds=11)
    desk.deliver()
    assert desk.channel.timeline == []
    assert desk.delivery(delivery.id).error


def test_answers_to_an_earlier_version_answer_the_post_as_it_is_called_now(desk: Desk) -> None:
    first, second = versions_of(make_mention("Wher"), "Where")
    ours = make_mention("Here!", is_ours=True, thread_id=first.thread_id, parent_id=first.external_id)
    desk.receive(first, ours)
    desk.receive(second)
    with desk.store.read() as session:
        row = session.exec(select(MentionRow).where(MentionRow.external_id == ours.external_id)).one()
    assert row.parent_external_id == second.external_id


def test_only_the_newest_words_are_found_and_the_older_ones_stand_in_the_thread(desk: Desk) -> None:
    first, second = versions_of(make_mention("a velvet armchair"), "a leather armchair")
    desk.receive(first)
    desk.receive(second)
    with desk.store.read() as session:
        assert search_mentions(session, "velvet") == ()
        assert len(search_mentions(session, "leather")) == 1
        view = case_view(session, desk.case_of(second).id or 0)
    (mention,) = view.mentions
    assert [one.text for one in view.versions[mention.id]] == ["a velvet armchair"]


def test_a_list_that_tells_another_text_each_time_makes_no_endless_history(desk: Desk) -> None:
    first = make_mention("short …")
    for _ in range(4):
        desk.receive(first)
        desk.receive(make_mention("short and long", external_id=first.external_id, author=first.author))
    assert sorted(text for _, text in earlier_words(desk)) == ["short and long", "short …"]
    assert desk.events(desk.case_of(first).id).count("edited") <= 2


def test_a_customers_new_name_stands_on_the_case_and_its_posts(desk: Desk) -> None:
    first = make_mention("Hello")
    desk.receive(first)
    renamed = type(first.author)(first.author.external_id, "New Name", "newhandle")
    desk.receive(
        make_mention("Again", thread_id=first.thread_id, author=renamed, posted_at=NOON + timedelta(minutes=1))
    )
    case = desk.case_of(first)
    assert (case.customer_name, case.customer_handle) == ("New Name", "newhandle")
    assert {(row.author_name, row.author_handle) for row in stored_posts(desk)} == {("New Name", "newhandle")}


def test_a_network_that_tells_no_name_takes_none_away(desk: Desk) -> None:
    first = make_mention("Hello")
    desk.receive(first)
    nameless = type(first.author)(first.author.external_id)
    desk.receive(make_mention("Again", thread_id=first.thread_id, author=nameless, posted_at=NOON))
    assert desk.case_of(first).customer_name == first.author.name


@pytest.fixture
def empty_desk(sqlite_store: Store) -> Callable[[], Desk]:
    desk = make_desk(sqlite_store)
    return lambda: desk


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data(), posts=st.integers(1, 4))
def test_versions_in_any_order_and_any_number_of_times_end_as_one_post_with_its_newest_words(
    empty_desk: Callable[[], Desk], data: st.DataObject, posts: int
) -> None:
    desk = empty_desk()
    lineages = [
        versions_of(make_mention("v0"), *(f"v{number}" for number in range(1, data.draw(st.integers(1, 5)))))
        for _ in range(posts)
    ]
    everything = [version for lineage in lineages for version in lineage]
    order = data.draw(st.permutations(everything + data.draw(st.lists(st.sampled_from(everything), max_size=5))))
    while order:
        size = data.draw(st.integers(1, len(order)))
        desk.receive(*order[:size])
        order = order[size:]
    with desk.store.read() as session:
        for lineage in lineages:
            ids = [version.external_id for version in lineage]
            rows = list(session.exec(select(MentionRow).where(col(MentionRow.external_id).in_(ids))))
            assert [(row.external_id, row.text) for row in rows] == [(ids[-1], lineage[-1].text)]
            older = session.exec(select(MentionVersionRow).where(MentionVersionRow.mention_id == rows[0].id))
            assert {(row.external_id, row.text) for row in older} == {
                (version.external_id, version.text) for version in lineage[:-1]
            }
            assert len(list(session.exec(select(CaseRow.id).where(CaseRow.id == rows[0].case_id)))) == 1


def test_working_on_an_edited_case_needs_the_version_that_was_seen(desk: Desk) -> None:
    from webcare.errors import CaseChanged

    first, second = versions_of(make_mention("one"), "two")
    desk.receive(first)
    seen = desk.case_of(first)
    desk.receive(second)
    with desk.store.write() as session, pytest.raises(CaseChanged, match="edited"):
        cases.claim(session, seen.id or 0, by=desk.first, now=NOON, version=seen.version)
