"""Which classifier labels the desk's mentions: the trained one, or the word lists when there is none."""

from __future__ import annotations

import logging
from pathlib import Path

from webcare.errors import ModelMissing, ModelUnusable
from webcare.settings import TriageSettings
from webcare.triage.base import Classifier

__all__ = ["Classifier", "load_classifier"]

_log = logging.getLogger(__name__)


def load_classifier(settings: TriageSettings, models_dir: Path) -> Classifier:
    """The classifier that `engine` asks for; `auto` takes the transformer when its weights are there and whole.

    Raises ModelMissing or ModelUnusable only for engine = "transformer"; `auto` says why on its logger instead.
    """
    from webcare.triage.keywords import default_classifier

    if settings.engine == "keywords":
        return default_classifier()
    try:
        return _transformer(settings, models_dir)
    except (ModelMissing, ModelUnusable) as error:
        if settings.engine == "transformer":
            raise
        _log.warning("mentions are labelled by word lists: %s", error)
        return default_classifier()


def _transformer(settings: TriageSettings, models_dir: Path) -> Classifier:
    from webcare.encoder.artefact import current_folder

    current_folder(models_dir)  # a desk without weights learns so before torch is loaded
    try:
        from webcare.triage.transformer import TransformerClassifier

        return TransformerClassifier.load(models_dir, batch_size=settings.batch_size)
    except ImportError as error:
        raise ModelUnusable(f"torch or transformers cannot be loaded: {error}") from error
