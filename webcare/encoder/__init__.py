"""The shipped transformer encoder: texts in, sentence embeddings and the outputs of its heads out.

Triage, guard, suggestions and incident detection share one. Importing this package loads neither torch nor
transformers; `Encoder.load` does.
"""

from webcare.encoder.artefact import Alarm, Card, Shape, read_card, set_current
from webcare.encoder.engine import Encoded, Encoder, Weight

__all__ = ["Alarm", "Card", "Encoded", "Encoder", "Shape", "Weight", "read_card", "set_current"]
