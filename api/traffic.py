"""Every request: numbered, timed, counted, and told in one line of the log."""

from __future__ import annotations

import logging
import uuid
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.clock import seconds
from api.metrics import Metrics
from api.pages.problem_pages import for_browsers
from api.problems import REQUEST_ID, of_anything

_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}
_HUNG_UP = 499

_log = logging.getLogger(__name__)


class BrokenOffError(Exception):
    """An answer that had begun could not be finished."""


class Traffic:
    """Wraps the application.

    What nobody expected is answered here, so that no server above logs its text, which may
    quote what was sent.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self.app, self.metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        answered = _Answered(send, str(uuid.uuid4()))
        token, started = REQUEST_ID.set(answered.request_id), seconds()
        try:
            await self._answer(scope, receive, answered)
        finally:
            REQUEST_ID.reset(token)
            self._tell(scope, answered, seconds() - started)

    async def _answer(self, scope: Scope, receive: Receive, answered: _Answered) -> None:
        try:
            await self.app(scope, receive, answered)
        except ClientDisconnect:
            return  # nobody is there to answer
        except Exception as error:
            _log.exception("unexpected", extra={"request_id": answered.request_id})
            if answered.status is not None:
                raise BrokenOffError("an answer broke off") from None
            await _answer_of(Request(scope), error)(scope, receive, answered)

    def _tell(self, scope: Scope, answered: _Answered, took: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        route = getattr(scope.get("route"), "path", None) or "none"
        status = answered.status or _HUNG_UP
        self.metrics.count_request(method, route, status, took)
        told: dict[str, Any] = {"method": method, "route": route, "status": status, "ms": round(1000 * took, 2)}
        told |= {"key": scope.get("state", {}).get("key_id"), "request_id": answered.request_id}
        _log.info("request", extra=told)


def _answer_of(request: Request, error: Exception) -> Response:
    """Say that it failed, on a page where one was asked for; as JSON if pages are what fails."""
    try:
        return for_browsers(of_anything)(request, error)
    except Exception:
        return of_anything(request, error)


class _Answered:
    """Sends an answer on, with the number of the request, and remembers its status."""

    def __init__(self, send: Send, request_id: str) -> None:
        self._send, self.request_id = send, request_id
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = [*message["headers"], (b"x-request-id", self.request_id.encode())]
        await self._send(message)
