from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.as_of import known_as_of
from features.history.history import History, build_history
from features.history.simulated import simulate
from features.instants import micros
from features.outcomes import LOST, WON
from features.snapshots import catalogue_of
from models.artifact import write_artifact
from training.backtest import answers_at, backtest
from training.criteria import advanced_in_30_days, class_report
from training.dataset import build_dataset
from training.gate import judge
from training.grid import open_at, training_grid
from training.need import need_labels
from training.pipeline import data_fingerprint, prepare, train
from training.verdict import LIKELIHOOD

CUTOFF = pd.Timestamp("2025-06-01", tz="UTC")


def _instant(text: str) -> pd.Timestamp:
    return pd.Timestamp(text, tz="UTC")


def _history(stages: list[tuple[str, str, str]], created: str = "2026-01-01") -> History:
    """Stage events as (opportunity, stage, instant)."""
    frame = pd.DataFrame(stages, columns=["opportunity_id", "stage", "occurred_at"])
    ids = sorted(set(frame["opportunity_id"]))
    opportunities = pd.DataFrame({"opportunity_id": ids, "process": "default", "created_at": created})
    return build_history({"opportunities": opportunities, "stage_history": frame})


@pytest.fixture(scope="module")
def simulated() -> History:
    return simulate(600, 5)


def test_open_are_those_recorded_and_not_closed_at_the_instant() -> None:
    history = _history(
        [
            ("a", "identified", "2026-01-01"),
            ("b", "won", "2026-01-05"),
            ("c", "lost", "2026-01-03"),
            ("c", "proposal", "2026-01-08"),
        ]
    )
    at = micros(pd.Index([_instant("2026-01-04"), _instant("2026-01-09")]))
    found = open_at(history, at)
    assert list(zip(found["opportunity_id"], found["as_of"].dt.day, strict=True)) == [
        ("a", 4),
        ("b", 4),
        ("a", 9),
        ("c", 9),
    ]


def test_the_grid_ends_before_the_cutoff_and_keeps_its_hour() -> None:
    history = _history([("a", "identified", "2026-01-01")])
    grid = training_grid(history, _instant("2026-01-06"))
    assert [instant.day for instant in grid["as_of"]] == [2, 3, 4, 5]
    coarser = training_grid(history, _instant("2026-01-06"), most=2)
    assert [instant.day for instant in coarser["as_of"]] == [2, 4]


def test_a_history_without_opportunities_has_an_empty_grid() -> None:
    assert len(training_grid(build_history({}), CUTOFF)) == 0


def test_the_need_is_confirmed_by_the_first_stage_or_assessment_that_says_so() -> None:
    history = _history(
        [
            ("a", "identified", "2026-01-01"),
            ("a", "proposal", "2026-01-11"),
            ("b", "identified", "2026-01-01"),
            ("b", "lost", "2026-01-08"),
            ("c", "identified", "2026-01-01"),
        ]
    )
    keys = pd.DataFrame({"opportunity_id": ["a", "b", "c"], "as_of": _instant("2026-01-06")})
    found = need_labels(history, keys, _instant("2026-02-05"))
    assert found.outcome.tolist() == [WON, LOST, 0]
    assert found.days.tolist() == [5.0, 2.0, 30.0]


def test_advancing_is_a_later_stage_or_a_win_within_30_days() -> None:
    history = _history(
        [
            ("later", "identified", "2026-01-01"),
            ("later", "proposal", "2026-01-20"),
            ("won", "proposal", "2026-01-01"),
            ("won", "won", "2026-01-20"),
            ("lost", "proposal", "2026-01-01"),
            ("lost", "lost", "2026-01-20"),
            ("too_late", "identified", "2026-01-01"),
            ("too_late", "proposal", "2026-02-20"),
        ]
    )
    keys = open_at(history, micros(pd.Index([_instant("2026-01-02")])))
    chosen = build_dataset(history, keys, catalogue_of(history), _instant("2026-03-01"))
    advanced, watched = advanced_in_30_days(chosen)
    assert dict(zip(chosen.keys["opportunity_id"], advanced.tolist(), strict=True)) == {
        "later": True,
        "lost": False,
        "too_late": False,
        "won": True,
    }
    assert watched.all()


def test_training_sees_nothing_that_was_recorded_later(simulated: History, tmp_path: Path) -> None:
    write_artifact(train(simulated, CUTOFF).artifact, tmp_path / "whole")
    write_artifact(train(known_as_of(simulated, CUTOFF), CUTOFF).artifact, tmp_path / "known")
    whole = {file.name: file.read_bytes() for file in (tmp_path / "whole").iterdir()}
    known = {file.name: file.read_bytes() for file in (tmp_path / "known").iterdir()}
    assert whole == known
    assert "win_win.txt" in whole


def test_another_seed_gives_another_model(simulated: History) -> None:
    first, second = (train(simulated, CUTOFF, seed=seed).artifact.win.texts() for seed in (0, 1))
    assert first["win"] != second["win"]


def test_without_a_closing_the_answer_is_the_fixed_weights_exactly() -> None:
    stages = [(f"o{i}", stage, "2026-01-02") for i, stage in enumerate(("identified", "proposal", "negotiation"))]
    trained = train(_history(stages), _instant("2026-02-01"))
    answer = trained.artifact.win.predict(trained.dataset.snapshots)
    weights = trained.dataset.snapshots["fixed_weight"].to_numpy()
    assert answer.win.tolist() == weights.tolist()
    assert set(weights) == {0.25, 0.5, 0.75}


def test_a_model_that_learned_from_signal_passes_the_gate() -> None:
    dataset = prepare(simulate(2_000, 5)).dataset
    verdict = judge(dataset, None, 0, lambda line: None)
    assert verdict.passed, verdict.reason
    compared = {c.subject: c.figure for c in verdict.checks if c.kind == LIKELIHOOD}
    assert set(compared) == {"fixed_weights", "stage_rates", "constant"}
    assert all(difference is not None and difference < 0 for difference in compared.values())
    assert {"active", "potential", "hidden"} == set(verdict.classes)


def test_too_little_to_judge_by_does_not_pass() -> None:
    verdict = judge(
        prepare(_history([("a", "identified", "2026-01-01")]), _instant("2026-02-01")).dataset, None, 0, print
    )
    assert not verdict.passed
    assert "too little" in verdict.reason


def test_classes_too_small_to_judge_say_so(simulated: History) -> None:
    from scoring.classification import Criteria

    dataset = prepare(simulated).dataset
    few = dataset.take(np.arange(20))
    report = class_report(few, None, Criteria())
    assert all(not found["enough"] and found["share_won"] is None for found in report.values())


def test_the_backtest_judges_by_what_came_after_and_does_not_train_on_it(simulated: History) -> None:
    knowing, keys = answers_at(simulated, CUTOFF)
    unknowing, same_keys = answers_at(_without_outcomes_after(simulated, CUTOFF), CUTOFF)
    assert keys.equals(same_keys)
    assert set(knowing) == set(unknowing)
    for method, answer in knowing.items():
        assert answer.win.tolist() == unknowing[method].win.tolist(), method
    records = backtest(simulated, [CUTOFF], horizons=[30.0])
    value = {r["method"]: r["value"] for r in records if r["metric"] == "log_loss" and r["horizon"] == 30.0}
    assert value["learned"] < value["fixed_weights"]


def _without_outcomes_after(history: History, cutoff: pd.Timestamp) -> History:
    from dataclasses import replace

    stages = history.stage_history
    kept = stages[(stages["recorded_at"] <= cutoff) | ~stages["stage"].isin(["won", "lost"])].reset_index(drop=True)
    return replace(history, tables={**history.tables, "stage_history": kept})


def test_the_data_fingerprint_does_not_depend_on_the_order_of_rows(simulated: History) -> None:
    from dataclasses import replace

    turned = {name: frame.iloc[::-1].reset_index(drop=True) for name, frame in simulated.tables.items()}
    assert data_fingerprint(replace(simulated, tables=turned)) == data_fingerprint(simulated)
    shorter = {**simulated.tables, "activities": simulated.activities.iloc[1:]}
    assert data_fingerprint(replace(simulated, tables=shorter)) != data_fingerprint(simulated)
