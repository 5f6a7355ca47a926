"""Printing the learned-versus-fixed-weights comparison."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from training.folds import folds_in, standard_error

_COLUMNS = ("log_loss", "brier", "auc", "calibration_error", "expected_over_actual")
_HEADS = ("log loss", "Brier", "AUC", "cal. error", "exp./actual")
_ORDER = (
    *("learned", "champion", "whole", "fixed_weights", "stage_rates", "constant"),
    *("ridge_hazards", "lightgbm_hazards", "ridge_logistic", "lightgbm"),
)


def comparison_lines(records: Sequence[Mapping[str, Any]], origin: str) -> list[str]:
    """Lay out the records of an evaluation as lines, means over cutoffs or folds; final outcome first.

    Means over folds have their standard error.

    Examples
    --------
    >>> record = {"method": "learned", "metric": "brier", "horizon": None, "value": 0.2, "n": 9}
    >>> comparison_lines([record], "simulated")[0]
    'Final outcome of those that closed (simulated; about 9 later snapshots)'
    """
    lines: list[str] = []
    horizons = sorted({r["horizon"] for r in records if r["horizon"] is not None})
    for horizon in (None, *horizons):
        chosen = [r for r in records if r["horizon"] == horizon]
        if chosen:
            lines += _table(chosen, horizon, origin)
    return lines


def _table(records: Sequence[Mapping[str, Any]], horizon: float | None, origin: str) -> list[str]:
    values: dict[tuple[str, str], list[float]] = defaultdict(list)
    for record in records:
        if record["value"] is not None:
            values[record["method"], record["metric"]].append(record["value"])
    cutoffs = {record.get("cutoff") for record in records}
    folds = folds_in(cutoffs)
    counts = [record["n"] for record in records]
    title = "Final outcome of those that closed" if horizon is None else f"Won within {horizon:g} days"
    about = round(sum(counts) / len(counts))
    # Without cutoffs it is the evaluation of a training, on snapshots of a whole period.
    noun = "fold" if folds else "cutoff"
    judged = f"means of {len(cutoffs)} {noun}{'s' * (len(cutoffs) > 1)}, about {about:,} opportunities each"
    if all("cutoff" not in record for record in records):
        judged = f"about {about:,} later snapshots"
    elif cutoffs == {None}:
        judged = f"the last {about:,} opportunities in order of creation"
    head = f"{title} ({origin}; {judged})"
    methods = [m for m in _ORDER if any(key[0] == m for key in values)]
    rows = [
        f"  {method.replace('_', ' '):<18}" + "".join(_cell(values.get((method, c)), folds) for c in _COLUMNS)
        for method in methods
    ]
    return [head, "  " + " " * 18 + "".join(f"{h:>{_width(folds)}}" for h in _HEADS), *rows]


def _width(folds: int) -> int:
    return 15 if folds else 13


def _cell(found: Sequence[float] | None, folds: int) -> str:
    if not found:
        return f"{'–':>{_width(folds)}}"
    error = f" ±{standard_error(found, folds):.3f}" if folds else ""
    return f"{sum(found) / len(found):>{_width(folds) - len(error)}.3f}{error}"
