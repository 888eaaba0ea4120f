"""The digest: made once at its local time, whatever the clock on the wall does; everything on it is escaped."""

import re
import threading
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import select

from webcare import audit
from webcare.cli import main
from webcare.domain import Role
from webcare.errors import NotAllowed, WebcareError
from webcare.languages import ENGLISH, TONGUES, Speech
from webcare.measures import Figure
from webcare.measures.rollup import catch_up, counting
from webcare.reports.digest import Digest, Period, day_of, due_period, page, rounded, short_lines, week_of
from webcare.reports.digest_making import make_due, make_page
from webcare.settings import DigestSettings, Settings
from webcare.store import Store
from webcare.store.tables import GapRow
from webcare.store.tables_alerts import DigestRunRow, NotificationRow
from webcare.testing import NOON, Desk, make_desk

ZONE = ZoneInfo("Europe/Amsterdam")
WEEKLY = DigestSettings(every="weekly", at="07:30", weekday=1)
DAILY = DigestSettings(every="daily", at="02:30", weekday=1)


@pytest.fixture
def desk(store: Store, tmp_path: Path) -> Desk:
    made = make_desk(store)
    made.settings = settings(made.settings, tmp_path)
    return made


def settings(base: Settings, folder: Path, digest: DigestSettings = WEEKLY) -> Settings:
    places = base.desk.model_copy(update={"data_dir": folder, "brand": "Hem & <Lund>"})
    return base.model_copy(update={"desk": places, "digest": digest})


def a_week(desk: Desk) -> None:
    """Two cases in the week of NOON, one of them answered, and a gap; and all of it counted."""
    answered = desk.open_case("Secret words of a customer")
    desk.open_case()
    with desk.store.write() as session:
        since, until = NOON, NOON + timedelta(minutes=30)
        session.add(GapRow(account_id=1, since=since, until=until, reason="<b>down</b>", found_at=NOON))
    desk.later(minutes=30)
    desk.reply(answered.id or 0)
    desk.later(seconds=30)
    desk.deliver()
    desk.now = datetime(2026, 2, 16, 6, 31, tzinfo=UTC)
    catch_up(desk.store, counting(ZONE), now=desk.now)


class _Balanced(HTMLParser):
    """Fails on a tag that is not closed where it should be; keeps what is said."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: set[str] = set()
        self.said: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said.append(data)


def read(text: str) -> _Balanced:
    parser = _Balanced()
    parser.feed(text)
    assert parser.open == []
    return parser


@pytest.mark.parametrize(
    ("rule", "now", "expected"),
    [
        # Monday 07:30 in winter and in summer; a minute earlier it is still the week before.
        (
            WEEKLY,
            datetime(2026, 2, 16, 6, 30, tzinfo=UTC),
            ("weekly-2026-W07", datetime(2026, 2, 16, 6, 30, tzinfo=UTC)),
        ),
        (
            WEEKLY,
            datetime(2026, 2, 16, 6, 29, tzinfo=UTC),
            ("weekly-2026-W06", datetime(2026, 2, 9, 6, 30, tzinfo=UTC)),
        ),
        (WEEKLY, datetime(2026, 7, 6, 5, 30, tzinfo=UTC), ("weekly-2026-W27", datetime(2026, 7, 6, 5, 30, tzinfo=UTC))),
        (WEEKLY, datetime(2027, 1, 4, 7, 0, tzinfo=UTC), ("weekly-2026-W53", datetime(2027, 1, 4, 6, 30, tzinfo=UTC))),
        # 02:30 is left out on this night, and comes twice on that one.
        (
            DAILY,
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            ("daily-2026-03-28", datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        ),
        (
            DAILY,
            datetime(2026, 3, 29, 1, 29, tzinfo=UTC),
            ("daily-2026-03-27", datetime(2026, 3, 28, 1, 30, tzinfo=UTC)),
        ),
        (
            DAILY,
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            ("daily-2026-10-24", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ),
        (
            DAILY,
            datetime(2026, 10, 25, 1, 45, tzinfo=UTC),
            ("daily-2026-10-24", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ),
        (DigestSettings(every="off", at="07:30", weekday=1), NOON, None),
    ],
)
def test_when_it_is_due(rule: DigestSettings, now: datetime, expected: tuple[str, datetime] | None) -> None:
    found = due_period(rule, ZONE, now=now)
    assert (found and (found[0].key, found[1])) == expected


def test_a_week_is_from_monday_to_monday_also_when_the_clock_changes() -> None:
    week = week_of("2026-13", ZONE)
    assert (week.first, week.until - week.since) == (date(2026, 3, 23), timedelta(hours=7 * 24 - 1))
    assert week_of("2026-W46", ZONE) == week_of("2026-46", ZONE) == Period("weekly", date(2026, 11, 9), ZONE)
    assert day_of("2026-10-25", ZONE).until - day_of("2026-10-25", ZONE).since == timedelta(hours=25)
    for wrong in ("2026-54", "46", "soon", "2025-53"):
        with pytest.raises(WebcareError):
            week_of(wrong, ZONE)
    with pytest.raises(WebcareError):
        day_of("2026-02-30", ZONE)


def test_it_is_made_and_mailed_once_and_holds_no_words_of_customers(desk: Desk) -> None:
    a_week(desk)
    made = [make_due(desk.store, desk.settings, now=desk.now + timedelta(minutes=minutes)) for minutes in (0, 1, 600)]
    assert made == [1, 0, 0]
    with desk.store.read() as session:
        rows = {row.language: row for row in session.exec(select(NotificationRow))}
        (run,) = session.exec(select(DigestRunRow)).all()
    file = desk.settings.desk.data_dir / "digests" / run.file
    text, row = file.read_text(encoding="utf-8"), rows["en"]
    assert row.html == text
    assert list(rows) == list(TONGUES), "one for each language"
    assert file.stat().st_mode & 0o777 == 0o600
    assert row.subject == "Figures: Week 7 of 2026, 9 Feb 2026 to 15 Feb 2026"
    assert any(re.match("First response: half within 3[01] min", line) for line in row.lines), row.lines
    said = " ".join(read(text).said)
    assert "Secret words" not in text
    assert "Hem & <Lund>: Week 7 of 2026" in said
    assert "First response, version 2" in said
    assert "Hemlund, 10 Feb 2026 12:00 to 10 Feb 2026 12:30" in said
    assert "(few)" in said


def test_two_processes_at_once_make_one(desk: Desk) -> None:
    a_week(desk)
    start, made = threading.Barrier(3), []

    def go() -> None:
        start.wait()
        made.append(make_due(desk.store, desk.settings, now=desk.now))

    threads = [threading.Thread(target=go) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(made) == 1
    with desk.store.read() as session:
        assert len(session.exec(select(NotificationRow)).all()) == len(TONGUES)


def test_it_waits_for_the_last_changes_to_be_counted_but_not_for_ever(desk: Desk) -> None:
    a_week(desk)
    desk.open_case()
    assert make_due(desk.store, desk.settings, now=desk.now) == 0
    assert make_due(desk.store, desk.settings, now=desk.now + timedelta(hours=1)) == 1
    with desk.store.read() as session:
        english = select(NotificationRow).where(NotificationRow.language == "en")
        assert "not counted yet: 1" in session.exec(english).one().html


def test_nobody_gets_an_old_one_when_the_jobs_were_off(desk: Desk) -> None:
    a_week(desk)
    assert make_due(desk.store, desk.settings, now=desk.now + timedelta(days=6, hours=1)) == 0


def test_who_asks_for_a_page_may_see_reports_and_is_on_record(desk: Desk) -> None:
    a_week(desk)
    week = week_of("2026-07", ZONE)
    with pytest.raises(NotAllowed):
        make_page(desk.store, week, desk.settings, by=desk.first, now=desk.now)
    made = make_page(desk.store, week, desk.settings, by=desk.people[Role.MANAGER], now=desk.now)
    assert "First response" in made
    with desk.store.read() as session:
        (entry,) = audit.entries(session)
    assert (entry.what, entry.subject, entry.after["period"]) == ("exported", "export:digest", "weekly-2026-W07")


def test_everything_on_the_page_is_escaped() -> None:
    evil = "<script>alert(1)</script>\"'&"
    figure = Figure("first_response", 2, (evil,), 3.0, 1, {}, median=60.0, p90=90.0)
    week = week_of("2026-07", ZONE)
    text = page(Digest(evil, week, NOON, [figure], {"queue": [figure], evil: [figure]}, [evil]))
    found = read(text)
    assert "script" not in found.tags
    assert " ".join(found.said).count("<script>alert(1)</script>") >= 4


#: What has to stand on the page of the week in each language: title, heading, figure, network and gap.
_SAID = {
    "en": ("Week 7 of 2026, 9 Feb 2026 to 15 Feb 2026", "By network", "First response", "X", "Posts may be missing"),
    "nl": ("Week 7 van 2026, 9 feb 2026 tot en met 15 feb 2026", "Per netwerk", "Eerste reactie", "Er kunnen"),
    "sv": ("Vecka 7 2026, 9 feb. 2026 till 15 feb. 2026", "Per nätverk", "Första", "Inlägg kan saknas"),
    "nb": ("Uke 7 i 2026, 9. feb. 2026 til 15. feb. 2026", "Etter nettverk", "Første", "Innlegg kan mangle"),
}
#: Words of the page that would betray that something was left in English.
_ENGLISH = (
    "First response",
    "of customers",
    "within",
    "Made",
    "Times in",
    "few",
    "Period before",
    "Dated",
    "First line",
)


@pytest.mark.parametrize("language", list(TONGUES))
def test_the_page_is_in_the_language_of_its_reader(sqlite_store: Store, tmp_path: Path, language: str) -> None:
    desk = make_desk(sqlite_store)
    desk.settings = settings(desk.settings, tmp_path)
    a_week(desk)
    boss, week = desk.people[Role.MANAGER], week_of("2026-07", ZONE)
    text = make_page(desk.store, week, desk.settings, by=boss, now=desk.now, language=language)
    said = " ".join(read(text).said)
    assert f'<html lang="{language}">' in text
    assert [one for one in _SAID[language] if one not in said] == []
    assert language == "en" or [one for one in _ENGLISH if one in said] == []
    assert make_due(desk.store, desk.settings, now=desk.now) == 1
    with desk.store.read() as session:
        row = session.exec(select(NotificationRow).where(NotificationRow.language == language)).one()
    assert _SAID[language][0] in row.subject
    assert any(re.search(r"3[01] min", line) for line in row.lines), row.lines


@pytest.mark.parametrize(
    ("language", "share"), [("en", "5.2%"), ("nl", "5,2%"), ("sv", "5,2\xa0%"), ("nb", "5,2\xa0%")]
)
def test_shares_and_counts_are_written_as_the_language_writes_them(language: str, share: str) -> None:
    figures = [
        Figure("service_first", 1, (), 12345.0, 0, {}, share=0.052, interval=(0.04, 0.06)),
        Figure("volume", 1, (), 12345.0, 0, {}, total=12345.0),
    ]
    text = page(Digest("Hemlund", week_of("2026-07", ZONE), NOON, figures, {}), Speech(language))
    assert share in text
    assert {"en": "12,345", "nl": "12.345", "sv": "12\xa0345", "nb": "12\xa0345"}[language] in text


def test_an_empty_week_says_so() -> None:
    digest = Digest("Hemlund", week_of("2026-07", ZONE), NOON, [], {})
    assert "Nothing happened in this period." in page(digest)
    assert short_lines(digest) == ["Nothing happened in this period."]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (None, "–"),
        (20, "20 s"),
        (60, "1 min"),
        (35, "1 min"),
        (3599, "1 h"),
        (7500, "2 h 5 min"),
        (3 * 86400 + 3600, "3 d 1 h"),
    ],
)
def test_lengths_of_time_are_said_shortly(seconds: float | None, said: str) -> None:
    assert ENGLISH.said(rounded(seconds)) == said


def test_the_commands_write_files(
    sqlite_store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WEBCARE_DESK__DATABASE_URL", sqlite_store.url)
    monkeypatch.setenv("WEBCARE_DESK__DATA_DIR", str(tmp_path))
    desk = make_desk(sqlite_store)
    a_week(desk)
    day = ["--since", "2026-02-09", "--until", "2026-02-16"]
    assert main(["export", "cases", "--out", str(tmp_path / "cases.csv"), *day]) == 0
    assert (
        main(["export", "figures", "--out", str(tmp_path / "figures.xlsx"), "--format", "xlsx", *day, "--by", "queue"])
        == 0
    )
    assert main(["digest", "--week", "2026-07", "--out", str(tmp_path / "week.html")]) == 0
    assert main(["digest", "--day", "2026-02-10", "--language", "sv", "--out", str(tmp_path / "dag.html")]) == 0
    assert "tisdag 10 februari 2026" in (tmp_path / "dag.html").read_text()
    assert capsys.readouterr().out.splitlines()[0] == f"2 rows in {tmp_path / 'cases.csv'}"
    lines = (tmp_path / "cases.csv").read_text().splitlines()
    assert len(lines) == 3
    assert "Secret" not in "".join(lines)
    assert '"Filter: since"' in (tmp_path / "cases.about.csv").read_text()
    assert (tmp_path / "figures.xlsx").read_bytes().startswith(b"PK")
    assert "First response" in (tmp_path / "week.html").read_text()
    for wrong in (["--by", "mood"], ["--measure", "luck"], ["--since", "soon"]):
        assert main(["export", "figures", "--out", str(tmp_path / "no.csv"), *wrong]) == 2
    assert not (tmp_path / "no.csv").exists()
    with sqlite_store.read() as session:
        assert [entry.subject for entry in audit.entries(session)] == [
            "export:digest",
            "export:digest",
            "export:figures",
            "export:cases",
        ]
