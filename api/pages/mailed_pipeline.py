"""The open opportunities of the mailed report: the first rows by expected value, and what all come to.

Both are in one currency, that of the report: a list over several could not be ranked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from api.pages.language import N_, Language
from api.pages.stages import StageNames
from api.pages.tables import Column, DataTable
from scoring.classification import CLASSES
from scoring.one_currency import in_one_currency
from scoring.opportunity_score import Score
from scoring.standing import Floats, Standing

MOST = 20
"""Rows that are listed."""

Row = list[Any]


def mailed_pipeline(
    standing: Standing,
    scores: Sequence[Score],
    rates: Mapping[str, float] | None,
    stages: StageNames,
    language: Language,
) -> dict[str, Any] | None:
    """Choose what is shown of what is open; None where nothing is.

    Parameters
    ----------
    standing
        What is open, in one process or several.
    scores
        Their scores, in the same order.
    rates
        What one unit of each currency is worth in that of the report; None where there is only one.

    Raises
    ------
    DataError
        There are several currencies, and no rates between them.
    """
    if not len(standing):
        return None
    win = np.array([np.nan if one.win_probability is None else one.win_probability for one in scores])
    amount, currency = in_one_currency(standing.amount, standing.currency, rates)
    value = win * amount
    order = np.argsort(-np.nan_to_num(value, nan=-1.0), kind="stable")[:MOST]
    rows = [
        [*_row(standing, scores[place], place, stages, language), (_or_none(value[place]), currency)]
        for place in order.tolist()
    ]
    columns = [
        Column(language.say(N_("Opportunity"))),
        Column(language.say(N_("Class"))),
        Column(language.say(N_("Win probability")), "share"),
        Column(language.say(N_("Fixed weight")), "share"),
        Column(language.say(N_("80% low")), "share"),
        Column(language.say(N_("80% high")), "share"),
        Column(language.say(N_("Owner"))),
        Column(language.say(N_("Stage"))),
        Column(language.say(N_("Amount")), "money"),
        Column(language.say(N_("Expected value")), "money"),
    ]
    title = language.say(N_("Open opportunities, the highest expected value first"))
    table = DataTable("open", title, columns, rows)
    about = {"table": table, "count": len(standing), "shown": len(rows), "is_converted": rates is not None}
    return about | {"totals": _totals(win, standing.weight, amount), "currency": currency}


def _row(standing: Standing, score: Score, place: int, stages: StageNames, language: Language) -> Row:
    low, high = score.interval or (None, None)
    names, currency = CLASSES.get(score.opportunity_class or ""), standing.currency[place]
    process = standing.history.opportunities["process"].iloc[standing.place[place]]
    return [
        score.opportunity_id,
        None if names is None else names[language.tag],
        score.win_probability,
        _or_none(standing.weight[place]),
        low,
        high,
        standing.owner[place],
        stages.of(standing.stage[place], process),
        (_or_none(standing.amount[place]), currency),
    ]


def _or_none(number: float) -> float | None:
    return None if np.isnan(number) else float(number)


def _totals(win: Floats, weight: Floats, amount: Floats) -> dict[str, Any]:
    """Sums of all that is open. What is learned and what the rule says are over the same opportunities."""
    scored, priced = ~np.isnan(win), ~np.isnan(amount)
    counted = scored & priced
    return {
        "without_amount": int((~priced).sum()),
        "amount": float(amount[priced].sum()),
        "expected_value": float((win * amount)[counted].sum()),
        "by_fixed_weights": float((weight * amount)[counted].sum()),
        "expected_wins": float(win[scored].sum()),
        "wins_by_fixed_weights": float(weight[scored].sum()),
    }
