"""One request to the Graph API that is being answered: who asks, for what, with which parameters."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from webcare.sandbox.graph_errors import GraphError, no_right
from webcare.sandbox.graph_fields import Field, FieldsError, parse_fields
from webcare.sandbox.graph_lists import Lister
from webcare.sandbox.values import BrandAccount, User
from webcare.sandbox.world import World


@dataclass(slots=True)
class Call:
    """One request. `account` is the one whose token came with it; `page_id` the Facebook page it belongs to."""

    world: World
    account: BrandAccount
    lists: Lister
    token: str
    method: str
    node: str
    edge: str
    params: dict[str, str]
    visible_after: float | None = None

    @property
    def page_id(self) -> str:
        """The page whose token this is."""
        return self.account.linked or self.account.user_id

    @property
    def page(self) -> User:
        """The page itself."""
        return self.world.users[("facebook", self.page_id)]

    @property
    def instagram_id(self) -> str:
        """The Instagram account of the page, empty if it has none."""
        account = self.world.instagram_of(self.page_id)
        return account.user_id if account else ""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The `fields` parameter. Raises GraphError."""
        text = self.params.get("fields", "")
        try:
            return parse_fields(text) if text.strip() else ()
        except FieldsError as error:
            raise GraphError(2500, str(error)) from error

    def allow(self, what: str) -> None:
        """Raises GraphError if the token lacks this right."""
        if what in self.account.denied:
            raise no_right(what)

    def flag(self, name: str) -> bool:
        """A parameter that is true or false."""
        return self.params[name].lower() in ("true", "1")

    def text(self, name: str, longest: int) -> str:
        """What is to be posted. Raises GraphError if it is empty or too long."""
        text = self.params.get(name, "")
        if not text.strip():
            raise GraphError(100, "(#100) Missing message or attachment")
        if len(text) > longest:
            raise GraphError(100, f"(#100) Param {name} must be shorter")
        return text

    def object_of(self, name: str) -> dict[str, Any]:
        """A parameter that holds a JSON object. Raises GraphError."""
        try:
            found = json.loads(self.params.get(name, ""))
        except ValueError as error:
            raise GraphError(100, f"(#100) param {name} must be non-empty.") from error
        if not isinstance(found, dict):
            raise GraphError(100, f"(#100) param {name} must be an array.")
        return found
