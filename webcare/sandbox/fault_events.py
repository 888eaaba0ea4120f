"""Carrying out what a scenario lets happen to the world at a time: tokens, rights, people, switches."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from webcare.sandbox.faults import Event
from webcare.sandbox.values import RIGHTS, SandboxError
from webcare.sandbox.world import World

logger = logging.getLogger(__name__)


def carry_out(world: World, event: Event) -> None:
    """Do it. What the world refuses is logged and left: a scenario must not stop the networks."""
    try:
        ACTS[event.act](world, event.values)
    except (SandboxError, KeyError) as error:
        logger.warning("the scenario's line %r could not be carried out: %s", event.says, error)


def _token(world: World, values: dict[str, Any]) -> None:
    with world.lock:
        world.account(values["account"]).disconnected = values["state"]
        world.touch()


def _deny(world: World, values: dict[str, Any]) -> None:
    with world.lock:
        world.account(values["account"]).denied.add(values["right"])
        world.touch()


def _allow(world: World, values: dict[str, Any]) -> None:
    with world.lock:
        denied = world.account(values["account"]).denied
        denied -= {values["right"]} if values["right"] in RIGHTS else set(RIGHTS)
        world.touch()


def _person(world: World, values: dict[str, Any]) -> None:
    changes = {name: value for name, value in values.items() if name not in ("handle", "network")}
    network = values.get("network", "x")
    if "renamed" in changes:
        changes["handle"] = changes.pop("renamed")
    world.set_user(network, world.user(network, values["handle"]).handle, **changes)


def _delete(world: World, values: dict[str, Any]) -> None:
    with world.lock:
        for number in list(world.x.by_author.get(world.user("x", values["handle"]).id, [])):
            world.x.delete(number)


def _option(world: World, values: dict[str, Any]) -> None:
    world.set_options(values)


ACTS: dict[str, Callable[[World, dict[str, Any]], None]] = {
    "token": _token,
    "deny": _deny,
    "allow": _allow,
    "person": _person,
    "delete": _delete,
    "option": _option,
}
