"""`webcare export` and `webcare digest`: figures and cases as files, for whoever may read the database anyway."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import BinaryIO
from zoneinfo import ZoneInfo

from webcare.app import App, build_app
from webcare.cli.people import operator
from webcare.domain import Urgency
from webcare.errors import WebcareError
from webcare.measures.asking import figures
from webcare.measures.definitions import DEFINITIONS, DIMENSIONS
from webcare.measures.values import Query
from webcare.reports.digest import day_of, week_of
from webcare.reports.digest_making import make_page
from webcare.reports.export_cases import CaseFilter, case_table
from webcare.reports.export_figures import figures_table
from webcare.reports.exporting import Column, Format, Table, export

#: What figures can be grouped by besides their dimensions.
_TIMES = ("day", "week", "month", "hour", "weekday")
_DAYS = 28


def run(options: argparse.Namespace) -> int:
    """Write the file; 0 when it is there."""
    app = build_app()
    app.store.check()
    zone = ZoneInfo(app.settings.desk.timezone)
    if options.command == "digest":
        return _digest(app, options, zone)
    write = _cases if options.what == "cases" else _figures
    rows = _whole(options.out, lambda out: write(app, options, zone, out))
    print(f"{rows} rows in {options.out}")
    return 0


def _digest(app: App, options: argparse.Namespace, zone: ZoneInfo) -> int:
    period = week_of(options.week, zone) if options.week else day_of(options.day, zone)
    made = make_page(
        app.store, period, app.settings, by=operator(), now=datetime.now(UTC), language=options.language or ""
    )
    _whole(options.out, lambda out: out.write(made.encode()))
    print(f"{period.title()}: {options.out}")
    return 0


def _cases(app: App, options: argparse.Namespace, zone: ZoneInfo, out: BinaryIO) -> int:
    now = datetime.now(UTC)
    since, until = (_midnight(text, zone) for text in (options.since, options.until))
    wanted = CaseFilter(since, until, options.queue or "", options.channel or "", options.state or "")
    with case_table(app.store, wanted, zone=zone, by=operator(), now=now, customer=options.customer_text) as table:
        return _export(app, options, table, out, now)


def _figures(app: App, options: argparse.Namespace, zone: ZoneInfo, out: BinaryIO) -> int:
    now = datetime.now(UTC)
    until = _midnight(options.until, zone) or now
    since = _midnight(options.since, zone) or until - timedelta(days=_DAYS)
    by = tuple(filter(None, (options.by or "").split(",")))
    if unknown := [name for name in by if name not in {*DIMENSIONS, *_TIMES}]:
        raise WebcareError(f"figures cannot be grouped by {unknown[0]}; by {', '.join([*DIMENSIONS, *_TIMES])}")
    if unknown := [name for name in options.measure or () if name not in DEFINITIONS]:
        raise WebcareError(f"there is no measure {unknown[0]}; there are {', '.join(DEFINITIONS)}")
    where = {name: (getattr(options, name),) for name in ("queue", "channel") if getattr(options, name)}
    query = Query(since, until, zone, where=where, by=by)
    defaults = {urgency.value: app.settings.routing.within(urgency.value) for urgency in Urgency}
    with app.store.read() as session:
        found = figures(session, query, measures=options.measure or DEFINITIONS, defaults=defaults)
    gaps = [f"{gap.account_key}: {gap.since.isoformat()} to {gap.until.isoformat()}" for gap in found.gaps]
    return _export(app, options, figures_table(query, found.figures, gaps=gaps), out, now)


def _export(app: App, options: argparse.Namespace, table: Table, out: BinaryIO, now: datetime) -> int:
    form = Format(options.format)
    given = {"bom": options.bom, "delimiter": ";" if options.semicolon else ","}
    rows = export(app.store, out, form, table, by=operator(), now=now, **given)
    if form is Format.CSV:
        beside = options.out.with_name(f"{options.out.stem}.about.csv")
        _whole(beside, lambda file: _about(table, file, now, options.bom))
    return rows


def _about(table: Table, out: BinaryIO, now: datetime, bom: bool) -> int:
    from webcare.reports.exporting import about_rows, write_csv

    rows: Sequence[tuple[str, str]] = about_rows(table.about, made_for=operator().name, now=now)
    write_csv(out, Table("about", [Column("What"), Column("Value")], rows, table.about), rows, bom=bom)
    return len(rows)


def _whole(path: Path, write: Callable[[BinaryIO], int]) -> int:
    """Write a file whole or not at all, for this user only: it may hold what customers wrote."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "wb") as out:
            written = write(out)
        os.replace(part, path)
    except OSError as error:
        raise WebcareError(f"{path} cannot be written: {error.strerror}") from error
    finally:
        part.unlink(missing_ok=True)
    return written


def _midnight(text: str | None, zone: ZoneInfo) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.combine(date.fromisoformat(text), time(), zone).astimezone(UTC)
    except ValueError as error:
        raise WebcareError(f"{text} is not a day; write it like 2026-11-21") from error
