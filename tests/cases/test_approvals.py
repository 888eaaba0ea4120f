"""A colleague's yes: who has to ask, who may answer, in whose name it goes out, and what if two act at once."""

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlmodel import select

from webcare import cases
from webcare.cases.approval_rules import (
    ApprovalPolicy,
    JokePolicy,
    Reason,
    Standing,
    decide_approval,
    policy_at,
    reasons_for,
)
from webcare.cases.approvals import Yes, approve_reply, refuse_reply, withdraw_reply
from webcare.cases.by_hand import ByHand
from webcare.cases.sending import Outcome, check_and_send
from webcare.domain import (
    Actor,
    Decision,
    DeliveryState,
    Finding,
    Level,
    Override,
    Resolution,
    Role,
    Sentiment,
    Verdict,
)
from webcare.errors import ApprovalNeeded, CaseStateRefused, NotAllowed, ReplyPending, VerdictOutdated, WebcareError
from webcare.store.tables import AgentRow, CaseEventRow, CaseRow, DeliveryRow, MentionRow, ReplyOverrideRow
from webcare.store.tables_desk import ApprovalRow, CaseTagRow
from webcare.testing import Desk, make_mention, make_triage

TEXT = "Sorry about that. We asked the warehouse and write to you here as soon as they answer."
OTHER = "Sorry about that. We asked the warehouse, and they look for your parcel right now."
UNDO = timedelta(seconds=10)


@pytest.fixture
def newcomer(desk: Desk) -> Actor:
    """The first-line colleague, working under supervision."""
    with desk.store.write() as session:
        session.get_one(AgentRow, desk.first.id).supervised = True
    return replace(desk.first, supervised=True)


def ask(desk: Desk, case_id: int | None, by: Actor, text: str = TEXT, **more: object) -> Outcome:
    return check_and_send(
        desk.store, case_id or 0, text=text, by=by, now=desk.now, undo=UNDO, acknowledged=True, **more
    )


def say_yes(desk: Desk, approval_id: int | None, by: Actor, text: str = TEXT, **more: object) -> Yes:
    return approve_reply(
        desk.store, approval_id or 0, text=text, by=by, now=desk.now, undo=UNDO, acknowledged=True, **more
    )


def asked(desk: Desk, approval_id: int | None) -> ApprovalRow:
    with desk.store.read() as session:
        return session.get_one(ApprovalRow, approval_id)


def draft(desk: Desk, case_id: int | None, by: Actor) -> str:
    with desk.store.read() as session:
        return cases.draft_of(session, case_id or 0, kind="reply", by=by)


def lead(desk: Desk) -> Actor:
    return desk.people[Role.TEAM_LEAD]


def writes_again(desk: Desk, mention_text: str = "Never mind, it came!") -> Callable[[CaseRow], None]:
    def write(case: CaseRow) -> None:
        with desk.store.read() as session:
            first = session.exec(select(MentionRow).where(MentionRow.case_id == case.id)).first()
        author = replace(make_mention().author, external_id=first.author_external_id)
        desk.receive(
            make_mention(mention_text, thread_id=first.external_id, author=author, posted_at=desk.later(minutes=1))
        )

    return write


# --- who has to ask ------------------------------------------------------------------------------------------


FINDING = Finding("jokes", Level.ERROR, "joke_to_angry", "A joke.", 0, 3, override=Override.JUSTIFICATION)
CALM, ANGRY = Standing("delivery", "normal", "neutral"), Standing("delivery", "normal", "negative")


@pytest.mark.parametrize(
    ("supervised", "standing", "overrides", "joke", "policy", "expected"),
    [
        (False, CALM, {}, False, ApprovalPolicy(), ()),
        (True, CALM, {}, False, ApprovalPolicy(), (Reason.NEW_COLLEAGUE,)),
        (False, CALM, {}, True, ApprovalPolicy(), ()),
        (False, ANGRY, {}, True, ApprovalPolicy(), (Reason.JOKE,)),
        (False, replace(CALM, urgency="high"), {}, True, ApprovalPolicy(), (Reason.JOKE,)),
        (False, CALM, {}, True, ApprovalPolicy(jokes=JokePolicy.ALWAYS), (Reason.JOKE,)),
        (False, ANGRY, {}, True, ApprovalPolicy(jokes=JokePolicy.NEVER), ()),
        (False, replace(CALM, tags=frozenset({"crisis"})), {}, False, ApprovalPolicy(), (Reason.CRISIS,)),
        (False, CALM, {}, False, ApprovalPolicy(crisis_topics=frozenset({"delivery"})), (Reason.CRISIS,)),
        (False, CALM, {}, False, ApprovalPolicy(crisis_urgencies=frozenset({"critical"})), ()),
        (
            False,
            replace(CALM, urgency="critical"),
            {},
            False,
            ApprovalPolicy(crisis_urgencies=frozenset({"critical"})),
            (Reason.CRISIS,),
        ),
        (False, CALM, {FINDING.key: "They asked for it."}, False, ApprovalPolicy(), ()),
        (
            False,
            CALM,
            {FINDING.key: "They asked for it."},
            False,
            ApprovalPolicy(override_roles=frozenset({"first_line"})),
            (Reason.OVERRIDE,),
        ),
        (False, CALM, {}, False, ApprovalPolicy(override_roles=frozenset({"first_line"})), ()),
        (
            True,
            ANGRY,
            {FINDING.key: "They asked for it."},
            True,
            ApprovalPolicy(override_roles=frozenset({"first_line"}), crisis_topics=frozenset({"delivery"})),
            tuple(Reason),
        ),
    ],
)
def test_the_reasons_that_apply(
    supervised: bool,
    standing: Standing,
    overrides: dict[str, str],
    joke: bool,
    policy: ApprovalPolicy,
    expected: tuple[Reason, ...],
) -> None:
    author = Actor(1, "Robin", Role.FIRST_LINE, supervised=supervised)
    verdict = Verdict(Decision.BLOCK, (FINDING,), "f", "r")
    assert reasons_for(author, standing, verdict, overrides, joke=joke, policy=policy) == expected


def test_the_policy_is_decided_by_whoever_may_and_counts_from_then_on(quiet_desk: Callable[[], Desk]) -> None:
    desk = quiet_desk()
    manager = desk.people[Role.MANAGER]
    with desk.store.write() as session:
        decide_approval(session, {"jokes": "always", "crisis_topics": ["delivery"]}, by=manager, now=desk.now)
        assert policy_at(session, now=desk.now).jokes is JokePolicy.ALWAYS
        assert policy_at(session, now=desk.now - timedelta(days=1)) == ApprovalPolicy()
    with desk.store.write() as session, pytest.raises(NotAllowed):
        decide_approval(session, {}, by=desk.first, now=desk.now)
    assert ask(desk, desk.open_case().id, desk.first).reasons == (Reason.CRISIS,)


@pytest.mark.parametrize(
    "value", [{"jokes": "sometimes"}, {"crisis_topics": ["weather"]}, {"nonsense": 1}, {"crisis_tags": "crisis"}]
)
def test_a_policy_that_cannot_be_meant_is_refused_in_words(value: dict[str, object]) -> None:
    with pytest.raises(WebcareError):
        ApprovalPolicy.from_value(value)


def test_a_tag_of_crisis_makes_everybody_ask(quiet_desk: Callable[[], Desk]) -> None:
    desk = quiet_desk()
    case = desk.open_case()
    with desk.store.write() as session:
        session.add(CaseTagRow(case_id=case.id, tag="crisis"))
    assert ask(desk, case.id, lead(desk)).reasons == (Reason.CRISIS,)


def test_no_verb_sends_what_has_to_wait(desk: Desk, newcomer: Actor) -> None:
    case_id = desk.open_case().id or 0
    with desk.store.write() as session, pytest.raises(ApprovalNeeded):
        cases.send_reply(
            session,
            case_id,
            text=TEXT,
            verdict=cases.review_reply(session, case_id, text=TEXT, now=desk.now),
            by=newcomer,
            now=desk.now,
            undo=UNDO,
            acknowledged=True,
        )
    assert desk.events(case_id) == ["opened"]


# --- asking and saying yes ---------------------------------------------------------------------------------


def test_a_reply_that_waits_is_nowhere_near_the_network_and_the_clock_runs_on(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    with desk.store.write() as session:
        cases.save_draft(session, case.id or 0, kind="reply", text=TEXT, by=newcomer, now=desk.now)
    outcome = ask(desk, case.id, newcomer)
    assert (outcome.delivery_id, outcome.reasons) == (None, (Reason.NEW_COLLEAGUE,))
    desk.later(hours=1)
    assert desk.deliver() == 0
    with desk.store.read() as session:
        now = cases.load(session, case.id or 0)
        assert session.exec(select(DeliveryRow)).all() == []
    assert (now.waiting_since, now.respond_by) == (case.waiting_since, case.respond_by)
    assert (now.state, now.assignee_id) == ("open", newcomer.id)
    assert draft(desk, case.id, newcomer) == ""
    assert desk.events(case.id) == ["opened", "approval_asked"]


def test_yes_sends_it_with_its_author_and_its_approver(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)
    desk.later(minutes=4)
    yes = say_yes(desk, outcome.approval_id, lead(desk))
    row = desk.delivery(yes.delivery_id)
    assert (row.text, row.author_id, row.approver_id) == (TEXT, newcomer.id, lead(desk).id)
    assert (row.state, row.not_before) == (DeliveryState.PENDING, desk.now + UNDO)
    desk.later(seconds=11)
    assert desk.deliver() == 1
    assert desk.channel.timeline[0][1].text == TEXT
    assert desk.events(case.id) == ["opened", "approval_asked", "approval_given", "reply_sent"]
    assert asked(desk, outcome.approval_id).state == "approved"


def test_the_approver_may_change_the_text_and_both_are_kept(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)
    yes = say_yes(desk, outcome.approval_id, lead(desk), OTHER)
    row = asked(desk, outcome.approval_id)
    assert desk.delivery(yes.delivery_id).text == OTHER
    assert (row.text, row.decided_text, row.delivery_id) == (TEXT, OTHER, yes.delivery_id)
    assert desk.events(case.id)[-1] == "approval_given_edited"


def test_the_guard_reads_what_the_approver_changed(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    note = "Chauffeur Bert zegt dat de klant nooit thuis is, niet compenseren"
    with desk.store.write() as session:
        cases.add_note(session, case.id or 0, text=note, by=desk.second, now=desk.now)
    outcome = ask(desk, case.id, newcomer)
    yes = say_yes(desk, outcome.approval_id, lead(desk), f"Sorry! {note}.")
    assert yes.delivery_id is None
    assert yes.in_the_way
    assert asked(desk, outcome.approval_id).state == "pending"


def test_nobody_says_yes_to_themselves_or_without_the_right(desk: Desk, newcomer: Actor) -> None:
    outcome = ask(desk, desk.open_case().id, newcomer)
    with pytest.raises(NotAllowed, match="this right: Approve replies"):
        say_yes(desk, outcome.approval_id, desk.second)
    trusted = replace(newcomer, grants=frozenset({"approve_reply"}))
    with pytest.raises(NotAllowed, match="Somebody else"):
        say_yes(desk, outcome.approval_id, trusted)
    learning = replace(lead(desk), supervised=True)
    with pytest.raises(NotAllowed, match="supervision"):
        say_yes(desk, outcome.approval_id, learning)
    assert asked(desk, outcome.approval_id).state == "pending"


def test_overrides_stand_under_the_name_of_whoever_gave_them(desk: Desk, newcomer: Actor) -> None:
    # The brand voice warns of a shouted word; the author ticks that, the approver's own text has one more.
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer, "SORRY about that!!! We asked the warehouse and write to you here.")
    row = asked(desk, outcome.approval_id)
    changed = "SORRY about that!!! We ASKED the warehouse and write to you here."
    yes = say_yes(desk, outcome.approval_id, lead(desk), changed)
    with desk.store.read() as session:
        who = set(
            session.exec(select(ReplyOverrideRow.agent_id).where(ReplyOverrideRow.delivery_id == yes.delivery_id))
        )
    assert row.overrides
    assert who <= {lead(desk).id}


# --- what happens meanwhile ----------------------------------------------------------------------------------


def test_a_second_reply_on_the_case_cannot_wait_too(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    ask(desk, case.id, newcomer)
    with pytest.raises(ReplyPending, match="already waits"):
        ask(desk, case.id, newcomer, OTHER)
    with desk.store.read() as session:
        assert len(session.exec(select(ApprovalRow)).all()) == 1


def test_a_customers_message_asks_for_a_fresh_look_and_then_it_goes(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)
    writes_again(desk)(case)
    first = say_yes(desk, outcome.approval_id, lead(desk))
    assert first.delivery_id is None
    assert [(one.part, one.after) for one in first.changes] == [("customer", "Never mind, it came!")]
    assert say_yes(desk, outcome.approval_id, lead(desk), before=first.verdict).delivery_id is not None


@pytest.mark.parametrize("how", ["sent", "by_hand", "on_the_network"])
def test_another_answer_overtakes_what_waits(desk: Desk, newcomer: Actor, how: str) -> None:
    mention = make_mention(posted_at=desk.now)
    desk.receive(mention)
    case = desk.case_of(mention)
    outcome = ask(desk, case.id, newcomer)
    desk.later(minutes=1)
    if how == "sent":
        assert ask(desk, case.id, lead(desk), OTHER).delivery_id is not None
        desk.later(seconds=11)
        assert desk.deliver() == 1
    elif how == "by_hand":
        ask(desk, case.id, lead(desk), OTHER, by_hand=ByHand(desk.now))
    else:
        desk.receive(
            make_mention(
                OTHER, thread_id=mention.thread_id, parent_id=mention.external_id, is_ours=True, posted_at=desk.now
            )
        )
    assert asked(desk, outcome.approval_id).state == "overtaken"
    assert "approval_overtaken" in desk.events(case.id)
    with pytest.raises(CaseStateRefused, match="answered already"):
        say_yes(desk, outcome.approval_id, lead(desk))
    with desk.store.read() as session:
        kept = cases.drafts.drafts_of(session, case.id or 0, kind="reply", by=newcomer)
    assert TEXT in (kept.text, *(one.text for one in kept.others))


def test_a_case_with_a_waiting_reply_is_not_closed_over_it(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    ask(desk, case.id, newcomer)
    with desk.store.write() as session, pytest.raises(CaseStateRefused, match="waits for a colleague's yes"):
        cases.resolve(session, case.id or 0, resolution=Resolution.ANSWERED, by=desk.first, now=desk.now)


def test_tomorrow_of_yesterday_is_pointed_at(desk: Desk, newcomer: Actor) -> None:
    text = "Sorry about that. A colleague of the warehouse rings you tomorrow."
    outcome = ask(desk, desk.open_case().id, newcomer, text)
    desk.later(days=1)
    held = approve_reply(desk.store, outcome.approval_id or 0, text=text, by=lead(desk), now=desk.now, undo=UNDO)
    assert [one.reason for one in held.in_the_way][:1] == ["asked_before_today"]
    ticks = {one.key: "" for one in held.in_the_way}
    again = approve_reply(
        desk.store, outcome.approval_id or 0, text=text, by=lead(desk), now=desk.now, undo=UNDO,
        before=held.verdict, overrides=ticks,
    )  # fmt: skip
    assert again.delivery_id is not None


# --- no, and taking it back ------------------------------------------------------------------------------------


def test_a_no_comes_with_words_and_gives_the_text_back(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)
    with desk.store.write() as session, pytest.raises(WebcareError, match="empty"):
        refuse_reply(session, outcome.approval_id or 0, words=" ", by=lead(desk), now=desk.now)
    with desk.store.write() as session:
        refuse_reply(session, outcome.approval_id or 0, words="Ask for the number.", by=lead(desk), now=desk.now)
    assert draft(desk, case.id, newcomer) == TEXT
    row = asked(desk, outcome.approval_id)
    assert (row.state, row.words, row.decided_by) == ("refused", "Ask for the number.", lead(desk).id)
    assert desk.events(case.id) == ["opened", "approval_asked", "approval_refused"]
    with pytest.raises(CaseStateRefused, match="gave this reply back"):
        say_yes(desk, outcome.approval_id, desk.people[Role.MANAGER])
    assert ask(desk, case.id, newcomer).approval_id is not None


def test_the_author_takes_it_back_and_what_they_write_by_now_is_not_lost(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)
    with desk.store.write() as session:
        cases.save_draft(session, case.id or 0, kind="reply", text="Hello!", by=newcomer, now=desk.now)
    with desk.store.write() as session, pytest.raises(NotAllowed):
        withdraw_reply(session, outcome.approval_id or 0, by=lead(desk), now=desk.now)
    with desk.store.write() as session:
        withdraw_reply(session, outcome.approval_id or 0, by=newcomer, now=desk.now)
    with desk.store.read() as session:
        kept = cases.drafts.drafts_of(session, case.id or 0, kind="reply", by=newcomer)
    assert (kept.text, [one.text for one in kept.others]) == ("Hello!", [TEXT])
    assert desk.events(case.id)[-1] == "approval_withdrawn"


# --- two at once -----------------------------------------------------------------------------------------------


def at_once(*acts: Callable[[], object]) -> list[object]:
    """Run all at the same moment; gives what each returned or raised."""
    ready, results = threading.Barrier(len(acts)), [None] * len(acts)

    def run(number: int, act: Callable[[], object]) -> None:
        ready.wait()
        try:
            results[number] = act()
        except WebcareError as error:
            results[number] = error

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def test_of_two_approvers_at_once_one_sends_it(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)
    results = at_once(
        *(lambda role=role: say_yes(desk, outcome.approval_id, desk.people[role])
          for role in (Role.TEAM_LEAD, Role.MANAGER, Role.ADMIN))
    )  # fmt: skip
    assert sorted(isinstance(one, Yes) and one.delivery_id is not None for one in results) == [False, False, True]
    with desk.store.read() as session:
        assert len(session.exec(select(DeliveryRow)).all()) == 1
    assert desk.events(case.id).count("approval_given") == 1


def test_a_yes_against_taking_it_back_leaves_one_of_both(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)

    def take_back() -> object:
        with desk.store.write() as session:
            return withdraw_reply(session, outcome.approval_id or 0, by=newcomer, now=desk.now)

    results = at_once(lambda: say_yes(desk, outcome.approval_id, lead(desk)), take_back)
    sent = isinstance(results[0], Yes)
    with desk.store.read() as session:
        assert len(session.exec(select(DeliveryRow)).all()) == int(sent)
    assert isinstance(results[1], ApprovalRow) is not sent
    assert asked(desk, outcome.approval_id).state == ("approved" if sent else "withdrawn")
    assert (draft(desk, case.id, newcomer) == TEXT) is not sent


def test_a_yes_against_a_message_of_the_customer_never_answers_the_unread(desk: Desk, newcomer: Actor) -> None:
    case = desk.open_case()
    outcome = ask(desk, case.id, newcomer)
    write = writes_again(desk)
    result, told = at_once(lambda: say_yes(desk, outcome.approval_id, lead(desk)), lambda: write(case))
    assert not isinstance(told, Exception), told
    with desk.store.read() as session:
        kinds = [
            (one.kind, one.id)
            for one in session.exec(
                select(CaseEventRow).where(CaseEventRow.case_id == case.id).order_by(CaseEventRow.id)
            )
        ]
    order = [kind for kind, _ in kinds]
    if isinstance(result, Yes) and result.delivery_id is not None:
        assert order.index("approval_given") < order.index("joined")
    else:
        assert isinstance(result, VerdictOutdated | Yes)
        assert "approval_given" not in order
        assert asked(desk, outcome.approval_id).state == "pending"


def test_a_joke_to_somebody_angry_waits_for_a_second_pair_of_eyes(desk: Desk) -> None:
    joke = "Haha, your sofa took the scenic route! 😂 Maybe it fell asleep on itself, sofas do that!"
    triage = make_triage(sentiment=Sentiment.NEGATIVE)
    desk.classifier = type(desk.classifier)(lambda text: triage)
    case = desk.open_case("Third week without my sofa, this is a disgrace.")
    shown = check_and_send(desk.store, case.id or 0, text=joke, by=desk.first, now=desk.now, undo=UNDO)
    why = {one.key: "They joke along in the next message." for one in shown.in_the_way}
    again = check_and_send(
        desk.store, case.id or 0, text=joke, by=desk.first, now=desk.now, undo=UNDO,
        before=shown.verdict, overrides=why,
    )  # fmt: skip
    assert (again.delivery_id, again.reasons) == (None, (Reason.JOKE,))


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("verb", ["yes", "no", "take_back", "decide"])
def test_every_verb_of_approval_asks_the_role_first(quiet_desk: Callable[[], Desk], verb: str, role: Role) -> None:
    desk = quiet_desk()
    approval_id = ask(desk, desk.open_case().id, replace(desk.first, supervised=True)).approval_id or 0
    by = desk.people.get(role) or Actor.system("a job")
    allowed = {
        "yes": {Role.TEAM_LEAD, Role.MANAGER, Role.ADMIN},
        "no": {Role.TEAM_LEAD, Role.MANAGER, Role.ADMIN},
        "take_back": {Role.FIRST_LINE},  # its author
        "decide": {Role.MANAGER, Role.ADMIN},
    }[verb]

    def act() -> None:
        if verb == "yes":
            say_yes(desk, approval_id, by)
            return
        with desk.store.write() as session:
            if verb == "no":
                refuse_reply(session, approval_id, words="Shorter, please.", by=by, now=desk.now)
            elif verb == "take_back":
                withdraw_reply(session, approval_id, by=by, now=desk.now)
            else:
                decide_approval(session, {"jokes": "always"}, by=by, now=desk.now)

    if role in allowed:
        act()
    else:
        with pytest.raises(NotAllowed):
            act()
        assert asked(desk, approval_id).state == "pending"
