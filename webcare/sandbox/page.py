"""The public side of the networks, for people to look at: threads, and a form to write as a customer.

Every word somebody wrote is escaped; scripts, styles and connections are allowed from this address only.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape
from pathlib import Path
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from webcare.sandbox import x_text
from webcare.sandbox.values import FbItem, Network, SandboxError, User, XPost
from webcare.sandbox.world import World

ASSETS = Path(__file__).parent / "assets"
#: Threads on one page, newest activity first.
THREADS = 40
MAX_TEXT = 5000
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
}
_ASSETS = {"page.css": "text/css", "page.js": "text/javascript", "icon.svg": "image/svg+xml"}
_TITLES: dict[Network, str] = {"x": "X", "facebook": "Facebook"}
_KINDS = {"visitor_post": "on the page's wall", "tagged": "named the page"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One post as the page shows it, whatever its network."""

    id: str
    author: User
    brand: bool
    text: str
    posted_at: datetime
    depth: int
    note: str = ""
    likes: int = 0
    hidden: bool = False
    edited: bool = False


def routes(world: World) -> list[Route]:
    """The page, its moving part, its form and its files."""
    return [
        Route("/", _page(world), methods=["GET"]),
        Route("/timeline", _timeline(world), methods=["GET"]),
        Route("/post", _posted(world), methods=["POST"]),
        Route("/remove", _removed(world), methods=["POST"]),
        Route("/assets/{name}", _asset, methods=["GET"]),
    ]


# --- requests ------------------------------------------------------------------------------------------


def _page(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        network = _network(request.query_params.get("network"))
        with world.lock:
            threads, version = _threads(world, network), world.version
            html = _whole(world, network, threads, version, dict(request.query_params))
        return _html(html)

    return page


def _timeline(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def timeline(request: Request) -> Response:
        network = _network(request.query_params.get("network"))
        with world.lock:
            tag = f'"{network}-{world.version}"'
            if request.headers.get("if-none-match") == tag:
                return Response(status_code=304, headers={"etag": tag, **HEADERS})
            html = _threads_html(_threads(world, network), network)
        return _html(html, etag=tag)

    return timeline


def _posted(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def post(request: Request) -> Response:
        form = await _form(request)
        network = _network(form.get("network"))
        try:
            _check_origin(request)
            _write_as_customer(world, network, form)
        except SandboxError as error:
            return _back(network, form, problem=str(error))
        return _back(network, {"author": form.get("author", "")})

    return post


def _removed(world: World) -> Callable[[Request], Awaitable[Response]]:
    async def remove(request: Request) -> Response:
        form = await _form(request)
        network = _network(form.get("network"))
        try:
            _check_origin(request)
            with world.lock:
                _remove(world, network, form.get("id", ""))
        except SandboxError as error:
            return _back(network, {}, problem=str(error))
        return _back(network, {"author": form.get("author", "")})

    return remove


async def _asset(request: Request) -> Response:
    name = request.path_params["name"]
    if name not in _ASSETS:
        return Response("Not found", 404, HEADERS)
    return FileResponse(ASSETS / name, media_type=_ASSETS[name], headers=HEADERS)


async def _form(request: Request) -> dict[str, str]:
    raw = (await request.body()).decode("utf-8", "replace")
    return {name: values[-1] for name, values in parse_qs(raw, keep_blank_values=True).items()}


def _network(text: str | None) -> Network:
    return "facebook" if text == "facebook" else "x"


def _check_origin(request: Request) -> None:
    """Only this page's own form may post: browsers say where a form comes from."""
    origin = request.headers.get("origin")
    if origin not in (None, f"http://{request.headers.get('host')}"):
        raise SandboxError("this form belongs to another site")


def _back(network: Network, keep: dict[str, str], *, problem: str = "") -> Response:
    kept = {name: keep[name] for name in ("author", "text", "reply_to", "kind") if keep.get(name)}
    query = urlencode({"network": network, **kept, **({"problem": problem} if problem else {})})
    return RedirectResponse(f"/?{query}", 303, HEADERS)


def _write_as_customer(world: World, network: Network, form: dict[str, str]) -> None:
    text, name, under = form.get("text", "").strip(), form.get("author", "").strip(), form.get("reply_to", "")
    if not text or not name:
        raise SandboxError("Write a name and a message.")
    if len(text) > MAX_TEXT or len(name) > 60:
        raise SandboxError(f"That is too long: at most {MAX_TEXT} characters, and 60 for the name.")
    with world.lock:
        author = world.user(network, name, name.lstrip("@"))
        if world.is_brand(network, author.id):
            raise SandboxError("The brand answers from its desk, not from here. Choose another name.")
        if network == "x":
            world.post_x(text, author=author, in_reply_to=under or None, origin="page")
        elif under:
            world.comment_fb(text, under=under, author=author, origin="page")
        elif form.get("kind") in ("positive", "negative"):
            world.review_fb(text, author=author, positive=form["kind"] == "positive", origin="page")
        else:
            world.post_fb(text, author=author, origin="page")


def _remove(world: World, network: Network, post_id: str) -> None:
    if network == "x":
        if world.is_brand("x", world.x.need(post_id).author_id):
            raise SandboxError("A customer cannot delete the brand's post.")
        world.delete_x(post_id)
        return
    if world.is_brand("facebook", world.facebook.need(post_id).author_id):
        raise SandboxError("A customer cannot delete the brand's post.")
    world.delete_fb(post_id)


# --- what is shown -------------------------------------------------------------------------------------


def _threads(world: World, network: Network) -> list[list[Entry]]:
    """The threads with the newest activity first, each from its first post on. Call with the lock held."""
    return _x_threads(world) if network == "x" else _fb_threads(world)


def _x_threads(world: World) -> list[list[Entry]]:
    found: dict[int, list[Entry]] = {}
    for number in reversed(world.x.ids):
        root = world.x.posts[number].conversation_id
        if len(found) == THREADS:
            break
        if root not in found:
            found[root] = _x_thread(world, root)
    return [thread for thread in found.values() if thread]


def _x_thread(world: World, root: int) -> list[Entry]:
    posts = [world.x.posts[number] for number in world.x.by_conversation[root]]
    shown = [post for post in posts if world.x.visible(post.id) and post.history[-1] == post.id]
    return [_x_entry(world, post, depth=0 if post.id == post.conversation_id else 1) for post in shown]


def _x_entry(world: World, post: XPost, *, depth: int) -> Entry:
    author = world.x.author(post)
    parent = world.x.posts.get(post.in_reply_to) if post.in_reply_to is not None else None
    note = ""
    if parent is not None:
        note = "goes on" if parent.author_id == author.id else f"answers @{world.x.author(parent).handle}"
    if post.retweeted is not None:
        note = "retweet"
    return Entry(
        id=str(post.id),
        author=author,
        brand=world.is_brand("x", author.id),
        text=post.written,
        posted_at=post.posted_at,
        depth=depth,
        note=note,
        likes=len(post.likes),
        hidden=post.hidden,
        edited=len(post.history) > 1,
    )


def _fb_threads(world: World) -> list[list[Entry]]:
    pages = [account.user_id for account in world.brands("facebook")]
    roots = [
        item for page in pages for item in world.facebook.on_page(page, "post", "visitor_post", "tagged", "review")
    ]
    newest = sorted(roots, key=lambda item: item.updated_at, reverse=True)[:THREADS]
    return [_fb_thread(world, root) for root in newest]


def _fb_thread(world: World, root: FbItem) -> list[Entry]:
    entries = [_fb_entry(world, root, depth=0)]
    for comment in world.facebook.comments(root, stream=False):
        entries.append(_fb_entry(world, comment, depth=1))
        entries += [_fb_entry(world, answer, depth=2) for answer in world.facebook.comments(comment, stream=True)]
    return entries


def _fb_entry(world: World, item: FbItem, *, depth: int) -> Entry:
    author = world.facebook.author(item)
    note = _KINDS.get(item.kind, "")
    if item.kind == "review":
        note = "recommends Hemlund" if item.positive else "does not recommend Hemlund"
        note = note.replace("Hemlund", world.users[("facebook", item.page_id)].name)
    return Entry(
        id=item.id,
        author=author,
        brand=author.id == item.page_id,
        text=item.message,
        posted_at=item.posted_at,
        depth=depth,
        note=note,
        likes=len(item.likes),
        hidden=item.hidden,
    )


# --- HTML ----------------------------------------------------------------------------------------------


def _html(text: str, *, etag: str = "") -> Response:
    headers = {**HEADERS, "etag": etag} if etag else HEADERS
    return Response(text.encode("utf-8", "replace"), media_type="text/html; charset=utf-8", headers=headers)


def _whole(
    world: World, network: Network, threads: Sequence[Sequence[Entry]], version: int, query: dict[str, str]
) -> str:
    brand = world.brands(network)
    name = world.users[(network, brand[0].user_id)].name if brand else "the brand"
    tabs = "".join(_tab(one, title, chosen=one == network) for one, title in _TITLES.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{_TITLES[network]} · practice network</title>
<link rel="icon" href="/assets/icon.svg" type="image/svg+xml">
<link rel="stylesheet" href="/assets/page.css">
<script src="/assets/page.js" defer></script>
</head>
<body data-network="{network}">
<header class="top">
<div class="bar">
<p class="name"><strong>Practice network</strong>
<span>Nothing here is real, and nothing leaves this machine.</span></p>
<nav class="tabs" aria-label="Networks">{tabs}</nav>
</div>
</header>
<main class="columns">
<aside>{_composer(network, name, query)}</aside>
<section aria-label="Public timeline">
<p class="fresh" id="fresh" role="status" hidden></p>
<div id="timeline" data-etag="{escape(f'"{network}-{version}"')}">{_threads_html(threads, network)}</div>
</section>
</main>
</body>
</html>
"""


def _tab(network: Network, title: str, *, chosen: bool) -> str:
    current = ' aria-current="page"' if chosen else ""
    return f'<a href="/?network={network}"{current}>{title}</a>'


def _composer(network: Network, brand: str, query: dict[str, str]) -> str:
    problem = f'<p class="problem" role="alert">{escape(query["problem"])}</p>' if query.get("problem") else ""
    reply_to, text, author = (escape(query.get(name, "")) for name in ("reply_to", "text", "author"))
    hint = (
        f"@{escape(brand.lower())} my sofa arrived without legs" if network == "x" else "My sofa arrived without legs"
    )
    return f"""
<form class="composer" id="composer" method="post" action="/post" autocomplete="off">
<h2 id="composer-title">Write as a customer</h2>
<p class="answering" id="answering"{"" if reply_to else " hidden"}>
<span id="answering-text">In answer to the chosen post</span>
<button type="button" id="answering-off">Not an answer</button></p>
{problem}
<input type="hidden" name="network" value="{network}">
<input type="hidden" name="reply_to" id="reply_to" value="{reply_to}">
<label for="author">Your name</label>
<input id="author" name="author" maxlength="60" required placeholder="Anna Berg" value="{author}">
<label for="text">Message</label>
<textarea id="text" name="text" rows="5" maxlength="{MAX_TEXT}" required placeholder="{hint}">{text}</textarea>
{_kinds(query.get("kind", "")) if network == "facebook" else ""}
<div class="send"><span id="count" aria-live="polite"></span><button class="primary">Post</button></div>
</form>
<p class="aside">{_explained(network, escape(brand))}</p>
"""


def _kinds(chosen: str) -> str:
    options = (("post", "A post on the page"), ("positive", "A recommendation"), ("negative", "A bad review"))
    listed = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{title}</option>' for value, title in options
    )
    return f'<div id="kinds"><label for="kind">As</label><select id="kind" name="kind">{listed}</select></div>'


def _explained(network: Network, brand: str) -> str:
    if network == "x":
        return f"A post reaches the desk when it names <b>@{brand.lower()}</b>. Answers do so by themselves."
    return f"Posts, comments and reviews on the page of <b>{brand}</b> reach the desk at its next look."


def _threads_html(threads: Iterable[Sequence[Entry]], network: Network) -> str:
    found = "".join(_thread_html(thread, network) for thread in threads)
    return found or '<p class="empty">Nothing has been posted yet. Write the first message.</p>'


def _thread_html(thread: Sequence[Entry], network: Network) -> str:
    return f'<article class="thread">{"".join(_entry_html(entry, network) for entry in thread)}</article>'


def _entry_html(entry: Entry, network: Network) -> str:
    classes = " ".join(
        [
            "entry",
            f"depth-{min(entry.depth, 2)}",
            *(["brand"] if entry.brand else []),
            *(["gone"] if entry.hidden else []),
        ]
    )
    return f"""
<div class="{classes}" id="p{escape(entry.id)}">
<span class="face tone-{_tone(entry.author)}" aria-hidden="true">{escape(_initials(entry.author.name))}</span>
<div class="what">
<p class="who"><bdi class="person">{escape(entry.author.name)}</bdi>{_marks(entry, network)}
<time datetime="{entry.posted_at.isoformat()}">{entry.posted_at:%H:%M}</time></p>
<p class="text" dir="auto">{_marked_up(entry.text, network)}</p>
<div class="foot">{_foot(entry, network)}</div>
</div>
</div>"""


def _marks(entry: Entry, network: Network) -> str:
    marks = ['<span class="badge">brand</span>'] if entry.brand else []
    if network == "x":
        marks.append(f'<bdi class="handle">@{escape(entry.author.handle)}</bdi>')
    if entry.note:
        marks.append(f'<span class="note">{escape(entry.note)}</span>')
    if entry.edited:
        marks.append('<span class="note">edited</span>')
    if entry.hidden:
        marks.append('<span class="note">hidden by the brand</span>')
    return " ".join(["", *marks])


def _foot(entry: Entry, network: Network) -> str:
    likes = f'<span class="likes">♥ {entry.likes}</span>' if entry.likes else ""
    answer = (
        f'<a class="act" data-reply="{escape(entry.id)}" data-name="{escape(entry.author.name)}" '
        f'href="/?network={network}&amp;reply_to={escape(entry.id)}#composer">Reply</a>'
    )
    if entry.brand:
        return answer + likes
    remove = (
        f'<form method="post" action="/remove"><input type="hidden" name="network" value="{network}">'
        f'<input type="hidden" name="id" value="{escape(entry.id)}">'
        f'<button class="act" title="Delete, as its author would">Delete</button></form>'
    )
    return answer + remove + likes


def _marked_up(text: str, network: Network) -> str:
    """Escaped text with the @names and #tags coloured on X. Links stay plain: nothing here leads outside."""
    if network != "x":
        return escape(text)
    parts, at = [], 0
    for match in sorted((*x_text.MENTION.finditer(text), *x_text.HASHTAG.finditer(text)), key=lambda m: m.start()):
        if match.start() >= at:
            parts += [escape(text[at : match.start()]), f'<span class="tag">{escape(match.group())}</span>']
            at = match.end()
    return "".join([*parts, escape(text[at:])])


def _initials(name: str) -> str:
    words = [word for word in name.replace("_", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper() or "?"


def _tone(user: User) -> int:
    return int(user.id[-4:]) % 6
