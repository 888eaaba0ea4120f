"""What rules would have done to last week, as people read it."""

from __future__ import annotations

from collections.abc import Mapping

from webcare.console import safe
from webcare.console.desk_parts import row
from webcare.console.tongue import _, counted
from webcare.deciding import MOST, Moved, Preview


def draw_preview(found: Preview, titles: Mapping[str, str]) -> None:
    """The counts, from where to where, what each rule did, and examples with the customers' words."""
    safe.draw(safe.el("h2", _("What would have happened to last week")), _tiles(found))
    if found.more:
        told = _("There were more messages; the newest {most} were looked at.").format(most=f"{MOST:,}")
        safe.draw(safe.el("p", told, cls="wc-soft"))
    if found.moves:
        safe.draw(_moves(found, titles))
    if found.by_rule:
        safe.draw(_by_rule(found))
    if found.examples:
        safe.draw(_examples(found.examples, titles))
    elif not found.moves:
        safe.draw(safe.el("p", _("Every message would have gone where it went."), cls="wc-soft"))


def _tiles(found: Preview) -> safe.Html:
    tiles = (
        (counted("message of seven days", "messages of seven days", found.looked_at), found.looked_at),
        (_("to another queue"), found.moved),
        (_("with another priority"), found.other_priority),
        (_("with other tags"), found.tagged),
    )
    return safe.el(
        "div",
        *(safe.el("div", safe.el("b", f"{count:,}"), safe.el("span", name), cls="wc-tile") for name, count in tiles),
        cls="wc-tiles",
    )


def _moves(found: Preview, titles: Mapping[str, str]) -> safe.Html:
    head = row("th", _("From"), _("To"), _("Messages"))
    ordered = sorted(found.moves.items(), key=lambda move: -move[1])
    rows = [row("td", titles.get(was, was), titles.get(to, to), f"{count:,}") for (was, to), count in ordered]
    return safe.el("table", safe.el("caption", _("From queue to queue")), head, *rows, cls="wc-table")


def _by_rule(found: Preview) -> safe.Html:
    head = row("th", _("Rule"), _("Messages"))
    ordered = sorted(found.by_rule.items(), key=lambda rule: -rule[1])
    rows = [row("td", safe.line(name), f"{count:,}") for name, count in ordered]
    return safe.el("table", safe.el("caption", _("What each rule had a say in")), head, *rows, cls="wc-table")


def _examples(examples: tuple[Moved, ...], titles: Mapping[str, str]) -> safe.Html:
    head = row("th", _("Message"), _("From"), _("To"), _("Why"))
    rows = []
    for one in examples:
        words = safe.el("td", safe.line(one.text, limit=160), dir="auto")
        why = safe.line(one.reason, limit=200)
        ways = (_way(one.was, one.was_priority, titles), _way(one.now, one.now_priority, titles))
        rows.append(safe.el("tr", words, *(safe.el("td", way) for way in ways), safe.el("td", why, cls="wc-soft")))
    return safe.el("table", safe.el("caption", _("Examples")), head, *rows, cls="wc-table")


def _way(queue: str, priority: int, titles: Mapping[str, str]) -> str:
    return _("{queue}, priority {number}").format(queue=titles.get(queue, queue), number=priority)
