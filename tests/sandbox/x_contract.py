"""X's own API description as a judge: every answer must fit it, and hold nothing it does not name."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

import jsonschema
import requests

CONTRACTS = Path(__file__).resolve().parents[3] / "shared" / "contracts"
DESCRIPTION = CONTRACTS / "x" / "openapi-2.166.json"
MISSING = f"{CONTRACTS} is not here; X's and Meta's own descriptions are not part of this repository"
_NOISE = {"description", "example", "examples", "discriminator", "title", "x-twitter-streaming", "nullable", "default"}


class Contract:
    """Checks answers against the description, with additional properties refused everywhere."""

    def __init__(self, path: Path = DESCRIPTION) -> None:
        api = json.loads(path.read_text("utf-8"))
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
        self._defs["Problem"] = self._any_problem()
        self._formats = jsonschema.FormatChecker(formats=())
        self._formats.checks("date-time", raises=ValueError)(lambda text: bool(datetime.fromisoformat(text)))
        self.checked = 0

    def check(self, answer: requests.Response) -> None:
        """Raises jsonschema.ValidationError if the answer does not fit, AssertionError if its kind is unknown."""
        path = requests.utils.urlparse(answer.url).path.removeprefix("/x")
        operation = next(
            one for method, where, _, one in self._operations if method == answer.request.method and where.match(path)
        )
        kind = answer.headers["content-type"].partition(";")[0]
        responses = operation["responses"]
        found = responses.get(str(answer.status_code)) if answer.ok else responses["default"]
        assert found is not None, f"{answer.request.method} {path} does not answer {answer.status_code}"
        self.validate(answer.json(), found["content"][kind]["schema"])

    def validate(self, value: Any, schema: dict[str, Any]) -> None:
        whole = {**self._closed(schema), "$defs": self._defs}
        jsonschema.Draft202012Validator(whole, format_checker=self._formats).validate(value)
        self.checked += 1

    def _any_problem(self) -> dict[str, Any]:
        kinds = self._schemas["Problem"]["discriminator"]["mapping"]
        fits = [
            {
                "if": {"properties": {"type": {"const": kind}}, "required": ["type"]},
                "then": {"$ref": f"#/$defs/{ref.split('/')[-1]}"},
            }
            for kind, ref in kinds.items()
        ]
        return {"properties": {"type": {"enum": list(kinds)}}, "required": ["type", "title"], "allOf": fits}

    def _closed(self, schema: dict[str, Any]) -> dict[str, Any]:
        made = self._open(schema)
        if ("properties" in made or "allOf" in made) and "additionalProperties" not in made:
            made["unevaluatedProperties"] = False
        return made

    def _open(self, schema: dict[str, Any]) -> dict[str, Any]:
        if "$ref" in schema:
            return {"$ref": f"#/$defs/{schema['$ref'].split('/')[-1]}"}
        made = {name: value for name, value in schema.items() if name not in _NOISE}
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
