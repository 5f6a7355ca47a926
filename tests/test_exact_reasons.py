"""Reasons beside exact grouped Shapley values of the probability: the check that the benchmark makes, with few rows."""

from __future__ import annotations

from features.history.simulated import simulate
from tests.benchmarks import benchmark
from training.pipeline import train


def test_groups_raise_and_lower_as_exact_shapley_values_do() -> None:
    bench = benchmark("reasons_bench")
    history = simulate(600, 5)
    artifact = train(history, bench.CUTOFF, seed=0, most=4_000).artifact
    assert artifact.win.to_dict()["weights"]["lightgbm_hazards"] > 0, "trees are among what is explained"
    found = bench.agreement(artifact, bench.main_snapshots(artifact, history, 60))
    assert found["effects above 1 point"] > 100
    assert found["same sign above 1 point"] >= 0.95
    assert found["same top reason"] >= 0.85
    assert abs(found["base, points"] - found["exact base, points"]) < 0.01
