"""The answer as it will stand on its network: whose name is on it, whom it names, how links look, in which parts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from webcare.channels import channel_class
from webcare.console import menus, safe
from webcare.console.asking import Way
from webcare.console.tongue import N_, _, counted
from webcare.guard.parts import cut

_LINK = re.compile(r"https?://\S+[^\s.,;:!?)\]}'\"]", re.IGNORECASE)
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)
_NAMES = re.compile(r"(?<![\w/@])@(\w+(?:@[\w.-]+\w)?)")
#: What a network shows of a link's text, in characters, before it cuts it off.
_SHOWN = {"x": 26, "mastodon": 30, "bluesky": 30}
#: What a network counts for a link, whatever its length.
_COUNTS = {"x": 23, "mastodon": 23}
#: Networks that put the customer's name in front of the text themselves, or have us do it.
_IN_FRONT = frozenset({"mastodon"})
#: What a network says above an answer.
_ABOVE = {"x": N_("Replying to {name}"), "bluesky": N_("Reply to {name}")}


@dataclass(frozen=True, slots=True)
class Face:
    """Who the answer is from and for, as the network writes them."""

    channel: str
    network: str
    account: str
    handle: str
    customer: str
    customer_handle: str


def show(case_id: int, face: Face, way: Way, text: str) -> None:
    """Draw the folded preview of `text`."""
    with menus.folded(
        _("Preview: as it will stand on {network}").format(network=safe.label(face.network)),
        key=f"preview_{case_id}",
    ) as is_made:
        if is_made:
            safe.draw(*_posts(face, way, text))


def parts(channel: str, way: Way, text: str) -> tuple[tuple[int, int], ...]:
    """Where the posts begin and end that a long answer becomes; empty when it is one, or cannot be cut."""
    network = channel_class(channel)

    def length(part: str) -> tuple[int, int]:
        counted_ = network.length(part, way.way)
        return counted_.used, counted_.limit

    most = 1 if way.is_private else network.capabilities.parts
    return cut(text, length, most) if most > 1 and text else ()


def count(channel: str, text: str, way: Way) -> safe.Html:
    """How long the text is by the network's own rule."""
    length = channel_class(channel).length(text, way.way)
    over = length.used > length.limit
    if over and way.allowed and (several := len(parts(channel, way, text))) > 1:
        told = _("{used} characters in {parts} posts").format(used=length.used, parts=several)
        return safe.el("span", told, cls="wc-count")
    told = _("{used} of {limit} characters").format(used=length.used, limit=length.limit)
    if over:
        told = _("{used} of {limit} characters, {over} too many").format(
            used=length.used, limit=length.limit, over=length.used - length.limit
        )
    return safe.el("span", told, cls="wc-count wc-over" if over else "wc-count")


def _posts(face: Face, way: Way, text: str) -> Iterator[safe.Html]:
    if not text:
        yield safe.el("p", _("Nothing is written yet."), cls="wc-soft")
        return
    spans = parts(face.channel, way, text)
    pieces = [text[start:end] for start, end in spans] or [text]
    for number, piece in enumerate(pieces):
        yield _post(face, way, piece, first=number == 0)
    if _COUNTS.get(face.channel) and not way.is_private and (links := len(_LINK.findall(text))):
        told = _links(links, _COUNTS[face.channel])
        yield safe.el("p", told, cls="wc-soft")


def _links(links: int, each: int) -> str:
    said = counted("{count} link counts as", "{count} links count as", links)
    return _("{links} {each} characters each, however long.").format(links=said, each=each)


def _post(face: Face, way: Way, text: str, *, first: bool) -> safe.Html:
    handle = f"@{face.handle}" if face.handle else ""
    header = safe.el(
        "header", safe.el("strong", safe.name(face.account)), safe.el("span", safe.name(handle)), "·", _("now")
    )
    above = [] if way.is_private else list(_above(face, first=first))
    private = [safe.el("small", _("Only the customer can read this"))] if way.is_private else []
    body = safe.el("div", *_body(face, way, text, first=first), cls="wc-said", dir="auto")
    return safe.el("article", header, *above, *private, body, cls=f"wc-preview wc-preview-{face.channel}")


def _above(face: Face, *, first: bool) -> Iterator[safe.Html]:
    template = _ABOVE.get(face.channel)
    if template is None:
        return
    # Further parts answer the part before, which is ours.
    who = (face.customer_handle or face.customer) if first else (face.handle or face.account)
    at = "@" if who in (face.customer_handle, face.handle) else ""
    yield safe.el("small", _(template).format(name=safe.line(f"{at}{who}", limit=80)))


def _body(face: Face, way: Way, text: str, *, first: bool) -> Iterator[str]:
    handle = face.customer_handle
    if face.channel in _IN_FRONT and first and handle:
        named = {name.lower() for name in _NAMES.findall(text)}
        if handle.lower() not in named:
            yield from (safe.el("b", f"@{handle}"), " ")
    place = 0
    for link in _LINK.finditer(text):
        yield text[place : link.start()]
        yield safe.el("b", _link(face.channel, link.group()))
        place = link.end()
    yield text[place:]


def _link(channel: str, address: str) -> str:
    limit = _SHOWN.get(channel)
    if limit is None:
        return address
    bare = _SCHEME.sub("", address)
    return bare if len(bare) <= limit else f"{bare[:limit]}…"
