"""Counting calls as Meta does: per app, and per page, Instagram account and inbox, told in percent in headers."""

from __future__ import annotations

import json
from datetime import timedelta

from webcare.sandbox.graph_errors import TOO_MANY, known_error
from webcare.sandbox.limits import Window
from webcare.sandbox.values import BrandAccount
from webcare.sandbox.world import World

#: Calls per hour before Meta answers that there were too many. Its real numbers depend on how much a page is used.
PER_HOUR = {"pages": 4800, "instagram": 4800, "messenger": 7200}
APP_PER_HOUR = 48_000
_HOUR = timedelta(hours=1)
_CODES = {kind: code for code, (kind, _) in TOO_MANY.items()}


def kind_of(world: World, node: str, edge: str) -> str:
    """Which limit a call counts against."""
    if edge in ("conversations", "messages") or node in world.inbox.conversations or node in world.inbox.messages:
        return "messenger"
    if node in world.instagram.items or ("instagram", node) in world.users:
        return "instagram"
    return "pages"


def count(world: World, account: BrandAccount, kind: str, headers: dict[str, str]) -> None:
    """Count one call and tell how much is used up. Raises GraphError when it was one too many."""
    now, scale = world.now(), world.options.limit_scale
    app = world.windows.take("graph app", limit=max(1, int(APP_PER_HOUR * scale)), lasts=_HOUR, now=now)
    limit = max(1, int(PER_HOUR[kind] * scale))
    page = world.windows.take(f"graph {account.key} {kind}", limit=limit, lasts=_HOUR, now=now)
    headers["x-app-usage"] = json.dumps(_usage(app))
    wait = int((page.reset_at - now).total_seconds() // 60) + 1 if page.exceeded else 0
    usage = {"type": kind, **_usage(page), "estimated_time_to_regain_access": wait}
    owner = account.user_id if kind == "instagram" else account.linked or account.user_id
    headers["x-business-use-case-usage"] = json.dumps({owner: [usage]})
    if app.exceeded:
        raise known_error(4)
    if page.exceeded:
        raise known_error(_CODES[kind], 2446079)


def _usage(window: Window) -> dict[str, int]:
    return {"call_count": window.percent, "total_cputime": window.percent // 2, "total_time": window.percent // 2}
