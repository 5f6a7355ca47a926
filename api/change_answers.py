"""What the service answers about differences between two estimates of one opportunity."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.answers import Answer, PartAnswer, Reason, Share, Words

_STEP = {"key": "time", "points": -3.9616, "shown": -4.0}


class MovedAnswer(PartAnswer):
    """A feature whose value and part are other than before."""

    before: Words = Field(
        description="Value before.", examples=[{"en": "replies in 7 days: 0", "zh-CN": "7天内回复0次"}]
    )
    after: Words = Field(description="Value after.", examples=[{"en": "replies in 7 days: 2", "zh-CN": "7天内回复2次"}])


class StepAnswer(Answer):
    """One step from the first estimate to the last."""

    key: Literal["time", "data", "model"] = Field(
        description="time: the same data, asked later. data: what was recorded, or is supposed. model: another model.",
        examples=["time"],
    )
    points: float = Field(description="What it did to the estimate, percentage points, exactly.", examples=[-3.9616])
    shown: float = Field(description="The same to a tenth, so that all that is shown adds up.", examples=[-4.0])
    words: Words = Field(
        description="The same in words.",
        examples=[
            {
                "en": "the passing of time from 2026-03-01 to 2026-03-31 lowered the estimate by 4.0 points",
                "zh-CN": "时间推移（2026-03-01至2026-03-31）使估计降低4.0个百分点",
            }
        ],
    )
    groups: list[PartAnswer] = Field(
        description="What each group of features did in a step of data; they add up to it. Empty in other steps.",
        examples=[[{"key": "email", "points": 4.0112, "shown": 4.0}]],
    )
    features: list[MovedAnswer] = Field(
        description="The five largest of the features that have another value.",
        examples=[[{"key": "replies_7d", "points": 3.1823, "shown": 3.2}]],
    )


class ChangePointAnswer(Answer):
    """A score from which, or to which."""

    as_of: AwareDatetime = Field(description="Its instant.", examples=["2026-03-01T12:00:00Z"])
    model_version: str = Field(description="Version of its model.", examples=["2"])
    segment: str | None = Field(
        description="Segment that its model is for; null when it is the model of all.", examples=["product=suite"]
    )
    win_probability: Share = Field(description="Its win probability.", examples=[0.46])
    shown: float = Field(description="The same in percentage points, to a tenth.", examples=[46.0])


class ScoreChangeAnswer(Answer):
    """Why the score of an opportunity changed; the points of the steps add up to the difference."""

    opportunity_id: str = Field(description="Id of the opportunity.", examples=["o-42"])
    start: ChangePointAnswer = Field(
        serialization_alias="from", description="The score from which.", examples=[{"win_probability": 0.46}]
    )
    end: ChangePointAnswer = Field(
        serialization_alias="to", description="The score to which.", examples=[{"win_probability": 0.41}]
    )
    steps: list[StepAnswer] = Field(description="Time, data and model, in that order.", examples=[[_STEP]])
    notes: list[Reason] = Field(
        description="What was put right in the request.",
        examples=[[{"code": "sent_twice", "en": "the same event was sent twice, counted once", "zh-CN": "重复"}]],
    )


class WhatIfAnswer(Answer):
    """The estimate now and with what is supposed; the points of the steps add up to the difference."""

    opportunity_id: str = Field(description="Id of the opportunity.", examples=["o-42"])
    model_version: str = Field(description="Version of the model.", examples=["3"])
    now: ChangePointAnswer = Field(description="The estimate as it is.", examples=[{"win_probability": 0.41}])
    then: ChangePointAnswer = Field(
        description="The estimate with what is supposed; its as_of is that of the last supposed activity, "
        "when that lies ahead.",
        examples=[{"win_probability": 0.52}],
    )
    steps: list[StepAnswer] = Field(
        description="What waiting until then does, if it lies ahead; and what is supposed.", examples=[[_STEP]]
    )
    caution: Words = Field(
        description="How to take it: association, not promise.",
        examples=[{"en": "an association in past data, not a promise", "zh-CN": "历史数据中的关联，并非承诺"}],
    )
    notes: list[Reason] = Field(
        description="What was put right in the request.",
        examples=[[{"code": "sent_twice", "en": "the same event was sent twice, counted once", "zh-CN": "重复"}]],
    )
