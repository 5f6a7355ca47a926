"""The command: a child is registered and promoted when it passes; its parent stays what it was."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest

from api.cli import main
from features.history.directory import write_history
from models.artifact import read_artifact, write_artifact
from models.registry import Registry
from models.training_record import TrainingRecord
from tests.drifting import at, champion_of, drifting
from training.recalibration import recalibrate

Run = Callable[..., tuple[int, str, str]]
PASSED = {"passed": True, "reason": "better", "reason_zh": "更好", "trained_until": None, "checks": []}


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    def once(*words: object) -> tuple[int, str, str]:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", ["dealodds", *map(str, words)])
            with pytest.raises(SystemExit) as ended:
                main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said[0], said[1]

    return once


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """An installation with a champion, version 1, and a history in which the win rate fell."""
    folder = tmp_path_factory.mktemp("installation")
    history = drifting(0.6, a_week=150)
    write_history(history, folder / "history")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEALODDS_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        from api.home import champion_folder, mlflow_artifacts, tracking_uri

        registry = Registry(tracking_uri(), mlflow_artifacts())
        champion = champion_of(history)
        example = recalibrate(history, champion, at(200)).record.example
        version = registry.log(champion, TrainingRecord({}, {}, [], PASSED, {}, example))
        registry.promote(version, champion_folder(), pd.Timestamp("2026-01-01", tz="UTC"), "gate")
        write_artifact(champion, folder / "as_made")
        yield folder


def registry_at(home: Path) -> Registry:
    from api.home import mlflow_artifacts, tracking_uri

    return Registry(tracking_uri(), mlflow_artifacts())


def test_before_the_drift_nothing_is_registered_and_the_champion_stays(run: Run, home: Path) -> None:
    code, out, err = run("recalibrate", "--history", home / "history", "--as-of", at(238).isoformat())
    assert code == 0, err
    assert "version 1 stays champion" in out
    assert [row["version"] for row in registry_at(home).versions()] == ["1"]


def test_after_the_drift_a_child_is_promoted_and_the_parent_is_unchanged(run: Run, home: Path) -> None:
    code, out, err = run("recalibrate", "--history", home / "history", "--as-of", at(266).isoformat())
    assert code == 0, err
    assert "version 2, a child of 1, is champion" in out
    assert "expected over actual wins, in service" in out
    registry, folder = registry_at(home), home / "home" / "champion"
    assert registry.champions() == ["1", "2"]
    child = read_artifact(folder)
    assert (child.version, child.training["parent"]) == ("2", "1")
    assert child.win.level.win < -0.3
    entry = registry.promotions.entries()[-1]
    assert (entry.version, entry.decision, entry.decided_by, entry.previous) == ("2", "promoted", "gate", "1")
    assert "level_log_likelihood" in entry.figures
    write_artifact(registry.load("1"), home / "again")
    for file in (home / "as_made").iterdir():
        assert (home / "again" / file.name).read_bytes() == file.read_bytes()


def test_once_more_on_the_same_day_nothing_changes(run: Run, home: Path) -> None:
    out = run("recalibrate", "--history", home / "history", "--as-of", at(266).isoformat())[1]
    assert "version 2 stays champion: no week to judge on" in out


def test_a_version_is_promoted_from_a_process_of_its_own(home: Path) -> None:
    words = [sys.executable, "-c", "from api.cli import main; main()", "promote", "1", "--because", "a test"]
    said = subprocess.run(
        words, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120, check=False
    )
    assert said.returncode == 0, said.stderr
    assert "version 1 is champion" in said.stdout


def test_without_a_champion_there_is_nothing_to_recalibrate(
    run: Run, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALODDS_HOME", str(tmp_path))
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)  # MLflow sets it when it is told an address
    code, _, err = run("recalibrate", "--history", home / "history")
    assert code == 1
    assert "train and promote a model first" in err
