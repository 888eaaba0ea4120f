"""Exports: nothing runs as a formula, long lists need little memory, and nobody takes one without a trace."""

import csv
import io
import json
import re
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pyarrow.parquet
import pytest

from webcare import audit
from webcare.cases import presence
from webcare.domain import Actor, Author, Role
from webcare.errors import NotAllowed, StoreUnavailable
from webcare.measures import Fact, Figure, Query
from webcare.reports.export_cases import CaseFilter, case_table
from webcare.reports.export_figures import facts_table, figures_table
from webcare.reports.exporting import About, Column, Format, Table, as_bytes, export, neutral
from webcare.store import Store
from webcare.testing import NOON, Desk, make_desk, make_mention

ZONE = ZoneInfo("Europe/Amsterdam")
EVIL = ("=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", " =1", "=cmd|' /C calc'!A0")
ABOUT = About("Things", ZONE, {"queue": "=evil"}, [("first_response", 2, "From the post.")], ["x: a gap"])
MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


@pytest.fixture
def desk(store: Store) -> Desk:
    return make_desk(store)


@pytest.fixture
def small(sqlite_store: Store) -> Desk:
    return make_desk(sqlite_store)


def lead(desk: Desk) -> Actor:
    return desk.people[Role.TEAM_LEAD]


def table(*rows: tuple[object, ...], columns: tuple[Column, ...] = (Column("Text"),)) -> Table:
    return Table("things", columns, rows, ABOUT)


def sheets(data: bytes) -> dict[str, list[list[str]]]:
    """The cells of an Excel file by sheet, read from its XML; a formula would be a KeyError here."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        names = [
            one.attrib["name"] for one in ElementTree.fromstring(book.read("xl/workbook.xml")).iter(f"{MAIN}sheet")
        ]
        found = {}
        for number, name in enumerate(names, start=1):
            raw = book.read(f"xl/worksheets/sheet{number}.xml")
            assert b"<f>" not in raw
            assert b"hyperlink" not in raw
            rows = ElementTree.fromstring(raw).iter(f"{MAIN}row")
            found[name] = [["".join(cell.itertext()) for cell in row] for row in rows]
        return found


def read_csv(data: bytes, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=delimiter))


def test_nothing_runs_as_a_formula_headers_and_the_sheet_of_filters_included(small: Desk) -> None:
    wanted = table(*((text,) for text in EVIL), columns=(Column("=evil()"),))
    cells = read_csv(as_bytes(small.store, Format.CSV, wanted, by=lead(small), now=NOON))
    book = sheets(as_bytes(small.store, Format.XLSX, wanted, by=lead(small), now=NOON))
    for row in (*cells, *book["things"], *book["About"]):
        assert not re.match(r"\s*[=+\-@＝]", row[-1]), row
    assert [row[0].removeprefix("'").strip() for row in cells[1:]] == [text.strip() for text in EVIL]
    assert ["Filter: queue", "'=evil"] in book["About"]


@pytest.mark.parametrize("text", ["plain", "3 - 2", "a=b", "je @ons", "", "'quoted"])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_numbers_keep_their_signs_and_texts_are_not_cut_by_other_separators(small: Desk) -> None:
    wanted = table(("a;=1+1", -5, -0.5), columns=(Column("Text"), Column("Whole", "whole"), Column("N", "number")))
    data = as_bytes(small.store, Format.CSV, wanted, by=lead(small), now=NOON)
    assert data.decode("utf-8-sig").splitlines()[1] == '"a;=1+1",-5,-0.5'
    assert [row[0] for row in read_csv(data, delimiter=";")][1].startswith("a;=1+1")


def test_times_stand_in_the_zone_the_header_names(small: Desk) -> None:
    summer, night = datetime(2026, 7, 1, 10, 0, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    wanted = table((summer,), (night,), (night + timedelta(hours=1),), columns=(Column("At", "time"),))
    rows = read_csv(as_bytes(small.store, Format.CSV, wanted, by=lead(small), now=NOON))
    assert [row[0] for row in rows] == [
        "At (Europe/Amsterdam)",
        "2026-07-01 12:00:00+02:00",
        "2026-10-25 02:30:00+02:00",
        "2026-10-25 02:30:00+01:00",
    ]
    found = pyarrow.parquet.read_table(
        io.BytesIO(as_bytes(small.store, Format.PARQUET, wanted, by=lead(small), now=NOON))
    )
    assert [one.astimezone(UTC) for one in found.column("At").to_pylist()] == [
        summer,
        night,
        night + timedelta(hours=1),
    ]
    assert str(found.schema.field("At").type) == "timestamp[us, tz=Europe/Amsterdam]"


@pytest.mark.parametrize("bom", [True, False])
def test_the_mark_of_utf8_is_a_choice(small: Desk, bom: bool) -> None:
    out = io.BytesIO()
    export(small.store, out, Format.CSV, table(("é",)), by=lead(small), now=NOON, bom=bom)
    assert out.getvalue().startswith(b"\xef\xbb\xbf") is bom
    assert "é" in out.getvalue().decode("utf-8-sig")


def test_what_the_table_is_goes_with_it(small: Desk) -> None:
    wanted = table(("x",))
    about = sheets(as_bytes(small.store, Format.XLSX, wanted, by=lead(small), now=NOON))["About"]
    assert ["Definition: first_response, version 2", "From the post."] in about
    assert ["Time zone", "Europe/Amsterdam"] in about
    assert ["Collection has a gap", "x: a gap"] in about
    found = pyarrow.parquet.read_schema(
        io.BytesIO(as_bytes(small.store, Format.PARQUET, wanted, by=lead(small), now=NOON))
    )
    assert ["Made for", lead(small).name] in json.loads(found.metadata[b"webcare"])


def test_odd_values_break_no_kind_of_file(small: Desk) -> None:
    columns = (Column("T"), Column("N", "number"), Column("F", "flag"), Column("W", "time"))
    rows = (
        (None, None, None, None),
        ("a\x00\x07\ud800b", float("nan"), True, NOON),
        ("x" * 40_000, float("inf"), False, NOON),
    )
    for form in Format:
        data = as_bytes(small.store, form, table(*rows, columns=columns), by=lead(small), now=NOON)
        if form is Format.PARQUET:
            assert pyarrow.parquet.read_table(io.BytesIO(data)).num_rows == 3
        else:
            cells = read_csv(data) if form is Format.CSV else sheets(data)["things"]
            assert len(cells[0]) == 4


def test_an_export_asks_first_and_leaves_one_row(desk: Desk) -> None:
    for person in (desk.first, desk.second, Actor.system("a job")):
        with pytest.raises(NotAllowed):
            as_bytes(desk.store, Format.CSV, table(("x",)), by=person, now=NOON)
    as_bytes(desk.store, Format.CSV, table(("x",), ("y",)), by=lead(desk), now=NOON)
    with desk.store.read() as session:
        (entry,) = audit.entries(session)
    assert (entry.what, entry.subject, entry.agent_name) == ("exported", "export:things", lead(desk).name)
    assert entry.after == {"format": "csv", "rows": 2, "filter_queue": "=evil"}


def test_what_cannot_be_recorded_is_not_handed_over(small: Desk) -> None:
    assert small.store.path is not None
    small.store.path.rename(small.store.path.with_suffix(".gone"))
    with pytest.raises(StoreUnavailable):
        as_bytes(small.store, Format.CSV, table(("x",)), by=lead(small), now=NOON)


def test_the_list_of_cases(desk: Desk) -> None:
    mention = make_mention("=HYPERLINK(evil)", author=Author("c9", "=Evil", "evil"), posted_at=NOON)
    desk.receive(mention, make_mention(posted_at=NOON - timedelta(days=9)))
    case_id = desk.case_of(mention).id or 0
    with desk.store.write() as session:
        presence.look(session, case_id, by=desk.first, now=NOON + timedelta(minutes=4))
    wanted = CaseFilter(since=NOON - timedelta(days=1), queue="first_line")
    for customer in (False, True):
        with case_table(desk.store, wanted, zone=ZONE, by=lead(desk), now=NOON, customer=customer) as found:
            rows = read_csv(as_bytes(desk.store, Format.CSV, found, by=lead(desk), now=NOON))
        (one,) = (dict(zip(rows[0], row, strict=True)) for row in rows[1:])
        assert one["Case"] == str(case_id)
        assert one["Posted (Europe/Amsterdam)"] == "2026-02-10 12:00:00+01:00"
        assert one["First opened by a person (Europe/Amsterdam)"] == "2026-02-10 12:04:00+01:00"
        assert one.get("Newest message") == ("'=HYPERLINK(evil)" if customer else None)
        assert one.get("Customer") == ("'=Evil" if customer else None)
    with desk.store.read() as session:
        newest, oldest = audit.entries(session)
    assert newest.after["filter_customer_text"] == "yes"
    assert "filter_customer_text" not in oldest.after
    with pytest.raises(NotAllowed), case_table(desk.store, wanted, zone=ZONE, by=desk.first, now=NOON):
        pytest.fail("the first line sees no reports")


def test_figures_and_the_facts_behind_them(small: Desk) -> None:
    query = Query(NOON - timedelta(days=7), NOON, ZONE, where={"channel": ("x",)}, by=("queue",))
    before = Figure("first_response", 1, ("first_line",), 3.0, 0, {}, median=60.0)
    one = Figure("first_response", 1, ("first_line",), 4.0, 1, {"joke": 2}, median=90.5, before=before)
    rows = read_csv(as_bytes(small.store, Format.CSV, figures_table(query, [one]), by=lead(small), now=NOON))
    found = dict(zip(rows[0], rows[1], strict=True))
    assert (found["Queue"], found["Version"], found["Cases"], found["Left out"]) == ("first_line", "1", "4.0", "2")
    assert (found["Median"], found["Share"], found["Before: median"]) == ("90.5", "", "60.0")
    fact = Fact("first_response", 1, 7, NOON, None, reason="open", dims={"queue": "first_line"}, events=("mention:7",))
    book = sheets(as_bytes(small.store, Format.XLSX, facts_table(query, [fact]), by=lead(small), now=NOON))
    assert "first_response" in book["facts"][1]
    assert "mention:7" in book["facts"][1]
    told = dict(book["About"])
    assert told["Filter: channel"] == "x"
    assert told["Filter: grouped by"] == "queue"
    assert any(name.startswith("Definition: first_response, version 1") for name in told)


_LONG = """
import re, sys
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo
from webcare.domain import Actor, Role
from webcare.reports.exporting import About, Column, Format, Table, export
from webcare.store import open_store
kinds = ("whole", *["text"] * 9, *["time"] * 6, *["number"] * 4)
columns = [Column(f"Column {n}", kind) for n, kind in enumerate(kinds)]
start = datetime(2026, 1, 1, tzinfo=UTC)
def rows():
    for n in range(100_000):
        times = [start + timedelta(minutes=n + p) for p in range(6)]
        yield (n, *[f"text {n} {p}" for p in range(9)], *times, *[n / 7] * 4)
table = Table("long", columns, rows(), About("Long", ZoneInfo("Europe/Amsterdam")))
with open(sys.argv[2], "wb") as out:
    print(export(open_store(sys.argv[1]), out, Format(sys.argv[3]), table, by=Actor(None, "x", Role.ADMIN), now=start))
# Not ru_maxrss: Linux counts what the tests held before this process became one of its own.
print(int(re.search(r"VmHWM:\\s+(\\d+) kB", open("/proc/self/status").read())[1]) // 1024)
"""


def test_a_hundred_thousand_rows_stay_far_below_500_mb(small: Desk, tmp_path: Path) -> None:
    # CSV is the quickest of the three; the benchmark has them all.
    given = [sys.executable, "-c", _LONG, str(small.store.url), str(tmp_path / "long.csv"), "csv"]
    rows, megabytes = subprocess.run(
        given, cwd=Path(__file__).parents[1], capture_output=True, text=True
    ).stdout.split()
    assert rows == "100000"
    assert int(megabytes) < 500
