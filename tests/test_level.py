"""The level: what a shift does to answers, and how it is learned from what each week brought."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from features.outcomes import CENSORED, LOST, WON, Labels
from models.calibration import Level, cumulative_hazards, shifted
from models.drift import Weeks, learn_level, shrunken_shift, watch_weeks
from models.hazard_blend import HazardBlend
from models.incidence import Incidence, from_hazards, log_odds
from tests.model_checks import Sample, check_coherent, constant_hazards, fitted, same, through_json

EDGES = np.array([7.0, 30.0, 90.0])


@pytest.fixture(scope="module")
def given() -> Sample:
    return constant_hazards()


@pytest.fixture(scope="module")
def blend(given: Sample) -> HazardBlend:
    found = fitted("blend", given)
    assert isinstance(found, HazardBlend)
    return found


def constant(win: float, loss: float, n: int = 1) -> Incidence:
    """Constant hazards a day, exactly: closed by t is 1 - exp(-(win + loss) t)."""
    clock = np.tile(-np.expm1(-(win + loss) * EDGES), (n, 1))
    return Incidence(EDGES, np.full(n, win / (win + loss)), clock, clock)


def test_a_shift_multiplies_constant_hazards_and_gives_their_answer() -> None:
    found, truth = shifted(constant(0.01, 0.02), np.log(0.6), np.log(1.3)), constant(0.006, 0.026)
    for part in ("win", "win_clock", "loss_clock"):
        assert getattr(found, part) == pytest.approx(getattr(truth, part), abs=1e-12), part


def test_fewer_wins_with_losses_unchanged_also_come_later() -> None:
    before = constant(0.01, 0.02)
    after = shifted(before, np.log(0.6), 0.0)
    # To first order the week's wins fall by all of the 40 %, and its losses stay.
    assert after.win_by([1e-3])[0, 0] / before.win_by([1e-3])[0, 0] == pytest.approx(0.6, abs=0.02)
    assert after.loss_by([1e-3])[0, 0] / before.loss_by([1e-3])[0, 0] == pytest.approx(1.0, abs=0.02)
    assert after.median_days_to_win()[0] > before.median_days_to_win()[0]


def test_slowing_all_down_leaves_the_win_probability_where_the_clocks_are_alike() -> None:
    found = shifted(constant(0.01, 0.02), -0.5, -0.5)
    assert found.win == pytest.approx([1 / 3], abs=1e-12)
    assert (found.win_clock < constant(0.01, 0.02).win_clock).all()


def test_hazards_taken_apart_and_put_together_are_the_same_answer(blend: HazardBlend, given: Sample) -> None:
    answer = blend.predict(given.snapshots)
    again = shifted(answer, 0.0, 0.0)
    for part in ("win", "win_clock", "loss_clock"):
        assert getattr(again, part) == pytest.approx(getattr(answer, part), abs=1e-9), part


@pytest.mark.parametrize("shift", [(-3.0, 0.0), (3.0, 0.0), (0.0, 3.0), (2.0, 2.0), (-0.5, 0.2)])
def test_shifted_answers_are_coherent_also_when_all_closes_at_the_last_edge(shift: tuple[float, float]) -> None:
    draw = np.random.default_rng(0)
    win, loss = draw.uniform(0, 0.5, (50, 3)), draw.uniform(0, 0.5, (50, 3))
    win[:10, -1] = loss[:10, -1] = 0.5
    check_coherent(shifted(from_hazards(EDGES, win, loss), *shift))


def test_without_a_shift_answers_stay_the_same_bit_for_bit(blend: HazardBlend, given: Sample) -> None:
    assert same(replace(blend, level=Level(0.0, 0.0)).predict(given.snapshots), blend.predict(given.snapshots))
    assert "recalibration" not in blend.to_dict()


def test_a_segment_shifts_its_own_opportunities_only(blend: HazardBlend, given: Sample) -> None:
    moved = replace(blend, level=Level(column="stage", segments={"proposal": -0.5}))
    before, after = blend.predict(given.snapshots).win, moved.predict(given.snapshots).win
    inside = (given.snapshots["stage"] == "proposal").to_numpy()
    assert (after[inside] < before[inside]).all()
    assert after[~inside] == pytest.approx(before[~inside], abs=1e-9)


def test_reasons_add_up_and_the_segment_is_credited_to_its_feature(blend: HazardBlend, given: Sample) -> None:
    level = Level(-0.4, 0.1, "stage", {"proposal": 0.6})
    moved = replace(blend, level=level)
    before, after = blend.attribute(given.snapshots), moved.attribute(given.snapshots)
    assert after.base + after.parts.sum(axis=1) == pytest.approx(moved.predict(given.snapshots).win, abs=1e-12)
    assert log_odds(np.array([after.base])) - log_odds(np.array([before.base])) == pytest.approx(-0.5, abs=1e-9)
    flat = replace(blend, level=Level(-0.4, 0.1)).attribute(given.snapshots)
    inside = (given.snapshots["stage"] == "proposal").to_numpy()
    gained = (after.parts - flat.parts)[inside].mean(axis=0)
    assert after.features == flat.features
    assert gained[after.features.index("stage")] > 0.05
    assert np.abs(np.delete(gained, after.features.index("stage"))).max() < 0.02


def test_a_level_is_read_back_as_it_was_written(blend: HazardBlend, given: Sample) -> None:
    moved = replace(blend, level=Level(-0.4, 0.1, "stage", {"proposal": 0.6}))
    again = through_json(moved)
    assert isinstance(again, HazardBlend)
    assert again.level == moved.level
    assert same(again.predict(given.snapshots), moved.predict(given.snapshots))


def test_one_week_gives_actual_over_expected_shrunk_as_if_eleven_had_come_as_expected() -> None:
    shift, counted = shrunken_shift(np.array([40.0]), np.array([100.0]))
    assert shift == pytest.approx(np.log((40 + 1 / 0.09) / (100 + 1 / 0.09)))
    assert counted.tolist() == [1.0]
    assert shrunken_shift(np.array([0.0]), np.array([1.0]))[0] == pytest.approx(np.log((1 / 0.09) / (1 + 1 / 0.09)))


def test_a_jump_is_found_in_three_weeks_and_the_weeks_before_stop_counting() -> None:
    shift, counted = shrunken_shift(np.array([100.0] * 20 + [60.0] * 3), np.full(23, 100.0))
    assert np.exp(shift) == pytest.approx(0.62, abs=0.03)
    assert counted[:20].max() < 0.1
    assert counted[20:].min() > 0.9


def test_without_drift_the_shift_stays_near_zero_and_most_weeks_count() -> None:
    draw = np.random.default_rng(0)
    found = [shrunken_shift(draw.poisson(100, 26).astype(float), np.full(26, 100.0))[0] for _ in range(100)]
    assert abs(float(np.mean(found))) < 0.01
    assert float(np.std(found)) < 0.045  # one week alone would give 0.09


def test_weeks_that_always_scatter_are_not_taken_for_changes() -> None:
    # Fat and lean weeks by turns, as with bulk closings, around the level that was expected.
    actual = np.array([140.0, 60.0] * 10)
    assert abs(shrunken_shift(actual, np.full(20, 100.0))[0]) < 0.1


def test_wins_and_losses_have_levels_of_their_own() -> None:
    outcome = np.repeat([WON, LOST, CENSORED], [30, 120, 850])
    weeks = Weeks(np.zeros(1000, np.int64), outcome, np.full(1000, 0.06), np.full(1000, 0.12), np.full(1000, None))
    level = learn_level(weeks)
    assert level.win == pytest.approx(np.log((30 + 1 / 0.09) / (60 + 1 / 0.09)), abs=1e-6)
    assert level.loss == 0


def test_a_segment_with_few_wins_stays_at_the_overall() -> None:
    few = np.array(["big"] * 950 + ["small"] * 50, dtype=object)
    outcome = np.where(np.arange(1000) % 10 == 0, WON, CENSORED)
    outcome[950:] = CENSORED
    weeks = Weeks(np.zeros(1000, np.int64), outcome, np.full(1000, 0.1), np.full(1000, 0.1), few)
    level = learn_level(weeks, "source")
    assert set(level.segments) == {"big"}
    assert abs(level.segments["big"]) < 0.05


def test_a_segment_with_many_wins_moves_most_of_the_way() -> None:
    words = np.repeat(np.array(["east", "west"], dtype=object), 2000)
    outcome = np.full(4000, CENSORED)
    outcome[:140], outcome[2000:2060] = WON, WON
    level = learn_level(Weeks(np.zeros(4000, np.int64), outcome, np.full(4000, 0.05), np.zeros(4000), words), "region")
    assert level.win == pytest.approx(0, abs=1e-6)
    assert level.segments == pytest.approx({"east": np.log(165 / 125), "west": np.log(85 / 125)}, abs=1e-5)


def test_what_closed_after_the_week_was_open_and_who_closed_in_it_is_expected_for_half_of_it() -> None:
    answer = constant(0.01, 0.02, 3)
    weeks = watch_weeks(
        answer, Labels(np.array([3.5, 20.0, 9.0]), np.array([1, 1, 0]), np.full(3, 30.0)), np.zeros(3, np.int64)
    )
    assert weeks.outcome.tolist() == [WON, CENSORED, CENSORED]
    assert weeks.win == pytest.approx([0.07 * (0.5 - 0.21 / 12), 0.07, 0.07], abs=1e-5)
    assert weeks.loss == pytest.approx([0.14 * (0.5 - 0.21 / 12), 0.14, 0.14], abs=1e-5)


def test_a_missing_word_stays_at_the_overall() -> None:
    frame = pd.DataFrame({"stage": np.array(["a", None, "b"], dtype=object)})
    assert Level(column="stage", segments={"a": 0.5}).of_segments(frame).tolist() == [0.5, 0.0, 0.0]


def test_nothing_watched_gives_no_level() -> None:
    nothing = np.zeros(0)
    assert learn_level(
        Weeks(nothing.astype(np.int64), nothing.astype(np.int64), nothing, nothing, nothing.astype(object))
    ).is_zero


def test_the_hazards_sum_to_minus_the_log_of_what_stays_open() -> None:
    win, loss = cumulative_hazards(constant(0.01, 0.02))
    assert (win + loss)[0] == pytest.approx(0.03 * EDGES)
