"""A history moved in time is the same history on other days."""

from __future__ import annotations

import pandas as pd
import pytest

from features.history.history import History, build_history
from features.history.shifted import shifted
from features.instants import micros
from features.snapshots import build_snapshots
from training.grid import open_at


def test_a_moved_history_gives_the_same_snapshots_on_moved_days(simulated: History) -> None:
    by = pd.Timedelta(days=329)
    moved = shifted(simulated, by)
    before = build_snapshots(simulated, open_at(simulated, micros(pd.Index([simulated.observed_until]))))
    after = build_snapshots(moved, open_at(moved, micros(pd.Index([moved.observed_until]))))
    ids = [snapshots.index.get_level_values("opportunity_id") for snapshots in (before, after)]
    assert list(ids[0]) == list(ids[1])
    pd.testing.assert_frame_equal(before.reset_index(drop=True), after.reset_index(drop=True))
    build_history(moved.tables, processes=moved.processes, attributes=moved.attributes)


def test_a_history_is_moved_by_whole_days_only(simulated: History) -> None:
    with pytest.raises(ValueError, match="whole days"):
        shifted(simulated, pd.Timedelta(hours=5))
