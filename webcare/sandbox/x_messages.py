"""The direct messages on X: who wrote what to whom, and who may write to whom.

Nothing here knows HTTP; `x_dm.py` turns this into the wire format.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from webcare.sandbox import x_text
from webcare.sandbox.values import SandboxError, User, XMessage, clean, snowflake

if TYPE_CHECKING:
    from webcare.sandbox.world import World

#: How far back the API shows messages.
REACHES = timedelta(days=30)
MAX_LENGTH = 10_000


def pair(one: str, other: str) -> str:
    """The id of the conversation between two people: both ids, the lower number first."""
    low, high = sorted((one, other), key=int)
    return f"{low}-{high}"


class XMessages:
    """All direct messages, with the lists the API reads."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.restore([])

    def restore(self, messages: Iterable[XMessage]) -> None:
        """Start over with these messages."""
        self.all: dict[int, XMessage] = {}
        self.by_person: dict[str, list[int]] = defaultdict(list)
        self.by_conversation: dict[str, list[int]] = defaultdict(list)
        self._written: set[tuple[str, str]] = set()
        for message in messages:
            self._index(message)

    # --- writing -------------------------------------------------------------------------------------

    def send(
        self,
        text: str,
        *,
        sender: User | str,
        to: User | str,
        at: datetime | None = None,
        visible_after: float | None = None,
        post: int | str | None = None,
        origin: str = "test",
    ) -> XMessage:
        """One message between two people; `post` is one it shows. Raises SandboxError if the post is not there."""
        with self.world.lock:
            writer, reader = self._person(sender), self._person(to)
            if writer.id == reader.id:
                raise SandboxError("nobody writes to themselves here")
            shown = (self.world.x.need(post).id,) if post is not None else ()
            return self._make(text, writer, (writer.id, reader.id), at, visible_after, shown, origin)

    def start_group(self, text: str, *, sender: User, others: Sequence[User]) -> XMessage:
        """The first message of a conversation of several."""
        with self.world.lock:
            people = (sender.id, *(other.id for other in others))
            return self._make(text, sender, people, None, None, (), "api", conversation=str(self._free_id(None)))

    def answer(self, text: str, *, sender: User, conversation: str, visible_after: float | None = None) -> XMessage:
        """One more message in a conversation that has some."""
        with self.world.lock:
            known = self.all[self.by_conversation[conversation][-1]]
            return self._make(text, sender, known.participants, None, visible_after, (), "api", conversation)

    def delete(self, message_id: int | str) -> None:
        """Take a message away."""
        with self.world.lock:
            found = self.all.get(int(message_id)) if str(message_id).isdecimal() else None
            if found is None:
                raise SandboxError(f"there is no message {message_id} on X")
            found.deleted = True
            self.world.touch()

    def _person(self, who: User | str) -> User:
        return who if isinstance(who, User) else self.world.user("x", who)

    def _make(
        self,
        text: str,
        writer: User,
        people: tuple[str, ...],
        at: datetime | None,
        visible_after: float | None,
        shown: tuple[int, ...],
        origin: str,
        conversation: str = "",
    ) -> XMessage:
        number = self._free_id(at)
        written, links = x_text.shorten(clean(text), salt=str(number))
        message = XMessage(
            id=number,
            conversation_id=conversation or pair(*people[:2]),
            sender_id=writer.id,
            participants=people,
            text=x_text.escaped(written),
            written=clean(text),
            sent_at=at or self.world.now(),
            visible_at=self.world.visible_at(at, visible_after, "x"),
            links=links,
            posts=shown,
            origin=origin,
        )
        self._index(message)
        self.world.touch()
        return message

    def _free_id(self, at: datetime | None) -> int:
        number = snowflake(at or self.world.now())
        while number in self.all:
            number += 1
        return number

    def _index(self, message: XMessage) -> None:
        self.all[message.id] = message
        insort(self.by_conversation[message.conversation_id], message.id)
        for person in message.participants:
            insort(self.by_person[person], message.id)
            self._written.add((message.sender_id, person))

    # --- reading -------------------------------------------------------------------------------------

    def newest(self, ids: Sequence[int], *, before: int | None = None) -> Iterator[XMessage]:
        """The listed messages that can be read now, newest first; `before` is exclusive."""
        now = self.world.now()
        oldest = snowflake(now - REACHES)
        start = len(ids) if before is None else bisect_left(ids, before)
        for index in range(start - 1, -1, -1):
            message = self.all[ids[index]]
            if message.id < oldest:
                return
            if not message.deleted and message.visible_at <= now:
                yield message

    def with_person(self, one: str, other: str) -> list[int]:
        """Ids of the messages two people wrote to each other, ascending."""
        return self.by_conversation.get(pair(one, other), [])

    def may_write(self, sender: User, to: User) -> bool:
        """Whether `to` gets messages of `sender`: who is open to everybody, or wrote to the sender before."""
        if to.suspended or sender.suspended:
            return False
        return to.takes_messages or self.world.is_brand("x", to.id) or (to.id, sender.id) in self._written
