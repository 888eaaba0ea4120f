from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.triage.tiny import write_tiny
from webcare.encoder import Encoder, set_current
from webcare.encoder.artefact import read_artefact
from webcare.encoder.packing import pack, snap, unpack
from webcare.errors import ModelMissing, ModelUnusable


@pytest.fixture
def models(tiny_models: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_models, tmp_path / "models"))


def edit(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def whole(folder: Path) -> None:
    """Make model.json tell the truth about files a test has changed on purpose."""
    from webcare.encoder.artefact import _NEEDED, _facts

    edit(folder / "model.json", files={name: _facts(folder / name) for name in _NEEDED if (folder / name).exists()})


def test_what_was_written_is_read_back(tiny_models: Path, tmp_path: Path) -> None:
    network = write_tiny(tmp_path)
    artefact = read_artefact(tmp_path)

    assert artefact.card.version == "tiny-1"
    assert artefact.card.labels["urgency"] == ("critical", "high", "normal", "low")
    for name, tensor in network.state_dict().items():
        assert np.allclose(artefact.tensors[name], tensor.numpy(), atol=0.02), name
        if name.startswith("heads.") or tensor.ndim == 1:
            assert np.array_equal(artefact.tensors[name], tensor.numpy())


def test_a_row_comes_back_within_half_a_step_of_its_own_scale() -> None:
    sizes = np.logspace(-4, 2, 40, dtype=np.float32)[:, None]
    rows = np.random.default_rng(1).normal(size=(40, 64)).astype(np.float32) * sizes
    rows[7] = 0
    stored, scale = pack(rows)

    assert stored.nbytes == rows.size * 12 // 8
    assert np.all(np.abs(unpack(stored, scale) - rows) <= scale[:, None] / 2 * 1.001)
    assert np.all(scale * 2047 <= np.maximum(np.abs(rows).max(axis=1), 1e-11) * 1.001)


def test_weights_of_a_4_bit_base_come_back_exactly_and_take_four_bits() -> None:
    chance = np.random.default_rng(2)
    scale = chance.normal(size=(50, 3, 1)).astype(np.float16)
    levels = chance.integers(-8, 8, (50, 3, 32)).astype(np.float32)
    levels[4], levels[5, 1] = 0, 1
    rows = (levels * scale.astype(np.float32)).reshape(50, 96)
    stored, scales = pack(rows)

    assert stored.nbytes + scales.nbytes == rows.size // 2 + 50 * 3 * 2
    assert np.array_equal(unpack(stored, scales), rows)


def test_any_matrix_can_be_moved_to_the_grid_of_four_bits_once() -> None:
    rows = np.random.default_rng(3).normal(size=(30, 64)).astype(np.float32)
    rows[3] = 0
    moved = snap(rows)
    largest = np.abs(rows).reshape(30, 2, 32).max(axis=2).repeat(32, axis=1)

    assert np.all(np.abs(moved - rows) <= largest / 8 * 1.01)
    assert pack(moved)[0].nbytes == rows.size // 2
    assert np.array_equal(unpack(*pack(moved)), moved)
    assert snap(moved) is moved


def test_one_weight_beside_the_grid_is_not_lost() -> None:
    rows = np.ones((2, 32), dtype=np.float32)
    rows[1, 5] = 0.123

    assert np.allclose(unpack(*pack(rows)), rows, atol=1 / 4000)


def test_writing_the_same_model_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    write_tiny(tmp_path / "a")
    write_tiny(tmp_path / "b")

    for file in (tmp_path / "a" / "tiny-1").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / "tiny-1" / file.name).read_bytes(), file.name


def test_no_model_is_told_apart_from_a_broken_one(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match="CURRENT does not exist"):
        read_artefact(tmp_path)
    (tmp_path / "CURRENT").write_text("gone\n")
    with pytest.raises(ModelUnusable, match="names gone, but there is no such folder"):
        read_artefact(tmp_path)


@pytest.mark.parametrize("name", ["", "../elsewhere", "a/b", ".."])
def test_the_pointer_may_only_name_a_folder_beside_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "CURRENT").write_text(name)

    with pytest.raises(ModelUnusable):
        read_artefact(tmp_path)


def cut(folder: Path) -> None:
    path = folder / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-100])


def flip(folder: Path) -> None:
    path = folder / "weights.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-5] ^= 1
    path.write_bytes(bytes(raw))


def relabel(folder: Path) -> None:
    edit(folder / "labels.json", urgency=["critical", "high"])
    whole(folder)


def garble_tokenizer(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{}")
    whole(folder)


def garble_weights(folder: Path) -> None:
    (folder / "weights.safetensors").write_bytes(b"not weights at all")
    whole(folder)


def forget_temperatures(folder: Path) -> None:
    (folder / "calibration.json").write_text("{}")
    whole(folder)


def shrink(folder: Path) -> None:
    shape = json.loads((folder / "model.json").read_text())["shape"]
    edit(folder / "model.json", shape=shape | {"num_hidden_layers": 1})


@pytest.mark.parametrize(
    ("harm", "says"),
    [
        (lambda folder: edit(folder / "model.json", format=99), "has format 99; this Webcare reads format 1"),
        (lambda folder: (folder / "model.json").write_text("{"), "not valid JSON"),
        (lambda folder: (folder / "model.json").write_text("[]"), "does not hold a JSON object"),
        (lambda folder: (folder / "model.json").unlink(), "model.json is missing"),
        (lambda folder: edit(folder / "model.json", shape={}), "description of the model .* incomplete"),
        (lambda folder: (folder / "labels.json").unlink(), "labels.json is missing"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json is missing"),
        (cut, "bytes instead of .* cut short or changed"),
        (flip, "checksum differs"),
        (relabel, "lists 2 labels for urgency"),
        (garble_tokenizer, "tokenizer in .* cannot be read"),
        (garble_weights, "cannot be read as weights"),
        (forget_temperatures, "incomplete: KeyError\\('temperatures'\\)"),
        (shrink, "do not fit their description"),
    ],
)
def test_a_broken_model_is_refused_with_the_file_and_the_fault(
    models: Path, harm: Callable[[Path], object], says: str
) -> None:
    harm(models / "tiny-1")

    with pytest.raises(ModelUnusable, match=says):
        Encoder.load(models, device="cpu")


def test_a_version_is_never_overwritten_and_leftovers_of_a_crash_do_not_matter(tmp_path: Path) -> None:
    (tmp_path / ".tiny-1.partial").mkdir()
    (tmp_path / ".tiny-1.partial" / "weights.safetensors").write_bytes(b"half")
    write_tiny(tmp_path)

    with pytest.raises(ModelUnusable, match="already exists; give the new model another version"):
        write_tiny(tmp_path)
    assert not (tmp_path / ".tiny-1.partial").exists()


def test_going_back_to_an_older_model_is_one_step_and_refuses_a_broken_one(tmp_path: Path) -> None:
    write_tiny(tmp_path)
    write_tiny(tmp_path, version="tiny-2")
    assert read_artefact(tmp_path).card.version == "tiny-2"

    set_current(tmp_path, "tiny-1")
    assert read_artefact(tmp_path).card.version == "tiny-1"
    cut(tmp_path / "tiny-2")
    with pytest.raises(ModelUnusable, match="cut short"):
        set_current(tmp_path, "tiny-2")
    with pytest.raises(ModelUnusable, match="no model tiny-9"):
        set_current(tmp_path, "tiny-9")
    assert read_artefact(tmp_path).card.version == "tiny-1"
