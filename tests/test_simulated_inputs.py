"""Targets and commits of the demonstration: known in time, without looking ahead, the same for a seed."""

from __future__ import annotations

import pandas as pd
import pytest

from features.as_of import known_as_of
from features.history.dated_inputs import commit_for, inputs_of, target_for
from features.history.dated_inputs_file import read_inputs_file
from features.history.history import History
from features.history.simulated import simulate
from features.history.simulated_inputs import simulated_inputs
from features.reporting_calendar import ReportingCalendar

CALENDAR = ReportingCalendar()


@pytest.fixture(scope="module")
def history() -> History:
    return known_as_of(simulate(600, seed=3), pd.Timestamp("2025-11-18", tz="UTC"))


def test_this_month_and_the_next_have_targets_and_every_owner_commits(
    history: History, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, frames = tmp_path_factory.mktemp("stated"), {}
    for kind, rows in simulated_inputs(history, CALENDAR, 0).items():
        rows.to_csv(folder / f"{kind}.csv", index=False)
        frames[kind] = read_inputs_file(folder / f"{kind}.csv", kind, "UTC")
    inputs, at = inputs_of(frames), history.observed_until
    for span in ("month", "quarter"):
        now = CALENDAR.period_of(at, span)
        later = CALENDAR.period_of(now.end, span)
        goals = [target_for(inputs, "company", None, p.first, p.last, at) for p in (now, later)]
        assert all(goal is not None and goal.amount and goal.amount > 0 for goal in goals)
        owners = history.opportunities["owner_id"].unique()
        assert all(commit_for(inputs, owner, now.first, now.last, at) is not None for owner in owners)
        assert commit_for(inputs, owners[0], later.first, later.last, at) is None


def test_nobody_looks_ahead_and_a_seed_gives_the_same(history: History) -> None:
    whole = simulated_inputs(history, CALENDAR, 0)
    assert all(whole[kind].equals(again) for kind, again in simulated_inputs(history, CALENDAR, 0).items())
    assert not whole["commits"].equals(simulated_inputs(history, CALENDAR, 1)["commits"])
    earlier = known_as_of(history, pd.Timestamp("2025-10-01", tz="UTC"))
    before = simulated_inputs(earlier, CALENDAR, 0)["targets"]
    month = ["scope", "name", "period_start", "period_end"]
    both = before.merge(whole["targets"], on=month, suffixes=("", "_later"))
    told_then = both[both["recorded_at"] == both["recorded_at_later"]]
    assert len(told_then) > 20
    assert (told_then["amount"] == told_then["amount_later"]).all()
