"""The blend: log-odds for the level, clocks linearly, pulled towards the fixed weights."""

from __future__ import annotations

import numpy as np
import pytest

from features.outcomes import CENSORED, LOST, WON, Labels
from models.blend import Blend, censored_log_likelihood, learn_blend, superseded, usual_weights
from models.hazard_blend import HazardBlend
from models.incidence import Floats, Incidence
from tests.model_checks import MAKERS, check_coherent, constant_hazards, same

EDGES = np.array([10.0, 30.0])


def member(win: Floats | float, size: int = 1, clock: tuple[float, float] = (0.5, 0.9)) -> Incidence:
    clocks = np.tile(np.array(clock), (size, 1))
    return Incidence(EDGES, np.broadcast_to(win, size).astype(float), clocks, clocks)


def test_win_probabilities_are_blended_in_log_odds_and_clocks_linearly() -> None:
    blended = Blend((0.5, 0.5)).combine([member(0.2), member(0.8, clock=(0.1, 0.5))])
    assert blended.win.tolist() == pytest.approx([0.5])
    assert blended.win_clock[0].tolist() == pytest.approx([0.3, 0.7])


def test_the_level_moves_the_log_odds() -> None:
    assert Blend((1.0,), np.log(3)).combine([member(0.5)]).win.tolist() == pytest.approx([0.75])


def test_all_the_weight_on_one_member_is_its_own_answer_bit_for_bit() -> None:
    for weights, one in (((1.0, 0.0), 0), ((0.0, 1.0), 1)):
        members = [member(0.1), member(1.0)]
        assert same(Blend(weights).combine(members), members[one])


def test_certain_members_are_not_taken_at_their_word() -> None:
    check_coherent(Blend((0.5, 0.5), 0.2).combine([member(0.0), member(1.0)]))


def outcomes(win: Floats, seed: int = 1) -> Labels:
    """What becomes of opportunities won with these probabilities; every fourth stays open."""
    draw, size = np.random.default_rng(seed), len(win)
    outcome = np.where(draw.random(size) < win, WON, LOST)
    return Labels(draw.uniform(0, 30, size), np.where(np.arange(size) % 4 == 0, CENSORED, outcome), np.full(size, 90.0))


def test_the_member_that_knows_gets_the_weight_when_there_is_much_to_learn_from() -> None:
    truth = np.random.default_rng(2).choice([0.05, 0.9], 4000)
    found = learn_blend([member(0.4, 4000), member(truth, 4000)], outcomes(truth), 4000, (1.0, 0.0))
    assert found.weights[1] > 0.9
    assert abs(found.level) < 0.3


def test_with_few_opportunities_the_weight_stays_nearer_to_the_usual_weights() -> None:
    truth = np.random.default_rng(2).choice([0.05, 0.9], 4000)
    members, labels = [member(0.4, 4000), member(truth, 4000)], outcomes(truth)
    few, many = (learn_blend(members, labels, n, (1.0, 0.0)).weights for n in (20, 4000))
    assert few[0] > many[0] + 0.05


def test_a_level_that_drifted_is_learned_and_shrunk() -> None:
    truth = np.full(4000, 0.5)
    found = learn_blend([member(0.3, 4000), member(0.3001, 4000)], outcomes(truth), 4000, (0.5, 0.5))
    assert 0.3 < found.level < np.log(7 / 3) + 0.1


def test_a_superseded_member_moves_no_win_probability_but_may_still_tell_when() -> None:
    """Wins are more frequent than the second member says; the first would be given weight for its level alone."""
    labels = outcomes(np.full(200, 0.5))
    members = [member(0.6, 200, clock=(0.4, 0.9)), member(0.2, 200, clock=(0.05, 0.1))]
    freely, barred = (learn_blend(members, labels, 200, (0.0, 1.0), unweighted=places) for places in ((), (0,)))
    assert freely.weights[0] > 0.1
    assert barred.weights == (0.0, 1.0)
    assert 0 < barred.level < 0.3
    assert barred.clocks[0] > 0.1


def test_the_fixed_weights_are_superseded_by_the_stage_rates_and_by_nothing_else() -> None:
    assert superseded(["fixed_weights", "stage_rates", "ridge_hazards", "lightgbm_hazards"]) == (0,)
    assert superseded(["fixed_weights"]) == superseded(["constant", "ridge_hazards"]) == ()


def test_weights_are_never_below_zero_and_sum_to_one() -> None:
    draw = np.random.default_rng(3)
    members = [member(draw.random(500), 500) for _ in range(4)]
    weights = learn_blend(members, outcomes(np.full(500, 0.3)), 500, (0.25,) * 4).weights
    assert min(weights) >= 0
    assert sum(weights) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("members", [1, 3])
def test_without_outcomes_the_usual_weights_are_kept(members: int) -> None:
    nothing = Labels(np.array([]), np.array([], dtype=np.int64), np.array([]))
    usual = (1.0, *([0.0] * (members - 1)))
    assert learn_blend([member(0.5, 0)] * members, nothing, 0, usual) == Blend(usual)


def test_the_usual_weights_go_from_the_rules_to_the_ridge_and_then_to_the_boosters_too() -> None:
    names = ["fixed_weights", "stage_rates", "ridge_hazards", "lightgbm_hazards"]
    assert usual_weights(names[:1], 0) == (1.0,)
    assert usual_weights(names[:2], 5) == (0.0, 1.0)
    rates, ridge, boosters = np.array([usual_weights(names, won)[1:] for won in (12, 50, 200, 1000, 10_000)]).T
    assert (np.diff(rates[:3]) < 0).all()
    assert (np.diff(boosters) > 0).all()
    assert ridge[0] > 0.6
    assert rates[-1] < 0.01
    assert boosters[-1] == pytest.approx(0.5, abs=0.02)


def test_the_likelihood_of_each_outcome_by_hand() -> None:
    labels = Labels(np.array([5.0, 20.0, 30.0, 0.0]), np.array([WON, LOST, CENSORED, WON]), np.full(4, 99.0))
    found = censored_log_likelihood(member(0.4, 4), labels)
    still_open = 1 - 0.4 * 0.9 - 0.6 * 0.9
    assert np.exp(found).tolist() == pytest.approx([0.4 * 0.5, 0.6 * 0.4, still_open, 0.4 * 0.5])


def test_members_without_weight_are_not_stored_and_change_no_answer() -> None:
    given = constant_hazards(200)
    members = tuple(MAKERS[name]().fit(*given) for name in ("fixed_weights", "constant", "ridge_hazards"))
    model = HazardBlend(members, Blend((0.5, 0.0, 0.5)))
    again = HazardBlend.from_dict(model.to_dict(), model.texts())
    assert [m.name for m in again.members] == ["fixed_weights", "ridge_hazards"]
    assert same(again.predict(given.snapshots), model.predict(given.snapshots))
    assert set(model.predict_members(given.snapshots)) == {"fixed_weights", "constant", "ridge_hazards"}
