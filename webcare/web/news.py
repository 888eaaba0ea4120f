"""Whether what a page shows has changed: asked by every open page every few seconds, so it must cost next to nothing.

The answer holds marks, never words. What a mark is made of, the console knows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from webcare.domain import Actor
from webcare.errors import WebcareError
from webcare.web.doorkeeper import Doorkeeper
from webcare.web.sessions import token_of

#: Gives the mark of what somebody would see: `mark(who, question, moment)`.
Mark = Callable[[Actor, str, datetime], str]
#: No page shows more parts than this; a longer question is not one of ours.
_MOST, _LONGEST = 8, 100


class News:
    """The handler of `GET /desk/news?q=...&q=...`."""

    def __init__(self, doorkeeper: Doorkeeper, mark: Mark) -> None:
        self._doorkeeper = doorkeeper
        self._mark = mark

    async def tell(self, request: Request) -> Response:
        """`{"marks": {question: mark}}`, or `{"out": true}` for a browser that is no longer signed in.

        Both with status 200: a page that was left open over night is nothing to be noted as an error.
        """
        questions = request.query_params.getlist("q")
        if request.headers.get("sec-fetch-site", "same-origin") != "same-origin" or not _can_be_ours(questions):
            return JSONResponse({}, 400)
        marks = await run_in_threadpool(self._marks, token_of(request), questions)
        said = {"out": True} if marks is None else {"marks": marks}
        return JSONResponse(said, headers={"Cache-Control": "no-store"})

    def _marks(self, token: str, questions: Sequence[str]) -> dict[str, str] | None:
        try:
            found = self._doorkeeper.standing(token)
        except WebcareError as error:
            return dict.fromkeys(questions, type(error).__name__)
        if found is None or found.must_change:
            return None
        return {question: self._one(found.actor, question) for question in questions}

    def _one(self, who: Actor, question: str) -> str:
        try:
            return self._mark(who, question, datetime.now(UTC))
        except WebcareError as error:
            # Another mark than that of what was drawn: the page asks itself and says it in words.
            return type(error).__name__


def _can_be_ours(questions: Sequence[str]) -> bool:
    return 0 < len(questions) <= _MOST and all(len(question) <= _LONGEST for question in questions)
