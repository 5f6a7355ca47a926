"""Every member and the blend pass the model checks."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from features.outcomes import CENSORED, LOST, WON, Labels
from models.constant import Constant
from models.encoding import Encoding, learn_encoding
from models.fixed_weights import FixedWeights
from models.hazard_blend import HazardBlend
from models.lightgbm_hazards import INTERVAL, LightGBMHazards
from models.member import Member
from models.periods import choose_edges, expand
from models.ridge_hazards import RidgeHazards
from models.stage_rates import StageRates
from tests.model_checks import (
    MAKERS,
    Sample,
    check_coherent,
    constant_hazards,
    fitted,
    same,
    slow_losses,
    snapshots_of,
    texts_of,
    through_json,
    trees_of,
)

EVERY = [*MAKERS, "blend"]
LEARNERS = ("stage_rates", "ridge_hazards", "lightgbm_hazards")


@pytest.fixture(scope="module")
def given() -> Sample:
    return constant_hazards()


@pytest.fixture(scope="module", params=EVERY)
def model(request: pytest.FixtureRequest, given: Sample) -> Member | HazardBlend:
    return fitted(request.param, given)


@pytest.mark.parametrize("name", MAKERS)
def test_fit_returns_the_model_itself_and_the_name_is_the_one_it_is_stored_by(name: str, given: Sample) -> None:
    made = MAKERS[name]()
    assert made.fit(*given) is made
    assert made.name == name


def test_answers_are_coherent(model: Member | HazardBlend, given: Sample) -> None:
    answer = model.predict(given.snapshots)
    assert len(answer) == len(given.snapshots)
    check_coherent(answer)


def test_answers_are_coherent_where_everything_but_the_weight_is_missing(
    model: Member | HazardBlend, given: Sample
) -> None:
    blank = given.snapshots.head(3).assign(stage=None, visits_7d=np.nan, two_way_30d=np.nan)
    check_coherent(model.predict(blank))


def test_the_order_of_the_rows_changes_no_answer(model: Member | HazardBlend, given: Sample) -> None:
    rows = np.random.default_rng(3).permutation(len(given.snapshots))
    assert same(model.predict(given.snapshots.iloc[rows]), model.predict(given.snapshots).take(rows))


def test_one_row_gets_the_same_answer_as_in_a_batch(model: Member | HazardBlend, given: Sample) -> None:
    batch = model.predict(given.snapshots)
    for row in range(0, len(given.snapshots), 173):
        assert same(model.predict(given.snapshots.iloc[[row]]), batch.take(np.array([row])))


def test_no_row_gets_no_answer(model: Member | HazardBlend, given: Sample) -> None:
    answer = model.predict(given.snapshots.head(0))
    assert answer.win_by([30, 60]).shape == (0, 2)


def test_order_of_columns_and_further_columns_change_no_answer(model: Member | HazardBlend, given: Sample) -> None:
    other = given.snapshots.assign(unheard_of=1.0)[["unheard_of", *given.snapshots.columns[::-1]]]
    assert same(model.predict(other), model.predict(given.snapshots))


def test_a_model_comes_back_from_json_with_the_same_answers(model: Member | HazardBlend, given: Sample) -> None:
    again = through_json(model)
    assert same(again.predict(given.snapshots), model.predict(given.snapshots))
    assert again.to_dict() == model.to_dict()
    assert texts_of(again) == texts_of(model)


@pytest.mark.parametrize("name", EVERY)
def test_to_fit_twice_gives_the_same_model(name: str, given: Sample) -> None:
    one, other = fitted(name, given), fitted(name, given)
    assert one.to_dict() == other.to_dict()
    assert texts_of(one) == texts_of(other)


def test_another_seed_gives_other_boosters(given: Sample) -> None:
    one, other = (LightGBMHazards(seed, rounds=3).fit(*given).texts() for seed in (0, 1))
    assert one["win"] != other["win"]


@pytest.mark.parametrize("make", [StageRates, RidgeHazards, lambda: LightGBMHazards(rounds=60)])
def test_known_constant_hazards_are_recovered(make: type[Member]) -> None:
    sample = constant_hazards(6000)
    answer = make().fit(*sample).predict(sample.snapshots)
    confirmed = (sample.snapshots["stage"] == "proposal").to_numpy()
    for rows, win, pace in ((confirmed, 0.8, 1 / 40), (~confirmed, 0.4, 1 / 40)):
        assert answer.win[rows].mean() == pytest.approx(win, abs=0.03)
        by = 1 - np.exp(-pace * np.array([20, 60, 300]))
        assert answer.win_by([20, 60, 300])[rows].mean(axis=0) == pytest.approx(win * by, abs=0.05)
        assert answer.loss_by([20, 60, 300])[rows].mean(axis=0) == pytest.approx((1 - win) * by, abs=0.05)


@pytest.mark.parametrize("name", LEARNERS)
def test_open_opportunities_keep_slow_losses_from_being_forgotten(name: str) -> None:
    every = slow_losses()
    closed = np.flatnonzero(every.labels.outcome != CENSORED)
    forgetful = Sample(every.snapshots.iloc[closed], every.labels.take(closed), every.edges)
    ours = fitted(name, every).predict(every.snapshots)
    theirs = fitted(name, forgetful).predict(every.snapshots)
    truth = 0.3 * (1 - np.exp(-2))
    assert ours.win_by([60]).mean() == pytest.approx(truth, abs=0.02)
    assert theirs.win_by([60]).mean() > 1.25 * truth
    assert ours.win.mean() < theirs.win.mean() - 0.04


def test_the_constant_is_the_win_share_of_the_closed(given: Sample) -> None:
    won, lost = ((given.labels.outcome == outcome).sum() for outcome in (WON, LOST))
    answer = Constant().fit(*given).predict(given.snapshots)
    assert set(answer.win) == {(won + 0.5) / (won + lost + 1)}


def nothing_closed() -> Sample:
    given = constant_hazards(40)
    labels = Labels(given.labels.watched, np.zeros(40, np.int64), given.labels.watched)
    return Sample(given.snapshots, labels, choose_edges(labels))


def test_before_anything_closed_the_fixed_weights_are_answered() -> None:
    empty = nothing_closed()
    asked = empty.snapshots.head(4).assign(fixed_weight=[0.25, 0.5, 0.75, np.nan])
    assert FixedWeights().fit(*empty).predict(asked).win.tolist() == [0.25, 0.5, 0.75, 0.25]


def test_without_a_single_snapshot_stage_rates_answer_the_fixed_weights() -> None:
    empty = nothing_closed()
    model = StageRates().fit(empty.snapshots.head(0), empty.labels.take(np.array([], np.int64)), empty.edges)
    asked = empty.snapshots.head(4).assign(fixed_weight=[0.25, 0.5, 0.75, np.nan])
    assert model.predict(asked).win.tolist() == [0.25, 0.5, 0.75, 0.25]


def test_a_stage_without_a_weight_gets_the_share_won() -> None:
    labels = Labels(np.full(4, 5.0), np.array([WON, LOST, LOST, LOST]), np.full(4, 9.0))
    snapshots = constant_hazards(4).snapshots.assign(fixed_weight=np.nan)
    assert FixedWeights().fit(snapshots, labels, np.array([6.0])).predict(snapshots).win.tolist() == [0.25] * 4


def test_stage_rates_start_at_the_fixed_weights_and_end_at_what_was_seen() -> None:
    few, many = constant_hazards(4), constant_hazards(6000)
    asked = many.snapshots[many.snapshots["stage"] == "proposal"].head(50)
    assert StageRates().fit(*few).predict(asked).win.mean() == pytest.approx(0.5, abs=0.15)
    assert StageRates().fit(*many).predict(asked).win.mean() == pytest.approx(0.8, abs=0.03)


def test_a_stage_that_was_never_seen_gets_its_fixed_weight(given: Sample) -> None:
    asked = given.snapshots.head(1).assign(stage="negotiation", fixed_weight=0.75)
    assert StageRates().fit(*given).predict(asked).win.tolist() == [0.75]


def test_lightgbm_takes_a_missing_value_as_missing_also_where_none_was_missing_in_training(given: Sample) -> None:
    snapshots = given.snapshots.assign(amount=np.random.default_rng(1).random(len(given.snapshots)))
    assert snapshots.drop(columns="visits_7d").notna().all(axis=None)
    model = LightGBMHazards(rounds=60).fit(snapshots, given.labels, given.edges)
    names = {f"f{place}": name.split("=")[0] for place, name in enumerate(model.encoding.names)}
    splits = [split for text in model.texts().values() for split in trees_of(text) if split["name"] != INTERVAL]
    assert {"amount", "two_way_30d", "noise_0"} <= {names[split["name"]] for split in splits}
    blind = {names[split["name"]] for split in splits if split["missing_type"] != "NaN"}
    assert blind == set()


def test_edges_are_quantiles_of_the_days_to_close_half_a_day_apart() -> None:
    days = np.array([1.0, 1.0, 1.2, 1.6, 30.0, 30.0, 900.0])
    edges = choose_edges(Labels(days, np.ones(7, np.int64), days))
    assert edges[0] == 1
    assert (np.diff(edges) >= 0.5).all()


@pytest.mark.parametrize("day", [0.1, 3.0, 100.5, 1004.6])
def test_closings_all_of_one_time_give_intervals_that_rise(day: float) -> None:
    days = np.full(50, day)
    edges = choose_edges(Labels(days, np.ones(50, np.int64), days))
    assert (np.diff(edges, prepend=0) > 0).all()
    closed = Labels(days, np.repeat([WON, LOST], 25), np.full(50, 9999.0))
    check_coherent(Constant().fit(constant_hazards(50).snapshots, closed, edges).predict(constant_hazards(3).snapshots))


def test_without_closings_there_is_one_interval_of_thirty_days() -> None:
    assert choose_edges(nothing_closed().labels).tolist() == [30]


def test_an_interval_counts_only_when_it_was_watched_to_its_end_closed_in_it_or_not() -> None:
    edges = np.array([10.0, 20.0, 30.0])
    labels = Labels(np.array([15.0, 15.0, 25.0, 10.0]), np.array([1, 2, 0, 1]), np.array([18.0, 40.0, 25.0, 40.0]))
    periods = expand(labels, edges)
    rows = list(zip(periods.snapshot, periods.interval, periods.won, periods.lost, strict=True))
    assert rows == [(0, 0, 0, 0), (1, 0, 0, 0), (1, 1, 0, 1), (2, 0, 0, 0), (2, 1, 0, 0), (3, 0, 1, 0)]


def test_words_get_columns_of_their_own_and_a_missing_word_is_missing_in_all(given: Sample) -> None:
    encoding = learn_encoding(given.snapshots)
    assert encoding.names[-2:] == ("stage=identified", "stage=proposal")
    asked = given.snapshots.head(3).assign(stage=np.array(["proposal", "unheard", None], dtype=object))
    found = encoding.matrix(asked)[:, -2:]
    assert np.array_equal(found, np.array([[0, 1], [0, 0], [np.nan, np.nan]]), equal_nan=True)


def test_a_column_that_never_varies_is_not_encoded_unless_it_is_sometimes_missing(given: Sample) -> None:
    sometimes = np.where(np.arange(len(given.snapshots)) % 2, 1.0, np.nan)
    frame = given.snapshots.assign(always=1.0, sometimes=sometimes, rare=None)
    assert {"always", "rare"}.isdisjoint(learn_encoding(frame).numbers)
    assert "sometimes" in learn_encoding(frame).numbers


@pytest.mark.parametrize("name", ["ridge_hazards", "lightgbm_hazards"])
def test_columns_of_words_keep_their_order_on_disk_whatever_their_names(name: str, given: Sample) -> None:
    confirmed = (given.snapshots["stage"] == "proposal").to_numpy()
    drawn = np.random.default_rng(3).random(len(confirmed))
    tier = np.where(np.where(confirmed, drawn, 1 - drawn) < 0.7, "gold", "tin").astype(object)
    snapshots = given.snapshots.assign(a_tier=tier)
    model = MAKERS[name]().fit(snapshots, given.labels, given.edges)
    encoding = learn_encoding(snapshots)
    assert list(encoding.words) == ["stage", "a_tier"]
    assert Encoding.from_dict(json.loads(json.dumps(encoding.to_dict(), sort_keys=True))).names == encoding.names
    assert same(through_json(model).predict(snapshots), model.predict(snapshots))


def test_the_ridge_knows_that_early_stages_are_won_later() -> None:
    draw, size = np.random.default_rng(7), 4000
    early = np.arange(size) % 2 == 0
    wins = draw.random(size) < 0.5
    days = np.where(early, 40 + draw.exponential(30, size), draw.exponential(30, size))
    labels = Labels(days, np.where(wins, WON, LOST), np.full(size, 1000.0))
    snapshots = snapshots_of(np.where(early, 0.0, 1.0), 7)
    answer = RidgeHazards().fit(snapshots, labels, choose_edges(labels)).predict(snapshots)
    # All is won half of the time, but nothing of the first stage within 30 days.
    assert answer.win[early].mean() == pytest.approx(0.5, abs=0.05)
    assert answer.win[~early].mean() == pytest.approx(0.5, abs=0.05)
    soon = answer.win_by([30.0])[:, 0]
    assert soon[early].mean() < 0.08
    assert soon[~early].mean() == pytest.approx(0.5 * (1 - np.exp(-1)), abs=0.06)


def test_a_model_from_before_terms_were_timed_can_be_read(given: Sample) -> None:
    model = RidgeHazards().fit(*given)
    raw = model.to_dict()
    count, late = len(raw["typical"]), len(raw["terms"].pop("timed"))
    for cause in ("win", "loss"):
        raw[cause] = raw[cause][:count] + raw[cause][count + late :]
    assert late > 0
    assert np.isfinite(RidgeHazards.from_dict(raw).predict(given.snapshots).win).all()


def drifting(size: int = 6000) -> Sample:
    """Wins become rarer over two years, from six in ten to two in ten; all are watched for long."""
    draw = np.random.default_rng(5)
    years = np.sort(draw.uniform(0, 2, size))
    wins = draw.random(size) < 0.6 - 0.2 * years
    days = draw.exponential(30, size)
    snapshots = snapshots_of(draw.integers(0, 2, size).astype(float), 5)
    as_of = pd.Timestamp("2024-01-01", tz="UTC") + pd.to_timedelta(365 * years, unit="D")
    snapshots.index = pd.MultiIndex.from_arrays(
        [snapshots.index.get_level_values(0), as_of], names=["opportunity_id", "as_of"]
    )
    labels = Labels(days, np.where(wins, WON, LOST), np.full(size, 2000.0))
    return Sample(snapshots, labels, choose_edges(labels))


def test_the_ridge_answers_as_at_the_end_of_training_where_wins_become_rarer() -> None:
    given = drifting()
    answer = RidgeHazards().fit(*given).predict(given.snapshots)
    pooled = StageRates().fit(*given).predict(given.snapshots)
    assert answer.win.mean() == pytest.approx(0.2, abs=0.04)
    assert pooled.win.mean() == pytest.approx(0.4, abs=0.04)
