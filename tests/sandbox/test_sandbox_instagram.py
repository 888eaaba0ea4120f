"""The Instagram side through unmodified facebook-sdk, with a page's token: pictures, comments, tags, mentions."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import facebook
import pytest
import requests
from sandbox_clients import HEMLUND_FB, graph_client, graph_error

from webcare.sandbox import Sandbox
from webcare.sandbox.values import IgItem

IG = "17841400000000001"


@pytest.fixture
def media(box: Sandbox) -> IgItem:
    return box.world.instagram.post("Nieuwe bank", author=box.world.instagram.user(IG))


@pytest.fixture
def instagram(box: Sandbox) -> facebook.GraphAPI:
    return graph_client(box, key="ig_hemlund")


def texts(found: dict[str, Any]) -> list[str]:
    return [one["text"] for one in found["data"]]


def refusal(graph: facebook.GraphAPI, path: str, method: str = "GET", **values: str) -> tuple[Any, Any]:
    with pytest.raises(facebook.GraphAPIError) as raised:
        graph.request(f"v26.0/{path}", args={} if method != "POST" else None, post_args=values or None, method=method)
    return graph_error(raised.value)[:2]


def test_the_account_is_found_through_its_page(box: Sandbox, instagram: facebook.GraphAPI) -> None:
    assert instagram.get_object("me") == {"name": "Hemlund", "id": HEMLUND_FB}
    asked = "instagram_business_account,connected_instagram_account"
    assert instagram.get_object(HEMLUND_FB, fields=asked)["instagram_business_account"] == {"id": IG}
    accounts = graph_client(box).get_connections(HEMLUND_FB, "instagram_accounts", fields="username")
    assert accounts == {"data": [{"username": "hemlund", "id": IG}]}
    assert instagram.get_object(IG) == {"id": IG}
    assert instagram.get_object(IG, fields="username,name,media_count")["username"] == "hemlund"


def test_pictures_come_newest_first_with_what_was_asked(
    box: Sandbox, instagram: facebook.GraphAPI, media: IgItem
) -> None:
    box.world.instagram.post("Nog een bank", author=box.world.instagram.user(IG))
    box.world.instagram.post("van een ander", author="jan_j")
    found = instagram.get_connections(IG, "media", fields="caption,timestamp,permalink,username,owner,comments_count")
    assert [one["caption"] for one in found["data"]] == ["Nog een bank", "Nieuwe bank"]
    assert found["data"][0]["owner"] == {"id": IG}
    assert found["data"][0]["permalink"].startswith("https://www.instagram.com/p/")
    first = instagram.get_connections(IG, "media", limit=1)
    rest = instagram.get_connections(IG, "media", after=first["paging"]["cursors"]["after"])
    assert [one["id"] for one in rest["data"]] == [media.id]
    since = int((media.posted_at + timedelta(hours=1)).timestamp())
    assert instagram.get_connections(IG, "media", since=since) == {"data": []}


def test_comments_come_newest_first_with_answers_below(
    box: Sandbox, instagram: facebook.GraphAPI, media: IgItem
) -> None:
    first = box.world.instagram.comment("Mooi", under=media.id, author="jan_j")
    box.world.instagram.comment("Duur", under=media.id, author="piet")
    answer = instagram.put_object(first.id, "replies", message="Dank!")
    fields = "id,text,username,from,timestamp,hidden,like_count,parent_id,media,replies{id,text,parent_id,user}"
    found = instagram.get_connections(media.id, "comments", fields=fields)
    assert texts(found) == ["Duur", "Mooi"]
    mooi = found["data"][1]
    jan = box.world.user("instagram", "jan_j")
    assert (mooi["username"], mooi["from"]) == ("jan_j", {"id": jan.id, "username": "jan_j"})
    assert mooi["media"]["id"] == media.id
    assert mooi["replies"]["data"] == [
        {"id": answer["id"], "text": "Dank!", "parent_id": first.id, "user": {"id": IG}},
    ]
    assert "parent_id" not in mooi
    assert texts(instagram.get_connections(first.id, "replies")) == ["Dank!"]
    assert set(instagram.get_object(first.id)) == {"id", "text", "timestamp"}


def test_an_answer_to_an_answer_joins_the_top_comment(
    box: Sandbox, instagram: facebook.GraphAPI, media: IgItem
) -> None:
    top = box.world.instagram.comment("Mooi", under=media.id, author="jan_j")
    below = box.world.instagram.comment("Vind ik ook", under=top.id, author="piet")
    made = instagram.put_object(below.id, "replies", message="Dank u")
    assert instagram.get_object(made["id"], fields="parent_id")["parent_id"] == top.id
    assert texts(instagram.get_connections(top.id, "replies")) == ["Vind ik ook", "Dank u"]


def test_a_list_of_comments_shows_fifty_at_most(box: Sandbox, instagram: facebook.GraphAPI, media: IgItem) -> None:
    start = datetime(2026, 11, 20, 8, tzinfo=UTC)
    for number in range(60):
        at = start + timedelta(seconds=number)
        box.world.instagram.comment(f"nr {number}", under=media.id, author="jan_j", at=at)
    found = instagram.get_connections(media.id, "comments", limit=100)
    assert texts(found) == [f"nr {number}" for number in range(59, 9, -1)]
    rest = instagram.get_connections(media.id, "comments", limit=100, after=found["paging"]["cursors"]["after"])
    assert texts(rest) == [f"nr {number}" for number in range(9, -1, -1)]
    assert "next" not in rest["paging"]


def test_hiding_shows_and_hidden_comments_take_no_answer(
    box: Sandbox, instagram: facebook.GraphAPI, media: IgItem
) -> None:
    comment = box.world.instagram.comment("lelijk woord", under=media.id, author="jan_j")
    assert instagram.put_object(comment.id, "", hide="true") == {"success": True}
    assert instagram.get_object(comment.id, fields="hidden")["hidden"] is True
    assert refusal(instagram, f"{comment.id}/replies", "POST", message="Nou nou")[0] == 100
    instagram.put_object(comment.id, "", hide="false")
    instagram.put_object(comment.id, "replies", message="Dank")
    own = box.world.instagram.comment("van ons", under=media.id, author=box.world.instagram.user(IG))
    assert refusal(instagram, own.id, "POST", hide="true")[0] == 100


def test_comments_under_own_pictures_can_be_deleted_with_their_answers(
    box: Sandbox, instagram: facebook.GraphAPI, media: IgItem
) -> None:
    comment = box.world.instagram.comment("spam", under=media.id, author="jan_j")
    answer = instagram.put_object(comment.id, "replies", message="Weg ermee")
    assert instagram.delete_object(comment.id) == {"success": True}
    for item_id in (comment.id, answer["id"]):
        assert refusal(instagram, item_id) == (100, 33)
    assert instagram.get_connections(media.id, "comments") == {"data": []}


def test_tagged_pictures_show_in_the_list_of_tags_only(box: Sandbox, instagram: facebook.GraphAPI) -> None:
    tagged = box.world.instagram.post("bij Hemlund!", author="jan_j", tags=[IG])
    box.world.instagram.post("ergens anders", author="jan_j")
    found = instagram.get_connections(IG, "tags", fields="caption,username,owner")
    assert found["data"] == [{"caption": "bij Hemlund!", "username": "jan_j", "id": tagged.id}]
    comment = box.world.instagram.comment("leuk", under=tagged.id, author="piet")
    assert "comments" not in instagram.get_connections(IG, "tags", fields="id,comments{text}")["data"][0]
    assert instagram.get_connections(IG, "tags", fields="comments_count")["data"][0]["comments_count"] == 1
    for path in (tagged.id, f"{tagged.id}/comments", comment.id):
        assert refusal(instagram, path) == (100, 33)
    assert refusal(instagram, f"{tagged.id}/comments", "POST", message="Leuk!") == (100, 33)
    assert refusal(instagram, f"{IG}/mentions", "POST", media_id=tagged.id, message="Leuk!")[0] == 100
    box.world.set_user("instagram", "jan_j", protected=True)
    assert instagram.get_connections(IG, "tags") == {"data": []}


def test_mentions_are_told_by_webhook_and_read_by_id(box: Sandbox, instagram: facebook.GraphAPI) -> None:
    theirs = box.world.instagram.post("Mijn kamer", author="jan_j")
    caption = box.world.instagram.post("dank @hemlund", author="piet")
    comment = box.world.instagram.comment("@hemlund hoe duur is dit?", under=theirs.id, author="klaas")
    told = requests.get(f"{box.url}/sandbox/instagram/mentions/ig_hemlund", timeout=5).json()
    assert told == [{"media_id": caption.id}, {"media_id": theirs.id, "comment_id": comment.id}]
    asked = f"mentioned_comment.comment_id({comment.id}){{text,id,media{{id}}}}"
    assert instagram.get_object(IG, fields=asked)["mentioned_comment"] == {
        "text": "@hemlund hoe duur is dit?",
        "id": comment.id,
        "media": {"id": theirs.id},
    }
    found = instagram.get_object(IG, fields=f"mentioned_media.media_id({caption.id}){{caption,username}}")
    assert found["mentioned_media"] == {"caption": "dank hemlund", "username": "piet", "id": caption.id}
    assert refusal(instagram, comment.id) == (100, 33)
    box.world.instagram.comment("899 euro", under=comment.id, author="piet")
    below = instagram.get_object(IG, fields=f"mentioned_comment.comment_id({comment.id}){{replies{{text}}}}")
    assert texts(below["mentioned_comment"]["replies"]) == ["899 euro"]
    with pytest.raises(facebook.GraphAPIError) as raised:
        instagram.get_object(IG, fields=f"mentioned_media.media_id({theirs.id}){{caption}}")
    assert graph_error(raised.value)[0] == 100


def test_mentions_are_answered_where_they_stand(box: Sandbox, instagram: facebook.GraphAPI) -> None:
    theirs = box.world.instagram.post("Mijn kamer", author="jan_j")
    caption = box.world.instagram.post("dank @hemlund", author="piet")
    comment = box.world.instagram.comment("@hemlund hoe duur?", under=theirs.id, author="klaas")
    made = instagram.put_object(IG, "mentions", media_id=theirs.id, comment_id=comment.id, message="899 euro")
    assert box.world.instagram.items[made["id"]].parent_id == comment.id
    other = instagram.put_object(IG, "mentions", media_id=caption.id, message="Graag gedaan")
    assert box.world.instagram.items[other["id"]].media_id == caption.id
    assert refusal(instagram, f"{IG}/mentions", "POST", media_id=theirs.id, message="hoi")[0] == 100


def test_another_accounts_pictures_are_not_there(box: Sandbox, media: IgItem) -> None:
    world = box.world
    world.add_account("fb_other", network="facebook", user_id="1100000002", handle="other", name="Other")
    world.add_account("ig_other", network="instagram", user_id="17841400000000002", handle="other", name="Other")
    comment = world.instagram.comment("mooi", under=media.id, author="jan_j")
    for key in ("fb_other", "ig_other"):
        other = graph_client(box, key=key)
        for path in (media.id, comment.id, f"{media.id}/comments", IG):
            assert refusal(other, path) == (100, 33)
    assert graph_client(box, key="fb_other").get_connections("17841400000000002", "media") == {"data": []}


def test_rights_on_instagram_can_be_taken_away(box: Sandbox, instagram: facebook.GraphAPI, media: IgItem) -> None:
    comment = box.world.instagram.comment("mooi", under=media.id, author="jan_j")
    box.world.account("ig_hemlund").denied = {"reply", "hide", "delete"}
    assert refusal(instagram, f"{comment.id}/replies", "POST", message="x")[0] == 200
    assert refusal(instagram, comment.id, "POST", hide="true")[0] == 200
    assert refusal(instagram, comment.id, "DELETE")[0] == 200
    box.world.account("ig_hemlund").denied = {"read"}
    assert refusal(instagram, f"{media.id}/comments")[0] == 10


def test_people_on_instagram_act_through_the_control_door(box: Sandbox, instagram: facebook.GraphAPI) -> None:
    def act(path: str, **body: Any) -> dict[str, Any]:
        answer = requests.post(f"{box.url}/sandbox/instagram{path}", json=body, timeout=5)
        assert answer.ok, answer.text
        found = answer.json()
        assert isinstance(found, dict)
        return found

    media = act("/media", text="Nieuw")
    tagged = act("/media", text="bij Hemlund", author="jan_j", tags=["ig_hemlund"])
    comment = act("/comments", under=media["id"], author="jan_j", text="mooi")
    assert [one["id"] for one in instagram.get_connections(IG, "tags")["data"]] == [tagged["id"]]
    act(f"/items/{comment['id']}/edit", text="prachtig")
    act("/users/jan_j", handle="jan_de_j", name="Jan")
    found = instagram.get_connections(media["id"], "comments", fields="text,username")["data"][0]
    assert (found["text"], found["username"]) == ("prachtig", "jan_de_j")
    act("/users/jan_de_j", suspended=True)
    assert instagram.get_connections(media["id"], "comments") == {"data": []}
    act("/users/jan_de_j", suspended=False)
    act(f"/items/{comment['id']}/delete")
    assert instagram.get_connections(media["id"], "comments") == {"data": []}


def test_a_state_file_keeps_instagram_and_messages(box: Sandbox, tmp_path: Any, media: IgItem) -> None:
    box.world.instagram.comment("mooi @hemlund", under=media.id, author="jan_j")
    made = box.world.inbox.receive("Hallo", author="Jan")
    box.world.account("fb_hemlund").expires_at = datetime(2027, 1, 1, tzinfo=UTC)
    path = tmp_path / "state.json"
    box.world.save(path)
    with Sandbox(state=path) as other:
        found = graph_client(other, key="ig_hemlund")
        assert texts(found.get_connections(media.id, "comments")) == ["mooi @hemlund"]
        talk = found.get_connections(HEMLUND_FB, "conversations", fields="messages{message}")["data"][0]
        assert (talk["id"], talk["messages"]["data"][0]["id"]) == (made.conversation_id, made.id)
        assert other.world.account("fb_hemlund").expires_at == datetime(2027, 1, 1, tzinfo=UTC)
        assert other.world.account("ig_hemlund").linked == HEMLUND_FB


def test_a_state_file_from_before_instagram_is_still_read(box: Sandbox, tmp_path: Any) -> None:
    box.world.post_fb("Hallo", author="Jan")
    path = tmp_path / "state.json"
    box.world.save(path)
    state = json.loads(path.read_text())
    for name in ("instagram", "conversations", "messages"):
        del state[name]
    path.write_text(json.dumps(state))
    with Sandbox(state=path) as other:
        assert len(graph_client(other).get_connections("me", "feed")["data"]) == 1
        assert graph_client(other).get_connections("me", "conversations") == {"data": []}
