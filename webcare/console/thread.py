"""The conversation as it stands in public, oldest first, with our replies that are still on their way."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from webcare.console import safe, words
from webcare.console.desk import now
from webcare.domain import DeliveryState
from webcare.store.queries import CaseView, DeliveryView, MentionView

#: Deliveries that do not stand in the thread by themselves: SENT ones come back as posts of ours.
_HIDDEN = (DeliveryState.CANCELLED.value,)


def show(view: CaseView) -> None:
    """Draw the thread as one element."""
    moment = now()
    posted = {mention.external_id for mention in view.mentions}
    pieces: list[tuple[datetime, safe.Html]] = [(one.posted_at, _post(one, view, moment)) for one in view.mentions]
    pieces += [(one.created_at, _reply(one, moment)) for one in _not_in_thread(view.deliveries, posted)]
    ordered = [piece for _, piece in sorted(pieces, key=lambda pair: pair[0])]
    if view.earlier_mentions:
        left_out = words.plural(view.earlier_mentions, "earlier post stands", "earlier posts stand")
        ordered.insert(0, safe.el("p", f"{left_out} on the network only.", cls="wc-soft"))
    safe.draw(
        safe.el("div", safe.el("div", *ordered), cls="wc-thread", tabindex="0", aria_label="Conversation", role="log")
    )


def _not_in_thread(deliveries: Iterable[DeliveryView], posted: set[str]) -> list[DeliveryView]:
    return [one for one in deliveries if one.state not in _HIDDEN and (one.external_id or "") not in posted]


def _post(mention: MentionView, view: CaseView, moment: datetime) -> safe.Html:
    who = mention.author_name or mention.author_handle or "Somebody"
    handle = f"@{mention.author_handle}" if mention.author_handle else ""
    header = safe.el(
        "header",
        safe.el("strong", safe.name(view.account.name or who) if mention.is_ours else safe.name(who)),
        safe.name("" if mention.is_ours else handle),
        safe.el("time", words.clock_time(mention.posted_at, now=moment), datetime=mention.posted_at.isoformat()),
        _there(mention.url, view.case.channel),
    )
    gone = mention.deleted_at is not None
    writer = next((one.author_name for one in view.deliveries if one.external_id == mention.external_id), "")
    notes = [f"Posted by {safe.line(writer, limit=60)}"] if mention.is_ours and writer else []
    notes += ["deleted on the network"] if gone else []
    notes += [words.plural(len(mention.media), "attachment")] if mention.media else []
    footer = [safe.el("footer", " · ".join(notes))] if notes else []
    side = "wc-ours" if mention.is_ours else "wc-theirs"
    return safe.el(
        "article", header, safe.said(mention.text), *footer, cls=f"wc-post {side}{' wc-gone' if gone else ''}"
    )


def _reply(delivery: DeliveryView, moment: datetime) -> safe.Html:
    failed = delivery.state in (DeliveryState.FAILED.value, DeliveryState.NEEDS_HUMAN.value)
    header = safe.el(
        "header",
        safe.name(delivery.author_name),
        safe.el("time", words.clock_time(delivery.posted_at or delivery.created_at, now=moment)),
    )
    state = words.word(words.DELIVERIES, delivery.state)
    why = f"{state}: {delivery.error}" if delivery.error else state
    look = " wc-failed" if failed else "" if delivery.state == DeliveryState.SENT else " wc-leaving"
    return safe.el("article", header, safe.said(delivery.text), safe.el("footer", why), cls=f"wc-post wc-ours{look}")


def _there(url: str, channel: str) -> safe.Html:
    address = safe.web_address(url)
    if address is None:
        return safe.Html("")
    words_ = f"on {words.word(words.CHANNELS, channel)}"
    return safe.el("a", words_, href=address, target="_blank", rel="noopener noreferrer")
