"""How long one review takes: a 280-character draft against the notes of a case, cold and warm.

Run: python benchmarks/guard.py [rounds]
"""

from __future__ import annotations

import statistics
import sys
import time
from random import Random

from webcare.guard import ReviewContext, review
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


def main() -> None:
    """Print p50 and p95 for 10, 100 and 1,000 notes."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 200
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
