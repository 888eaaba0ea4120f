"""placeholder"""

from __future__ import annotations
from starlette.routing import Route
from webcare.sandbox.world import World


def routes(world: World) -> list[Route]:
    return []
