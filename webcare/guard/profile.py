"""Who we are in public: the brand profile that the guard's checks and rules go by.

One file per brand, YAML (`.yaml`, `.yml`), TOML (`.toml`) or JSON (anything else); every key may be left out:

    name: Hemlund
    names: [hemlund.nl, "@hemlund"]
    domains: [hemlund.example]            # links to these and below are ours
    phones: ["+31 20 555 01 23"]
    address: {nl: informal, de: informal} # je and du, or u and Sie
    lexicon: {nl: {hej: hoi, goedkoop: voordelig}}
    limits: {characters: 600}
    tone: {humour: welcome}               # welcome | playful | never
    products: [Bolma]
    colleagues: [Sanne de Vries, svries]
    queues: [finance-nl]
    internal_hosts: [desk.hemlund.example]
    shareable: ["Returns are free for 365 days with the receipt."]
    spelling: {nl: [Bolma-kruk], any: [Klarna]}
    order_numbers: ["HL-[0-9]{8}"]
    rules: [rules]                        # folders, beside this file
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import re2

from webcare.domain import Said
from webcare.errors import SettingsError
from webcare.guard.literals import Literals
from webcare.guard.marked import Marked, read_yaml

#: Where the brands that come with Webcare lie: one folder each, with `brand.yaml` in it.
SHIPPED = Path(__file__).parents[1] / "brands"
#: The brand whose rules hold where nobody chose one.
DEFAULT = "hemlund"
#: In `spelling`: words that are right in every market.
ANY = "any"
HUMOUR = ("welcome", "playful", "never")
_ADDRESS = ("informal", "formal")
_YAML = (".yaml", ".yml")


@dataclass(frozen=True, slots=True)
class Profile:
    """What a brand adds to the guard's own knowledge. Markets and languages are two small letters."""

    name: str = ""
    names: tuple[str, ...] = ()  #: other spellings and handles of the brand
    domains: tuple[str, ...] = ()  #: own domains; links to them and their subdomains are fine
    phones: tuple[str, ...] = ()  #: own numbers, as people write them
    address: Mapping[str, str] = field(default_factory=dict)  #: language -> informal | formal
    lexicon: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  #: market -> word -> better one, or ""
    limits: Mapping[str, int] = field(default_factory=dict)  #: e.g. characters -> 600
    tone: Mapping[str, str] = field(default_factory=dict)  #: humour -> welcome | playful | never
    products: tuple[str, ...] = ()
    colleagues: tuple[str, ...] = ()  #: names and user names of staff
    queues: tuple[str, ...] = ()  #: names of further queues
    internal_hosts: tuple[str, ...] = ()
    shareable: tuple[str, ...] = ()  #: facts that may stand in any reply
    spelling: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  #: market or "any" -> words that are right
    order_numbers: tuple[str, ...] = ()  #: regular expressions in RE2's syntax
    rules: tuple[Path, ...] | None = None  #: folders of rules; None = those of the shipped brand

    def words(self, market: str) -> tuple[str, ...]:
        """The words the spelling check takes for right in a market."""
        everywhere = (self.name, *self.names, *self.products, *self.spelling.get(ANY, ()))
        return (*(word for word in everywhere if word), *self.spelling.get(market, ()))


#: Nothing known of who we are.
NO_BRAND = Profile()


def load_profile(path: Path) -> Profile:
    """Read a brand file. Raises SettingsError naming the file, the line and the mend."""
    content = _parse(path, _text_of(path))
    found: dict[str, Any] = {}
    for key, value in content.pairs():
        read = _READERS.get(key)
        if read is None:
            raise value.wrong("unknown key {key!r}; the keys are {known}", key=key, known=", ".join(sorted(_READERS)))
        found[key] = read(key, value)
    if found.get("rules") is not None:
        found["rules"] = tuple(_folder(path, content, name) for name in found["rules"])
    return Profile(**found)


def find_profile(name: str, base: Path | None = None) -> Path:
    """The file of a brand: a shipped brand's name, or a path (from `base`). Raises SettingsError if none is there."""
    shipped = SHIPPED / name / "brand.yaml"
    if re.fullmatch(r"[a-z0-9_-]+", name) and shipped.is_file():
        return shipped
    path = (base or Path()) / name
    if path.is_file():
        return path
    known = ", ".join(sorted(folder.parent.name for folder in SHIPPED.glob("*/brand.yaml")))
    raise SettingsError(
        "there is no brand {name!r}: write the path of a brand file, or one of {known}", name=name, known=known
    )


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError("{path} cannot be read as text: {why}", path=path, why=error) from error


def _folder(path: Path, content: Marked, name: str) -> Path:
    folder = path.parent / name
    if not folder.is_dir():
        line = next(value.line for key, value in content.pairs() if key == "rules")
        raise SettingsError(
            "{path}, line {line}: there is no folder {folder}; rules names folders beside this file",
            path=path,
            line=line,
            folder=folder,
        )
    return folder


# --- the three notations ------------------------------------------------------------------------------


def _parse(path: Path, text: str) -> Marked:
    if path.suffix.lower() in _YAML:
        documents = list(read_yaml(text, str(path)))
        if len(documents) > 1:
            raise documents[1].wrong("a brand file holds one brand; take out the second one")
        content = documents[0] if documents else Marked((), 1, "mapping", str(path))
    else:
        content = _as_marked(_plain(path, text), str(path), text, 1)
    if content.kind != "mapping":
        raise SettingsError("{path}, line 1: a brand file holds named values, not {kind}", path=path, kind=content.kind)
    return content


def _plain(path: Path, text: str) -> Any:
    try:
        return tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"at line (\d+)", str(error))
        line = where[1] if where else len(text.splitlines())
        raise SettingsError("{path}, line {line} is not valid TOML: {why}", path=path, line=line, why=error) from error
    except json.JSONDecodeError as error:
        raise SettingsError(
            "{path}, line {line} is not valid JSON: {why}", path=path, line=error.lineno, why=error.msg
        ) from error
    except RecursionError as error:
        raise SettingsError("{path} is nested too deeply to be a brand file", path=path) from error


def _as_marked(value: Any, source: str, text: str, line: int) -> Marked:
    """What TOML or JSON gave, as if it were YAML; a value stands where its key first does."""
    if isinstance(value, dict):
        pairs = ((str(key), _as_marked(one, source, text, _line_of(text, str(key)))) for key, one in value.items())
        return Marked(tuple(pairs), line, "mapping", source)
    if isinstance(value, list):
        return Marked(tuple(_as_marked(one, source, text, line) for one in value), line, "list", source)
    if isinstance(value, str):
        return Marked(value, line, "text", source, quoted=True)
    kind = "number" if isinstance(value, int) and not isinstance(value, bool) else type(value).__name__
    return Marked(str(value), line, kind, source, quoted=True)


def _line_of(text: str, key: str) -> int:
    for number, line in enumerate(text.splitlines(), start=1):
        if key in line:
            return number
    return 1


# --- one reader for each key --------------------------------------------------------------------------


def _word(key: str, value: Marked) -> str:
    if value.kind != "text":
        raise value.wrong("{key} must be a text", key=key)
    return value.text()


def _words(key: str, value: Marked) -> tuple[str, ...]:
    if value.kind != "list" or any(item.kind != "text" for item in value.items()):
        raise value.wrong("{key} must be a list of texts", key=key)
    return value.texts()


def _folders(key: str, value: Marked) -> tuple[str, ...]:
    return () if value.is_nothing() else _words(key, value)


def _patterns(key: str, value: Marked) -> tuple[str, ...]:
    found = _words(key, value)
    for item in value.items():
        try:
            re2.compile(item.text())
        except re2.error as error:
            raise item.wrong(
                "{word!r} is not a regular expression: {why}", word=item.text(), why=_reason(error)
            ) from error
    return found


def _reason(error: Exception) -> str:
    why = error.args[0] if error.args else error
    return why.decode("utf-8", "replace") if isinstance(why, bytes) else str(why)


def _by_code(key: str, value: Marked) -> Iterator[tuple[str, Marked]]:
    if value.kind != "mapping":
        raise value.wrong("{key} must be named values (key: value)", key=key)
    for code, one in value.pairs():
        if not re.fullmatch(r"[a-z]{2}|any", code):
            raise one.wrong(
                "{key} goes by market or language, two small letters such as nl, not {code!r}", key=key, code=code
            )
        yield code, one


def _address(key: str, value: Marked) -> dict[str, str]:
    return {code: _one_of(f"{key} of {code}", one, _ADDRESS) for code, one in _by_code(key, value)}


def _one_of(what: str, value: Marked, choice: tuple[str, ...]) -> str:
    if value.kind != "text" or value.text() not in choice:
        raise value.wrong("{what} must be one of {known}", what=what, known=", ".join(choice))
    return value.text()


def _lexicon(key: str, value: Marked) -> dict[str, dict[str, str]]:
    found = {}
    for market, words in _by_code(key, value):
        if words.kind != "mapping":
            raise words.wrong(
                "{key} of {market} must name each word and a better one (word: better)", key=key, market=market
            )
        found[market] = {word: "" if better.is_nothing() else better.text() for word, better in words.pairs()}
        _require_words(key, market, words)
    return found


def _require_words(key: str, market: str, words: Marked) -> None:
    for word, better in words.pairs():
        try:
            Literals([(word, word)])
        except ValueError as error:
            raise better.wrong("{key} of {market}: {why}", key=key, market=market, why=Said.of(error)) from error


def _limits(key: str, value: Marked) -> dict[str, int]:
    if value.kind != "mapping":
        raise value.wrong("{key} must be named numbers, e.g. characters: 600", key=key)
    limits = {}
    for name, limit in value.pairs():
        if limit.kind == "list" or limit.kind == "mapping" or not limit.text().isdecimal():
            raise limit.wrong("{key} of {name} must be a whole number", key=key, name=name)
        if name != "characters":
            raise limit.wrong("unknown limit {name!r}; the limit there is: characters", name=name)
        limits[name] = int(limit.text()[:9])
    return limits


def _tone(key: str, value: Marked) -> dict[str, str]:
    if value.kind != "mapping":
        raise value.wrong("{key} must be named values, e.g. humour: welcome", key=key)
    for name, one in value.pairs():
        if name != "humour":
            raise one.wrong("unknown tone {name!r}; the one there is: humour", name=name)
    return {name: _one_of(name, one, HUMOUR) for name, one in value.pairs()}


def _spelling(key: str, value: Marked) -> dict[str, tuple[str, ...]]:
    if value.kind == "list":
        return {ANY: _words(key, value)}
    return {market: _words(f"{key} of {market}", words) for market, words in _by_code(key, value)}


_READERS: Mapping[str, Callable[[str, Marked], Any]] = {
    **{one.name: _words for one in fields(Profile)},
    "name": _word,
    "address": _address,
    "lexicon": _lexicon,
    "limits": _limits,
    "tone": _tone,
    "spelling": _spelling,
    "order_numbers": _patterns,
    "rules": _folders,
}
