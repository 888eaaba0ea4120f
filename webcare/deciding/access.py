"""Access to a network that a person renews in the browser, and accounts they pause.

A new token is tried on its network first and only then kept, sealed. It is never shown again and never written down:
the audit log tells who renewed which secret of which account, and until when the network says it lasts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from sqlmodel import Session, col, select

from webcare import audit
from webcare.channels import channel_class
from webcare.channels.base import Channel, Health, HealthState
from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.people import Permission, person_id, require
from webcare.sealing import Sealer
from webcare.store import Store
from webcare.store.tables import AccountRow
from webcare.store.tables_desk import AccountSecretRow

#: Longest secret that is believed; networks' tokens have a few hundred characters.
_LONGEST = 5_000
Stamp = tuple[tuple[str, datetime], ...]


def entered_stamp(session: Session, account_key: str) -> Stamp:
    """Which secrets of an account were entered and when; another one means that a channel must be built anew."""
    query = (
        select(AccountSecretRow.name, AccountSecretRow.changed_at)
        .where(AccountSecretRow.account_key == account_key)
        .order_by(col(AccountSecretRow.name))
    )
    return tuple((name, at) for name, at in session.exec(query))


def entered_secrets(session: Session, account_key: str, sealer: Callable[[], Sealer]) -> dict[str, str]:
    """The secrets of an account that were entered in the browser; they count before those of the environment.

    Raises SettingsError where some were entered and this process cannot open them.
    """
    rows = list(session.exec(select(AccountSecretRow).where(AccountSecretRow.account_key == account_key)))
    if not rows:
        return {}
    opener = sealer()
    return {row.name: opener.open(row.sealed) for row in rows}


def renew_access(
    store: Store,
    account_key: str,
    given: Mapping[str, str],
    *,
    connect: Callable[[Mapping[str, str]], Channel],
    sealer: Sealer,
    by: Actor,
    clock: Callable[[], datetime],
) -> Health:
    """Try new secrets on the network and keep them. `connect` builds the account's channel with them in place.

    Raises NotAllowed, SettingsError for a missing secret, or WebcareError naming why the network does not take them;
    nothing is kept then. Talks to the network, so it takes the store and not a session.
    """
    require(by, Permission.MANAGE_ACCOUNTS)
    with store.read() as session:
        account = _account(session, account_key)
        ours, names = account.external_id, channel_class(account.channel).secret_names
    secrets = {name: value.strip() for name, value in given.items() if value.strip()}
    if not secrets:
        raise WebcareError("Nothing was entered.")
    if set(secrets) - set(names) or any(len(value) > _LONGEST for value in secrets.values()):
        raise WebcareError("This is not an access that the network gives.")
    health = connect(secrets).health()
    _require_good(health, ours)
    with store.write() as session:
        _keep(session, account_key, secrets, health, sealer, by, clock())
    return health


def pause_account(session: Session, account_key: str, *, by: Actor, now: datetime) -> None:
    """Neither collect from an account nor post to it until somebody resumes it; its place on the network is kept.

    Raises NotAllowed, or WebcareError when it is paused already.
    """
    require(by, Permission.MANAGE_ACCOUNTS)
    row = _account(session, account_key, lock=True)
    if not row.active:
        raise WebcareError("This account is paused already.")
    row.active, row.paused_at = False, now
    session.add(row)
    audit.record(session, "account_paused", by=by, now=now, subject=f"account:{account_key}")


def resume_account(session: Session, account_key: str, *, by: Actor, now: datetime) -> None:
    """Go on with a paused account where it stopped. Raises NotAllowed, or WebcareError when it is not paused."""
    require(by, Permission.MANAGE_ACCOUNTS)
    row = _account(session, account_key, lock=True)
    if row.paused_at is None:
        raise WebcareError("This account is not paused.")
    since = row.paused_at.isoformat()
    row.active, row.paused_at = True, None
    session.add(row)
    audit.record(
        session, "account_resumed", by=by, now=now, subject=f"account:{account_key}", before={"paused_at": since}
    )


def seal_again(session: Session, sealer: Sealer) -> int:
    """Seal with the newest key what an older one sealed; gives how many. Afterwards the older key may go."""
    old = [row for row in session.exec(select(AccountSecretRow)) if not sealer.is_of_the_first_key(row.sealed)]
    for row in old:
        row.sealed = sealer.seal(sealer.open(row.sealed))
        session.add(row)
    return len(old)


def _account(session: Session, key: str, *, lock: bool = False) -> AccountRow:
    query = select(AccountRow).where(AccountRow.key == key)
    row = session.exec(query.with_for_update(key_share=True) if lock else query).first()
    if row is None:
        raise WebcareError("There is no account {account}.", account=key)
    return row


def _require_good(health: Health, ours: str) -> None:
    if health.state is not HealthState.OK:
        why = health.message or "it gave no reason"
        raise WebcareError("The network does not take this access, so nothing was kept: {why}", why=why)
    if health.external_id and ours and health.external_id != ours:
        raise WebcareError(
            "This access belongs to another account of the network ({name}), so nothing was kept.",
            name=health.name or health.external_id,
        )


def _keep(
    session: Session, key: str, secrets: Mapping[str, str], health: Health, sealer: Sealer, by: Actor, now: datetime
) -> None:
    known = {row.name: row for row in session.exec(select(AccountSecretRow).where(AccountSecretRow.account_key == key))}
    for name, value in secrets.items():
        fresh = AccountSecretRow(account_key=key, name=name, sealed="", changed_by=person_id(by), changed_at=now)
        row = known.get(name) or fresh
        row.sealed, row.changed_by, row.changed_at = sealer.seal(value), person_id(by), now
        session.add(row)
    account = _account(session, key, lock=True)
    until = health.token_expires_at
    account.disconnected_at, account.last_error, account.checked_at = None, "", now
    account.token_expires_at, account.missing_permissions = until, list(health.missing)
    session.add(account)
    told = {"secrets": sorted(secrets), "lasts_until": until.isoformat() if until else ""}
    audit.record(session, "access_renewed", by=by, now=now, subject=f"account:{key}", after=told)
