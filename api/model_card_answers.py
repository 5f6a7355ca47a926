"""What the service answers of the model's card and of the promotion log."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field

from api.answers import Answer, Words

_WORDS = {"en": "Limits", "zh-CN": "局限"}


class BlockAnswer(Answer):
    """A part of a section; what its kind does not have is empty."""

    kind: Literal["paragraph", "bullets", "table", "picture"] = Field(description="What it is.", examples=["table"])
    text: Words | None = Field(description="Of a paragraph; of a picture, what it shows.", examples=[_WORDS])
    items: list[Words] = Field(description="Of bullets.", examples=[[_WORDS]])
    heads: list[Words] = Field(description="Of a table.", examples=[[_WORDS]])
    rows: list[list[Words]] = Field(description="Of a table.", examples=[[[_WORDS]]])


class SectionAnswer(Answer):
    """A heading and what stands under it."""

    title: Words = Field(description="The heading.", examples=[_WORDS])
    blocks: list[BlockAnswer] = Field(description="What stands under it.", examples=[[{"kind": "bullets"}]])


class CardAnswer(Answer):
    """The card of the model in service, what is bad first."""

    version: str = Field(description="Version of the model.", examples=["3"])
    title: Words = Field(description="Title.", examples=[{"en": "Model card", "zh-CN": "模型说明"}])
    sections: list[SectionAnswer] = Field(description="Its sections.", examples=[[{"title": _WORDS, "blocks": []}]])


class PromotionAnswer(Answer):
    """One decision on which model is in service."""

    when: AwareDatetime = Field(description="When it was decided.", examples=["2026-03-31T12:00:00Z"])
    version: str = Field(description="The version decided on; 0 is the fixed weights.", examples=["3"])
    previous: str = Field(description="The version in service until then.", examples=["2"])
    decision: Literal["promoted", "not promoted", "rolled back"] = Field(
        description="What was decided.", examples=["promoted"]
    )
    decided_by: Literal["gate", "hand"] = Field(description="The gate, or a person by hand.", examples=["gate"])
    reason: str = Field(description="Why.", examples=["it was better on later data"])
    carried_out: bool = Field(description="False when what was decided failed.", examples=[True])


class PromotionsAnswer(Answer):
    """The promotion log, in the order of time."""

    promotions: list[PromotionAnswer] = Field(
        description="Its entries; empty where no log is kept beside the model.", examples=[[{"version": "3"}]]
    )
