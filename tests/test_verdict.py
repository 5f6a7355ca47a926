"""The rows of a verdict: expected wins, segments, differences, words, and what of them the artifact keeps."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.history.history import Attribute, build_history
from features.outcomes import CENSORED, LOST, WON, Labels
from features.snapshots import build_snapshots, catalogue_of
from models.blend import censored_log_likelihood
from models.incidence import Floats, Incidence
from training.dataset import Dataset
from training.differences import horizon_checks, likelihood_check, outcome_check
from training.evaluate import resamples
from training.expected_wins import expected_and_actual, expected_wins_checks, segments
from training.verdict import EXPECTED, LATENCY, LIKELIHOOD, Check, Verdict, judged_to_dict, verdict_to_dict

EDGES = np.arange(1.0, 400.0)


def exponential(win: Floats, days: float, edges: Floats = EDGES) -> Incidence:
    """Answer of one who knows that closings come at a constant pace, whatever their outcome."""
    clock = np.tile(1 - np.exp(-edges / days), (len(win), 1))
    return Incidence(edges, win, clock, clock)


def drawn(size: int, share: float, watched: Floats, seed: int = 0) -> Labels:
    draw = np.random.default_rng(seed)
    days, wins = draw.exponential(60, size), draw.random(size) < share
    outcome = np.where(days > watched, CENSORED, np.where(wins, WON, LOST))
    return Labels(np.minimum(days, watched), outcome, watched)


def dataset(labels: Labels, source: list[str], tier: list[str]) -> Dataset:
    """One snapshot an opportunity; what became of it is given."""
    ids = [f"o{i:05d}" for i in range(len(source))]
    frame = pd.DataFrame({"opportunity_id": ids, "process": "default", "created_at": "2026-01-01", "source": source})
    attributes = {
        name: Attribute(name, "category", measured)  # type: ignore[arg-type]
        for name, measured in (("tier", "creation"), ("lost_to", "close"))
    }
    history = build_history({"opportunities": frame.assign(tier=tier, lost_to=tier)}, attributes=attributes)
    at = pd.Timestamp("2026-01-02", tz="UTC")
    keys = pd.DataFrame({"opportunity_id": pd.Series(ids, dtype="str"), "as_of": at})
    snapshots = build_snapshots(history, keys, catalogue_of(history))
    return Dataset(history, keys, snapshots, at, lambda history, keys, until: labels)


def test_open_opportunities_do_not_bias_expected_over_actual() -> None:
    # Half was watched for ten days only: nearly all of them are still open.
    watched = np.where(np.arange(20_000) % 2, 10.0, 365.0)
    labels = drawn(20_000, 0.3, watched)
    right = exponential(np.full(20_000, 0.3), 60)
    expected, actual = expected_and_actual(right, labels)
    assert expected.sum() / actual.sum() == pytest.approx(1, abs=0.03)
    assert right.win.sum() / actual.sum() > 1.5


def test_each_snapshot_is_expected_to_be_won_within_its_own_days_of_watching() -> None:
    answer = exponential(np.array([0.5, 0.5]), 60)
    labels = Labels(np.array([10.0, 5.0]), np.array([CENSORED, WON]), np.array([10.0, 60.0]))
    expected, actual = expected_and_actual(answer, labels)
    assert expected.tolist() == pytest.approx([0.5 * (1 - np.exp(-1 / 6)), 0.5 * (1 - np.exp(-1))])
    assert actual.tolist() == [0, 1]


@pytest.mark.parametrize(("factor", "passed"), [(1.0, True), (1.3, False), (0.7, False)])
def test_it_fails_only_when_its_interval_lies_wholly_outside(factor: float, passed: bool) -> None:
    size = 4_000
    given = dataset(drawn(size, 0.3, np.full(size, 200.0)), ["web"] * size, ["a"] * size)
    overall = expected_wins_checks(exponential(np.full(size, 0.3 * factor), 60), given, 0)[0]
    assert overall.passed is passed
    assert overall.low is not None
    assert overall.high is not None
    assert overall.low < 1 * factor < overall.high


def test_a_few_opportunities_far_off_do_not_fail_by_chance() -> None:
    size = 12
    labels = Labels(np.full(size, 5.0), np.array([WON, WON, *[LOST] * 10]), np.full(size, 200.0))
    overall = expected_wins_checks(exponential(np.full(size, 0.25), 60), dataset(labels, ["a"] * 12, ["b"] * 12), 0)[0]
    assert overall.figure == pytest.approx(1.5, abs=0.1)
    assert overall.passed


def test_a_segment_with_a_hundred_wins_that_is_far_off_fails_and_a_smaller_one_is_not_judged() -> None:
    size = 3_000
    source = ["fair" if i % 3 == 0 else "web" for i in range(size - 50)] + ["rare"] * 50
    labels = drawn(size, 0.3, np.full(size, 300.0))
    # The answer is right on the whole, too high for one source and too low for the other.
    win = np.where(np.array(source) == "fair", 0.5, 0.2)
    checks = expected_wins_checks(exponential(win, 60), dataset(labels, source, ["a"] * size), 0)
    found = {check.subject: check.passed for check in checks}
    assert found == {"": True, "process=default": True, "source=fair": False, "source=web": False, "tier=a": True}


def test_an_attribute_that_knows_the_outcome_makes_no_segments() -> None:
    given = dataset(drawn(4, 0.5, np.full(4, 9.0)), ["a", "a", "b", "b"], ["x", "x", "y", "y"])
    assert {name: rows.tolist() for name, rows in segments(given)} == {
        "process=default": [0, 1, 2, 3], "source=a": [0, 1], "source=b": [2, 3], "tier=x": [0, 1], "tier=y": [2, 3],
    }  # fmt: skip


def test_without_a_win_nothing_is_shown() -> None:
    labels = Labels(np.full(4, 5.0), np.full(4, LOST), np.full(4, 9.0))
    check = expected_wins_checks(exponential(np.full(4, 0.5), 60), dataset(labels, list("aabb"), list("aabb")), 0)[0]
    assert (check.figure, check.passed) == (None, False)


def test_an_answer_given_in_other_intervals_is_compared_in_the_same() -> None:
    labels = drawn(500, 0.3, np.full(500, 100.0))
    fine, coarse = (exponential(np.full(500, 0.3), 60, np.arange(step, 400.0, step)) for step in (5.0, 40.0))
    # Without common intervals the coarse answer looks much likelier: its intervals are wider.
    apart = censored_log_likelihood(coarse, labels).mean() - censored_log_likelihood(fine, labels).mean()
    check = likelihood_check("champion", fine, coarse, labels, resamples(np.arange(500).astype(object), 0))
    assert apart > 0.5
    assert check.figure == pytest.approx(0, abs=0.02)


def test_who_knows_when_but_not_whether_does_not_pass_for_telling_won_from_lost() -> None:
    size = 3_000
    draw = np.random.default_rng(2)
    soon = draw.random(size) < 0.5
    days, wins = draw.exponential(np.where(soon, 5, 100)), draw.random(size) < 0.3
    labels = Labels(days, np.where(wins, WON, LOST), np.full(size, 1e4))
    share = np.full(size, wins.mean())
    constant = exponential(share, 52.5)
    clock = 1 - np.exp(-EDGES / np.where(soon, 5, 100)[:, None])
    knows_when = Incidence(EDGES, share + draw.normal(0, 0.05, size), clock, clock)
    knows_both = Incidence(EDGES, np.where(wins, 0.6, 0.2), clock, clock)
    samples = resamples(np.arange(size).astype(object), 0)
    assert likelihood_check("constant", knows_when, constant, labels, samples).passed
    assert not outcome_check("constant", knows_when, constant, labels, samples).passed
    assert outcome_check("constant", knows_both, constant, labels, samples).passed


def test_the_loss_at_a_horizon_is_reported_and_decides_nothing() -> None:
    labels = drawn(400, 0.3, np.where(np.arange(400) % 2, 20.0, 100.0))
    right, wrong = exponential(np.full(400, 0.3), 60), exponential(np.full(400, 0.8), 60)
    samples = resamples(np.arange(400).astype(object), 0)
    found = horizon_checks("constant", right, wrong, labels, samples, [14.0, 60.0, 200.0])
    assert [(check.name, check.passed) for check in found] == [
        ("horizon_log_loss.14d.constant", None), ("horizon_log_loss.60d.constant", None),
    ]  # fmt: skip
    assert all(check.high is not None and check.high < 0 for check in found)


BETTER = Check(LIKELIHOOD, -0.02, "high < 0", True, "stage_rates", low=-0.03, high=-0.01)
NOT_BETTER = replace(BETTER, figure=0.01, high=0.04, passed=False)
CHAMPION = replace(BETTER, subject="champion", limit="high < 0.002")
SLOW = Check(LATENCY, 2.0, "< 1", False)
VERDICT = Verdict((BETTER,), [], {}, {}, None, pd.Timestamp("2026-01-01", tz="UTC"))


def test_the_reason_names_every_row_that_did_not_pass_in_both_languages() -> None:
    verdict = replace(VERDICT, checks=(NOT_BETTER, SLOW))
    assert not verdict.passed
    assert verdict.reason.startswith("no better than stage rates: +0.0100 (90 %: -0.0300 – +0.0400)")
    assert "seconds to score one opportunity (shortest of several): +2.0000, limit < 1" in verdict.reason
    assert verdict.reason_zh.startswith("不优于阶段赢率：+0.0100")
    assert VERDICT.passed
    assert "no champion to compare" in VERDICT.reason
    assert "no worse than the champion" in replace(VERDICT, checks=(BETTER, CHAMPION)).reason


def test_where_nothing_can_be_proved_passing_checks_do_not_help() -> None:
    assert not replace(VERDICT, obstacle=("too little", "太少")).passed


def test_every_kind_of_row_has_words_in_both_languages_and_a_name_of_its_own() -> None:
    segment = Check(EXPECTED, 1.3, "0.80–1.20", False, "source=fair", low=1.25, high=1.4)
    assert segment.words == ("expected over actual wins, source=fair", "预期与实际赢单之比，source=fair")
    assert segment.name == "expected_over_actual.source=fair"
    rows = verdict_to_dict(replace(VERDICT, checks=(BETTER, CHAMPION, SLOW, segment)))["checks"]
    assert len({row["name"] for row in rows}) == 4
    assert set(rows[0]) == {"name", "en", "zh-CN", "figure", "low", "high", "limit", "passed"}
    json.dumps(rows, allow_nan=False)


def test_the_artifact_keeps_what_was_judged_without_the_champion_and_without_the_clock() -> None:
    kept = judged_to_dict(replace(VERDICT, checks=(BETTER, CHAMPION, SLOW)))
    assert [row["name"] for row in kept["checks"]] == ["log_likelihood.stage_rates"]
    assert kept["trained_until"] == "2026-01-01T00:00:00+00:00"
    assert kept["refitted_on_all"] is True
