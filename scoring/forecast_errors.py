"""How far forecasts missed: figures over weeks, each with the interval that blocks of weeks give it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.block_bootstrap import sure_between

Floats = NDArray[np.float64]

QUANTILES = {"low_80": 0.1, "low_50": 0.25, "median": 0.5, "high_50": 0.75, "high_80": 0.9}
"""Columns of a long table that hold quantiles, and which."""

FIGURES: Mapping[str, tuple[str, str]] = {
    "wape": ("error", "误差"),
    "bias": ("bias", "偏差"),
    "pinball": ("pinball loss", "分位损失"),
    "coverage_80": ("80 % interval held", "80%区间命中率"),
    "coverage_50": ("50 % interval held", "50%区间命中率"),
    "width_80": ("width of the 80 % interval", "80%区间宽度"),
    "expected_over_actual": ("expected / actual", "预测/实际"),
    "log_loss": ("log loss", "对数损失"),
}
"""Every figure with its names. Error (WAPE), bias, pinball loss and width are in shares of what came."""


def figures_of(rows: pd.DataFrame, weights: Floats) -> dict[str, dict[str, Any]]:
    """Judge the forecasts of one method over some weeks.

    Parameters
    ----------
    rows
        One row a week, in the order of ``weights``: ``forecast``, ``actual``, and the columns of
        ``QUANTILES``, NaN for a method that says one number only.
    weights
        How often each week is in each bootstrap sample, shape (samples, weeks).

    Returns
    -------
    By figure: ``value``, ``low``, ``high``; None where it does not exist, as a share of nothing won.
    """
    columns = {name: rows[name].to_numpy(dtype=np.float64) for name in ("forecast", "actual", *QUANTILES)}
    once = np.ones((1, len(rows)))
    found: dict[str, dict[str, Any]] = {}
    for name, figure in _RATIOS.items():
        parts = figure(columns)
        if parts is None:
            continue
        above, below = parts
        low_high = sure_between(_ratio(weights @ above, weights @ below))
        found[name] = _figure(float(_ratio(once @ above, once @ below)[0]), low_high)
    return found


def wape_difference(learned: pd.DataFrame, rule: pd.DataFrame, weights: Floats) -> dict[str, Any]:
    """How much further a rule missed than the learned forecast, in shares of what came; weeks drawn alike."""
    parts = [(_errors(rows), rows["actual"].to_numpy(dtype=np.float64)) for rows in (learned, rule)]
    once = np.ones((1, len(learned)))
    (ours, ours_once), (theirs, theirs_once) = (
        (_ratio(weights @ miss, weights @ came), float(_ratio(once @ miss, once @ came)[0])) for miss, came in parts
    )
    return _figure(theirs_once - ours_once, sure_between(theirs - ours))


def log_loss_of(win: Floats, won: Floats, week: NDArray[np.int64], weights: Floats) -> dict[str, Any]:
    """Log loss of single probabilities, kept within 1e-6 of 0 and 1, with weeks drawn in blocks."""
    kept = np.clip(win, 1e-6, 1 - 1e-6)
    loss = -(won * np.log(kept) + (1 - won) * np.log(1 - kept))
    weeks = weights.shape[1]
    above, below = np.bincount(week, loss, minlength=weeks), np.bincount(week, minlength=weeks).astype(np.float64)
    value = float(loss.mean()) if len(loss) else np.nan
    return _figure(value, sure_between(_ratio(weights @ above, weights @ below)))


def _figure(value: float, bounds: tuple[float, float] | None) -> dict[str, Any]:
    low, high = bounds if bounds is not None else (None, None)
    return {"value": value if np.isfinite(value) else None, "low": low, "high": high}


def _ratio(above: Floats, below: Floats) -> Floats:
    found: Floats = np.divide(above, below, out=np.full(np.shape(above), np.nan), where=below > 0)
    return found


Parts = tuple[Floats, Floats] | None


def _errors(rows: pd.DataFrame) -> Floats:
    return np.asarray((rows["forecast"] - rows["actual"]).abs().to_numpy(dtype=np.float64))


def _pinball(columns: Mapping[str, Floats]) -> Floats:
    """Mean pinball loss over the quantiles; a method of one number says that number for each (Koenker 1978)."""
    losses = []
    for name, share in QUANTILES.items():
        said = np.where(np.isnan(columns[name]), columns["forecast"], columns[name])
        short = columns["actual"] - said
        losses.append(np.maximum(share * short, (share - 1) * short))
    return np.asarray(np.mean(losses, axis=0), dtype=np.float64)


def _held(columns: Mapping[str, Floats], share: int) -> Parts:
    low, high = columns[f"low_{share}"], columns[f"high_{share}"]
    if np.isnan(low).any():
        return None
    return ((columns["actual"] >= low) & (columns["actual"] <= high)).astype(np.float64), np.ones(len(low))


def _width(columns: Mapping[str, Floats]) -> Parts:
    width = columns["high_80"] - columns["low_80"]
    return None if np.isnan(width).any() else (width, columns["actual"])


_RATIOS: Mapping[str, Callable[[Mapping[str, Floats]], Parts]] = {
    "wape": lambda c: (np.abs(c["forecast"] - c["actual"]), c["actual"]),
    "bias": lambda c: (c["forecast"] - c["actual"], c["actual"]),
    "pinball": lambda c: (_pinball(c), c["actual"]),
    "coverage_80": lambda c: _held(c, 80),
    "coverage_50": lambda c: _held(c, 50),
    "width_80": _width,
    "expected_over_actual": lambda c: (c["forecast"], c["actual"]),
}
