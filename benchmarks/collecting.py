"""How fast posts are collected through the networks' own libraries: `python benchmarks/collecting.py [--profile]`.

The sandbox runs in a process of its own with accounts full of posts. Four ways through the same pages, alternating:
the bytes alone (on X signed by tweepy and not read; facebook-sdk always reads), the library alone (what it makes of
them), our channel (posts read, mark moved), and the whole desk (dedup, labels by word lists, cases, SQLite on disk).
Figures are posts a second of one process; the goal is 2,000 for the whole, or the library named as the limit.
"""

from __future__ import annotations

import argparse
import cProfile
import multiprocessing
import pstats
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import facebook
import requests
import tweepy

from webcare.app import App, build_app
from webcare.channels.base import Budget
from webcare.jobs import tasks
from webcare.jobs.registry import Clock
from webcare.sandbox import Sandbox
from webcare.settings import load_settings, secret_variable

#: X shows its 800 newest mentions of an account, so many posts need several accounts.
ON_X = 800
#: On Facebook people write under the brand's posts.
UNDER_ONE = 100
BUDGET = Budget(max_pages=20, page_size=100)


def account_names(network: str, count: int) -> dict[str, str]:
    """Account keys and the networks' ids."""
    first = 3_300_000_001 if network == "x" else 1_100_000_001
    return {f"{network}_{number}": str(first + number) for number in range(count)}


def fill(box: Sandbox, network: str, accounts: dict[str, str], posts: int) -> None:
    """Write `posts` customers' posts to each account, none of them new."""
    for key, external_id in accounts.items():
        box.world.add_account(
            key, network="x" if network == "x" else "facebook", user_id=external_id, handle=key, name=key
        )
        start = box.world.now() - timedelta(hours=2)
        above = ""
        for number in range(posts):
            at = start + timedelta(seconds=5 * number)
            if network == "fb" and number % UNDER_ONE == 0:
                above = box.world.post_fb("Nieuw in de winkel", kind="post", page_id=external_id, at=at).id
            text = f"message {number}: mijn bank zou vandaag komen maar niemand heeft gebeld, kunnen jullie kijken?"
            if network == "x":
                box.world.post_x(f"@{key} {text}", author=f"customer{number % 300}", at=at, lang="nl")
            else:
                box.world.comment_fb(text, under=above, author=f"customer{number % 300}", at=at)


def serve(network: str, accounts: dict[str, str], posts: int, told: Any) -> None:
    """The sandbox in a process of its own, until it is told to end."""
    with Sandbox(demo=False, limit_scale=1000.0) as box:
        fill(box, network, accounts, posts)
        told.send((box.url, {key: box.credentials(key) for key in accounts}))
        told.recv()


@contextmanager
def networks(network: str, accounts: dict[str, str], posts: int) -> Iterator[tuple[str, dict[str, dict[str, str]]]]:
    """Where the sandbox is, and the secrets of its accounts."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context("spawn").Process(target=serve, args=(network, accounts, posts, theirs))
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send(None)
        process.join(timeout=20)


def desk(folder: Path, network: str, url: str, accounts: dict[str, str], secrets: dict[str, dict[str, str]]) -> App:
    """A desk that looks two and a half hours back at its first poll."""
    base = f"{url}/x" if network == "x" else f"{url}/graph"
    lines = [f'[desk]\ndata_dir = "{folder}"\nmodels_dir = "{folder / "none"}"']
    for key, external_id in accounts.items():
        channel = "x" if network == "x" else "facebook"
        lines.append(
            f'[accounts.{key}]\nchannel = "{channel}"\nexternal_id = "{external_id}"\nhandle = "{key}"\n'
            f'api_base = "{base}"\n[accounts.{key}.options]\nbackfill_min = 150\n'
        )
    path = folder / "webcare.toml"
    path.write_text("\n".join(lines), encoding="utf-8")
    env = {secret_variable(key, name): value for key in accounts for name, value in secrets[key].items()}
    app = build_app(load_settings(path, env={"WEBCARE_POLLING__MAX_PAGES": str(BUDGET.max_pages)}), env)
    app.store.upgrade()
    app.register_accounts()
    return app


# --- the four ways ---------------------------------------------------------------------------------

Way = Callable[[App, str, str, str, dict[str, str]], int]


def by_bytes(app: App, key: str, external_id: str, url: str, secrets: dict[str, str]) -> int:
    """Only the pages' bytes, over one connection."""
    pages = _x_pages if "api_key" in secrets else _comment_pages
    with requests.Session() as session:
        return sum(pages(session, url, external_id, secrets))


def _x_pages(session: requests.Session, url: str, external_id: str, secrets: dict[str, str]) -> Iterator[int]:
    names = ("api_key", "api_secret", "access_token", "access_token_secret")
    client = tweepy.Client(None, *(secrets[name] for name in names), return_type=requests.Response)
    client.session = session
    session.mount("https://api.twitter.com", _Redirect(f"{url}/x"))
    yield from _mention_pages(client, external_id, read=False)


class _Redirect(requests.adapters.HTTPAdapter):
    """Sends what is meant for a network to the sandbox."""

    def __init__(self, base: str) -> None:
        self._base = base
        super().__init__()

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        address = str(request.url)
        request.url = self._base + address[address.index("/", len("https://")) :]
        return super().send(request, *args, **kwargs)


def _mention_pages(client: tweepy.Client, external_id: str, *, read: bool) -> Iterator[int]:
    token = None
    while True:
        answer = client.get_users_mentions(
            external_id, max_results=100, pagination_token=token, user_auth=True,
            tweet_fields=["author_id", "conversation_id", "created_at", "entities", "referenced_tweets"],
            expansions=["author_id"],
        )  # fmt: skip
        if read:
            yield len(answer.data or ())
            token = answer.meta.get("next_token")
        else:
            found = answer.text.partition('"next_token":"')[2].partition('"')[0]
            yield answer.text.count('"conversation_id"')
            token = found or None
        if not token:
            return


def _comment_pages(session: requests.Session, url: str, external_id: str, secrets: dict[str, str]) -> Iterator[int]:
    session.mount("https://graph.facebook.com/", _Redirect(f"{url}/graph"))
    graph = facebook.GraphAPI(secrets["page_token"], timeout=20, session=session, version="3.1")
    fields = "id,message,created_time,from,permalink_url,parent"
    posts = graph.request(f"v26.0/{external_id}/feed", {"limit": 100, "fields": "id"})["data"]
    for post in posts:
        args = {"limit": 100, "fields": fields, "filter": "stream", "order": "reverse_chronological"}
        yield len(graph.request(f"v26.0/{post['id']}/comments", args)["data"])


def by_library(app: App, key: str, external_id: str, url: str, secrets: dict[str, str]) -> int:
    """What the network's library makes of the same pages: its own objects."""
    with requests.Session() as session:
        if "api_key" not in secrets:
            return sum(_comment_pages(session, url, external_id, secrets))
        names = ("api_key", "api_secret", "access_token", "access_token_secret")
        client = tweepy.Client(None, *(secrets[name] for name in names))
        client.session = session
        session.mount("https://api.twitter.com", _Redirect(f"{url}/x"))
        return sum(_mention_pages(client, external_id, read=True))


def by_channel(app: App, key: str, external_id: str, url: str, secrets: dict[str, str]) -> int:
    """Our channel, through the library: posts as the desk knows them."""
    seen, cursor, complete = set(), None, False
    while not complete:
        result = app.channels[key].poll(cursor, BUDGET)
        seen.update(mention.external_id for mention in result.mentions)
        cursor, complete = result.cursor, result.complete
    return len(seen)


def by_desk(app: App, key: str, external_id: str, url: str, secrets: dict[str, str]) -> int:
    """The job itself: collected, labelled, routed and stored."""
    handled, again = 0, True
    while again:
        done = tasks.poll(app, key, _now)
        handled, again = handled + done.handled, done.again
    return handled


_now: Clock = lambda: datetime.now(UTC)  # noqa: E731
WAYS: dict[str, Way] = {"bytes": by_bytes, "library": by_library, "channel": by_channel, "desk": by_desk}


def measure(network: str, count: int, posts: int, profile: bool) -> dict[str, list[float]]:
    """Posts a second of each way, once for each account; the first account warms everything up."""
    accounts = account_names(network, count)
    rates: dict[str, list[float]] = {name: [] for name in WAYS}
    profiler = cProfile.Profile()
    with tempfile.TemporaryDirectory() as name, networks(network, accounts, posts) as (url, secrets):
        app = desk(Path(name), network, url, accounts, secrets)
        for number, (key, external_id) in enumerate(accounts.items()):
            for way, through in WAYS.items():
                began = time.perf_counter()
                if profile and way == "desk":
                    profiler.enable()
                found = through(app, key, external_id, url, secrets[key])
                profiler.disable()
                if found < posts:
                    raise SystemExit(f"{way} on {network} brought {found} of {posts} posts")
                if number:
                    rates[way].append(found / (time.perf_counter() - began))
        app.store.dispose()
    if profile:
        pstats.Stats(profiler).sort_stats("cumulative").print_stats(25)
    return rates


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=9)
    parser.add_argument("--posts", type=int, default=ON_X, help=f"posts an account (at most {ON_X} on X)")
    parser.add_argument("--profile", action="store_true", help="where the whole way spends its time")
    options = parser.parse_args()
    print(f"{'posts a second, median (min-max)':34} " + " ".join(f"{way:>22}" for way in WAYS))
    for network in ("x", "fb"):
        rates = measure(network, options.accounts, options.posts, options.profile)
        cells = [f"{statistics.median(r):.0f} ({min(r):.0f}-{max(r):.0f})" for r in rates.values()]
        print(f"{network:34} " + " ".join(f"{cell:>22}" for cell in cells))
        whole, library = statistics.median(rates["desk"]), statistics.median(rates["library"])
        print(f"{'':34} whole desk / library alone: {whole / library:.2f}")


if __name__ == "__main__":
    main()
