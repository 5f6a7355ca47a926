"""Webhooks: who is told of changes, what was sent, and sending it again."""

from __future__ import annotations

from typing import Annotated, Any, Literal, cast

import pandas as pd
from fastapi import APIRouter, Depends, Query, Request, Response

from api.background.destinations import check_destination, private_allowed
from api.body import read_body
from api.field_types import PathId
from api.problems import documented
from api.reading import answered, described, read_as
from api.security import needs
from api.store.outbox import EVENTS, enqueue_test
from api.store.service import actor_of, database_of
from api.store.webhooks import (
    change_webhook,
    delete_webhook,
    deliveries_known,
    make_webhook,
    replace_secret,
    send_again,
    webhook_known,
    webhooks_known,
)
from api.webhook_schemas import (
    DeliveriesAnswer,
    DeliveryAnswer,
    EventName,
    MadeWebhookAnswer,
    QueuedAnswer,
    ReplacedSecretAnswer,
    WebhookAnswer,
    WebhookBody,
    WebhookChange,
    WebhooksAnswer,
)
from features.history.database.reads import moment
from features.instants import micros

router = APIRouter(tags=["webhooks"], dependencies=[Depends(needs("admin"))])

Body = Annotated[bytes, Depends(read_body)]


@router.post(
    "/v1/webhooks",
    responses=documented(507),
    response_model=MadeWebhookAnswer,
    status_code=201,
    summary="Make a webhook",
    openapi_extra=described("WebhookBody"),
)
def post_webhook(request: Request, body: Body) -> Response:
    """Make a webhook: from now on changes are posted to its URL, signed as Standard Webhooks says.

    A message is sent at least once, and again until the endpoint answers 2xx, for about three
    days; messages of one opportunity come in their order. 410 disables the webhook.
    """
    told = read_as(body, WebhookBody)
    check_destination(told.url, private=private_allowed())
    events = list(dict.fromkeys(told.events or EVENTS))
    with database_of(request).writing(actor_of(request), "create webhook", request.app.state.clock) as writing:
        name, secret = make_webhook(writing, told.url, events, told.told_beyond)
        made = _answer(webhook_known(writing.connection, name))
    return answered(MadeWebhookAnswer(**made.model_dump(), secret=secret), 201)


@router.get("/v1/webhooks", response_model=WebhooksAnswer, summary="List webhooks")
def get_webhooks(request: Request) -> Response:
    """List all webhooks, without their secrets."""
    with database_of(request).reading() as connection:
        rows = webhooks_known(connection)
    return answered(WebhooksAnswer(webhooks=[_answer(row) for row in rows]))


@router.get(
    "/v1/webhooks/{name}", responses=documented(404, 507), response_model=WebhookAnswer, summary="Show a webhook"
)
def get_webhook(request: Request, name: PathId) -> Response:
    """Show a webhook, without its secret."""
    with database_of(request).reading() as connection:
        return answered(_answer(webhook_known(connection, name)))


@router.patch(
    "/v1/webhooks/{name}",
    responses=documented(404, 507),
    response_model=WebhookAnswer,
    summary="Change a webhook",
    openapi_extra=described("WebhookChange"),
)
def patch_webhook(request: Request, name: PathId, body: Body) -> Response:
    """Change where a webhook sends, what it is told, or whether."""
    told = read_as(body, WebhookChange)
    if told.url is not None:
        check_destination(told.url, private=private_allowed())
    events = None if told.events is None else ",".join(dict.fromkeys(told.events))
    given = {"url": told.url, "events": events, "threshold": told.threshold}
    changes = {column: value for column, value in given.items() if value is not None}
    with database_of(request).writing(actor_of(request), "change webhook", request.app.state.clock) as writing:
        change_webhook(writing, name, changes, told.enabled)
        found = webhook_known(writing.connection, name)
    return answered(_answer(found))


@router.post(
    "/v1/webhooks/{name}/secret",
    responses=documented(404, 507),
    response_model=ReplacedSecretAnswer,
    summary="Replace the secret of a webhook",
)
def post_secret(request: Request, name: PathId) -> Response:
    """Replace the secret; for 24 hours messages are signed with both, so that none is refused meanwhile."""
    with database_of(request).writing(actor_of(request), "replace secret", request.app.state.clock) as writing:
        secret, until = replace_secret(writing, name)
        found = _answer(webhook_known(writing.connection, name))
    return answered(ReplacedSecretAnswer(**found.model_dump(), secret=secret, old_secrets_until=moment(until)))


@router.delete(
    "/v1/webhooks/{name}",
    responses=documented(404, 507),
    status_code=204,
    response_class=Response,
    summary="Delete a webhook",
)
def delete_one_webhook(request: Request, name: PathId) -> Response:
    """Delete a webhook with the messages that wait for it."""
    with database_of(request).writing(actor_of(request), "delete webhook", request.app.state.clock) as writing:
        delete_webhook(writing, name)
    return Response(status_code=204)


@router.post(
    "/v1/webhooks/{name}/test",
    responses=documented(404, 507),
    response_model=QueuedAnswer,
    status_code=202,
    summary="Send a message that tells nothing",
)
def post_test(request: Request, name: PathId) -> Response:
    """Put a message of the type webhook.test in the outbox; what comes of it is among the deliveries."""
    at = _now(request)
    with database_of(request).changing() as connection:
        webhook_known(connection, name)
        message = enqueue_test(connection, name, at)
    return answered(QueuedAnswer(message=message), 202)


@router.get(
    "/v1/webhooks/{name}/deliveries",
    responses=documented(404, 507),
    response_model=DeliveriesAnswer,
    summary="List what was sent",
)
def get_deliveries(
    request: Request,
    name: PathId,
    limit: Annotated[int, Query(ge=1, le=1000, description="Messages at most.", examples=[100])] = 100,
) -> Response:
    """List the last messages of a webhook, and what came of them."""
    with database_of(request).reading() as connection:
        rows = deliveries_known(connection, name, limit)
    return answered(DeliveriesAnswer(deliveries=[_delivery(row) for row in rows]))


@router.post(
    "/v1/webhooks/{name}/deliveries/{message}/retry",
    responses=documented(404, 507),
    response_model=QueuedAnswer,
    status_code=202,
    summary="Send a message again",
)
def post_retry(request: Request, name: PathId, message: PathId) -> Response:
    """Send a message now, whether it waits, was given up, or was delivered; its id stays."""
    at = _now(request)
    with database_of(request).changing() as connection:
        send_again(connection, name, message, at)
    return answered(QueuedAnswer(message=message), 202)


def _now(request: Request) -> int:
    return int(micros(pd.Index([request.app.state.clock()]))[0])


def _answer(row: Any) -> WebhookAnswer:
    return WebhookAnswer(
        id=row.webhook_id,
        url=row.url,
        events=cast(list[EventName], row.events.split(",")),
        threshold=row.threshold,
        created_at=moment(row.created_at),
        disabled_at=None if row.disabled_at is None else moment(row.disabled_at),
        disabled_because=row.disabled_because,
        waiting=row.waiting,
    )


def _delivery(row: Any) -> DeliveryAnswer:
    done = row.given_up_at if row.delivered_at is None else row.delivered_at
    states: tuple[Literal["waiting", "delivered", "given_up"], ...] = ("waiting", "delivered", "given_up")
    return DeliveryAnswer(
        message=row.message_id,
        event=row.event,
        subject=row.subject,
        state=states[0] if done is None else states[1] if row.delivered_at is not None else states[2],
        attempts=row.attempts,
        created_at=moment(row.created_at),
        next_attempt_at=moment(row.next_attempt_at) if done is None else None,
        done_at=None if done is None else moment(done),
        last_answer=row.last_answer,
    )
