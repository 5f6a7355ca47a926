"""Webhooks: what is asked of them, and what is answered."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from api.answers import Answer, Share
from api.field_types import NO_NUL, Strict

EventName = Literal[
    "opportunity.class_changed", "opportunity.probability_changed", "opportunity.closed", "champion.changed"
]
Url = Annotated[str, Field(min_length=8, max_length=2000, pattern=NO_NUL)]
Events = Annotated[list[EventName], Field(min_length=1, max_length=20)]

_URL = Field(
    description="Where messages are posted: http or https, in the public network. Redirects are not followed.",
    examples=["https://crm.example/dealodds"],
)
_EVENTS = Field(description="Events that are told.", examples=[["opportunity.class_changed"]])
_THRESHOLD = Field(
    description="By how much the win probability must have changed since it was last told, from 0 to 1.",
    examples=[0.05],
)
_DEFAULT_THRESHOLD = 0.05


class WebhookBody(Strict):
    """A webhook to be made."""

    url: Url = _URL
    events: Events | None = Field(
        None, description="Events that are told; all if absent.", examples=[["champion.changed"]]
    )
    threshold: Share | None = Field(
        None,
        description=f"By how much the win probability must have changed since it was last told; "
        f"{_DEFAULT_THRESHOLD} if absent.",
        examples=[0.05],
    )

    @property
    def told_beyond(self) -> float:
        """The threshold."""
        return _DEFAULT_THRESHOLD if self.threshold is None else self.threshold


class WebhookChange(Strict):
    """What is to be different; what is absent or null stays."""

    url: Url | None = Field(None, description="Where messages are posted.", examples=["https://crm.example/dealodds"])
    events: Events | None = Field(None, description="Events that are told.", examples=[["opportunity.closed"]])
    threshold: Share | None = Field(None, description="Change of the win probability that is told.", examples=[0.1])
    enabled: bool | None = Field(
        None, description="false: nothing is told; true: again, beginning with what still waits.", examples=[True]
    )


class WebhookAnswer(Answer):
    """A webhook; its secret is never shown again."""

    id: str = Field(description="Its id.", examples=["wh_5f0c"])
    url: str = _URL
    events: list[EventName] = _EVENTS
    threshold: Share = _THRESHOLD
    created_at: AwareDatetime = Field(description="When it was made.", examples=["2026-03-01T09:00:00Z"])
    disabled_at: AwareDatetime | None = Field(
        description="Since when nothing is sent; null: it is sent.", examples=[None]
    )
    disabled_because: str | None = Field(description="Why.", examples=["its endpoint answered 410, gone"])
    waiting: int = Field(description="Messages that wait to be delivered.", examples=[0])


class MadeWebhookAnswer(WebhookAnswer):
    """A webhook with the new secret that signs its messages: it is shown this once."""

    secret: str = Field(
        description="Verifies the signature of messages (Standard Webhooks); keep it, it is not shown again.",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )


class ReplacedSecretAnswer(MadeWebhookAnswer):
    """A webhook with its new secret, and how long those that it replaces are still good."""

    old_secrets_until: AwareDatetime = Field(
        description="Until when messages are signed with the secrets before as well.",
        examples=["2026-03-02T09:00:00Z"],
    )


class WebhooksAnswer(Answer):
    """All webhooks."""

    webhooks: list[WebhookAnswer] = Field(description="In the order of their making.", examples=[[{"id": "wh_5f0c"}]])


class QueuedAnswer(Answer):
    """A message that was put in the outbox."""

    message: str = Field(description="Its id, the header webhook-id.", examples=["msg_2b7e"])


class DeliveryAnswer(Answer):
    """A message, and how far it got."""

    message: str = Field(description="Its id, the header webhook-id.", examples=["msg_2b7e"])
    event: str = Field(description="What it tells.", examples=["opportunity.class_changed"])
    subject: str = Field(description="The opportunity, champion, or test.", examples=["o-42"])
    state: Literal["waiting", "delivered", "given_up"] = Field(description="How far it got.", examples=["delivered"])
    attempts: int = Field(description="Attempts so far.", examples=[1])
    created_at: AwareDatetime = Field(description="When it was written.", examples=["2026-03-01T09:00:00Z"])
    next_attempt_at: AwareDatetime | None = Field(
        description="When it is tried next, at the earliest; null when it is done.", examples=[None]
    )
    done_at: AwareDatetime | None = Field(
        description="When it was delivered, or given up.", examples=["2026-03-01T09:00:01Z"]
    )
    last_answer: str | None = Field(description="What came of the last attempt.", examples=["answered 204"])


class DeliveriesAnswer(Answer):
    """The last messages of a webhook; what was done more than 30 days ago is deleted."""

    deliveries: list[DeliveryAnswer] = Field(description="The newest first.", examples=[[{"message": "msg_2b7e"}]])
