"""Scores of past instants, worked out now: what the model of today says of what was known then.

They show where a probability has been going, and were served to nobody: ``was_served`` of their rows is false.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd

from api.background.candidates import all_opportunities, worth_scoring
from api.background.lease import REFRESHING, Lease
from api.background.part import Models, Moment, score_part, without_erased
from api.champion import Champion
from api.store.scores import append_scores, score_row
from features.history.database.description import read_description
from features.history.database.engine import Database, last_commit
from features.history.database.reads import Cut
from features.instants import micros_of

_PART = 200


def record_earlier_scores(
    database: Database, champion: Champion, instants: Sequence[pd.Timestamp], clock: Callable[[], pd.Timestamp]
) -> int:
    """Score what was open at each of past instants, as it was known then, and keep it in the history of scores.

    Parameters
    ----------
    clock
        The present: for the lease under which scores are written, so that nothing comes back that is erased meanwhile.

    Returns
    -------
    How many scores were kept.

    Raises
    ------
    LeaseLostError
        A service keeps the list of this database now.
    """
    lease, now = Lease(REFRESHING), micros_of(clock())
    with database.changing() as connection:
        lease.keep(connection, now)
    kept = sum(_record(database, champion, micros_of(at), lease, clock) for at in instants)
    with database.changing() as connection:
        lease.release(connection)
    return kept


def _record(database: Database, champion: Champion, at: int, lease: Lease, clock: Callable[[], pd.Timestamp]) -> int:
    with database.reading() as connection:
        cut = Cut(at, last_commit(connection)[0])
        moment = Moment(cut, read_description(connection, cut.recorded_by, cut.through_seq))
        named = all_opportunities(connection, cut)
        ids = worth_scoring(connection, named, moment.description.processes, cut)
    kept = 0
    for start in range(0, len(ids), _PART):
        with database.reading() as connection:
            read = score_part(connection, ids[start : start + _PART], Models(champion), moment)
        now = micros_of(clock())
        with database.changing() as connection:
            lease.keep(connection, now)
            scores = [one.score for one in without_erased(connection, read).scored if one.score.outcome == "open"]
            rows = [score_row(score, cut.recorded_by, cut.through_seq, was_served=False) for score in scores]
            append_scores(connection, rows)
        kept += len(rows)
    return kept
