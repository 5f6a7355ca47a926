"""The open opportunities of the mailed report: the first rows by expected value, and what all come to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from api.pages.language import N_, Language
from api.pages.stages import StageNames
from api.pages.tables import Column, DataTable
from scoring.classification import CLASSES
from scoring.opportunity_score import Score
from scoring.standing import Standing

MOST = 20
"""Rows that are listed."""

Row = list[Any]


def mailed_pipeline(
    standing: Standing, scores: Sequence[Score], stages: StageNames, language: Language
) -> dict[str, Any] | None:
    """Choose what is shown of what is open; None where nothing is.

    Parameters
    ----------
    standing
        What is open, in one process or several.
    scores
        Their scores, in the same order.
    """
    if not len(standing):
        return None
    win = np.array([np.nan if one.win_probability is None else one.win_probability for one in scores])
    value = win * standing.amount
    order = np.argsort(-np.nan_to_num(value, nan=-1.0), kind="stable")[:MOST]
    rows = [_row(standing, scores[place], place, value[place], stages, language) for place in order.tolist()]
    columns = [
        Column(language.say(N_("Opportunity"))),
        Column(language.say(N_("Class"))),
        Column(language.say(N_("Win probability")), "share"),
        Column(language.say(N_("80% low")), "share"),
        Column(language.say(N_("80% high")), "share"),
        Column(language.say(N_("Owner"))),
        Column(language.say(N_("Stage"))),
        Column(language.say(N_("Amount")), "money"),
        Column(language.say(N_("Expected value")), "money"),
    ]
    title = language.say(N_("Open opportunities, the highest expected value first"))
    table = DataTable("open", title, columns, rows)
    return {"table": table, "count": len(standing), "shown": len(rows), "totals": _totals(standing, win, value)}


def _row(standing: Standing, score: Score, place: int, value: float, stages: StageNames, language: Language) -> Row:
    low, high = score.interval or (None, None)
    names, currency = CLASSES.get(score.opportunity_class or ""), standing.currency[place]
    process = standing.history.opportunities["process"].iloc[standing.place[place]]
    return [
        score.opportunity_id,
        None if names is None else names[language.tag],
        score.win_probability,
        low,
        high,
        standing.owner[place],
        stages.of(standing.stage[place], process),
        (_or_none(standing.amount[place]), currency),
        (_or_none(value), currency),
    ]


def _or_none(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _totals(standing: Standing, win: np.ndarray, value: np.ndarray) -> list[dict[str, Any]]:
    """Sums of all that is open, by currency: of several they are not added up."""
    known = ~np.isnan(standing.amount)
    found = []
    for currency in dict.fromkeys(standing.currency[known].tolist()):
        here = known & (standing.currency == currency)
        found.append(
            {
                "currency": currency,
                "amount": float(standing.amount[here].sum()),
                "expected_value": float(np.nansum(value[here])),
                "by_fixed_weights": float((standing.weight * standing.amount)[here].sum()),
            }
        )
    return [{"expected_wins": float(np.nansum(win)), "by_fixed_weights": float(standing.weight.sum())}, *found]
