"""What the service answers about accounts. Every field is always there; null says that there is nothing to say."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.answers import Answer, Reason, Share, Words


class AccountClass(Answer):
    """The class of an account without an open opportunity."""

    key: Literal["hidden"] = Field(description="The class.", examples=["hidden"])
    names: Words = Field(description="Its names.", examples=[{"en": "hidden", "zh-CN": "隐性机会"}])


class AccountScoreAnswer(Answer):
    """What is said of one account."""

    account_id: str = Field(description="Id of the account.", examples=["a-17"])
    as_of: AwareDatetime = Field(description="The instant answered for.", examples=["2026-03-31T12:00:00Z"])
    status: Literal["ok", "little_data"] = Field(
        description="little_data: the model has seen too few accounts whose need was confirmed.", examples=["ok"]
    )
    status_reason: Words | None = Field(
        description="Why the status is not ok.",
        examples=[
            {
                "en": "the model needs 12 more accounts whose need was confirmed",
                "zh-CN": "模型还需要12个已确认需求的客户",
            }
        ],
    )
    need_probability_90d: Share | None = Field(
        description="Probability that the need of an opportunity of the account is confirmed within 90 days; null "
        "while it is not learned.",
        examples=[0.21],
    )
    rank: int | None = Field(
        description="1 for the most probable need in the request; null without a probability.", examples=[1]
    )
    account_class: AccountClass | None = Field(
        serialization_alias="class",
        description="hidden: a need that nobody has identified yet is likely; null: watch it.",
        examples=[{"key": "hidden", "names": {"en": "hidden", "zh-CN": "隐性机会"}}],
    )
    evidence: list[Reason] = Field(
        description="What speaks for and against a need.",
        examples=[[{"code": "visits", "en": "5 visits in 30 days; usual is 1", "zh-CN": "30天内访问5次；通常为1次"}]],
    )
    model_version: str = Field(description="Version of the model.", examples=["3"])
    notes: list[Reason] = Field(
        description="What was put right in the request.",
        examples=[[{"code": "sent_twice", "en": "the same event was sent twice, counted once", "zh-CN": "重复"}]],
    )


class AccountScoresAnswer(Answer):
    """Scores in the order of the request."""

    model_version: str = Field(description="Version of the model.", examples=["3"])
    as_of: AwareDatetime = Field(description="The instant answered for.", examples=["2026-03-31T12:00:00Z"])
    origin: str = Field(
        description="Where the data came from that the model was trained on; simulated is not real.",
        examples=["import"],
    )
    scores: list[AccountScoreAnswer] = Field(
        description="One score an account.", examples=[[{"account_id": "a-17", "need_probability_90d": 0.21}]]
    )
