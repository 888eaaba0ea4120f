"""The stories the player plays: JSON lines in `stories/`, read and checked here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from webcare.sandbox.values import Network, SandboxError

STORIES = Path(__file__).parent / "stories"
#: Length of a simulated day, in minutes; longer if a story comes later.
DAY_MIN = 600.0
#: What is there when the doors open: at least so many stories, from so many minutes.
OPENING_STORIES, OPENING_MIN = 12, 15.0
#: By default a new story comes every so many real seconds on average.
MEAN_GAP_S = 5.0
_NETWORKS: Mapping[str, tuple[str, ...]] = {
    "x": ("mention",),
    "facebook": ("comment", "visitor_post", "review"),
}
_NOT_STORIES = ("brand_posts.jsonl", "labels.jsonl")


@dataclass(frozen=True, slots=True)
class Author:
    """Who writes."""

    name: str
    handle: str


@dataclass(frozen=True, slots=True)
class Step:
    """Something that follows in the same thread."""

    after_min: float
    on: str  #: always | reply | no_reply
    by: str  #: customer | other
    text: str
    author: Author | None


@dataclass(frozen=True, slots=True)
class Story:
    """One customer's story: how it begins, and what may follow."""

    id: str
    lang: str
    network: Network
    at_min: float
    kind: str
    author: Author
    text: str
    under: str | None = None
    positive: bool = False
    then: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class BrandPost:
    """A post of the brand itself, for people to comment on."""

    id: str
    network: Network
    lang: str
    at_min: float
    text: str


@dataclass(frozen=True, slots=True)
class Stories:
    """Everything there is to play, in order of time."""

    stories: tuple[Story, ...]
    brand_posts: tuple[BrandPost, ...]

    @property
    def day_min(self) -> float:
        """Length of the day."""
        return max([DAY_MIN, *(story.at_min + 1 for story in self.stories)])

    @property
    def mean_speed(self) -> float:
        """Simulated minutes per real second at which a story comes every MEAN_GAP_S on average."""
        times = [story.at_min for story in self.stories]
        return max(0.01, (max(times) - min(times)) / (len(times) * MEAN_GAP_S))

    def opening(self) -> tuple[float, float]:
        """The minute at which to open, and how many minutes before it count as just written.

        It is the first minute with a full, many-voiced quarter of an hour behind it. Where there is none, the first
        stories are all taken.
        """
        for minute in (story.at_min for story in self.stories):
            behind = [one for one in self.stories if minute - OPENING_MIN < one.at_min <= minute]
            voices = {one.lang for one in behind}, {one.network for one in behind}
            if len(behind) >= OPENING_STORIES and len(voices[0]) >= 5 and len(voices[1]) == 2:
                return minute, OPENING_MIN
        return self.stories[min(OPENING_STORIES, len(self.stories)) - 1].at_min, self.day_min


# --- reading the files ---------------------------------------------------------------------------------


def load_stories(folder: Path | None = None) -> Stories:
    """Read all stories in a folder. Raises SandboxError naming the file and line of what is wrong."""
    folder = folder or STORIES
    found: list[Story] = []
    for path in sorted(folder.glob("*.jsonl")):
        if path.name not in _NOT_STORIES:
            found += [_read(path, number, row, _story) for number, row in _rows(path)]
    if not found:
        raise SandboxError(f"there are no stories in {folder}")
    posts = [_read(folder / _NOT_STORIES[0], n, row, _brand_post) for n, row in _rows(folder / _NOT_STORIES[0])]
    known, twice = {post.id for post in posts}, len(found) - len({story.id for story in found})
    strays = [story.id for story in found if story.under and story.under not in known]
    if strays or twice:
        raise SandboxError(f"stories in {folder}: {twice} ids are used twice; under unknown posts: {strays[:5]}")
    return Stories(tuple(sorted(found, key=lambda s: s.at_min)), tuple(sorted(posts, key=lambda p: p.at_min)))


def _rows(path: Path) -> list[tuple[int, str]]:
    try:
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
    except (OSError, UnicodeDecodeError) as error:
        raise SandboxError(f"cannot read {path}: {error}") from error
    return [(number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _read(path: Path, number: int, line: str, make: Any) -> Any:
    try:
        return make(json.loads(line))
    except KeyError as error:
        raise SandboxError(f"{path.name} line {number}: {error} is missing") from error
    except (ValueError, TypeError, AttributeError) as error:
        raise SandboxError(f"{path.name} line {number}: {error}") from error


def _story(row: Mapping[str, Any]) -> Story:
    kind, network = row["kind"], row["network"]
    if kind not in _NETWORKS.get(network, ()):
        raise ValueError(f"a {kind} on {network} does not exist")
    return Story(
        id=row["id"],
        lang=row["lang"],
        network=network,
        at_min=float(row["at_min"]),
        kind=kind,
        author=_author(row["author"]),
        text=row["text"],
        under=row.get("under"),
        positive=bool(row.get("positive", False)),
        then=tuple(_step(step) for step in row.get("then", [])),
    )


def _step(row: Mapping[str, Any]) -> Step:
    if row["on"] not in ("always", "reply", "no_reply") or row["by"] not in ("customer", "other"):
        raise ValueError(f"a follow-up cannot be on {row['on']!r} by {row['by']!r}")
    author = _author(row["author"]) if row.get("author") else None
    return Step(float(row["after_min"]), row["on"], row["by"], row["text"], author)


def _author(row: Mapping[str, str]) -> Author:
    return Author(row["name"], row["handle"])


def _brand_post(row: Mapping[str, Any]) -> BrandPost:
    if row["network"] not in _NETWORKS:
        raise ValueError(f"there is no network {row['network']!r}")
    return BrandPost(row["id"], row["network"], row["lang"], float(row["at_min"]), row["text"])
