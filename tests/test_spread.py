"""The interval of a probability: wider with fewer wins, at low probabilities and where members disagree."""

from __future__ import annotations

import numpy as np
import pytest

from models.blend import Blend
from models.hazard_blend import HazardBlend
from models.incidence import Incidence, log_odds
from models.spread import interval
from scoring.version_zero import version_zero
from tests.model_checks import MAKERS, constant_hazards, through_json


def members(*wins: float) -> list[Incidence]:
    clock = np.ones((1, 1))
    return [Incidence(np.array([30.0]), np.array([win]), clock, clock) for win in wins]


def width(win: float, won: int, *others: float) -> float:
    said = members(*(others or (win,)))
    low, high = interval(np.array([win]), won, [1 / len(said)] * len(said), said)
    assert 0 < low[0] < win < high[0] < 1
    return float(log_odds(high)[0] - log_odds(low)[0])


def test_it_narrows_with_the_wins_learned_from_but_not_to_nothing() -> None:
    widths = [width(0.3, won) for won in (0, 2, 30, 300, 3000, 10**9)]
    assert widths[0] == widths[1]
    assert (np.diff(widths[1:]) < 0).all()
    assert widths[-1] > 0.5


def test_it_widens_where_the_members_disagree() -> None:
    assert width(0.3, 300, 0.15, 0.5) > 1.5 * width(0.3, 300, 0.3, 0.3)


def test_it_is_wider_in_log_odds_where_wins_are_rare() -> None:
    assert width(0.02, 300) > 1.5 * width(0.4, 300)


def test_without_any_outcome_nearly_everything_is_possible() -> None:
    zero = version_zero().win
    assert zero.won == 0
    low, high = interval(np.array([0.25]), zero.won, [1.0], members(0.25))
    assert low[0] < 0.05
    assert high[0] > 0.7


def test_a_model_knows_its_wins_and_keeps_them_on_disk() -> None:
    given = constant_hazards(400)
    model = HazardBlend((MAKERS["stage_rates"]().fit(*given),), Blend((1.0,)), won=120)
    again = through_json(model)
    assert isinstance(again, HazardBlend)
    assert again.won == 120
    answer, low, high = again.predict_with_interval(given.snapshots)
    assert answer.win == pytest.approx(model.predict(given.snapshots).win)
    assert ((low < answer.win) & (answer.win < high)).all()
