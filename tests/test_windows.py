from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from features import compiled
from features.errors import DataError
from features.windows import (
    EVER,
    NEVER,
    GroupedEvents,
    decayed_intensity,
    distinct_codes,
    distinct_days,
    group_events,
    last_known,
    window_aggregates,
)

DAY = 86_400_000_000
WINDOWS = [7 * DAY, 30 * DAY, EVER]
N_GROUPS, N_KINDS = 12, 3

Columns = dict[str, npt.NDArray[np.int64]]


def random_events(seed: int, size: int = 900) -> Columns:
    """Make late, replaced and simultaneous events; group 3 is empty and group 0 is large."""
    draw = np.random.default_rng(seed)
    key = draw.integers(-1, N_GROUPS, size)
    key[draw.random(size) < 0.3] = 0
    key[key == 3] = 4
    occurred = draw.integers(0, 60, size) * DAY + draw.integers(0, 3, size) * DAY // 3
    recorded = occurred + np.where(draw.random(size) < 0.3, draw.integers(0, 20, size) * DAY, 0)
    return {
        "key": key,
        "occurred": occurred,
        "recorded": recorded,
        "superseded": np.where(draw.random(size) < 0.2, recorded + draw.integers(0, 20, size) * DAY, EVER),
        "kind": draw.integers(0, N_KINDS, size),
        "value": draw.integers(-50, 50, size),
        "code": draw.integers(-1, 80, size),
    }


def random_snapshots(seed: int, size: int = 200) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    draw = np.random.default_rng(seed)
    return draw.integers(-1, N_GROUPS, size), draw.integers(-2, 90, size) * DAY


def grouped(columns: Columns) -> GroupedEvents:
    further = dict(columns)
    return group_events(
        further.pop("key"), further.pop("occurred"), further.pop("recorded"), n_groups=N_GROUPS, **further
    )


def every_result(
    events: GroupedEvents, key: npt.NDArray[np.int64], as_of: npt.NDArray[np.int64]
) -> dict[str, npt.NDArray[Any]]:
    found = window_aggregates(events, key, as_of, n_kinds=N_KINDS, windows=WINDOWS)
    return {
        "count": found.count,
        "total": found.total,
        "first": found.first,
        "last": found.last,
        "days": distinct_days(events, key, as_of, n_kinds=N_KINDS, windows=WINDOWS),
        "codes": distinct_codes(events, key, as_of, n_kinds=N_KINDS, windows=WINDOWS),
        "intensity": decayed_intensity(events, key, as_of, n_kinds=N_KINDS, half_life=9 * DAY),
        "row": last_known(events, key, as_of, n_kinds=N_KINDS),
    }


def reference(columns: Columns, key: int, as_of: int) -> dict[str, Any]:
    """Say the same by plain loops over all events."""
    rows = [
        dict(zip(columns, values, strict=True), row=i) for i, values in enumerate(zip(*columns.values(), strict=True))
    ]
    known = [
        r
        for r in rows
        if key >= 0 and r["key"] == key and r["recorded"] <= as_of < r["superseded"] and r["occurred"] <= as_of
    ]
    said: dict[str, Any] = {
        name: [] for name in ("count", "total", "first", "last", "days", "codes", "intensity", "row")
    }
    for kind in range(N_KINDS):
        of_kind = [r for r in known if r["kind"] == kind]
        within = [[r for r in of_kind if as_of - r["occurred"] < width] for width in WINDOWS]
        instants = [r["occurred"] for r in of_kind]
        said["count"].append([len(w) for w in within])
        said["total"].append([sum(r["value"] for r in w) for w in within])
        said["first"].append(min(instants, default=NEVER))
        said["last"].append(max(instants, default=NEVER))
        said["days"].append([len({r["occurred"] // DAY for r in w}) for w in within])
        said["codes"].append([len({r["code"] for r in w} - {-1}) for w in within])
        said["intensity"].append(sum(2.0 ** (-float(as_of - t) / (9 * DAY)) for t in sorted(instants, reverse=True)))
        latest = max(of_kind, key=lambda r: (r["occurred"], r["recorded"], r["row"]), default={"row": -1})
        said["row"].append(latest["row"])
    return said


def same(one: dict[str, npt.NDArray[Any]], other: dict[str, npt.NDArray[Any]]) -> bool:
    return all(one[name].tobytes() == other[name].tobytes() for name in one)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_result_equals_plain_loops_over_all_events(seed: int) -> None:
    columns, (key, as_of) = random_events(seed), random_snapshots(seed)
    found = every_result(grouped(columns), key, as_of)
    for s in range(len(key)):
        said = reference(columns, int(key[s]), int(as_of[s]))
        for name in set(said) - {"intensity"}:
            assert found[name][s].tolist() == said[name], (name, s)
        assert found["intensity"][s].tolist() == pytest.approx(said["intensity"], rel=1e-12)


def test_a_snapshot_alone_equals_its_row_in_a_batch_bit_for_bit() -> None:
    events, (key, as_of) = grouped(random_events(4)), random_snapshots(4)
    batch = every_result(events, key, as_of)
    for s in range(len(key)):
        alone = every_result(events, key[s : s + 1], as_of[s : s + 1])
        assert same(alone, {name: values[s : s + 1] for name, values in batch.items()})


def test_a_group_alone_gives_what_it_gives_among_others() -> None:
    columns, (_, as_of) = random_events(5), random_snapshots(5)
    own = np.flatnonzero(columns["key"] == 0)
    alone = grouped({name: values[own] for name, values in columns.items()})
    here, there = (every_result(events, as_of * 0, as_of) for events in (alone, grouped(columns)))
    rows = here.pop("row")
    assert np.array_equal(np.where(rows < 0, -1, own[rows]), there.pop("row"))
    assert same(here, there)


def test_a_large_shuffled_batch_equals_small_batches_with_any_number_of_threads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    events, (key, as_of) = grouped(random_events(6)), random_snapshots(6, 2 * compiled.SMALL + 5)
    whole = every_result(events, key, as_of)
    half = len(key) // 3
    low, high = every_result(events, key[:half], as_of[:half]), every_result(events, key[half:], as_of[half:])
    assert same(whole, {name: np.concatenate([low[name], high[name]]) for name in whole})
    for count in (1, 3):
        monkeypatch.setattr(compiled, "threads", lambda count=count: count)
        assert same(whole, every_result(events, key, as_of))


def test_many_events_are_grouped_alike_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = random_events(7, 3 * compiled.SMALL)
    tables = []
    for count in (1, 2, 5):
        monkeypatch.setattr(compiled, "threads", lambda count=count: count)
        monkeypatch.setattr("features.event_groups.threads", lambda count=count: count)
        tables.append(grouped(columns).table)
    assert np.array_equal(tables[0], tables[1])
    assert np.array_equal(tables[0], tables[2])
    in_order = np.lexsort((columns["recorded"], columns["occurred"], columns["key"]))
    in_order = in_order[columns["key"][in_order] >= 0]
    assert np.array_equal(grouped(columns).row, in_order)


def test_the_order_of_the_events_changes_nothing() -> None:
    columns, (key, as_of) = random_events(8), random_snapshots(8)
    shuffled = np.random.default_rng(8).permutation(len(columns["key"]))
    one = every_result(grouped(columns), key, as_of)
    other = every_result(grouped({name: values[shuffled] for name, values in columns.items()}), key, as_of)
    rows, moved = one.pop("row"), shuffled[other.pop("row")]
    assert same(one, other)
    for name in ("occurred", "recorded"):
        assert np.array_equal(columns[name][rows[rows >= 0]], columns[name][moved[rows >= 0]])


def test_events_recorded_later_change_nothing() -> None:
    columns, (key, as_of) = random_events(9), random_snapshots(9)
    later = random_events(10)
    later["recorded"] = later["recorded"] + as_of.max() + 1
    both = {name: np.concatenate([columns[name], later[name]]) for name in columns}
    assert same(every_result(grouped(columns), key, as_of), every_result(grouped(both), key, as_of))


def test_a_late_record_counts_from_when_it_was_recorded() -> None:
    events = group_events([0], [2 * DAY], [5 * DAY], n_groups=1)
    found = window_aggregates(events, [0, 0], [5 * DAY - 1, 5 * DAY], n_kinds=1, windows=[EVER])
    assert found.count[:, 0, 0].tolist() == [0, 1]


def test_a_planned_event_does_not_count_before_it_happens() -> None:
    events = group_events([0], [9 * DAY], [1 * DAY], n_groups=1)
    found = window_aggregates(events, [0, 0], [9 * DAY - 1, 9 * DAY], n_kinds=1, windows=[EVER])
    assert found.last[:, 0].tolist() == [NEVER, 9 * DAY]


def test_a_replaced_record_stops_counting_at_the_instant_of_its_replacement() -> None:
    events = group_events([0, 0], [1, 1], [1, 5], n_groups=1, superseded=[5, EVER], value=[10, 30])
    found = window_aggregates(events, [0, 0], [4, 5], n_kinds=1, windows=[EVER])
    assert found.total[:, 0, 0].tolist() == [10, 30]
    assert last_known(events, [0, 0], [4, 5], n_kinds=1).tolist() == [[0], [1]]


def test_a_window_leaves_out_its_first_instant_and_has_its_last() -> None:
    events = group_events([0, 0, 0], [3, 4, 10], [0, 0, 0], n_groups=1)
    found = window_aggregates(events, [0], [10], n_kinds=1, windows=[1, 6, 7, 8])
    assert found.count[0, 0].tolist() == [1, 1, 2, 3]


def test_a_snapshot_without_a_group_has_nothing() -> None:
    events = group_events([0], [1], [1], n_groups=2, value=[7], code=[2])
    found = window_aggregates(events, [-1, 1], [9, 9], n_kinds=1, windows=[EVER])
    assert found.count.tolist() == found.total.tolist() == [[[0]], [[0]]]
    assert found.first.tolist() == found.last.tolist() == [[NEVER], [NEVER]]
    assert last_known(events, [-1, 1], [9, 9], n_kinds=1).tolist() == [[-1], [-1]]


def test_no_events_and_no_snapshots_are_legal() -> None:
    none = group_events([], [], [], n_groups=0, code=[])
    assert window_aggregates(none, [-1], [0], n_kinds=2, windows=[EVER]).count.tolist() == [[[0], [0]]]
    assert distinct_codes(none, [], [], n_kinds=2, windows=[EVER]).shape == (0, 2, 1)


def test_bounded_windows_may_leave_the_past_beyond_them_unread() -> None:
    events = group_events([0, 0, 0], [1, 50, 60], [1, 50, 60], n_groups=1)
    near = window_aggregates(events, [0], [60], n_kinds=1, windows=[20], whole_past=False)
    assert near.count.tolist() == [[[2]]]
    assert near.first.tolist() == [[50]]
    assert window_aggregates(events, [0], [60], n_kinds=1, windows=[20]).first.tolist() == [[1]]


def test_one_day_seen_twice_is_one_day_and_days_before_1970_count() -> None:
    events = group_events([0] * 4, [-1, 0, 1, DAY], [-1, 0, 1, DAY], n_groups=1)
    assert distinct_days(events, [0], [DAY], n_kinds=1, windows=[DAY, EVER]).tolist() == [[[2, 3]]]


def test_more_than_63_codes_are_counted_exactly() -> None:
    events = group_events([0] * 200, list(range(200)), [0] * 200, n_groups=1, code=[i % 100 for i in range(200)])
    assert distinct_codes(events, [0], [199], n_kinds=1, windows=[70, EVER]).tolist() == [[[70, 100]]]


def test_an_event_of_one_half_life_ago_weighs_half() -> None:
    events = group_events([0, 0], [0, 0], [0, 0], n_groups=1, kind=[0, 1])
    found = decayed_intensity(events, [0, 0], [DAY, 2000 * DAY], n_kinds=2, half_life=DAY)
    assert found.tolist() == [[0.5, 0.5], [0.0, 0.0]]


def test_the_last_known_row_goes_by_occurrence_then_record_then_row() -> None:
    events = group_events([0] * 5, [5, 7, 7, 7, 6], [9, 7, 8, 8, 9], n_groups=1)
    assert last_known(events, [0, 0, 0], [6, 7, 9], n_kinds=1).tolist() == [[-1], [1], [3]]


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"key": [2]}, "event keys from 2 to 2"),
        ({"key": [-2]}, "event keys from -2 to -2"),
        ({"kind": [-1]}, "event kind -1"),
        ({"recorded": [NEVER]}, "without an instant"),
        ({"occurred": [1, 2]}, "unequal length"),
        ({"value": [1, 2]}, "unequal length"),
    ],
)
def test_events_that_cannot_be_are_refused(columns: dict[str, list[int]], found: str) -> None:
    legal: dict[str, Any] = {"key": [0], "occurred": [1], "recorded": [1], "kind": [0]}
    with pytest.raises(DataError, match=found):
        group_events(**legal | columns, n_groups=2)


@pytest.mark.parametrize(
    ("key", "n_kinds", "windows", "found"),
    [
        ([1], 2, [EVER], "keys from 1 to 1"),
        ([0, 0], 2, [EVER], "2 keys and 1 instants"),
        ([0], 1, [EVER], "event kind 1"),
        ([0], 2, [30, 7], "windows"),
        ([0], 2, [0], "windows"),
        ([0], 2, [], "windows"),
    ],
)
def test_questions_that_cannot_be_are_refused(key: list[int], n_kinds: int, windows: list[int], found: str) -> None:
    events = group_events([0], [1], [1], n_groups=1, kind=[1])
    with pytest.raises(DataError, match=found):
        window_aggregates(events, key, [1], n_kinds=n_kinds, windows=windows)


def test_fractions_are_refused_as_instants() -> None:
    with pytest.raises(TypeError):
        group_events([0], [1.5], [1], n_groups=1)
