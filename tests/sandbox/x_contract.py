"""X's own API description as a judge: every answer must fit it, and hold nothing it does not name."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import requests
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from webcare.sandbox import x_api
from webcare.sandbox.world import World
from webcare.sandbox.x_view import NEW_PROBLEMS, PROBLEMS, RENAMED

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts"
DESCRIPTION = CONTRACTS / "x" / "openapi-2.166.json"
MISSING = f"{CONTRACTS} is not here; X's and Meta's own descriptions are not part of this repository"
#: The names of 2.167 back in those of 2.166, so that one description can judge both dialects.
OLDER = {new: old for old, new in RENAMED.items()}
_NOISE = {"description", "example", "examples", "discriminator", "title", "x-twitter-streaming", "nullable", "default"}


def in_older_names(value: Any) -> Any:
    """An answer of the newer dialect in the names of the older one."""
    if isinstance(value, dict):
        found = {OLDER.get(name, name): in_older_names(inner) for name, inner in value.items()}
        if isinstance(kind := found.get("type"), str):
            found["type"] = kind.replace(NEW_PROBLEMS, PROBLEMS)
        return found
    return [in_older_names(inner) for inner in value] if isinstance(value, list) else value


class Recorder:
    """Stands in for the module `x_api` in the server: notes every answer, and what the description says against it."""

    def __init__(self, judge: Contract) -> None:
        self._judge = judge
        #: Answers not judged yet; they are after the test, so that what it times is the sandbox alone.
        self._noted: list[tuple[str, str, int, str, bytes]] = []
        self.answered: Counter[tuple[str, str, int]] = Counter()

    def routes(self, world: World) -> list[Route]:
        """The endpoints of the X side, each watched."""
        return [self._watched(route, world) for route in x_api.routes(world)]

    def _watched(self, route: Route, world: World) -> Route:
        async def serve(request: Request) -> Response:
            answer = await route.endpoint(request)
            assert isinstance(answer, Response)
            path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
            kind = answer.headers["content-type"].partition(";")[0]
            self.note(request.method, route.path, path, answer.status_code, kind, bytes(answer.body))
            return answer

        return Route(route.path, serve, methods=list(route.methods or ()))

    def note(self, method: str, where: str, path: str, status: int, kind: str, body: bytes) -> None:
        """Remember an answer; `where` is the endpoint as we serve it, `path` what was asked for."""
        self.answered[method, where, status] += 1
        if method != "HEAD" and self._judge.knows(method, path):
            self._noted.append((method, path, status, kind, body))

    def judged(self) -> list[str]:
        """What the description says against the answers since this was last asked."""
        noted, self._noted, wrong = self._noted, [], []
        for method, path, status, kind, body in noted:
            try:
                self._judge.check_parts(method, path, status, kind, in_older_names(json.loads(body)))
            except (jsonschema.ValidationError, AssertionError) as error:
                wrong.append(f"{method} {path} {status}: {str(error)[:600]}")
        return wrong


class Contract:
    """Checks answers against the description, with additional properties refused everywhere."""

    def __init__(self, path: Path = DESCRIPTION) -> None:
        api = json.loads(path.read_text("utf-8"))
        self._api = api
        self._schemas = api["components"]["schemas"]
        self._operations = [
            (method.upper(), re.compile(re.sub(r"\{[^}]+\}", "[^/]+", where) + "$"), "{" in where, operation)
            for where, methods in api["paths"].items()
            for method, operation in methods.items()
            if method in ("get", "post", "put", "delete")
        ]
        self._operations.sort(key=lambda one: one[2])
        self._defs = {name: self._closed(schema) for name, schema in self._schemas.items()}
        self._defs |= {f"open {name}": self._open(schema) for name, schema in self._schemas.items()}
        self._defs["Problem"] = self._by_kind("Problem")
        self._defs["Media"] = self._by_kind("Media")
        self._formats = jsonschema.FormatChecker(formats=())
        self._formats.checks("date-time", raises=ValueError)(lambda text: bool(datetime.fromisoformat(text)))
        self.checked = 0

    def check(self, answer: requests.Response) -> None:
        """Raises jsonschema.ValidationError if the answer does not fit, AssertionError if its kind is unknown."""
        path = requests.utils.urlparse(answer.url).path.removeprefix("/x")
        kind = answer.headers["content-type"].partition(";")[0]
        self.check_parts(str(answer.request.method), path, answer.status_code, kind, answer.json())

    def check_parts(self, method: str, path: str, status: int, kind: str, body: Any) -> None:
        """The same for an answer in its parts; `path` is without what stands before /2/."""
        operation = next(one for verb, where, _, one in self._operations if verb == method and where.match(path))
        responses = operation["responses"]
        found = responses.get(str(status)) if status < 400 else responses["default"]
        assert found is not None, f"{method} {path} does not answer {status}"
        self.validate(body, found["content"][kind]["schema"])

    def parameters(self, method: str, where: str) -> set[str]:
        """The names of the query parameters of an endpoint, by the path as it stands in the description."""
        found = self._api["paths"][where][method.lower()]["parameters"]
        named = [
            self._api["components"]["parameters"][one["$ref"].split("/")[-1]] if "$ref" in one else one for one in found
        ]
        return {one["name"] for one in named if one["in"] == "query"}

    def knows(self, method: str, path: str) -> bool:
        """Whether the description has this endpoint."""
        return any(verb == method and where.match(path) for verb, where, _, _ in self._operations)

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        whole = {**self._closed(schema), "$defs": self._defs}
        jsonschema.Draft202012Validator(whole, format_checker=self._formats).validate(value)
        self.checked += 1

    def _by_kind(self, name: str) -> dict[str, Any]:
        """A schema that tells its forms apart by a property, as the description's `discriminator` says."""
        schema = self._schemas[name]
        told_by, kinds = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
        fits = [
            {
                "if": {"properties": {told_by: {"const": kind}}, "required": [told_by]},
                "then": {"$ref": f"#/$defs/{ref.split('/')[-1]}"},
            }
            for kind, ref in kinds.items()
        ]
        return {"properties": {told_by: {"enum": list(kinds)}}, "required": schema["required"], "allOf": fits}

    def _closed(self, schema: dict[str, Any]) -> dict[str, Any]:
        made = self._open(schema)
        if ("properties" in made or "allOf" in made) and "additionalProperties" not in made:
            made["unevaluatedProperties"] = False
        return made

    def _open(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return {"$ref": f"#/$defs/{schema['$ref'].split('/')[-1]}"}
        made = {name: value for name, value in schema.items() if name not in _NOISE}
        if "enum" in made:
            made.pop("pattern", None)  # reply_settings lists mentionedUsers, which its own pattern does not take
        if "properties" in made:
            made["properties"] = {name: self._closed(inner) for name, inner in made["properties"].items()}
        if isinstance(made.get("items"), dict):
            made["items"] = self._closed(made["items"])
        for several in ("oneOf", "anyOf"):
            if several in made:
                made[several] = [self._closed(inner) for inner in made[several]]
        if "allOf" in made:
            made["allOf"] = [self._part(inner) for inner in made["allOf"]]
        return made

    def _part(self, schema: dict[str, Any]) -> dict[str, Any]:
        """A part of an `allOf` must stay open, because the other parts name properties too."""
        if "$ref" in schema:
            return {"$ref": f"#/$defs/open {schema['$ref'].split('/')[-1]}"}
        return self._open(schema)
