"""What the service answers about the model in service."""

from __future__ import annotations

from typing import Any

from pydantic import AwareDatetime, Field

from api.answers import Answer, Outcome, Share, Words


class StageAnswer(Answer):
    """A stage of a sales process."""

    key: str = Field(description="Key of the stage.", examples=["proposal"])
    names: Words = Field(description="Its names.", examples=[{"en": "proposal", "zh-CN": "方案/报价"}])
    outcome: Outcome = Field(description="What being in it means.", examples=["open"])
    fixed_weight: Share | None = Field(description="Its fixed weight; null when there is none.", examples=[0.5])
    need_confirmed: bool = Field(description="Whether it means that the need is confirmed.", examples=[True])


class ProcessAnswer(Answer):
    """A sales process: its stages in order."""

    name: str = Field(description="Name of the process.", examples=["default"])
    stages: list[StageAnswer] = Field(description="Its stages in order.", examples=[[{"key": "proposal"}]])


class ClassCriteria(Answer):
    """By what opportunities are classed."""

    recent_days: float = Field(description="A sign of intent within so many days is recent.", examples=[30])
    need_threshold: Share | None = Field(
        description="Above this probability of the need being confirmed an unidentified opportunity is hidden; "
        "null while too little is known.",
        examples=[0.35],
    )
    report: dict[str, Any] | None = Field(
        description="What became of each class, forward in time; null when it was not measured.",
        examples=[{"active": {"snapshots": 1200, "share_won": 0.31}}],
    )
    accounts: dict[str, Any] | None = Field(
        description="Criteria of accounts without an open opportunity: threshold of the need, how many needs it was "
        "learned from, and what became of accounts above and below a threshold, forward in time; null when there "
        "are none.",
        examples=[{"threshold": 0.14, "recent_days": 30, "confirmed": 812, "usual": {"visits_30d": 0.4}}],
    )


class SegmentAnswer(Answer):
    """A model in service for one segment."""

    segment: str = Field(description="The segment.", examples=["product=suite"])
    version: str = Field(description="Version of its model.", examples=["4"])


class ChampionAnswer(Answer):
    """The model in service."""

    version: str = Field(description="Its version; 0 is the fixed weights alone.", examples=["3"])
    origin: str = Field(description="Where its training data came from; simulated is not real.", examples=["import"])
    context_as_of: AwareDatetime | None = Field(
        description="When the past results it answers with were last known; null when none were learned.",
        examples=["2026-03-01T00:00:00Z"],
    )
    features: int = Field(description="Number of the features it learned from.", examples=[120])
    excluded: list[str] = Field(
        description="Columns, features and groups left out of its training by choice.", examples=[["email", "overdue"]]
    )
    blend_weights: dict[str, float] = Field(
        description="Weight of each member of the blend.", examples=[{"fixed_weights": 0.1, "lightgbm_hazards": 0.9}]
    )
    activity_kinds: list[str] = Field(
        description="Kinds of activity that a request may name.", examples=[["site_visit", "meeting"]]
    )
    attributes: dict[str, str] = Field(
        description="Attributes that a request may name, with their types.", examples=[{"segment": "category"}]
    )
    training: dict[str, Any] = Field(
        description="What it was trained on: cutoff, counts, fingerprints, figures.", examples=[{"won": 412}]
    )
    classification: ClassCriteria = Field(
        description="Its class criteria.", examples=[{"recent_days": 30, "need_threshold": 0.35}]
    )
    segments: list[SegmentAnswer] = Field(
        description="Models in service for single segments; the others are answered by this one.",
        examples=[[{"segment": "product=suite", "version": "4"}]],
    )
    processes: list[ProcessAnswer] = Field(
        description="Sales processes that it knows.", examples=[[{"name": "default", "stages": []}]]
    )
