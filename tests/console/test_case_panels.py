"""What stands beside a case: who else is here, the customer over all networks, what happened, what they ask."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from tests.console.conftest import OpenPage, component, html_of, open_menu
from webcare import cases
from webcare.cases import presence
from webcare.domain import Author, Resolution
from webcare.store.tables import CaseRow
from webcare.store.tables_desk import CustomerIdentityRow
from webcare.testing import Desk, make_mention


def write(desk: Desk, author: Author, text: str, days: int = 0) -> CaseRow:
    mention = make_mention(text, author=author, posted_at=desk.now - timedelta(days=days))
    desk.receive(mention)
    return desk.case_of(mention)


@pytest.mark.usefixtures("unhurried")
def test_a_colleague_who_types_is_told_at_the_head_and_above_the_reply(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    with desk.store.write() as session:
        presence.look(session, case.id or 0, by=desk.second, now=datetime.now(UTC), typing="reply")
    page = html_of(open_page("case", case=case.id))
    assert "<bdi>Elin Sandberg</bdi> is writing a reply</span>" in page
    assert "<bdi>Elin Sandberg</bdi> is writing a reply to this customer right now." in page
    with desk.store.read() as session:
        seen = presence.others(session, [case.id or 0], me=desk.second, now=datetime.now(UTC))
    assert [one.name for one in seen[case.id or 0]] == [desk.first.name]


def test_questions_since_our_last_answer_are_listed(open_page: OpenPage, desk: Desk):
    case = desk.open_case("I ordered a bed. When does it come? And is the mattress with it?")
    page = html_of(open_page("case", case=case.id))
    assert '<li dir="auto">When does it come?</li><li dir="auto">And is the mattress with it?</li>' in page


def test_the_customers_other_cases_are_links_and_accounts_are_linked_and_taken_apart(open_page: OpenPage, desk: Desk):
    here = write(desk, Author("a1", "Anna Berg", "annaberg"), "About my sofa")
    old = write(desk, Author("a1", "Anna Berg", "annaberg"), "About my lamp", days=3)
    there = write(desk, Author("f9", "Anna Bergman", ""), "The same sofa")
    test = open_page("case", case=here.id)
    test.session_state["beside"] = "Customer"
    test.run()
    page = html_of(test)
    assert f'href="/case?case={old.id}" data-case="{old.id}"' in page
    assert "Wrote 2 times since" in page
    assert f"case={there.id}" not in page
    open_menu(test, f"link_menu_{here.id}").text_input(key=f"link_search_{here.id}").set_value("bergman").run()
    test.button(key=f"link_{here.id}").click().run()
    assert f'data-case="{there.id}"' in html_of(test)
    open_menu(test, f"unlink_menu_{here.id}").button(key=f"do_unlink_{here.id}").click().run()
    assert f'data-case="{there.id}"' not in html_of(test)
    with desk.store.read() as session:
        assert session.exec(select(CustomerIdentityRow)).all() == []
    assert desk.events(here.id)[-2:] == ["customer_linked", "customer_unlinked"]


def test_the_history_tells_who_what_and_the_words_and_can_be_narrowed(open_page: OpenPage, desk: Desk):
    case = desk.open_case("Where is my sofa?")
    with desk.store.write() as session:
        cases.claim(session, case.id or 0, by=desk.first, now=desk.now)
        cases.add_note(session, case.id or 0, text="Warehouse <b>asked</b>.", by=desk.second, now=desk.now)
        cases.resolve(session, case.id or 0, resolution=Resolution.SPAM, by=desk.first, now=desk.now)
    test = open_page("case", case=case.id)
    test.session_state["beside"] = "History"
    test.run()
    timeline = next(body for body in html_of(test).split("\n") if "wc-timeline" in body)
    order = [timeline.index(told) for told in ("Case opened", "Taken", "Note written", "Resolved")]
    assert order == sorted(order)
    assert "Warehouse &lt;b&gt;asked&lt;/b&gt;." in timeline
    assert "<strong>Taken</strong>, <bdi>you</bdi>" in timeline
    test.session_state[f"history_{case.id}"] = "Notes"
    test.run()
    timeline = next(body for body in html_of(test).split("\n") if "wc-timeline" in body)
    assert ("Note written" in timeline, "Resolved" in timeline) == (True, False)


def test_where_to_begin_is_taken_from_the_address_once(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id, do="note")
    assert component(test, "case_keys")["focus"] == ["note", 1]
    assert "do" not in test.query_params
    test.run()
    assert component(test, "case_keys")["focus"] == ["note", 1]
