"""An Instagram account over real HTTP against the sandbox: comments, answers, tags, mentions, conversations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from instagram_desk import BUDGET, DIRECT, US, answer, comment, connect_ig, named, picture, target, texts
from stub_network import Clock

from webcare.channels.base import Action, Budget, PollResult
from webcare.channels.instagram import Instagram
from webcare.domain import Mention, MentionKind, ReplyWay
from webcare.errors import (
    AccountDisconnected,
    ChannelThrottled,
    DuplicateReply,
    OutcomeUnknown,
    ReplyRejected,
    TargetGone,
)
from webcare.sandbox.server import Sandbox


@pytest.fixture
def ig(box: Sandbox) -> Instagram:
    return connect_ig(box, backfill_min=15)


def polls(ig: Instagram, cursor: str, clock: Clock, number: int, budget: Budget = BUDGET) -> list[PollResult]:
    results = []
    for _ in range(number):
        clock.later(minutes=1)
        results.append(ig.poll(cursor, budget))
        cursor = results[-1].cursor
    return results


# --- collecting -----------------------------------------------------------------------------------------


def test_a_first_start_on_instagram_gives_nothing_old_and_then_everything_new(box: Sandbox, clock: Clock) -> None:
    ig = connect_ig(box)
    post = picture(box)
    comment(box, "oud", post)
    clock.later(minutes=5)
    first = ig.poll(None, BUDGET)
    assert (first.mentions, first.complete) == ((), True)
    clock.later(seconds=1)
    comment(box, "nieuw", post)
    box.world.inbox.receive("vraag", author="piet", platform="instagram")
    assert sorted(texts(ig.poll(first.cursor, BUDGET))) == ["nieuw", "vraag"]


def test_everything_said_to_an_account_is_read_and_each_comment_is_a_thread(box: Sandbox, ig: Instagram) -> None:
    post = picture(box)
    top = comment(box, "Duur!", post)
    ours = box.world.instagram.comment("Maar mooi", under=top, author=box.world.instagram.user(US)).id
    under = comment(box, "Vind ik niet", ours, "bo")
    tag = box.world.instagram.post("Mijn kamer", author="dirk", tags=[US]).id
    message = box.world.inbox.receive("vraag", author="piet", platform="instagram")
    found = {one.external_id: one for one in ig.poll(None, BUDGET).mentions}
    expected = {
        post: (MentionKind.MENTION, post, None, True),
        top: (MentionKind.COMMENT, top, post, False),
        ours: (MentionKind.REPLY, top, top, True),
        under: (MentionKind.REPLY, top, top, False),
        f"media:{tag}": (MentionKind.MENTION, f"media:{tag}", None, False),
        message.id: (DIRECT, message.conversation_id, None, False),
    }
    assert {key: (one.kind, one.thread_id, one.parent_id, one.is_ours) for key, one in found.items()} == expected
    assert found[top].author.handle == "lies"
    assert found[top].author.external_id
    assert found[post].media[0].kind == "image"
    assert found[top].url == found[post].url


def test_a_person_instagram_does_not_show_is_heard_all_the_same(box: Sandbox, ig: Instagram) -> None:
    comment(box, "Kapotte poot", picture(box), "piet")
    box.world.set_user("instagram", "piet", unseen=True)
    found = named(ig.poll(None, BUDGET), "Kapotte poot")
    assert (found.author.external_id, found.author.handle, found.is_ours) == ("", "piet", False)


def test_many_comments_and_many_answers_are_read_page_by_page(box: Sandbox, ig: Instagram, clock: Clock) -> None:
    post = picture(box)
    for number in range(70):
        comment(box, f"reactie {number}", post, at=clock.now - timedelta(seconds=number))
    top = comment(box, "Wie nog?", post)
    for number in range(70):
        comment(box, f"ik {number}", top, at=clock.now - timedelta(seconds=70 - number))
    result = ig.poll(None, BUDGET)
    assert (len(result.mentions), result.complete, result.bad) == (142, True, ())


def test_a_small_budget_reads_all_comments_in_several_polls(box: Sandbox, clock: Clock) -> None:
    ig = connect_ig(box, backfill_min=15, older_posts=0)
    post = picture(box)
    for number in range(90):
        comment(box, f"reactie {number}", post, at=clock.now - timedelta(seconds=number))
    budget = Budget(max_pages=1, page_size=20)
    first = ig.poll(None, budget)
    assert not first.complete
    results = [first, *polls(ig, first.cursor, clock, 6, budget)]
    assert len({one for result in results for one in texts(result)}) == 91


def test_an_answer_under_an_old_comment_is_found_within_one_round(box: Sandbox, clock: Clock) -> None:
    ig = connect_ig(box, watch_posts=1, older_posts=4)
    posts = [picture(box, f"foto {n}", at=clock.now - timedelta(days=20 - n)) for n in range(6)]
    tops = [comment(box, f"top {n}", post, at=clock.now - timedelta(days=10)) for n, post in enumerate(posts)]
    for number in range(60):
        comment(box, f"druk {number}", posts[5], at=clock.now - timedelta(days=5, seconds=number))
    cursor = ig.poll(None, BUDGET).cursor
    clock.later(minutes=5)
    for number, top in enumerate(tops):
        comment(box, f"antwoord {number}", top, "bo")
    found = {text for result in polls(ig, cursor, clock, 5) for text in texts(result)}
    assert {f"antwoord {n}" for n in range(6)} <= found
    assert not {one for one in found if one.startswith(("top", "druk"))}


def test_an_answer_that_comes_while_the_round_is_under_way_is_found_by_the_next(box: Sandbox, clock: Clock) -> None:
    ig = connect_ig(box, watch_posts=1, older_posts=1)
    posts = [picture(box, f"foto {n}", at=clock.now - timedelta(days=20 - n)) for n in range(5)]
    tops = [comment(box, f"top {n}", post, at=clock.now - timedelta(days=10)) for n, post in enumerate(posts)]
    results = polls(ig, ig.poll(None, BUDGET).cursor, clock, 3)
    for number, top in enumerate(tops):
        comment(box, f"antwoord {number}", top, "bo")
        results += polls(ig, results[-1].cursor, clock, 1)
    results += polls(ig, results[-1].cursor, clock, 14)
    assert {f"antwoord {n}" for n in range(5)} <= {text for result in results for text in texts(result)}


@pytest.mark.parametrize("edge", ["media", "tags", "conversations"])
@pytest.mark.parametrize("fault", ["unavailable_html", "malformed_json", "errors_only_200"])
def test_one_list_of_instagram_that_fails_costs_no_other(
    box: Sandbox, ig: Instagram, clock: Clock, edge: str, fault: str
) -> None:
    post = picture(box)
    cursor = ig.poll(None, BUDGET).cursor
    clock.later(seconds=5)
    comment(box, "reactie", post)
    box.world.instagram.post("Mijn kamer", author="dirk", tags=[US])
    box.world.inbox.receive("vraag", author="piet", platform="instagram")
    box.faults.add(f"GET /graph/*/{edge}", fault, count=1)  # type: ignore[arg-type]
    first = ig.poll(cursor, BUDGET)
    assert list(first.troubles) == [edge]
    second = ig.poll(first.cursor, BUDGET)
    assert not second.troubles
    assert {"reactie", "Mijn kamer", "vraag"} <= {*texts(first), *texts(second)}


def test_an_account_id_instagram_does_not_know_is_told(box: Sandbox) -> None:
    wrong = connect_ig(box, "999", backfill_min=5)
    with pytest.raises(AccountDisconnected, match="external_id"):
        wrong.poll(None, BUDGET)


def test_the_limits_of_instagram_are_passed_on_and_a_throttled_poll_says_until_when(
    box: Sandbox, ig: Instagram, clock: Clock
) -> None:
    rates = ig.poll(None, BUDGET).rates
    assert {"media", "tags", "conversations"} <= set(rates)
    box.faults.add("GET /graph/*", "rate_limited", seconds=600)
    with pytest.raises(ChannelThrottled) as caught:
        ig.poll(None, BUDGET)
    assert caught.value.retry_at == clock.now + timedelta(minutes=10)


# --- answering ------------------------------------------------------------------------------------------


@pytest.fixture
def top(box: Sandbox, ig: Instagram) -> Mention:
    comment(box, "Duur!", picture(box))
    return named(ig.poll(None, BUDGET), "Duur!")


def test_a_comment_and_an_answer_to_it_are_answered_in_the_same_thread(
    box: Sandbox, ig: Instagram, clock: Clock, top: Mention
) -> None:
    comment(box, "Vind ik ook", top.external_id, "bo")
    under = named(ig.poll(None, BUDGET), "Vind ik ook")
    for mention, text in ((top, "Jammer!"), (under, "Dank je wel")):
        posted = ig.send(answer(mention, text))
        assert box.world.instagram.items[posted.external_id].parent_id == top.external_id
        assert [one.external_id for one in ig.verify_sent(answer(mention, text), since=clock.now)] == [
            posted.external_id
        ]
    clock.later(minutes=2)
    assert ig.verify_sent(answer(top, "Jammer!"), since=clock.now) == ()


@pytest.mark.parametrize("fault", ["cut_after_commit", "error_after_commit", "malformed_json"])
def test_an_answer_on_instagram_that_was_lost_is_unknown_and_then_found(
    box: Sandbox, ig: Instagram, clock: Clock, top: Mention, fault: str
) -> None:
    box.faults.add("POST /graph/*/replies", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        ig.send(answer(top))
    assert len(ig.verify_sent(answer(top), since=clock.now)) == 1


def test_an_answer_in_a_long_thread_of_instagram_is_found(
    box: Sandbox, ig: Instagram, clock: Clock, top: Mention
) -> None:
    for number in range(120):
        comment(box, f"ook {number}", top.external_id, at=clock.now - timedelta(seconds=number))
    posted = ig.send(answer(top))
    assert [one.external_id for one in ig.verify_sent(answer(top), since=clock.now)] == [posted.external_id]


def test_a_hidden_comment_takes_no_answer_before_and_after_asking(
    box: Sandbox, ig: Instagram, clock: Clock, top: Mention
) -> None:
    ig.act(Action.HIDE, top.external_id)
    ig.act(Action.HIDE, top.external_id)
    hidden = named(ig.poll(None, BUDGET), "Duur!")
    permission = ig.can_reply(target(hidden))
    assert (permission.allowed, "hidden" in permission.reason) == (False, True)
    with pytest.raises(ReplyRejected):
        ig.send(answer(top))
    ig.act(Action.UNHIDE, top.external_id)
    assert ig.send(answer(top)).external_id


def test_what_names_us_is_answered_as_a_mention_and_what_only_marks_us_is_not(
    box: Sandbox, ig: Instagram, clock: Clock
) -> None:
    box.world.instagram.post("Blij met @hemlund", author="dirk", tags=[US])
    box.world.instagram.post("Mijn kamer", author="eva", tags=[US])
    result = ig.poll(None, BUDGET)
    told, marked = named(result, "Blij met hemlund"), named(result, "Mijn kamer")
    assert ig.can_reply(target(told)).allowed
    refused = ig.can_reply(target(marked))
    assert (refused.allowed, refused.open_url) == (False, marked.url)
    posted = ig.send(answer(told))
    assert [one.external_id for one in ig.verify_sent(answer(told), since=clock.now)] == [posted.external_id]
    assert not ig.can_reply(target(told), ReplyWay.PRIVATE).allowed
    with pytest.raises(ReplyRejected, match="our own pictures"):
        ig.send(answer(told, way=ReplyWay.PRIVATE))


def test_a_comment_elsewhere_that_names_us_is_read_by_its_id_and_answered(
    box: Sandbox, ig: Instagram, clock: Clock
) -> None:
    post = box.world.instagram.post("Mijn kamer met @hemlund", author="eva").id
    said = comment(box, "Kijk @hemlund", post, "dirk")
    ig.poll(None, BUDGET)
    mention = ig.mentioned(comment_id=said)
    assert mention is not None
    assert (mention.external_id, mention.thread_id) == (f"comment:{said}", f"media:{post}")
    posted = ig.send(answer(mention))
    assert box.world.instagram.items[posted.external_id].parent_id == said
    assert [one.external_id for one in ig.verify_sent(answer(mention), since=clock.now)] == [posted.external_id]
    assert ig.mentioned(comment_id=comment(box, "niemand", post)) is None
    caption = ig.mentioned(media_id=post)
    assert caption is not None
    assert caption.external_id == f"media:{post}"


def test_our_own_answer_is_deleted_once_and_others_words_are_not(box: Sandbox, ig: Instagram, top: Mention) -> None:
    ours = ig.send(answer(top)).external_id
    ig.act(Action.DELETE, ours)
    ig.act(Action.DELETE, ours)
    assert box.world.instagram.items[ours].deleted
    with pytest.raises(ReplyRejected, match="hide this instead"):
        ig.act(Action.DELETE, top.external_id)
    with pytest.raises(ReplyRejected, match="somebody else's picture"):
        ig.act(Action.HIDE, "media:1")
    box.world.instagram.delete(top.external_id)
    with pytest.raises(TargetGone):
        ig.act(Action.HIDE, top.external_id)
    with pytest.raises(TargetGone):
        ig.send(answer(top))


def test_a_comment_on_instagram_gets_one_private_reply(box: Sandbox, ig: Instagram, clock: Clock, top: Mention) -> None:
    assert ig.can_reply(target(top), ReplyWay.PRIVATE).until == top.posted_at + timedelta(days=7)
    reply = answer(top, way=ReplyWay.PRIVATE)
    assert ig.verify_sent(reply, since=clock.now) == ()
    posted = ig.send(reply)
    assert [one.external_id for one in ig.verify_sent(reply, since=clock.now)] == [posted.external_id]
    with pytest.raises(DuplicateReply):
        ig.send(reply)
    clock.later(days=8)
    ig.health()
    assert not ig.can_reply(target(top), ReplyWay.PRIVATE).allowed


def test_a_conversation_on_instagram_is_answered_within_its_window(box: Sandbox, ig: Instagram, clock: Clock) -> None:
    box.world.inbox.receive("vraag", author="piet", platform="instagram")
    asked = named(ig.poll(None, BUDGET), "vraag")
    assert (asked.author.handle, asked.kind) == ("piet", DIRECT)
    posted = ig.send(answer(asked))
    assert [one.external_id for one in ig.verify_sent(answer(asked), since=clock.now)] == [posted.external_id]
    both = ig.poll(None, BUDGET)
    assert named(both, "Dank je!").is_ours
    with pytest.raises(ReplyRejected, match="too long"):
        ig.send(answer(asked, "ö" * 501))
    clock.later(hours=25)
    ig.health()
    assert not ig.can_reply(target(asked)).allowed
    with pytest.raises(ReplyRejected, match="wait until the person writes again"):
        ig.send(answer(asked))
    people = connect_ig(box, human_agent=True)
    assert box.world.inbox.messages[people.send(answer(asked)).external_id].tag == "HUMAN_AGENT"
