from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.triage.tiny import tiny_network
from webcare.encoder import Alarm
from webcare.encoder.decision import choose, choose_all, is_close, probabilities


def test_a_text_is_close_where_a_small_change_of_one_number_gives_another_label() -> None:
    card = replace(tiny_network(60)[0], temperatures={"topic": 0.5})
    topic = np.array([[2.0, 1.0, 0.0], [2.0, 1.99, 0.0], [0.0, 0.03, -1.0]], dtype=np.float32)
    route = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.01]], dtype=np.float32)

    assert is_close(card, {"topic": topic}).tolist() == [False, True, False]
    assert is_close(card, {"topic": topic, "route": route}).tolist() == [False, True, True]
    assert is_close(card, {"topic": topic}, near=0.001).tolist() == [False, False, False]


def test_costs_move_the_line_where_a_text_is_close() -> None:
    card = replace(tiny_network(60)[0], temperatures={}, costs={"route": ((0.0, 9.0), (1.0, 0.0))})
    even, nine_to_one = np.zeros((1, 2), dtype=np.float32), np.array([[0.0, np.log(9.0)]], dtype=np.float32)

    assert choose(card, "route", probabilities(even, 1.0)).tolist() == [0]
    assert not is_close(card, {"route": even})[0]
    assert is_close(card, {"route": nine_to_one})[0]


def test_what_may_be_dangerous_is_at_least_high() -> None:
    card = replace(tiny_network(60)[0], temperatures={}, alarm=Alarm(share=0.5, bar=0.2))
    urgency, topic = card.labels["urgency"], card.labels["topic"]
    normal = np.array([0.1, 0.1, 0.7, 0.1])
    safe = np.full(len(topic), 1 / len(topic))
    unsafe = np.where(np.array(topic) == "safety_legal", 0.5, 0.5 / (len(topic) - 1))

    def said(urgency_odds: np.ndarray, topic_odds: np.ndarray) -> str:
        return urgency[int(choose_all(card, {"urgency": urgency_odds, "topic": topic_odds})["urgency"])]

    assert said(normal, safe) == "normal"
    assert said(normal, unsafe) == "high"
    assert said(np.array([0.4, 0.5, 0.1, 0.0]), unsafe) == "high"
    assert said(np.array([0.9, 0.1, 0.0, 0.0]), unsafe) == "critical"


def test_what_may_be_dangerous_is_never_low() -> None:
    card = replace(tiny_network(60)[0], temperatures={}, alarm=Alarm(share=0.0, bar=0.2, floor=0.05))
    topic = np.full(len(card.labels["topic"]), 1 / len(card.labels["topic"]))

    def said(critical: float) -> str:
        odds = {"urgency": np.array([critical, 0.0, 0.1, 0.9 - critical]), "topic": topic}
        return card.labels["urgency"][int(choose_all(card, odds)["urgency"])]

    assert [said(critical) for critical in (0.04, 0.06, 0.19, 0.21)] == ["low", "normal", "normal", "high"]


def test_a_text_at_the_bar_of_the_alarm_is_close() -> None:
    card = replace(tiny_network(60)[0], temperatures={}, alarm=Alarm(share=0.0, bar=0.1, floor=0.05))
    topic = np.zeros((1, len(card.labels["topic"])), dtype=np.float32)
    topic[0, 0] = 4.0

    def close(critical: float) -> bool:
        rest = np.array([0.02, 0.9 - critical, 0.08])
        urgency = np.log(np.array([[critical, *rest]])).astype(np.float32)
        return bool(is_close(card, {"urgency": urgency, "topic": topic})[0])

    assert close(0.099)
    assert close(0.101)
    assert close(0.0505)
    assert not close(0.07)
    assert not close(0.2)
