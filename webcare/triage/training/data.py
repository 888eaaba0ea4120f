"""Labelled text: our own in `data/labels/`, and public sets beside the project that never become part of it.

A row answers some of the questions; the others are masked in training. Parts are drawn by scenario, so that a story
told in six languages, or twice in one, never stands on both sides of the line between training and test.
"""

from __future__ import annotations

import csv
import hashlib
import json
import random
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webcare.domain import LANGUAGES
from webcare.errors import SettingsError
from webcare.triage.transformer import HEADS

TRAIN, DEV, TEST = "train", "dev", "test"
#: Of a hundred scenarios so many go to test and to dev (where temperatures and thresholds are fitted).
_TEST_SHARE, _DEV_SHARE = 15, 12
_OWN_FIELDS = ("id", "scenario", "lang", "text", "sentiment", "urgency", "topic", "needs_reply", "route")


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text. `labels` holds the answer of each head it answers, in the words of HEADS."""

    id: str
    text: str
    lang: str
    labels: Mapping[str, str]
    source: str
    scenario: str = ""
    part: str = TRAIN
    weight: float = 1.0
    network: str = ""
    industry: str = ""
    tags: tuple[str, ...] = ()
    corrected: tuple[str, ...] = ()  #: in a correction of staff: the questions that a person answered anew


@dataclass(frozen=True, slots=True)
class PublicSet:
    """A public set: how to read it, what it may be called and under which licence it stands."""

    name: str
    licence: str
    read: Callable[[Path], Iterable[Row]]


# --- our own ---------------------------------------------------------------------------------------


def read_labels(folder: Path) -> list[Row]:
    """Every row of every `*.jsonl` in a folder. Raises SettingsError naming file, line and fault.

    A row's part follows from its scenario, unless the row names its `part`: text written later to mend a weakness
    goes to training alone, so that what is measured stays what it was.
    """
    return [row for file in sorted(folder.glob("*.jsonl")) for row in read_file(file)]


def part_of(scenario: str) -> str:
    """The part a scenario belongs to; the same on every machine and in every language."""
    place = int(hashlib.sha256(scenario.encode("utf-8")).hexdigest()[:8], 16) % 100
    if place < _TEST_SHARE:
        return TEST
    return DEV if place < _TEST_SHARE + _DEV_SHARE else TRAIN


def read_file(file: Path) -> Iterator[Row]:
    """The rows of one file. Raises SettingsError naming line and fault."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if line.strip():
            try:
                yield _own_row(json.loads(line))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise SettingsError(f"{file}, line {number}: {error!s}") from error


def _own_row(raw: Mapping[str, Any]) -> Row:
    missing = [name for name in _OWN_FIELDS if name not in raw]
    if missing:
        raise ValueError(f"missing {', '.join(missing)}")
    if not isinstance(raw["needs_reply"], bool):
        raise ValueError("needs_reply must be true or false")
    labels = {head: str(raw[head]) for head in ("sentiment", "urgency", "topic", "route")}
    labels |= {"needs_reply": str(raw["needs_reply"]).lower(), "language": str(raw["lang"])}
    for head, label in labels.items():
        if label not in HEADS[head]:
            raise ValueError(f"{label!r} is not a label of {head}")
    if not str(raw["text"]).strip():
        raise ValueError("text is empty")
    part = str(raw.get("part") or part_of(str(raw["scenario"])))
    if part not in (TRAIN, DEV, TEST):
        raise ValueError(f"{part!r} is not a part; it is {TRAIN}, {DEV} or {TEST}, or left out")
    return Row(
        id=str(raw["id"]),
        text=str(raw["text"]),
        lang=str(raw["lang"]),
        labels=labels,
        source="own",
        scenario=str(raw["scenario"]),
        part=part,
        network=str(raw.get("network", "")),
        industry=str(raw.get("industry", "")),
        tags=tuple(map(str, raw.get("tags", ()))),
        corrected=tuple(map(str, raw.get("corrected", ()))),
    )


# --- public sets -----------------------------------------------------------------------------------


def read_public(folder: Path) -> list[Row]:
    """Rows of every public set found in a folder; sets that are not there are left out."""
    rows = [row for found in PUBLIC if (folder / found.name).is_dir() for row in found.read(folder / found.name)]
    return _without_leaks(rows)


def _without_leaks(rows: list[Row]) -> list[Row]:
    """Drop training rows whose text, without names and signs, also stands in a dev or test part."""
    held = {bare(row.text) for row in rows if row.part != TRAIN}
    return [row for row in rows if row.part != TRAIN or bare(row.text) not in held]


def bare(text: str) -> str:
    """A text without names, links, signs and capitals: what stays the same when it is passed on."""
    return re.sub(r"\W+", "", re.sub(r"@\w+|https?\S*", "", text.lower()))


def _feeling(
    text: str, lang: str, sentiment: str, *, source: str, part: str = TRAIN, weight: float = 1.0, at: object = ""
) -> Row:
    labels = {"sentiment": sentiment, "language": lang}
    return Row(f"{source}-{at}", text.strip(), lang, labels, source, f"{source}-{at}", part, weight)


def _brighter(folder: Path) -> Iterator[Row]:
    for code, lang in (("swe", "sv"), ("deu", "de"), ("eng", "en")):
        for part in (TRAIN, DEV, TEST):
            with (folder / "track_a" / f"{code}_{part}.csv").open(encoding="utf-8", newline="") as file:
                for raw in csv.DictReader(file):
                    felt = {name for name, value in raw.items() if value == "1"}
                    sentiment = _from_emotions(bool(felt & {"joy"}), bool(felt & _DARK))
                    if sentiment and raw["joy"]:  # one test file came without its labels
                        yield _feeling(
                            raw["text"], lang, sentiment, source="brighter", part=part, weight=0.5, at=raw["id"]
                        )


_DARK = {"anger", "disgust", "fear", "sadness"}


def _from_emotions(bright: bool, dark: bool) -> str | None:
    if bright and dark:
        return None
    return "positive" if bright else "negative" if dark else "neutral"


def _xed(folder: Path, most: int = 2_500) -> Iterator[Row]:
    """Film subtitles; the labels of all but English were carried over from translations and are noisy."""
    for name, lang in (("nl", "nl"), ("sv", "sv"), ("no", "nb"), ("da", "da"), ("de", "de"), ("en", "en")):
        lines = (folder / f"{name}-projections.tsv").read_text(encoding="utf-8").splitlines()
        # Some lines are the aligner's own bookkeeping with a Danish sentence behind it.
        kept = [line for line in lines if line.count("\t") == 1 and "xml.gz" not in line]
        random.Random(name).shuffle(kept)
        for at, line in enumerate(kept[:most]):
            text, numbers = line.split("\t")
            felt = {int(number) for number in re.findall(r"\d", numbers)}
            sentiment = _from_emotions(bool(felt & {5, 8}), bool(felt & {1, 3, 4, 6}))
            if sentiment and sentiment != "neutral" and len(text.split()) > 2:
                yield _feeling(text.lstrip("- "), lang, sentiment, source="xed", weight=0.25, at=f"{lang}-{at}")


def _norec(folder: Path) -> Iterator[Row]:
    for part in (TRAIN, DEV, TEST):
        file = folder / f"3class_{part}.json"
        for raw in json.loads(file.read_text(encoding="utf-8")) if file.exists() else ():
            held = TEST if part == DEV else part  # only two of its parts are at hand
            yield _feeling(
                raw["text"].replace(" .", ".").replace(" ,", ","), "nb", raw["label"].lower(),
                source="norec_sentence", part=held, weight=0.5, at=raw["sent_id"],
            )  # fmt: skip


def _umsab(folder: Path) -> Iterator[Row]:
    for language, lang in (("english", "en"), ("german", "de")):
        for stem, part in (("train", TRAIN), ("val", TEST), ("test", TEST)):
            texts, labels = folder / language / f"{stem}_text.txt", folder / language / f"{stem}_labels.txt"
            # German training text here is a sample of SB10k, which is read as a whole below.
            if texts.exists() and not (lang == "de" and part == TRAIN):
                pairs = zip(texts.open(encoding="utf-8"), labels.open(encoding="utf-8"), strict=True)
                for at, (text, label) in enumerate(pairs):
                    sentiment = ("negative", "neutral", "positive")[int(label)]
                    yield _feeling(text, lang, sentiment, source="umsab", part=part, at=f"{lang}-{stem}-{at}")


def _sb10k(folder: Path) -> Iterator[Row]:
    with (folder / "sb10k_label_text.tsv").open(encoding="utf-8") as file:
        for at, line in enumerate(file):
            label, _, text = line.partition("\t")
            if label in HEADS["sentiment"]:
                yield _feeling(text, "de", label, source="sb10k_potts", at=at)


def _lcc(folder: Path) -> Iterator[Row]:
    names = {"negativ": "negative", "neutral": "neutral", "positiv": "positive"}
    for part in (TRAIN, TEST):
        for at, line in enumerate((folder / f"{part}.jsonl").open(encoding="utf-8")):
            raw = json.loads(line)
            yield _feeling(raw["text"], "da", names[raw["label"]], source="lcc", part=part, at=f"{part}-{at}")


def _dkhate(folder: Path) -> Iterator[Row]:
    """Danish posts: their labels answer another question, but their language is real."""
    for at, line in enumerate((folder / "train.jsonl").open(encoding="utf-8")):
        text = json.loads(line)["text"].strip()
        if len(text) > 12:
            yield Row(f"dkhate-{at}", text, "da", {"language": "da"}, "dkhate", f"dkhate-{at}", weight=0.5)


#: Intents of bank customers and of a voice assistant, where they mean one of our topics.
_INTENTS: Mapping[str, str] = {
    "card_arrival": "delivery",
    "card_delivery_estimate": "delivery",
    "order_status": "delivery",
    "flight_status": "delivery",
    "lost_luggage": "delivery",
    "order_physical_card": "order",
    "terminate_account": "order",
    "cancel_reservation": "order",
    "Refund_not_showing_up": "payment",
    "request_refund": "payment",
    "transaction_charged_twice": "payment",
    "extra_charge_on_statement": "payment",
    "card_payment_fee_charged": "payment",
    "bill_balance": "payment",
    "damaged_card": "product_fault",
    "card_not_working": "product_fault",
    "passcode_forgotten": "website_app",
    "account_blocked": "website_app",
    "compromised_card": "safety_legal",
    "cash_withdrawal_not_recognised": "safety_legal",
    "report_fraud": "safety_legal",
    "how_busy": "store",
    "accept_reservations": "store",
    "tell_joke": "other",
    "weather": "other",
    "application_status": "other",
}
_MOST_OF_AN_INTENT = 40


def _intents(source: str, pairs: Iterable[tuple[str, str]]) -> Iterator[Row]:
    taken: dict[str, int] = {}
    for at, (text, intent) in enumerate(pairs):
        topic = _INTENTS.get(intent)
        taken[intent] = taken.get(intent, 0) + 1
        if topic and taken[intent] <= _MOST_OF_AN_INTENT:
            labels = {"topic": topic, "language": "en"}
            yield Row(f"{source}-{at}", text, "en", labels, source, f"{source}-{at}", weight=0.3)


def _banking(folder: Path) -> Iterator[Row]:
    with (folder / "train.csv").open(encoding="utf-8", newline="") as file:
        yield from _intents("banking77", ((raw["text"], raw["category"]) for raw in csv.DictReader(file)))


def _clinc(folder: Path) -> Iterator[Row]:
    pairs = json.loads((folder / "data_full.json").read_text(encoding="utf-8"))["train"]
    yield from _intents("clinc150", ((text, intent) for text, intent in pairs))


PUBLIC = (
    PublicSet("brighter_semeval25", "CC BY 4.0", _brighter),
    PublicSet("xed", "CC BY 4.0", _xed),
    PublicSet("norec_sentence", "CC BY-NC 4.0; its README frees models for commercial use", _norec),
    PublicSet("umsab", "Apache-2.0", _umsab),
    PublicSet("sb10k_potts", "MIT", _sb10k),
    PublicSet("lcc", "CC BY", _lcc),
    PublicSet("dkhate", "CC BY 4.0", _dkhate),
    PublicSet("banking77", "CC BY 4.0", _banking),
    PublicSet("clinc150", "CC BY 3.0", _clinc),
)


# --- how customers write ----------------------------------------------------------------------------

_HANDLES = ("@user", "@Hemlund", "@brand", "@klantenservice", "@care_team", "@shop_nordic", "@nordlys", "@mobilhjelp")
_PLAIN = str.maketrans("åäöæøéèêëïüÅÄÖÆØÉÜ", "aaoaoeeeeiuAAOAOEU")


def roughen(text: str, chance: random.Random) -> str:
    """The same text as another hand might type it: no capitals, no full stop, a slip, other handles, plain letters."""
    text = re.sub(r"@user\b", lambda _: chance.choice(_HANDLES), text)
    for share, change in _CHANGES:
        if chance.random() < share:
            text = change(text, chance)
    return text


def _slip(text: str, chance: random.Random) -> str:
    places = [at for at in range(1, len(text) - 1) if text[at].isalpha() and text[at + 1].isalpha()]
    if not places:
        return text
    at = chance.choice(places)
    how = chance.randrange(3)
    middle = text[at + 1] + text[at] if how == 0 else text[at + 1] if how == 1 else text[at] * 2 + text[at + 1]
    return text[:at] + middle + text[at + 2 :]


_CHANGES: tuple[tuple[float, Callable[[str, random.Random], str]], ...] = (
    (0.15, lambda text, chance: text.lower()),
    (0.03, lambda text, chance: text.upper()),
    (0.15, lambda text, chance: text.rstrip(".!")),
    (0.15, _slip),
    (0.06, _slip),
    (0.04, lambda text, chance: text.translate(_PLAIN)),
    (0.10, lambda text, chance: f"{chance.choice(_HANDLES)} {text}"),
    (0.04, lambda text, chance: re.sub(r"[\U0001F000-\U0001FFFF\u2600-\u27BF]", "", text)),
)


def only(rows: Iterable[Row], *, part: str) -> list[Row]:
    """The rows of one part."""
    return [row for row in rows if row.part == part]


assert set(LANGUAGES) == set(HEADS["language"])
