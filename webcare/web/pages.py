"""The plain pages around sign-in: HTML without a script, made before anything of Streamlit is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import quote

from starlette.responses import HTMLResponse

from webcare.domain import N_
from webcare.errors import WebcareError
from webcare.people import MIN_PASSWORD
from webcare.settings import OidcSettings
from webcare.web.headers import sha256_source
from webcare.web.words import Say

_HERE = Path(__file__).parent
_PAGE = Template((_HERE / "sign_in.html").read_text(encoding="utf-8"))
_STYLE = (_HERE / "sign_in.css").read_text(encoding="utf-8")
_POLICY = (
    f"default-src 'none'; style-src {sha256_source(_STYLE)}; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_FIELD = (
    '<label for="{name}">{label}</label>\n<input id="{name}" name="{name}" type="{type}" value="{value}" '
    'autocomplete="{auto}" autocapitalize="none" spellcheck="false" maxlength="{most}" required{more}>'
)


@dataclass(frozen=True, slots=True)
class Telling:
    """What a page says on top, and in which language."""

    language: str
    say: Say
    problem: str | WebcareError = ""
    news: str = ""

    @property
    def refusal(self) -> str:
        """What went wrong, in the reader's language, escaped; empty when nothing did."""
        error = self.problem
        if isinstance(error, str):
            return self(error) if error else ""
        said = self.say(error.template or str(error), self.language)
        return escape(said.format(**error.values) if error.values else said)

    def __call__(self, message: str) -> str:
        """A message in the reader's language, escaped."""
        return escape(self.say(message, self.language))


def sign_in_page(
    tell: Telling, *, brand: str, oidc: OidcSettings, wanted: str, username: str = "", status: int = 200
) -> HTMLResponse:
    """The form with a name and a password, the way to the identity provider, or both."""
    parts = []
    if oidc.is_on:
        parts.append(_provider(tell, oidc, wanted))
    if oidc.is_on and not oidc.only:
        parts.append(f'<p class="or"><span>{tell(N_("or"))}</span></p>')
    if not oidc.only:
        parts.append(_sign_in_form(tell, wanted, username))
    return _page(tell, N_("Sign in"), brand, tell(N_("Webcare desk")), "\n".join(parts), status)


def new_password_page(tell: Telling, *, name: str, username: str, wanted: str, status: int = 200) -> HTMLResponse:
    """The form to choose a password of one's own, before anything else."""
    lead = tell(
        N_(
            "Your password was set by somebody else. Choose one of your own: {count} characters or more, "
            "such as a few words."
        )
    ).format(count=MIN_PASSWORD)
    fields = (
        f'<input type="hidden" name="next" value="{escape(wanted)}">',
        # Browsers that keep passwords want to know whose.
        f'<input type="hidden" name="username" autocomplete="username" value="{escape(username)}">',
        _field("old", tell(N_("The password you were given")), "current-password", more=" autofocus"),
        _field("new", tell(N_("New password")), "new-password"),
        _field("again", tell(N_("New password, once more")), "new-password"),
        f'<button type="submit">{tell(N_("Use this password"))}</button>',
    )
    form = '<form method="post" action="/new-password">\n' + "\n".join(fields) + "\n</form>"
    out = f'<form method="post" action="/sign-out"><button class="plain">{tell(N_("Sign out"))}</button></form>'
    return _page(tell, N_("New password"), name, lead, form + "\n" + out, status)


def trouble_page(sentence: str) -> HTMLResponse:
    """A page for a desk that cannot be used right now, in words."""
    body = (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Webcare</title><style>{_STYLE}</style>'
        f"</head><body><main><h1>Webcare cannot be used right now</h1>{_message(escape(sentence), 'alert')}"
        "<p>Your texts are kept. Reload this page in a moment; if it stays, tell your administrator.</p>"
        "</main></body></html>"
    )
    return _html(body, 503)


def _page(tell: Telling, title: str, heading: str, lead: str, body: str, status: int) -> HTMLResponse:
    news = tell(tell.news) if tell.news else ""
    said = _message(tell.refusal, "alert") or _message(news, "status")
    page = _PAGE.substitute(
        language=escape(tell.language.partition("-")[0].lower() or "en"),
        title=tell(title),
        style=_STYLE,
        heading=escape(heading),
        lead=lead,
        message=said,
        body=body,
    )
    return _html(page, status)


def _provider(tell: Telling, oidc: OidcSettings, wanted: str) -> str:
    words = tell(N_("Sign in with {name}")).format(name=escape(oidc.name))
    return f'<a class="provider" href="/sign-in/provider?next={quote(wanted, safe="")}">{words}</a>'


def _sign_in_form(tell: Telling, wanted: str, username: str) -> str:
    fields = (
        f'<input type="hidden" name="next" value="{escape(wanted)}">',
        _field("username", tell(N_("User name")), "username", kind="text", value=username, more=" autofocus"),
        _field("password", tell(N_("Password")), "current-password"),
        f'<button type="submit">{tell(N_("Sign in"))}</button>',
    )
    return '<form method="post" action="/sign-in">\n' + "\n".join(fields) + "\n</form>"


def _field(name: str, label: str, auto: str, *, kind: str = "password", value: str = "", more: str = "") -> str:
    most = 100 if kind == "text" else 500
    return _FIELD.format(name=name, label=label, type=kind, value=escape(value[:100]), auto=auto, most=most, more=more)


def _message(text: str, role: str) -> str:
    return f'<p class="{role}" role="{role}">{text}</p>' if text else ""


def _html(body: str, status: int) -> HTMLResponse:
    headers = {"Content-Security-Policy": _POLICY, "Cache-Control": "no-store"}
    return HTMLResponse(body, status, headers)
