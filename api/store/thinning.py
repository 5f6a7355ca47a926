"""Old scores thinned out: of each week the last score of an opportunity stays."""

from __future__ import annotations

from sqlalchemy import Select, and_, delete, exists, or_, select
from sqlalchemy.sql import ColumnElement

from api.store.tables import SCORES
from features.history.database.engine import Database
from features.history.database.parts import parts_of

WEEK = 7 * 24 * 3600 * 1_000_000
"""Microseconds."""

_LATER, _BESIDE = SCORES.alias("later"), SCORES.alias("beside")


def thin_scores(database: Database, before: int) -> int:
    """Delete scores of whole weeks before an instant, but for the last of each opportunity in each week.

    What was said when an opportunity closed stays, and so do the scores of a challenger with those
    beside them. What stays is as it was given. Some hundred opportunities are a transaction of
    their own, so that writes wait little.

    Parameters
    ----------
    before
        Microseconds since 1970; weeks begin on Thursdays, as 1970 did.

    Returns
    -------
    Number of scores deleted.
    """
    end = before // WEEK * WEEK
    with database.reading() as connection:
        names = sorted(set(connection.execute(old_opportunities(end)).scalars()))
    deleted = 0
    for part in parts_of(names):
        with database.changing() as connection:
            mine = (SCORES.c.opportunity_id.in_(part), SCORES.c.as_of < end)
            deleted += connection.execute(delete(SCORES).where(*mine, _may_go())).rowcount
    return deleted


def old_opportunities(end: int) -> Select[tuple[str]]:
    """Ask for the opportunity of every score from before an instant, in microseconds.

    Without DISTINCT, for which SQLite would rather read every score than the old ones by their index.
    """
    return select(SCORES.c.opportunity_id).where(SCORES.c.as_of < end)


def _may_go() -> ColumnElement[bool]:
    """Say in a query that another served score of the week is later, and nothing else rests on this one."""
    same = _LATER.c.opportunity_id == SCORES.c.opportunity_id
    in_its_week = (_LATER.c.as_of > SCORES.c.as_of) & (_LATER.c.as_of // WEEK == SCORES.c.as_of // WEEK)
    later = exists().where(same, in_its_week, _LATER.c.was_served)
    challenged = exists().where(
        _BESIDE.c.opportunity_id == SCORES.c.opportunity_id, _BESIDE.c.as_of == SCORES.c.as_of, _BESIDE.c.is_shadow
    )
    is_open = or_(SCORES.c.outcome.is_(None), SCORES.c.outcome.not_in(("won", "lost")))
    return and_(later, ~challenged, is_open, ~SCORES.c.is_shadow)
