"""Why a score changed: the passing of time, what was recorded, a new model, in that order."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from features.as_of import known_as_of
from features.errors import RequestError
from features.history.history import History
from models.artifact import Artifact
from scoring.difference import Step, StepKey, check_open, estimate, steps_between
from scoring.rounding import tenths
from scoring.words import Words


@dataclass(frozen=True)
class Change:
    """From one score of an opportunity to another; the points of ``steps`` add up to the difference.

    ``before_shown`` and ``after_shown`` are the probabilities in percentage points, to a tenth.
    """

    opportunity_id: str
    start: pd.Timestamp
    end: pd.Timestamp
    before_version: str
    after_version: str
    before: float
    after: float
    before_shown: float
    after_shown: float
    steps: tuple[Step, ...]


def change_between(
    history: History,
    opportunity_id: str,
    start: pd.Timestamp,
    end: pd.Timestamp,
    before: Artifact,
    after: Artifact,
    *,
    alone: bool = False,
    known_then: History | None = None,
) -> Change:
    """Split the change of a score into what time, the data and a new model did.

    Time: what was known at the start, asked at the end, less the first score. Data: what was
    known at the end, less that, by the former model. Model: the latter model less the former.

    Parameters
    ----------
    history
        The recorded past; what was recorded after ``end`` has no effect.
    start, end
        Instants of the two scores.
    before, after
        The models that gave them; perhaps the same.
    alone
        Whether the history lacks the other opportunities, so that each model's own past
        results count, as for a live request; new ones then count with the new model.
    known_then
        What was known at the start, where what was corrected since cannot be told from ``history``.

    Raises
    ------
    RequestError
        The end lies before the start, or the opportunity is not open at one of them.
    """
    if end < start:
        found = f"from {start.isoformat()}, to {end.isoformat()}"
        raise RequestError(found, "an instant from which by that to which", "exchange them", "/from/as_of")
    then, now = known_as_of(history if known_then is None else known_then, start), known_as_of(history, end)
    _check_known(then, opportunity_id, start)
    check_open(then, opportunity_id, start, "/from/as_of")
    check_open(now, opportunity_id, end, "/to/as_of")
    past, past_after = (before.past, after.past) if alone else (None, None)
    estimates = [
        estimate(then, opportunity_id, start, before, past),
        estimate(then, opportunity_id, end, before, past),
        estimate(now, opportunity_id, end, before, past),
    ]
    last = estimates[-1] if after is before else estimate(now, opportunity_id, end, after, past_after)
    said: dict[StepKey, Words] = {
        "time": Words(
            f"the passing of time from {start.date()} to {end.date()}", f"时间推移（{start.date()}至{end.date()}）"
        ),
        "data": Words("what was recorded meanwhile", "期间记录的数据变化"),
        "model": _new_model(before, after),
    }
    steps = steps_between([*estimates, last], ("time", "data", "model"), said)
    first, final = estimates[0].win, last.win
    versions = before.version, after.version
    return Change(opportunity_id, start, end, *versions, first, final, tenths(first) / 10, tenths(final) / 10, steps)


def _check_known(then: History, opportunity_id: str, start: pd.Timestamp) -> None:
    if not (then.opportunities["opportunity_id"] == opportunity_id).any():
        found = f"opportunity {opportunity_id!r} as of {start.isoformat()}: it was not recorded by then"
        raise RequestError(found, "one that is open then", "choose another instant, or correct the id", "/from/as_of")


def _new_model(before: Artifact, after: Artifact) -> Words:
    if after is before:
        return Words(f"the model is the same, version {after.version}", f"模型未变（版本{after.version}）")
    return Words(
        f"the new model, version {after.version} after {before.version},",
        f"新模型（版本{before.version}改为{after.version}）",
    )
