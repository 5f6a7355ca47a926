"""Old scores thinned out: of each week the last score of an opportunity stays."""

from __future__ import annotations

from sqlalchemy import delete, exists, func, select

from api.store.tables import SCORES
from features.history.database.engine import Database

WEEK = 7 * 24 * 3600 * 1_000_000
"""Microseconds."""

_LATER = SCORES.alias("later")


def thin_scores(database: Database, before: int) -> int:
    """Delete scores of whole weeks before an instant, but for the last of each opportunity in each week.

    A week is a transaction of its own, so that writes wait little. What is kept is as it was
    given: trends, outcomes of classes and a rebuild read it as before.

    Parameters
    ----------
    before
        Microseconds since 1970; weeks begin on Thursdays, as 1970 did.

    Returns
    -------
    Number of scores deleted.
    """
    with database.reading() as connection:
        first = connection.execute(select(func.min(SCORES.c.as_of))).scalar()
    weeks = range(first // WEEK, before // WEEK) if first is not None else ()
    return sum(_thin_week(database, week * WEEK) for week in weeks)


def _thin_week(database: Database, start: int) -> int:
    same = [_LATER.c[name] == SCORES.c[name] for name in ("opportunity_id", "is_shadow")]
    later = exists().where(*same, _LATER.c.as_of > SCORES.c.as_of, _LATER.c.as_of < start + WEEK)
    doomed = delete(SCORES).where(SCORES.c.as_of >= start, SCORES.c.as_of < start + WEEK, later)
    with database.changing() as connection:
        return connection.execute(doomed).rowcount
