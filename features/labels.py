"""What happened after an instant: outcome, time, censoring. For training and backtest only."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.compiled import Floats, Ints, column, compiled
from features.history.history import History
from features.instants import DAY, micros
from features.outcomes import Labels
from features.snapshots import view_of


@compiled
def _first_close(
    starts: Ints,
    occurred: Ints,
    recorded: Ints,
    value: Floats,
    outcome: Ints,
    key: Ints,
    as_of: Ints,
    until: int,
    when: Ints,
    what: Ints,
) -> None:  # pragma: no cover - compiled
    for i in range(len(key)):
        when[i], what[i] = until, 0
        for e in range(starts[key[i]], starts[key[i] + 1]):
            if recorded[e] > until or occurred[e] > until:
                continue
            result = outcome[np.int64(value[e])]
            if occurred[e] <= as_of[i]:
                # The state at the instant, as it is known now: perhaps closed, and told later.
                when[i], what[i] = (as_of[i], result) if result else (until, 0)
            elif what[i] == 0 and result != 0:
                when[i], what[i] = occurred[e], result


def labels_of(history: History, keys: pd.DataFrame, until: pd.Timestamp) -> Labels:
    """Find what became of opportunities after instants at which they were open.

    The label is the first close after ``as_of``. A close that happened before ``as_of``
    and was recorded after it counts as a close at once: the opportunity was open as known.

    Parameters
    ----------
    keys
        Columns ``opportunity_id`` and ``as_of``, as for ``build_snapshots``.
    until
        End of what may be known: nothing recorded later is used, and who has not closed by
        then is censored.

    Examples
    --------
    >>> from features.history.history import build_history
    >>> history = build_history({
    ...     "opportunities": pd.DataFrame(
    ...         {"opportunity_id": ["o1"], "process": ["default"], "created_at": ["2026-01-01"]}),
    ...     "stage_history": pd.DataFrame(
    ...         {"opportunity_id": ["o1", "o1"], "stage": ["proposal", "won"],
    ...          "occurred_at": ["2026-01-01", "2026-01-08"]})})
    >>> key = pd.DataFrame({"opportunity_id": ["o1"], "as_of": [pd.Timestamp("2026-01-05", tz="UTC")]})
    >>> found = labels_of(history, key, pd.Timestamp("2026-02-01", tz="UTC"))
    >>> found.days, found.outcome, found.watched
    (array([3.]), array([1]), array([27.]))
    """
    view = view_of(history, keys)
    stages = view.stage_timeline
    end = int(micros(pd.Index([until]))[0])
    when, what = np.empty(len(view), np.int64), np.empty(len(view), np.int64)
    events = (stages.starts, stages.occurred, stages.recorded, stages.value)
    _first_close(*events, column(view.stage_outcome), column(view.opportunity), column(view.as_of), end, when, what)
    return Labels((when - view.as_of) / DAY, what, (end - view.as_of) / DAY)
