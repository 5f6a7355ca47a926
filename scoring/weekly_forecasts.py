"""What each method said of each past week, and what came: the points that a chart draws."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

LEARNED = "learned"


def weekly_forecasts(forecasts: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    """List the weeks of all together, by scope and measure.

    Parameters
    ----------
    forecasts
        The long table of ``scoring.comparison.compare``.

    Returns
    -------
    ``{scope, measure, weeks}``; each week ``{at, came, learned, low, high}`` (the bounds of 80 %), and what each rule
    said by its name; None where a method said nothing.

    Examples
    --------
    >>> row = {"cutoff": pd.Timestamp("2026-01-05", tz="UTC"), "scope": "open", "measure": "count", "by": "",
    ...     "actual": 3.0, "low_80": 1.0, "high_80": 5.0}
    >>> said = ({"method": "learned", "forecast": 3.5}, {"method": "commit", "forecast": 4.0})
    >>> table = pd.DataFrame([row | one for one in said])
    >>> weekly_forecasts(table)[0]["weeks"][0]["commit"]
    4.0
    """
    whole = forecasts[forecasts["by"] == ""]
    methods = sorted(set(whole["method"]) - {LEARNED})
    found = []
    for (scope, measure), rows in whole.groupby(["scope", "measure"], sort=True):
        said = {str(name): of.set_index("cutoff") for name, of in rows.groupby("method")}
        if LEARNED in said:
            weeks = [_week(at, said, methods) for at in sorted(said[LEARNED].index)]
            found.append({"scope": str(scope), "measure": str(measure), "weeks": weeks})
    return tuple(found)


def _week(at: pd.Timestamp, said: Mapping[str, pd.DataFrame], methods: Sequence[str]) -> dict[str, Any]:
    own: dict[Any, Any] = said[LEARNED].loc[at].to_dict()
    week = {"at": at.isoformat(), "came": float(own["actual"]), "learned": float(own["forecast"])}
    bounds = {"low": _known(own["low_80"]), "high": _known(own["high_80"])}
    rules = {name: _known(said[name]["forecast"].get(at)) for name in methods if name in said}
    return week | bounds | rules


def _known(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)
