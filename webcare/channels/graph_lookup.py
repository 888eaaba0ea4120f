"""Looking many Graph objects up again by their ids: how they stand now, and which of them are gone.

Graph says "does not exist" also of what a token may not see, so nothing counts as gone before the account has shown
that it still may read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from webcare.channels.graph_refusals import says_bad_field
from webcare.channels.graph_transport import GraphTransport, step
from webcare.errors import AccountDisconnected, ChannelError, ChannelThrottled, TargetGone

#: Most requests Graph takes in one batch.
AT_ONCE = 50


@dataclass(slots=True)
class Lookup:
    """What a look-up found, by id. What is in neither could not be looked up."""

    graph: GraphTransport
    found: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)

    def ask(self, ids: Sequence[str], fields: Sequence[str]) -> None:
        """Look these up; `fields` are the sets of fields to try, the likeliest first. Raises ChannelError."""
        for names in fields:
            odd: list[str] = []
            for start in range(0, len(ids), AT_ONCE):
                odd += self._ask(ids[start : start + AT_ONCE], names)
            ids = odd

    def confirm(self, may_read: Callable[[], object]) -> None:
        """Make sure that what is gone is not merely out of our sight; `may_read` raises ChannelError if it is."""
        if self.gone:
            may_read()

    def _ask(self, ids: Sequence[str], names: str) -> list[str]:
        """Look these up with one set of fields; gives those that have other ones. Raises ChannelError."""
        answers = self.graph.batch([f"{step(id_)}?fields={names}" for id_ in ids])
        odd, failed = [], list[ChannelError]()
        for id_, answer in zip(ids, answers, strict=True):
            if isinstance(answer, TargetGone):
                self.gone.add(id_)
            elif isinstance(answer, ChannelError):
                odd += [id_] if says_bad_field(answer) else []
                failed += [] if says_bad_field(answer) else [answer]
            elif str(answer.get("id")) == id_:
                self.found[id_] = answer
        serious = [one for one in failed if isinstance(one, (AccountDisconnected, ChannelThrottled))]
        if serious or (failed and len(failed) == len(ids)):
            raise (serious or failed)[0]
        return odd
