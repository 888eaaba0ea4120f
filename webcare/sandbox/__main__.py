"""`python -m webcare.sandbox`: both networks, their public page and the story player, until Ctrl-C."""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from webcare.sandbox.fault_language import rules_from_file
from webcare.sandbox.faults import Rule
from webcare.sandbox.server import Sandbox
from webcare.sandbox.values import SandboxError
from webcare.sandbox.world_time import WorldTime


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until interrupted; returns the exit status (2: it could not start)."""
    options = _parser().parse_args(arguments)
    try:
        rules = rules_from_file(options.faults) if options.faults else []
        if options.check:
            print(*(_told(rule) for rule in rules), f"{len(rules)} rule{'s' * (len(rules) != 1)}", sep="\n")  # noqa: T201
            return 0
        box = Sandbox(
            port=options.port,
            state=options.state,
            script=not options.no_script,
            stories=options.stories,
            speed=options.speed,
            seed=options.seed,
            dialect=options.dialect,
            visible_delay_s=options.visible_delay,
            limit_scale=options.limit_scale,
            webhook=options.webhook,
        )
        _wind(box.world.time, options.start_at, options.clock_speed)
        box.faults.replace(rules)  # their time begins with the networks' time as it is now
        _listen(box)
        box.start()
    except SandboxError as error:
        print(f"sandbox: {error}", file=sys.stderr)  # noqa: T201
        return 2
    print(f"The practice networks are at {box.url} (Ctrl-C stops them)", flush=True)  # noqa: T201
    _until_told(box)
    return 0


def _told(rule: Rule) -> str:
    return rule.says or ", ".join(f"{name} {value}" for name, value in asdict(rule).items() if value)


def _wind(time: WorldTime, start_at: datetime | None, speed: float) -> None:
    if start_at is not None:
        time.set(start_at)
    if speed != 1.0:
        time.run(speed)


def _listen(box: Sandbox) -> None:
    """From before anybody is told that it runs: a signal must not lose what is kept in its file."""

    def stop(number: int, frame: FrameType | None) -> None:
        box.tell()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)


def _until_told(box: Sandbox) -> None:
    box.wait()
    box.stop()


def _parser() -> argparse.ArgumentParser:
    name = Path(sys.argv[0]).name
    prog = "python -m webcare.sandbox" if name == "__main__.py" else name
    parser = argparse.ArgumentParser(prog=prog, description="Both networks, their public page and the story player.")
    parser.add_argument("--port", type=_port, default=8600, help="port on 127.0.0.1 (default 8600; 0 = any free one)")
    parser.add_argument("--state", type=Path, help="JSON file to keep the networks in, and to start from")
    parser.add_argument("--speed", type=_positive, help="simulated minutes per second (default: a story every 5 s)")
    parser.add_argument("--faults", type=Path, help="file of faults, one rule a line (docs/sandbox.md), or JSON")
    parser.add_argument("--check", action="store_true", help="only read the faults and say what they are")
    parser.add_argument("--start-at", type=_time, help="the networks' time at the start, e.g. 2026-12-24T08:00:00Z")
    parser.add_argument("--clock-speed", type=_positive, default=1.0, help="how fast their clock runs (default 1)")
    parser.add_argument("--no-script", action="store_true", help="nobody posts but you")
    parser.add_argument("--stories", type=Path, help="folder of stories to play instead of the packaged ones")
    parser.add_argument("--webhook", default="", help="where Meta's webhooks go: http://127.0.0.1:8501/hooks/meta")
    parser.add_argument("--seed", type=int, default=0, help="for faults with a probability (default 0)")
    parser.add_argument("--dialect", choices=("tweet", "post"), default="tweet", help="names the X API answers in")
    parser.add_argument("--visible-delay", type=_positive, default=0.0, help="seconds until a post shows in lists")
    parser.add_argument(
        "--limit-scale", type=_positive, default=20.0, help="times the real request limits (default 20; 1 = real)"
    )
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (0 to 65535)")
    return int(text)


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a time like 2026-12-24T08:00:00Z") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _positive(text: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from error
    if not 0 <= value < 1e6:
        raise argparse.ArgumentTypeError(f"{text!r} must be 0 or more")
    return value


if __name__ == "__main__":
    sys.exit(main())
