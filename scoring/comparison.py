"""The learned forecast beside the fixed weights over past weeks: who missed by how much, bad news first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from scoring.block_bootstrap import block_weights
from scoring.comparison_words import Finding, sentence
from scoring.disagreements import Disagreement, disagreements_of
from scoring.forecast_errors import figures_of, log_loss_of, wape_difference
from scoring.rule_counted import RuleCounted, rule_counted
from scoring.weekly_forecasts import weekly_forecasts
from scoring.words import Words

Floats = NDArray[np.float64]

COMMITTED = "committed"
"""Scope of the months or quarters that owners had committed to, with all that came in them."""
LEARNED, RULES = "learned", ("fixed_weights", "stage_rates", "commit")
_OF_FINAL = 0.25
"""Weeks asked for the final outcome share most of their opportunities: four tell about as much as one."""
FEWEST_WEEKS = 8
"""Below it is said that the weeks are too few to judge."""


@dataclass(frozen=True)
class Comparison:
    """What a replay of past weeks shows.

    Parameters
    ----------
    weeks, days
        Weeks replayed, and the length of each forecast in days; None is the final outcome.
    origin
        Of the data, such as ``simulated``.
    figures
        Records ``{scope, measure, by, group, method, figure, value, low, high, weeks}``; ``scope`` is ``open`` (what
        was open then), ``all`` (what was created later too) or ``committed`` (all of the month or quarter that owners
        had committed to); low and high are 80 % sure.
    findings
        What the figures say of the learned forecast against each rule, where it lost first.
    disagreements, right
        Where the two were farthest apart, and who was right how often.
    held
        Weeks whose 80 % interval held what came, and weeks judged, by scope and measure.
    independent
        About how many periods that do not overlap the weeks tell as much as.
    rule_counted
        What the fixed weights counted, and what became of it; None where that is not at hand.
    series
        What each method said of each week, and what came (``weekly_forecasts``).
    left_out
        Weeks asked for that could not be played again: too little was known then.
    """

    weeks: int
    days: float | None
    origin: str
    figures: tuple[dict[str, Any], ...]
    findings: tuple[Finding, ...]
    disagreements: tuple[Disagreement, ...]
    right: dict[str, int]
    held: tuple[dict[str, Any], ...]
    independent: int
    rule_counted: RuleCounted | None
    series: tuple[dict[str, Any], ...]
    left_out: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Describe the comparison in JSON."""
        return {
            "weeks": self.weeks,
            "left_out": self.left_out,
            "days": self.days,
            "origin": self.origin,
            "enough_weeks": self.weeks >= FEWEST_WEEKS,
            "findings": [one.to_dict() for one in self.findings],
            "figures": list(self.figures),
            "disagreements": [one.to_dict() for one in self.disagreements],
            "right": self.right,
            "held": list(self.held),
            "independent": self.independent,
            "rule_counted": None if self.rule_counted is None else self.rule_counted.to_dict(),
            "series": list(self.series),
        }


def compare(
    forecasts: pd.DataFrame,
    opportunities: pd.DataFrame,
    *,
    days: float | None,
    origin: str,
    step_days: float = 7.0,
    stages: Mapping[str, Words] | None = None,
    left_out: int = 0,
    seed: int = 0,
) -> Comparison:
    """Judge the forecasts of past weeks by what came.

    Parameters
    ----------
    forecasts
        Long table, one row a week, scope, measure, group and method: ``cutoff, scope, measure, by, group, method,
        forecast, low_80, low_50, median, high_50, high_80, actual``. ``by`` is empty for all together.
    opportunities
        One row a week and open opportunity: ``cutoff, opportunity_id, owner, stage, learned, fixed_weights, outcome``;
        ``won`` (within the days asked; NaN when not known), perhaps ``lost`` and ``counted``
        (``rule_counted``), and ``within_<method>``; the columns cut by.
    days
        Length of each forecast; None for the final outcome.
    stages
        What people call the stages (``scoring.words.stage_names``).
    left_out
        Weeks that could not be played again.
    step_days
        Days from one replayed instant to the next: periods that overlap are drawn in one block.
    """
    cutoffs = sorted(forecasts["cutoff"].unique())
    length = max(4, int(np.ceil((days or 30.0) / step_days)))
    weights = block_weights(len(cutoffs), length, seed)
    figures, findings = _judged(forecasts, cutoffs, weights, days, stages or {})
    figures += _log_losses(opportunities, cutoffs, weights, sorted({*forecasts["by"]} - {""}))
    examples, right = disagreements_of(opportunities)
    return Comparison(
        weeks=len(cutoffs),
        days=days,
        origin=origin,
        figures=tuple(figures),
        findings=tuple(sorted(findings, key=_bad_first)),
        disagreements=examples,
        right=right,
        held=_held(forecasts),
        independent=max(1, round(len(cutoffs) * min(1.0, step_days / days if days else _OF_FINAL))),
        rule_counted=rule_counted(opportunities, days) if "counted" in opportunities else None,
        series=weekly_forecasts(forecasts),
        left_out=left_out,
    )


def _judged(
    forecasts: pd.DataFrame,
    cutoffs: list[Any],
    weights: Floats,
    days: float | None,
    stages: Mapping[str, Words],
) -> tuple[list[dict[str, Any]], list[Finding]]:
    """Figures of each method in each group, and what they say of the learned forecast against each rule."""
    figures: list[dict[str, Any]] = []
    findings: list[Finding] = []
    keys = ["scope", "measure", "by", "group"]
    for (scope, measure, by, group), rows in forecasts.groupby(keys, dropna=False, sort=True):
        named = group if isinstance(group, str) else None
        what = {"scope": scope, "measure": measure, "by": by or None, "group": named}
        methods = {str(name): _by_week(found, cutoffs) for name, found in rows.groupby("method")}
        for method, found in methods.items():
            figures += _records(what | {"method": method, "weeks": len(rows["cutoff"].unique())}, found, weights)
        # Owners commit to some periods only: other weeks say nothing of them.
        judged = rows["cutoff"].nunique() if scope == COMMITTED else len(cutoffs)
        findings += _findings(what, methods, weights, judged, days, stages)
    return figures, findings


def _by_week(rows: pd.DataFrame, cutoffs: list[Any]) -> pd.DataFrame:
    """One row a week: a week in which a group had nothing has forecast nothing, and nothing came."""
    numbers = ["forecast", "low_80", "low_50", "median", "high_50", "high_80", "actual"]
    found = rows.set_index("cutoff")[numbers].reindex(cutoffs)
    absent = found["actual"].isna()
    has_interval = not rows["low_80"].isna().any()
    columns = numbers if has_interval else ["forecast", "actual"]
    found.loc[absent, columns] = 0.0
    return found


def _records(what: dict[str, Any], rows: pd.DataFrame, weights: Floats) -> list[dict[str, Any]]:
    return [what | {"figure": name} | found for name, found in figures_of(rows, weights).items()]


def _findings(
    what: dict[str, Any],
    methods: dict[str, pd.DataFrame],
    weights: Floats,
    weeks: int,
    days: float | None,
    stages: Mapping[str, Words],
) -> list[Finding]:
    if LEARNED not in methods:
        return []
    found = []
    for rule in (name for name in RULES if name in methods):
        judged = [figures_of(methods[name], weights) for name in (LEARNED, rule)]
        ours, theirs = (one["wape"]["value"] for one in judged)
        biases = judged[0]["bias"]["value"], judged[1]["bias"]["value"]
        difference = wape_difference(methods[LEARNED], methods[rule], weights)
        if ours is None or theirs is None:
            continue
        found.append(
            Finding(
                **what,
                rule=rule,
                weeks=weeks,
                days=days,
                learned=ours,
                missed=theirs,
                difference=difference["value"],
                low=difference["low"],
                high=difference["high"],
                learned_bias=biases[0],
                rule_bias=biases[1],
                words=sentence(what, rule, weeks, ours, theirs, difference, stages, biases),
            )
        )
    return found


def _bad_first(finding: Finding) -> tuple[bool, bool, bool, float]:
    """Lost first, the worst of them first; then where it may have; then what is of all together."""
    return not finding.lost, not finding.is_worse, finding.by is not None, finding.difference


def _log_losses(
    opportunities: pd.DataFrame, cutoffs: list[Any], weights: Floats, columns: list[str]
) -> list[dict[str, Any]]:
    judged = opportunities[opportunities["won"].notna()]
    methods = [name.removeprefix("within_") for name in judged.columns if str(name).startswith("within_")]
    week = pd.Index(cutoffs).get_indexer(pd.Index(judged["cutoff"])).astype(np.int64)
    parts: list[tuple[str | None, Any, NDArray[np.bool_]]] = [(None, None, np.ones(len(judged), dtype=bool))]
    for column in columns:
        values = judged[column]
        parts += [(column, value, (values == value).to_numpy()) for value in sorted(values.dropna().unique())]
    found = []
    for by, group, rows in parts:
        for method in methods:
            win, won = (judged[name].to_numpy(dtype=np.float64)[rows] for name in (f"within_{method}", "won"))
            if len(win) and not np.isnan(win).any():
                record = {"scope": "open", "measure": "count", "by": by, "group": group, "method": method}
                figure = {"figure": "log_loss", "weeks": len(np.unique(week[rows]))}
                found.append(record | figure | log_loss_of(win, won, week[rows], weights))
    return found


def _held(forecasts: pd.DataFrame) -> tuple[dict[str, Any], ...]:
    whole = forecasts[(forecasts["by"] == "") & (forecasts["method"] == LEARNED)]
    return tuple(
        {
            "scope": scope,
            "measure": measure,
            "held": int(((rows["actual"] >= rows["low_80"]) & (rows["actual"] <= rows["high_80"])).sum()),
            "weeks": len(rows),
        }
        for (scope, measure), rows in whole.groupby(["scope", "measure"])
    )
