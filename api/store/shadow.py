"""Scores of a challenger in the shadow, beside those of the champion."""

from __future__ import annotations

from typing import Any

import numpy as np
from sqlalchemy import Connection, RowMapping, func, literal, select

from api.store.tables import SCORES
from scoring.shadow_comparison import ShadowComparison, compare


def shadow_comparison(connection: Connection, champion: str, challenger: str) -> ShadowComparison:
    """Compare two versions on the opportunities that both scored at the same instants.

    Parameters
    ----------
    champion, challenger
        Versions.
    """
    last = _pairs(connection, champion, challenger, func.max)
    first = {row["opportunity_id"]: row for row in _pairs(connection, champion, challenger, func.min)}
    outcome = _outcomes(connection, challenger)
    closed = [(first[name], word == "won") for name, word in outcome.items() if name in first and word != "open"]
    return compare(
        np.array([row["theirs"] for row in last], np.float64),
        np.array([row["ours"] for row in last], np.float64),
        sum(row["class_theirs"] != row["class_ours"] for row in last),
        (
            np.array([row["theirs"] for row, _ in closed], np.float64),
            np.array([row["ours"] for row, _ in closed], np.float64),
            np.array([won for _, won in closed], np.float64),
        ),
    )


def _pairs(connection: Connection, champion: str, challenger: str, which: Any) -> list[RowMapping]:
    """Read the first, or the last, instant at which both gave an opportunity a probability."""
    ours, theirs = SCORES.alias("ours"), SCORES.alias("theirs")
    same = (ours.c.opportunity_id == theirs.c.opportunity_id) & (ours.c.as_of == theirs.c.as_of)
    both = (
        ours.c.is_shadow == literal(True),
        ours.c.model_version == challenger,
        theirs.c.is_shadow == literal(False),
        theirs.c.model_version == champion,
        ours.c.probability.is_not(None),
        theirs.c.probability.is_not(None),
    )
    at = select(ours.c.opportunity_id, which(ours.c.as_of).label("as_of")).join(theirs, same).where(*both)
    of_each = at.group_by(ours.c.opportunity_id).subquery()
    chosen = (ours.c.opportunity_id == of_each.c.opportunity_id) & (ours.c.as_of == of_each.c.as_of)
    asked = (
        select(
            ours.c.opportunity_id,
            ours.c.probability.label("ours"),
            theirs.c.probability.label("theirs"),
            ours.c.opportunity_class.label("class_ours"),
            theirs.c.opportunity_class.label("class_theirs"),
        )
        .join(theirs, same)
        .join(of_each, chosen)
        .where(*both)
    )
    return list(connection.execute(asked).mappings().all())


def _outcomes(connection: Connection, challenger: str) -> dict[str, str]:
    """Last outcome known of each opportunity that the challenger scored, whoever scored it last."""
    scored = select(SCORES.c.opportunity_id).where(
        SCORES.c.is_shadow == literal(True), SCORES.c.model_version == challenger
    )
    served = (SCORES.c.is_shadow == literal(False), SCORES.c.opportunity_id.in_(scored))
    at = select(SCORES.c.opportunity_id, func.max(SCORES.c.as_of).label("as_of")).where(*served)
    of_each = at.group_by(SCORES.c.opportunity_id).subquery()
    chosen = (SCORES.c.opportunity_id == of_each.c.opportunity_id) & (SCORES.c.as_of == of_each.c.as_of)
    asked = select(SCORES.c.opportunity_id, SCORES.c.outcome).join(of_each, chosen)
    rows = connection.execute(asked.where(SCORES.c.is_shadow == literal(False))).all()
    return {row[0]: row[1] for row in rows if row[1] is not None}
