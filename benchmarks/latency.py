"""From a post on the network to a case in a queue: `python benchmarks/latency.py [--posts 60] [--every 2]`.

The real scheduler polls the sandbox over real HTTP through tweepy, labels by word lists or the shipped model, and
stores. A post is written at a random moment; the wait ends when its case can be read from the queue. The goal is the
poll interval plus at most one second.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from sqlmodel import select

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posts", type=int, default=60)
    parser.add_argument("--every", type=float, default=2.0)
    options = parser.parse_args()
    dice = random.Random(1)
    with tempfile.TemporaryDirectory() as name, Sandbox(limit_scale=1000.0) as box:
        app = build(Path(name), box, options.every)
        scheduler = app.scheduler()
        scheduler.start()
        try:
            first = box.world.post_x("@hemlund is this on?", author="warmup")
            wait_for_case(app, str(first.id), 60)  # the classifier loads once, with the first post
            waits = []
            for number in range(options.posts):
                time.sleep(dice.random() * options.every)
                post = box.world.post_x(f"@hemlund question {number}", author=f"customer{number}")
                waits.append(wait_for_case(app, str(post.id), 60))
        finally:
            scheduler.stop()
            app.store.dispose()
    waits.sort()
    p95 = waits[int(len(waits) * 0.95) - 1]
    print(f"{len(waits)} posts, polled every {options.every:g} s: seconds from post to queue")
    print(f"median {statistics.median(waits):.2f}   p95 {p95:.2f}   max {waits[-1]:.2f}")
    print(f"beyond the poll interval: p95 {p95 - options.every:+.2f}   max {waits[-1] - options.every:+.2f}  goal +1")


if __name__ == "__main__":
    main()
