from __future__ import annotations

from dataclasses import replace

import numpy as np

from tests.triage.tiny import tiny_network
from webcare.encoder.decision import choose, is_close, probabilities


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
