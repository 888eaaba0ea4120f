"""The public page as HTML. Every word somebody wrote is escaped here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from html import escape

from webcare.sandbox import x_text
from webcare.sandbox.page_acts import MAX_TEXT
from webcare.sandbox.page_threads import Entry
from webcare.sandbox.values import Network, User

NETWORKS: dict[Network, str] = {"x": "X", "facebook": "Facebook", "instagram": "Instagram"}
#: What can be written on each network, the usual first.
_KINDS: dict[Network, tuple[tuple[str, str], ...]] = {
    "x": (("post", "A post"), ("message", "A private message")),
    "facebook": (
        ("post", "A post on the page"),
        ("positive", "A recommendation"),
        ("negative", "A bad review"),
        ("message", "A private message"),
    ),
    "instagram": (
        ("comment", "A comment"),
        ("picture", "A picture that shows the brand"),
        ("message", "A private message"),
    ),
}


def whole(
    threads: Iterable[Sequence[Entry]], *, network: Network, brand: str, tag: str, query: Mapping[str, str]
) -> str:
    """The whole page. `tag` names the state it shows; `query` fills the form and may hold a `problem` to tell."""
    tabs = "".join(_tab(one, title, chosen=one == network) for one, title in NETWORKS.items())
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{NETWORKS[network]} · practice network</title>
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
<aside>{_composer(network, brand, query)}</aside>
<section aria-label="Public timeline">
<p class="fresh" id="fresh" role="status" hidden></p>
<div id="timeline" data-etag="{escape(tag)}">{threads_html(threads, network)}</div>
</section>
</main>
</body>
</html>
"""


def _tab(network: Network, title: str, *, chosen: bool) -> str:
    current = ' aria-current="page"' if chosen else ""
    return f'<a href="/?network={network}"{current}>{title}</a>'


def _composer(network: Network, brand: str, query: Mapping[str, str]) -> str:
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
{_kinds(network, query.get("kind", ""))}
<div class="send"><span id="count" aria-live="polite"></span><button class="primary">Post</button></div>
</form>
<p class="aside">{_explained(network, escape(brand))}</p>
"""


def _kinds(network: Network, chosen: str) -> str:
    listed = "".join(
        f'<option value="{value}"{" selected" if value == chosen else ""}>{title}</option>'
        for value, title in _KINDS[network]
    )
    return f'<div id="kinds"><label for="kind">As</label><select id="kind" name="kind">{listed}</select></div>'


def _explained(network: Network, brand: str) -> str:
    if network == "x":
        return f"A post reaches the desk when it names <b>@{brand.lower()}</b>. Answers do so by themselves."
    if network == "instagram":
        return (
            f"Comments under pictures of <b>{brand}</b>, pictures that show it and messages reach the desk at its next "
            "look; where others name it, Instagram tells by webhook only."
        )
    return f"Posts, comments, reviews and messages on the page of <b>{brand}</b> reach the desk at its next look."


def threads_html(threads: Iterable[Sequence[Entry]], network: Network) -> str:
    """The moving part of the page."""
    found = "".join(_thread_html(thread, network) for thread in threads)
    return found or '<p class="empty">Nothing has been posted yet. Write the first message.</p>'


def _thread_html(thread: Sequence[Entry], network: Network) -> str:
    private = " private" if thread[0].private else ""
    return f'<article class="thread{private}">{"".join(_entry_html(entry, network) for entry in thread)}</article>'


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
    if network != "facebook":
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
    """Escaped text, on X and Instagram with @names and #tags coloured. Links stay plain: nothing here leads outside."""
    if network == "facebook":
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
