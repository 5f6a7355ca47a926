"""One part of the work list: some opportunities read, scored by champion and challenger, and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd
from sqlalchemy import Connection

from api.background.scoring import Scored, score_known
from api.background.telling import Tell
from api.champion import Champion
from api.store.erasure import erased_after
from api.store.scores import append_scores, is_changed, is_due, last_scores, score_row, trends
from api.store.work_list import replace_rows
from features.history.database.bulk_reads import opportunities_known
from features.history.database.description import Description
from features.history.database.reads import Cut, Known
from features.instants import instant, micros_of

Row = dict[str, Any]


@dataclass(frozen=True)
class Moment:
    """The instant and the commit as of which everything of one pass is scored."""

    cut: Cut
    description: Description

    @property
    def as_of(self) -> pd.Timestamp:
        """Instant asked about."""
        return instant(self.cut.recorded_by)


@dataclass(frozen=True)
class Models:
    """Who answers, and who answers in the shadow."""

    champion: Champion
    shadow: Champion | None = None

    @property
    def has_shadow(self) -> bool:
        """Whether there is a challenger, and it is another than the champion."""
        return self.shadow is not None and self.shadow.versions != self.champion.versions


@dataclass(frozen=True)
class ScoredPart:
    """Opportunities scored: ``ids`` were asked for, some may not be readable."""

    ids: Sequence[str]
    scored: Sequence[Scored]
    shadowed: Sequence[Scored]
    moment: Moment


def score_part(connection: Connection, ids: Sequence[str], models: Models, moment: Moment) -> ScoredPart:
    """Read and score some hundred opportunities."""
    known: list[Known] = list(opportunities_known(connection, ids, moment.cut).values())
    scored = score_known(models.champion, known, moment.description, moment.as_of)
    shadowed: list[Scored] = []
    if models.has_shadow and models.shadow is not None:
        shadowed = score_known(models.shadow, known, moment.description, moment.as_of)
    return ScoredPart(ids, scored, shadowed, moment)


def write_part(connection: Connection, list_id: int, part: ScoredPart, tell: Tell) -> None:
    """Write rows of the list, what belongs into the history, and tell of what changed."""
    cut = part.moment.cut
    part = without_erased(connection, part)
    rows = {one.score.opportunity_id: _history_row(one, cut, is_shadow=False) for one in part.scored}
    last = last_scores(connection, list(rows))
    _append(connection, rows, last, part)
    trend = trends(connection, list(rows.values()))
    listed = [listed_row(one, cut.recorded_by) | {"trend": trend[one.score.opportunity_id]} for one in part.scored]
    replace_rows(connection, list_id, part.ids, [row for row in listed if row["outcome"] == "open"])
    changed = {name for name, row in rows.items() if is_changed(row, last.get(name))}
    told = [
        row | {"list_id": list_id, "model_version": rows[row["opportunity_id"]]["model_version"]}
        for row in listed
        if row["opportunity_id"] in changed
    ]
    if told:
        tell.scores(connection, told, cut.recorded_by)


def without_erased(connection: Connection, part: ScoredPart) -> ScoredPart:
    """Leave out what was erased since it was read: it must not come back."""
    gone = erased_after(connection, part.moment.cut.through_seq, "opportunity", part.ids)
    if not gone:
        return part
    scored, shadowed = (
        [one for one in found if one.score.opportunity_id not in gone] for found in (part.scored, part.shadowed)
    )
    return replace(part, scored=scored, shadowed=shadowed)


def _history_row(one: Scored, cut: Cut, is_shadow: bool) -> Row:
    return score_row(one.score, cut.recorded_by, cut.through_seq, is_shadow=is_shadow)


def _append(
    connection: Connection, rows: Mapping[str, Row], last: Mapping[str, Mapping[str, Any]], part: ScoredPart
) -> None:
    """Add what is due to the history; of champion and challenger always both, so that they can be compared."""
    shadowed = {one.score.opportunity_id: _history_row(one, part.moment.cut, is_shadow=True) for one in part.shadowed}
    last_shadow = last_scores(connection, list(shadowed), is_shadow=True) if shadowed else {}
    due = {name for name, row in rows.items() if is_due(row, last.get(name))}
    due |= {name for name, row in shadowed.items() if name in rows and is_due(row, last_shadow.get(name))}
    append_scores(connection, [row for name, row in rows.items() if name in due])
    append_scores(connection, [row for name, row in shadowed.items() if name in due])


def listed_row(one: Scored, as_of: int) -> Row:
    """Write a scored opportunity as a row of the work list; its list and its trend are added by others."""
    score, request = one.score, one.request
    low, high = score.interval or (None, None)
    amount, probability = one.amount, score.win_probability
    return {
        "opportunity_id": score.opportunity_id,
        "as_of": as_of,
        "status": score.status,
        "outcome": score.outcome,
        "probability": probability,
        "low": low,
        "high": high,
        "fixed_weight": score.fixed_weight_probability,
        "expected_value": None if amount is None or probability is None else probability * amount,
        "expected_close": None if score.expected_close is None else micros_of(score.expected_close),
        "amount": amount,
        "currency": request["currency"],
        "opportunity_class": score.opportunity_class,
        "man": score.man.code,
        "stage": one.stage,
        "account_id": request["account_id"],
        "owner_id": one.owner_id,
        "team": request["team"],
        "product": request["product"],
        "process": request["process"],
    }
