"""The report of an incident: on the page, and as a file of its own that needs nothing else to be read."""

from __future__ import annotations

from datetime import datetime, timedelta

from webcare.console import incident_words, safe, words
from webcare.console.desk import now
from webcare.console.tongue import _, counted, speaking
from webcare.incidents.afterwards import Posted
from webcare.incidents.hit import Hit
from webcare.incidents.reading import Report

_STYLE = (
    "body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; "
    "color: #1b2733; background: #fff } h1 { font-size: 1.5rem } h3 { font-size: 1.1rem; margin-top: 2rem } "
    "table { border-collapse: collapse; width: 100% } caption { text-align: left; font-weight: 600; "
    "padding: 1.5rem 0 0.3rem } th, td { text-align: left; vertical-align: top; "
    "border-bottom: 1px solid #d5dce3; padding: 0.3rem 0.8rem 0.3rem 0 } blockquote { margin: 0.5rem 0; "
    "padding: 0.3rem 0 0.3rem 1rem; border-left: 3px solid #9cc0f0; white-space: pre-wrap } "
    ".wc-num { text-align: right; white-space: nowrap } .wc-soft { color: #52606d } .wc-said { white-space: pre-wrap } "
    "@page { size: A4; margin: 18mm } "
    "@media print { body { font-size: 10.5pt; margin: 0; max-width: none; padding: 0 } "
    "tr, blockquote, h3, caption { break-inside: avoid } h3, caption { break-after: avoid } "
    "thead { display: table-header-group } a { color: inherit; text-decoration: none } }"
)


def body(report: Report) -> safe.Html:
    """The whole report as markup."""
    one = report.whole.incident
    return safe.el(
        "div",
        safe.el("p", safe.el("strong", _standing(report))),
        safe.el("p", incident_words.risen(one) or _("A person opened it without an alarm."), cls="wc-soft"),
        _table(_("In numbers"), _numbers(report)),
        _table(_("How long it took, from the first message"), _times(report)),
        _table(_("Reach"), _reach(report)),
        _said(report),
        _false_starts(report),
        incident_words.timeline(report.whole.timeline),
        _people(report),
        cls="wc-report",
    )


def document(report: Report) -> str:
    """The report as an HTML file. Customers' names are in it only where the report was made with them."""
    name = incident_words.title(report.whole.incident)
    made = _("Made on {time}.").format(time=words.clock_time(report.made_at, now=now()))
    page = safe.el(
        "html",
        safe.el("head", safe.el("meta", charset="utf-8"), safe.el("title", name), safe.el("style", _STYLE)),
        safe.el("body", safe.el("h1", name), safe.el("p", made), body(report)),
        lang=speaking(),
    )
    return f"<!doctype html>\n{page}\n"


def _standing(report: Report) -> str:
    """Who was told, who waits and how long, in one line."""
    one, hit = report.whole.incident, len(report.whole.hit) - report.left_out
    told = counted("{{told}} of {count} customer told.", "{{told}} of {count} customers told.", hit)
    said = told.format(told=report.told)
    if one.outcome_at is None:
        return " ".join((_("No outcome is written yet."), said))
    if not report.whole.left:
        return said
    left = counted(
        "{count} still waits, since {{since}}.", "{count} still wait, the longest since {{since}}.", report.whole.left
    )
    since = min(hit.posted_at for hit in report.whole.hit if hit.is_left)
    return f"{said} {left.format(since=words.clock_time(since, now=now()))}"


def _numbers(report: Report) -> list[tuple[str, str]]:
    return [
        (_("Cases hit"), str(len(report.whole.hit))),
        (_("Customers hit"), str(report.customers)),
        (_("Holding texts posted"), str(report.texts_sent)),
        (_("Told the outcome"), str(report.told)),
        (_("Left out for a reason"), str(report.left_out)),
        (_("Still to be told"), str(report.whole.left)),
    ]


def _times(report: Report) -> list[tuple[str, str]]:
    one = report.whole.incident
    opened = one.opened_at - report.first_at if one.opened_at and report.first_at else None
    closed = one.closed_at - report.first_at if one.closed_at and report.first_at else None
    found: list[tuple[str, timedelta | None]] = [
        (_("Alarm"), report.to_alarm),
        (_("Opened as an incident"), opened),
        (_("First holding text"), report.to_first_text),
        (_("Outcome written"), report.to_outcome),
        (_("Last customer told"), report.to_last_told),
        (_("Incident closed"), closed),
    ]
    rows = [(name, _moment(report, span)) for name, span in found]
    if waits := report.waits:
        rows.append((_("How long customers waited for the outcome, median"), words.duration(waits[len(waits) // 2])))
        rows.append((_("How long customers waited for the outcome, longest"), words.duration(waits[0])))
    return rows


def _moment(report: Report, span: timedelta | None) -> str:
    """A step's moment and how long after the first message it was."""
    if span is None or report.first_at is None:
        return "–"
    at = words.clock_time(report.first_at + span, now=now())
    if span < timedelta(0):
        return at
    return f"{at} · {words.duration(span)}"


def _reach(report: Report) -> list[tuple[str, str]]:
    networks = [(words.word(words.CHANNELS, code), str(count)) for code, count in sorted(report.by_channel.items())]
    spoken = [(words.word(words.LANGUAGES, code), str(count)) for code, count in sorted(report.by_language.items())]
    return [*networks, *spoken]


def _said(report: Report) -> safe.Html:
    one = report.whole.incident
    texts = [
        safe.el(
            "div",
            safe.el("blockquote", safe.said(text.text), lang=text.language),
            safe.el("p", _times_posted(text), cls="wc-soft"),
        )
        for text in report.posted
    ]
    parts = [
        safe.el("h3", _("What was said in public")),
        *(texts or [safe.el("p", _("No holding text was posted."), cls="wc-soft")]),
    ]
    if one.outcome:
        parts += [safe.el("h3", _("What came of it")), safe.el("blockquote", safe.said(one.outcome))]
    if one.defect:
        parts += [safe.el("p", _("Where it comes from: {what}").format(what=safe.line(one.defect, limit=300)))]
    return safe.el("div", *parts)


def _times_posted(text: Posted) -> str:
    told = counted("Posted {count} time: {{when}}.", "Posted {count} times: {{when}}.", text.count)
    first, last = (words.clock_time(at, now=now()) for at in (text.first_at, text.last_at))
    return told.format(when=first if first == last else f"{first} – {last}")


def _false_starts(report: Report) -> safe.Html:
    found = report.false_starts
    lines = [
        safe.filled(
            _("Alarm of {time} called a false one: {why}"),
            time=words.clock_time(at, now=now()), why=safe.line(why, limit=300),
        )
        for at, why in found.alarms
    ]  # fmt: skip
    counts = (
        (
            found.withdrawn,
            counted("{count} wording taken out of use", "{count} wordings taken out of use", found.withdrawn),
        ),
        (
            found.failed,
            counted(
                "{count} holding text refused by the network",
                "{count} holding texts refused by the network",
                found.failed,
            ),
        ),
        (
            found.retracted,
            counted("{count} holding text taken back", "{count} holding texts taken back", found.retracted),
        ),
        (
            found.outcomes,
            counted("{count} outcome replaced by another", "{count} outcomes replaced by another", found.outcomes),
        ),
    )
    items = [*lines, *(told for count, told in counts if count)]
    shown = (
        safe.el("ul", *(safe.el("li", item) for item in items)) if items else safe.el("p", _("None."), cls="wc-soft")
    )
    return safe.el("div", safe.el("h3", _("False starts")), shown)


def _people(report: Report) -> safe.Html:
    heads = [
        _("Case"),
        *([_("Customer")] if report.with_names else []),
        _("Network"),
        _("Wrote"),
        _("Outcome"),
        _("Waited"),
    ]
    rows = [
        safe.el("tr", *(safe.el("td", cell) for cell in _cells(one, report.with_names, report.until)))
        for one in report.whole.hit
    ]
    head = safe.el("tr", *(safe.el("th", name) for name in heads))
    return safe.el("table", safe.el("caption", _("Everyone who was hit")), head, *rows, cls="wc-table")


def _cells(one: Hit, with_names: bool, until: datetime) -> list[str]:
    moment = now()
    end = _("told {time}").format(time=words.clock_time(one.told_at, now=moment)) if one.told_at else _("not told")
    if one.left_out and one.told_at is None:
        # Why somebody is left out may name them.
        end = _("left out: {why}").format(why=safe.line(one.left_out, limit=300)) if with_names else _("left out")
    if one.is_gone:
        end = _("removed on request")
    named = [safe.name(one.customer or "–")] if with_names else []
    wrote = words.clock_time(one.posted_at, now=moment)
    waited = words.duration((one.told_at or until) - one.posted_at) if one.told_at or one.is_left else "–"
    return [str(one.case_id), *named, words.word(words.CHANNELS, one.channel), wrote, end, waited]


def _table(caption: str, rows: list[tuple[str, str]]) -> safe.Html:
    lines = [safe.el("tr", safe.el("td", name), safe.el("td", value, cls="wc-num")) for name, value in rows]
    return safe.el("table", safe.el("caption", caption), *lines, cls="wc-table")
