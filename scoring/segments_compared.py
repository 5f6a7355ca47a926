"""Two segments of a funnel side by side, such as new and existing customers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from features.reporting_calendar import Period
from scoring.funnel import Funnel, funnel
from scoring.pipeline import Pipeline
from scoring.report import Report
from scoring.words import Words

_Z80 = 1.2815515655446004


@dataclass(frozen=True)
class Difference(Report):
    """A share of one segment less that of the other, with bounds of the middle 80 % of where it may be.

    ``is_clear`` when both bounds are on one side of zero.
    """

    name: Words
    difference: float | None
    low: float | None
    high: float | None
    is_clear: bool


@dataclass(frozen=True)
class SideBySide(Report):
    """Two funnels of one period, and what differs."""

    first: Funnel
    second: Funnel
    success: Difference
    conversions: tuple[Difference, ...]


def side_by_side(
    pipeline: Pipeline,
    period: Period,
    first: Mapping[str, str | None],
    second: Mapping[str, str | None],
    process: str | None = None,
) -> SideBySide:
    """Compare two segments, each given by values of cuts.

    Examples of segments: ``{"customer_type": "new"}`` and ``{"customer_type": "existing"}``.
    """
    one, two = funnel(pipeline, period, process, first), funnel(pipeline, period, process, second)
    success, *conversions = differences(one.to_dict(), two.to_dict())
    return SideBySide(one, two, success, tuple(conversions))


def differences(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Difference]:
    """Compare two funnels of one process, as reports have them: success, then the conversion of each stage."""
    closed = [(one["won"], one["won"] + one["lost"]) for one in (first, second)]
    return [
        _difference(Words("success", "成功率"), *closed),
        *(
            _difference(Words(a["name"]["en"], a["name"]["zh-CN"]), *((s["moved_on"], s["exits"]) for s in (a, b)))
            for a, b in zip(first["stages"], second["stages"], strict=True)
        ),
    ]


def _difference(name: Words, first: tuple[int, int], second: tuple[int, int]) -> Difference:
    """Bound the difference of two shares (Agresti and Caffo: one more success and failure each)."""
    if not first[1] or not second[1]:
        return Difference(name, None, None, None, is_clear=False)
    raw = first[0] / first[1] - second[0] / second[1]
    shares = [((part + 1) / (whole + 2), whole + 2) for part, whole in (first, second)]
    middle = shares[0][0] - shares[1][0]
    half = _Z80 * math.sqrt(sum(share * (1 - share) / whole for share, whole in shares))
    return Difference(name, raw, middle - half, middle + half, is_clear=abs(middle) > half)
