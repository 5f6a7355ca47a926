"""Why a reopened opportunity was lost before: known once it is open again, and never of the spell that it closed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from features.compiled import column, compiled
from features.feature import Feature
from features.field_values import values_of, words_of
from features.paths import timeline
from features.view import Floats, Ints, View

FIELD = "lost_reason"

FEATURES = (
    Feature("earlier_lost_reason", "stage", "category", "earlier loss reason", "此前丢单原因", "Reason of the close before the last reopening, recorded strictly before; missing when never reopened or not recorded."),
)  # fmt: skip


@compiled
def _last_said(
    starts: Ints, occurred: Ints, recorded: Ints, value: Floats, key: Ints, by: Ints, before: Ints, said: Floats
) -> None:  # pragma: no cover - compiled
    for i in range(len(key)):
        said[i] = np.nan
        for e in range(starts[key[i]], starts[key[i] + 1]):
            if occurred[e] > by[i]:
                break
            if recorded[e] < before[i]:
                said[i] = value[e]


def compute(view: View) -> dict[str, NDArray[np.object_]]:
    """Take the reason given by the last reopening; None when there is none.

    A reason that is given after the reopening may be that of the close to come: it is not
    taken, whenever it was recorded.
    """
    reopened = view.stage_path.reopened > 0
    if not reopened.any():
        return {"earlier_lost_reason": np.full(len(view), None, dtype=object)}
    # Without a reopening nothing counts: no event is before the beginning of time.
    by = np.where(reopened, view.stage_path.spell_start, np.iinfo(np.int64).min)
    return {"earlier_lost_reason": said_by(view, by, view.as_of)}


def said_by(view: View, by: Ints, before: Ints) -> NDArray[np.object_]:
    """Find the last reason given by one instant and recorded strictly before another; None if none was.

    Parameters
    ----------
    by, before
        Instants of each snapshot, microseconds, shape (n,).
    """
    rows = view.rows.fields.of(FIELD)
    words = words_of(FIELD, rows.text)
    path = timeline(rows.key, rows.occurred, rows.recorded, values_of(FIELD, rows.text, words), n_keys=view.size)
    said = np.empty(len(view))
    events = (path.starts, path.occurred, path.recorded, path.value)
    _last_said(*events, column(view.opportunity), column(by), column(before), said)
    named: NDArray[np.object_] = np.array([*words, None], dtype=object)
    return named[np.where(np.isnan(said), -1, said).astype(np.int64)]
