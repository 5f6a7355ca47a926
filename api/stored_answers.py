"""What the service answers of opportunities that it knows."""

from __future__ import annotations

from pydantic import AwareDatetime, Field

from api.answers import Answer, ClassKey, ScoreAnswer, Share
from api.judgement_schemas import JudgementAnswer
from api.list_answers import TrendAnswer


class EarlierScore(Answer):
    """The last score that was served and kept."""

    as_of: AwareDatetime = Field(description="Its instant.", examples=["2026-03-01T12:00:00Z"])
    model_version: str = Field(description="Version of its model.", examples=["2"])
    win_probability: Share | None = Field(description="Its win probability.", examples=[0.46])
    class_key: ClassKey | None = Field(description="Its class.", serialization_alias="class", examples=["active"])
    points: float | None = Field(
        description="The score now less that one, percentage points. Why: GET …/score/change.", examples=[-5.1]
    )


class StoredScoreAnswer(Answer):
    """The score of an opportunity now, from everything that was acknowledged before it was asked for."""

    through_seq: int = Field(description="Number of the last commit that it has seen.", examples=[1204])
    origin: str = Field(
        description="What the model was trained on; simulated when that was not real.", examples=["import"]
    )
    score: ScoreAnswer = Field(description="The score.", examples=[{"opportunity_id": "o-42"}])
    earlier: EarlierScore | None = Field(
        description="The last score that was served before and kept; null when there is none.",
        examples=[{"as_of": "2026-03-01T12:00:00Z", "win_probability": 0.46}],
    )
    trend: TrendAnswer = Field(
        description="Where the scores of this model have been going in 30 days.",
        examples=[{"key": "improving", "names": {"en": "improving", "zh-CN": "上升"}}],
    )
    judgement: JudgementAnswer | None = Field(
        description="What a person said of it, the last that stood then; null when nobody did. It changes no score.",
        examples=[{"person": "li.na", "win_probability": 0.2}],
    )
