"""From YAML to rules: a readable subset of Vale's format. Whatever is not understood is refused, with file and line.

`tokens`, `swap` and `exceptions` are words and phrases, taken literally, a star at the end of a word excepted; `raw`
holds regular expressions. `first`, `second` and `token` are expressions as in Vale, or lists of phrases.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from webcare.domain import Level, Override, Said
from webcare.guard.literals import Literals
from webcare.guard.marked import Marked, read_yaml
from webcare.guard.rules.formula import read_condition, read_formula
from webcare.guard.rules.patterns import Pattern
from webcare.guard.rules.rule import KINDS, SCOPES, Example, Phrase, Rule
from webcare.guard.rules.situation import CHOICES, read_when

_HEADER = {"extends", "message", "level", "override", "reason", "check", "scope", "link", "ignorecase", "nonword"}
_HEADER |= {"exceptions", "when", "tests"}
#: Vale's keys that mean nothing here and change nothing.
_UNUSED = {"action", "description", "limit", "vocab", "author", "name"}
_OWN = {
    "existence": {"tokens", "raw"},
    "substitution": {"swap"},
    "occurrence": {"token", "tokens", "raw", "max", "min"},
    "conditional": {"first", "second"},
    "metric": {"formula", "condition"},
}
#: Signs of a regular expression in what must be a plain phrase.
_EXPRESSION = re.compile(r"\\|\(\?|\[\^?\w-|\.\*|\.\+|\)\?|\w\|\w|^\^|\$$")
_OVERRIDES = ("none", "justification", "acknowledge")
_DEFAULT_OVERRIDE = {Level.ERROR: Override.JUSTIFICATION, Level.WARNING: Override.ACKNOWLEDGE}
_SITUATION = ("mention", "customer", "draft")


def read_rules(text: str, source: str, name: str) -> Iterator[Rule]:
    """Each rule of a file (one per YAML document). Raises SettingsError naming `source` and the line."""
    for number, document in enumerate(read_yaml(text, source)):
        yield _rule(document, name if number == 0 else f"{name}#{number + 1}")


def rule_name(path: Path) -> str:
    """A file's rules go by the file's name, with its folder's name before it."""
    return f"{path.parent.name}.{path.stem}"


def _rule(document: Marked, name: str) -> Rule:
    keys = dict(document.pairs())
    kind = _one_of(document, keys, "extends", KINDS)
    for key, value in keys.items():
        if key not in _HEADER | _OWN[kind] | _UNUSED:
            known = ", ".join(sorted(_HEADER | _OWN[kind]))
            raise value.wrong("{kind} rules have no key {key!r}; theirs are {known}", kind=kind, key=key, known=known)
    if "message" not in keys or not keys["message"].text().strip():
        raise document.wrong("the rule has no message: say in one sentence what the writer should do")
    level = Level(_one_of(document, keys, "level", tuple(Level), Level.WARNING))
    override = _one_of(document, keys, "override", _OVERRIDES, _DEFAULT_OVERRIDE.get(level, Override.ACKNOWLEDGE))
    fields: dict[str, Any] = {
        "level": level,
        "override": Override(override),
        "reason": _code(keys, "reason", re.sub(r"\W+", "_", name.split(".")[-1]).strip("_").lower()),
        "check": _code(keys, "check", "brand"),
        "scope": _one_of(document, keys, "scope", (*SCOPES, "text"), "draft").replace("text", "draft"),
        "link": keys["link"].text() if "link" in keys else "",
        "ignorecase": keys["ignorecase"].yes() if "ignorecase" in keys else True,
        "nonword": keys["nonword"].yes() if "nonword" in keys else False,
    }
    if "when" in keys:
        fields["when"] = read_when(keys["when"])
    fields |= _PARTS[kind](document, keys, fields)
    if "exceptions" in keys:
        fields["phrases"] = (*fields.get("phrases", ()), *_phrases("except", keys["exceptions"]))
    fields["examples"] = tuple(_examples(keys["tests"])) if "tests" in keys else ()
    return Rule(name, document.source, document.line, kind, keys["message"].text(), **fields)


def _one_of(document: Marked, keys: Mapping[str, Marked], key: str, choice: tuple[str, ...], default: str = "") -> str:
    value = keys.get(key)
    if value is None and not default:
        raise document.wrong("the rule has no {key!r}; it can be {known}", key=key, known=", ".join(choice))
    text = default if value is None else value.text()
    if text not in choice:
        assert value is not None
        raise value.wrong("{key} knows no {text!r}; it can be {known}", key=key, text=text, known=", ".join(choice))
    return str(text)


def _code(keys: Mapping[str, Marked], key: str, default: str) -> str:
    if key not in keys:
        return default or key
    text = keys[key].text()
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,40}", text):
        raise keys[key].wrong("{key} is a code of small letters and underscores, not {text!r}", key=key, text=text)
    return text


# --- what each kind holds -------------------------------------------------------------------------------

Fields = dict[str, Any]


def _existence(document: Marked, keys: Mapping[str, Marked], header: Fields) -> Fields:
    found = _looked_for(keys, header)
    if not found["phrases"] and not found["patterns"]:
        raise document.wrong("the rule looks for nothing: give tokens or raw")
    return found


def _substitution(document: Marked, keys: Mapping[str, Marked], header: Fields) -> Fields:
    swap = keys["swap"].pairs() if "swap" in keys else ()
    if not swap:
        raise document.wrong("the rule swaps nothing: give swap, each word with a better one")
    phrases = tuple(_phrase("main", word, better) for word, better in swap)
    better = {word: tuple(part for part in better.text().split("|") if part.strip()) for word, better in swap}
    return {"phrases": phrases, "swap": better}


def _occurrence(document: Marked, keys: Mapping[str, Marked], header: Fields) -> Fields:
    found = _looked_for(keys, header)
    if "token" in keys:
        found["patterns"] = (*found["patterns"], ("main", _pattern(keys["token"], {**header, "nonword": True})))
    limits = {"most": "max", "least": "min"}
    found |= {field: keys[key].whole() for field, key in limits.items() if key in keys}
    if not found["phrases"] and not found["patterns"]:
        raise document.wrong("the rule counts nothing: give token, tokens or raw")
    if "most" not in found and "least" not in found:
        raise document.wrong("the rule has no limit: give max or min")
    return found


def _conditional(document: Marked, keys: Mapping[str, Marked], header: Fields) -> Fields:
    phrases: list[Phrase] = []
    patterns: list[tuple[str, Pattern]] = []
    for key, role in (("first", "main"), ("second", "second")):
        if key not in keys or keys[key].is_nothing():
            raise document.wrong("the rule has no {key}: where `first` stands, `second` must stand too", key=key)
        if keys[key].kind == "list":
            phrases += _phrases(role, keys[key])
        else:
            patterns.append((role, _pattern(keys[key], header)))
    return {"phrases": tuple(phrases), "patterns": tuple(patterns)}


def _metric(document: Marked, keys: Mapping[str, Marked], header: Fields) -> Fields:
    readers = {"formula": read_formula, "condition": read_condition}
    found: Fields = {}
    for key, read in readers.items():
        if key not in keys:
            raise document.wrong("the rule has no {key}", key=key)
        try:
            found[key] = read(keys[key].text())
        except ValueError as error:
            raise keys[key].wrong(Said.of(error)) from error
    return found


_PARTS: Mapping[str, Callable[[Marked, Mapping[str, Marked], Fields], Fields]] = {
    "existence": _existence,
    "substitution": _substitution,
    "occurrence": _occurrence,
    "conditional": _conditional,
    "metric": _metric,
}


def _looked_for(keys: Mapping[str, Marked], header: Fields) -> Fields:
    raws = keys["raw"].items() if "raw" in keys else ()
    return {
        "phrases": _phrases("main", keys["tokens"]) if "tokens" in keys else (),
        "patterns": tuple(("main", _pattern(raw, header)) for raw in raws),
    }


def _phrases(role: str, value: Marked) -> tuple[Phrase, ...]:
    return tuple(_phrase(role, item.text(), item) for item in value.items())


def _phrase(role: str, entry: str, value: Marked) -> Phrase:
    if _EXPRESSION.search(entry):
        raise value.wrong(
            "{entry!r} looks like a regular expression; words here are literal, move it to raw", entry=entry
        )
    try:
        Literals([("", entry)])
    except ValueError as error:
        raise value.wrong(Said.of(error)) from error
    return Phrase(role, entry)


def _pattern(value: Marked, header: Fields) -> Pattern:
    try:
        return Pattern(value.text(), ignorecase=header["ignorecase"], nonword=header["nonword"])
    except ValueError as error:
        raise value.wrong(Said.of(error)) from error


# --- inline tests ---------------------------------------------------------------------------------------


def _examples(value: Marked) -> Iterator[Example]:
    for key, drafts in value.pairs():
        if key not in ("block", "pass"):
            raise drafts.wrong("tests has no {key!r}; it has block (must be found) and pass (must not be)", key=key)
        for item in drafts.items():
            yield _example(item, found=key == "block")


def _example(item: Marked, *, found: bool) -> Example:
    if item.kind == "text":
        return Example(item.text(), found, {}, item.line)
    given = {}
    for key, value in item.pairs():
        name = {"lang": "reply_lang"}.get(key, key)
        if name not in (*_SITUATION, *CHOICES):
            raise value.wrong(
                "a test knows no {key!r}; it can give {known}",
                key=key,
                known=", ".join((*_SITUATION, "lang", *CHOICES)),
            )
        given[name] = value.text()
    if "draft" not in given:
        raise item.wrong("the test has no draft")
    return Example(given.pop("draft"), found, given, item.line)
