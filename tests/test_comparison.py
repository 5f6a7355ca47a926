"""Forecasts of past weeks judged by what came, on tables written by hand."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pytest

from scoring.block_bootstrap import block_weights
from scoring.comparison import Comparison, compare
from scoring.disagreements import disagreements_of
from scoring.forecast_errors import figures_of

WEEKS = [pd.Timestamp("2026-01-05", tz="UTC") + pd.Timedelta(days=7 * week) for week in range(10)]
ACTUAL = [10.0, 12, 8, 10, 11, 9, 10, 12, 8, 10]


def said(method: str, forecast: Sequence[float], group: str | None = None, half_width: float = np.nan) -> pd.DataFrame:
    forecasts = np.array(forecast)
    return pd.DataFrame(
        {
            "cutoff": WEEKS,
            "scope": "open",
            "measure": "count",
            "by": "" if group is None else "team",
            "group": group,
            "method": method,
            "forecast": forecasts,
            "low_80": forecasts - half_width,
            "low_50": forecasts - half_width / 2,
            "median": forecasts + 0 * half_width,
            "high_50": forecasts + half_width / 2,
            "high_80": forecasts + half_width,
            "actual": ACTUAL,
        }
    )


def opportunities(**columns: Sequence[object]) -> pd.DataFrame:
    rows = {
        "cutoff": [WEEKS[0], WEEKS[1], WEEKS[1], WEEKS[2]],
        "opportunity_id": ["a", "a", "b", "c"],
        "owner": ["ann", "ann", None, "bob"],
        "stage": ["proposal"] * 4,
        "team": ["north", "north", "south", "south"],
        "learned": [0.2, 0.1, 0.9, 0.3],
        "fixed_weights": [0.5, 0.75, 0.25, 0.25],
        "outcome": ["lost", "lost", "lost", "open"],
        "won": [0.0, 0.0, 0.0, np.nan],
        "within_learned": [0.1, 0.05, 0.5, 0.2],
        "within_fixed_weights": [0.3, 0.4, 0.1, 0.1],
    }
    return pd.DataFrame(rows | columns)


def comparison(*tables: pd.DataFrame) -> Comparison:
    return compare(pd.concat(tables, ignore_index=True), opportunities(), days=30, origin="simulated")


GOOD, BAD = [value * 1.1 for value in ACTUAL], [value * 1.5 for value in ACTUAL]


def figure(found: Comparison, method: str, name: str, group: str | None = None) -> float:
    (value,) = (
        record["value"]
        for record in found.figures
        if (record["method"], record["figure"], record["group"]) == (method, name, group)
    )
    return float(value)


def test_errors_are_shares_of_what_came() -> None:
    found = comparison(said("learned", GOOD, half_width=2), said("fixed_weights", BAD))
    assert figure(found, "learned", "wape") == pytest.approx(0.1)
    assert figure(found, "fixed_weights", "wape") == pytest.approx(0.5)
    assert figure(found, "fixed_weights", "bias") == pytest.approx(0.5)
    assert figure(found, "fixed_weights", "expected_over_actual") == pytest.approx(1.5)
    assert figure(found, "learned", "coverage_80") == 1
    assert figure(found, "learned", "width_80") == pytest.approx(4 * 10 / sum(ACTUAL))
    assert not [r for r in found.figures if r["method"] == "fixed_weights" and r["figure"] == "coverage_80"]


def test_a_method_of_one_number_pays_for_its_quantiles() -> None:
    rows = said("learned", [8.0] * 10)
    weights = block_weights(10, 4, 0)
    short = (rows["actual"] - 8).sum() / rows["actual"].sum()
    # All of its quantiles are 8, and each is short: the mean share of the quantiles is one half.
    assert figures_of(rows, weights)["pinball"]["value"] == pytest.approx(0.5 * short)


def test_the_sentence_says_the_figures_in_both_languages() -> None:
    found = comparison(said("learned", GOOD, half_width=2), said("fixed_weights", BAD)).findings[0]
    assert "over 10 weeks the learned forecast missed by 10 %, the fixed weights by 50 %" in found.words.en
    assert "difference 40 points, 80 % sure between 40 and 40" in found.words.en
    assert "10周内学习预测误差10%，固定权重误差50%；相差40个百分点，80%把握在40至40之间" in found.words.zh
    assert "; on average the learned forecast was 10 % too high, the fixed weights 50 % too high" in found.words.en
    assert "；平均而言学习预测偏高10%，固定权重偏高50%" in found.words.zh
    assert found.is_sure
    assert not found.lost
    assert (found.learned_bias, found.rule_bias) == (pytest.approx(0.1), pytest.approx(0.5))


def test_the_way_in_which_a_forecast_misses_is_said_and_none_where_there_is_none() -> None:
    low, even = [value * 0.8 for value in ACTUAL], [value + (-1) ** place for place, value in enumerate(ACTUAL)]
    words = comparison(said("learned", even, half_width=2), said("fixed_weights", low)).findings[0].words
    assert words.en.endswith("the learned forecast was neither too high nor too low, the fixed weights 20 % too low")
    assert words.zh.endswith("学习预测不高不低，固定权重偏低20%")


def test_a_difference_that_chance_may_have_made_is_no_loss_and_comes_after_what_is_lost() -> None:
    worse = [value + (3 if place < 5 else -1) for place, value in enumerate(ACTUAL)]
    rule = [value + (2 if place >= 5 else -1.2) for place, value in enumerate(ACTUAL)]
    found = comparison(
        said("learned", worse, half_width=2),
        said("fixed_weights", rule),
        said("learned", BAD, "south", 2),
        said("fixed_weights", GOOD, "south"),
    )
    lost, apart = found.findings
    assert (lost.group, lost.lost, lost.is_sure) == ("south", True, True)
    assert (apart.is_worse, apart.lost, apart.is_sure) == (True, False, False)
    assert "not told apart; over 10 weeks" in apart.words.en
    assert "lost" not in apart.words.en
    assert "尚分不出高下" in apart.words.zh
    told = apart.to_dict()
    assert (told["lost"], told["worse"], told["sure"]) == (False, True, False)


def test_weeks_that_overlap_count_as_fewer_periods() -> None:
    tables = pd.concat([said("learned", GOOD, half_width=2), said("fixed_weights", BAD)], ignore_index=True)
    asked = {"origin": "simulated"}
    found = {days: compare(tables, opportunities(), days=days, **asked).independent for days in (7, 30, 3, None)}  # type: ignore[arg-type]
    assert found == {7: 10, 30: 2, 3: 10, None: 2}
    assert comparison(tables).to_dict()["independent"] == 2


def test_every_week_is_listed_with_what_each_method_said_and_what_came() -> None:
    found = comparison(
        said("learned", GOOD, half_width=2), said("fixed_weights", BAD), said("learned", BAD, "south", 2)
    ).to_dict()
    (only,) = found["series"]
    assert (only["scope"], only["measure"], len(only["weeks"])) == ("open", "count", 10)
    week = only["weeks"][1]
    assert week == {
        "at": "2026-01-12T00:00:00+00:00",
        "came": 12,
        "learned": pytest.approx(13.2),
        "low": pytest.approx(11.2),
        "high": pytest.approx(15.2),
        "fixed_weights": pytest.approx(18),
    }


def test_why_the_fixed_weights_miss_is_said_by_what_they_counted() -> None:
    rows = opportunities(counted=[1.0, 1.0, 0.0, 1.0], won=[0.0, 1.0, 1.0, np.nan], lost=[1.0, 0.0, 0.0, np.nan])
    tables = pd.concat([said("learned", GOOD, half_width=2), said("fixed_weights", BAD)], ignore_index=True)
    found = compare(tables, rows, days=30, origin="simulated").to_dict()["rule_counted"]
    assert (found["counted"], found["expected"], found["won"], found["lost"]) == (2, 0.625, 0.5, 0.5)
    assert found["wins_not_counted"] == 0.5
    assert "they counted 2 times an opportunity, stated to close within 30 days, and expected 62 %" in found["en"]
    assert "50 % were, 50 % were lost, 0 % were still open at the end. 50 % of the wins came from others" in found["en"]
    assert "预计在30天内成交的商机2次" in found["zh-CN"]
    assert comparison(tables).to_dict()["rule_counted"] is None


def test_where_the_learned_forecast_lost_it_says_so_first() -> None:
    found = comparison(
        said("learned", GOOD, half_width=2),
        said("fixed_weights", BAD),
        said("learned", BAD, "south", 2),
        said("fixed_weights", GOOD, "south"),
    )
    assert [(one.group, one.lost) for one in found.findings] == [("south", True), (None, False)]
    assert "team south: the learned forecast lost" in found.findings[0].words.en
    assert "团队south：学习预测更差" in found.findings[0].words.zh


def test_a_week_in_which_a_group_had_nothing_open_counts_as_nothing() -> None:
    found = comparison(
        said("learned", GOOD, half_width=2),
        said("learned", GOOD, "south", 2).iloc[:5],
        said("fixed_weights", BAD, "south").iloc[:5],
    )
    assert figure(found, "learned", "wape", "south") == pytest.approx(0.1)
    (only,) = [one for one in found.findings if one.group == "south"]
    assert only.difference == pytest.approx(0.4)


def test_weeks_are_drawn_in_blocks_because_they_err_together() -> None:
    rng = np.random.default_rng(1)
    level = np.repeat(rng.normal(0, 3, 10), 5)
    rows = pd.concat([said("learned", GOOD)] * 5, ignore_index=True)
    rows["actual"], rows["forecast"] = 10.0, 10.0 + level
    single, blocks = (figures_of(rows, block_weights(50, length, 0))["bias"] for length in (1, 5))
    assert blocks["high"] - blocks["low"] > 1.5 * (single["high"] - single["low"])


def test_every_week_is_drawn_equally_often() -> None:
    weights = block_weights(12, 5, 0, samples=20_000)
    assert (weights.sum(axis=1) == 12).all()
    assert weights.mean(axis=0) == pytest.approx(np.ones(12), abs=0.05)


def test_the_farthest_disagreements_are_each_named_once_with_who_was_right() -> None:
    found = comparison(said("learned", GOOD, half_width=2), said("fixed_weights", BAD))
    assert [(one.opportunity_id, one.right) for one in found.disagreements] == [
        ("b", "fixed_weights"),
        ("a", "learned"),
    ]
    assert found.disagreements[1].as_of.startswith("2026-01-12")
    assert found.right == {"learned": 1, "fixed_weights": 1}
    assert "丢单" in found.disagreements[1].words.zh


def test_disagreements_show_both_sides_and_first_where_the_learned_probability_was_wrong() -> None:
    rows = [(f"r{n}", 0.1, 0.75, "lost") for n in range(12)] + [(f"w{n}", 0.1, 0.6, "won") for n in range(3)]
    frame = pd.DataFrame(rows, columns=["opportunity_id", "learned", "fixed_weights", "outcome"])
    found, counts = disagreements_of(frame.assign(cutoff="2026-01-05", stage="proposal", owner="ann"), most=10)
    assert [one.opportunity_id for one in found] == ["w0", "w1", "w2", *(f"r{n}" for n in range(7))]
    assert counts == {"learned": 12, "fixed_weights": 3}


def test_log_loss_is_of_what_is_known_and_also_by_group() -> None:
    found = comparison(said("learned", GOOD, half_width=2), said("learned", GOOD, "south", 2))
    assert figure(found, "learned", "log_loss") == pytest.approx(-np.log([0.9, 0.95, 0.5]).mean())
    assert figure(found, "learned", "log_loss", "south") == pytest.approx(-np.log(0.5))


def test_where_nothing_came_there_is_no_share_of_it_and_json_says_null() -> None:
    learned, rule = said("learned", GOOD, half_width=2), said("fixed_weights", BAD)
    learned["actual"] = rule["actual"] = 0.0
    found = comparison(learned, rule)
    assert found.findings == ()
    assert json.loads(json.dumps(found.to_dict(), allow_nan=False))["figures"][0]["value"] is None


def test_few_weeks_are_said_to_be_too_few() -> None:
    few = comparison(said("learned", GOOD, half_width=2).iloc[:5], said("fixed_weights", BAD).iloc[:5])
    assert few.to_dict()["enough_weeks"] is False
    assert few.held == ({"scope": "open", "measure": "count", "held": 5, "weeks": 5},)
