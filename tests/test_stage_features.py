"""Where an opportunity stands, how it came there and how fast: seven instants in, seven numbers out."""

from __future__ import annotations

from math import isnan
from typing import Any

import pandas as pd
import pytest

from features.history.process import DEFAULT_PROCESS, Process, process_from_dict
from tests.histories import history, opportunity, over_days, snapshot, stage, table

COURSE = history(
    opportunity(),
    stage("identified", 0),
    stage("needs_confirmed", 4),
    stage("contacted", 6, told=8),
    stage("lost", 10),
    stage("proposal", 12),
    stage("proposal", 14),
    stage("won", 20),
)
DAYS = (1, 5, 7, 8, 11, 15, 21)


@pytest.fixture(scope="module")
def course() -> pd.DataFrame:
    return table(COURSE, *DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("stage", ["identified", "needs_confirmed", "needs_confirmed", "contacted", "lost", "proposal", "won"]),
        ("stage_position", [0, 2, 2, 1, 6, 3, 5]),
        ("fixed_weight", [0.25, 0.5, 0.5, 0.25, 0, 0.5, 1]),
        ("stage_need_confirmed", [0, 1, 1, 0, 0, 1, 1]),
        ("days_in_stage", [1, 1, 3, 2, 1, 3, 1]),
        ("days_since_created", [1, 5, 7, 8, 11, 15, 21]),
        ("days_in_spell", [1, 5, 7, 8, 11, 3, 9]),
        ("moves_forward", [0, 1, 1, 1, 1, 1, 1]),
        ("moves_backward", [0, 0, 0, 1, 1, 1, 1]),
        ("stages_skipped", [0, 1, 1, 1, 1, 1, 1]),
        ("times_reopened", [0, 0, 0, 0, 0, 1, 1]),
        ("stages_per_day", [0, 2 / 6, 2 / 8, 1 / 9, 6 / 12, 3 / 4, 5 / 10]),
    ],
)
def test_seven_instants_of_a_course_with_a_late_record_and_a_reopening(
    course: pd.DataFrame, feature: str, found: list[Any]
) -> None:
    assert list(course[feature]) == found


def test_stages_below_the_furthest_count_from_the_furthest_open_stage() -> None:
    assert over_days(COURSE, "stages_below_furthest", 1, 5, 7, 8, 15) == [0, 0, 0, 1, 0]


def test_without_a_known_stage_everything_of_the_stage_is_missing_but_the_age() -> None:
    found = snapshot(history(opportunity(), stage("identified", 3)), 2)
    assert pd.isna(found["stage"])
    assert (found["days_since_created"], found["days_in_spell"]) == (2, 2)
    for name in ("stage_position", "fixed_weight", "days_in_stage", "moves_forward", "times_reopened"):
        assert isnan(found[name]), name


def test_a_stage_without_a_fixed_weight_has_none_rather_than_zero() -> None:
    process = process_from_dict(
        {"name": "p", "stages": [{"key": "new"}, {"key": "yes", "outcome": "won"}, {"key": "no", "outcome": "lost"}]}
    )
    known = history(opportunity(process="p"), stage("new", 0), processes={"p": process})
    assert isnan(snapshot(known, 1)["fixed_weight"])


def test_with_several_processes_a_stage_is_named_with_its_process() -> None:
    processes = {"default": DEFAULT_PROCESS, "other": Process("other", DEFAULT_PROCESS.stages)}
    known = history(
        opportunity(), opportunity("o2", process="other"), stage("proposal", 0), stage("proposal", 0, of="o2"),
        processes=processes,
    )  # fmt: skip
    assert (snapshot(known, 1)["stage"], snapshot(known, 1, of="o2")["stage"]) == ("default/proposal", "other/proposal")
