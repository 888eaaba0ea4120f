"""The card of a voice: how many answers show each sign, how sure that is, and how it was before. On two pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from webcare.console import charts, figures_parts, safe, words
from webcare.console.desk import now
from webcare.console.tongue import _, counted
from webcare.measures.voice import ELEMENTS, FORMAL, GROUPS, HUMAN, VERSION
from webcare.reports.tone import REASONS, Example, Share, Tone, ToneReport

#: Below so many answers a share is shown as its counts only: it says nothing about anybody.
FEW = 20


def tiles(report: ToneReport) -> safe.Html:
    """The card at a glance."""
    total, before = report.total, report.before
    pairs = (
        (_("All three in one answer"), total.share(total.human), before.share(before.human)),
        *(
            (_(GROUPS[group]), total.share(total.groups[group]), before.share(before.groups[group]))
            for group in (*HUMAN, FORMAL)
        ),
        (_("Empathy"), Share(total.empathic, total.unhappy), Share(before.empathic, before.unhappy)),
        (_("Free of spelling mistakes"), total.share(total.clean), before.share(before.clean)),
    )
    return safe.el("div", *(_tile(*pair) for pair in pairs), cls="wc-tiles wc-tone-tiles")


def _tile(name: str, share: Share, before: Share) -> safe.Html:
    value = figures_parts.percent(share.value) if share.whole >= FEW else f"{share.part} / {share.whole}"
    told = figures_parts.between(share.interval) if share.whole >= FEW else ""
    return safe.el(
        "div",
        safe.el("b", value),
        safe.el("span", name),
        safe.el("small", " · ".join(part for part in (told, _change(share, before)) if part)),
        cls="wc-tile",
    )


def _change(share: Share, before: Share) -> str:
    """How much more or less than in the period before, where both periods have enough to say."""
    if share.value is None or before.value is None or min(share.whole, before.whole) < FEW:
        return ""
    points = round(100 * (share.value - before.value))
    return _("{points} points").format(points=f"{points:+d}") if points else _("as before")


def trend(report: ToneReport) -> None:
    """The three groups and formal speech by week, with their intervals."""
    rows = list(_weeks(report.weeks))
    read = counted("{count} answer was read.", "{count} answers were read.", report.total.read)
    charts.lines(rows, title=_("By week"), x=_("Week of"), y=_("Share of answers"), unit="%", sentence=read)


def _weeks(weeks: Mapping[date, Tone]) -> Iterator[charts.Row]:
    for group in (*HUMAN, FORMAL):
        for monday, tone in weeks.items():
            share = tone.share(tone.groups[group])
            low, high = share.interval or (None, None)
            yield {
                "x": str(monday),
                "label": words.day_and_month(monday),
                "y": share.value,
                "low": low,
                "high": high,
                "series": _(GROUPS[group]),
                "told": f"{figures_parts.percent(share.value)} ({share.part} / {share.whole})",
                "spread": figures_parts.between(share.interval),
            }


def signs(report: ToneReport) -> safe.Html:
    """Every sign with its definition, its share now and before."""
    names = (_("Sign"), _("What counts"), _("Answers"), _("95 % interval"), _("Before"))
    head = safe.el("tr", *(safe.el("th", name, scope="col") for name in names))
    rows = [row for group in GROUPS for row in _group(report, group)]
    return safe.el("table", head, *rows, cls="wc-table wc-signs")


def _group(report: ToneReport, group: str) -> Iterator[safe.Html]:
    yield safe.el("tr", safe.el("th", _(GROUPS[group]), colspan="5", scope="colgroup", cls=f"wc-voice-{group}"))
    total, before = report.total, report.before
    for element in (one for one in ELEMENTS.values() if one.group == group):
        share, then = total.share(total.elements[element.key]), before.share(before.elements[element.key])
        yield safe.el(
            "tr",
            safe.el("td", _(element.title)),
            safe.el("td", _(element.sentence), cls="wc-soft"),
            safe.el("td", f"{figures_parts.percent(share.value)} ({share.part})", cls="wc-num"),
            safe.el("td", figures_parts.between(share.interval) or "–", cls="wc-num"),
            safe.el("td", figures_parts.percent(then.value), cls="wc-num"),
        )


def examples(found: Iterable[Example], *, named: bool) -> safe.Html:
    """Answers with their signs marked; `named` says who wrote them."""
    return safe.el("div", *(_example(one, named) for one in found), cls="wc-voices")


def _example(one: Example, named: bool) -> safe.Html:
    when = words.clock_time(one.posted_at, now=now())
    case = safe.el("a", when, href=f"/case?case={one.case_id}", target="_self")
    who = [" · ", safe.name(one.author)] if named else []
    line = (case, " · ", words.word(words.CHANNELS, one.channel), " · ", words.own_name(one.language), *who)
    spans = [(sign.start, sign.end, f"wc-voice-{sign.group}") for sign in one.voice.signs]
    seen = sorted({_(ELEMENTS[sign.element].title) for sign in one.voice.signs})
    return safe.el(
        "article",
        safe.el("header", *line, cls="wc-soft"),
        safe.marked(one.text, spans),
        safe.el("footer", " · ".join(seen), cls="wc-soft"),
    )


def legend() -> safe.Html:
    """Which mark is which group."""
    marks = (safe.el("mark", _(name), cls=f"wc-voice-{group}") for group, name in GROUPS.items())
    return safe.el("p", *(piece for mark in marks for piece in (mark, " ")), cls="wc-legend")


def what_counts(report: ToneReport) -> safe.Html:
    """The small print: how it is counted, the version of the words, and what was left out."""
    total = report.total
    lines = [
        _(
            "An answer counts in the week in which it was posted; one in several posts is one answer. Signs are words "
            "and patterns of ours in six languages, version {version}: they say that something is there, not whether "
            "the answer is good."
        ).format(version=VERSION),
        _("Empathy: of answers to negative messages, the share with an apology or sympathy."),
        _("Spelling: no word that the guard called misspelt was left in the answer."),
    ]
    if total.addressed:
        told = _("Of {count} answers that say “you”, {formal} do so formally and {mixed} mix both.")
        lines.append(told.format(count=total.addressed, formal=total.formal_address, mixed=total.mixed_address))
    read = _("{read} of {sent} answers were read.").format(read=total.read, sent=report.sent)
    left = [f"{count} {_(REASONS[reason])}" for reason, count in report.left_out.items()]
    lines.append(_("{read} Left out: {reasons}.").format(read=read, reasons=", ".join(left)) if left else read)
    return figures_parts.small_print(*lines)
