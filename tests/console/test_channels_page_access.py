"""An expired token is renewed in the browser against the sandbox, and polling goes on with nothing lost."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from sqlmodel import select, text
from streamlit.testing.v1 import AppTest

from tests.console.conftest import html_of
from tests.console.filling import small_desk, token_for
from webcare import audit, console
from webcare.app import App
from webcare.channels.base import Budget
from webcare.console import desk as console_desk
from webcare.domain import Role
from webcare.errors import AccountDisconnected, NotAllowed, SettingsError, WebcareError
from webcare.ingest import poll_account
from webcare.sandbox import Sandbox
from webcare.sealing import new_key, sealer
from webcare.settings import load_settings
from webcare.store import Store
from webcare.store.tables import AccountRow, MentionRow
from webcare.store.tables_desk import AccountSecretRow
from webcare.testing import Desk, FakeClassifier

KEY = "fb"
SECRET = "SBXnewtoken0123456789abcdef"


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


@pytest.fixture
def desk(sqlite_store: Store) -> Desk:
    return small_desk(sqlite_store)


@pytest.fixture
def env(box: Sandbox) -> dict[str, str]:
    secrets = {f"WEBCARE_SECRET_FB_{name}".upper(): value for name, value in box.credentials("fb_hemlund").items()}
    return secrets | {"WEBCARE_SECRET_KEY": new_key()}


def app_of(box: Sandbox, desk: Desk, env: dict[str, str]) -> App:
    settings = load_settings(
        env={
            "WEBCARE_DESK__DATABASE_URL": desk.store.url,
            "WEBCARE_ACCOUNTS__FB__CHANNEL": "facebook",
            "WEBCARE_ACCOUNTS__FB__EXTERNAL_ID": "1100000001",
            "WEBCARE_ACCOUNTS__FB__API_BASE": box.graph_base,
        }
    )
    made = console.start(lambda: App(settings, env), cookie="webcare_session")
    made.register_accounts()
    return made


def poll(app: App) -> int:
    return poll_account(
        app.store, app.channels[KEY], FakeClassifier(), app.settings.routing, account_key=KEY,
        now=datetime.now(UTC), budget=Budget(), unsorted_below=0.1,
    ).stored  # fmt: skip


def expire(box: Sandbox) -> None:
    box.world.account("fb_hemlund").disconnected = "expired"


def renew_at_the_network(box: Sandbox) -> None:
    brand = box.world.account("fb_hemlund")
    brand.disconnected, brand.secrets["page_token"] = "", SECRET


def page_of(desk: Desk, role: Role, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    token = token_for(desk, role)
    monkeypatch.setattr(console_desk, "read_session_token", lambda: token)
    return AppTest.from_file(str(console.SCRIPT), default_timeout=30).run().switch_page("screens/channels.py").run()


def enter(page: AppTest, value: str) -> AppTest:
    page.button(key=f"access_{KEY}").click().run()
    page.text_input(key=f"secret_{KEY}_page_token").set_value(value)
    return page.button(key=f"renew_{KEY}").click().run()


def test_an_expired_token_is_renewed_in_the_browser_and_polling_goes_on_with_nothing_lost(
    box: Sandbox, desk: Desk, env: dict[str, str], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.DEBUG)
    app = app_of(box, desk, env)
    jobs = App(app.settings, env)  # another process, with the same environment
    poll(app)
    box.world.post_fb("before it ended", author="lies")
    assert poll(app) == 1
    expire(box)
    box.world.post_fb("while it was ended", author="lies")
    with pytest.raises(AccountDisconnected):
        poll(jobs)
    page = page_of(desk, Role.ADMIN, monkeypatch)
    enter(page, "wrong-token")
    assert "nothing was kept" in html_of(page)
    renew_at_the_network(box)
    page = enter(page_of(desk, Role.ADMIN, monkeypatch), SECRET)
    assert "collecting goes on where it stopped" in html_of(page)
    assert f"secret_{KEY}_page_token" not in page.session_state
    jobs.channels.look_again()
    assert poll(jobs) == 1
    with app.store.read() as session:
        texts = set(session.exec(select(MentionRow.text)))
        sealed = session.exec(select(AccountSecretRow)).one().sealed
        entry = audit.entries(session)[0]
        everything = str(list(session.execute(text("SELECT * FROM audit"))))
        assert session.exec(select(AccountRow).where(AccountRow.key == KEY)).one().disconnected_at is None
    assert {"before it ended", "while it was ended"} <= texts
    assert (entry.what, entry.subject, entry.after["secrets"]) == ("access_renewed", "account:fb", ["page_token"])
    assert sealer(env).open(sealed) == SECRET
    for place in (sealed, everything, caplog.text, html_of(page)):
        assert SECRET not in place


def test_without_a_key_nothing_is_kept_and_the_mend_is_told(
    box: Sandbox, desk: Desk, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    app_of(box, desk, {name: value for name, value in env.items() if name != "WEBCARE_SECRET_KEY"})
    page = enter(page_of(desk, Role.ADMIN, monkeypatch), SECRET)
    assert "There is no key to seal secrets with" in html_of(page)
    assert "python -m webcare.sealing" in html_of(page)
    with desk.store.read() as session:
        assert session.exec(select(AccountSecretRow)).first() is None


def test_only_administrators_see_the_buttons_and_only_they_may(
    box: Sandbox, desk: Desk, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    app = app_of(box, desk, env)
    page = page_of(desk, Role.MANAGER, monkeypatch)
    assert not [button for button in page.button if button.label == "Re-authorise"]
    with pytest.raises(NotAllowed):
        app.renew_access(KEY, {"page_token": SECRET}, by=desk.people[Role.MANAGER])


def test_access_of_another_account_is_refused(box: Sandbox, desk: Desk, env: dict[str, str]):
    app = app_of(box, desk, env)
    account = app.settings.accounts[KEY]
    with app.store.write() as session:
        row = session.exec(select(AccountRow).where(AccountRow.key == KEY)).one()
        row.external_id = "999"
        session.add(row)
    assert account.external_id != "999"
    with pytest.raises(WebcareError, match="another account"):
        app.renew_access(KEY, {"page_token": env["WEBCARE_SECRET_FB_PAGE_TOKEN"]}, by=desk.people[Role.ADMIN])


def test_a_paused_account_is_not_asked_and_goes_on_where_it_stopped(
    box: Sandbox, desk: Desk, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
):
    app = app_of(box, desk, env)
    poll(app)
    page = page_of(desk, Role.ADMIN, monkeypatch)
    page.button(key=f"pause_{KEY}").click().run()
    assert "Paused since" in html_of(page)
    box.world.post_fb("while it was paused", author="lies")
    assert poll(app) == 0
    app.register_accounts()  # a start does not resume it
    assert poll(app) == 0
    page.button(key=f"pause_{KEY}").click().run()
    assert "Paused since" not in html_of(page)
    assert poll(app) == 1
    with app.store.read() as session:
        assert [row.what for row in audit.entries(session)] == ["account_resumed", "account_paused"]


def test_a_key_is_changed_by_putting_the_new_one_first(box: Sandbox, desk: Desk, env: dict[str, str]):
    app = app_of(box, desk, env)
    app.renew_access(KEY, {"page_token": env["WEBCARE_SECRET_FB_PAGE_TOKEN"]}, by=desk.people[Role.ADMIN])
    old, new = env["WEBCARE_SECRET_KEY"], new_key()
    with pytest.raises(SettingsError, match="another key"):
        _ = App(app.settings, env | {"WEBCARE_SECRET_KEY": new}).channels[KEY]
    both = App(app.settings, env | {"WEBCARE_SECRET_KEY": f"{new},{old}"})
    assert both.channels[KEY]
    assert (both.seal_again(), both.seal_again()) == (1, 0)
    assert App(app.settings, env | {"WEBCARE_SECRET_KEY": new}).channels[KEY]


@pytest.mark.parametrize("value", ["", "short", "x" * 44])
def test_what_is_no_key_is_refused_without_showing_it(value: str):
    with pytest.raises(SettingsError) as refused:
        sealer({"WEBCARE_SECRET_KEY": value})
    assert "python -m webcare.sealing" in str(refused.value)
    assert not value or value not in str(refused.value)
