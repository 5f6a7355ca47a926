"""Problems as people read them: the sign-in page where a key is needed, else a page that says what to do."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response
from fastapi.responses import RedirectResponse

from api.pages.headers import HEADERS
from api.pages.language import LOCALES, N_
from api.pages.rendering import page

Handler = Callable[[Request, Exception], Response]

_OF_PROGRAMS = ("/v1/", "/docs", "/openapi.json")
_SAYS = {
    "not-ready": N_("This is still being worked out. It takes some seconds to some minutes; then reload this page."),
    "earlier-list": N_("This list has been replaced by a newer one. Start again from its first page."),
    "not-known": N_("Nothing is recorded under this name. It may be misspelt, erased, or not told yet."),
    "not-found": N_("There is no such page."),
    "forbidden": N_("This key is not good for this."),
    "database-unavailable": N_("The database does not answer. Try again in a moment."),
    "artifact": N_("The model cannot be loaded. Whoever runs the service can see why in its log."),
    "too-many-requests": N_("Too many requests. Try again in a moment."),
}
_WRONG = N_("The address asks for something that there is not. Go back, or start from a page above.")
_UNEXPECTED = N_("Something unexpected happened. Try again; if it stays, report the number below.")


def for_browsers(handler: Handler) -> Handler:
    """Let a handler of errors answer with a page where a person asked for one."""

    def handle(request: Request, error: Exception) -> Response:
        answer = handler(request, error)
        return problem_page(request, answer) if wants_page(request) else answer

    return handle


def wants_page(request: Request) -> bool:
    """Tell whether a request is a browser's for a page."""
    is_page = not request.url.path.startswith(_OF_PROGRAMS)
    return is_page and "text/html" in request.headers.get("accept", "")


def problem_page(request: Request, answer: Response) -> Response:
    """Turn a problem document into a page."""
    if answer.status_code == 401 and request.method == "GET":
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?next={quote(asked, safe='')}", 303, HEADERS)
    problem = json.loads(bytes(answer.body))
    name = problem["type"].rpartition(":")[2]
    says = _SAYS.get(name, _UNEXPECTED if answer.status_code >= 500 else _WRONG)
    about: dict[str, Any] = {"says": says, "problem": problem, "name": name}
    if answer.status_code == 500:  # neither what failed nor what was asked is told
        about |= {"languages": {tag: f"/?lang={tag}" for tag in LOCALES}}
    found = page(request, "problem.html", answer.status_code, **about)
    for header in ("Retry-After", "WWW-Authenticate"):
        if header in answer.headers:
            found.headers[header] = answer.headers[header]
    return found
