"""The sales process: ordered stages, which are won or lost, and each one's fixed weight."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from features.errors import ProcessError

Outcome = Literal["open", "won", "lost"]


@dataclass(frozen=True)
class Stage:
    """One stage of a sales process.

    Parameters
    ----------
    key
        The stage's id in the CRM.
    weight
        Fixed win probability of the rule this product replaces, in [0, 1];
        NaN when the rule gives none.
    outcome
        ``open``, ``won`` or ``lost``.
    need_confirmed
        Whether being here means that the buyer's need is confirmed.
    names
        Names by language tag (``en``, ``zh-CN``).
    """

    key: str
    weight: float
    outcome: Outcome = "open"
    need_confirmed: bool = False
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Process:
    """Ordered stages of one kind of sale.

    Examples
    --------
    >>> DEFAULT_PROCESS.position("proposal")
    3
    >>> DEFAULT_PROCESS.stage("negotiation").weight
    0.75
    """

    name: str
    stages: tuple[Stage, ...]

    def __post_init__(self) -> None:
        """Refuse a process that no opportunity could go through."""
        _check_stages(self.name, self.stages)

    @property
    def keys(self) -> tuple[str, ...]:
        """Stage ids in order."""
        return tuple(stage.key for stage in self.stages)

    def position(self, key: str) -> int:
        """Place of a stage in the order, from 0; raises ``ProcessError`` if unknown."""
        return self.stages.index(self.stage(key))

    def stage(self, key: str) -> Stage:
        """Find the stage of that id; raises ``ProcessError`` if unknown."""
        for stage in self.stages:
            if stage.key == key:
                return stage
        raise ProcessError(
            f"stage {key!r} in process {self.name!r}",
            f"one of {', '.join(self.keys)}",
            "correct the stage, or add it to the process",
        )


def _check_stages(name: str, stages: tuple[Stage, ...]) -> None:
    keys = [stage.key for stage in stages]
    if len(set(keys)) != len(keys):
        raise ProcessError(
            f"process {name!r} names a stage twice: {keys}", "each stage once", "remove the repeated stage"
        )
    for outcome in ("open", "won", "lost"):
        if not any(stage.outcome == outcome for stage in stages):
            raise ProcessError(
                f"process {name!r} without a stage that is {outcome}",
                "at least one open, one won and one lost stage",
                f"mark a stage with outcome: {outcome}",
            )
    for stage in stages:
        if not (math.isnan(stage.weight) or 0 <= stage.weight <= 1):
            raise ProcessError(
                f"weight {stage.weight} of stage {stage.key!r}",
                "a probability from 0 to 1, or none",
                "write 25 % as 0.25",
            )


def process_from_dict(raw: Mapping[str, Any]) -> Process:
    """Read a process from its YAML form.

    Each stage is a mapping with ``key`` and optionally ``weight`` (0 to 1),
    ``outcome``, ``need_confirmed``, ``en`` and ``zh``.

    Examples
    --------
    >>> process_from_dict(
    ...     {"name": "short", "stages": [
    ...         {"key": "new", "weight": 0.25},
    ...         {"key": "yes", "outcome": "won"},
    ...         {"key": "no", "outcome": "lost"}]}
    ... ).keys
    ('new', 'yes', 'no')
    """
    if not raw.get("name") or not raw.get("stages"):
        raise ProcessError(f"a process with the keys {sorted(raw)}", "name and stages", "add them")
    return Process(str(raw["name"]), tuple(_stage_from_dict(stage) for stage in raw["stages"]))


def _stage_from_dict(raw: Mapping[str, Any]) -> Stage:
    unknown = set(raw) - {"key", "weight", "outcome", "need_confirmed", "en", "zh"}
    if unknown or "key" not in raw:
        raise ProcessError(
            f"a stage with the keys {sorted(raw)}",
            "key, and any of weight, outcome, need_confirmed, en, zh",
            "correct the stage",
        )
    outcome = raw.get("outcome", "open")
    if outcome not in ("open", "won", "lost"):
        raise ProcessError(f"outcome {outcome!r} of stage {raw['key']!r}", "open, won or lost", "correct the outcome")
    weight = raw.get("weight", {"won": 1.0, "lost": 0.0}.get(outcome))
    key = str(raw["key"])
    return Stage(
        key=key,
        weight=math.nan if weight is None else float(weight),
        outcome=outcome,
        need_confirmed=bool(raw.get("need_confirmed", False)),
        names={"en": str(raw.get("en", key)), "zh-CN": str(raw.get("zh", raw.get("en", key)))},
    )


def process_to_dict(process: Process) -> dict[str, Any]:
    """Turn a process into its YAML form; ``process_from_dict`` reads it back."""
    return {"name": process.name, "stages": [_stage_to_dict(stage) for stage in process.stages]}


def _stage_to_dict(stage: Stage) -> dict[str, Any]:
    return {
        "key": stage.key,
        "weight": None if math.isnan(stage.weight) else stage.weight,
        "outcome": stage.outcome,
        "need_confirmed": stage.need_confirmed,
        "en": stage.names.get("en", stage.key),
        "zh": stage.names.get("zh-CN", stage.key),
    }


DEFAULT_PROCESS = process_from_dict(
    {
        "name": "default",
        "stages": [
            {"key": "identified", "weight": 0.25, "en": "identified", "zh": "潜在商机"},
            {"key": "contacted", "weight": 0.25, "en": "contacted", "zh": "初步接触"},
            {
                "key": "needs_confirmed",
                "weight": 0.5,
                "need_confirmed": True,
                "en": "needs confirmed",
                "zh": "需求确认",
            },
            {"key": "proposal", "weight": 0.5, "need_confirmed": True, "en": "proposal", "zh": "方案/报价"},
            {"key": "negotiation", "weight": 0.75, "need_confirmed": True, "en": "negotiation", "zh": "谈判/合同"},
            {"key": "won", "outcome": "won", "need_confirmed": True, "en": "won", "zh": "赢单"},
            {"key": "lost", "outcome": "lost", "en": "lost", "zh": "丢单"},
        ],
    }
)
"""The seven-status process with our reading of the fixed weights: 25, 25, 50, 50, 75 %."""
