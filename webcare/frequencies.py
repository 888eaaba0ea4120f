"""How common the words of each language are, out of the frequency lists of `wordfreq` (CC BY-SA 4.0 data)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import msgpack

#: The first entry of a frequency list of wordfreq 3.
_LIST_FORMAT = {"format": "cB", "version": 1}


@lru_cache
def frequencies_of(lang: str) -> Mapping[str, int]:
    """The common words of a language and how common they are, in hundredths on Zipf's scale."""
    # Read here, since the library itself brings 15 MB along. The list holds words by centibels under "every word":
    # small numbers that all words share, where the library's own table would keep a number for each word.
    package = find_spec("wordfreq")
    if package is None or package.origin is None:
        return {}
    packed = gzip.decompress((Path(package.origin).parent / f"data/small_{lang}.msgpack.gz").read_bytes())
    header, *bands = msgpack.unpackb(packed, raw=False)
    if header != _LIST_FORMAT:
        raise ValueError(f"the frequency list of {lang} has the unknown format {header}")
    return {word: 900 - band for band, words in enumerate(bands) for word in words}
