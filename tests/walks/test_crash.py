"""The scheduler is killed at random points while customers write and replies leave: nothing lost, nothing doubled."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlmodel import col, select

from tests.walks.conftest import ROOT, Site
from webcare import cases
from webcare.app import utc_now
from webcare.domain import DeliveryState
from webcare.errors import CaseStateRefused, VerdictOutdated
from webcare.sandbox import Sandbox
from webcare.sandbox.faults import Fault
from webcare.store.tables import CaseEventRow, CaseRow, DeliveryRow, MentionRow

MENTIONS, REPLIES, KILLS = 500, 40, 9
SEED = int(os.environ.get("WEBCARE_CRASH_SEED", "20261121"))
SECTIONS: dict[str, dict[str, object]] = {
    "polling": {"every_s": 0.5},
    "jobs": {"lease_s": 2.0},
    "delivery": {
        "undo_s": 0,
        "every_s": 0.2,
        "call_timeout_s": 3.0,
        "settle_s": 0.5,
        "read_back_gap_s": 0.5,
        "claim_deadline_s": 1.0,
    },
}
FAULTS = [
    Fault("POST /x/2/tweets", "cut_after_commit", probability=0.10),
    Fault("POST /x/2/tweets", "error_after_commit", probability=0.10),
    Fault("POST /x/2/tweets", "cut_before", probability=0.05),
    Fault("POST /graph/*", "error_after_commit", probability=0.10),
    Fault("GET /x/2/users/*/mentions", "unavailable_html", probability=0.05),
    Fault("GET /graph/*", "error_before", probability=0.03),
]


def customers_write(box: Sandbox, seed: int) -> None:
    """500 posts over about fifteen seconds, a tenth of them follow-ups in a thread."""
    dice = random.Random(seed)
    on_x, on_facebook = [], []
    for number in range(MENTIONS):
        text = f"@hemlund message {number}: where is my order?"
        if number % 3:
            parent = dice.choice(on_x) if on_x and dice.random() < 0.1 else None
            on_x.append(box.world.post_x(text, author=f"xcustomer{number}", in_reply_to=parent).id)
        else:
            # Facebook is read under the newest posts only (`watch_posts`), so nobody comments on old ones here.
            parent = dice.choice(on_facebook[-20:]) if on_facebook and dice.random() < 0.1 else None
            if parent:
                box.world.comment_fb(text, under=parent, author=f"fbcustomer{number}")
            else:
                on_facebook.append(box.world.post_fb(text, author=f"fbcustomer{number}").id)
        time.sleep(dice.random() * 0.06)


def people_answer(site: Site, stop: threading.Event) -> None:
    """Approve a reply to each of the first cases that appear."""
    answered: set[int] = set()
    while len(answered) < REPLIES and not stop.is_set():
        with site.app.store.read() as session:
            ids = [id_ for id_ in session.exec(select(CaseRow.id).order_by(CaseRow.id)) if id_ not in answered]
        for case_id in ids[: REPLIES - len(answered)]:
            text = f"Hi! We look into it right away, our reference is {case_id}."
            try:
                answer(site, case_id, text)
            except CaseStateRefused:
                answered.add(case_id)  # it was closed meanwhile, so there is nothing to answer any more
                continue
            except VerdictOutdated:
                continue  # the customer wrote meanwhile; it is checked again in the next round
            answered.add(case_id)
        time.sleep(0.3)


def answer(site: Site, case_id: int, text: str) -> None:
    """Check a reply as the console does, then approve it."""
    reviewer = site.app.reviewer
    with site.app.store.read() as session:
        verdict = cases.review_reply(session, case_id, text=text, now=utc_now(), reviewer=reviewer)
    with site.app.store.write() as session:
        cases.send_reply(
            session, case_id, text=text, verdict=verdict, by=site.agent, now=utc_now(),
            undo=timedelta(0), acknowledged=True, reviewer=reviewer,
        )  # fmt: skip


def start_scheduler(site: Site) -> subprocess.Popen[bytes]:
    log = (site.folder / "scheduler.log").open("ab")
    with log:
        return subprocess.Popen([sys.executable, str(ROOT / "scheduler.py")], env=site.env, stdout=log, stderr=log)


def run_and_kill(site: Site, seed: int) -> int:
    """Start the scheduler again and again and kill it at a random moment after it took the lead."""
    dice = random.Random(seed)
    for _ in range(KILLS):
        process = start_scheduler(site)
        wait_for_sign_of_work(site, process)
        time.sleep(dice.random() * 1.5)
        process.send_signal(signal.SIGKILL)
        process.wait()
    return KILLS


def wait_for_sign_of_work(site: Site, process: subprocess.Popen[bytes]) -> None:
    log = site.folder / "scheduler.log"
    seen = log.read_bytes().count(b"runs the jobs now")
    deadline = time.monotonic() + 30
    while log.read_bytes().count(b"runs the jobs now") == seen and time.monotonic() < deadline:
        assert process.poll() is None, log.read_text()[-2000:]
        time.sleep(0.02)


def unsettled(site: Site) -> int:
    open_states = [DeliveryState.PENDING.value, DeliveryState.SENDING.value, DeliveryState.UNCONFIRMED.value]
    with site.app.store.read() as session:
        return len(session.exec(select(DeliveryRow.id).where(col(DeliveryRow.state).in_(open_states))).all())


def stored(site: Site) -> list[str]:
    with site.app.store.read() as session:
        query = select(MentionRow.external_id).where(col(MentionRow.is_ours).is_(False))
        return list(session.exec(query))


def written(box: Sandbox) -> set[str]:
    brand = {user.user_id for network in ("x", "facebook") for user in box.world.brands(network)}
    on_x = {str(post.id) for post in box.world.x.posts.values() if post.author_id not in brand}
    on_facebook = {item.id for item in box.world.facebook.items.values() if item.author_id not in brand}
    return on_x | on_facebook


def brand_texts(box: Sandbox) -> Counter[str]:
    brand = {user.user_id for network in ("x", "facebook") for user in box.world.brands(network)}
    texts = [post.written for post in box.world.x.posts.values() if post.author_id in brand]
    texts += [item.message for item in box.world.facebook.items.values() if item.author_id in brand]
    return Counter(texts)


@pytest.mark.timeout(240)
def test_killing_the_scheduler_loses_no_mention_and_doubles_no_reply(make_site: Callable[..., Site]) -> None:
    with Sandbox(limit_scale=1000.0, faults=FAULTS, seed=SEED) as box:
        site = make_site(box, **SECTIONS)
        stop = threading.Event()
        writer = threading.Thread(target=customers_write, args=(box, SEED))
        answerer = threading.Thread(target=people_answer, args=(site, stop))
        writer.start()
        answerer.start()
        try:
            kills = run_and_kill(site, SEED)
            writer.join()
            box.faults.replace([])
            last = start_scheduler(site)
            deadline = time.monotonic() + 90
            while time.monotonic() < deadline:
                if len(stored(site)) >= MENTIONS and not answerer.is_alive() and not unsettled(site):
                    break
                time.sleep(0.5)
            last.terminate()
            assert last.wait(timeout=20) == 0, (site.folder / "scheduler.log").read_text()[-2000:]
        finally:
            stop.set()
            answerer.join()
        check_nothing_lost_or_doubled(site, box, kills)


def check_nothing_lost_or_doubled(site: Site, box: Sandbox, kills: int) -> None:
    collected = stored(site)
    missing = written(box) - set(collected)
    assert not missing, f"{len(missing)} missing: {sorted(missing)[:20]}"
    assert len(collected) == len(set(collected)) == MENTIONS
    with site.app.store.read() as session:
        opened = session.exec(select(CaseEventRow.case_id).where(CaseEventRow.kind == "opened")).all()
        matters = session.exec(select(CaseRow.thread_id, CaseRow.customer_id)).all()
        deliveries = session.exec(select(DeliveryRow)).all()
    assert len(opened) == len(set(opened)) == len(matters) == len(set(matters))
    on_network = brand_texts(box)
    states = Counter(delivery.state for delivery in deliveries)
    print(f"seed {SEED}: {kills} kills, {len(collected)} mentions, {len(matters)} cases, replies {dict(states)}")
    assert len(deliveries) == REPLIES
    assert set(states) <= {DeliveryState.SENT.value, DeliveryState.NEEDS_HUMAN.value}
    assert states[DeliveryState.SENT.value] >= REPLIES * 0.8
    for delivery in deliveries:
        times = on_network[delivery.text]
        assert times <= 1, f"posted {times} times: {delivery.text}"
        assert times == 1 or delivery.state == DeliveryState.NEEDS_HUMAN
