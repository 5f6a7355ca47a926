"""What the estimate would be if something of an opportunity were different: association, not promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from features.history.history import History
from features.history.hypothetical import hypothetical_instant, with_changes
from features.history.live_rules import Rules
from models.artifact import Artifact
from scoring.difference import Step, StepKey, check_open, estimate, steps_between
from scoring.rounding import tenths
from scoring.words import Words

CAUTION = Words(
    "opportunities like that are won about so often; this is an association in past data, not a promise that "
    "making the change brings it about",
    "这类商机的赢单概率大致如此；这是历史数据中的关联，并非承诺作出该改变就会带来这一结果",
)


@dataclass(frozen=True)
class WhatIf:
    """The estimate now, and the one with what is supposed; the points of ``steps`` add up to the difference.

    ``as_of`` is the instant of ``now``, ``answered_as_of`` that of ``then``: the last supposed
    activity, if it lies ahead.
    """

    opportunity_id: str
    as_of: pd.Timestamp
    answered_as_of: pd.Timestamp
    now: float
    then: float
    now_shown: float
    then_shown: float
    steps: tuple[Step, ...]
    caution: Words = CAUTION


def what_if(
    history: History, opportunity_id: str, changes: Mapping[str, Any], as_of: pd.Timestamp, artifact: Artifact
) -> WhatIf:
    """Estimate an opportunity with supposed changes, everything else as it is.

    Parameters
    ----------
    history
        The opportunity as known at ``as_of``, as of a live request; nothing recorded later.
    changes
        As ``features.history.hypothetical.with_changes`` takes them.

    Raises
    ------
    RequestError
        The opportunity is not open, or a change is wrong.
    """
    check_open(history, opportunity_id, as_of, "/as_of")
    at = hypothetical_instant(changes, as_of)
    supposed = with_changes(history, opportunity_id, changes, at, Rules(at, artifact.processes, artifact.catalogue))
    estimates = [estimate(history, opportunity_id, as_of, artifact, artifact.past)]
    keys: list[StepKey] = ["data"]
    if at > as_of:
        keys = ["time", "data"]
        estimates.append(estimate(history, opportunity_id, at, artifact, artifact.past))
    estimates.append(estimate(supposed, opportunity_id, at, artifact, artifact.past))
    said: dict[StepKey, Words] = {
        "time": Words(f"the passing of time until {at.date()}", f"时间推移（至{at.date()}）"),
        "data": Words("what is supposed", "假设的改变"),
    }
    now, then = estimates[0].win, estimates[-1].win
    return WhatIf(
        opportunity_id, as_of, at, now, then, tenths(now) / 10, tenths(then) / 10, steps_between(estimates, keys, said)
    )
