from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.cli import commands, main

Run = Callable[..., tuple[int, str, str]]


def _run(capture: pytest.CaptureFixture[str] | None, *words: object) -> tuple[int, str, str]:
    """Run a command in this process; gives exit code, output and errors."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dealodds", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    said = capture.readouterr() if capture is not None else ("", "")
    return int(ended.value.code or 0), said[0], said[1]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command in this process; gives exit code, output and errors."""
    return lambda *words: _run(capsys, *words)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder of an installation, with a simulated history in it."""
    folder = tmp_path_factory.mktemp("installation")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEALODDS_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield folder


@pytest.fixture(scope="module")
def history(home: Path) -> Path:
    from features.history.directory import write_history
    from features.history.simulated import simulate

    write_history(simulate(700, 3), home / "history")
    return home / "history"


@pytest.fixture(scope="module")
def trained(home: Path, history: Path) -> Path:
    """The installation after two trainings on the same data: versions 1 and 2."""
    for name in ("first", "second"):
        assert _run(None, "train", "--history", history, "--artifact", home / name)[0] == 0
    return home


def test_training_says_how_it_compares_and_registers_a_version(run: Run, trained: Path, history: Path) -> None:
    code, out, err = run("train", "--history", history)
    assert code == 0, err
    assert "simulated" in out
    assert "fixed weights" in out
    assert "version " in out
    assert run("versions")[1].count("run ") >= 3


def test_training_again_gives_the_same_bytes(trained: Path) -> None:
    first, second = (
        {file.name: file.read_bytes() for file in (trained / name).iterdir()} for name in ("first", "second")
    )
    assert {"model.json", "manifest.json", "win_win.txt"} <= set(first)
    assert first == second


def test_promoting_exports_the_champion_and_rollback_goes_back(run: Run, trained: Path) -> None:
    assert run("promote", "1")[0] == 0
    assert run("promote", "2")[0] == 0
    registered = trained / "home" / "champion" / "registered.json"
    assert json.loads(registered.read_text())["version"] == "2"
    code, out, _ = run("rollback")
    assert (code, "version 1" in out) == (0, True)
    assert json.loads(registered.read_text())["version"] == "1"


def test_going_back_twice_ends_at_the_fixed_weights(run: Run, trained: Path) -> None:
    assert run("promote", "1")[0] == 0
    while "version 0" not in run("rollback")[1]:
        pass
    assert not (trained / "home" / "champion").exists()
    assert run("rollback")[0] == 1


def test_the_champion_loads_from_mlflow_and_predicts_from_snapshots(run: Run, trained: Path, history: Path) -> None:
    assert run("promote", "1")[0] == 0
    import mlflow

    from api.home import tracking_uri
    from features.history.directory import read_history
    from features.snapshots import build_snapshots
    from models.artifact import read_artifact

    mlflow.set_tracking_uri(tracking_uri())
    model = mlflow.pyfunc.load_model("models:/dealodds@champion")
    artifact = read_artifact(trained / "home" / "champion")
    past = read_history(history)
    ids = past.opportunities["opportunity_id"].tail(20)
    keys = pd.DataFrame({"opportunity_id": ids, "as_of": past.observed_until})
    snapshots = build_snapshots(past, keys, artifact.catalogue).reset_index(drop=True)
    answers = model.predict(snapshots)
    assert answers["win_probability"].tolist() == artifact.win.predict(snapshots).win.tolist()
    assert "is answered here as if it were worked on" in model.metadata.metadata["forgotten"]


def test_scores_come_from_the_champion(run: Run, trained: Path, history: Path) -> None:
    assert run("promote", "1")[0] == 0
    code, out, err = run("score", "--history", history, "--as-of", "2025-06-01", "--out", trained / "scores.csv")
    assert code == 0, err
    assert "version 1" in out
    scores = pd.read_csv(trained / "scores.csv")
    assert scores["win_probability"].between(0, 1).all()
    assert set(scores["class"]) <= {"active", "potential", "hidden"}
    assert (scores["win_by_30d"] <= scores["win_by_60d"]).all()


def test_an_unknown_version_is_refused_and_the_champion_stays(run: Run, trained: Path) -> None:
    assert run("promote", "1")[0] == 0
    code, _, err = run("promote", "99")
    assert code == 1
    assert err.count("\n") >= 3
    registered = trained / "home" / "champion" / "registered.json"
    assert json.loads(registered.read_text())["version"] == "1"


def test_the_backtest_writes_records_for_every_method_and_metric(run: Run, home: Path, history: Path) -> None:
    out = home / "backtest.json"
    code, said, err = run(
        "backtest", "--history", history, "--cutoffs", "2025-03-01,2025-06-01", "--out", out, "--horizons", "30,90"
    )
    assert code == 0, err
    assert "simulated" in said
    records = json.loads(out.read_text())
    assert {tuple(record) for record in records} == {
        ("cutoff", "method", "metric", "horizon", "value", "low", "high", "n")
    }
    methods = {"learned", "fixed_weights", "stage_rates", "constant"}
    metrics = {"log_loss", "brier", "auc", "calibration_error", "expected_over_actual"}
    assert methods <= {record["method"] for record in records}
    assert {record["metric"] for record in records} == metrics
    assert {record["horizon"] for record in records} == {None, 30.0, 90.0}
    assert {record["cutoff"][:10] for record in records} == {"2025-03-01", "2025-06-01"}


def test_the_card_of_a_model_is_written_and_goes_to_mlflow_with_each_training(run: Run, trained: Path) -> None:
    out = trained / "card.html"
    code, said, err = run("card", "--model", trained / "first", "--out", out)
    assert code == 0, err
    assert str(out) in said
    page = out.read_text(encoding="utf-8")
    assert "SIMULATED" in page
    assert "概率是否应验" in page
    logged = {file.name for file in (trained / "home" / "mlflow-artifacts").rglob("*") if file.is_file()}
    assert {"card.html", "card.md", "reliability.csv", "aalen_johansen.csv", "reliability_by_band.svg"} <= logged
    code, said, _ = run("card", "--model", trained / "first", "--language", "zh-CN")
    assert code == 0
    assert said.startswith("# 模型说明")


def test_fields_say_who_wins_by_their_value_and_whether_they_are_trained_on(run: Run, history: Path) -> None:
    code, said, err = run("fields", "--history", history, "--as-of", "2025-06-01")
    assert code == 0, err
    assert said.startswith("simulated")
    assert "客户规模 (attribute_segment): in, known when the opportunity was created" in said
    code, said, _ = run("fields", "--history", history, "--json")
    assert {"field", "used", "reason", "coverage", "bins"} <= set(json.loads(said)[0])


def test_without_a_champion_scores_are_the_fixed_weights(
    run: Run, history: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALODDS_HOME", str(tmp_path))
    code, out, err = run("score", "--history", history, "--as-of", "2025-06-01", "--out", tmp_path / "scores.csv")
    assert code == 0, err
    assert "version 0" in out
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert set(scores["status"]) == {"little_data"}
    known = scores.dropna(subset=["fixed_weight_probability"])
    assert known["win_probability"].tolist() == known["fixed_weight_probability"].tolist()
    assert set(known["win_probability"]) == {0.25, 0.5, 0.75}


@pytest.fixture(scope="module")
def noise(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A history whose outcomes were dealt out anew among the closings: nothing tells who is won."""
    from features.history.directory import write_history
    from features.history.simulated import simulate

    history = simulate(400, 1)
    stages = history.stage_history.copy()
    rows = np.flatnonzero(stages["stage"].isin(["won", "lost"]))
    dealt = np.random.default_rng(0).permutation(stages["stage"].to_numpy()[rows])
    stages.loc[stages.index[rows], "stage"] = dealt
    folder = tmp_path_factory.mktemp("noise") / "history"
    write_history(replace(history, tables={**history.tables, "stage_history": stages}), folder)
    return folder


def test_what_learned_from_noise_is_promoted_by_nobody_but_a_person_with_a_reason(
    run: Run, noise: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALODDS_HOME", str(tmp_path))
    code, out, err = run("train", "--history", noise)
    assert code == 0, err
    assert "version 1 stays challenger: " in out
    assert "no better than the constant at telling won from lost" in out
    assert not (tmp_path / "champion").exists()
    code, _, err = run("promote", "1")
    assert (code, "--because" in err, "no better than" in err) == (2, True, True)
    assert run("promote", "1", "--because", " ")[0] == 2
    assert not (tmp_path / "champion").exists()
    assert run("promote", "1", "--because", "a trial in one team")[0] == 0
    registered = json.loads((tmp_path / "champion" / "registered.json").read_text())
    assert registered["version"] == "1"
    assert run("train", "--history", noise)[0] == 0
    assert json.loads((tmp_path / "champion" / "registered.json").read_text()) == registered
    assert run("rollback", "0", "--because", "the trial is over")[0] == 0
    entries = json.loads(run("promotions", "--json")[1])
    assert [(e["version"], e["decision"], e["decided_by"], e["previous"]) for e in entries] == [
        ("1", "not promoted", "gate", "0"),
        ("1", "promoted", "hand", "0"),
        ("2", "not promoted", "gate", "1"),
        ("0", "rolled back", "hand", "1"),
    ]
    assert [e["reason"] for e in entries[1::2]] == ["a trial in one team", "the trial is over"]
    assert entries[0]["figures"]["outcome_log_likelihood.constant"] > -0.01
    lines = run("promotions")[1].splitlines()
    assert len(lines) == 4
    assert "version 1 promoted by hand, version 0 before: a trial in one team" in lines[1]


def test_a_version_that_passed_needs_no_reason_and_going_back_may_name_one_gone_back_from(
    run: Run, trained: Path
) -> None:
    assert run("promote", "1")[0] == 0
    assert run("promote", "2")[0] == 0
    assert run("rollback", "1")[0] == 0
    code, out, _ = run("rollback", "2")
    assert (code, "version 2" in out) == (0, True)
    assert run("rollback", "2")[0] == 1
    last = json.loads(run("promotions", "--json")[1])[-1]
    assert (last["version"], last["previous"], last["decision"]) == ("2", "1", "rolled back")


def test_a_folder_that_is_no_history_ends_with_1_and_three_parts(run: Run, tmp_path: Path) -> None:
    code, _, err = run("train", "--history", tmp_path)
    assert code == 1
    assert [line.split(":")[0] for line in err.strip().splitlines()] == ["Found", "Expected", "Do"]


@pytest.mark.parametrize(
    "words",
    [
        ("score", "--history", "x", "--as-of", "yesterday", "--out", "y.csv"),
        ("backtest", "--history", "x", "--cutoffs", "2025-13-01", "--out", "y.json"),
        ("simulate", "--opportunities", "0", "--out", "x"),
        ("serve", "--no-auth", "--host", "0.0.0.0"),
        ("conquer",),
    ],
    ids=["no instant", "no such month", "none", "not loopback", "no such command"],
)
def test_wrong_usage_ends_with_2(run: Run, words: tuple[str, ...]) -> None:
    assert run(*words)[0] == 2


def test_every_command_has_help(run: Run) -> None:
    for name, command in commands.commands.items():
        assert command.help, name


def test_the_installed_command_starts(tmp_path: Path) -> None:
    called = [sys.executable, "-c", "from api.cli import main; main()", "--help"]
    done = subprocess.run(called, capture_output=True, text=True, check=True, cwd=tmp_path)
    assert "backtest" in done.stdout
