"""How long one review takes: a 280-character draft against the notes of a case, cold and warm, and while somebody types
with the notes of all other cases in the index.

Run: python benchmarks/guard.py [rounds] [notes of other cases]
"""

from __future__ import annotations

import statistics
import sys
import time
from random import Random

from webcare.guard import ReviewContext, review
from webcare.guard.index import NoteIndex
from webcare.guard.rules.brands import load_brand
from webcare.guard.weights import print_of

DRAFTS = (
    "Hoi Anna, wat vervelend dat de lade van je kast klemt! Dat is natuurlijk niet de bedoeling. Haal eerst de lade "
    "eruit en controleer of de rails goed vastzitten. Helpt dat niet? Stuur ons dan een dm met je bestelnummer en een "
    "foto, dan zorgen we voor een nieuwe rail. Fijn weekend!",
    "Hi Tom, thanks for letting us know and sorry about the wait. Your sofa left our depot this morning and the driver "
    "will call you before he arrives. If the slot does not suit you, send us a DM with your order number and postcode "
    "and we will find you another day this week.",
    "Hej Lisa! Tråkigt att höra att bordsskivan har fått en spricka. Det ska den förstås inte ha. Skicka gärna ett dm "
    "med ditt ordernummer och en bild, så ordnar vi en ny skiva till dig. Du behöver inte lämna tillbaka den gamla.",
)
MENTION = "My wardrobe drawer is stuck and nobody answers the phone, third time this month @hemlund"
WORDS = """
    klant belde magazijn bevestigt dat de rail ontbrak bij levering coulance akkoord teamleider customer claims driver
    never rang warehouse confirms pallet missing refund approved by finance kunden har ringt tre gånger lagret saknar
    skivan ersättning godkänd av butikschef carrier returned parcel address wrong supplier recall batch probably
"""


def make_notes(count: int, seed: int = 1) -> tuple[str, ...]:
    """Notes of about 300 characters, made of words in no order: the cost is that of real ones."""
    random = Random(seed)
    words = WORDS.split()
    return tuple(" ".join(random.choice(words) for _ in range(42)) + f" {number}." for number in range(count))


def measure(notes: tuple[str, ...], rounds: int, *, warm: bool) -> list[float]:
    """Milliseconds per review. Cold: every note is new to the process."""
    context = ReviewContext(channel="x", mention=MENTION, notes=notes, lang="nl")
    times = []
    for number in range(rounds):
        if not warm:
            print_of.cache_clear()
        began = time.perf_counter()
        review(DRAFTS[number % len(DRAFTS)], context)
        times.append((time.perf_counter() - began) * 1000)
    return times


def fill_index(count: int) -> NoteIndex:
    """An index of `count` notes, built as a process builds it from the database; prints what it costs."""
    random, words = Random(2), [f"{word}{suffix}" for word in WORDS.split() for suffix in ("", "en", "s", "et", "er")]
    index, taken = NoteIndex(), 0.0
    for first in range(0, count, 5000):
        some = [" ".join(random.choices(words, k=42)) + f" {first + at}." for at in range(min(5000, count - first))]
        began = time.perf_counter()
        index.add_notes(some)
        taken += time.perf_counter() - began
    print(f"{count:,} notes of other cases: built in {taken:.1f} s, {index.size() / 1e6:.0f} MB")
    return index


def measure_typing(index: NoteIndex, rounds: int) -> list[float]:
    """Milliseconds of the deterministic checks at every eighth key of the drafts, with ten notes of the case."""
    brand = load_brand("hemlund")
    context = ReviewContext(
        channel="x", mention=MENTION, notes=make_notes(10), lang="nl", others=index, brand=brand.profile,
        rules=brand.rules,
    )  # fmt: skip
    times: list[float] = []
    while len(times) < rounds:
        for draft in DRAFTS:
            for end in range(8, len(draft) + 1, 8):
                began = time.perf_counter()
                review(draft[:end], context)
                times.append((time.perf_counter() - began) * 1000)
    return times


def main() -> None:
    """Print p50 and p95 for 10, 100 and 1,000 notes, and while typing."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    index = fill_index(int(sys.argv[2]) if len(sys.argv) > 2 else 100_000)
    measure_typing(index, 50)
    typing = measure_typing(index, rounds)
    p95 = statistics.quantiles(typing, n=20)[-1]
    print(f"typing: p50 {statistics.median(typing):.2f} ms  p95 {p95:.2f} ms  ({len(typing)} keys, goal p95 < 20 ms)")
    review("warm up", ReviewContext(channel="x"))
    for count in (0, 10, 100, 1000):
        notes = make_notes(count)
        for warm in (False, True):
            few = max(10, rounds // max(1, count // 20))
            measure(notes, 3, warm=warm)
            times = measure(notes, few, warm=warm)
            p95 = statistics.quantiles(times, n=20)[-1]
            state = "warm" if warm else "cold"
            print(
                f"{count:5} notes {state}: p50 {statistics.median(times):7.2f} ms  p95 {p95:7.2f} ms  ({few} reviews)"
            )


if __name__ == "__main__":
    main()
