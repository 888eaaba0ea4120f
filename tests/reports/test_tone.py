"""The tone of answers over time: which are read, what is left out, and how often a sign shows."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from webcare.domain import DeliveryState, Role
from webcare.people.card_sharing import card_is_shared, share_card, shared_cards
from webcare.reports import tone
from webcare.reports.tone import Tone, ToneReport, Wanted, tone_report
from webcare.store import Store
from webcare.store.tables import CaseRow, DeliveryRow, GuardFindingRow
from webcare.store.tables_desk import AuditRow
from webcare.testing import NOON, Desk, make_desk

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
#: Human, half human, formal.
HUMAN, KIND, FORMAL = "Hi Sam, oops, so sorry about that!", "So sorry about that.", "We hereby confirm your order."


@pytest.fixture
def desk(store: Store) -> Desk:
    return make_desk(store)


def sent(desk: Desk, text: str, *, posted_at: datetime, **changes: object) -> DeliveryRow:
    case = desk.open_case()
    with desk.store.write() as session:
        row = session.exec(select(CaseRow).where(CaseRow.id == case.id)).one()
        for name in ("language", "sentiment", "topic"):
            if name in changes:
                setattr(row, name, changes.pop(name))
        row_id = desk.first.id
        made = DeliveryRow(
            case_id=case.id, account_id=case.account_id, target_external_id=f"t{case.id}", thread_external_id="t",
            kind="mention", text=text, fingerprint="f", rules_version="r", author_id=changes.pop("author_id", row_id),
            approver_id=row_id, created_at=posted_at, not_before=posted_at, state=DeliveryState.SENT.value,
            posted_at=posted_at, **changes,
        )  # fmt: skip
        session.add(made)
        session.flush()
        session.expunge(made)
    return made


def report(desk: Desk, *, days: int = 28, until: datetime = NOON, **more: object) -> ToneReport:
    with desk.store.read() as session:
        return tone_report(session, since=until - timedelta(days=days), until=until, zone=AMSTERDAM, **more)


def test_each_answer_counts_once_in_the_week_it_was_posted(desk: Desk):
    monday_night = datetime(2026, 2, 1, 23, 30, tzinfo=UTC)  # Monday already in Amsterdam
    sent(desk, HUMAN, posted_at=monday_night)
    sent(desk, KIND, posted_at=NOON - timedelta(days=1))
    sent(desk, FORMAL, posted_at=NOON - timedelta(days=1))
    sent(desk, FORMAL, posted_at=NOON - timedelta(days=30))
    found = report(desk)
    assert {f"{week:%d %b}": one.read for week, one in found.weeks.items()} == {"02 Feb": 1, "09 Feb": 2}
    assert (found.total.read, found.sent, found.before.read) == (3, 3, 1)
    assert found.total.human == 1
    assert (found.total.groups["personal"], found.total.groups["inviting"], found.total.groups["formal"]) == (2, 2, 1)
    assert found.total.share(found.total.groups["inviting"]).interval == pytest.approx((0.2077, 0.9385), abs=1e-4)


def test_what_is_not_read_says_why(desk: Desk):
    moment = NOON - timedelta(hours=1)
    sent(desk, HUMAN, posted_at=moment)
    sent(desk, "Bonjour", posted_at=moment, language="fr")
    sent(desk, "", posted_at=moment)
    sent(desk, HUMAN, posted_at=moment, retracted_at=NOON)
    found = report(desk)
    assert found.left_out == {"language": 1, "removed": 1, "retracted": 1}
    assert found.total.read + sum(found.left_out.values()) == found.sent == 4


def test_an_answer_in_several_posts_is_one(desk: Desk):
    first = sent(desk, "Hi Sam, oops,", posted_at=NOON - timedelta(minutes=2))
    sent(desk, "so sorry about that!", posted_at=NOON - timedelta(minutes=1), follows_id=first.id)
    found = report(desk)
    assert (found.total.read, found.total.human) == (1, 1)
    assert found.examples[0].text == "Hi Sam, oops,\nso sorry about that!"


def test_empathy_is_asked_of_answers_to_unhappy_customers_only(desk: Desk):
    for text, mood in ((KIND, "negative"), (FORMAL, "negative"), (KIND, "positive")):
        sent(desk, text, posted_at=NOON - timedelta(hours=1), sentiment=mood)
    found = report(desk)
    assert (found.total.empathic, found.total.unhappy) == (1, 2)


def test_a_misspelt_word_counts_where_it_was_left_in(desk: Desk):
    for text in ("Your sofa arives today.", "Your sofa arrives today."):
        made = sent(desk, text, posted_at=NOON - timedelta(hours=1))
        with desk.store.write() as session:
            session.add(
                GuardFindingRow(
                    case_id=made.case_id, agent_id=desk.first.id, finding="spelling/misspelt/10-16",
                    check_name="spelling", reason="misspelt", level="error", message="m", stretch="arives",
                    rules_version="r", at=NOON, outcome="overridden",
                )
            )  # fmt: skip
    found = report(desk)
    assert (found.total.clean, found.total.read) == (1, 2)


def test_a_busy_week_is_read_in_an_even_share_that_is_always_the_same(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tone, "WEEKLY", 4)
    for number in range(10):
        sent(desk, HUMAN if number % 2 else FORMAL, posted_at=NOON - timedelta(minutes=30 - number))
    once, again = report(desk), report(desk)
    assert (once.total.read, once.left_out) == (4, {"sampled": 6})
    assert [one.case_id for one in once.examples] == [one.case_id for one in again.examples]
    spread = sorted(one.posted_at for one in once.examples)
    assert spread[-1] - spread[0] >= timedelta(minutes=7)


def test_it_can_be_narrowed_to_a_topic_a_language_and_a_person(desk: Desk):
    moment = NOON - timedelta(hours=1)
    sent(desk, HUMAN, posted_at=moment, topic="return")
    sent(desk, KIND, posted_at=moment, language="nl", author_id=desk.people[Role.TEAM_LEAD].id)
    assert report(desk, wanted=Wanted(topic="return")).total.human == 1
    assert report(desk, wanted=Wanted(language="nl")).total.read == 1
    assert report(desk, wanted=Wanted(author_id=desk.people[Role.TEAM_LEAD].id)).total.human == 0
    assert report(desk, like="sorry").examples[0].text in (HUMAN, KIND)
    assert report(desk, like="formal").examples == ()


def test_nothing_sent_gives_no_shares_and_no_zeros(desk: Desk):
    found = report(desk)
    assert (found.sent, dict(found.weeks), found.left_out) == (0, {}, {})
    assert found.total.share(0).value is None
    assert Tone().share(0).interval is None


def test_ones_own_figures_are_private_until_one_shares_them(desk: Desk):
    lead = desk.people[Role.TEAM_LEAD]
    with desk.store.write() as session:
        assert not card_is_shared(session, desk.first.id)
        share_card(session, shared=False, by=desk.first, now=NOON)
        share_card(session, shared=True, by=desk.first, now=NOON)
    with desk.store.read() as session:
        assert shared_cards(session, by=lead) == ((desk.first.id, desk.first.name),)
        assert [row.after for row in session.exec(select(AuditRow))] == [{"shared": True}]
    with desk.store.write() as session:
        share_card(session, shared=False, by=desk.first, now=NOON)
        assert shared_cards(session, by=lead) == ()
