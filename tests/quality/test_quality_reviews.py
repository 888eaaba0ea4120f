"""Scorecards, samples and reviews: which replies, to whom, marked how, and what is said of them afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlmodel import select

from tests.quality.conftest import (
    WEEK,
    ZONE,
    colleague,
    draw,
    keep,
    only_reviewers,
    reviews_of,
    rule,
)
from webcare import audit, cases
from webcare.domain import Role
from webcare.errors import NotAllowed, WebcareError
from webcare.quality import results, reviewing, sampling, scorecards
from webcare.quality.sampling import OVERRIDE, RANDOM, SLIP, Pick, Rule, Sent, bounds, pick, share, week_of
from webcare.quality.scorecards import DEFAULT, Question
from webcare.store.tables import DeliveryRow, GuardSlipRow, ReplyOverrideRow
from webcare.store.tables_quality import ReplyReviewRow
from webcare.testing import NOON, Desk

PAST = timedelta(days=30)


def sent(number: int, author: int = 1, **changes: Any) -> Sent:
    return Sent(**{
        "id": number, "case_id": number, "author_id": author, "approver_id": author, "posted_at": NOON,
        "queue": "first_line", "topic": "delivery", **changes,
    })  # fmt: skip


# --- scorecards ---------------------------------------------------------------------------------------------


def test_the_default_card_weighs_what_matters_most_and_scores_by_weight():
    assert [one.key for one in DEFAULT.questions] == [
        "answers", "facts", "empathy", "voice", "way", "promise", "language",
    ]  # fmt: skip
    best = {one.key: one.top for one in DEFAULT.questions}
    assert scorecards.score(DEFAULT, best) == 100
    assert scorecards.score(DEFAULT, dict.fromkeys(best, 0)) == 0
    # 5 of 19 points of weight are lost when it does not answer the question.
    assert scorecards.score(DEFAULT, best | {"answers": 0}) == pytest.approx(100 * 14 / 19)
    # What does not apply has no weight: without a promise, 17 are left.
    assert scorecards.score(DEFAULT, best | {"answers": 0, "promise": None}) == pytest.approx(100 * 12 / 17)
    assert scorecards.score(DEFAULT, dict.fromkeys(best)) is None


def test_a_saved_card_is_the_next_version_and_the_old_one_stays(desk: Desk, manager: Any):
    with desk.store.write() as session:
        first = scorecards.save_card(
            session, "Ours", [Question("", "Is it warm?", 2), Question("", "Is it warm?!", 1, 1)], seen=0, by=manager,
            now=desk.now,
        )  # fmt: skip
    assert (first.version, [one.key for one in first.questions]) == (1, ["is_it_warm", "is_it_warm_2"])
    with desk.store.write() as session:
        again = [Question("is_it_warm", "Is it kind?", 3)]
        second = scorecards.save_card(session, "Ours", again, seen=1, by=manager, now=desk.now)
        told = audit.entries(session)[0]
    assert second.version == 2
    assert (told.what, told.after["version"]) == ("scorecard_saved", 2)
    assert "kind" not in str(told.after)
    with desk.store.read() as session:
        assert scorecards.current(session) == second
        assert scorecards.card_of(session, first.id) == first
        assert scorecards.versions(session) == [second, first]
    with desk.store.write() as session, pytest.raises(WebcareError, match="another version"):
        scorecards.save_card(session, "Mine", again, seen=1, by=manager, now=desk.now)
    with desk.store.write() as session, pytest.raises(WebcareError, match="Nothing about"):
        scorecards.save_card(session, "Ours", again, seen=2, by=manager, now=desk.now)


def test_a_card_that_cannot_be_used_is_refused(desk: Desk, manager: Any):
    for questions in (
        [],
        [Question("a", " ")],
        [Question("a", "x", 0)],
        [Question("a", "x", 11)],
        [Question("a", "x", 1, 7)],
        [Question("a", "x"), Question("a", "y")],
        [Question("", "x" * 201)],
        [Question("", f"q{number}") for number in range(21)],
    ):
        with desk.store.write() as session, pytest.raises(WebcareError):
            scorecards.save_card(session, "Ours", questions, seen=0, by=manager, now=desk.now)


def test_only_those_who_decide_policies_change_the_card(desk: Desk, lead: Any):
    with desk.store.write() as session, pytest.raises(NotAllowed):
        scorecards.save_card(session, "Mine", [Question("", "x")], seen=0, by=lead, now=desk.now)


@pytest.mark.parametrize("act", ["UPDATE scorecard SET name = 'x'", "DELETE FROM scorecard"])
def test_a_card_is_never_rewritten(desk: Desk, act: str):
    with desk.store.write() as session:
        scorecards.kept(session, now=desk.now)
    with pytest.raises(IntegrityError, match="append-only"), desk.store.write() as session:
        session.execute(text(act))


# --- samples ------------------------------------------------------------------------------------------------


def test_the_same_replies_and_seed_give_the_same_sample_in_whatever_order_they_come():
    replies = [sent(number, author=number % 3) for number in range(60)]
    once = pick(replies, Rule(per_week=4), WEEK)
    assert once == pick(reversed(replies), Rule(per_week=4), WEEK)
    assert len(once) == 12
    assert {author: sum(one.sent.author_id == author for one in once) for author in range(3)} == {0: 4, 1: 4, 2: 4}
    other = pick(replies, Rule(per_week=4, seed=2), WEEK)
    assert {one.sent.id for one in other} != {one.sent.id for one in once}
    assert {one.sent.id for one in pick(replies, Rule(per_week=4), "2026-W08")} != {one.sent.id for one in once}


def test_every_reply_has_the_same_chance():
    replies = [sent(number) for number in range(20)]
    hits = [0] * 20
    for seed in range(2000):
        for one in pick(replies, Rule(per_week=5, seed=seed), WEEK):
            hits[one.sent.id] += 1
    # 500 expected each, standard deviation 19: five of them.
    assert all(abs(count - 500) < 97 for count in hits), hits


@pytest.mark.parametrize(("by", "groups"), [("person", 2), ("queue", 3), ("topic", 1)])
def test_so_many_of_each_person_queue_or_topic(by: str, groups: int):
    replies = [sent(number, author=number % 2, queue=f"q{number % 3}") for number in range(60)]
    assert len(pick(replies, Rule(per_week=2, by=by), WEEK)) == 2 * groups


def test_overrides_and_slips_are_always_in_and_say_why():
    replies = [sent(number) for number in range(30)]
    replies += [sent(100, override=True), sent(101, slip=True, override=True)]
    why = {one.sent.id: one.why for one in pick(replies, Rule(per_week=1), WEEK)}
    assert (why[100], why[101], len(why)) == (OVERRIDE, SLIP, 3)
    assert list(why.values()).count(RANDOM) == 1
    assert len(pick(replies, Rule(per_week=0, always=(SLIP,)), WEEK)) == 1
    # One that chance picks anyway counts as picked by chance, or the sample would be without those that went wrong.
    everything = pick(replies, Rule(per_week=50), WEEK)
    assert {one.why for one in everything} == {RANDOM}


def test_what_was_drawn_is_not_drawn_again_and_counts():
    replies = [sent(number) for number in range(30)]
    rule = Rule(per_week=3)
    once = pick(replies, rule, WEEK)
    drawn = {one.sent.id: one.why for one in once}
    assert pick(replies, rule, WEEK, drawn=drawn) == ()
    late = [*replies, sent(200, slip=True)]
    assert [(one.sent.id, one.why) for one in pick(late, rule, WEEK, drawn=drawn)] == [(200, SLIP)]


def test_reviews_are_shared_evenly_and_nobody_gets_their_own():
    picks = [Pick(sent(number, author=7 if number % 2 else 8, approver_id=9), RANDOM) for number in range(30)]
    given = share(picks, [7, 8, 9, 10], Rule(), WEEK)
    for one in picks:
        (reviewer,) = given[one.sent.id]
        assert reviewer not in (one.sent.author_id, 9)
    load = [sum(reviewer in who for who in given.values()) for reviewer in (7, 8, 10)]
    assert load == [10, 10, 10]
    assert share(picks[:1], [8, 9], Rule(), WEEK) == {0: ()}


def test_calibration_replies_go_to_several_and_never_twice_to_one():
    picks = pick([sent(number) for number in range(20)], Rule(per_week=5, shared=2), WEEK)
    assert [one.calibration for one in picks] == [True, True, False, False, False]
    given = share(picks, [2, 3, 4], Rule(reviewers=3), WEEK)
    assert sorted(map(len, given.values())) == [1, 1, 1, 3, 3]
    assert all(len(set(who)) == len(who) for who in given.values())
    had = [(one.sent.id, 2) for one in picks]
    assert 2 not in {reviewer for who in share(picks, [2, 3], Rule(), WEEK, had=had).values() for reviewer in who}


def test_weeks_begin_on_monday_where_the_desk_is():
    since, until = bounds("2026-W13", ZONE)
    # The clock goes forward on the Sunday of that week.
    assert (until - since, until.astimezone(ZONE).hour) == (timedelta(days=7), 0)
    assert until.timestamp() - since.timestamp() == (7 * 24 - 1) * 3600
    assert (week_of(since, ZONE), week_of(until, ZONE)) == ("2026-W13", "2026-W14")
    for wrong in ("2026-W54", "2026-13", "x"):
        with pytest.raises(WebcareError, match="no week"):
            bounds(wrong, ZONE)


@pytest.mark.parametrize(
    "value",
    [{"per_week": 51}, {"per_week": True}, {"by": "colour"}, {"always": ["joke"]}, {"reviewers": 1}, {"x": 1}],
)
def test_a_rule_that_means_nothing_is_refused(value: dict[str, Any]):
    with pytest.raises(WebcareError):
        sampling.read_rule(value)


# --- drawn, reviewed, kept ----------------------------------------------------------------------------------


def test_a_sample_is_drawn_reviewed_and_told_of(desk: Desk, send: Any, lead: Any, manager: Any, admin: Any):
    only_reviewers(desk, lead, manager)
    rule(desk, manager, per_week=2, shared=0)
    ids = [send() for _ in range(4)]
    made = draw(desk, lead)
    assert (made.replies, made.reviews, made.nobody) == (2, 2, 0)
    (mine,) = reviews_of(desk, lead)
    assert (mine.author, mine.why, mine.state, mine.week) == (desk.first.name, RANDOM, "waiting", WEEK)
    with desk.store.read() as session:
        review = reviewing.read_review(session, mine.id, by=lead)
        assert (review.text, review.decision, review.card.version) == ("It arrives tomorrow between nine and noon.",
            review.decision, 0)  # fmt: skip
        with pytest.raises(NotAllowed, match="not yours"):
            reviewing.read_review(session, mine.id, by=manager)
        with pytest.raises(NotAllowed):
            reviewing.read_review(session, mine.id, by=desk.first)
    assert keep(desk, mine.id, lead, answers=0) == pytest.approx(100 * 14 / 19)
    assert reviews_of(desk, lead) == ()
    with desk.store.write() as session:
        told = audit.entries(session)[0]
        assert (told.what, told.after) == ("reply_reviewed", {"version": 1, "why": RANDOM})
        assert told.subject.removeprefix("delivery:") in map(str, ids)
        with pytest.raises(WebcareError, match="stays as it is"):
            reviewing.save_review_draft(session, mine.id, {}, comment="", by=lead, now=desk.now)
    with desk.store.write() as session, pytest.raises(WebcareError, match="nothing new"):
        sampling.draw(session, WEEK, zone=ZONE, by=lead, now=desk.now)


def test_a_slip_reported_later_joins_the_sample_and_stays_out_of_the_average(
    desk: Desk, send: Any, lead: Any, manager: Any
):
    only_reviewers(desk, lead)
    rule(desk, manager, per_week=1, shared=0)
    ids = [send(), send()]
    assert draw(desk, lead).replies == 1
    (first,) = reviews_of(desk, lead)
    with desk.store.write() as session:
        for delivery in session.exec(select(DeliveryRow)):
            session.add(
                GuardSlipRow(
                    delivery_id=delivery.id, case_id=delivery.case_id, reported_by=lead.id, words="Too sharp.",
                    file="f", held_now=False, rules_version="r", at=desk.now,
                )
            )  # fmt: skip
    assert draw(desk, lead).replies == 1
    slip = next(one for one in reviews_of(desk, lead) if one.id != first.id)
    assert slip.why == SLIP
    with desk.store.read() as session:
        assert reviewing.read_review(session, slip.id, by=lead).slips == ("Too sharp.",)
    keep(desk, first.id, lead)
    keep(desk, slip.id, lead, mark=0)
    with desk.store.read() as session:
        found = results.team_results(session, desk.now - PAST, desk.now, by=lead)
    assert (found.total.n, found.total.mean, found.for_a_reason) == (1, 100.0, 1)
    assert len(ids) == 2


def test_an_override_is_found_and_shown_to_the_reviewer(desk: Desk, send: Any, lead: Any, manager: Any):
    only_reviewers(desk, lead)
    rule(desk, manager, per_week=0)
    reply = send()
    send()
    with desk.store.write() as session:
        session.add(
            ReplyOverrideRow(
                delivery_id=reply, case_id=1, finding="k", check_name="jokes", reason="joke", policy="justification",
                words="They started it.", stretch="ha", agent_id=desk.first.id, at=desk.now, fingerprint="f",
            )
        )  # fmt: skip
    assert draw(desk, lead).replies == 1
    (only,) = reviews_of(desk, lead)
    with desk.store.read() as session:
        (override,) = reviewing.read_review(session, only.id, by=lead).overridden
    assert (only.why, override.words) == (OVERRIDE, "They started it.")


def test_a_lead_never_reviews_what_they_wrote_or_approved(desk: Desk, send: Any, lead: Any, manager: Any, admin: Any):
    only_reviewers(desk, lead, manager)
    own = send(by=lead)
    made = draw(desk, lead)
    assert made.replies == 1
    assert reviews_of(desk, lead) == ()
    assert [one.agent_id for one in reviews_of(desk, manager)] == [lead.id]
    only_reviewers(desk, lead)
    approved = send(by=lead)
    with desk.store.write() as session, pytest.raises(WebcareError, match="nothing new"):
        sampling.draw(session, WEEK, zone=ZONE, by=lead, now=desk.now)
    assert own != approved


def test_the_database_refuses_the_same_reply_twice_for_one_reviewer(desk: Desk, send: Any, lead: Any):
    reply = send()

    def give() -> None:
        with desk.store.write() as session:
            session.add(
                ReplyReviewRow(
                    delivery_id=reply, case_id=1, agent_id=desk.first.id, reviewer_id=lead.id, posted_at=desk.now,
                    week=WEEK, why=RANDOM, drawn_at=desk.now,
                )
            )  # fmt: skip

    give()
    with pytest.raises(IntegrityError):
        give()


def test_a_draft_is_kept_with_the_card_it_was_begun_with(desk: Desk, send: Any, lead: Any, manager: Any):
    only_reviewers(desk, lead)
    send()
    draw(desk, lead)
    (item,) = reviews_of(desk, lead)
    with desk.store.write() as session:
        reviewing.save_review_draft(session, item.id, {"answers": 3}, comment="Nice", by=lead, now=desk.now)
    with desk.store.write() as session:
        scorecards.save_card(session, "New", [Question("", "Only this?")], seen=1, by=manager, now=desk.now)
    with desk.store.read() as session:
        review = reviewing.read_review(session, item.id, by=lead)
    assert (review.marks, review.comment, review.card.version, review.item.state) == (
        {"answers": 3}, "Nice", 1, "draft",
    )  # fmt: skip
    with desk.store.write() as session:
        for wrong in ({"answers": 5}, {"colour": 1}, {"answers": -1}):
            with pytest.raises(WebcareError, match="no such mark"):
                reviewing.save_review_draft(session, item.id, wrong, comment="", by=lead, now=desk.now)
        with pytest.raises(WebcareError, match="6 lack one"):
            reviewing.keep_review(session, item.id, {"answers": 3}, comment="", by=lead, now=desk.now)
        nothing = dict.fromkeys(one.key for one in DEFAULT.questions)
        with pytest.raises(WebcareError, match="At least one"):
            reviewing.keep_review(session, item.id, nothing, comment="", by=lead, now=desk.now)


# --- results ------------------------------------------------------------------------------------------------


def test_scores_of_one_person_are_for_them_their_reviewers_and_the_lead(
    desk: Desk, send: Any, lead: Any, manager: Any, admin: Any
):
    only_reviewers(desk, manager)
    rule(desk, manager, per_week=5, shared=0)
    send()
    draw(desk, manager)
    (item,) = reviews_of(desk, manager)
    keep(desk, item.id, manager)
    since, until, me = desk.now - PAST, desk.now, desk.first
    with desk.store.read() as session:
        assert results.my_results(session, since, until, by=me).total.n == 1
        assert results.my_comments(session, by=me)[0][2:] == (100.0, "Warm, thanks.")
        assert results.my_results(session, since, until, by=desk.second).total.n == 0
        for reader in (lead, manager):
            assert results.person_results(session, me.id, since, until, by=reader).total.mean == 100
            assert results.readable_people(session, by=reader) == {me.id: me.name}
        assert results.readable_people(session, by=admin) == {}
        for other in (admin, desk.second, colleague_of(desk)):
            with pytest.raises(NotAllowed):
                results.person_results(session, me.id, since, until, by=other)
        for function in (results.team_results, results.calibration):
            with pytest.raises(NotAllowed):
                function(session, since, until, by=me)


def colleague_of(desk: Desk) -> Any:
    return desk.people[Role.SECOND_LINE]


def test_a_reply_that_two_reviewed_counts_once_and_marks_show_after_ones_own(
    desk: Desk, send: Any, lead: Any, manager: Any
):
    only_reviewers(desk, lead, manager)
    rule(desk, manager, per_week=3, shared=3)
    for _ in range(3):
        send()
    assert draw(desk, lead).reviews == 6
    for item in reviews_of(desk, lead):
        assert item.calibration
        keep(desk, item.id, lead)
    with desk.store.read() as session:
        assert results.shared_replies(session, by=manager) == ()
        assert [one.waits_for for one in results.shared_replies(session, by=lead)] == [1, 1, 1]
    for item in reviews_of(desk, manager):
        keep(desk, item.id, manager, facts=3)
    with desk.store.read() as session:
        shown = results.shared_replies(session, by=manager)
        team = results.team_results(session, desk.now - PAST, desk.now, by=lead)
        agreed = {one.key: one.agreement for one in results.calibration(session, desk.now - PAST, desk.now, by=lead)}
    assert {name for name, _ in shown[0].scores} == {lead.name, manager.name}
    assert (team.total.n, team.versions) == (3, (1,))
    assert team.total.mean == pytest.approx(100 - 100 * 4 / 19 / 4 / 2)
    assert (agreed["facts"].exact, agreed["facts"].near, agreed["voice"].exact) == (0.0, 1.0, 1.0)
    # Two who always differ by the same one mark differ as far as marks vary at all.
    assert agreed["facts"].alpha is not None
    assert agreed["facts"].alpha <= 0


def test_groups_come_by_name_and_never_by_score(desk: Desk, send: Any, lead: Any, manager: Any):
    only_reviewers(desk, manager)
    rule(desk, manager, per_week=5, shared=0)
    second = colleague(desk, "Zoe", Role.SECOND_LINE)
    good, bad = send(by=second), send(by=desk.first)
    draw(desk, manager)
    for item in reviews_of(desk, manager):
        keep(desk, item.id, manager, mark=None if item.agent_id == second.id else 0)
    with desk.store.read() as session:
        found = results.team_results(session, desk.now - PAST, desk.now, split="team", by=manager)
        weeks = results.team_results(session, desk.now - PAST, desk.now, split="week", by=manager)
    assert [(name, one.n, one.mean, one.enough) for name, one in found.groups] == [
        ("first_line", 1, 0.0, False), ("second_line", 1, 100.0, False),
    ]  # fmt: skip
    assert [name for name, _ in weeks.groups] == [WEEK]
    assert (found.questions[0][0], found.questions[0][2].mean) == ("answers", 50.0)
    assert good != bad


def test_a_review_writes_nothing_on_the_case(desk: Desk, send: Any, lead: Any):
    only_reviewers(desk, lead)
    send()
    before = desk.events(1)
    draw(desk, lead)
    (item,) = reviews_of(desk, lead)
    keep(desk, item.id, lead)
    assert desk.events(item.case_id) == before
    with desk.store.read() as session:
        assert cases.load(session, item.case_id).version >= 1


def test_marks_over_time_go_by_the_week_of_the_reply_and_agreement_by_four_of_them(
    desk: Desk, send: Any, lead: Any, manager: Any
):
    only_reviewers(desk, lead, manager)
    rule(desk, manager, per_week=3, shared=3)
    for week, mark in (("2026-W07", 1), ("2026-W08", 3), ("2026-W12", 3)):
        desk.now = sampling.bounds(week, ZONE)[0] + timedelta(days=1, hours=11)
        send()
        send()
        desk.later(days=1)
        draw(desk, lead, week)
        for reviewer in (lead, manager):
            for item in reviews_of(desk, reviewer):
                keep(desk, item.id, reviewer, facts=mark)
    since = sampling.bounds("2026-W06", ZONE)[0]
    with desk.store.read() as session:
        courses = {one.key: one.weeks for one in results.improvement(session, since, desk.now, by=lead)}
        agreed = results.agreement_over_time(session, since, desk.now, by=lead)
        for function in (results.improvement, results.agreement_over_time):
            with pytest.raises(NotAllowed):
                function(session, since, desk.now, by=desk.first)
    assert [(week, one.n, round(one.mean or 0)) for week, one in courses["facts"]] == [
        ("2026-W07", 2, 25), ("2026-W08", 2, 75), ("2026-W12", 2, 75),
    ]  # fmt: skip
    assert [week for week, _ in courses[""]] == ["2026-W07", "2026-W08", "2026-W12"]
    found = [(week, next(one.agreement for one in some if one.key == "facts")) for week, some in agreed]
    assert [(week, one.units, one.exact) for week, one in found] == [("2026-W06", 4, 1.0), ("2026-W10", 2, 1.0)]
    assert [one.alpha for _, one in found] == [1.0, None], "marks that never vary have no alpha"
