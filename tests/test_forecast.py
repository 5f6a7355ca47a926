"""The forecast of a period, on pipelines small enough to be added up by hand."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from features.history.history import History
from features.history.simulated import simulate
from scoring import forecast_draws
from scoring.amount_risk import AmountRisk
from scoring.calendar_periods import Calendar
from scoring.chances import chances_of
from scoring.forecast import forecast
from scoring.forecast_goals import Aims, Goals
from scoring.shared_factor import PastForecast, fit_spread
from scoring.slippage import slippage_of
from scoring.standing import standing_at
from scoring.version_zero import version_zero
from tests.forecasts import DAY, deal, forecast_of, pipeline, sold
from tests.histories import at, opportunity, stage, value

AS_OF = pd.Timestamp("2025-07-10", tz="UTC")


@pytest.mark.parametrize("by", ["team", "owner", "product", "stage", "class", "region", "segment"])
def test_groups_sum_to_the_total_in_every_draw(simulated: History, by: str) -> None:
    standing, calendar = standing_at(simulated, AS_OF), Calendar()
    period = calendar.period("quarter", AS_OF)
    chances = chances_of(standing.open(), version_zero(simulated.processes), period, calendar)
    cut, whole = (forecast(standing, chances, period, calendar, by=one) for one in (by, None))
    assert len(cut.lines["amount"]) > 1
    for measure, total in cut.totals.items():
        lines = cut.lines[measure]
        for name in ("won", "expected_open", "expected_new", "expected", "fixed_weights", "open"):
            assert sum(getattr(line, name) for line in lines) == pytest.approx(getattr(total, name))
            assert getattr(total, name) == pytest.approx(getattr(whole.totals[measure], name))
        drawn = cut.draws[measure].sum(axis=1)
        assert np.quantile(drawn, 0.9) == pytest.approx(total.eighty[1], abs=1.0)
        assert drawn.mean() == pytest.approx(total.expected, rel=0.03)


def test_the_parts_are_what_was_won_what_is_open_and_what_is_to_come() -> None:
    known = pipeline(
        sold("before", 500, created=0, closed=70),
        sold("within", 300, created=80, closed=95),
        deal("a", 100),
        deal("b", 200),
    )
    line = forecast_of(known, [0.5, 0.25], period="2026-04", by=None).totals["amount"]
    assert (line.open, line.won) == (2, 300)
    assert line.expected_open == pytest.approx(0.5 * 100 + 0.25 * 200)
    # 20 days to come; the win that took 15 days comes again in 5 of them, seen over 100 − 15 days.
    assert line.expected_new == pytest.approx(300 * (20 - 15) / (100 - 15))
    assert line.expected == pytest.approx(line.won + line.expected_open + line.expected_new)


def test_what_was_won_before_the_period_is_not_in_it() -> None:
    known = pipeline(sold("before", 500, created=0, closed=70), deal("a"))
    assert forecast_of(known, [0.0], period="2026-04").totals["amount"].won == 0
    assert forecast_of(known, [0.0], period="2026-03").totals["amount"].won == 500


def test_nothing_recorded_after_the_instant_matters() -> None:
    before = [*deal("a", team="north", account_id="x"), *sold("w", 50, created=10, closed=30)]
    after = [
        stage("won", 99, told=101, of="a"),
        value("amount", "9", 99, told=101, of="a"),
        value("expected_close_date", "2026-04-15", 99, told=101, of="a"),
        opportunity("late", 95, told=102),
        ("accounts", {"account_id": "x", "region": "south", "created_at": at(0), "recorded_at": at(101)}),
    ]
    for by in (None, "region", "team"):
        found = [forecast_of(pipeline(rows), [0.4], by=by).to_dict() for rows in (before, before + after)]
        assert found[0] == found[1]


def test_without_an_open_opportunity_there_is_still_a_forecast() -> None:
    found = forecast_of(pipeline(sold("w", 50, created=10, closed=30)), [], by="team", goals=Goals(Aims(10)))
    line = found.totals["amount"]
    assert (line.open, line.expected_open, line.fixed_weights) == (0, 0, 0)
    assert line.expected_new > 0
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_with_nothing_at_all_nothing_is_forecast() -> None:
    found = forecast_of(pipeline(deal("later", created=150)), [])
    assert found.totals["count"].expected == 0
    assert found.totals["count"].eighty == (0, 0)
    assert json.dumps(found.to_dict(), allow_nan=False)


def test_one_deal_of_a_million_is_all_or_nothing() -> None:
    small = [deal(f"s{i}", 1_000) for i in range(20)]
    found = forecast_of(pipeline(deal("m", 1_000_000), *small), [0.3] * 21, goals=Goals(Aims(1_000_000)))
    line = found.totals["amount"]
    assert line.expected == pytest.approx(306_000)
    assert line.median < 12_000
    assert line.eighty[1] > 1_000_000
    assert line.target_probability == pytest.approx(0.3, abs=0.05)


def test_an_unknown_amount_is_that_of_past_wins_and_not_zero() -> None:
    wins = [sold(f"w{i}", 400, created=0, closed=60 + i) for i in range(5)]
    known, unknown = (forecast_of(pipeline(deal("a", amount), *wins), [0.5]) for amount in (400.0, None))
    assert unknown.totals["amount"].expected_open == known.totals["amount"].expected_open == 200
    assert unknown.totals["amount"].fixed_weights == known.totals["amount"].fixed_weights == 200
    assert (unknown.totals["amount"].unpriced, known.totals["amount"].unpriced) == (1, 0)
    assert any("not as 0" in note.en and "不计为0" in note.zh for note in unknown.notes)


def test_where_no_amount_is_known_only_numbers_are_forecast() -> None:
    found = forecast_of(pipeline(deal("a", None), deal("b", None)), [0.5, 0.5], by="team", goals=Goals(Aims(10)))
    assert set(found.totals) == {"count"}
    assert found.totals["count"].expected == 1
    assert found.to_dict()["totals"]["count"]["fixed_weights"] == 1


def test_amounts_shrink_as_those_of_past_wins_did() -> None:
    wins = [sold(f"w{i}", 80, first=100, created=0, closed=60 + i % 7) for i in range(30)]
    line = forecast_of(pipeline(deal("a", 1_000), *wins), [1.0]).totals["amount"]
    assert line.expected_open == pytest.approx(800)
    # The managers' rule knows nothing of it.
    assert line.fixed_weights == 500


def test_the_managers_rule_counts_what_is_stated_to_close_in_the_period() -> None:
    known = pipeline(
        deal("in", 100, due="2026-04-20"),
        deal("overdue", 50, due="2026-04-02"),
        deal("later", 1_000, due="2026-05-01"),
        deal("none", 7),
    )
    found = forecast_of(known, [0.1] * 4, period="2026-04")
    assert found.totals["amount"].fixed_weights == 0.5 * (100 + 50)
    assert any("without a stated close date" in note.en for note in found.notes)


def test_where_nobody_states_a_date_the_rule_counts_all_and_says_so() -> None:
    found = forecast_of(pipeline(deal("a", 100), deal("b", 60)), [0.1, 0.1])
    assert found.totals["amount"].fixed_weights == 80
    assert any("count everything that is open" in note.en for note in found.notes)


def test_several_currencies_are_not_added_without_rates() -> None:
    known = pipeline(deal("a", 100), deal("b", 100, currency="USD"))
    with pytest.raises(DataError, match="EUR, USD"):
        forecast_of(known, [0.5, 0.5])
    with pytest.raises(DataError, match="USD without a rate"):
        forecast_of(known, [0.5, 0.5], rates={"EUR": 1.0})
    found = forecast_of(known, [0.5, 0.5], rates={"EUR": 1.0, "USD": 0.9})
    assert found.currency == "EUR"
    assert found.totals["amount"].expected_open == pytest.approx(95)


def test_the_shared_factor_widens_what_independent_draws_would_understate() -> None:
    known = pipeline(*(deal(f"d{i}", 100) for i in range(300)))
    win = [0.25] * 300
    rng = np.random.default_rng(0)
    calm = [PastForecast(np.array(win), won) for won in rng.binomial(300, 0.25, 40)]
    shocked = 1 / (1 + np.exp(-(np.log(1 / 3) + 0.5 * rng.standard_normal(40))))
    stormy = [PastForecast(np.array(win), won) for won in rng.binomial(300, shocked)]
    nothing, narrow, wide = (forecast_of(known, win, past=past).totals["count"] for past in ((), calm, stormy))
    independent = 2 * 1.2816 * np.sqrt(300 * 0.25 * 0.75)
    width = [line.eighty[1] - line.eighty[0] for line in (nothing, narrow, wide)]
    assert width[1] == pytest.approx(independent, rel=0.35)
    assert width[2] > 2.5 * independent
    assert width[0] > 1.5 * width[1]
    assert [line.expected for line in (nothing, narrow, wide)] == [75, 75, 75]


def test_commits_stand_beside_their_owners_and_teams() -> None:
    known = pipeline(
        deal("a", owner_id="ann", team="north"),
        deal("b", owner_id="bob", team="north"),
        deal("c", owner_id="cyd", team="south"),
    )
    goals = Goals(Aims(commits={"ann": 70.0, "bob": 0.0, "cyd": 30.0}))
    by_owner = forecast_of(known, [0.5] * 3, by="owner", goals=goals)
    assert {line.group: line.commit for line in by_owner.lines["amount"]} == {"ann": 70, "bob": 0, "cyd": 30}
    by_team = forecast_of(known, [0.5] * 3, by="team", goals=goals)
    assert {line.group: line.commit for line in by_team.lines["amount"]} == {"north": 70, "south": 30}
    assert by_owner.totals["amount"].commit == 100
    assert by_owner.totals["count"].commit is None


def test_a_target_of_a_group_has_its_own_probability() -> None:
    known = pipeline(deal("a", team="north"), deal("b", team="south"))
    found = forecast_of(known, [0.9, 0.1], by="team", goals=Goals(Aims(targets={"north": 100.0, "south": 100.0})))
    chance = {line.group: line.target_probability for line in found.lines["amount"]}
    assert chance["north"] == pytest.approx(0.9, abs=0.05)
    assert chance["south"] == pytest.approx(0.1, abs=0.05)


def test_slippage_names_first_what_is_likely_to_be_won_later_and_what_has_passed() -> None:
    known = pipeline(deal("soon", due="2026-04-20"), deal("none"), deal("late", due="2026-04-01"))
    standing = standing_at(known, at(DAY)).open()
    calendar = Calendar()
    chances = chances_of(standing, version_zero(), calendar.period("30", at(DAY)), calendar)
    found = forecast(standing_at(known, at(DAY)), chances, calendar.period("30", at(DAY)), calendar).slippage
    assert [(one.opportunity_id, one.overdue, one.met) for one in found] == [("late", True, 0), ("soon", False, 0.5)]
    assert found[0].later == 0.5
    assert all(one.words.en and one.words.zh for one in found)
    # What will hardly be won at all stands last.
    hopeless = replace(chances, ever=chances.ever * np.where(standing.ids == "late", 0.01, 1.4))
    assert [one.opportunity_id for one in slippage_of(standing, hopeless)] == ["soon", "late"]


def test_a_period_to_come_counts_only_what_falls_into_it(simulated: History) -> None:
    standing, calendar = standing_at(simulated, AS_OF), Calendar()
    artifact = version_zero(simulated.processes)
    artifact = replace(artifact, training={**artifact.training, "won": 9, "lost": 9})
    names = ("2025-Q3", "2025-Q4", "2026-Q1")
    within = {}
    for name in names:
        period = calendar.period(name, AS_OF)
        within[name] = chances_of(standing.open(), artifact, period, calendar).within
    ever = chances_of(standing.open(), artifact, calendar.period("2025-Q3", AS_OF), calendar).ever
    assert all((values > 0).all() for values in within.values())
    assert (sum(within.values()) < ever).all()


def test_the_same_seed_gives_the_same_forecast() -> None:
    known = pipeline(deal("a"), deal("b", 300))
    first, second, other = (forecast_of(known, [0.4, 0.4], seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(first.draws["amount"], second.draws["amount"])
    assert not np.array_equal(first.draws["amount"], other.draws["amount"])


def test_what_is_to_come_is_what_past_spans_brought() -> None:
    history = simulate(1500, seed=2)
    standing, calendar = standing_at(history, AS_OF), Calendar()
    period = calendar.period("60", AS_OF)
    chances = chances_of(standing.open(), version_zero(history.processes), period, calendar)
    expected = forecast(standing, chances, period, calendar).totals["count"].expected_new
    won = standing.won()
    spans = [
        ((won.told > start) & (won.told <= start + 60) & (won.since <= start + 60)).sum()
        for start in np.arange(standing.now - 300, standing.now - 60, 5.0)
    ]
    assert expected == pytest.approx(np.mean(spans), rel=0.25)


def test_many_opportunities_drawn_together_spread_as_if_drawn_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    size = 6000
    win, amount = rng.beta(1, 4, size), np.exp(rng.normal(8, 1, size))
    stage, group = np.full(size, "proposal", object), rng.integers(0, 3, size)
    ratios = np.array([0.6, 0.8, 1.0] * 20)
    risk = AmountRisk(ratios, np.full(60, "proposal", object), amount[:50])
    found = []
    for many in (1000, 10_000):
        monkeypatch.setattr(forecast_draws, "MANY", many)
        shared = forecast_draws.draw_shared(fit_spread([]), 3000, np.random.default_rng(5))
        found.append(forecast_draws.draw_open(win, amount, stage, group, 3, risk, shared, rng))
    for together, each in zip((found[0].count, found[0].amount), (found[1].count, found[1].amount), strict=True):
        assert together.mean(axis=0) == pytest.approx(each.mean(axis=0), rel=0.02)
        for share in (0.1, 0.25, 0.5, 0.75, 0.9):
            assert np.quantile(together, share, axis=0) == pytest.approx(np.quantile(each, share, axis=0), rel=0.03)


def test_groups_have_names_in_both_languages() -> None:
    known = pipeline(deal("a"), deal("b", team="north"), sold("w", 50, created=80, closed=95))
    by_class = forecast_of(known, [0.5, 0.5], by="class", classes=np.array(["active", "hidden"], object))
    names = {row["group"]: row["names"]["zh-CN"] for row in by_class.to_dict()["groups"]["amount"]}
    assert names == {"active": "活跃机会", "hidden": "隐性机会", "not_created_yet": "尚未创建"}
    by_stage = forecast_of(known, [0.5, 0.5], by="stage", period="2026-04").to_dict()["groups"]["count"]
    assert {row["group"]: row["names"]["zh-CN"] for row in by_stage}["proposal"] == "方案/报价"
    assert {row["group"]: row["names"]["en"] for row in by_stage}["won"] == "won already"
    by_team = forecast_of(known, [0.5, 0.5], by="team").to_dict()["groups"]["count"]
    assert {row["group"]: row["names"]["en"] for row in by_team} == {"north": "north", None: "not known"}


def test_a_model_that_does_not_know_when_says_so(simulated: History) -> None:
    standing, calendar = standing_at(simulated, AS_OF), Calendar()
    period = calendar.period("30", AS_OF)
    chances = chances_of(standing.open(), version_zero(simulated.processes), period, calendar)
    found = forecast(standing, chances, period, calendar)
    assert found.totals["count"].expected_open == pytest.approx(standing.open().weight.sum())
    assert any("does not know when" in note.en and "尚不知" in note.zh for note in found.notes)
