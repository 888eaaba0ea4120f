"""What is done on X over real HTTP, against the sandbox: private answers, parts, actions, look-ups, permissions."""

from dataclasses import replace
from datetime import timedelta

import pytest
from stub_network import Clock, connect_x

from webcare.channels.base import Action, Budget, GoneReason, HealthState, ReplyTarget
from webcare.channels.x import X
from webcare.domain import Mention, MentionKind, Reply, ReplyWay
from webcare.errors import ChannelThrottled, DuplicateReply, OutcomeUnknown, ReplyRejected, TargetGone
from webcare.sandbox.server import Sandbox

BUDGET = Budget()
WORDS = "Hej Anna & co! Se https://hemlund.example/hjälp eller ring 🙂 <3"


def message(box: Sandbox, text: str = "Mijn order 4711?", sender: str = "anna") -> Reply:
    """An answer to a message somebody wrote to us."""
    written = box.world.message_x(text, sender=sender, to="hemlund")
    return Reply(
        f"dm:{written.id}",
        written.conversation_id,
        WORDS,
        MentionKind.DIRECT_MESSAGE,
        way=ReplyWay.PRIVATE,
        to_id=written.sender_id,
    )


def mine(box: Sandbox, conversation: str) -> list[str]:
    """What we wrote in a conversation."""
    all_of_it = box.world.x_messages
    found = (all_of_it.all[number] for number in all_of_it.by_conversation[conversation])
    return [one.written for one in found if one.sender_id == "3300000001" and not one.deleted]


# --- private answers ------------------------------------------------------------------------------------


def test_a_message_is_answered_in_its_conversation_and_found_again(box: Sandbox, box_x: X, clock: Clock) -> None:
    reply = message(box)
    posted = box_x.send(reply)
    assert mine(box, reply.thread_id) == [WORDS]
    assert posted.posted_at == clock.now
    assert posted.url == f"https://x.com/messages/{reply.thread_id}"
    assert box_x.verify_sent(reply, since=clock.now) == (posted,)
    found = {one.external_id: one for one in box_x.poll(None, BUDGET).mentions}
    assert found[posted.external_id].is_ours
    assert found[posted.external_id].thread_id == found[reply.target_id].thread_id == reply.thread_id


def test_the_writer_of_a_public_post_gets_a_private_answer(box: Sandbox, box_x: X, clock: Clock) -> None:
    box.world.user("x", "anna")
    box.world.set_user("x", "anna", takes_messages=True)
    post = box.world.post_x("@hemlund help", author="anna")
    reply = Reply(str(post.id), str(post.id), WORDS, way=ReplyWay.PRIVATE, to_id=post.author_id)
    posted = box_x.send(reply)
    assert posted.external_id.startswith("dm:")
    assert box_x.verify_sent(reply, since=clock.now) == (posted,)
    assert box.world.x.answers(post.id) == []


def test_somebody_who_takes_no_messages_is_told_before_and_after(box: Sandbox, box_x: X, clock: Clock) -> None:
    post = box.world.post_x("@hemlund help", author="anna")
    box.world.set_user("x", "anna", takes_messages=False)
    with pytest.raises(ReplyRejected, match="does not take direct messages"):
        box_x.send(Reply(str(post.id), str(post.id), WORDS, way=ReplyWay.PRIVATE, to_id=post.author_id))


@pytest.mark.parametrize("fault", ["cut_after_commit", "error_after_commit", "malformed_json"])
def test_a_message_whose_answer_was_lost_is_unknown_and_then_found(
    box: Sandbox, box_x: X, clock: Clock, fault: str
) -> None:
    reply = message(box)
    box.faults.add("POST /x/2/dm_conversations/*", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_x.send(reply)
    assert len(box_x.verify_sent(reply, since=clock.now)) == 1
    assert len(mine(box, reply.thread_id)) == 1


@pytest.mark.parametrize("fault", ["cut_before", "error_before", "unavailable_html", "empty_200"])
def test_a_message_that_never_arrived_is_unknown_and_then_absent(
    box: Sandbox, box_x: X, clock: Clock, fault: str
) -> None:
    reply = message(box)
    box.faults.add("POST /x/2/dm_conversations/*", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(OutcomeUnknown):
        box_x.send(reply)
    assert box_x.verify_sent(reply, since=clock.now) == ()
    assert box_x.send(reply).external_id


def test_a_message_in_the_same_words_to_somebody_else_is_not_taken_for_this_one(
    box: Sandbox, box_x: X, clock: Clock
) -> None:
    box_x.send(message(box, sender="bo"))
    assert box_x.verify_sent(message(box), since=clock.now) == ()


def test_a_private_answer_needs_somebody_and_takes_no_attachment(box: Sandbox, box_x: X) -> None:
    reply = message(box)
    with pytest.raises(ReplyRejected, match="Attachments"):
        box_x.send(replace(reply, attachments=("photo.jpg",)))
    with pytest.raises(ReplyRejected, match="nobody is named"):
        box_x.send(Reply("1", "1", WORDS, way=ReplyWay.PRIVATE))
    assert mine(box, reply.thread_id) == []


def test_a_message_may_be_longer_than_a_post(box: Sandbox, box_x: X) -> None:
    reply = replace(message(box), text="långt " * 100)
    box_x.send(reply)
    assert mine(box, reply.thread_id) == ["långt " * 100]


# --- several parts ----------------------------------------------------------------------------------------


def test_a_later_part_answers_our_own_part_before_it(box: Sandbox, box_x: X, clock: Clock) -> None:
    post = box.world.post_x("@hemlund help", author="anna")
    target, parts = str(post.id), ["Deel een 1/3", "Deel twee 2/3", "Deel drie 3/3"]
    replies = []
    for text in parts:
        reply = Reply(target, str(post.id), text, to_id=post.author_id)
        posted = box_x.send(reply)
        assert box_x.verify_sent(reply, since=clock.now) == (posted,)
        replies.append(posted.external_id)
        target = posted.external_id
        clock.later(seconds=1)
    chain = box.world.x.answers(post.id)
    assert [str(one.in_reply_to) for one in chain] == [str(post.id), *replies[:-1]]
    assert X.capabilities.parts >= len(parts)


def test_a_part_of_ours_may_be_answered_whatever_it_names(box_x: X, clock: Clock) -> None:
    raw = {"entities": {"mentions": [{"id": "42", "username": "anna"}]}, "reply_settings": "mentionedUsers"}
    ours = ReplyTarget("1", "1", "3300000001", MentionKind.REPLY, clock.now, summons_us=False, raw=raw)
    assert box_x.can_reply(ours).allowed
    assert not box_x.can_reply(ours, ReplyWay.PRIVATE).allowed


# --- who may be answered ----------------------------------------------------------------------------------


def given(x: X, external_id: object) -> Mention:
    return next(one for one in x.poll(None, BUDGET).mentions if one.external_id == str(external_id))


def asked_about(one: Mention, **more: object) -> ReplyTarget:
    plain = ReplyTarget(
        one.external_id, one.thread_id, one.author.external_id, one.kind, one.posted_at, summons_us=False, raw=one.raw
    )
    return replace(plain, **more)  # type: ignore[arg-type]


def test_what_is_said_before_writing_is_what_x_does_afterwards(box: Sandbox, clock: Clock) -> None:
    x = connect_x(box, listen=["kast", "actie", "winkel"], backfill_min=15)
    ours = box.world.post_x("Actie!", author="hemlund")
    theirs = box.world.post_x("onze winkel", author="cas")
    posts = {
        "names us": box.world.post_x("@hemlund mijn kast", author="anna"),
        "names nobody": box.world.post_x("mijn kast wankelt", author="anna"),
        "quotes us": box.world.post_x("wat een actie", author="anna", quote=ours.id),
        "quotes another": box.world.post_x("wat een winkel", author="anna", quote=theirs.id),
        "names us, closed to others": box.world.post_x(
            "@hemlund alleen jullie, kast", author="anna", reply_settings="mentionedUsers"
        ),
        "closed": box.world.post_x("alleen vrienden, kast", author="anna", reply_settings="following"),
    }
    for what, post in posts.items():
        permission = x.can_reply(asked_about(given(x, post.id)))
        reply = Reply(str(post.id), str(post.id), f"Antwoord: {what}")
        if permission.allowed:
            x.send(reply)
        else:
            assert permission.open_url.endswith(f"/status/{post.id}")
            with pytest.raises(ReplyRejected):
                x.send(reply)
        assert permission.allowed is (what in ("names us", "quotes us", "names us, closed to others")), what


def test_a_private_answer_is_refused_where_x_says_they_take_none(box_x: X, clock: Clock) -> None:
    target = ReplyTarget("1", "1", "42", MentionKind.MENTION, clock.now, raw={"author_receives_your_dm": False})
    assert "take direct messages" in box_x.can_reply(target, ReplyWay.PRIVATE).reason
    assert box_x.can_reply(replace(target, raw={}), ReplyWay.PRIVATE).allowed
    assert box_x.can_reply(target).allowed


@pytest.mark.parametrize("way", ReplyWay)
@pytest.mark.parametrize("kind", [MentionKind.MENTION, MentionKind.DIRECT_MESSAGE])
def test_what_is_gone_is_answered_no_way(box_x: X, clock: Clock, way: ReplyWay, kind: MentionKind) -> None:
    target = ReplyTarget("1", "42-3300000001", "42", kind, clock.now, gone=True)
    permission = box_x.can_reply(target, way)
    assert not permission.allowed
    assert "deleted" in permission.reason


def test_a_direct_message_is_answered_privately_only(box_x: X, clock: Clock) -> None:
    target = ReplyTarget("dm:1", "42-3300000001", "42", MentionKind.DIRECT_MESSAGE, clock.now, summons_us=False)
    assert box_x.can_reply(target, ReplyWay.PRIVATE).allowed
    public = box_x.can_reply(target, ReplyWay.PUBLIC)
    assert "not in public" in public.reason
    assert public.open_url == "https://x.com/messages/42-3300000001"


# --- actions ----------------------------------------------------------------------------------------------


def test_hiding_liking_and_deleting_happen_and_may_be_repeated_and_undone(box: Sandbox, box_x: X) -> None:
    ours = box.world.post_x("Actie!", author="hemlund")
    answer = box.world.post_x("stom", author="anna", in_reply_to=ours.id)
    for _ in range(2):
        box_x.act(Action.HIDE, str(answer.id))
    assert answer.hidden
    for _ in range(2):
        box_x.act(Action.UNHIDE, str(answer.id))
    assert not answer.hidden
    for _ in range(2):
        box_x.act(Action.LIKE, str(answer.id))
    assert answer.likes == {"3300000001"}
    for _ in range(2):
        box_x.act(Action.UNLIKE, str(answer.id))
    assert answer.likes == set()
    box_x.act(Action.DELETE, str(ours.id))
    assert ours.deleted
    with pytest.raises(TargetGone):
        box_x.act(Action.DELETE, str(ours.id))


def test_an_action_x_does_not_allow_is_refused_with_its_words(box: Sandbox, box_x: X) -> None:
    theirs = box.world.post_x("@hemlund hoi", author="anna")
    for action in (Action.HIDE, Action.DELETE):
        with pytest.raises(ReplyRejected, match="X does not let us do this: You are not"):
            box_x.act(action, str(theirs.id))
    assert not theirs.deleted


def test_a_message_of_ours_is_taken_back_and_no_post_with_its_number(box: Sandbox, box_x: X) -> None:
    reply = message(box)
    posted = box_x.send(reply)
    box_x.act(Action.DELETE, posted.external_id)
    assert mine(box, reply.thread_id) == []
    with pytest.raises(TargetGone):
        box_x.act(Action.DELETE, posted.external_id)
    with pytest.raises(ReplyRejected):
        box_x.act(Action.LIKE, posted.external_id)


@pytest.mark.parametrize("fault", ["cut_after_commit", "error_after_commit", "cut_before", "unavailable_html"])
def test_an_action_nobody_knows_the_end_of_is_simply_done_again(box: Sandbox, box_x: X, fault: str) -> None:
    post = box.world.post_x("@hemlund hoi", author="anna")
    box.faults.add("POST /x/2/users/*/likes", fault, count=1)  # type: ignore[arg-type]
    with pytest.raises(Exception) as caught:
        box_x.act(Action.LIKE, str(post.id))
    assert getattr(caught.value, "retryable", False)
    box_x.act(Action.LIKE, str(post.id))
    assert post.likes == {"3300000001"}


# --- looking posts up again -------------------------------------------------------------------------------


def test_a_look_up_tells_edits_renames_and_what_is_gone(box: Sandbox, box_x: X, clock: Clock) -> None:
    same, edited, deleted, hidden, closed = (
        box.world.post_x(f"@hemlund {name}", author=name) for name in ("anna", "bo", "cas", "dirk", "eva")
    )
    dm = box.world.message_x("hoi", sender="anna", to="hemlund")
    clock.later(minutes=1)
    newest = box.world.edit_x(edited.id, "@hemlund beter")
    box.world.delete_x(deleted.id)
    box.world.set_user("x", "dirk", protected=True)
    box.world.set_user("x", "eva", suspended=True)
    box.world.set_user("x", "anna", name="Anna B.", handle="anna_b")
    ids = [str(one.id) for one in (same, edited, deleted, hidden, closed)]
    found = box_x.refresh([*ids, f"dm:{dm.id}", "nonsense"])
    mentions = {one.external_id: one for one in found.mentions}
    assert set(mentions) == {str(same.id), str(newest.id)}
    assert (mentions[str(same.id)].author.handle, mentions[str(same.id)].author.name) == ("anna_b", "Anna B.")
    assert (mentions[str(newest.id)].root_id, mentions[str(newest.id)].text) == (str(edited.id), "@hemlund beter")
    assert found.gone[str(deleted.id)] is GoneReason.DELETED
    assert found.gone[str(hidden.id)] is GoneReason.PROTECTED
    assert found.gone[str(closed.id)] in (GoneReason.SUSPENDED, GoneReason.DELETED)
    assert set(found.gone) == {str(deleted.id), str(hidden.id), str(closed.id)}
    assert found.rates["lookup"].limit == 5000
    assert sum(one.count for one in found.spent) == 3


def test_a_hundred_posts_are_looked_up_at_once(box: Sandbox, box_x: X) -> None:
    posts = box.world.bulk_x(150)
    found = box_x.refresh([str(post.id) for post in posts])
    assert len(found.mentions) == X.capabilities.refresh == 100


def test_a_look_up_that_fails_says_nothing_of_the_posts(box: Sandbox, box_x: X) -> None:
    post = box.world.post_x("@hemlund hoi", author="anna")
    box.faults.add("GET /x/2/tweets", "rate_limited", count=1)
    with pytest.raises(ChannelThrottled):
        box_x.refresh([str(post.id)])
    assert box_x.refresh([str(post.id)]).gone == {}


def test_the_new_names_of_the_api_serve_every_list(clock: Clock) -> None:
    seen = []
    for dialect in ("tweet", "post"):
        with Sandbox(clock=clock, dialect=dialect) as box:
            ours = box.world.post_x("Actie!", author="hemlund", at=clock.now - timedelta(minutes=9))
            wrong = box.world.post_x("mijn #hemlund tpyo", author="eva", at=clock.now - timedelta(minutes=8))
            box.world.edit_x(wrong.id, "mijn #hemlund typo", at=clock.now - timedelta(minutes=7))
            box.world.post_x("leuk", author="bo", quote=ours.id, at=clock.now - timedelta(minutes=6))
            box.world.message_x("hallo", sender="anna", to="hemlund", at=clock.now - timedelta(minutes=5))
            x = connect_x(box, dialect=dialect, backfill_min=15, listen=["#hemlund"])
            found = x.poll(None, BUDGET).mentions
            again = x.refresh([str(wrong.id)]).mentions
            texts = [one.text.partition(" https")[0] for one in (*found, *again)]
            seen.append([*texts, *(one.root_id == str(wrong.id) for one in again)])
    assert seen[0] == seen[1]
    assert seen[0] == ["Actie!", "mijn #hemlund typo", "leuk", "hallo", "mijn #hemlund typo", True]


# --- health, credits --------------------------------------------------------------------------------------


def test_credits_that_are_gone_are_told_with_what_to_do(box: Sandbox, box_x: X) -> None:
    post = box.world.post_x("@hemlund help", author="anna")
    box.faults.add("* /x/2/*", "credits_gone")
    with pytest.raises(ChannelThrottled, match="Buy credits"):
        box_x.send(Reply(str(post.id), str(post.id), "hoi"))
    health = box_x.health()
    assert (health.state, "console.x.com" in health.message) == (HealthState.THROTTLED, True)


def test_a_duplicate_private_answer_is_looked_for_and_not_called_refused(box: Sandbox, box_x: X, clock: Clock) -> None:
    post = box.world.post_x("@hemlund help", author="anna")
    reply = Reply(str(post.id), str(post.id), WORDS)
    posted = box_x.send(reply)
    with pytest.raises(DuplicateReply):
        box_x.send(reply)
    assert box_x.verify_sent(reply, since=clock.now) == (posted,)
