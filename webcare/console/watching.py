"""Parts of a page that are drawn again when what they show has changed, and not before.

Beside such a part stands a small component with a question and a mark of what was drawn. Every few seconds it asks
`GET /desk/news` for the mark as it is now, which is answered by the functions named here with `answers`, far from any
run of the page; only another mark than its own makes it run the part. A mark tells that something differs, never what:
no word of a customer is in it.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeVar

from webcare.console.components import mount
from webcare.console.desk import desk
from webcare.domain import Actor
from webcare.errors import StoreUnavailable
from webcare.people import Permission, require

#: Gives the mark of what one person sees of one thing: `answer(me, argument, moment)`. Runs in threads of the server.
Answer = Callable[[Actor, str, datetime], str]
#: The mark of anything while the database does not answer; a part that says so is drawn again when it does.
TROUBLE = StoreUnavailable.__name__

_answers: dict[str, Answer] = {}
_shared: dict[str, tuple[float, object, Any]] = {}
T = TypeVar("T")


def answers(kind: str) -> Callable[[Answer], Answer]:
    """Let a function answer the questions of one kind: "case 12" is of the kind "case", with the argument "12"."""

    def keep(answer: Answer) -> Answer:
        _answers[kind] = answer
        return answer

    return keep


def mark_of(me: Actor, question: str, moment: datetime) -> str:
    """The mark of what this person would see now; "" for a question nobody here knows, so that it is asked anew.

    Raises NotAllowed for whoever may not see cases, and whatever the reading raises.
    """
    require(me, Permission.SEE_CASES)
    kind, _space, argument = question.partition(" ")
    answer = _answers.get(kind)
    return answer(me, argument, moment) if answer is not None else ""


def digest(*shown: object) -> str:
    """A mark that differs when anything of this does."""
    return hashlib.blake2b(repr(shown).encode(), digest_size=9).hexdigest()


def watch(question: str, mark: str, *, every_s: float, hidden_s: float = 0.0, at_most_s: float = 0.0) -> None:
    """Run the part of the page this stands in when the mark is another one.

    Asked every `every_s` seconds, while the page is hidden every `hidden_s` (0 = not at all); `at_most_s` runs the part
    after so long even when nothing changed, for words that grow old by themselves (0 = never).
    """
    mount.watch()(
        key=f"watch_{question.partition(' ')[0]}",
        data={"question": question, "mark": mark, "every_s": every_s, "hidden_s": hidden_s, "at_most_s": at_most_s},
        on_changed_change=lambda: None,
    )


def read_or_watch(question: str, every_s: float, read: Callable[[], T]) -> T:
    """What `read` gives; when the database does not answer, the part is drawn again once it does."""
    try:
        return read()
    except StoreUnavailable:
        watch(question, TROUBLE, every_s=every_s)
        raise


def forget(name: str) -> None:
    """What is shared under this name is read anew."""
    _shared.pop(name, None)


def shared(name: str, seconds: float, read: Callable[[], T]) -> T:
    """What `read` gave anybody at most so many seconds ago: what is the same for all is read once for all."""
    until, store, value = _shared.get(name, (0.0, None, None))
    if store is desk().store and time.monotonic() < until:
        known: T = value
        return known
    found = read()
    for old in [other for other, kept in _shared.items() if kept[0] < time.monotonic() - 60]:
        _shared.pop(old, None)
    _shared[name] = (time.monotonic() + seconds, desk().store, found)
    return found
