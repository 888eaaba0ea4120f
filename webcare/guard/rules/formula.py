"""Formulas of `metric` rules: numbers, counts, + - * / ( ), compared with one number. Nothing else is understood."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from webcare.domain import Said
from webcare.guard.rules.text import COUNTS, Text

_LONGEST = 500
_SIGNS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    # Nothing counted (no sentence, no word) makes a share nought, not an error while somebody types.
    ast.Div: lambda left, right: left / right if right else 0.0,
}
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}


class Formula(NamedTuple):
    """A formula that was read and found good."""

    tree: ast.expr

    def value(self, text: Text) -> float:
        """What it comes to for a text."""
        return _value(self.tree, text)


class Condition(NamedTuple):
    """For which values of a formula the rule speaks."""

    sign: str
    limit: float

    def holds(self, value: float) -> bool:
        """True where the rule has something to say."""
        return _COMPARE[self.sign](value, self.limit)


def read_formula(text: str) -> Formula:
    """Read e.g. `words / sentences`. Raises ValueError in words for the writer of the rule."""
    try:
        if len(text) > _LONGEST:
            raise ValueError(Said("the formula is longer than {most} characters", most=_LONGEST))
        tree = ast.parse(" ".join(text.split()), mode="eval").body
    except (SyntaxError, RecursionError) as error:
        raise ValueError(Said("{text!r} is no formula of numbers, counts and + - * / ( )", text=text)) from error
    _require_known(tree)
    return Formula(tree)


def read_condition(text: str) -> Condition:
    """Read e.g. `> 45`. Raises ValueError in words for the writer of the rule."""
    found = re.fullmatch(r"\s*(>=|<=|>|<)\s*(-?\d{1,9}(?:\.\d{1,9})?)\s*", text)
    if not found:
        raise ValueError(Said("{text!r} is no condition; write one like > 45", text=text))
    return Condition(found[1], float(found[2]))


def _require_known(node: ast.expr) -> None:
    if isinstance(node, ast.BinOp) and type(node.op) in _SIGNS:
        _require_known(node.left)
        _require_known(node.right)
    elif isinstance(node, ast.Name):
        if node.id not in COUNTS:
            raise ValueError(
                Said("{name!r} cannot be counted; what can: {known}", name=node.id, known=", ".join(sorted(COUNTS)))
            )
    elif not (isinstance(node, ast.Constant) and type(node.value) in (int, float)):
        raise ValueError("a formula holds numbers, counts and + - * / ( ) only")


def _value(node: ast.expr, text: Text) -> float:
    if isinstance(node, ast.BinOp):
        return _SIGNS[type(node.op)](_value(node.left, text), _value(node.right, text))
    if isinstance(node, ast.Name):
        return float(COUNTS[node.id](text))
    assert isinstance(node, ast.Constant)
    assert isinstance(node.value, int | float)
    return float(node.value)
