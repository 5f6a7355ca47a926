"""The commands that say why: score --reasons, and change."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from api.cli import main
from features.history.directory import write_history
from features.history.simulated import simulate
from models.artifact import write_artifact
from training.pipeline import train

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Run a command in this process; gives exit code, output and errors."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["dealodds", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out, said.err

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated history, and a model trained on it."""
    folder, history = tmp_path_factory.mktemp("installation"), simulate(400, 3)
    write_history(history, folder / "history")
    write_artifact(train(history, pd.Timestamp("2025-06-01", tz="UTC"), most=1_500).artifact, folder / "model")
    return folder


def test_reasons_are_columns_in_both_languages_when_asked_for(run: Run, folder: Path) -> None:
    words = ("score", "--history", folder / "history", "--as-of", "2025-06-01", "--model", folder / "model")
    assert run(*words, "--out", folder / "plain.csv")[0] == 0
    assert run(*words, "--out", folder / "reasons.csv", "--reasons")[0] == 0
    plain, reasons = (pd.read_csv(folder / name) for name in ("plain.csv", "reasons.csv"))
    assert [column for column in reasons if column not in plain][:4] == ["up_1", "up_1_zh", "up_2", "up_2_zh"]
    assert len(reasons.columns) == len(plain.columns) + 12
    assert plain["win_probability"].tolist() == reasons["win_probability"].tolist()
    assert reasons["down_1"].str.contains("lowers the estimate by").mean() > 0.9
    assert reasons["down_1_zh"].str.contains("使估计降低").mean() > 0.9


def test_change_says_what_time_data_and_model_did(run: Run, folder: Path) -> None:
    words = ("--history", folder / "history", "--model", folder / "model")
    assert run("score", *words, "--as-of", "2025-06-01", "--out", folder / "open.csv")[0] == 0
    name = pd.read_csv(folder / "open.csv")["opportunity_id"].iloc[0]
    words = ("change", *words, "--opportunity", name, "--to", "2025-06-01")
    code, out, err = run(*words, "--from", "2025-06-01", "--from-version", "0")
    assert code == 0, err
    assert out.startswith(f"simulated: {name}: ")
    for said in ("the passing of time", "what was recorded meanwhile", "the new model", "新模型"):
        assert said in out
    code, _, err = run(*words, "--from", "2025-06-01", "--from-version", "99")
    assert (code, "no copy of version 99" in err) == (1, True)
    assert run(*words, "--from", "2019-01-01")[0] == 1
    assert run(*words)[0] == 2
