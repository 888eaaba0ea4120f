"""Every public function that acts for a person asks that person's rights first: found by looking, none by name.

Functions are found in all services (not the pages, which only call them). What a function needs is found by calling it
for somebody without any right, giving them what it asks for until it asks no more; then each role must be refused or
let through accordingly, and jobs wherever a person is needed.
"""

import ast
import enum
import importlib
import inspect
import pkgutil
import re
import typing
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

import webcare
from webcare.domain import Actor, Role
from webcare.errors import NotAllowed
from webcare.people import PERMISSIONS, Permission
from webcare.people.permissions import rights
from webcare.store import Store
from webcare.store.tables import AccountRow, DeliveryRow, GuardFindingRow, NoteRow, ShareableFactRow
from webcare.store.tables_desk import ApprovalRow, HandoverRow, PromiseRow, SavedReplyRow, SavedViewRow
from webcare.testing import NOON, Desk, make_desk

#: In the order in which they name each other.
_SEEDED = (
    NoteRow,
    DeliveryRow,
    ShareableFactRow,
    GuardFindingRow,
    ApprovalRow,
    HandoverRow,
    PromiseRow,
    SavedReplyRow,
    SavedViewRow,
)
#: Packages whose functions are no services of the desk.
ELSEWHERE = ("webcare.cli", "webcare.console", "webcare.web", "webcare.testing", "webcare.sandbox", "webcare.store")

_INSIDE = "a part of verbs that asked already; no page may call it"
_MY_OWN = "reads or forgets only what the person asking has written or chosen themselves"
_ANSWERS = "is the question itself"
_LATER = "looks at the values first and asks before it writes"
#: Functions that take an actor and cannot be seen to ask anything of them when called with made-up values, and why.
ASKS_NOTHING = {
    "webcare.audit.record": _INSIDE,
    "webcare.cases.approval_rules.decide_approval": _LATER,
    "webcare.cases.approval_rules.reasons_for": _ANSWERS,
    "webcare.cases.approval_rules.reasons_now": _ANSWERS,
    "webcare.cases.approval_views.approval_on": "reads what the page of a case shows, which asked already",
    "webcare.cases.approvals.ask_approval": _LATER,
    "webcare.cases.approvals.overtake": _INSIDE,
    "webcare.cases.approvals.overtake_by_posts": _INSIDE,
    "webcare.cases.bulk.carry_out": _LATER,
    "webcare.cases.bulk.undo_all": _LATER,
    "webcare.cases.bulk_answers.answer_one": _LATER,
    "webcare.cases.by_hand.record_answer": _LATER,
    "webcare.cases.drafts.discard_draft": _MY_OWN,
    "webcare.cases.drafts.draft_of": _MY_OWN,
    "webcare.cases.drafts.drafts_of": _MY_OWN,
    "webcare.cases.drafts.all_drafts": _MY_OWN,
    "webcare.cases.facts.mark": _INSIDE,
    "webcare.cases.grading.keep_findings": _INSIDE,
    "webcare.cases.grading.settle_findings": _INSIDE,
    "webcare.cases.handing_over.close_as_replied": _INSIDE,
    "webcare.cases.handing_over.hand_back": _LATER,
    "webcare.cases.notes.write_note": _INSIDE,
    "webcare.cases.outcomes.put_sent": _INSIDE,
    "webcare.cases.overrides.record_overrides": _INSIDE,
    "webcare.cases.presence.is_known": _MY_OWN,
    "webcare.cases.presence.last_said": _MY_OWN,
    "webcare.cases.record.changed": _INSIDE,
    "webcare.cases.record.load_to_change": _ANSWERS,
    "webcare.cases.record.note_event": _INSIDE,
    "webcare.cases.replies.approve": _INSIDE,
    "webcare.cases.replies.send_approved": _INSIDE,
    "webcare.cases.retracting.is_retracted": _INSIDE,
    "webcare.cases.rulebook.save_profile": _LATER,
    "webcare.cases.saved_replies.own_values": _MY_OWN,
    "webcare.cases.sharing_out.decide_sharing": _LATER,
    "webcare.cases.skills.decide_skills": _LATER,
    "webcare.cases.views.may_share": _ANSWERS,
    "webcare.cases.views.save_view": _LATER,
    "webcare.deciding.access.renew_access": _LATER,
    "webcare.incidents.mode.note": _INSIDE,
    "webcare.people.administration.insert": _INSIDE,
    "webcare.people.permissions.may": _ANSWERS,
    "webcare.people.permissions.require": _ANSWERS,
}
#: A second right that opens a verb as well as the first.
EITHER = {"webcare.cases.saved_replies.all_saved": Permission.EDIT_TEXTS}
#: Functions that any person may use, about themselves; a job is refused.
OWN = re.compile(r"webcare\.people\.(own_account|signing_in|directory)\.|webcare\.people\.permissions\.person_id")
#: Verbs of people that `webcare init` (a job) may use as well, and why.
JOBS_TOO = {"webcare.people.administration.add_agent": "makes the first administrator"}

#: Functions that change something and take no actor: the machine's side, and why nobody has to be asked.
MACHINE = {
    "webcare.cases.": "what the jobs report about a case (intake, outcomes, waking), or a part of a verb that asked",
    "webcare.people.signing_in.": "signing in and out: there is nobody yet to be asked",
    "webcare.people.provider.": "signing in through the organisation: there is nobody yet to be asked",
    "webcare.people.administration.insert": "part of verbs that asked already",
}


@dataclass(frozen=True)
class Verb:
    """One function that takes an actor."""

    name: str
    call: Callable[..., Any]
    hints: Mapping[str, Any]

    @property
    def actor(self) -> str:
        return next(name for name, hint in self.hints.items() if hint is Actor)

    def act(self, by: Actor, desk: Desk, session: Any, case_id: int) -> None:
        """Call it with something plausible for each argument it cannot do without."""
        given: dict[str, Any] = {}
        for name, parameter in inspect.signature(self.call).parameters.items():
            if name == self.actor:
                given[name] = by
            elif parameter.default is parameter.empty and parameter.kind not in (2, 4):
                given[name] = _plausible(name, self.hints.get(name), desk, session, case_id)
        positional = [
            given.pop(name)
            for name, parameter in inspect.signature(self.call).parameters.items()
            if parameter.kind == 0 and name in given
        ]
        self.call(*positional, **given)


def _plausible(name: str, hint: Any, desk: Desk, session: Any, case_id: int) -> Any:
    kind = next((one for one in typing.get_args(hint) if one is not type(None)), hint) if hint else None
    plain: dict[Any, Any] = {str: "x", int: case_id, bool: True, float: 1.0, datetime: NOON + timedelta(days=400)}
    plain[timedelta] = timedelta(minutes=1)
    if name == "now":
        return NOON
    if name == "session":
        return session
    if kind is Store:
        return desk.store
    if kind in plain:
        return plain[kind]
    if inspect.isclass(kind) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    origin = typing.get_origin(kind) or kind
    if inspect.isclass(origin) and issubclass(origin, dict | Mapping):
        return {}
    return ()


def _modules() -> Iterator[Any]:
    for found in pkgutil.walk_packages(webcare.__path__, "webcare."):
        if not found.name.startswith(ELSEWHERE) and ".training" not in found.name:
            yield found.name


def _services() -> Iterator[tuple[str, Callable[..., Any]]]:
    """Public functions of modules whose source speaks of actors or sessions; the others are not even imported."""
    root = Path(webcare.__file__).parent.parent
    for name in _modules():
        path = root.joinpath(*name.split("."))
        source = (path.with_suffix(".py") if path.with_suffix(".py").is_file() else path / "__init__.py").read_text()
        if not re.search(r": (Actor|Session|Store)\b", source):
            continue
        module = importlib.import_module(name)
        for attribute, value in vars(module).items():
            if not attribute.startswith("_") and inspect.isfunction(value) and value.__module__ == name:
                yield f"{name}.{attribute}", value


def _hints(function: Callable[..., Any]) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        # One by one: an annotation that only type checkers can read must not hide the others.
        with suppress(NameError, AttributeError, TypeError, SyntaxError):
            written = parameter.annotation
            hints[name] = eval(written, vars(inspect.getmodule(function))) if isinstance(written, str) else written
    return hints


SERVICES = dict(_services())
VERBS = {
    name: Verb(name, function, hints)
    for name, function in SERVICES.items()
    if Actor in (hints := _hints(function)).values()
    and not (inspect.signature(function).parameters[next(n for n, h in hints.items() if h is Actor)].default
             is not inspect.Parameter.empty)
}  # fmt: skip
CHECKED = sorted(VERBS.keys() - ASKS_NOTHING.keys())


@pytest.fixture(scope="module")
def desk(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, int]]:
    import shutil

    from webcare.store import open_store

    path = tmp_path_factory.mktemp("verbs") / "desk.db"
    shutil.copyfile(sqlite_template, path)
    store = open_store(f"sqlite:///{path}")
    made = make_desk(store)
    case_id = made.open_case().id or 0
    _one_of_each(made, case_id)
    yield made, case_id
    store.dispose()


def _one_of_each(desk: Desk, case_id: int) -> None:
    """A row numbered like the case in every table a verb may look into before it knows whose rights to ask."""
    person = desk.first.id
    plain: dict[type, Any] = {str: "x", int: person, bool: False, datetime: NOON, float: 0.0, bytes: b"x"}
    with desk.store.write() as session:
        account = session.exec(select(AccountRow.id)).first()
        for table in _SEEDED:
            given: dict[str, Any] = {"id": case_id, "case_id": case_id, "account_id": account, "note_id": case_id}
            given |= {"delivery_id": case_id, "mention_id": case_id}
            for name, field in table.model_fields.items():
                if name not in given and field.is_required():
                    given[name] = plain.get(field.annotation, "x")  # type: ignore[arg-type]
            given["state"] = "needs_human" if table is DeliveryRow else "x"
            if session.get(table, case_id) is None:
                session.add(table(**{name: value for name, value in given.items() if name in table.model_fields}))
                session.flush()


class _Undo(Exception):
    """Leaves a transaction without a trace."""


def attempt(verb: Verb, by: Actor, desk: Desk, case_id: int) -> NotAllowed | None:
    """What refuses this actor; None when it is not a matter of rights. Nothing is kept of what was done."""
    refused: list[NotAllowed] = []
    takes_store = Store in verb.hints.values()

    def go(session: Any) -> None:
        try:
            verb.act(by, desk, session, case_id)
        except NotAllowed as error:
            refused.append(error)
        except Exception:
            # Let through: what goes wrong with made-up arguments afterwards is other tests' matter.
            return

    if takes_store:
        go(None)
    else:
        with suppress(_Undo), desk.store.write() as session:
            go(session)
            raise _Undo
    return refused[0] if refused else None


def needs(
    verb: Verb, desk: Desk, case_id: int, monkeypatch: pytest.MonkeyPatch
) -> tuple[frozenset[str], NotAllowed | None]:
    """The rights a verb asks for, one after the other; and what refuses somebody for another reason than a right."""
    monkeypatch.setitem(PERMISSIONS, Role.SECOND_LINE, frozenset())  # type: ignore[arg-type]
    person = desk.people[Role.SECOND_LINE]
    asked: frozenset[str] = frozenset()
    while (refusal := attempt(verb, Actor(person.id, "Nobody", Role.SECOND_LINE, asked), desk, case_id)) is not None:
        wish = str(refusal.values.get("permission", ""))
        if wish not in set(Permission) - asked:
            break
        asked |= {wish}
    monkeypatch.undo()
    return asked, refusal


@pytest.mark.parametrize("name", CHECKED)
def test_every_verb_asks_the_person_first(name: str, desk: tuple[Desk, int], monkeypatch: pytest.MonkeyPatch) -> None:
    made, case_id = desk
    verb = VERBS[name]
    asked, refusal = needs(verb, made, case_id, monkeypatch)
    own = OWN.match(name) is not None
    assert asked or own or refusal, "it refuses nobody: ask a Permission first, before the arguments are looked at"
    for role, person in made.people.items():
        lacks = asked - rights(role, frozenset())
        if lacks and EITHER.get(name) not in rights(role, frozenset()):
            assert attempt(verb, person, made, case_id), f"{role} lacks {sorted(lacks)} and is let through"
    if name not in JOBS_TOO and (own or asked - rights(Role.SYSTEM, frozenset())):
        assert attempt(verb, Actor.system("a job"), made, case_id), "a job may do what takes a person"


def test_what_asks_later_does_ask() -> None:
    asking = _reaching({"require", "load_to_change"})
    assert [name for name, why in ASKS_NOTHING.items() if why == _LATER and name not in asking] == []


def test_no_page_calls_what_leaves_the_asking_to_others() -> None:
    inside = {name.rpartition(".")[2] for name, why in ASKS_NOTHING.items() if why == _INSIDE}
    root = Path(webcare.__file__).parent
    for folder in ("console", "web", "cli"):
        for file in root.joinpath(folder).rglob("*.py"):
            called = _called_of_services(ast.parse(file.read_text(encoding="utf-8")))
            assert called & inside == set(), file


def _called_of_services(body: ast.AST) -> set[str]:
    """Names called as `cases.name(...)`, `people.name(...)` or imported from a service."""
    imported = {
        alias.name
        for node in ast.walk(body)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(("webcare.cases", "webcare.people"))
        for alias in node.names
    }
    dotted = {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in ("cases", "people")
    }
    return imported | dotted


def test_what_asks_nothing_is_there_and_has_a_reason() -> None:
    assert set(JOBS_TOO) <= set(VERBS)
    assert all(ASKS_NOTHING.values())
    assert [name for name in ASKS_NOTHING if name not in SERVICES] == []


def test_what_changes_something_without_an_actor_is_the_machines_side() -> None:
    writers = _writers()
    packages = ("webcare.cases.", "webcare.people.", "webcare.policies.", "webcare.audit.")
    unknown = sorted(
        name
        for name in writers & SERVICES.keys()
        if name not in VERBS and name.startswith(packages) and not name.startswith(tuple(MACHINE))
        and Actor not in _hints(SERVICES[name]).values()
    )  # fmt: skip
    assert unknown == []


def _writers() -> set[str]:
    """Functions that write, or call one that does."""
    return _spread({name for name, body in _bodies().items() if any(_writes(node) for node in ast.walk(body))})


def _reaching(called: set[str]) -> set[str]:
    """Functions that call one of these, at whatever depth."""
    return _spread({name for name, body in _bodies().items() if _called(body) & called})


def _spread(found: set[str]) -> set[str]:
    """These functions and all that call them; by name, which is enough to find a verb that forgot its actor."""
    bodies = _bodies()
    while True:
        short = {name.rpartition(".")[2] for name in found}
        more = {name for name, body in bodies.items() if _called(body) & short} - found
        if not more:
            return found
        found = found | more


@cache
def _bodies() -> dict[str, ast.AST]:
    """The source of every function of the modules with services, private ones and methods too."""
    modules = {inspect.getmodule(function) for function in SERVICES.values()}
    found: dict[str, ast.AST] = {}
    for module in modules:
        assert module is not None
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if isinstance(node, ast.FunctionDef):
                found[f"{module.__name__}.{node.name}"] = node
    return found


def _writes(node: ast.AST) -> bool:
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute | ast.Name):
        return False
    if isinstance(node.func, ast.Name):
        return node.func.id in ("insert", "update", "delete")
    on = node.func.value
    held = on.id if isinstance(on, ast.Name) else on.attr if isinstance(on, ast.Attribute) else ""
    return (held, node.func.attr) in {("session", "add"), ("session", "delete"), ("store", "write")}


def _called(body: ast.AST) -> set[str]:
    return {
        node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute)
    }


def test_the_table_of_rights_in_the_document_is_the_one_in_force() -> None:
    text = (Path(webcare.__file__).parents[1] / "docs" / "sign-in.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    head = next(row for row in rows if "`first_line`" in row)
    roles = [Role(cell.strip("`")) for cell in head[1:]]
    written = {row[0].strip("`"): row[1:] for row in rows[rows.index(head) + 2 :] if row[0].startswith("`")}
    assert set(roles) == set(Role) - {Role.SYSTEM}
    assert set(written) == {permission.value for permission in Permission}
    for permission, cells in written.items():
        told = {role for role, cell in zip(roles, cells, strict=True) if cell == "yes"}
        assert told == {role for role in roles if permission in rights(role, frozenset())}, permission
