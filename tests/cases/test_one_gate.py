"""There is no way out but through the gate: every place that makes or sends a reply is found in the code and tried."""

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import webcare
from webcare import cases, guard
from webcare.domain import Decision, DeliveryState, Role, Verdict
from webcare.errors import CaseStateRefused, GuardBlocked, ReplyPending, UndoTooLate, VerdictOutdated
from webcare.store.tables import DeliveryRow, NoteRow
from webcare.testing import Desk, make_mention

ROOT = Path(webcare.__file__).parent
NOTE = "Chauffeur Bert zegt dat de klant nooit thuis is, niet compenseren"
CLEAN = (
    "Hi! We asked the carrier where the parcel is and they promised an answer before the weekend.",
    "Thanks for your message! The shop in Gouda puts another lamp aside for you at the counter.",
    "Sorry about the wait! A colleague of the kitchen department will look at your drawing tonight.",
)
LEAKS = (NOTE, f"Sorry! {NOTE}.", "Hi, de klant nooit thuis is, niet compenseren.")

#: Every function that makes a row of the outbox, or gives one a state, by file.
MAKES_ROWS = {"cases/replies.py": {"_queue"}}
GIVES_STATE = {
    "cases/replies.py": {"take_back"},  # CANCELLED only
    "cases/retracting.py": {"_cancel"},  # CANCELLED only
    "cases/outcomes.py": {"_settle"},
    "delivery.py": {"_claim"},  # SENDING, after the gate
}
#: Every function that lets a network hear something.
SPEAKS = {"delivery.py": {"_post"}}


@cache
def pieces(path: Path) -> list[tuple[tuple[str, ...], ast.AST]]:
    """Every piece of a file's code, with the functions it stands in."""
    found: list[tuple[tuple[str, ...], ast.AST]] = []

    def look(node: ast.AST, inside: tuple[str, ...]) -> None:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside = (*inside, node.name)
        found.append((inside, node))
        for child in ast.iter_child_nodes(node):
            look(child, inside)

    look(ast.parse(path.read_text(encoding="utf-8")), ())
    return found


def places(found: Callable[[ast.AST], bool], *folders: str) -> dict[str, set[str]]:
    """The functions of the desk that hold a piece of code, by file; outside of any function is the file itself."""
    result: dict[str, set[str]] = {}
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if name.startswith(folders):
            continue
        for inside, node in pieces(path):
            if found(node):
                result.setdefault(name, set()).update(inside or ("the file",))
    return result


def makes_a_row(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="DeliveryRow") | ast.Attribute(attr="DeliveryRow")):
            return True
        case ast.Call(func=ast.Name(id="insert" | "insert_rows" | "bulk_insert_mappings"), args=args):
            return any(isinstance(one, ast.Name) and one.id == "DeliveryRow" for one in args)
    return False


def gives_a_state(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="update" | "delete"), args=[ast.Name(id="DeliveryRow"), *_]):
            return True
        case ast.Assign(value=value) if any(
            isinstance(one, ast.Attribute) and ast.unparse(one).startswith("DeliveryState.") for one in ast.walk(value)
        ):
            return any(
                isinstance(one, ast.Attribute) and one.attr == "state"
                for target in node.targets
                for one in ast.walk(target)
            )
    return False


def speaks(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "send"


def raw_sql(node: ast.AST) -> bool:
    match node:
        case ast.Constant(value=str() as text):
            words = " ".join(text.lower().split())
            return "insert into delivery" in words or "update delivery" in words
    return False


def test_one_function_makes_rows_of_the_outbox() -> None:
    assert places(makes_a_row, "store/migrations") == MAKES_ROWS
    assert places(raw_sql) == {}


def test_states_change_only_where_the_gate_or_the_network_spoke() -> None:
    assert places(gives_a_state) == GIVES_STATE


def test_one_function_lets_a_network_hear_something() -> None:
    # A channel's own `send` may call its session; nobody else has a channel to call.
    assert places(speaks, "channels/", "sandbox/", "web/") == SPEAKS


@pytest.mark.parametrize(("file", "name", "gate"), [
    ("cases/replies.py", "approve", ("require_bound", "require_covered", "_queue")),
    ("cases/by_hand.py", "record_answer", ("approve", "put_sent")),
    ("cases/approvals.py", "approve_reply", ("_waiting", "review", "uncovered", "_let_go")),
    ("cases/approvals.py", "_let_go", ("_waiting", "_decide", "approve")),
    ("delivery.py", "_claim", ("_stopped", "record_failed", "_Claim")),
    ("delivery.py", "_stopped", ("why_cut_off", "why_gone", "_held", "why_too_late")),
    ("delivery.py", "_held", ("read_again", "why_held")),
    ("delivery.py", "send_due", ("_claim", "_post")),
])  # fmt: skip
def test_the_gate_comes_before_the_door(file: str, name: str, gate: tuple[str, ...]) -> None:
    defined = (one for _, one in pieces(ROOT / file) if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef))
    (function,) = [one for one in defined if one.name == name]
    calls = sorted(
        (node.lineno, node.col_offset, node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id)
        for node in ast.walk(function)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    )
    order = [called for _, _, called in calls if called in gate]
    assert [one for at, one in enumerate(order) if one not in order[:at]] == list(gate)


def test_only_the_gate_calls_the_door() -> None:
    def queues(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_queue", "_post")

    # These look at posts of a thread, draw one or read a queue with a function of that name.
    others = (
        "console/thread.py",
        "console/reply_preview.py",
        "cases/acting.py",
        "cases/retracting.py",
        "routing_rules.py",
    )
    assert places(queues, *others) == {
        "cases/replies.py": {"approve"},
        "delivery.py": {"send_due"},
    }


# --- every way out, tried with everything that can happen on the way ---------------------------------


def by_console(desk: Desk, case_id: int, text: str) -> int | None:
    undo = timedelta(seconds=10)
    return cases.check_and_send(
        desk.store, case_id, text=text, by=desk.first, now=desk.now, undo=undo, acknowledged=True
    ).delivery_id


def by_program(desk: Desk, case_id: int, text: str) -> int | None:
    with desk.store.read() as session:
        verdict = cases.review_reply(session, case_id, text=text, now=desk.now)
    return _approve(desk, case_id, text, verdict)


def with_a_forged_verdict(desk: Desk, case_id: int, text: str) -> int | None:
    with desk.store.read() as session:
        verdict = cases.review_reply(session, case_id, text=text, now=desk.now)
    return _approve(desk, case_id, text, replace(verdict, decision=Decision.PASS, findings=()))


def with_the_verdict_of_another_text(desk: Desk, case_id: int, text: str) -> int | None:
    with desk.store.read() as session:
        verdict = cases.review_reply(session, case_id, text=CLEAN[0], now=desk.now)
    return _approve(desk, case_id, text, verdict)


def scheduled(desk: Desk, case_id: int, text: str) -> int | None:
    with desk.store.read() as session:
        verdict = cases.review_reply(session, case_id, text=text, now=desk.now)
    return _approve(desk, case_id, text, verdict, undo=timedelta(hours=3))


def in_bulk(desk: Desk, case_id: int, text: str) -> int | None:
    other = desk.open_case("Me too!").id or 0
    made = []
    for one, words in ((case_id, text), (other, CLEAN[0])):
        made.append(by_console(desk, one, words))
    return made[0]


def with_a_colleagues_yes(desk: Desk, case_id: int, text: str) -> int | None:
    undo, newcomer = timedelta(seconds=10), replace(desk.first, supervised=True)
    asked = cases.check_and_send(
        desk.store, case_id, text=CLEAN[2], by=newcomer, now=desk.now, undo=undo, acknowledged=True
    ).approval_id
    lead = desk.people[Role.TEAM_LEAD]
    return cases.approve_reply(
        desk.store, asked or 0, text=text, by=lead, now=desk.now, undo=undo, acknowledged=True
    ).delivery_id


def _approve(
    desk: Desk, case_id: int, text: str, verdict: Verdict, undo: timedelta = timedelta(seconds=10)
) -> int | None:
    with desk.store.write() as session:
        return cases.send_reply(
            session, case_id, text=text, verdict=verdict, by=desk.first, now=desk.now, undo=undo, acknowledged=True
        ).id


WAYS = (
    by_console,
    by_program,
    with_a_forged_verdict,
    with_the_verdict_of_another_text,
    scheduled,
    in_bulk,
    with_a_colleagues_yes,
)


def note_with_the_words_of_the_reply(desk: Desk, case_id: int, delivery_id: int) -> bool:
    with desk.store.write() as session:
        text = f"intern: {desk.delivery(delivery_id).text}"
        cases.add_note(session, case_id, text=text, by=desk.second, now=desk.now)
    return True


def leaking_text_in_the_database(desk: Desk, case_id: int, delivery_id: int) -> bool:
    return _rewrite(desk, delivery_id, text=LEAKS[0])


def another_text_in_the_database(desk: Desk, case_id: int, delivery_id: int) -> bool:
    return _rewrite(desk, delivery_id, text="Something nobody read.")


def another_target_in_the_database(desk: Desk, case_id: int, delivery_id: int) -> bool:
    return _rewrite(desk, delivery_id, target_external_id="elsewhere")


def an_attachment_in_the_database(desk: Desk, case_id: int, delivery_id: int) -> bool:
    return _rewrite(desk, delivery_id, attachments=["secret.png"])


def another_account(desk: Desk, case_id: int, delivery_id: int) -> bool:
    with desk.store.write() as session:
        row = session.get_one(DeliveryRow, delivery_id)
        case = cases.load(session, row.case_id)
        case.channel = "facebook"
        session.add(case)
    return True


def customer_writes_again(desk: Desk, case_id: int, delivery_id: int) -> bool:
    with desk.store.read() as session:
        case = cases.load(session, case_id)
        thread = session.get_one(DeliveryRow, delivery_id).thread_external_id
    author = replace(make_mention().author, external_id=case.customer_id)
    desk.receive(make_mention("Leave it, please.", thread_id=thread, author=author, posted_at=desk.later(seconds=1)))
    return True


def nothing(desk: Desk, case_id: int, delivery_id: int) -> bool:
    return False


def _rewrite(desk: Desk, delivery_id: int, **values: Any) -> bool:
    with desk.store.write() as session:
        row = session.get_one(DeliveryRow, delivery_id)
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)
    return True


HAPPENINGS = (
    leaking_text_in_the_database, another_text_in_the_database, another_target_in_the_database,
    an_attachment_in_the_database, another_account, customer_writes_again, note_with_the_words_of_the_reply, nothing,
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from([*CLEAN, *LEAKS]),
    happening=st.sampled_from(HAPPENINGS),
    wait=st.sampled_from([timedelta(seconds=11), timedelta(hours=4)]),
    newer_rules=st.booleans(),
)
def test_nothing_leaves_that_the_gate_has_not_read_as_it_is(
    quiet_desk: Callable[[], Desk],
    way: Callable[[Desk, int, str], int | None],
    text: str,
    happening: Callable[[Desk, int, int], bool],
    wait: timedelta,
    newer_rules: bool,
) -> None:
    desk = quiet_desk()
    before = len(desk.channel.timeline)
    case_id = desk.open_case().id or 0
    with desk.store.write() as session:
        session.add(
            NoteRow(case_id=case_id, agent_id=desk.second.id or 0, agent_name="R", text=NOTE, created_at=desk.now)
        )
    delivery_id = _try(way, desk, case_id, text)
    must_stay = text in LEAKS or delivery_id is None
    assert not (text in LEAKS and delivery_id is not None)
    if delivery_id is not None:
        must_stay = happening(desk, case_id, delivery_id) or newer_rules
    version = guard.RULES_VERSION
    guard.RULES_VERSION = f"{version}+1" if newer_rules else version
    try:
        for _ in range(2):  # the second time for replies that were scheduled
            desk.now += wait
            desk.deliver()
            wait = timedelta(hours=5)
    finally:
        guard.RULES_VERSION = version
    posted = {reply.text for _, reply in desk.channel.timeline[before:]}
    assert not posted & {*LEAKS, "Something nobody read."}
    if delivery_id is not None:
        assert desk.delivery(delivery_id).state == (DeliveryState.FAILED if must_stay else DeliveryState.SENT)
    assert len({reply.target_id for _, reply in desk.channel.timeline}) == len(desk.channel.timeline)  # never twice


def _try(way: Callable[[Desk, int, str], int | None], desk: Desk, case_id: int, text: str) -> int | None:
    try:
        return way(desk, case_id, text)
    except (GuardBlocked, VerdictOutdated, ReplyPending, CaseStateRefused, UndoTooLate):
        return None


def test_a_reply_tried_again_after_a_throttle_passes_the_gate_again(desk: Desk) -> None:
    from webcare.errors import ChannelThrottled

    case_id = desk.open_case().id or 0
    delivery = desk.reply(case_id, "The driver lost it near Gouda and refuses to drive back for it.")
    desk.channel.faults.append(ChannelThrottled("slow"))
    desk.later(seconds=11)
    assert desk.deliver() == 0
    with desk.store.write() as session:
        text = "Driver lost it near Gouda and refuses to drive back for it"
        cases.add_note(session, case_id, text=text, by=desk.second, now=desk.now)
    desk.later(minutes=1)
    assert desk.deliver() == 0
    assert desk.delivery(delivery.id).error_code == "guard"
