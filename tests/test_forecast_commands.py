"""The commands forecast and compare."""

from __future__ import annotations

import json
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
    folder, history = tmp_path_factory.mktemp("installation"), simulate(300, 4)
    write_history(history, folder / "history")
    write_artifact(train(history, pd.Timestamp("2025-06-01", tz="UTC"), most=1_000).artifact, folder / "model")
    return folder


def test_a_forecast_is_printed_in_both_languages_and_written_as_json(run: Run, folder: Path) -> None:
    words = ("forecast", "--history", folder / "history", "--as-of", "2025-06-10", "--model", folder / "model")
    more = ("--period", "2025-Q2", "--by", "team", "--target", 200_000, "--zone", "Asia/Shanghai", "--past-weeks", 0)
    code, said, _ = run(*words, *more, "--out", folder / "forecast.json")
    assert code == 0
    assert "2025-Q2, 2025-04-01 up to 2025-07-01 (Asia/Shanghai)" in said
    for text in ("total · 合计", "reached with probability", "达成概率", "team_1", "simulated"):
        assert text in said
    found = json.loads((folder / "forecast.json").read_text(encoding="utf-8"))
    assert found["period"]["end"] == "2025-06-30T16:00:00+00:00"
    assert found["origin"] == "simulated"
    for measure, total in found["totals"].items():
        assert sum(line["expected"] for line in found["groups"][measure]) == pytest.approx(total["expected"])
    assert 0 <= found["totals"]["amount"]["target_probability"] <= 1
    assert {"en", "zh-CN"} <= set(found["slippage"][0])


def test_the_next_month_is_of_the_zone_and_the_fiscal_calendar_of_the_settings(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEALODDS_TIME_ZONE", "Asia/Shanghai")
    monkeypatch.setenv("DEALODDS_FISCAL_START", "04-06")
    words = ("forecast", "--history", folder / "history", "--as-of", "2025-06-10", "--model", folder / "model")
    code, said, _ = run(*words, "--period", "next-month", "--past-weeks", 0, "--out", folder / "next.json")
    assert code == 0
    assert "2025-07, 2025-07-06 up to 2025-08-06 (Asia/Shanghai)" in said
    total = json.loads((folder / "next.json").read_text(encoding="utf-8"))["totals"]["count"]
    assert total["won"] == 0
    assert total["expected_open"] > 0
    assert total["expected_new"] > 0
    code, said, _ = run(*words, "--period", "month", "--past-weeks", 0, "--fiscal-start", 4, "--zone", "UTC")
    assert "2025-06, 2025-06-01 up to 2025-07-01 (UTC)" in said


def test_past_weeks_teach_how_far_opportunities_move_together(run: Run, folder: Path) -> None:
    words = ("forecast", "--history", folder / "history", "--as-of", "2025-06-10", "--model", folder / "model")
    code, said, _ = run(*words, "--period", "30", "--past-weeks", 4)
    assert code == 0
    assert "learned from 4 past forecasts" in said
    assert "从4次以往预测中学得" in said


def test_a_column_or_a_zone_that_there_is_not_is_said_in_three_parts(run: Run, folder: Path) -> None:
    words = ("forecast", "--history", folder / "history", "--as-of", "2025-06-10")
    for wrong in (("--by", "colour"), ("--zone", "Mars/Olympus"), ("--period", "soon")):
        code, _, errors = run(*words, *wrong)
        assert code == 1
        assert all(part in errors for part in ("Found:", "Expected:", "Do:", wrong[1]))


def test_past_weeks_are_compared_and_too_few_are_said_to_be(run: Run, folder: Path) -> None:
    words = ("compare", "--history", folder / "history", "--weeks", 2, "--until", "2025-08-01", "--by", "team")
    code, said, _ = run(*words, "--retrain-every", 2, "--out", folder / "compared.json")
    assert code == 0
    for text in (
        "2 weeks",
        "too few weeks to judge",
        "weeks overlap; independent periods among them: about 1",
        "why the fixed weights miss: in all weeks together they counted",
        "周数过少",
        "周中命中",
        "the learned forecast missed by",
        "学习预测误差",
    ):
        assert text in said
    found = json.loads((folder / "compared.json").read_text(encoding="utf-8"))
    lost = [one["lost"] for one in found["findings"]]
    assert lost == sorted(lost, reverse=True)
    assert {one["by"] for one in found["figures"]} == {None, "team"}
