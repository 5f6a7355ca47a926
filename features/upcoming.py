"""What is planned: known, and not yet happened."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from features.compiled import Ints, column, compiled
from features.paths import Timeline


@compiled
def _find_next(
    starts: Ints,
    occurred: Ints,
    recorded: Ints,
    superseded: npt.NDArray[np.float64],
    key: Ints,
    as_of: Ints,
    ahead: Ints,
) -> None:  # pragma: no cover - compiled
    for i in range(len(key)):
        ahead[i] = -1
        for e in range(starts[key[i]], starts[key[i] + 1]):
            if occurred[e] > as_of[i] and recorded[e] <= as_of[i] < superseded[e]:
                ahead[i] = occurred[e] - as_of[i]
                break


def next_planned(planned: Timeline, key: Ints, as_of: Ints) -> Ints:
    """Time to the next planned event of each snapshot, microseconds; -1 when none is planned.

    Parameters
    ----------
    planned
        Planned events; ``value`` is the instant from which a later record replaces the plan.
    key, as_of
        The snapshots, shape (n,).

    Examples
    --------
    >>> from features.paths import timeline
    >>> plan = timeline(np.array([0]), np.array([50]), np.array([10]), np.array([40.0]), n_keys=1)
    >>> next_planned(plan, np.array([0, 0, 0]), np.array([5, 20, 45]))
    array([-1, 30, -1])
    """
    ahead = np.empty(len(key), np.int64)
    _find_next(planned.starts, planned.occurred, planned.recorded, planned.value, column(key), column(as_of), ahead)
    return ahead
