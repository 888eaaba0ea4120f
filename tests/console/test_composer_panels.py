"""The composer in Streamlit's harness: texts put into it, versions beside it, what came since, and the preview."""

import json

import pytest
from filling import write_again

from tests.console.conftest import OpenPage, html_of, open_menu
from tests.console.test_case_page import REPLY, add_note, deliveries_of, draft_of, write_and_send
from webcare import cases
from webcare.console import reply_preview, safe
from webcare.console.asking import Way
from webcare.console.reply_preview import Face
from webcare.console.reply_sending import found_again
from webcare.domain import ReplyWay, Resolution
from webcare.testing import Desk

OTHER = "A text from the shelf, about something else."


def face(channel: str, **changes: str) -> Face:
    values = {
        "network": channel,
        "account": "Hemlund",
        "handle": "hemlund",
        "customer": "Kim",
        "customer_handle": "kim",
    }
    return Face(channel, **(values | changes))


def preview(channel: str, text: str, way: ReplyWay = ReplyWay.PUBLIC, **changes: str) -> str:
    return safe.join(reply_preview._posts(face(channel, **changes), Way(way), text))


# --- what is put into the box -----------------------------------------------------------------------


def offered(open_page: OpenPage, desk: Desk, typed: str) -> tuple:
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value(typed).run()
    test.session_state[f"offered_{case.id}"] = OTHER
    return case, test.run()


def test_a_text_does_not_replace_what_was_typed_without_asking(open_page: OpenPage, desk: Desk):
    case, test = offered(open_page, desk, "Typed by hand")
    assert test.text_area(key=f"reply_{case.id}").value == "Typed by hand"
    test.button(key=f"offer_mine_{case.id}").click().run()
    assert test.text_area(key=f"reply_{case.id}").value == "Typed by hand"
    assert OTHER not in html_of(test)


def test_a_text_used_instead_sets_what_was_typed_aside(open_page: OpenPage, desk: Desk):
    case, test = offered(open_page, desk, "Typed by hand")
    test.button(key=f"offer_instead_{case.id}").click().run()
    assert test.text_area(key=f"reply_{case.id}").value == OTHER
    assert draft_of(desk, case, "reply") == OTHER
    assert "Another version of this text is kept" in html_of(test)
    assert "Typed by hand" in html_of(test)
    next(button for button in test.button if button.label == "Use that version").click().run()
    assert test.text_area(key=f"reply_{case.id}").value == "Typed by hand"
    next(button for button in test.button if button.label == "Throw it away").click().run()
    assert "Another version" not in html_of(test)
    assert draft_of(desk, case, "reply") == "Typed by hand"


def test_a_text_can_be_added_below(open_page: OpenPage, desk: Desk):
    case, test = offered(open_page, desk, "Typed by hand")
    test.button(key=f"offer_below_{case.id}").click().run()
    assert draft_of(desk, case, "reply") == f"Typed by hand\n\n{OTHER}"
    assert deliveries_of(desk, case) == []


def test_the_other_windows_newer_text_is_offered_and_both_are_kept(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    with desk.store.write() as session:
        cases.save_draft(session, case.id, kind="reply", text="Newer, elsewhere", by=desk.first, now=desk.now)
    test.text_area(key=f"reply_{case.id}").set_value("Older, here").run()
    assert "You wrote this in another window meanwhile" in html_of(test)
    assert draft_of(desk, case, "reply") == "Newer, elsewhere"
    assert test.text_area(key=f"reply_{case.id}").value == "Older, here"
    test.button(key=f"mine_reply_{case.id}").click().run()
    assert draft_of(desk, case, "reply") == "Older, here"
    assert "Newer, elsewhere" in html_of(test)
    test.text_area(key=f"reply_{case.id}").set_value("Older, here and on").run()
    assert draft_of(desk, case, "reply") == "Older, here and on"


def test_the_browser_is_told_what_is_kept(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value("Half a rep").run()
    told = [one for one in typed(test) if one["key"] == f"reply_{case.id}"]
    assert [(one["saved"], one["send"], one["person"]) for one in told] == [
        ("Half a rep", f"send_{case.id}", desk.first.id)
    ]
    note = [one for one in typed(test) if one["key"] == f"note_{case.id}"]
    assert [(one["saved"], one["send"]) for one in note] == [("", "")]


def typed(test) -> list[dict]:
    found = [one.proto for one in test.get("bidi_component") if one.proto.component_name == "webcare.as_typed"]
    return [json.loads(one.json) for one in found]


# --- while one types --------------------------------------------------------------------------------


def test_words_of_a_note_are_said_at_once_and_taken_out_by_one_click(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    add_note(desk, case, "The driver says that nobody opened the door and he left at once.")
    test = open_page("case", case=case.id)
    text = "Hello! The DRIVER says  that nobody opened the door. Sorry."
    test.text_area(key=f"reply_{case.id}").set_value(text).run()
    assert "Words of an internal note stand here" in html_of(test)
    test.button(key=f"uncopy_{case.id}").click().run()
    left = test.text_area(key=f"reply_{case.id}").value
    assert "opened the door" not in left
    assert left.startswith("Hello!")
    assert left.endswith("Sorry.")
    assert draft_of(desk, case, "reply") == left


@pytest.mark.parametrize(
    ("words", "start", "before", "stands", "place"),
    [
        ("tehm", 4, "ask tehm now", "ask tehm now", 4),
        ("tehm", 4, "ask tehm now", "We ask tehm now", 7),
        ("tehm", 9, "tehm and tehm", "Oh, tehm and tehm", 13),
        ("tehm", 4, "ask tehm now", "ask them now", None),
        ("", 3, "abc", "abc", 3),
        ("", 3, "abc", "xbc", None),
    ],
)
def test_a_correction_finds_its_words_again(words: str, start: int, before: str, stands: str, place: int | None):
    assert found_again(words, start, before, stands) == place


def test_what_was_written_since_is_shown_and_do_not_send_puts_it_away(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value(REPLY).run()
    write_again(desk, case.id, "Never mind, it came!")
    write_and_send(test, case, REPLY)
    assert deliveries_of(desk, case) == []
    assert "Written since you began this answer" in html_of(test)
    test.button(key=f"keep_writing_{case.id}").click().run()
    assert "Written since you began this answer" not in html_of(test)
    assert test.text_area(key=f"reply_{case.id}").value == REPLY
    write_and_send(test, case, REPLY)
    assert [one.text for one in deliveries_of(desk, case)] == [REPLY]


def test_the_draft_of_a_case_closed_meanwhile_is_shown(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    test.text_area(key=f"reply_{case.id}").set_value("Half an answer").run()
    with desk.store.write() as session:
        cases.resolve(session, case.id, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
    again = open_page("case", case=case.id)
    assert "Your draft is kept:" in html_of(again)
    assert "Half an answer" in html_of(again)


# --- the preview ------------------------------------------------------------------------------------


def test_the_preview_follows_the_text(open_page: OpenPage, desk: Desk):
    case = desk.open_case()
    test = open_page("case", case=case.id)
    assert "Nothing is written yet." not in html_of(test)
    open_menu(test, f"preview_{case.id}")
    assert "Nothing is written yet." in html_of(test)
    test.text_area(key=f"reply_{case.id}").set_value("As it will stand there").run()
    assert "wc-preview-x" in html_of(test)


def test_x_says_whom_one_answers_and_shortens_links():
    shown = preview("x", "See https://www.hemlund.com/help/delivery/what-happens-when now.")
    assert "Replying to @kim" in shown
    assert "<b>hemlund.com/help/delivery/…</b> now." in shown
    assert "1 link counts as 23 characters" in shown


def test_mastodon_puts_the_name_in_front_unless_it_is_named():
    assert "<b>@kim</b> Hello" in preview("mastodon", "Hello")
    assert preview("mastodon", "Hello @Kim").count("@kim") == 0


def test_facebook_adds_nothing_and_keeps_links_whole():
    shown = preview("facebook", "See https://www.hemlund.com/help/delivery/what-happens-when", handle="")
    assert "Replying" not in shown
    assert "https://www.hemlund.com/help/delivery/what-happens-when" in shown
    assert "@" not in shown


def test_a_private_answer_is_shown_as_one():
    shown = preview("x", "Only you", ReplyWay.PRIVATE)
    assert "Only the customer can read this" in shown
    assert "Replying to" not in shown


def test_every_part_of_a_long_answer_is_a_post_of_its_own():
    text = " ".join(f"This is sentence number {number} of all that we have to say." for number in range(12))
    shown = preview("x", text)
    spans = reply_preview.parts("x", Way(ReplyWay.PUBLIC), text)
    assert shown.count("<article") == len(spans) > 1
    assert shown.count("Replying to @kim") == 1
    assert shown.count("Replying to @hemlund") == len(spans) - 1


def test_a_customers_name_in_the_preview_is_never_markup():
    shown = preview("x", "<img src=x onerror=alert(1)>", customer="<b>Kim</b>", customer_handle="")
    assert "<img" not in shown
    assert "<b>Kim" not in shown


def test_a_private_answer_taken_back_is_still_private(open_page: OpenPage, desk: Desk):
    case = desk.open_case("Which card?")
    test = open_page("case", case=case.id)
    test.radio(key=f"way_{case.id}").set_value("private").run()
    write_and_send(test, case, REPLY)
    (one,) = deliveries_of(desk, case)
    assert one.way == "private"
    test.button(key=f"undo_{one.id}").click().run()
    for page in (test, open_page("case", case=case.id)):
        assert page.radio(key=f"way_{case.id}").value == "private"
        assert page.text_area(key=f"reply_{case.id}").value == REPLY
