"""What is posted to webhooks: the sender writes its messages by these, and OpenAPI describes them."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.answers import Answer, Outcome, Share
from api.list_answers import ClassAnswer

CLASS_CHANGED = "opportunity.class_changed"
PROBABILITY_CHANGED = "opportunity.probability_changed"
CLOSED = "opportunity.closed"
CHAMPION_CHANGED = "champion.changed"
TEST = "webhook.test"

_PROBABILITY = Field(description="Probability of winning ever; null unless it is open.", examples=[0.46])
_CLASS = Field(
    serialization_alias="class", description="Its class; null unless it is open.", examples=[{"key": "active"}]
)


class ToldBefore(Answer):
    """What the webhook was told of the opportunity last."""

    win_probability: Share | None = _PROBABILITY
    opportunity_class: ClassAnswer | None = _CLASS


class OpportunityTold(Answer):
    """An opportunity as it is now, and as it was told last."""

    opportunity_id: str = Field(description="The opportunity.", examples=["o-42"])
    as_of: AwareDatetime = Field(description="Instant of the score.", examples=["2026-03-31T12:00:00Z"])
    win_probability: Share | None = _PROBABILITY
    opportunity_class: ClassAnswer | None = _CLASS
    outcome: Outcome | None = Field(description="Open, won or lost.", examples=["open"])
    model_version: str = Field(description="Version of the model that answered.", examples=["3"])
    previous: ToldBefore = Field(description="What was told last.", examples=[{"win_probability": 0.4}])


class ChampionBefore(Answer):
    """The model before."""

    model_version: str | None = Field(description="Its version.", examples=["2"])


class ChampionTold(Answer):
    """The model in service, and the one before."""

    model_version: str = Field(description="Version of the model in service.", examples=["3"])
    previous: ChampionBefore = Field(description="The one before.", examples=[{"model_version": "2"}])


class WebhookTold(Answer):
    """The webhook that a test was asked of."""

    webhook_id: str = Field(description="Its id.", examples=["wh_5f0c"])


class _Message(Answer):
    timestamp: AwareDatetime = Field(description="When it was written.", examples=["2026-03-31T12:00:01Z"])


class ClassChanged(_Message):
    """The class of an open opportunity is another than was told last."""

    type: Literal["opportunity.class_changed"] = Field(description="What is told.", examples=[CLASS_CHANGED])
    data: OpportunityTold = Field(description="The opportunity.", examples=[{"opportunity_id": "o-42"}])


class ProbabilityChanged(_Message):
    """The win probability moved beyond the webhook's threshold since it was told last."""

    type: Literal["opportunity.probability_changed"] = Field(
        description="What is told.", examples=[PROBABILITY_CHANGED]
    )
    data: OpportunityTold = Field(description="The opportunity.", examples=[{"opportunity_id": "o-42"}])


class Closed(_Message):
    """An opportunity was won or lost, or its close was corrected."""

    type: Literal["opportunity.closed"] = Field(description="What is told.", examples=[CLOSED])
    data: OpportunityTold = Field(description="The opportunity.", examples=[{"opportunity_id": "o-42"}])


class ChampionChanged(_Message):
    """Another model is in service; it comes before what changes by it."""

    type: Literal["champion.changed"] = Field(description="What is told.", examples=[CHAMPION_CHANGED])
    data: ChampionTold = Field(description="The models.", examples=[{"model_version": "3"}])


class Tested(_Message):
    """Nothing happened: somebody asked for a test."""

    type: Literal["webhook.test"] = Field(description="What is told.", examples=[TEST])
    data: WebhookTold = Field(description="The webhook.", examples=[{"webhook_id": "wh_5f0c"}])


Message = ClassChanged | ProbabilityChanged | Closed | ChampionChanged | Tested
MESSAGES: dict[str, type[Message]] = {
    CLASS_CHANGED: ClassChanged,
    PROBABILITY_CHANGED: ProbabilityChanged,
    CLOSED: Closed,
    CHAMPION_CHANGED: ChampionChanged,
    TEST: Tested,
}
"""The message of each event."""
