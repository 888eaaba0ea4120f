"""`webcare doctor`: whether notifications have somewhere to go. Addresses are secrets; only variables are named."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from webcare.alerting import dead_count, places
from webcare.app import App
from webcare.settings import secret_variable


def wrong_places(app: App, env: Mapping[str, str] | None = None) -> Iterator[tuple[str, str]]:
    """What is wrong with each place and the mail server, and the mend; no mail server at all is no fault."""
    for name in (places.MAIL, *app.settings.notifications.places):
        variable, address = secret_variable(f"notify_{name}", "url"), places.address_of(name, env)
        if not address and name != places.MAIL:
            yield f"{name} has no address", f"set {variable}"
        elif address and not places.is_usable(address):
            yield f"the address of {name} cannot be used", f"mend {variable}; docs/notifications.md"


def undelivered(app: App) -> int:
    """How many messages did not arrive and wait for somebody to look."""
    with app.store.read() as session:
        return dead_count(session)
