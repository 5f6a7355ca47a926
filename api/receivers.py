"""What receivers of webhooks have to serve, described in OpenAPI; nothing of it is served by us."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import FastAPI, Header, Response

from api.reading import described
from api.webhook_messages import MESSAGES

_ANSWERS: dict[int | str, dict[str, Any]] = {
    204: {"description": "Taken, as by any 2xx"},
    410: {"description": "Nothing is wanted any more: the webhook is disabled"},
    "default": {"description": "Not taken: it comes again, for about three days, not before a Retry-After"},
}


def _receive(
    webhook_id: Annotated[str, Header(description="Id of the message: the same when it comes again.")],
    webhook_timestamp: Annotated[str, Header(description="When it was sent, seconds since 1970.")],
    webhook_signature: Annotated[
        str, Header(description="By each secret of the webhook that is good (Standard Webhooks), separated by spaces.")
    ],
) -> None:
    """Served by the receiver."""


def describe_receivers(app: FastAPI) -> None:
    """Describe every message that is posted to webhooks."""
    for event, message in MESSAGES.items():
        app.webhooks.add_api_route(
            event,
            _receive,
            name=event,
            methods=["POST"],
            tags=["webhooks"],
            summary=event,
            description=message.__doc__,
            status_code=204,
            response_class=Response,
            responses=_ANSWERS,
            openapi_extra=described(message.__name__),
        )
