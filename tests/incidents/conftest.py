"""A desk with a few customers who write about the same, on both databases."""

from datetime import timedelta

import pytest

from webcare.domain import Role, Sentiment, Topic
from webcare.store import Store
from webcare.testing import Desk, FakeClassifier, make_desk, make_mention, make_triage

TEXTS = (
    "Your app charged me twice for one lamp",
    "Paid once, charged twice, what now?",
    "The checkout took my money two times",
    "Two payments for one chair in the app",
    "Charged twice by the app again",
    "Double payment here as well",
    "My bank shows the same payment two times",
    "App failed, yet I paid twice",
)


@pytest.fixture
def desk(store: Store) -> Desk:
    made = make_desk(store)
    made.classifier = FakeClassifier(lambda text: make_triage(topic=Topic.PAYMENT, sentiment=Sentiment.NEGATIVE))
    return made


def receive_many(desk: Desk, count: int = 3) -> list[int]:
    """So many customers write about the same; gives their cases."""
    posts = [
        make_mention(TEXTS[at % len(TEXTS)], posted_at=desk.now - timedelta(minutes=count - at)) for at in range(count)
    ]
    desk.receive(*posts)
    return [desk.case_of(post).id or 0 for post in posts]


LEAD = Role.TEAM_LEAD
