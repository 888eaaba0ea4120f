"""`python -m tools.catalogues`: bring the catalogues of the console's words up to date, and say what they lack.

Words are found in the code by the functions around them (`_`, `N_`, `counted`, `Said`) and as the first argument of our
errors. Old translations stay; words that left the code leave the catalogues. With `--check` nothing is written.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from string import Formatter

import yaml
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.pofile import read_po, write_po

from webcare import errors
from webcare.guard.rules.rule import template_of

ROOT = Path(__file__).parents[1]
LANGUAGES = ("nl", "sv", "nb")
FOLDER = ROOT / "webcare" / "console" / "languages"
_SOURCES = ("webcare",)
#: Where errors are for whoever runs programs, not for people at the desk.
_ELSEWHERE = frozenset(("sandbox", "triage", "encoder", "cli", "settings.py"))
#: Errors told with a sentence: ours, those named where they are raised, and `wrong`, which makes one with a line.
_ERRORS = {name for name, what in vars(errors).items() if isinstance(what, type) and issubclass(what, Exception)}
_ERRORS |= {
    "FreesSlips",
    "HoursWrong",
    "NoticesWrong",
    "RulesWrong",
    "SharingWrong",
    "SkillsWrong",
    "TargetsWrong",
    "wrong",
}
_FUNCTIONS: dict[str, tuple[int, ...] | None] = {"_": None, "N_": None, "Said": None, "counted": (1, 2)}
_KEYWORDS = _FUNCTIONS | dict.fromkeys(_ERRORS)


def main() -> None:
    """Update the catalogues, or look whether they are whole."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args().check
    wanted = template()
    lacking = 0
    for language in LANGUAGES:
        catalogue = updated(language, wanted)
        if not check:
            write(language, catalogue)
        for problem in problems(catalogue):
            lacking += 1
            print(f"{language}: {problem}")
    print(f"{len(wanted)} texts, {lacking} problems in {len(LANGUAGES)} languages")
    sys.exit(1 if lacking and check else 0)


def template() -> Catalog:
    """Every text of the code."""
    catalogue = Catalog(project="webcare", charset="utf-8")
    for folder in _SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if _ELSEWHERE.intersection(path.parts):
                continue
            for _, found, _, _ in extract("python", BytesIO(path.read_bytes()), _KEYWORDS):
                if found and (found if isinstance(found, str) else found[0] or "").strip():
                    catalogue.add(found, locations=[(path.relative_to(ROOT).as_posix(), 0)])
    for path in sorted((ROOT / "webcare" / "brands").rglob("rules/**/*.yml")):
        for rule in yaml.safe_load_all(path.read_text(encoding="utf-8")):
            catalogue.add(template_of(rule["message"]), locations=[(path.relative_to(ROOT).as_posix(), 0)])
    return catalogue


def updated(language: str, wanted: Catalog) -> Catalog:
    """The language's catalogue with exactly the texts of the code; guesses at changed texts are not made."""
    file = FOLDER / f"{language}.po"
    known = read_po(BytesIO(file.read_bytes()), locale=language) if file.is_file() else Catalog(locale=language)
    made = Catalog(locale=language, project="webcare", charset="utf-8", fuzzy=False)
    for message in wanted:
        if message.id:
            before = known.get(message.id if isinstance(message.id, str) else message.id[0])
            made.add(message.id, before.string if before else None, locations=message.locations)
    return made


def write(language: str, catalogue: Catalog) -> None:
    """The file in the form that changes least from one time to the next."""
    FOLDER.mkdir(exist_ok=True)
    made = BytesIO()
    write_po(made, catalogue, sort_output=True, width=120, include_lineno=False, omit_header=False)
    lines = [line for line in made.getvalue().decode().splitlines() if "-Date:" not in line]
    (FOLDER / f"{language}.po").write_text("\n".join(lines) + "\n", encoding="utf-8")


def problems(catalogue: Catalog) -> Iterator[str]:
    """Texts without a translation, and translations that lack or add a place for a name."""
    for message in catalogue:
        if not message.id:
            continue
        ids = (message.id,) if isinstance(message.id, str) else tuple(message.id)
        texts = _texts(message)
        if not texts or not all(texts):
            yield f"no translation of {ids[0]!r}"
            continue
        for text in texts:
            if places(text) != places(ids[-1]):
                yield f"{ids[0]!r} has {sorted(places(ids[-1]))}, its translation {sorted(places(text))}"


def _texts(message: Message) -> tuple[str, ...]:
    if not message.string:
        return ()
    return (message.string,) if isinstance(message.string, str) else tuple(message.string)


def places(text: str) -> set[str]:
    """The names that `format` fills in."""
    return {name for _, name, _, _ in Formatter().parse(text) if name}


if __name__ == "__main__":
    main()
