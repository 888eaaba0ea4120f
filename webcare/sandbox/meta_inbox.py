"""The conversations between people and pages, on Messenger and on Instagram, and when a page may write.

Nothing here knows HTTP; `graph_messages.py` turns this into the wire format.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import TYPE_CHECKING

from webcare.sandbox.timeline import Timeline
from webcare.sandbox.values import Conversation, MetaMessage, Network, Platform, SandboxError, User, clean

if TYPE_CHECKING:
    from webcare.sandbox.world import World

#: How long after a person's last message a page may write, and how long a human agent may.
WINDOW, HUMAN_WINDOW = timedelta(hours=24), timedelta(days=7)
#: How long after a comment its author may be written to, once.
PRIVATE_REPLY_WITHIN = timedelta(days=7)
NETWORK: dict[Platform, Network] = {"messenger": "facebook", "instagram": "instagram"}


def _word(text: str) -> str:
    return hashlib.sha256(f"webcare sandbox message {text}".encode()).hexdigest()


def _conversation_id(page_id: str, person_id: str, platform: Platform) -> str:
    word = _word(f"{platform} {page_id} {person_id}")
    return f"t_{int(word[:14], 16)}" if platform == "messenger" else f"aWdfZAG06{word[:40]}ZD"


class MetaInbox:
    """All conversations of all pages."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.restore([], [])

    def restore(self, conversations: Iterable[Conversation], messages: Iterable[MetaMessage]) -> None:
        """Start over with these."""
        self.conversations = {one.id: one for one in conversations}
        self.messages: dict[str, MetaMessage] = {}
        self._by_page: dict[tuple[str, Platform], Timeline] = defaultdict(Timeline)
        self._in: dict[str, Timeline] = defaultdict(Timeline)
        self._later: list[tuple[datetime, str]] = []  #: messages that do not show yet, the next one first
        self._shown: set[str] = set()  #: conversations that stand in a list
        for message in messages:
            self._add(message)

    # --- writing -------------------------------------------------------------------------------------

    def receive(
        self,
        text: str,
        *,
        author: User | str,
        platform: Platform = "messenger",
        page_id: str | None = None,
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "test",
    ) -> MetaMessage:
        """A message of a person to a page (the first page there is, unless named)."""
        with self.world.lock:
            person = author if isinstance(author, User) else self.world.user(NETWORK[platform], author)
            conversation = self.between(page_id or self.world.brands("facebook")[0].user_id, person.id, platform)
            made = self._make(conversation, person.id, text, at, visible_after, origin)
            conversation.heard_at = max(conversation.heard_at or made.posted_at, made.posted_at)
            conversation.unread += 1
            return made

    def send(
        self,
        text: str,
        *,
        to: Conversation,
        answers: str = "",
        tag: str = "",
        at: datetime | None = None,
        visible_after: float | None = None,
        origin: str = "test",
    ) -> MetaMessage:
        """A message of the page. Whether the page may write is not asked here."""
        with self.world.lock:
            made = self._make(to, self.brand_of(to), text, at, visible_after, origin)
            made.answers, made.tag, to.unread = answers, tag, 0
            return made

    def edit(self, message_id: str, text: str) -> MetaMessage:
        """Change the words of a message; its id stays."""
        with self.world.lock:
            message = self.need(message_id)
            message.text = clean(text)
            self.world.touch()
            return message

    def delete(self, message_id: str) -> None:
        """Take a message back."""
        with self.world.lock:
            message = self.need(message_id)
            message.deleted = True
            self._in[message.conversation_id].discard((message.posted_at, message.id))
            self.world.touch()

    def between(self, page_id: str, person_id: str, platform: Platform) -> Conversation:
        """The conversation of a page with a person, made on first use."""
        made_id = _conversation_id(page_id, person_id, platform)
        if made_id not in self.conversations:
            now = self.world.now()
            self.conversations[made_id] = Conversation(made_id, platform, page_id, person_id, now)
        return self.conversations[made_id]

    def _make(
        self,
        conversation: Conversation,
        author_id: str,
        text: str,
        at: datetime | None,
        visible_after: float | None,
        origin: str,
    ) -> MetaMessage:
        posted, visible = at or self.world.now(), self.world.visible_at(at, visible_after)
        word = _word(f"{conversation.id} {len(self.messages)} {posted.isoformat()}")
        message_id = f"m_{word}" if conversation.platform == "messenger" else f"aWdfZAG1faXRlbTox{word}"
        made = MetaMessage(message_id, conversation.id, author_id, clean(text), posted, visible, origin=origin)
        return self._add(made)

    def _add(self, message: MetaMessage) -> MetaMessage:
        self.messages[message.id] = message
        if not message.deleted:
            self._in[message.conversation_id].add((message.posted_at, message.id))
        heappush(self._later, (message.visible_at, message.id))
        self.world.touch()
        return message

    # --- reading -------------------------------------------------------------------------------------

    def need(self, message_id: str) -> MetaMessage:
        """The message with this id, deleted or not. Raises SandboxError."""
        if message_id not in self.messages:
            raise SandboxError(f"there is no message {message_id}")
        return self.messages[message_id]

    def brand_of(self, conversation: Conversation) -> str:
        """The id the page writes under: its own, or that of its Instagram account."""
        if conversation.platform == "messenger":
            return conversation.page_id
        account = self.world.instagram_of(conversation.page_id)
        if account is None:
            raise SandboxError(f"the page {conversation.page_id} has no Instagram account")
        return account.user_id

    def with_person(self, page_id: str, person_id: str) -> Iterator[Conversation]:
        """The conversations of a page with the person who has this id, on either platform."""
        for platform in NETWORK:
            found = self.conversations.get(_conversation_id(page_id, person_id, platform))
            if found is not None:
                yield found

    def person(self, conversation: Conversation) -> User:
        """Who writes with the page."""
        return self.world.users[(NETWORK[conversation.platform], conversation.person_id)]

    def of_page(self, page_id: str, platform: Platform) -> Timeline:
        """The conversations of a page by the time of their newest message that shows."""
        self._settle()
        return self._by_page[page_id, platform]

    def inside(self, conversation: Conversation) -> Timeline:
        """The messages of a conversation."""
        return self._in[conversation.id]

    def listed(self, message_id: str) -> MetaMessage | None:
        """The message if lists show it now."""
        message = self.messages.get(message_id)
        return None if message is None or message.deleted or message.visible_at > self.world.now() else message

    def _settle(self) -> None:
        """Move up the conversations whose messages have begun to show."""
        now = self.world.now()
        while self._later and self._later[0][0] <= now:
            message = self.messages[heappop(self._later)[1]]
            conversation = self.conversations[message.conversation_id]
            line = self._by_page[conversation.page_id, conversation.platform]
            if conversation.id in self._shown:
                line.discard((conversation.updated_at, conversation.id))
                conversation.updated_at = max(conversation.updated_at, message.posted_at)
            else:
                conversation.updated_at = message.posted_at
            self._shown.add(conversation.id)
            line.add((conversation.updated_at, conversation.id))

    # --- what Meta allows ----------------------------------------------------------------------------

    def may_write(self, conversation: Conversation, *, as_human: bool = False) -> bool:
        """Whether the page may write now: within 24 hours of the person's last message, a human within 7 days."""
        heard = conversation.heard_at
        return heard is not None and self.world.now() - heard <= (HUMAN_WINDOW if as_human else WINDOW)
