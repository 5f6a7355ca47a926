"""Places of what is drawn, in hundredths of the width and height of a drawing. No figure is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


def across(share: float) -> float:
    """Place of a share of 1.

    Examples
    --------
    >>> across(0.25), across(1.2)
    (25.0, 100.0)
    """
    return round(100 * min(max(share, 0.0), 1.0), 2)


def up(share: float) -> float:
    """Height of a share of 1, counted from the top as drawings do."""
    return round(100 - across(share), 2)


def width(low: float, high: float) -> float:
    """Width between two shares of 1."""
    return round(across(high) - across(low), 2)


@dataclass(frozen=True)
class Point:
    """A value at a time, with bounds where it has them."""

    at: int
    value: float
    low: float | None
    high: float | None


def line(points: Sequence[Point]) -> str:
    """Write the corners of a line through points in order of time.

    Examples
    --------
    >>> line([Point(0, 0.5, None, None), Point(10, 0.75, None, None)])
    '0.0,50.0 100.0,25.0'
    """
    return " ".join(f"{x},{up(point.value)}" for x, point in zip(places(points), points, strict=True))


def band(points: Sequence[Point]) -> str:
    """Write the corners of the area between the bounds of points; empty when one has none."""
    xs = places(points)
    upper = [f"{x},{up(p.high)}" for x, p in zip(xs, points, strict=True) if p.high is not None]
    lower = [f"{x},{up(p.low)}" for x, p in zip(xs, points, strict=True) if p.low is not None]
    return " ".join([*upper, *reversed(lower)]) if len(upper) == len(lower) == len(points) else ""


def places(points: Sequence[Point]) -> list[float]:
    """Place of each point in time; a single one stands in the middle."""
    first, last = points[0].at, points[-1].at
    return [round(100 * (p.at - first) / (last - first), 2) if last > first else 50.0 for p in points]
