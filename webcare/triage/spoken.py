"""Which language a text is in: what the network says, weighed with how common each of its words is in each language.

Short texts in near languages (Danish, Norwegian) hang on a word or two that the network has seldom met, and a list of
thirty thousand words has. Neither alone is as often right as both together.
"""

from __future__ import annotations

import math
import re

import numpy as np
from numpy.typing import NDArray

from webcare.frequencies import frequencies_of

_READ_AT_MOST = 2_000
_NO_WORD = re.compile(r"[@#]\S+|https?://\S+|\bwww\.\S+")
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
#: A word that a language does not list stands in it once in ten million, on the scale of the lists.
_UNLISTED = 200
#: From that scale (hundredths of a power of ten, in a thousand million words) to natural logarithms of probabilities.
_LOG = math.log(10) / 100


def weighed(odds: NDArray[np.float64], langs: tuple[str, ...], text: str) -> NDArray[np.float64]:
    """The network's probabilities (K,) of the K languages, made new by Bayes' rule with each word of the text.

    Sums to 1. A text without a word gives back what came.
    """
    words = [found[0].replace("’", "'").lower() for found in _WORD.finditer(_NO_WORD.sub(" ", text[:_READ_AT_MOST]))]
    lists = [frequencies_of(lang) for lang in langs]
    common = np.array([sum(listed.get(word, _UNLISTED) for word in words) for listed in lists]) * _LOG
    pooled = np.log(np.maximum(odds, 1e-12)) + common
    shares: NDArray[np.float64] = np.exp(pooled - pooled.max())
    shares /= shares.sum()
    return shares
