from __future__ import annotations

import os
from pathlib import Path

import pytest

# Tiny passes only wait for a second thread. Set before torch is loaded.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from tests.triage.tiny import write_tiny
from webcare.encoder import Encoder


@pytest.fixture(scope="session")
def tiny_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    models_dir = tmp_path_factory.mktemp("models")
    write_tiny(models_dir)
    return models_dir


@pytest.fixture(scope="session")
def tiny_encoder(tiny_models: Path) -> Encoder:
    return Encoder.load(tiny_models, precision="fp32", device="cpu")
