"""One person on several networks: found among what was collected, linked by hand, and taken apart again."""

from datetime import timedelta

import pytest
from sqlmodel import select

from webcare import cases
from webcare.cases import identities, undoing
from webcare.domain import Actor, Author, Role, Sentiment
from webcare.errors import CaseStateRefused, NotAllowed, WebcareError
from webcare.store.customers import Customer, Identity, customer_of, find_authors, same_name
from webcare.store.tables import CaseEventRow, CaseRow, ThreadRow
from webcare.store.tables_desk import CustomerIdentityRow
from webcare.testing import NOON, Desk, FakeClassifier, make_mention, make_triage


def write(desk: Desk, author: Author, text: str = "Where is my sofa?") -> CaseRow:
    """Somebody opens a case on X."""
    mention = make_mention(text, author=author, posted_at=desk.now)
    desk.receive(mention)
    return desk.case_of(mention)


def elsewhere(desk: Desk, channel: str, author: Author, text: str = "Hello?") -> CaseRow:
    """A case that came over another network, as its row: the small desk has one account."""
    origin = write(desk, author, text)
    with desk.store.write() as session:
        case = cases.load(session, origin.id or 0)
        thread = session.get_one(ThreadRow, case.thread_id)
        thread.external_id = f"{channel}-{thread.external_id}"
        case.channel = channel
        session.add_all([case, thread])
        return case


def known(desk: Desk, case: CaseRow) -> Customer:
    with desk.store.read() as session:
        return customer_of(session, case.channel, case.customer_id, name=case.customer_name)


def rows(desk: Desk) -> list[tuple[str, str]]:
    with desk.store.read() as session:
        return sorted((row.channel, row.external_id) for row in session.exec(select(CustomerIdentityRow)))


def link(desk: Desk, case: CaseRow, other: CaseRow, by: Actor | None = None) -> None:
    with desk.store.write() as session:
        identities.link(
            session,
            case.id or 0,
            channel=other.channel,
            external_id=other.customer_id,
            by=by or desk.first,
            now=desk.now,
        )


def test_linked_accounts_show_each_others_cases_until_they_are_taken_apart(desk: Desk) -> None:
    here = write(desk, Author("a1", "Anna Berg", "annaberg"))
    desk.later(hours=1)
    there = elsewhere(desk, "facebook", Author("f9", "Anna Berg", ""), "The same sofa again")
    assert [one.id for one in known(desk, here).cases] == [here.id]
    link(desk, here, there)
    for case in (here, there):
        assert [one.id for one in known(desk, case).cases] == [there.id, here.id]
    assert {one.key for one in known(desk, there).accounts} == {("x", "a1"), ("facebook", "f9")}
    with desk.store.write() as session:
        identities.unlink(session, there.id or 0, channel="x", external_id="a1", by=desk.first, now=desk.now)
    assert [one.id for one in known(desk, here).cases] == [here.id]
    assert rows(desk) == []
    assert desk.events(here.id)[-1] == "customer_linked"
    assert desk.events(there.id)[-1] == "customer_unlinked"


def test_a_link_holds_no_words_of_the_customer_in_its_event(desk: Desk) -> None:
    here = write(desk, Author("a1", "Anna Berg", "annaberg"))
    link(desk, here, elsewhere(desk, "facebook", Author("f9", "Anna B.", "")))
    with desk.store.read() as session:
        event = session.exec(select(CaseEventRow).where(CaseEventRow.kind == "customer_linked")).one()
    assert event.detail["linked"] == {"channel": "facebook", "external_id": "f9"}
    assert "Anna" not in repr(event.detail)


def test_undoing_a_link_of_two_groups_leaves_both_as_they_were(desk: Desk) -> None:
    names = ("x", "facebook", "mastodon", "bluesky")
    one, two, three, four = (elsewhere(desk, name, Author(f"id-{name}", "Anna Berg", "")) for name in names)
    link(desk, one, two)
    link(desk, three, four)
    link(desk, one, three)
    assert len(known(desk, four).accounts) == 4
    with desk.store.write() as session:
        step = undoing.undo(session, one.id or 0, by=desk.first, now=desk.now)
    assert step.kind == "customer_linked"
    assert {account.channel for account in known(desk, two).accounts} == {"x", "facebook"}
    assert {account.channel for account in known(desk, four).accounts} == {"mastodon", "bluesky"}
    assert desk.events(one.id)[-1] == "customer_unlinked"


def test_what_cannot_be_linked_says_why(desk: Desk) -> None:
    here = write(desk, Author("a1", "Anna Berg", "annaberg"))
    there = elsewhere(desk, "facebook", Author("f9", "Anna Berg", ""))
    link(desk, here, there)
    for case, error in ((there, CaseStateRefused), (here, CaseStateRefused)):
        with pytest.raises(error, match="already"):
            link(desk, here, case)
    with desk.store.write() as session, pytest.raises(WebcareError, match="ever collected"):
        identities.link(session, here.id or 0, channel="facebook", external_id="nobody", by=desk.first, now=NOON)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="not linked"):
        identities.unlink(session, here.id or 0, channel="bluesky", external_id="f9", by=desk.first, now=NOON)
    with pytest.raises(NotAllowed):
        link(desk, here, there, by=desk.people[Role.MANAGER])


def test_authors_are_found_by_part_of_a_name_or_handle_with_their_cases(desk: Desk) -> None:
    here = write(desk, Author("a1", "Anna Berg", "annaberg"))
    there = elsewhere(desk, "facebook", Author("f9", "Anna-Lena BERG", ""), "A lamp this time")
    odd = elsewhere(desk, "bluesky", Author("b1", "100% Wool_", "wool.bsky.social"))
    with desk.store.read() as session:
        known_already = known(desk, here).accounts
        found = find_authors(session, " @BERG ", but=known_already)
        assert [(one.author.key, one.case_count) for one in found] == [(("facebook", "f9"), 1)]
        assert [one.id for one in found[0].cases] == [there.id]
        assert [one.author.external_id for one in find_authors(session, "100%", but=())] == [odd.customer_id]
        assert find_authors(session, "0_W", but=()) == ()
        assert find_authors(session, "a", but=()) == ()


def test_the_same_name_is_offered_and_never_linked_by_itself(desk: Desk) -> None:
    here = write(desk, Author("a1", "Anna Berg", "annaberg"))
    same_person = elsewhere(desk, "bluesky", Author("b1", "anna", "annaberg.bsky.social"))
    namesake = elsewhere(desk, "facebook", Author("f9", "Anna Berg", ""))
    elsewhere(desk, "mastodon", Author("m1", "Anna", "anna"))
    with desk.store.read() as session:
        customer = known(desk, here)
        author = Identity("x", "a1", "Anna Berg", "annaberg")
        offered = same_name(session, author, but=customer.accounts)
    assert [one.author.key for one in offered] == [("facebook", "f9"), ("bluesky", "b1")]
    assert rows(desk) == []
    assert len(customer.cases) == 1
    assert {same_person.customer_id, namesake.customer_id} == {"b1", "f9"}


def test_how_often_and_how_somebody_wrote_is_told_in_order(desk: Desk) -> None:
    moods = iter([Sentiment.POSITIVE, Sentiment.NEGATIVE, Sentiment.NEGATIVE])
    desk.classifier = FakeClassifier(lambda text: make_triage(sentiment=next(moods)))
    author = Author("a1", "Anna Berg", "annaberg")
    start = desk.now
    for text in ("Lovely shop", "Where is it?", "Still nothing"):
        here = write(desk, author, text)
        desk.later(days=1)
    desk.classifier = FakeClassifier()
    write(desk, Author("c2", "Somebody else", "else"))
    customer = known(desk, here)
    assert (customer.wrote, customer.case_count, customer.first_at) == (3, 3, start)
    told = [(mood.sentiment, mood.count, mood.since - start) for mood in customer.moods]
    assert told == [("positive", 1, timedelta()), ("negative", 2, timedelta(days=1))]
