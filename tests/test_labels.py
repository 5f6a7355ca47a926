"""What became of an opportunity after an instant: the first close, or still open when last seen."""

from __future__ import annotations

import numpy as np
import pytest

from features.history.history import History
from features.labels import labels_of
from features.outcomes import CENSORED, LOST, WON, Labels
from tests.histories import at, history, keys, opportunity, stage

START = (opportunity(), stage("identified", 0))


def label(known: History, day: float, until: float) -> tuple[float, int, float]:
    found = labels_of(known, keys(("o1", day)), at(until))
    return float(found.days[0]), int(found.outcome[0]), float(found.watched[0])


@pytest.mark.parametrize(("end", "outcome"), [("won", WON), ("lost", LOST)])
def test_open_then_and_closed_later(end: str, outcome: int) -> None:
    assert label(history(*START, stage(end, 8)), 5, until=30) == (3, outcome, 25)


def test_still_open_when_last_seen_is_censored_then() -> None:
    assert label(history(*START, stage("proposal", 8)), 5, until=30) == (25, CENSORED, 25)


def test_a_close_after_the_end_of_what_may_be_known_is_not_used() -> None:
    known = history(*START, stage("won", 8), stage("lost", 40))
    assert label(known, 5, until=7.5) == (2.5, CENSORED, 2.5)
    assert label(known, 5, until=8) == (3, WON, 3)


def test_a_close_recorded_after_the_end_is_not_used_though_it_happened_before() -> None:
    known = history(*START, stage("won", 8, told=12))
    assert label(known, 5, until=11) == (6, CENSORED, 6)
    assert label(known, 5, until=12) == (3, WON, 7)


def test_the_label_is_the_first_close_whatever_follows() -> None:
    known = history(*START, stage("lost", 8), stage("proposal", 10), stage("won", 15))
    assert label(known, 5, until=30) == (3, LOST, 25)


def test_after_a_reopening_the_label_is_the_next_close() -> None:
    known = history(*START, stage("lost", 8), stage("proposal", 10), stage("won", 15))
    assert label(known, 11, until=30) == (4, WON, 19)


def test_a_close_that_happened_before_and_was_told_after_is_a_close_at_once() -> None:
    assert label(history(*START, stage("won", 3, told=9)), 5, until=30) == (0, WON, 25)


def test_a_reopening_told_late_makes_it_open_and_the_next_close_counts() -> None:
    known = history(*START, stage("lost", 2), stage("proposal", 4, told=9), stage("won", 12))
    assert label(known, 5, until=30) == (7, WON, 25)


def test_a_close_at_the_instant_itself_is_not_after_it() -> None:
    known = history(*START, stage("proposal", 5), stage("won", 9))
    assert label(known, 5, until=30) == (4, WON, 25)


def test_an_opportunity_without_stages_is_censored() -> None:
    assert label(history(opportunity()), 5, until=6) == (1, CENSORED, 1)


def test_several_snapshots_are_labelled_in_the_order_asked_for() -> None:
    known = history(*START, opportunity("o2"), stage("won", 8), stage("lost", 6, of="o2"))
    found = labels_of(known, keys(("o2", 2), ("o1", 5), ("o1", 2), ("o2", 5)), at(10))
    assert found.days.tolist() == [4, 3, 6, 1]
    assert found.outcome.tolist() == [LOST, WON, WON, LOST]


def test_labels_of_some_rows_are_taken_together() -> None:
    labels = Labels(np.array([1.0, 2.0, 3.0]), np.array([0, 1, 2]), np.array([4.0, 5.0, 6.0]))
    some = labels.take(np.array([2, 0]))
    assert (some.days.tolist(), some.outcome.tolist(), some.watched.tolist()) == ([3, 1], [2, 0], [6, 4])
