"""From a post on the network to a case in a queue: `python benchmarks/latency.py [--posts 60] [--every 2]`.

The real scheduler polls the sandbox over real HTTP through tweepy, labels by word lists or the shipped model, and
stores. A post is written at a random moment; the wait ends when its case can be read from the queue. The goal is the
poll interval plus at most one second, for posts one by one and for the 99th percentile of a stream of 50 a second.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import threading
import time
from pathlib import Path

from sqlalchemy import func
from sqlmodel import col, select

from webcare.app import App, build_app
from webcare.sandbox import Sandbox
from webcare.settings import load_settings, secret_variable
from webcare.store.tables import CaseRow, MentionRow


def build(folder: Path, box: Sandbox, every_s: float) -> App:
    path = folder / "webcare.toml"
    path.write_text(
        f'[desk]\ndata_dir = "{folder}"\n[polling]\nevery_s = {every_s}\n'
        f'[accounts.x_hemlund]\nchannel = "x"\nexternal_id = "3300000001"\nhandle = "hemlund"\n'
        f'api_base = "{box.x_base}"\n[accounts.x_hemlund.options]\nbackfill_min = 5\n',
        encoding="utf-8",
    )
    env = {secret_variable("x_hemlund", name): value for name, value in box.credentials("x_hemlund").items()}
    app = build_app(load_settings(path, env={}), env)
    app.store.upgrade()
    app.register_accounts()
    return app


def wait_for_case(app: App, external_id: str, deadline_s: float) -> float:
    start = time.perf_counter()
    query = (
        select(CaseRow.id)
        .join(MentionRow, MentionRow.case_id == CaseRow.id)  # type: ignore[arg-type]
        .where(MentionRow.external_id == external_id)
    )
    while time.perf_counter() - start < deadline_s:
        with app.store.read() as session:
            if session.exec(query).first() is not None:
                return time.perf_counter() - start
        time.sleep(0.01)
    raise SystemExit(f"post {external_id} did not reach a queue within {deadline_s:.0f} s")


def waits_of_single_posts(app: App, box: Sandbox, posts: int, every_s: float) -> list[float]:
    """Seconds from each of `posts` posts at random moments to its case."""
    dice, waits = random.Random(1), []
    for number in range(posts):
        time.sleep(dice.random() * every_s)
        post = box.world.post_x(f"@hemlund question {number}", author=f"customer{number}")
        waits.append(wait_for_case(app, str(post.id), 60))
    return waits


def waits_in_a_stream(app: App, box: Sandbox, rate: float, seconds: float) -> list[float]:
    """Seconds from each post to its case while customers write `rate` posts a second."""
    written: dict[str, float] = {}
    writer = threading.Thread(target=_write, args=(box, rate, seconds, written))
    with app.store.read() as session:
        newest = session.exec(select(func.max(MentionRow.id))).one() or 0
    writer.start()
    seen: dict[str, float] = {}
    deadline = time.perf_counter() + seconds + 60
    while len(seen) < rate * seconds and time.perf_counter() < deadline:
        query = select(MentionRow.id, MentionRow.external_id).where(col(MentionRow.id) > newest)
        with app.store.read() as session:
            rows = session.exec(query).all()
        moment = time.perf_counter()
        seen.update((external_id, moment) for _, external_id in rows)
        newest = max([newest, *(id_ for id_, _ in rows if id_ is not None)])
        time.sleep(0.02)
    writer.join()
    missing = written.keys() - seen.keys()
    if missing:
        raise SystemExit(f"{len(missing)} of {len(written)} posts did not reach a queue")
    return [seen[external_id] - moment for external_id, moment in written.items()]


def _write(box: Sandbox, rate: float, seconds: float, written: dict[str, float]) -> None:
    began = time.perf_counter()
    for number in range(round(rate * seconds)):
        time.sleep(max(0.0, began + number / rate - time.perf_counter()))
        post = box.world.post_x(f"@hemlund vraag {number}", author=f"customer{number % 500}")
        written[str(post.id)] = time.perf_counter()


def show(what: str, waits: list[float], every_s: float) -> None:
    """Print the waits, and how far they go beyond the poll interval."""
    waits.sort()
    at = {share: waits[max(0, int(len(waits) * share) - 1)] for share in (0.95, 0.99)}
    print(f"{what}, polled every {every_s:g} s: seconds from post to queue")
    print(f"median {statistics.median(waits):.2f}   p95 {at[0.95]:.2f}   p99 {at[0.99]:.2f}   max {waits[-1]:.2f}")
    print(f"beyond the poll interval: p99 {at[0.99] - every_s:+.2f}   max {waits[-1] - every_s:+.2f}   goal +1 at p99")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=60)
    parser.add_argument("--every", type=float, default=2.0)
    parser.add_argument("--rate", type=float, default=50.0, help="posts a second in the stream")
    parser.add_argument("--seconds", type=float, default=40.0, help="how long the stream lasts")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Sandbox(limit_scale=1000.0) as box:
        app = build(Path(name), box, options.every)
        scheduler = app.scheduler()
        scheduler.start()
        try:
            first = box.world.post_x("@hemlund is this on?", author="warmup")
            wait_for_case(app, str(first.id), 60)  # the classifier loads once, with the first post
            waits = waits_of_single_posts(app, box, options.posts, options.every)
            show(f"{len(waits)} posts one by one", waits, options.every)
            waits = waits_in_a_stream(app, box, options.rate, options.seconds)
            show(f"{len(waits)} posts, {options.rate:g} a second", waits, options.every)
        finally:
            scheduler.stop()
            app.close_heads()
            app.store.dispose()


if __name__ == "__main__":
    main()
