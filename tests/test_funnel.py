"""The funnel of a period, on numbers that can be counted by hand, and on the simulated history."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from features.history.history import History
from features.reporting_calendar import ReportingCalendar
from scoring.funnel import FUNNEL_TERMS, Funnel, StageFigures, funnel, funnels_by, funnels_over_time, trends_of
from scoring.pipeline import pipeline_of
from scoring.sales_statistics import sales_by, sales_over_time, statistics_of, trend_of
from scoring.segments_compared import side_by_side
from tests.histories import at
from tests.pipelines_of_rows import days, deal, pipeline

DEALS = [
    deal("a", ("identified", 0), ("contacted", 4), ("proposal", 10), ("won", 30), amount=100, product="p"),
    deal("b", ("identified", 2), ("contacted", 4), ("lost", 20), amount=50, product="q"),
    deal("c", ("identified", 5), ("contacted", 25), ("identified", 27), amount=70, product="q"),
    deal("d", ("contacted", 8), ("lost", 9), ("contacted", 40), amount=30),
]


def _of(found: Funnel, key: str) -> StageFigures:
    return next(stage for stage in found.stages if stage.stage == key)


def test_entries_exits_conversion_and_dwell_of_each_stage() -> None:
    found = funnel(pipeline(DEALS), days(0, 29))
    identified, contacted = _of(found, "identified"), _of(found, "contacted")
    assert (identified.entries, identified.exits, identified.moved_on, identified.in_hand) == (4, 3, 3, 1)
    assert (identified.mean_days, identified.median_days) == (pytest.approx((4 + 2 + 20) / 3), 4)
    assert (contacted.entries, contacted.exits) == (4, 4)
    assert (contacted.moved_on, contacted.moved_back, contacted.lost, contacted.lost_value) == (1, 1, 2, 80)
    assert contacted.conversion == 0.25
    assert (contacted.in_hand, contacted.waiting_days) == (0, None)
    assert (_of(found, "proposal").in_hand, _of(found, "proposal").in_hand_value) == (1, 100)
    assert (found.created, found.won, found.lost, found.success) == (4, 0, 2, 0)


def test_success_and_cycle_time_are_of_what_closed_in_the_period() -> None:
    later = funnel(pipeline(DEALS), days(30, 60))
    assert (later.created, later.won, later.lost, later.success) == (0, 1, 0, 1)
    assert (later.cycle_days, later.mean_cycle_days) == (30, 30)


def test_the_shape_counts_who_came_how_far_beside_the_ideal() -> None:
    shape = funnel(pipeline(DEALS), days(0, 29)).shape
    assert [level.reached for level in shape.levels] == [4, 4, 1, 1, 1, 1]
    assert (shape.began, shape.still_open, shape.conversion) == (4, 1, 0.25)
    assert [level.ideal for level in shape.levels] == [1, 1, 0.5, 0.5, pytest.approx(1 / 3), 0.25]
    assert shape.levels[2].gap == -0.25
    given = funnel(pipeline(DEALS), days(0, 29), ideal=[100, 80, 40, 20, 10, 5]).shape
    assert [level.ideal for level in given.levels] == [1, 0.8, 0.4, 0.2, 0.1, 0.05]
    with pytest.raises(DataError, match="an ideal funnel of 2 numbers"):
        funnel(pipeline(DEALS), days(0, 29), ideal=[100, 80])


def test_the_stage_that_leaks_most_needs_enough_exits() -> None:
    few = funnel(pipeline(DEALS), days(0, 29))
    assert (few.leakiest, "too few" in few.leak.en) == (None, True)
    lost = [deal(f"l{i}", ("contacted", 0), ("lost", 5)) for i in range(9)]
    won = [deal(f"w{i}", ("identified", 0), ("contacted", 1), ("won", 5)) for i in range(10)]
    found = funnel(pipeline(lost + won), days(0, 29))
    assert found.leakiest == "contacted"
    assert found.leak.en == "contacted: 9 of the 19 that left were lost there (47 %)"
    assert found.leak.zh == "初步接触：离开的19个中有9个在此丢失（47%）"


def test_cuts_add_up_and_keep_what_is_unknown() -> None:
    found = funnels_by(pipeline(DEALS), "product", days(0, 29))
    assert [cut.value for cut in found] == ["p", "q", None]
    assert [cut.funnel.created for cut in found] == [1, 2, 1]
    assert found[-1].name.zh == "未知"


def test_two_segments_stand_side_by_side() -> None:
    new = [deal(f"n{i}", ("identified", 0), ("lost", 5), product="p") for i in range(20)]
    old = [deal(f"o{i}", ("identified", 0), ("won", 5), product="q") for i in range(20)]
    found = side_by_side(pipeline(new + old), days(0, 29), {"product": "p"}, {"product": "q"})
    assert (found.success.difference, found.success.is_clear) == (-1, True)
    few = side_by_side(pipeline(new[:1] + old[:1]), days(0, 29), {"product": "p"}, {"product": "q"})
    assert (few.success.difference, few.success.is_clear) == (-1, False)
    none = side_by_side(pipeline(new), days(0, 29), {"product": "p"}, {"product": "q"})
    assert none.success.difference is None


def test_nothing_recorded_later_is_in_a_funnel() -> None:
    told_late = deal("x", ("identified", 1), ("lost", 2), told=60)
    now = funnel(pipeline([*DEALS, told_late], 50), days(0, 29))
    assert now == funnel(pipeline(DEALS, 50), days(0, 29))
    assert funnel(pipeline([*DEALS, told_late], 61), days(0, 29)) != now


def test_mean_and_median_stand_side_by_side_where_one_seller_hides_nine() -> None:
    sellers = [deal(f"s{i}", ("identified", 0), ("won", 5), amount=100_000, owner_id=f"s{i}") for i in range(9)]
    sellers.append(deal("big", ("identified", 0), ("won", 5), amount=1_000_000, owner_id="big"))
    [month] = sales_over_time(pipeline(sellers), [days(0, 29)]).periods
    found = month.sellers
    assert (found.mean, found.median, found.mode, found.spread) == (190_000, 100_000, 100_000, 900_000)
    assert found.deviation == pytest.approx(284_604.99, abs=0.01)
    assert found.note is not None
    assert found.note.en.startswith("9 of 10 are below the mean")
    assert sales_by(pipeline(sellers), "owner", days(0, 29))[0].value == "big"


def test_unknown_amounts_are_counted_and_are_not_zero() -> None:
    found = statistics_of(np.array([10.0, math.nan, 20.0]))
    assert (found.count, found.unknown, found.mean, found.median, found.mode) == (2, 1, 15, 15, None)


def test_a_period_that_is_not_over_does_not_turn_the_trend() -> None:
    calendar = ReportingCalendar()
    months = [calendar.period_of(at(day), "month") for day in (0, 31, 59, 90)]
    rows = [deal(f"w{m}{i}", ("identified", 0), ("won", 31 * m + 5), amount=10) for m in range(3) for i in range(2 + m)]
    sales = sales_over_time(pipeline(rows, 95), months)
    assert [one.deals.total for one in sales.periods] == [20, 30, 40, 0]
    assert (sales.total.slope, sales.total.direction, sales.total.name.zh) == (10, "rising", "上升")
    assert trend_of([1.0, None, 2.0]).direction is None


def test_the_trend_of_a_funnel_is_that_of_its_periods() -> None:
    rows = [deal(f"w{m}{i}", ("identified", 30 * m), ("won", 30 * m + 5)) for m in range(3) for i in range(1 + m)]
    trends = trends_of(funnels_over_time(pipeline(rows), [days(30 * m, 30 * m + 29) for m in range(3)]))
    assert (trends.created.slope, trends.won.direction, trends.success.direction) == (1, "rising", "steady")
    assert trends.conversions["identified"].slope == 0
    assert trends.median_days["contacted"].slope is None


def test_every_term_has_both_languages() -> None:
    assert all(name.en and name.zh and name.en != name.zh for name in FUNNEL_TERMS.values())


def test_the_simulated_funnel_adds_up(simulated: History) -> None:
    as_of = pd.Timestamp("2025-10-01", tz="UTC")
    found = pipeline_of(simulated, as_of)
    quarters = ReportingCalendar("Asia/Shanghai").periods(pd.Timestamp("2024-01-01", tz="UTC"), as_of, "quarter")
    funnels = funnels_over_time(found, quarters)
    assert sum(one.created for one in funnels) == len(found.opportunities)
    closes = found.visits[found.visits["outcome"] != "open"]
    assert sum(one.won + one.lost for one in funnels) == len(closes)
    assert sum(stage.in_hand for stage in funnels[-1].stages) == len(found.open)
    for one in funnels:
        assert all(stage.exits == stage.moved_on + stage.moved_back + stage.lost for stage in one.stages)
        reached = [level.reached for level in one.shape.levels]
        assert reached == sorted(reached, reverse=True)
    cut = funnels_by(found, "customer_type", quarters[3])
    assert sum(one.funnel.won for one in cut) == funnels[3].won
