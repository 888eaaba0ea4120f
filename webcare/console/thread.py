"""The conversation as it stands in public, oldest first, with our replies that are still on their way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from webcare.cases.acting import ActionView
from webcare.cases.parts import is_made_up
from webcare.channels.base import GoneReason
from webcare.console import safe, words
from webcare.console.desk import now
from webcare.console.tongue import N_, _, counted, kept
from webcare.domain import DeliveryState, Media, MentionKind, ReplyWay
from webcare.store.queries import CaseView, DeliveryView, MentionView, VersionView

#: Deliveries that do not stand in the thread by themselves: SENT ones come back as posts of ours.
_HIDDEN = (DeliveryState.CANCELLED.value,)
_PRIVATELY = N_("only the customer can read this")
#: Attachments, as networks call them.
_MEDIA: Mapping[str, str] = {
    "photo": N_("photo"),
    "image": N_("image"),
    "video": N_("video"),
    "animated_gif": N_("moving image"),
    "audio": N_("sound"),
    "link": N_("link"),
}
#: A post that reached the desk so long after it was posted says so.
_LATE = timedelta(hours=1)
_GONE: Mapping[str, str] = {
    "": N_("deleted on the network"),
    GoneReason.DELETED.value: N_("deleted on the network"),
    GoneReason.PROTECTED.value: N_("no longer public: its writer shows posts to followers only"),
    GoneReason.SUSPENDED.value: N_("no longer there: the network closed its writer's account"),
    GoneReason.UNSEEN.value: N_("no longer visible to us"),
}


#: Longest start of a post that another one answers, in characters.
_QUOTED = 70

Done = Mapping[str, tuple[ActionView, ...]]
#: Parts of posts to mark, by mention: (start, end, class).
Marks = Mapping[int, Sequence[tuple[int, int, str]]]


@dataclass(frozen=True, slots=True)
class _Drawing:
    """What every post of the thread needs to be drawn."""

    view: CaseView
    done: Done
    marks: Marks
    moment: datetime
    posts: Mapping[str, MentionView]  #: by external id
    replies: Mapping[str, DeliveryView]  #: by external id


def show(view: CaseView, done: Done, marks: Marks) -> None:
    """Draw the thread as one element; `done` is what people did to its posts, by external id."""
    posted = {mention.external_id: mention for mention in view.mentions}
    replies = {one.external_id: one for one in reversed(view.deliveries) if one.external_id}
    drawing = _Drawing(view, done, marks, now(), posted, replies)
    before = [None, *(one.external_id for one in view.mentions)]
    pieces: list[tuple[datetime, safe.Html]] = [
        (one.posted_at, _post(one, drawing, last)) for one, last in zip(view.mentions, before, strict=False)
    ]
    pieces += [(one.created_at, _reply(one, view, drawing.moment)) for one in _not_in_thread(view, posted.keys())]
    ordered = [piece for _at, piece in sorted(pieces, key=lambda pair: pair[0])]
    if view.earlier_mentions:
        left_out = counted(
            "{count} earlier post stands on the network only.",
            "{count} earlier posts stand on the network only.",
            view.earlier_mentions,
        )
        ordered.insert(0, safe.el("p", left_out, cls="wc-soft"))
    box = safe.el("div", *ordered)
    safe.draw(safe.el("div", box, cls="wc-thread", tabindex="0", aria_label=_("Conversation"), role="log"))


def _not_in_thread(view: CaseView, posted: Set[str]) -> list[DeliveryView]:
    """Replies that do not stand among the posts; one given by hand does once a poller brought it."""
    ours = {_words_of(mention.text) for mention in view.mentions if mention.is_ours}
    return [
        one
        for one in view.deliveries
        if one.state not in _HIDDEN
        and (one.external_id or "") not in posted
        and not (is_made_up(one.external_id or "") and _words_of(one.text) in ours)
    ]


def _words_of(text: str) -> str:
    return " ".join(text.split())


def _post(mention: MentionView, drawing: _Drawing, last: str | None) -> safe.Html:
    """One post; `last` is the one before it, by external id: only what answers another one says so."""
    view = drawing.view
    delivery = drawing.replies.get(mention.external_id)
    gone = mention.deleted_at is not None
    notes = _notes(mention, delivery, drawing)
    side = "wc-ours" if mention.is_ours else "wc-theirs"
    side += " wc-aside" if _is_aside(mention, view) else ""
    text = delivery.text if delivery is not None and _is_retracted(delivery) else mention.text
    said = safe.marked(text, drawing.marks.get(mention.id, ()))
    return safe.el(
        "article",
        _header(mention, drawing),
        *_answered(mention, drawing, last),
        said if text or not gone else safe.el("div", _("Its words were removed.")),
        *_media(mention),
        *([safe.el("footer", " · ".join(notes))] if notes else []),
        *_versions(view.versions.get(mention.id, ()), mention, drawing.moment),
        cls=f"wc-post {side}{' wc-gone' if gone else ''}",
    )


def _header(mention: MentionView, drawing: _Drawing) -> safe.Html:
    view = drawing.view
    handle = f"@{mention.author_handle}" if mention.author_handle else ""
    when = words.clock_time(mention.posted_at, now=drawing.moment)
    return safe.el(
        "header",
        safe.el("strong", _writer(mention, view)),
        safe.name("" if mention.is_ours else handle),
        safe.el("time", when, datetime=mention.posted_at.isoformat()),
        *_language(mention, view),
        _there(mention.url, view.case.channel),
    )


def _writer(mention: MentionView, view: CaseView) -> safe.Html:
    who = mention.author_name or mention.author_handle or _("Somebody")
    return safe.name(view.account.name or who) if mention.is_ours else safe.name(who)


def _language(mention: MentionView, view: CaseView) -> list[safe.Html]:
    """The language of a post, by its own name, where it is not the case's."""
    triage = view.triage.get(mention.id)
    if mention.is_ours or triage is None or triage.language == view.case.language:
        return []
    return [safe.el("span", words.own_name(triage.language), cls="wc-chip wc-lang", lang=triage.language)]


def _answered(mention: MentionView, drawing: _Drawing, last: str | None) -> list[safe.Html]:
    """Which post this one answers, where that is not simply the one before it."""
    parent = drawing.posts.get(mention.parent_external_id or "")
    if parent is None or parent.external_id == last or parent is mention:
        return []
    start = safe.line(parent.text, limit=_QUOTED)
    said = safe.filled(
        _("in answer to {name}: {words}"), name=_writer(parent, drawing.view), words=safe.el("bdi", start)
    )
    return [safe.el("div", said, cls="wc-answers")]


def _notes(mention: MentionView, delivery: DeliveryView | None, drawing: _Drawing) -> list[str]:
    view = drawing.view
    notes = [_by_whom(delivery, view)] if mention.is_ours and delivery is not None else []
    notes += [_(_PRIVATELY)] if _is_aside(mention, view) else []
    gone = mention.deleted_at is not None and not _is_retracted(delivery)
    notes += [_(_GONE.get(mention.gone_reason, _GONE[""]))] if gone else []
    if late := _late_by(mention):
        notes.append(_("collected {time} after it was posted").format(time=words.duration(late)))
    done = drawing.done.get(mention.external_id, ())
    return notes + [words.action(one.action, one.state, one.agent_name, one.error) for one in done]


def _by_whom(delivery: DeliveryView, view: CaseView) -> str:
    who = safe.line(delivery.author_name, limit=60)
    if _is_retracted(delivery):
        return _("Retracted: {reason}").format(reason=safe.line(delivery.retract_reason))
    if delivery.survey:
        return _("Asked by Webcare, in words that {name} decided").format(name=who)
    if delivery.by_hand:
        network = words.word(words.CHANNELS, view.case.channel)
        return _("Answered on {network} by {name}, recorded here").format(network=network, name=who)
    return _("Posted by {name}").format(name=who)


def _is_retracted(delivery: DeliveryView | None) -> bool:
    return delivery is not None and delivery.retracted_at is not None


def _is_aside(mention: MentionView, view: CaseView) -> bool:
    """Whether an answer of ours was private although it stands in a public conversation."""
    private = MentionKind.DIRECT_MESSAGE.value
    return mention.is_ours and mention.kind == private and any(one.kind != private for one in view.mentions)


def _late_by(mention: MentionView) -> timedelta | None:
    """How late a customer's post reached the desk, where it is late enough to matter."""
    late = mention.collected_at - mention.posted_at
    return late if late >= _LATE and not mention.is_ours else None


def _media(mention: MentionView) -> list[safe.Html]:
    """Attachments by type and host. Nothing of them is loaded here; one opens in a page of its own."""
    links = [_attachment(one, at) for at, one in enumerate(mention.media, start=1)]
    return [safe.el("footer", *links, cls="wc-media")] if links else []


def _attachment(media: Media, number: int) -> safe.Html:
    kind = safe.line(media.kind, limit=30)
    name = f"{_(_MEDIA[kind]) if kind in _MEDIA else kind or _('attachment')} {number}"
    address = safe.web_address(media.url)
    if address is None:
        return safe.el("span", name)
    host = safe.el("small", urlsplit(address).hostname or "")
    return safe.el("a", name, " ", host, href=address, target="_blank", rel="noopener noreferrer")


def _versions(versions: Sequence[VersionView], mention: MentionView, moment: datetime) -> list[safe.Html]:
    """What the post said before it was edited, folded away."""
    if mention.edited_at is None or mention.deleted_at is not None:
        return []
    if not versions:
        return [safe.el("footer", _("edited; nobody saw what it said before"))]
    earlier = [
        safe.el(
            "div", _("until {time}").format(time=words.clock_time(one.replaced_at, now=moment)), safe.said(one.text)
        )
        for one in versions
    ]
    return [safe.el("details", safe.el("summary", _("edited")), *earlier, cls="wc-soft wc-versions")]


def _reply(delivery: DeliveryView, view: CaseView, moment: datetime) -> safe.Html:
    failed = delivery.state in (DeliveryState.FAILED.value, DeliveryState.NEEDS_HUMAN.value)
    header = safe.el(
        "header",
        safe.name(delivery.author_name),
        safe.el("time", words.clock_time(delivery.posted_at or delivery.created_at, now=moment)),
        _there(delivery.url, view.case.channel),
    )
    sent = delivery.state == DeliveryState.SENT
    state = words.delivery(delivery.state, delivery.error_code)
    if sent and delivery.by_hand:
        state = _by_whom(delivery, view)
    private = delivery.way == ReplyWay.PRIVATE.value
    why = f"{state}: {kept(delivery.error)}" if delivery.error else state
    why += f" · {_(_PRIVATELY)}" if private else ""
    look = " wc-failed" if failed else "" if sent else " wc-leaving"
    look += " wc-aside" if private else ""
    return safe.el("article", header, safe.said(delivery.text), safe.el("footer", why), cls=f"wc-post wc-ours{look}")


def _there(url: str, channel: str) -> safe.Html:
    address = safe.web_address(url)
    if address is None:
        return safe.Html("")
    there = _("on {network}").format(network=words.word(words.CHANNELS, channel))
    return safe.el("a", there, href=address, target="_blank", rel="noopener noreferrer")
