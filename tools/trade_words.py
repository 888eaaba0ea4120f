"""Write webcare/guard/trade/<lang>.txt: words of our trade that the general frequency list lacks.

    python tools/trade_words.py

Reads our own texts (data/labels, and data/guard/pairs-* without the test authors) and keeps what the dictionary of the
language takes, so that no slip of a customer becomes a word. Needs the dictionaries (extra `spelling`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from webcare.domain import LANGUAGES  # noqa: E402
from webcare.guard.dictionaries import Words, words_of  # noqa: E402
from webcare.guard.spelling import scan  # noqa: E402

#: The authors of the pairs that are for testing only.
TEST_AUTHORS = "efh"
SHORTEST = 5


def main() -> None:
    """Write the lists and print how long each is."""
    for lang in LANGUAGES:
        words = words_of(lang)
        if words is None:
            sys.exit(f"there is no {lang} dictionary: pip install 'webcare[spelling]'")
        found = sorted({word for text in texts(lang) for word in right_words(text, words)})
        (ROOT / f"webcare/guard/trade/{lang}.txt").write_text("\n".join(found) + "\n", encoding="utf-8")
        print(lang, len(found))


def texts(lang: str) -> Iterator[str]:
    """Every post and reply of ours in one language."""
    for path in sorted((ROOT / "data/labels").glob(f"{lang}-*.jsonl")):
        yield from (json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines())
    pairs = ROOT / f"data/guard/pairs-{lang}.jsonl"
    for line in pairs.read_text(encoding="utf-8").splitlines() if pairs.exists() else ():
        row = json.loads(line)
        if row["author_topic"][0] not in TEST_AUTHORS:
            yield row["reply"]
            yield row["note"] if row["note_lang"] == lang else ""


def right_words(text: str, words: Words) -> Iterator[str]:
    """The longer words of a text that the dictionary takes and the frequency list lacks; no names."""
    for word in scan(text):
        lower = word.text.lower()
        if len(lower) < SHORTEST or not lower.isalpha() or word.text[1:] != lower[1:] or words.is_general(lower):
            continue
        noun = words.lang == "de" and words.spells(lower.capitalize()) and word.before != ""
        if words.spells(lower) or noun:
            yield lower


if __name__ == "__main__":
    main()
