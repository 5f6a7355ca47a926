"""Paths of stages and values: what is known of them at an instant."""

from __future__ import annotations

import numpy as np
import pytest

from features.event_delays import next_event
from features.paths import Timeline, timeline, walk_stages, walk_values
from features.windows import EVER, group_events

POSITION, OUTCOME = np.array([0, 1, 2, 3, 4]), np.array([0, 0, 0, 1, 2])  # three open stages, won, lost
NAN = np.nan


def line(*events: tuple[float, float, float], key: int = 0, n_keys: int = 1) -> Timeline:
    """A timeline of (value, occurred, recorded)."""
    value, occurred, recorded = (np.array(part) for part in zip(*events, strict=True))
    return timeline(
        np.full(len(value), key), occurred.astype(np.int64), recorded.astype(np.int64), value, n_keys=n_keys
    )


def at(*instants: int) -> tuple[np.ndarray, np.ndarray]:
    return np.zeros(len(instants), np.int64), np.array(instants)


def test_events_are_in_the_order_they_happened_then_were_recorded_then_were_told() -> None:
    events = [(5.0, 3, 3), (4.0, 3, 3), (1.0, 3, 2), (9.0, 1, 8)]
    assert line(*events).value.tolist() == [9, 1, 5, 4]
    assert line(*events[::-1]).value.tolist() == [9, 1, 4, 5]


def test_of_one_instant_the_stage_and_the_value_told_last_hold() -> None:
    path = walk_stages(line((3, 2, 2), (1, 2, 2)), POSITION, OUTCOME, *at(2))
    assert (path.stage[0], path.reopened[0]) == (1, 1), "won, then opened again"
    assert walk_values(line((7, 2, 2), (5, 2, 2), (NAN, 4, 4), (6, 4, 4)), *at(2, 4)).last.tolist() == [5, 6]


def test_events_without_a_key_are_left_out_and_keys_without_events_are_empty() -> None:
    at_all = np.array([1, 2, 3])
    made = timeline(np.array([2, -1, 0]), at_all, at_all, at_all.astype(float), n_keys=4)
    assert made.starts.tolist() == [0, 1, 1, 2, 2]
    assert made.value.tolist() == [3, 1]


def test_a_stage_entered_again_without_leaving_it_keeps_its_first_day() -> None:
    path = walk_stages(line((1, 2, 2), (1, 5, 5)), POSITION, OUTCOME, *at(9))
    assert (path.stage[0], path.entered[0], path.forward[0]) == (1, 2, 0)


def test_a_late_record_changes_the_path_from_when_it_was_told() -> None:
    events = line((0, 1, 1), (1, 3, 7), (2, 5, 5))
    path = walk_stages(events, POSITION, OUTCOME, *at(6, 7))
    assert path.stage.tolist() == [2, 2]
    assert path.forward.tolist() == [1, 2]
    assert path.skipped.tolist() == [1, 0]


def test_a_reopening_starts_a_spell_and_is_no_move_back() -> None:
    events = line((2, 1, 1), (4, 4, 4), (1, 6, 6))
    path = walk_stages(events, POSITION, OUTCOME, *at(5, 6))
    assert path.reopened.tolist() == [0, 1]
    assert path.spell_start.tolist() == [1, 6]
    assert path.backward.tolist() == [0, 0]
    assert path.furthest.tolist() == [2, 2]


def test_before_the_first_event_nothing_is_known() -> None:
    path = walk_stages(line((0, 5, 5)), POSITION, OUTCOME, *at(4))
    assert (path.stage[0], path.entered[0], path.furthest[0], path.forward[0]) == (-1, -1, -1, 0)
    values = walk_values(line((7.0, 5, 5)), *at(4))
    assert np.isnan([values.first[0], values.last[0]]).all()
    assert values.set_at[0] == -1


def test_seven_instants_of_a_value_that_rose_fell_was_cleared_and_came_back() -> None:
    events = line((100, 1, 1), (120, 3, 3), (120, 4, 4), (90, 5, 8), (NAN, 9, 9), (90, 10, 10))
    path = walk_values(events, *at(0, 1, 3, 7, 8, 9, 10))
    assert path.last.tolist() == pytest.approx([NAN, 100, 120, 120, 90, NAN, 90], nan_ok=True)
    assert path.first.tolist() == pytest.approx([NAN, 100, 100, 100, 100, 100, 100], nan_ok=True)
    assert path.set_at.tolist() == [-1, 1, 3, 3, 5, 9, 10]
    assert path.ups.tolist() == [0, 0, 1, 1, 1, 1, 1]
    assert path.downs.tolist() == [0, 0, 0, 0, 1, 1, 1]


def test_the_first_value_is_the_first_that_was_one() -> None:
    path = walk_values(line((NAN, 1, 1), (3, 2, 2)), *at(2))
    assert (path.first[0], path.ups[0]) == (3, 0)


def test_the_next_planned_event_is_the_soonest_that_is_known_and_still_stands() -> None:
    plans = group_events([0] * 3, [50, 70, 40], [10, 20, 30], n_groups=1, superseded=[60, EVER, EVER])
    assert next_event(plans, *at(9, 10, 20, 30, 40, 60, 70), n_kinds=1, kind=0).tolist() == [-1, 40, 30, 10, 10, 10, -1]


def test_paths_do_not_mix_keys() -> None:
    at_all = np.array([1, 2])
    both = timeline(np.array([0, 1]), at_all, at_all, np.array([5.0, 6.0]), n_keys=2)
    assert walk_values(both, np.array([1, 0, 1]), np.array([9, 9, 1])).last.tolist() == pytest.approx(
        [6, 5, NAN], nan_ok=True
    )
