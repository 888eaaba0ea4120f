"""What anybody has in an afternoon: TF-IDF and logistic regression, one model a question, on the same text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from webcare.domain import Line, Sentiment, Topic, Triage, Urgency
from webcare.triage.training.data import Row
from webcare.triage.transformer import HEADS


class TfidfClassifier:
    """A `Classifier` to be beaten. Needs scikit-learn, of the `train` extra."""

    version = "tfidf-lr"

    def __init__(self, rows: Sequence[Row]) -> None:
        self._models = {head: _fit(head, [row for row in rows if head in row.labels]) for head in HEADS}

    def classify(self, texts: Sequence[str], langs: Sequence[str | None] | None = None) -> list[Triage]:
        """Label each text; result i belongs to texts[i]."""
        odds = {head: model.predict_proba(list(texts)) for head, model in self._models.items()}
        names = {head: [model.classes_[at] for at in odds[head].argmax(axis=1)] for head, model in self._models.items()}
        return [
            Triage(
                language=names["language"][at],
                sentiment=Sentiment(names["sentiment"][at]),
                urgency=Urgency(names["urgency"][at]),
                topic=Topic(names["topic"][at]),
                needs_reply=names["needs_reply"][at] == "true",
                line=Line(names["route"][at]),
                confidence={head: float(odds[head][at].max()) for head in HEADS},
                model_version=self.version,
            )
            for at in range(len(texts))
        ]


def _fit(head: str, rows: Sequence[Row]) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    features = make_union(
        TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2, max_features=60_000),
        TfidfVectorizer(sublinear_tf=True, ngram_range=(2, 5), analyzer="char_wb", min_df=3, max_features=120_000),
    )
    model = make_pipeline(features, LogisticRegression(C=8.0, max_iter=300, class_weight="balanced"))
    return model.fit(
        [row.text for row in rows],
        [row.labels[head] for row in rows],
        logisticregression__sample_weight=[row.weight for row in rows],
    )
