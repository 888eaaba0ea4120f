"""The page of the desk: rules after a look at last week, queues, targets, hours, retention, one person."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select
from streamlit.testing.v1 import AppTest

from tests.console.conftest import OpenPage, component, html_of
from webcare import audit, cases, deciding, retention
from webcare.cases import sharing_out, skills
from webcare.domain import Author, Resolution, Role
from webcare.errors import NotAllowed
from webcare.store.tables import AgentRow, CaseRow
from webcare.testing import Desk, make_mention


def logistics(page: AppTest) -> AppTest:
    page.text_input(key="queue_name").set_value("logistics")
    page.text_input(key="queue_title_en").set_value("Logistics")
    return page.button(key="queue_save").click().run()


def parcels(page: AppTest) -> AppTest:
    page.text_input(key="rule_name").set_value("Parcels <b>")
    page.multiselect(key="rule_topics").set_value(["delivery"])
    page.text_input(key="rule_words").set_value("parcel, bezorg*")
    page.selectbox(key="rule_queue").set_value("second_line")
    page.text_input(key="rule_tags").set_value("late")
    return page.button(key="rule_put").click().run()


@pytest.mark.parametrize("role", [Role.FIRST_LINE, Role.SECOND_LINE, Role.TEAM_LEAD])
def test_the_page_of_the_desk_is_not_there_for_those_who_decide_nothing(open_page: OpenPage, role: Role):
    with pytest.raises(ValueError, match=r"desk\.py"):
        open_page("desk", role)


def test_a_rule_is_added_looked_at_saved_and_in_force(open_page: OpenPage, desk: Desk):
    desk.open_case("Where is <img src=x> my parcel?")
    page = parcels(open_page("desk", Role.MANAGER))
    assert not page.exception
    assert "Parcels &lt;b&gt;" in html_of(page)
    assert page.button(key="rules_keep").disabled
    page.button(key="rules_look").click().run()
    told = html_of(page)
    assert "First line</td><td>Second line</td><td>1" in told
    assert "Where is &lt;img src=x&gt; my parcel?" in told
    page.button(key="rules_keep").click().run()
    assert "the rules count for every message from now on" in html_of(page)
    desk.now = datetime.now(UTC) + timedelta(seconds=1)
    assert desk.open_case("And another parcel").queue == "second_line"


def test_a_look_at_other_rules_saves_nothing(open_page: OpenPage):
    page = parcels(open_page("desk", Role.MANAGER))
    page.button(key="rules_look").click().run()
    assert not page.button(key="rules_keep").disabled
    page.button(key="rule_switch").click().run()
    assert page.button(key="rules_keep").disabled
    assert "switched off" in html_of(page)
    page.button(key="rules_back").click().run()
    assert "There is no rule of your own yet" in html_of(page)


def test_rules_that_are_not_saved_yet_survive_a_reload_and_belong_to_whoever_wrote_them(open_page: OpenPage):
    parcels(open_page("desk", Role.MANAGER))
    assert "There is no rule of your own yet" in html_of(open_page("desk", Role.ADMIN))
    again = open_page("desk", Role.MANAGER)
    assert "Parcels &lt;b&gt;" in html_of(again)
    assert "not in force yet" in html_of(again)
    again.button(key="rules_back").click().run()
    assert "There is no rule of your own yet" in html_of(open_page("desk", Role.MANAGER))


def test_saved_rules_leave_no_draft_behind(open_page: OpenPage, desk: Desk):
    page = parcels(open_page("desk", Role.MANAGER))
    page.button(key="rules_look").click().run()
    page.button(key="rules_keep").click().run()
    with desk.store.read() as session:
        assert deciding.draft_of(session, "routing", by=desk.people[Role.MANAGER]) is None
        with pytest.raises(NotAllowed):
            deciding.draft_of(session, "routing", by=desk.first)
    assert "not in force yet" not in html_of(open_page("desk", Role.MANAGER))


def test_rules_are_moved_changed_and_deleted(open_page: OpenPage):
    page = parcels(open_page("desk", Role.MANAGER))
    page.selectbox(key="rule_which").set_value(-1).run()
    page.text_input(key="rule_name").set_value("Press")
    page.number_input(key="rule_followers").set_value(50_000)
    page.selectbox(key="rule_priority").set_value(1)
    page.button(key="rule_put").click().run()
    page.button(key="rule_up").click().run()
    assert [rule["name"] for rule in page.session_state["routing_rules"]] == ["Press", "Parcels <b>"]
    assert page.text_input(key="rule_name").value == "Press"
    page.button(key="rule_delete").click().run()
    assert [rule["name"] for rule in page.session_state["routing_rules"]] == ["Parcels <b>"]


def test_what_is_wrong_with_a_rule_stands_above_the_form_and_what_was_typed_stays(open_page: OpenPage):
    page = open_page("desk", Role.MANAGER)
    page.text_input(key="rule_name").set_value("Everything")
    page.button(key="rule_put").click().run()
    assert "say when it applies" in html_of(page)
    assert page.text_input(key="rule_name").value == "Everything"


def test_a_queue_of_the_desks_own_is_made_and_taken_away(open_page: OpenPage):
    page = logistics(open_page("desk", Role.ADMIN, tab="queues"))
    assert not page.exception
    assert "<td>logistics</td>" in html_of(page)
    page.selectbox(key="queue_which").set_value("logistics").run()
    assert page.text_input(key="queue_title_en").value == "Logistics"
    page.button(key="queue_delete").click().run()
    assert "The queue is taken away" in html_of(page)
    assert "<td>logistics</td>" not in html_of(page)


def test_targets_show_what_changes_and_count_from_their_first_day(open_page: OpenPage, desk: Desk):
    page = open_page("desk", Role.MANAGER, tab="targets")
    assert "Nothing changes yet" in html_of(page)
    page.number_input(key="target_normal_first").set_value(45).run()
    assert "<td>Normal</td><td>–</td><td>First answer 45 min</td>" in html_of(page)
    page.number_input(key="target_low_first").set_value(1441).run()
    assert "<td>Low</td><td>–</td><td>First answer 1441 min</td>" in html_of(page)
    page.number_input(key="target_low_first").set_value(1440).run()
    assert "<td>Low</td><td>–</td><td>First answer 1 d</td>" in html_of(page)
    page.button(key="targets_save").click().run()
    assert "the targets count from" in html_of(page)
    desk.now = datetime.now(UTC) + timedelta(seconds=1)
    case = desk.open_case("How soon?")
    assert case.respond_by - case.first_posted_at == timedelta(minutes=45)
    page.selectbox(key="targets_channel").set_value("facebook").run()
    assert page.number_input(key="target_normal_first").value is None


def test_hours_are_typed_as_people_write_them(open_page: OpenPage, desk: Desk):
    page = open_page("desk", Role.MANAGER, tab="hours")
    page.text_input(key="hours_day_1").set_value("9.00-12:30, 13:00-17:30")
    page.text_area(key="hours_holidays").set_value("2026-12-25 Eerste kerstdag").run()
    told = html_of(page)
    assert "<td>Monday</td><td>–</td><td>09:00-12:30, 13:00-17:30</td>" in told
    assert "closed: Eerste kerstdag" in told
    page.button(key="hours_save").click().run()
    assert "the hours count from" in html_of(page)
    with desk.store.read() as session:
        kept = deciding.standing(session, at=datetime.now(UTC)).targets.hours["all"]
    assert list(kept.holidays.values()) == ["Eerste kerstdag"]
    page.text_input(key="hours_day_2").set_value("nine to five").run()
    assert "is not a range of time" in html_of(page)
    assert page.button(key="hours_save").disabled


def test_retention_is_saved_after_a_look_and_starts_with_never(open_page: OpenPage, desk: Desk):
    case = desk.open_case("Old words")
    with desk.store.write() as session:
        cases.resolve(session, case.id, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)
        row = session.get_one(CaseRow, case.id)
        row.resolved_at = datetime.now(UTC) - timedelta(days=800)
        session.add(row)
    page = open_page("desk", Role.MANAGER, tab="retention")
    assert page.number_input(key="retention_public").value is None
    assert page.button(key="retention_save").disabled
    page.number_input(key="retention_public").set_value(24)
    page.button(key="retention_look").click().run()
    assert "This would remove 1 messages of 1 cases" in html_of(page)
    page.button(key="retention_save").click().run()
    assert "Saved; what is due goes" in html_of(page)
    assert retention.remove_due(desk.store, now=datetime.now(UTC)) == 1


def test_a_person_is_looked_up_and_erased(open_page: OpenPage, desk: Desk):
    post = make_mention("My secret words", author=Author("c-9", "Anna <i>", "anna9"), posted_at=desk.now)
    desk.receive(post)
    page = open_page("desk", Role.ADMIN, tab="retention")
    page.text_input(key="erase_who").set_value("@nobody")
    page.button(key="erase_look").click().run()
    assert "Nobody of this name" in html_of(page)
    page.text_input(key="erase_who").set_value("@Anna9")
    page.button(key="erase_look").click().run()
    assert "Anna &lt;i&gt;" in html_of(page)
    assert "1 messages in 1 cases, 1 of them open" in html_of(page)
    assert page.button(key="erase_do").disabled
    page.checkbox(key="erase_sure").check().run()
    page.button(key="erase_do").click().run()
    assert "Erased: 1 messages in 1 cases." in html_of(page)
    with desk.store.read() as session:
        assert "secret" not in str([row.excerpt for row in session.exec(select(CaseRow))])


def test_a_queue_of_the_desks_own_has_a_tab_with_its_cases(open_page: OpenPage, desk: Desk):
    logistics(open_page("desk", Role.ADMIN, tab="queues"))
    case = desk.open_case("Where is my parcel?")
    with desk.store.write() as session:
        row = session.get_one(CaseRow, case.id)
        row.queue = "logistics"
        session.add(row)
    page = open_page("queue", Role.FIRST_LINE, queue="logistics")
    assert not page.exception
    tab = next(one for one in component(page, "tabs")["tabs"] if one["key"] == "logistics")
    assert (tab["name"], tab["count"], tab["chosen"]) == ("Logistics", "1", True)
    assert "Where is my parcel?" in str(component(page, "case_list"))


# --- giving out, and skills -------------------------------------------------------------------------------------------


def test_giving_out_is_looked_at_saved_and_counts(open_page: OpenPage, desk: Desk):
    desk.open_case("Who takes this?")
    with desk.store.write() as session:
        person = session.get_one(AgentRow, desk.first.id)
        person.seen_at = datetime.now(UTC)
        session.add(person)
    page = open_page("desk", Role.MANAGER, tab="sharing")
    assert "Nothing changes yet" in html_of(page)
    assert page.button(key="sharing_save").disabled
    page.segmented_control(key="sharing_mode").set_value("round_robin").run()
    page.number_input(key="sharing_most").set_value(3).run()
    told = html_of(page)
    assert "Waiting right now: 1. Colleagues who are in: 1. Given out at once: 1." in told
    assert "<td>First line</td><td>–</td><td>In turn · First line · at most 3 a person</td>" in told
    page.button(key="sharing_save").click().run()
    assert "cases are given out like this from" in html_of(page)
    moment = datetime.now(UTC) + timedelta(seconds=1)
    with desk.store.read() as session:
        rule = sharing_out.sharing_rules(session, at=moment)["first_line"]
        assert (rule.mode, rule.most, rule.roles) == (sharing_out.Mode.ROUND_ROBIN, 3, (Role.FIRST_LINE,))
        assert audit.entries(session)[0].subject == "policy:sharing_out"
    assert sharing_out.share_out(desk.store, now=moment) == 1
    page.segmented_control(key="sharing_mode").set_value("off").run()
    page.button(key="sharing_save").click().run()
    with desk.store.read() as session:
        assert sharing_out.sharing_rules(session, at=datetime.now(UTC) + timedelta(seconds=1)) == {}


def test_a_queue_given_out_to_nobody_cannot_be_saved(open_page: OpenPage):
    page = open_page("desk", Role.MANAGER, tab="sharing")
    page.segmented_control(key="sharing_mode").set_value("skill_first").run()
    page.multiselect(key="sharing_roles").set_value([]).run()
    assert "Choose at least one role" in html_of(page)
    assert page.button(key="sharing_save").disabled


def test_skills_say_who_has_them_and_count_from_their_day(open_page: OpenPage, desk: Desk):
    with desk.store.write() as session:
        person = session.get_one(AgentRow, desk.second.id)
        person.skills = ["topic:payment"]
        session.add(person)
    page = open_page("desk", Role.MANAGER, tab="skills")
    assert page.multiselect(key="skills_topics").value == ["product_fault", "safety_legal"]
    page.multiselect(key="skills_topics").set_value(["payment", "safety_legal"]).run()
    told = html_of(page)
    assert "<td>Topic: Payment</td><td>1</td><td>its cases wait for this 1 colleague</td>" in told
    assert "<td>Topic: Safety and legal</td><td>0</td><td>not asked for: anybody may answer</td>" in told
    page.text_input(key="skills_always").set_value("topic:safety_legal, <b>").run()
    assert "its cases wait until somebody has it" in html_of(page)
    page.button(key="skills_save").click().run()
    assert "“&lt;b&gt;” cannot stand in always." in html_of(page)
    page.text_input(key="skills_always").set_value("topic:safety_legal").run()
    page.button(key="skills_save").click().run()
    assert "these skills are asked for from" in html_of(page)
    with desk.store.read() as session:
        rules = skills.rules_in_force(session, at=datetime.now(UTC) + timedelta(seconds=1))
    assert (rules.topics, rules.always) == (("payment", "safety_legal"), ("topic:safety_legal",))


def test_a_later_first_day_leaves_today_as_it_is(open_page: OpenPage, desk: Desk):
    page = open_page("desk", Role.ADMIN, tab="skills")
    page.date_input(key="skills_day").set_value(datetime.now(UTC).date() + timedelta(days=3)).run()
    page.multiselect(key="skills_topics").set_value([]).run()
    assert not page.exception
    page.button(key="skills_save").click().run()
    with desk.store.read() as session:
        assert skills.rules_in_force(session, at=datetime.now(UTC) + timedelta(hours=1)) == skills.DEFAULT
        assert skills.rules_in_force(session, at=datetime.now(UTC) + timedelta(days=4)).topics == ()
