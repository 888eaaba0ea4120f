"""What each case adds to each measure: pure functions over a case's history, and sums of them by day."""

from webcare.measures.asking import RANKED_FROM, Ask, Figures, Opened, answers, figures, opened
from webcare.measures.definitions import DEFINITIONS, VERSIONS, definition
from webcare.measures.values import OPEN, Definition, Fact, Figure, Query

__all__ = [
    "DEFINITIONS",
    "OPEN",
    "RANKED_FROM",
    "VERSIONS",
    "Ask",
    "Definition",
    "Fact",
    "Figure",
    "Figures",
    "Opened",
    "Query",
    "answers",
    "definition",
    "figures",
    "opened",
]
