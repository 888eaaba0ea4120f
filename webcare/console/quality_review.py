"""Tab of quality: the replies that wait for this reviewer, and one of them with all there is to judge it by."""

from __future__ import annotations

from datetime import datetime, timedelta

import streamlit as st
from sqlmodel import Session

from webcare import cases
from webcare.console import quality_coaching, safe, thread, waiting, words
from webcare.console.acting import act, change, draw_everything_if_asked
from webcare.console.chrome import me_or_stop
from webcare.console.desk import desk, now
from webcare.console.quality_parts import PLACE, number, zone
from webcare.console.tongue import N_, _, counted, kept
from webcare.console.trouble import say, show_news
from webcare.domain import Actor, ReplyWay
from webcare.quality import reviewing, sampling
from webcare.quality.reviewing import DRAFT, Review, ReviewItem
from webcare.quality.scorecards import Question
from webcare.store.queries import case_view

_CHOSEN, _WEEK = "quality_chosen", "quality_week"
_NOT_ASKED = "na"
WHY = {
    sampling.RANDOM: N_("drawn at random"),
    sampling.OVERRIDE: N_("sent in spite of the guard"),
    sampling.SLIP: N_("reported as a slip"),
}
_DECISIONS = {"pass": N_("The guard let it pass"), "warn": N_("The guard warned"), "block": N_("The guard held it")}
_LOOKS = {sampling.RANDOM: "", sampling.OVERRIDE: " wc-chip-orange", sampling.SLIP: " wc-chip-red"}


def show(me: Actor) -> None:
    """Draw the button for a new sample, the list and the reply to review."""
    _drawing()
    with desk().store.read() as session:
        to_review = reviewing.my_reviews(session, by=me)
    if not to_review:
        told = _("Nothing waits for your review.")
        why = _("Draw the sample of a week; every reviewer gets their part of it.")
        safe.draw(safe.nothing_here(told, why))
        return
    left, right = st.columns([1, 2.4], gap="medium")
    with left:
        chosen = _choose(to_review)
    with right, desk().store.read() as session:
        review = reviewing.read_review(session, chosen, by=me)
        view = case_view(session, review.item.case_id)
        done = cases.actions_of(session, review.item.case_id)
    with right:
        _head(review)
        thread.show(view, done, {})
        _as_sent(review)
        st.fragment(_card)(review.item.id)
        quality_coaching.write_about(review)


def _drawing() -> None:
    today = now()
    weeks = [sampling.week_of(today - timedelta(weeks=back), zone()) for back in range(1, 5)]
    weeks.insert(1, sampling.week_of(today, zone()))
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.selectbox(
            _("Week"), weeks, key=_WEEK, width=190,
            format_func=lambda week: _("{week}, so far").format(week=week) if week == weeks[1] else week,
        )  # fmt: skip
        st.button(_("Draw the sample"), key="quality_draw", icon=":material/casino:", on_click=_draw)


def _draw() -> None:
    week = st.session_state[_WEEK]
    made: list[sampling.Draw] = []

    def draw(session: Session, me: Actor, moment: datetime) -> None:
        made.append(sampling.draw(session, week, zone=zone(), by=me, now=moment))

    if change(PLACE, draw):
        found = made[0]
        told = counted("{count} reply drawn.", "{count} replies drawn.", found.replies)
        if found.nobody:
            told += " " + counted(
                "{count} has no reviewer who did not write or approve it.",
                "{count} have no reviewer who did not write or approve them.",
                found.nobody,
            )
        say(PLACE, "good", told)


def _choose(found: tuple[ReviewItem, ...]) -> int:
    ids = [one.id for one in found]
    if st.session_state.get(_CHOSEN) not in ids:
        st.session_state[_CHOSEN] = ids[0]
    lines = {one.id: _line(one) for one in found}
    with st.container(key="wc_approvals"):
        st.radio(
            counted("{count} reply waits", "{count} replies wait", len(ids)), ids, format_func=lines.__getitem__,
            key=_CHOSEN, captions=[_caption(one) for one in found], width="stretch",
        )  # fmt: skip
    return int(st.session_state[_CHOSEN])


def _line(one: ReviewItem) -> str:
    return f"{safe.label(one.author)} · {safe.label(words.word(words.CHANNELS, one.channel))}"


def _caption(one: ReviewItem) -> str:
    parts = [words.clock_time(one.posted_at, now=now()), words.word(WHY, one.why)]
    parts += [_("begun")] if one.state == DRAFT else []
    parts += [_("several review it")] if one.calibration else []
    # A colon in a caption would be taken for a directive.
    return safe.line(" · ".join(parts), limit=120).replace(":", "\\:")


def _head(review: Review) -> None:
    item = review.item
    network = words.word(words.CHANNELS, item.channel)
    where = _("only the customer reads it") if review.way == ReplyWay.PRIVATE.value else _("in public")
    chips = [safe.el("span", words.word(WHY, item.why), cls=f"wc-chip{_LOOKS.get(item.why, '')}")]
    chips += [safe.el("span", _("several review it"), cls="wc-chip wc-chip-violet")] if item.calibration else []
    safe.draw(
        safe.el(
            "div",
            safe.el("span", network[:1].replace("F", "f"), cls=f"wc-net wc-net-{item.channel}", title=network),
            safe.el("h2", safe.filled(_("Reply by {name}"), name=safe.name(item.author))),
            *chips,
            safe.el("span", f"{words.clock_time(item.posted_at, now=now())}, {where}", cls="wc-soft"),
            safe.el("a", _("Open the case"), href=f"/case?case={item.case_id}", target="_self"),
            cls="wc-head",
        )
    )


def _as_sent(review: Review) -> None:
    """The reply as it was sent, and what the guard said of it then."""
    parts = [safe.el("strong", _("The reply as it was sent")), safe.said(review.text)]
    if review.retracted_at is not None:
        parts.append(safe.el("p", _("It was taken off the network later."), cls="wc-waits"))
    safe.draw(safe.el("div", *parts, cls="wc-as-sent"), _guard(review))


def _guard(review: Review) -> safe.Html:
    if review.by_hand and not review.findings:
        told = _("Posted on the network itself; the guard did not read it.")
    else:
        told = words.word(_DECISIONS, review.decision) if review.decision else _("What the guard said is not kept.")
    lines = [
        safe.el("li", f"{words.word(words.CHECKS, check)}: ", kept(said)) for check, _level, said in review.findings
    ]
    lines += [
        safe.el("li", safe.el("strong", _("Sent in spite of: ")), words.word(words.CHECKS, one.check),
                *([" ", safe.el("q", one.words)] if one.words else []))
        for one in review.overridden
    ]  # fmt: skip
    lines += [safe.el("li", safe.el("strong", _("Reported as a slip: ")), safe.el("q", why)) for why in review.slips]
    return safe.el("div", safe.el("span", told), safe.el("ul", *lines), cls="wc-hints wc-verdict")


# --- the scorecard ------------------------------------------------------------------------------------------


def _card(review_id: int) -> None:
    """The questions; each mark is kept as it is given."""
    draw_everything_if_asked()
    with desk().store.read() as session:
        review = reviewing.read_review(session, review_id, by=me_or_stop())
    with st.container(key="wc_scorecard", gap="xsmall"):
        title = safe.el("span", _(review.card.name))
        small = safe.el("small", _("0 is not at all, the highest mark is fully; – is for what does not apply here"))
        safe.draw(safe.el("div", title, small, cls="wc-title"))
        for one in review.card.questions:
            _question(review, one)
        key = f"review_comment_{review_id}"
        st.session_state.setdefault(key, review.comment)
        st.text_area(
            _("What was good, what could be better"), key=key, height=80, on_change=_keep_draft, args=(review,),
            help=_("The writer of the reply reads this."),
        )  # fmt: skip
        show_news(f"{PLACE}_card")
        with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
            told = _("Kept as a draft") if review.item.state == DRAFT else _("Every mark is kept as you give it")
            safe.draw(safe.el("span", told, cls="wc-soft"), width="content")
            st.button(
                _("Keep this review"), key=f"review_keep_{review_id}", type="primary", on_click=_keep, args=(review,)
            )


def _question(review: Review, one: Question) -> None:
    key = _key(review, one)
    if key not in st.session_state and one.key in review.marks:
        mark = review.marks[one.key]
        st.session_state[key] = _NOT_ASKED if mark is None else str(mark)
    asks, marks = st.columns([1.5, 1], vertical_alignment="center", gap="small")
    with asks:
        weight = safe.el("small", " × ", str(one.weight), cls="wc-soft", title=_("weight"))
        safe.draw(safe.el("div", safe.text(_(one.text)), weight))
    with marks:
        names = {"0": _("No"), "1": _("Yes")} if one.top == 1 else {}
        st.segmented_control(
            safe.label(_(one.text), limit=200), [*map(str, range(one.top + 1)), _NOT_ASKED],
            format_func=lambda mark: "–" if mark == _NOT_ASKED else names.get(mark, mark), key=key,
            label_visibility="collapsed", on_change=_keep_draft, args=(review,),
        )  # fmt: skip


def _key(review: Review, one: Question) -> str:
    return f"mark_{review.item.id}_{one.key}"


def _given(review: Review) -> tuple[dict[str, int | None], str]:
    found: dict[str, int | None] = {}
    for one in review.card.questions:
        if (mark := st.session_state.get(_key(review, one))) is not None:
            found[one.key] = None if mark == _NOT_ASKED else int(mark)
    return found, str(st.session_state.get(f"review_comment_{review.item.id}", ""))


def _keep_draft(review: Review) -> None:
    marks, comment = _given(review)

    def keep(session: Session, me: Actor, moment: datetime) -> None:
        reviewing.save_review_draft(session, review.item.id, marks, comment=comment, by=me, now=moment)

    change(f"{PLACE}_card", keep)


def _keep(review: Review) -> None:
    marks, comment = _given(review)
    waiting.forget_counts()

    def keep(session: Session, me: Actor, moment: datetime) -> None:
        score = reviewing.keep_review(session, review.item.id, marks, comment=comment, by=me, now=moment)
        say(PLACE, "good", _("Kept: {score} of 100.").format(score=number(score)))

    act(f"{PLACE}_card", keep)
