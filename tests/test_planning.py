"""From a target back to what is needed: the worked example to the unit, and what the record says instead."""

from __future__ import annotations

import json

import numpy as np
import pytest

from features.errors import DataError
from scoring.learned_rates import rate_of, won_in_the_end
from scoring.planning import PlanBasis, plan_for, plan_of
from scoring.size_mix import SizeBand, bands_of, size_mix
from tests.pipelines_of_rows import deal, pipeline

THE_PLAN = bands_of([28, 7, 2, 1])


def test_the_worked_example_is_reproduced_to_the_unit() -> None:
    plan = plan_for(pipeline([deal("a", ("identified", 0))]), THE_PLAN)
    assert plan.wins == 38
    chain = {stage.stage: stage.chained for stage in plan.stages}
    assert chain == {"negotiation": 51, "proposal": 102, "needs_confirmed": 102, "contacted": 408, "identified": 408}
    assert plan.stages[-1].as_probability == 152
    assert "25 % means 408 needed, of which 9.4 % come through every level" in plan.contradiction.en
    assert "by which 152 would do: both cannot be true" in plan.contradiction.en
    assert "只需152个：两者不能同时成立" in plan.contradiction.zh


def test_without_a_record_the_learned_need_is_that_of_the_fixed_weight_and_says_so() -> None:
    plan = plan_for(pipeline([deal("a", ("identified", 0))]), THE_PLAN)
    assert (plan.stages[-1].learned, plan.stages[-1].in_hand, plan.stages[-1].missing) == (152, 1, 151)
    assert plan.verdict.en.endswith("with nothing closed, the fixed weight")


def test_learned_rates_say_what_is_needed_instead() -> None:
    # 30 of 90 that began were won: (90 × 1/3 + 10 × 1/4) / 100 = 0.325, and 38 / 0.325 = 116.9.
    won = [deal(f"w{i}", ("identified", 0), ("won", 10), amount=5_000) for i in range(30)]
    lost = [deal(f"l{i}", ("identified", 0), ("lost", 10), amount=20_000) for i in range(60)]
    plan = plan_for(pipeline(won + lost), THE_PLAN)
    first = plan.stages[-1]
    assert (first.rate.won, first.rate.lost) == (30, 60)
    assert first.rate.rate == pytest.approx(0.325)
    assert first.learned == 117
    assert "32.5 % is won, so 117 are needed there (from 90 closed)" in plan.verdict.en
    # By size: 30 of 30 under 10 k, none of 60 of 10–30 k; each drawn to 0.325 by 10.
    small, middle = plan.sizes[0], plan.sizes[1]
    assert small.rate.rate == pytest.approx((30 + 3.25) / 40)
    assert middle.rate.rate == pytest.approx(3.25 / 70)
    assert (small.learned, middle.learned) == (34, 151)


def test_a_stage_that_was_skipped_is_not_counted_as_visited() -> None:
    rows = [deal("a", ("identified", 0), ("proposal", 5), ("won", 9)), deal("b", ("contacted", 0), ("lost", 9))]
    rates = {stage.stage: stage.rate for stage in plan_for(pipeline(rows), THE_PLAN).stages}
    assert (rates["identified"].won, rates["contacted"].lost, rates["needs_confirmed"].began) == (1, 1, 0)


def test_open_ones_count_for_as_long_as_they_were_seen() -> None:
    # Losses at 2 of 4, then a win at 3 of the 2 left: 0.5 × 0.5, and half a quarter of what is open still.
    days, outcome = np.array([2.0, 2.0, 3.0, 4.0]), np.array([2, 2, 1, 0])
    assert won_in_the_end(days, outcome) == pytest.approx(0.25 + 0.25 / 3)
    assert np.isnan(won_in_the_end(np.array([1.0]), np.array([0])))
    none = rate_of(np.array([1.0]), np.array([0]))
    assert (none.rate, none.raw, none.still_open) == (None, None, 1)


def test_a_plan_that_was_kept_is_made_again_for_another_target() -> None:
    rows = [deal(f"w{i}", ("identified", 0), ("negotiation", 5), ("won", 20), amount=5_000) for i in range(9)]
    rows += [deal(f"l{i}", ("identified", 0), ("lost", 20), amount=60_000) for i in range(9)]
    found = pipeline([*rows, deal("open", ("identified", 60))])
    kept = json.loads(json.dumps(plan_for(found, THE_PLAN).to_dict()))
    assert plan_of(PlanBasis.of_kept(kept), THE_PLAN) == plan_for(found, THE_PLAN)
    other = bands_of([3, 0, 0, 2])
    again = plan_of(PlanBasis.of_kept(kept), other)
    assert again == plan_for(found, other)
    assert (again.wins, again.stages[-1].chained, again.sizes[1].learned) == (5, 56, 0)


def test_the_size_mix_of_108_open_deals() -> None:
    values = np.repeat([5e3, 1e4, 3e4, 5e4, np.nan], [61, 30, 12, 5, 7])
    mix = size_mix(values)
    assert [one.band.deals for one in mix] == [61, 30, 12, 5]
    assert [round(100 * (one.share or 0), 1) for one in mix] == [56.5, 27.8, 11.1, 4.6]
    assert (mix[0].name.zh, mix[3].name.en) == ("10,000以下", "50,000 and over")


def test_the_target_amount_is_that_of_the_bands_when_each_says_what_is_typical() -> None:
    bands = [SizeBand(0, 10_000, 2, 5_000), SizeBand(10_000, None, 1, 20_000)]
    found = pipeline([deal("a", ("identified", 0))])
    assert plan_for(found, bands).target_amount == 30_000
    assert plan_for(found, THE_PLAN).target_amount is None


def test_a_target_of_nothing_is_refused() -> None:
    with pytest.raises(DataError, match="a target of 0 deals"):
        plan_for(pipeline([deal("a", ("identified", 0))]), bands_of([0, 0, 0, 0]))
    with pytest.raises(DataError, match="size mix"):
        bands_of([1, 2])
