"""`webcare triage --json` and `webcare guard --json`: JSON lines in, JSON lines out, nothing else on stdout."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

    from webcare.guard.stream import CustomerOf, ReadsAhead
    from webcare.triage.base import Classifier

_TELL_EVERY_S = 0.5
#: Drafts whose texts the encoder reads in one go.
_WINDOW = 64
#: Messages whose writer's mood is kept: many drafts in a row may answer one message, a long file must not fill memory.
_REMEMBERED = 1024


def run(options: argparse.Namespace) -> int:
    """Answer every line; a bad one gets an error object and does not stop the others."""
    source = sys.stdin.buffer
    answers = _triage(source) if options.command == "triage" else _guard(source, options.brand, not options.no_model)
    _write(answers, sys.stdout.buffer)
    return 0


def _triage(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    # Not through build_app: no database is needed, and loading what talks to one takes half of the start.
    from webcare.settings import load_settings
    from webcare.triage import load_classifier
    from webcare.triage.stream import WINDOW, triage_lines

    settings = load_settings()
    return triage_lines(
        lines,
        load_classifier(settings.triage, settings.desk.models_dir),
        settings.routing,
        unsorted_below=settings.triage.unsorted_below,
        # A person who types lines wants each answer at once.
        window=1 if sys.stdin.isatty() else WINDOW,
    )


def _guard(lines: Iterable[bytes], brand: str | None, model: bool) -> Iterator[dict[str, Any]]:
    from webcare.channels import channel_class
    from webcare.guard.profile import DEFAULT
    from webcare.guard.rules.brands import load_brand
    from webcare.guard.stream import CountedLength, guard_lines

    speaker = load_brand(brand or DEFAULT)

    def length_of(channel: str) -> CountedLength:
        count = channel_class(channel).length
        return lambda text: ((length := count(text)).used, length.limit)

    learned, customer_of = _trained() if model else (None, None)
    return guard_lines(
        lines,
        brand=speaker.profile,
        rules=speaker.rules,
        length_of=length_of,
        customer_of=customer_of,
        learned=learned,
        # A person who types lines wants each answer at once.
        window=1 if sys.stdin.isatty() else _WINDOW,
    )


def _trained() -> tuple[ReadsAhead | None, CustomerOf]:
    """The guard's heads where they are, and triage as the guard asks it: how the writer of a message feels."""
    from webcare.encoder.artefact import CURRENT
    from webcare.guard.base import Customer
    from webcare.settings import load_settings
    from webcare.triage import load_classifier

    settings = load_settings()
    classifier = cache(lambda: load_classifier(settings.triage, settings.desk.models_dir))

    @lru_cache(maxsize=_REMEMBERED)
    def customer_of(mention: str) -> Customer:
        (found,) = classifier().classify([mention])
        return Customer(sentiment=found.sentiment.value, urgency=found.urgency.value, topic=found.topic.value)

    # Without weights the answers name what is missing; triage says so only when a message asks for it.
    there = settings.triage.engine != "keywords" and (settings.desk.models_dir / CURRENT).exists()
    return _heads(classifier(), settings.desk.models_dir) if there else None, customer_of


def _heads(classifier: Classifier, models_dir: Path) -> ReadsAhead | None:
    from webcare.errors import ModelMissing, ModelUnusable
    from webcare.guard.learned.inprocess import InProcess
    from webcare.triage.transformer import TransformerClassifier

    if not isinstance(classifier, TransformerClassifier):
        return None
    try:
        return InProcess.load(classifier.encoder, models_dir)
    except (ModelMissing, ModelUnusable) as error:
        print(f"webcare: the guard works without its learned heads: {error}", file=sys.stderr)
        return None


def _write(answers: Iterable[dict[str, Any]], out: BinaryIO) -> None:
    progress = _Progress()
    for number, answer in enumerate(answers, start=1):
        # Half a character, quoted from a draft, is no UTF-8: it goes out as JSON's own escape for it.
        out.write(json.dumps(answer, ensure_ascii=False, allow_nan=False).encode(errors="backslashreplace") + b"\n")
        if sys.stdin.isatty():
            out.flush()
        progress.tell(number)
    out.flush()
    progress.end()


class _Progress:
    """Lines done, on a terminal's standard error only: never into a file or a pipe."""

    def __init__(self) -> None:
        # When the answers themselves scroll by, a counter in between would only be noise.
        self._live = sys.stderr.isatty() and not sys.stdout.isatty()
        self._began = self._told = time.monotonic()
        self._count = 0

    def tell(self, count: int) -> None:
        now = time.monotonic()
        self._count = count
        if self._live and now - self._told >= _TELL_EVERY_S:
            self._told = now
            print(f"\r\033[K{count} lines, {count / (now - self._began):.0f} a second", end="", file=sys.stderr)

    def end(self) -> None:
        if self._live:
            seconds = time.monotonic() - self._began
            print(f"\r\033[K{self._count} lines in {seconds:.1f} s", file=sys.stderr)
