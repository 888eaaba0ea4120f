"""Quality and defects on their pages and on the case: who has which tab, reviewing, coaching, settling."""

from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from tests.console.conftest import OpenPage, html_of
from webcare.console import waiting
from webcare.domain import Actor, Role
from webcare.quality import coaching, defects, feedback, sampling, scorecards
from webcare.quality.feedback import FeedbackKind
from webcare.store.tables import DeliveryRow
from webcare.store.tables_desk import PolicyRow
from webcare.store.tables_quality import CoachingNoteRow, DefectRow, FeedbackRow, ReplyReviewRow, ScorecardRow
from webcare.testing import Desk

KNOWN = ("queue:second_line",)
SECRET = "Begin with the answer."


def answered(desk: Desk, text: str = "It comes on <b>Tuesday</b>.") -> int:
    case = desk.open_case()
    desk.reply(case.id or 0, text)
    desk.later(seconds=desk.settings.delivery.undo_s + 1)
    assert desk.deliver() == 1
    return case.id or 0


def drawn(desk: Desk, by: Actor) -> ReplyReviewRow:
    """One reply in front of this reviewer, whoever else may review."""
    case_id = answered(desk)
    with desk.store.write() as session:
        delivery = session.exec(select(DeliveryRow).where(DeliveryRow.case_id == case_id)).one()
        row = ReplyReviewRow(
            delivery_id=delivery.id, case_id=case_id, agent_id=delivery.author_id, reviewer_id=by.id,
            posted_at=delivery.posted_at - timedelta(hours=1), week="2026-W47", why=sampling.RANDOM, drawn_at=desk.now,
        )  # fmt: skip
        session.add(row)
        session.flush()
        return row


def review_of(desk: Desk) -> ReplyReviewRow:
    with desk.store.read() as session:
        return session.exec(select(ReplyReviewRow)).one()


def tabs_of(test: Any, key: str) -> list[str]:
    return list(test.segmented_control(key=key).options)


def test_everybody_has_their_own_tabs_and_no_other(open_page: OpenPage, desk: Desk):
    assert tabs_of(open_page("quality"), "quality_tab") == ["My replies", "Coaching"]
    assert tabs_of(open_page("quality", Role.TEAM_LEAD), "quality_tab") == [
        "To review", "Results", "Calibration", "My replies", "Coaching",
    ]  # fmt: skip
    assert tabs_of(open_page("quality", Role.MANAGER), "quality_tab")[-1] == "Scorecard"
    # A tab of somebody else's in the address opens one's own.
    test = open_page("quality", tab="results")
    assert not test.exception
    assert "One person" not in html_of(test)


def test_a_sample_is_drawn_from_the_page(open_page: OpenPage, desk: Desk):
    answered(desk)
    test = open_page("quality", Role.TEAM_LEAD)
    assert "Nothing waits for your review." in html_of(test)
    options = test.selectbox(key="quality_week").options
    test.selectbox(key="quality_week").set_value(next(one for one in options if "so far" in one).split(",")[0]).run()
    test.button(key="quality_draw").click().run()
    assert not test.exception
    assert "1 reply drawn." in html_of(test)
    test.button(key="quality_draw").click().run()
    assert "There is nothing new to review in this week." in html_of(test)


def test_a_reply_is_reviewed_marked_by_mark_and_kept(open_page: OpenPage, desk: Desk):
    row = drawn(desk, desk.people[Role.TEAM_LEAD])
    test = open_page("quality", Role.TEAM_LEAD)
    page = html_of(test)
    assert "It comes on &lt;b&gt;Tuesday&lt;/b&gt;." in page
    assert "The reply as it was sent" in page
    test.segmented_control(key=f"mark_{row.id}_answers").set_value("3").run()
    kept = review_of(desk)
    assert (kept.state, kept.scores) == ("draft", {"answers": 3})
    test.button(key=f"review_keep_{row.id}").click().run()
    assert "6 lack one" in html_of(test)
    for one in scorecards.DEFAULT.questions[1:]:
        test.segmented_control(key=f"mark_{row.id}_{one.key}").set_value("na" if one.key == "promise" else "1")
    test.text_area(key=f"review_comment_{row.id}").set_value("Kind and <i>short</i>.")
    test.button(key=f"review_keep_{row.id}").click().run()
    assert not test.exception
    kept = review_of(desk)
    assert (kept.state, kept.scores["promise"], kept.comment) == ("kept", None, "Kind and <i>short</i>.")
    assert "Kept: " in html_of(test)
    mine = html_of(open_page("quality"))
    assert "Kind and &lt;i&gt;short&lt;/i&gt;." in mine
    assert "Fewer than 20 replies" in mine
    others = html_of(open_page("quality", Role.SECOND_LINE))
    assert "Kind and" not in others


@pytest.mark.parametrize("tab", ["results", "calibration", "mine", "coaching"])
def test_each_tab_of_an_empty_desk_says_what_comes_there(open_page: OpenPage, desk: Desk, tab: str):
    test = open_page("quality", Role.TEAM_LEAD, tab=tab)
    assert not test.exception
    assert "Quality" in html_of(test)


def test_results_show_number_and_interval_and_one_person_to_their_reviewer_only(open_page: OpenPage, desk: Desk):
    lead = desk.people[Role.MANAGER]
    row = drawn(desk, lead)
    with desk.store.write() as session:
        card = scorecards.kept(session, now=desk.now)
        found = session.get_one(ReplyReviewRow, row.id)
        found.state, found.score, found.scorecard_id = "kept", 75.0, card.id
        found.scores = {"answers": 2}
    test = open_page("quality", Role.MANAGER, tab="results")
    page = html_of(test)
    assert "<b>75</b><span>Mean score, of 100</span>" in page
    assert "too few" in page
    # The whole score over time, then one question of the card.
    assert page.count("This chart as a table") == 1
    assert "<td>75 (1)</td>" in page
    test.selectbox(key="quality_course").set_value("answers").run()
    assert "<td>50 (1)</td>" in html_of(test)
    test.selectbox(key="quality_person").set_value(desk.first.id).run()
    assert not test.exception
    # An administrator who reviewed nobody has nobody to choose.
    other = open_page("quality", Role.ADMIN, tab="results")
    assert "quality_person" not in [one.key for one in other.selectbox]
    assert desk.first.name not in html_of(other)


def write(desk: Desk) -> int:
    with desk.store.write() as session:
        return coaching.write_coaching_note(
            session, desk.first.id or 0, SECRET, by=desk.people[Role.TEAM_LEAD], now=desk.now - timedelta(days=2)
        )


def test_a_new_note_is_counted_for_its_reader_until_they_open_it(open_page: OpenPage, desk: Desk):
    def labels(role: Role) -> list[str]:
        waiting.forget_counts()
        return [link.proto.label for link in open_page("queue", role).get("page_link")]

    write(desk)
    assert "Quality · 1" in labels(Role.FIRST_LINE)
    assert "Quality · 1" not in labels(Role.TEAM_LEAD)
    open_page("quality", tab="coaching")
    assert "Quality · 1" not in labels(Role.FIRST_LINE)


def test_a_coaching_note_is_on_the_pages_of_two_people_and_on_no_other(open_page: OpenPage, desk: Desk):
    note = write(desk)
    for role in Role:
        if role is Role.SYSTEM:
            continue
        page = html_of(open_page("quality", role, tab="coaching"))
        assert (SECRET in page) == (role in (Role.FIRST_LINE, Role.TEAM_LEAD)), role
    for page in ("audit", "people"):
        assert SECRET not in html_of(open_page(page, Role.ADMIN))
    test = open_page("quality", tab="coaching")
    test.text_input(key=f"coach_answer_{note}").set_value("I will.")
    test.button(key=f"coach_answer_{note}_send").click().run()
    with desk.store.read() as session:
        rows = session.exec(select(CoachingNoteRow).order_by(CoachingNoteRow.id)).all()
    assert [(one.text, one.agent_id) for one in rows] == [
        (SECRET, desk.first.id), ("I will.", desk.people[Role.TEAM_LEAD].id),
    ]  # fmt: skip
    assert rows[0].read_at is not None
    assert "Too few replies on one side" in html_of(test)


def test_the_manager_changes_the_card_and_the_sample(open_page: OpenPage, desk: Desk):
    test = open_page("quality", Role.MANAGER, tab="card")
    assert not test.exception
    test.text_input(key="card_name_0").set_value("Our card")
    test.text_input(key="card_0_0_text").set_value("Is it an answer?")
    test.text_input(key="card_0_3_text").set_value("")
    test.text_input(key="card_0_7_text").set_value("Is it short?")
    test.selectbox(key="card_0_7_top").set_value(1)
    test.number_input(key="card_0_7_weight").set_value(9)
    test.button(key="card_save").click().run()
    with desk.store.read() as session:
        row = session.exec(select(ScorecardRow)).one()
    assert (row.version, row.name, [one["key"] for one in row.questions]) == (
        1, "Our card", ["answers", "facts", "empathy", "way", "promise", "language", "is_it_short"],
    )  # fmt: skip
    assert row.questions[0]["text"] == "Is it an answer?"
    assert row.questions[-1] == {"key": "is_it_short", "text": "Is it short?", "weight": 9, "top": 1}
    test.number_input(key="sampling_per_week").set_value(7)
    test.multiselect(key="sampling_always").set_value(["slip"])
    next(one for one in test.button if one.label == "Save the sample").click().run()
    with desk.store.read() as session:
        policy = session.exec(select(PolicyRow).where(PolicyRow.name == sampling.POLICY)).one()
    assert (policy.value["per_week"], policy.value["always"]) == (7, ["slip"])


# --- defects ------------------------------------------------------------------------------------------------


def opened(open_page: OpenPage, case_id: int, role: Role = Role.FIRST_LINE) -> Any:
    """The case with the panel open."""
    test = open_page("case", role, case=case_id)
    test.session_state[f"learning_{case_id}"] = True
    return test.run()


def test_a_defect_is_registered_on_one_case_and_linked_from_another(open_page: OpenPage, desk: Desk):
    one, two = desk.open_case().id or 0, desk.open_case().id or 0
    test = opened(open_page, one)
    test.text_input(key=f"learning_title_{one}").set_value("App <b>logs</b> out")
    test.text_area(key=f"learning_about_{one}").set_value("Since the update.")
    test.selectbox(key=f"learning_department_{one}").set_value("queue:second_line")
    test.button(key=f"learning_register_{one}").click().run()
    assert not test.exception
    assert "App &lt;b&gt;logs&lt;/b&gt; out" in html_of(test)
    with desk.store.read() as session:
        row = session.exec(select(DefectRow)).one()
    assert (row.what, row.department) == ("Since the update.", "queue:second_line")
    other = opened(open_page, two)
    other.selectbox(key=f"learning_which_{two}_0").set_value(row.id).run()
    other.button(key=f"learning_link_{two}").click().run()
    assert "2 customers" in html_of(other)
    other.button(key=f"learning_unlink_{two}_{row.id}").click().run()
    assert "2 customers" not in html_of(other)


def test_the_form_on_a_case_is_made_only_when_it_is_opened(open_page: OpenPage, desk: Desk):
    case_id = desk.open_case().id or 0
    test = open_page("case", case=case_id)
    assert f"learning_title_{case_id}" not in {one.key for one in test.text_input}


def test_its_owner_says_it_is_mended_and_the_case_is_told(open_page: OpenPage, desk: Desk):
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        id_ = defects.register_defect(session, case_id, "App logs out", "", by=desk.first, now=desk.now)
    reader = open_page("defects")
    assert not reader.exception
    assert "App logs out" in html_of(reader)
    assert f"defect_save_{id_}" not in {one.key for one in reader.button}
    test = open_page("defects", Role.SECOND_LINE)
    test.selectbox(key=f"defect_status_{id_}_open").set_value("mended")
    test.selectbox(key=f"defect_owner_{id_}_").set_value("queue:second_line")
    test.button(key=f"defect_save_{id_}").click().run()
    assert not test.exception
    assert "1 case was told" in html_of(test)
    assert desk.events(case_id)[-1] == "defect_mended"
    assert "No defect is open." in html_of(test)
    test.segmented_control(key="defects_tab").set_value("all").run()
    assert "Not yet" in html_of(test)
    assert "It is mended: tell the customer" in html_of(open_page("case", case=case_id))


def test_praise_is_passed_on_from_the_case_and_acknowledged_on_the_page(open_page: OpenPage, desk: Desk):
    case_id = desk.open_case().id or 0
    test = opened(open_page, case_id)
    test.segmented_control(key=f"learning_what_{case_id}").set_value("praise").run()
    test.text_area(key=f"learning_text_{case_id}").set_value("The <u>driver</u> was kind.")
    test.button(key=f"learning_pass_{case_id}").click().run()
    assert not test.exception
    with desk.store.read() as session:
        assert session.exec(select(FeedbackRow)).one().kind == "praise"
    page = open_page("defects", Role.SECOND_LINE)
    page.segmented_control(key="defects_tab").set_value("feedback").run()
    page.text_input(key="feedback_outcome").set_value("Told the depot.")
    page.button(key="feedback_save").click().run()
    assert not page.exception
    shown = html_of(page)
    assert "The &lt;u&gt;driver&lt;/u&gt; was kind." in shown
    assert "Told the depot." in shown
    assert "Told the depot." in html_of(open_page("case", case=case_id))


def test_the_manager_names_departments(open_page: OpenPage, desk: Desk):
    test = open_page("defects", Role.MANAGER)
    test.segmented_control(key="defects_tab").set_value("departments").run()
    test.text_area(key="departments_names").set_value("Web shop\n\nDesign\n")
    test.button(key="departments_save").click().run()
    assert not test.exception
    with desk.store.read() as session:
        policy = session.exec(select(PolicyRow).where(PolicyRow.name == "departments")).one()
    assert policy.value == {"names": ["Web shop", "Design"]}
    assert "departments" not in tabs_of(open_page("defects"), "defects_tab")


def test_a_manager_reads_a_case_but_registers_nothing(open_page: OpenPage, desk: Desk):
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        feedback.pass_on(
            session, case_id, FeedbackKind.WISH, "In red", department=KNOWN[0], known=KNOWN, by=desk.first, now=desk.now
        )
    test = open_page("case", Role.MANAGER, case=case_id)
    assert "<q>In red</q>" in html_of(test)
    assert "for Second line" in html_of(test)
    assert "Defect, wish or praise" not in [one.label for one in test.expander]
    assert "Defect, wish or praise" in [one.label for one in open_page("case", case=case_id).expander]
