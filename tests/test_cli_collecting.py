"""What `webcare doctor` says about collecting: last success, lag, access, money, gaps, and what to do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import select

from webcare.app import App, build_app
from webcare.channels.base import Gap
from webcare.cli.doctor import Look, Mark, examine
from webcare.sandbox import Sandbox
from webcare.settings import secret_variable
from webcare.store.gaps import remember_gaps
from webcare.store.tables import AccountRow, SpendRow


@pytest.fixture
def configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A desk with the sandbox's X account, in the folder the commands look at."""
    with Sandbox() as box:
        (tmp_path / "webcare.toml").write_text(
            f'[accounts.x_hemlund]\nchannel = "x"\nexternal_id = "3300000001"\nhandle = "hemlund"\n'
            f'api_base = "{box.x_base}"\ndaily_cap = 2.0\n[triage]\nengine = "keywords"\n'
        )
        monkeypatch.chdir(tmp_path)
        for name, value in box.credentials("x_hemlund").items():
            monkeypatch.setenv(secret_variable("x_hemlund", name), value)
        Path("data").mkdir()
        app = build_app()
        app.store.upgrade()
        app.register_accounts()
        yield app
        app.store.dispose()


def change(app: App, **values: object) -> None:
    with app.store.write() as session:
        row = session.exec(select(AccountRow)).one()
        for name, value in values.items():
            setattr(row, name, value)
        session.add(row)


def collecting_looks() -> list[Look]:
    return [look for look in examine() if look.what == "collecting x_hemlund"]


def test_doctor_tells_of_an_account_that_is_well(configured: App):
    now = datetime.now(UTC)
    change(configured, last_polled_at=now, last_success_at=now, token_expires_at=now + timedelta(days=40, hours=1))
    (look,) = collecting_looks()
    assert look.mark is Mark.OK
    assert f"last success {now:%d %b %H:%M:%S} UTC" in look.found
    assert "access ends in 40 day(s)" in look.found


def test_doctor_warns_a_week_before_a_token_ends_and_says_what_to_do(configured: App):
    now = datetime.now(UTC)
    change(configured, last_polled_at=now, last_success_at=now, token_expires_at=now + timedelta(days=6, hours=23))
    _, warning = collecting_looks()
    assert (warning.mark, "in 6 day(s)" in warning.found) == (Mark.WARN, True)
    assert "Make new access for this account" in warning.mend
    change(configured, token_expires_at=now - timedelta(hours=1))
    assert [look.mark for look in collecting_looks()] == [Mark.OK, Mark.FAIL]


def test_doctor_tells_gaps_a_cap_that_is_reached_and_a_disconnected_account(configured: App):
    now = datetime.now(UTC)
    change(configured, last_polled_at=now, last_success_at=now, capped_at=now)
    with configured.store.write() as session:
        account = session.exec(select(AccountRow)).one()
        remember_gaps(session, account, [Gap(now - timedelta(hours=3), now, "history ended", "mentions")], now=now)
        session.add(
            SpendRow(
                account_id=account.id or 0, day=now.date().isoformat(), what="post_read", count=9, micros=2_500_000
            )
        )
    told = "\n".join(f"{look.mark} {look.found} {look.mend}" for look in collecting_looks())
    assert "spent today USD 2.50" in told
    assert "WARN The day's cap of USD 2.00 is reached" in told
    assert "Raise accounts.x_hemlund.daily_cap" in told
    assert "WARN Posts may be missing in 1 stretch(es) of time." in told
    change(configured, disconnected_at=now, last_error="The token was revoked.")
    told = "\n".join(f"{look.mark} {look.found} {look.mend}" for look in collecting_looks())
    assert "FAIL Disconnected since" in told
    assert "The token was revoked." in told
    assert "Everything collected stays." in told
