"""Whether a model serves some worse than others: expected against actual wins and log loss, by segment and owner."""

from __future__ import annotations

from collections.abc import Mapping
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from features.outcomes import Labels
from models.incidence import Incidence
from training.draws import Draws, ratio_interval
from training.reliability import END, FEWEST, code_groups, judged_at, opportunities_by_group

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Words = NDArray[np.object_]
Records = list[dict[str, Any]]

FEWEST_WON = 5
"""Opportunities won below which expected over actual says too little."""
FEWEST_OWNERS = 5
"""Owners below which nothing is said of them: a figure must not point at a person."""

_NARROW = 1e-6


def segment_records(answer: Incidence, labels: Labels, groupings: Mapping[str, Words], draws: Draws) -> Records:
    """Judge an answer in each group of each grouping: who was won by the end of the data, open ones included.

    Parameters
    ----------
    answer
        Answer for n snapshots.
    groupings
        Group of each snapshot by the name of the grouping; None for no group.

    Returns
    -------
    Records ``{by, group, n, opportunities, ratio, low, high, log_loss, log_loss_low,
    log_loss_high, enough}``: expected wins over actual ones, and mean log loss, both with
    bounds of 90 %. ``enough`` is false with fewer than 30 opportunities or 5 won ones.
    """
    judged = judged_at(labels, END)
    win = judged.win(answer)
    records: Records = []
    for by, values in groupings.items():
        code, names = code_groups(values)
        if names:
            records += [{"by": by} | found for found in _judge_groups(win, judged.won, code, names, draws)]
    return records


def _judge_groups(win: Floats, won: Floats, group: Ints, names: list[Any], draws: Draws) -> Records:
    size, kept = len(names), group >= 0
    narrow = np.clip(win, _NARROW, 1 - _NARROW)
    values = {"win": win, "won": won, "n": np.ones(len(win))}
    values["loss"] = -np.where(won == 1, np.log(narrow), np.log(1 - narrow))
    sums = {name: np.bincount(group[kept], v[kept], minlength=size) for name, v in values.items()}
    drawn = {name: draws.sums(v, group, size) for name, v in values.items()}
    low, high = ratio_interval(drawn["win"], drawn["won"])
    loss_low, loss_high = ratio_interval(drawn["loss"], drawn["n"])
    members = opportunities_by_group(group, draws, size)
    winners = opportunities_by_group(np.where(won == 1, group, -1), draws, size)
    return [
        {
            "group": names[i],
            "n": int(sums["n"][i]),
            "opportunities": int(members[i]),
            "ratio": float(sums["win"][i] / sums["won"][i]) if winners[i] else None,
            "low": float(low[i]),
            "high": float(high[i]),
            "log_loss": float(sums["loss"][i] / sums["n"][i]),
            "log_loss_low": float(loss_low[i]),
            "log_loss_high": float(loss_high[i]),
            "enough": bool(members[i] >= FEWEST and winners[i] >= FEWEST_WON),
        }
        for i in range(size)
    ]


def largest_gap(records: Records) -> dict[str, Any] | None:
    """Find the group whose expected wins are farthest from the actual ones, among those with enough; None if none.

    Examples
    --------
    >>> half = {"by": "source", "group": "web", "ratio": 0.5, "enough": True}
    >>> largest_gap([half, half | {"group": "fair", "ratio": 1.5}, half | {"ratio": 9.0, "enough": False}])["group"]
    'web'
    """
    enough = [record for record in records if record["enough"] and record["ratio"]]
    return max(enough, key=lambda record: abs(log(record["ratio"])), default=None)


def owner_spread(answer: Incidence, labels: Labels, owners: Words, draws: Draws) -> dict[str, Any] | None:
    """Say how far expected over actual wins differ between owners, naming nobody; None with fewer than 5 owners.

    Returns
    -------
    ``owners`` with enough to judge by and ``too_few`` without; ``lowest``, ``median`` and
    ``highest`` ratio among them; ``apart``, how many have an interval of 90 % without 1, and
    ``apart_by_chance``, how many would if all were served alike.
    """
    records = segment_records(answer, labels, {"owner": owners}, draws)
    enough = [record for record in records if record["enough"]]
    if len(enough) < FEWEST_OWNERS:
        return None
    ratios = [record["ratio"] for record in enough]
    return {
        "owners": len(enough),
        "too_few": len(records) - len(enough),
        "lowest": min(ratios),
        "median": float(np.median(ratios)),
        "highest": max(ratios),
        "apart": sum(not record["low"] <= 1 <= record["high"] for record in enough),
        "apart_by_chance": 0.1 * len(enough),
    }
