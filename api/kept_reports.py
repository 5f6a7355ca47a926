"""Reports that take minutes to work out, kept as files in the home folder: pages and the API show them as they are."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from features.errors import NotKnownError

PERIODS = ("month", "next-month", "quarter", "next-quarter")
"""Periods that are forecast: those that the instant is in, and those after them."""
CUTS = ("team", "owner", "product", "region", "stage", "class")
"""Columns that a forecast may be cut by; those that a history lacks are left out."""
COMPARISON, PEOPLE, CLASSES = "comparison", "people", "classes"
FOLDER = "reports"
"""Where they are in the home folder."""
FUNNEL_PERIODS: tuple[Literal["month", "quarter", "year"], ...] = ("month", "quarter", "year")
FUNNEL_CUTS = (
    "team",
    "product",
    "customer_type",
    "repeat_purchase",
    "priority",
    "competitor",
    "sponsor",
    "region",
    "owner",
)
"""Columns that a funnel may be cut by; of those that tell nothing apart it is said."""

Keep = Callable[[str, Mapping[str, Any]], None]
"""Takes a report by its name."""


def forecast_name(period: str, by: str | None) -> str:
    """Name a forecast.

    Examples
    --------
    >>> forecast_name("quarter", "team"), forecast_name("month", None)
    ('forecast-quarter-team', 'forecast-month-all')
    """
    return f"forecast-{period}-{by or 'all'}"


def funnel_name(period: str) -> str:
    """Name a funnel."""
    return f"funnel-{period}"


def keep_report(home: Path, name: str, report: Mapping[str, Any]) -> None:
    """Write a report, in one step: a reader finds the old one or the new one."""
    folder = home / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=folder, encoding="utf-8", delete=False) as file:
        json.dump(report, file, ensure_ascii=False, allow_nan=False)
    os.replace(file.name, folder / f"{name}.json")


def kept_report(home: Path, name: str) -> dict[str, Any]:
    """Read a report.

    Raises
    ------
    NotKnownError
        It was not worked out yet.
    """
    try:
        found: dict[str, Any] = json.loads((home / FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotKnownError(f"no {name}", "a report that was worked out", "run: dealodds reports") from None
    return found


def has_report(home: Path, name: str) -> bool:
    """Tell whether a report is there."""
    return (home / FOLDER / f"{name}.json").exists()
