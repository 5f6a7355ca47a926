"""Recalibration: a child of the champion with another level, promoted only when the level really drifted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import known_as_of
from features.errors import DataError, NotEnoughDataError
from features.history.history import History
from features.snapshots import build_snapshots
from models.artifact import Artifact, read_artifact, write_artifact
from models.calibration import Level
from tests.drifting import at, champion_of, drifting, trained_champion_of
from tests.model_checks import same
from training.grid import open_at
from training.recalibration import recalibrate

DRIFTED, NOW = 238.0, 273.0
"""Five weeks after the drift."""


@pytest.fixture(scope="module")
def fallen() -> History:
    return drifting(0.6)


@pytest.fixture(scope="module")
def steady() -> History:
    return drifting(1.0)


@pytest.fixture(scope="module")
def champion(fallen: History) -> Artifact:
    return champion_of(fallen)


def bytes_of(artifact: Artifact, folder: Path) -> dict[str, bytes]:
    write_artifact(artifact, folder)
    return {file.name: file.read_bytes() for file in folder.iterdir()}


def test_a_fall_of_the_win_rate_is_found_and_its_child_passes(fallen: History, champion: Artifact) -> None:
    found = recalibrate(fallen, champion, at(NOW))
    assert np.exp(found.level.win) == pytest.approx(0.6, abs=0.08)
    assert abs(found.level.loss) < 0.08
    assert found.verdict.passed
    rows = {row["name"]: row for row in found.verdict.checks}
    assert rows["level_log_likelihood"]["high"] < 0
    assert rows["expected_over_actual"]["figure"] > rows["expected_over_actual.level"]["figure"] > 0.9
    assert found.verdict.to_dict()["passed"] is True


def test_without_drift_the_level_stays_near_zero_and_the_gate_refuses(steady: History, champion: Artifact) -> None:
    found = recalibrate(steady, champion, at(NOW))
    assert abs(found.level.win) < 0.1
    assert abs(found.level.loss) < 0.1
    # Following what is not there costs next to nothing: log-likelihood of a week, by opportunity.
    assert found.verdict.checks[0]["figure"] < 0.0005
    assert not found.verdict.passed
    assert "did not foretell" in found.verdict.reason[0]
    assert "未能" in found.verdict.reason[1]


def test_the_level_from_before_the_drift_is_not_promoted_either(fallen: History, champion: Artifact) -> None:
    assert not recalibrate(fallen, champion, at(DRIFTED)).verdict.passed


def test_the_child_differs_in_level_and_origin_only_and_the_parent_not_at_all(
    fallen: History, champion: Artifact, tmp_path: Path
) -> None:
    before = bytes_of(champion, tmp_path / "before")
    child = recalibrate(fallen, champion, at(NOW)).artifact
    assert bytes_of(champion, tmp_path / "after") == before
    assert child.training["parent"] == "7"
    assert child.version == ""
    kept = {name: value for name, value in child.training.items() if name not in ("parent", "level")}
    restored = replace(child, win=replace(child.win, level=Level()), training=kept)
    assert bytes_of(restored, tmp_path / "restored") == before
    bytes_of(child, tmp_path / "child")
    again = read_artifact(tmp_path / "child")
    keys = open_at(fallen, np.array([at(NOW).value // 1000]))
    snapshots = build_snapshots(fallen, keys, champion.catalogue)
    assert same(again.win.predict(snapshots), child.win.predict(snapshots))
    assert (again.win.predict(snapshots).win < 0.8 * champion.win.predict(snapshots).win).all()
    assert again.version not in ("", "7")


def test_a_child_of_a_child_replaces_the_level_and_is_judged_on_weeks_that_are_new_to_its_parent(
    fallen: History, champion: Artifact
) -> None:
    first = recalibrate(fallen, champion, at(NOW))
    child = replace(first.artifact, version="8")
    second = recalibrate(fallen, child, at(NOW))
    assert second.level == first.level
    assert second.artifact.training["parent"] == "8"
    assert not second.verdict.passed
    assert "no week to judge on" in second.verdict.reason[0]
    later = recalibrate(fallen, child, at(NOW + 7))
    assert len(later.verdict.checks) == 3
    assert not later.verdict.passed


def test_what_is_recorded_later_does_not_count(fallen: History, champion: Artifact) -> None:
    found = recalibrate(fallen, champion, at(NOW))
    assert recalibrate(known_as_of(fallen, at(NOW)), champion, at(NOW)).artifact.training == found.artifact.training


def test_days_that_are_not_yet_recorded_are_left_out() -> None:
    late = drifting(1.0, told_after=1.5)
    found = recalibrate(late, trained_champion_of(late), at(NOW))
    assert found.weeks["start"].iloc[-1] == at(NOW - 2 - 7)
    newest = found.weeks.iloc[-1]
    assert newest["won"] + newest["lost"] > 0.85 * (newest["expected_won"] + newest["expected_lost"])
    assert abs(found.level.win) < 0.12


def test_each_week_says_what_was_expected_and_what_came(steady: History, champion: Artifact) -> None:
    weeks = recalibrate(steady, champion, at(NOW)).weeks
    assert list(weeks) == ["start", "open", "won", "expected_won", "lost", "expected_lost"]
    assert (weeks["start"] >= at(140)).all()
    assert (weeks["start"].diff().dropna() == pd.Timedelta(days=7)).all()
    for name in ("won", "lost"):
        assert weeks[f"expected_{name}"].sum() / weeks[name].sum() == pytest.approx(1, abs=0.08)


def test_a_region_that_fell_has_a_level_of_its_own(champion: Artifact) -> None:
    level = recalibrate(drifting(0.4, only="west"), champion, at(NOW), segment="region").level
    assert level.column == "attribute_region"
    assert level.segments["west"] < -0.15
    assert level.segments["east"] > 0.15
    assert abs(level.win + level.segments["east"]) < 0.3


def test_what_cannot_be_recalibrated_says_why(fallen: History, champion: Artifact) -> None:
    with pytest.raises(DataError, match="one of stage, .*attribute_region"):
        recalibrate(fallen, champion, at(NOW), segment="colour")
    with pytest.raises(DataError, match="origin"):
        recalibrate(replace(fallen, origin="simulated"), champion, at(NOW))
    with pytest.raises(NotEnoughDataError, match="no whole week"):
        recalibrate(fallen, champion, at(144))
