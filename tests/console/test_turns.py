"""Runs of a page go one after the other, and nobody who takes long keeps the others."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from streamlit.runtime.scriptrunner.script_runner import ScriptRunner

from webcare.console.turns import Turns, take_turns

LONG_S = 30.0


def test_one_after_the_other():
    turns, inside, most = Turns(LONG_S), 0, 0

    def run() -> None:
        nonlocal inside, most
        with turns.turn():
            inside += 1
            most = max(most, inside)
            time.sleep(0.005)
            inside -= 1

    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(run) for _ in range(40)]:
            done.result(LONG_S)
    assert most == 1


def test_nobody_is_overtaken_by_who_has_just_had_a_turn():
    turns, came = Turns(LONG_S), []

    def run(number: int) -> None:
        with turns.turn():
            came.append(number)

    with ThreadPoolExecutor(5) as pool:
        with turns.turn():
            for number in range(5):
                pool.submit(run, number)
                stand_in_line(turns, number + 1)
        run(99)  # the line has been told, and nobody of it is awake yet
    assert came == [0, 1, 2, 3, 4, 99]


def test_who_takes_long_keeps_nobody():
    turns, end = Turns(0.05), threading.Event()
    began = [threading.Event() for _ in range(3)]

    def run(mine: threading.Event) -> None:
        with turns.turn():
            mine.set()
            end.wait(LONG_S)

    with ThreadPoolExecutor(3) as pool:
        for mine in began:
            pool.submit(run, mine)
        assert all(mine.wait(LONG_S) for mine in began)  # all three at once, though none has ended
        end.set()
    assert entered(turns)


def test_a_run_that_ends_in_an_error_gives_its_turn_on():
    turns = Turns(LONG_S)
    with pytest.raises(ZeroDivisionError), turns.turn():
        1 / 0  # noqa: B018 - the error is what is tried
    assert entered(turns)


def test_a_run_that_was_joined_does_not_end_the_turn_of_another():
    turns, second, end = Turns(0.05), threading.Event(), threading.Event()

    def join() -> None:
        with turns.turn():
            second.set()
            end.wait(LONG_S)

    with ThreadPoolExecutor(1) as pool:
        with turns.turn():
            pool.submit(join)
            assert second.wait(LONG_S)
        assert turns._has is not None  # the first has gone, the second is at work
        end.set()


def test_every_run_of_a_page_takes_turns_once():
    take_turns()
    once = ScriptRunner._run_script
    take_turns()
    assert ScriptRunner._run_script is once
    assert hasattr(once, "__wrapped__")


def stand_in_line(turns: Turns, count: int) -> None:
    """Wait until so many wait."""
    end = time.monotonic() + LONG_S
    while len(turns._line) < count:
        assert time.monotonic() < end
        time.sleep(0.001)


def entered(turns: Turns) -> bool:
    """Whether the next one gets in at once."""
    with ThreadPoolExecutor(1) as pool:

        def run() -> bool:
            with turns.turn():
                return True

        return pool.submit(run).result(LONG_S / 3)
