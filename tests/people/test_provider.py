"""People whom an identity provider lets in."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import ValidationError
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, select

from tests.people.conftest import Staff
from webcare import people
from webcare.domain import Role
from webcare.errors import SignInRefused
from webcare.people import Identity, provider
from webcare.settings import OidcSettings, load_settings
from webcare.store.tables import AgentRow
from webcare.testing import NOON

ROLES = {"admins": Role.ADMIN, "leads": Role.TEAM_LEAD, "care": Role.FIRST_LINE}
ELIN = Identity("https://id.example 42", "Elin Sandberg", "elin", "elin@example.org", True, frozenset({"care", "x"}))


def enter(staff: Staff, who: Identity = ELIN) -> tuple[str, people.Permission]:
    return people.sign_in_known(staff.store, who, roles=ROLES, now=NOON, lasts=timedelta(hours=8))  # type: ignore[return-value]


def test_somebody_new_is_made_with_the_role_of_their_group(staff: Staff) -> None:
    token, actor = enter(staff)
    assert staff.is_in(token)
    row = staff.row(actor.id)
    assert (row.username, row.name, row.role, row.email) == ("elin", "Elin Sandberg", "first_line", "elin@example.org")
    assert (row.password_hash, row.must_change) == ("", False)
    assert [(entry.what, entry.agent_name) for entry in staff.log()] == [("person_added", "identity provider")]
    _, again = enter(staff, replace(ELIN, name="Elin S", email="new@example.org"))
    assert again.id == actor.id


def test_the_first_group_of_the_settings_decides_on_the_role_at_every_sign_in(staff: Staff) -> None:
    token, actor = enter(staff)
    _, actor = enter(staff, replace(ELIN, groups=frozenset({"care", "leads"})))
    assert actor.role is Role.TEAM_LEAD
    assert not staff.is_in(token), "what was opened with the old role ends"
    entry = staff.log()[0]
    assert (entry.what, entry.before, entry.after) == ("role_changed", {"role": "first_line"}, {"role": "team_lead"})


def test_an_account_of_the_desk_is_found_by_its_verified_address_only(staff: Staff) -> None:
    staff.write(people.change_person, staff.noor.id, people.Change(email="noor@example.org"))
    who = replace(ELIN, subject="https://id.example 7", email="Noor@example.org", email_verified=False, username="noor")
    _, stranger = enter(staff, who)
    assert stranger.id != staff.noor.id
    assert staff.row(stranger.id).username == "noor2"
    _, known = enter(staff, replace(who, subject="https://id.example 8", email_verified=True))
    assert known.id == staff.noor.id
    assert staff.row(staff.noor.id).subject == "https://id.example 8"
    assert staff.log()[0].what == "person_linked"


def test_an_address_given_to_somebody_else_since_opens_no_account_of_the_first(staff: Staff) -> None:
    _, first = enter(staff)
    _, second = enter(staff, replace(ELIN, subject="https://id.example 99"))
    assert second.id != first.id
    assert staff.row(second.id).email == ""


def test_without_a_group_nobody_gets_in_and_who_was_in_is_out_at_once(staff: Staff) -> None:
    token, actor = enter(staff)
    with pytest.raises(SignInRefused, match="none of your groups"):
        enter(staff, replace(ELIN, groups=frozenset({"kitchen"})))
    assert not staff.is_in(token)
    assert staff.log()[0].what == "person_shut_out"
    with pytest.raises(SignInRefused, match="none of your groups"):
        enter(staff, Identity("https://id.example 1", "Nobody"))
    assert actor.name not in {entry.agent_name for entry in staff.log()}


def test_a_closed_account_stays_closed_whatever_the_provider_says(staff: Staff) -> None:
    token, actor = enter(staff)
    staff.write(people.close_person, actor.id)
    assert not staff.is_in(token)
    with pytest.raises(SignInRefused, match="closed"):
        enter(staff)


def test_a_name_that_is_no_user_name_still_gets_one(staff: Staff) -> None:
    _, actor = enter(staff, Identity("https://id.example 5", "", "", "", False, frozenset({"care"})))
    assert staff.row(actor.id).username == "colleague"
    _, actor = enter(staff, Identity("https://id.example 6", "Å Ö!", "", "", False, frozenset({"care"})))
    assert staff.row(actor.id).username == "åö"


def test_two_browsers_of_somebody_new_at_the_same_moment_make_one_account(staff: Staff) -> None:
    with ThreadPoolExecutor(4) as pool:
        found = [one.result() for one in [pool.submit(enter, staff) for _ in range(4)]]
    assert len({actor.id for _, actor in found}) == 1
    assert all(staff.is_in(token) for token, _ in found)
    with staff.store.read() as session:
        assert len(list(session.exec(select(AgentRow).where(AgentRow.subject == ELIN.subject)))) == 1


def test_an_account_made_just_before_ones_own_is_taken(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    if staff.store.path is not None:
        pytest.skip("SQLite lets one write at a time: nobody comes between")
    choose, earlier = provider._free_name, []

    def slowly(session: Session, who: Identity) -> str:
        name = choose(session, who)
        monkeypatch.setattr(provider, "_free_name", choose)
        with ThreadPoolExecutor(1) as pool:
            earlier.append(pool.submit(enter, staff).result())
        return name

    monkeypatch.setattr(provider, "_free_name", slowly)
    _token, actor = enter(staff)
    assert [there.id for _, there in earlier] == [actor.id]


def test_one_person_of_the_provider_has_one_account_and_local_ones_have_none(staff: Staff) -> None:
    _, actor = enter(staff)
    subject = staff.row(actor.id).subject
    with staff.store.write() as session, pytest.raises(IntegrityError):
        session.execute(update(AgentRow).where(AgentRow.id == staff.noor.id).values(subject=subject))
    with staff.store.read() as session:
        assert len(list(session.exec(select(AgentRow).where(AgentRow.subject == "")))) > 1


def test_whoever_left_the_group_is_out_when_the_sign_in_ends_and_that_is_a_day_at_most(staff: Staff) -> None:
    token, _ = enter(staff)
    with staff.store.read() as session:
        assert people.standing(session, token, now=NOON + timedelta(hours=8) - timedelta(seconds=1)) is not None
        assert people.standing(session, token, now=NOON + timedelta(hours=8)) is None
    kept = load_settings(env={}).oidc.model_dump()
    assert OidcSettings(**kept | {"sign_in_hours": 24}).sign_in_hours == 24
    with pytest.raises(ValidationError):
        OidcSettings(**kept | {"sign_in_hours": 24.5})
