"""Lists of the Graph API: how they are asked for, which part of them is shown, and how the next part is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from webcare.sandbox.graph_errors import REDUCE, GraphError
from webcare.sandbox.graph_fields import Field
from webcare.sandbox.paging import TokenError, read_text_token, token_for
from webcare.sandbox.timeline import FIRST, LAST, Key, Timeline, just_behind

HOST = "https://graph.facebook.com"
#: How far `since` and `until` of a page's lists may lie apart.
LONGEST_SPAN = timedelta(days=184)
Node = TypeVar("Node")


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list is asked for: page size, cursors, time span, order."""

    limit: int = 25
    after: str | None = None
    before: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool | None = None
    stream: bool = False
    summary: bool = False


def listing(params: Mapping[str, str]) -> Listing:
    """Read the parameters of a list, from the query or from modifiers. Raises GraphError."""
    limit = params.get("limit", "25")
    if not limit.isdecimal():
        raise GraphError(100, "(#100) Param limit must be an integer greater than or equal to 0")
    order = params.get("order")
    if order not in (None, "chronological", "reverse_chronological", "ranked"):
        raise GraphError(100, "(#100) Param order must be one of {CHRONOLOGICAL, REVERSE_CHRONOLOGICAL}")
    if params.get("filter", "toplevel") not in ("toplevel", "stream"):
        raise GraphError(100, "(#100) Param filter must be one of {TOPLEVEL, STREAM}")
    return Listing(
        limit=int(limit),
        after=params.get("after"),
        before=params.get("before"),
        since=_moment("since", params.get("since")),
        until=_moment("until", params.get("until")),
        newest_first=None if order is None else order == "reverse_chronological",
        stream=params.get("filter") == "stream",
        summary=params.get("summary", "").lower() in ("true", "1", "total_count"),
    )


def _moment(name: str, text: str | None) -> datetime | None:
    if text is None or text == "":
        return None
    try:
        if text.isdecimal():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError) as error:
        raise GraphError(100, f"(#100) Param {name} must be a valid UNIX timestamp or date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_span(asked: Listing) -> None:
    """Raises GraphError if `since` and `until` lie further apart than half a year."""
    if asked.since and asked.until and asked.until - asked.since > LONGEST_SPAN:
        raise GraphError(100, "(#100) The time between since and until must not be longer than six months")


def graph_time(moment: datetime) -> str:
    """A time as Meta writes it."""
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "+0000")


# --- which part of a list ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part(Generic[Node]):
    """One page of a list, in the order shown, whether the list goes on before and after it, and where it was cut."""

    found: list[tuple[Key, Node]]
    before: bool
    after: bool
    cut: str = ""


def part_of(
    line: Timeline, asked: Listing, show: Callable[[str], Node | None], *, newest_first: bool = True
) -> Part[Node]:
    """The page that is asked for; `show` gives what stands behind an id, or None if it is not to be seen."""
    low = (asked.since, "") if asked.since else FIRST
    high = (asked.until, LAST[1]) if asked.until else LAST
    backwards = asked.before is not None
    cursor = asked.before if backwards else asked.after
    ahead, behind = (low, high), None
    if cursor is not None:
        upper_is_ahead = newest_first == backwards
        border = _read_cursor(cursor)
        border = min(max(just_behind(border) if upper_is_ahead else border, low), high)
        ahead, behind = ((border, high), (low, border)) if upper_is_ahead else ((low, border), (border, high))
    towards_older = newest_first != backwards
    found = list(islice(_seen(line.walk(*ahead, newest_first=towards_older), show), asked.limit + 1))
    further = len(found) > asked.limit
    del found[asked.limit :]
    other = behind is not None and _any(_seen(line.walk(*behind, newest_first=not towards_older), show))
    cut = cursor or _cursor(LAST if newest_first else FIRST)
    if backwards:
        return Part(found[::-1], before=further, after=other, cut=cut)
    return Part(found, before=other, after=further, cut=cut)


def _seen(keys: Iterable[Key], show: Callable[[str], Node | None]) -> Iterator[tuple[Key, Node]]:
    for key in keys:
        node = show(key[1])
        if node is not None:
            yield key, node


def _any(found: Iterator[Any]) -> bool:
    return next(found, None) is not None


def _read_cursor(cursor: str) -> Key:
    try:
        moment, node_id = read_text_token(cursor)
        return datetime.fromisoformat(moment), node_id
    except (TokenError, ValueError) as error:
        raise GraphError(100, "(#100) Invalid cursors values passed in paging params") from error


# --- how it is written ---------------------------------------------------------------------------------


class Lister:
    """Writes the lists of one answer, and counts what they hold."""

    def __init__(self, version: str, token: str, most: float) -> None:
        self._version = version
        self._token = token
        self._left = most

    def written(
        self,
        part: Part[Node],
        asked: Listing,
        fields: Sequence[Field],
        *,
        path: str,
        write: Callable[[Node], dict[str, Any]],
        **more: str,
    ) -> dict[str, Any]:
        """A page of a list with cursors and, where more follows, the whole address of the next page."""
        self._left -= len(part.found)
        if self._left < 0:
            raise GraphError(1, REDUCE, status=500)
        data = [write(node) for _, node in part.found]
        if not part.found and not part.after:
            return {"data": data}
        # a page cut down to nothing stays where it was
        before, after = part.cut, part.cut
        if part.found:
            before, after = _cursor(part.found[0][0]), _cursor(part.found[-1][0])
        paging: dict[str, Any] = {"cursors": {"before": before, "after": after}}
        if part.after:
            paging["next"] = self._address(path, asked, fields, {**more, "after": after})
        if part.before:
            paging["previous"] = self._address(path, asked, fields, {**more, "before": before})
        return {"data": data, "paging": paging}

    def _address(self, path: str, asked: Listing, fields: Sequence[Field], more: dict[str, str]) -> str:
        query = {"access_token": self._token, "pretty": "0", "limit": str(asked.limit)}
        if fields:
            query["fields"] = ",".join(_asked_again(one) for one in fields)
        if asked.stream:
            query["filter"] = "stream"
        if asked.newest_first is not None:
            query["order"] = "reverse_chronological" if asked.newest_first else "chronological"
        for name, moment in (("since", asked.since), ("until", asked.until)):
            if moment is not None:
                query[name] = str(int(moment.timestamp()))
        return f"{HOST}/{self._version}/{path}?{urlencode({**query, **more})}"


def _asked_again(asked: Field) -> str:
    modifiers = "".join(f".{name}({value})" for name, value in asked.modifiers.items())
    inner = "{" + ",".join(_asked_again(one) for one in asked.inner) + "}" if asked.inner else ""
    return asked.name + modifiers + inner


def _cursor(key: Key) -> str:
    return token_for(key[0].isoformat(), key[1])
