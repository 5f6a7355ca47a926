"""The need of accounts: labels, the grid, the threshold forward in time, and what training keeps of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.account_view import accounts_of
from features.as_of import known_as_of
from features.history.history import History
from features.history.simulated import simulate
from features.instants import DAY, micros
from features.outcomes import CENSORED, WON, Labels
from models.blend import Blend
from models.incidence import Incidence
from tests.histories import account, activity, at, history, opportunity, stage, value
from training.account_labels import account_labels, confirmations
from training.account_need import account_dataset, account_grid, learn_account_need, threshold_report
from training.criteria import choose_criteria
from training.dataset import Dataset
from training.learning import ForwardAnswers
from training.need import learn_need
from training.pipeline import prepare
from training.threshold import youden_threshold

CUTOFF = pd.Timestamp("2025-09-01", tz="UTC")


def _labels(known: History, day: float, until: float, of: str = "x") -> tuple[int, float, float]:
    keys = pd.DataFrame({"account_id": [of], "as_of": [at(day)]})
    found = account_labels(known, keys, at(until))
    return int(found.outcome[0]), float(found.days[0]), float(found.watched[0])


def test_nothing_that_was_recorded_after_the_cutoff_counts() -> None:
    known = history(account("x"), opportunity(created=4, account_id="x"), stage("proposal", 6, told=20))
    assert _labels(known, 2, 19) == (CENSORED, 17, 17)
    assert _labels(known, 2, 20) == (WON, 18, 18)
    simulated = simulate(150, seed=2)
    keys = pd.DataFrame({"account_id": accounts_of(simulated)["account_id"], "as_of": at(-300)})
    keys = keys[keys["account_id"].isin(accounts_of(known_as_of(simulated, CUTOFF))["account_id"])]
    whole, cut = (account_labels(h, keys, CUTOFF) for h in (simulated, known_as_of(simulated, CUTOFF)))
    assert (whole.days.tolist(), whole.outcome.tolist()) == (cut.days.tolist(), cut.outcome.tolist())
    assert 0 < (whole.outcome == WON).sum() < len(keys)


@pytest.mark.parametrize(
    "sign", [stage("needs_confirmed", 9), stage("won", 9), value("need", "yes", 9)], ids=["stage", "win", "N"]
)
def test_a_stage_a_win_or_the_letter_n_confirms_the_need_from_when_we_were_told(sign: Any) -> None:
    table, row = sign
    known = history(
        account("x"), opportunity(created=4, account_id="x"), stage("identified", 4),
        (table, row | {"recorded_at": at(11)}),
    )  # fmt: skip
    assert _labels(known, 2, 50) == (WON, 9, 48)


@pytest.mark.parametrize("sign", [stage("lost", 9), stage("contacted", 9), value("need", "partly", 9)])
def test_an_account_whose_need_is_not_confirmed_counts_for_as_long_as_it_was_watched(sign: Any) -> None:
    known = history(account("x"), account("y"), opportunity(created=4, account_id="x"), stage("identified", 4), sign)
    assert _labels(known, 2, 50) == (CENSORED, 48, 48)
    assert _labels(known, 2, 50, of="y") == (CENSORED, 48, 48)
    assert _labels(known, 2, 500) == (CENSORED, 120, 120)


def test_a_need_that_comes_after_a_loss_or_in_another_opportunity_counts() -> None:
    known = history(
        account("x"), opportunity("o1", account_id="x"), stage("lost", 3, of="o1"),
        stage("proposal", 30, of="o1"), opportunity("o2", 8, account_id="x"), stage("proposal", 20, of="o2"),
    )  # fmt: skip
    assert [_labels(known, day, 90)[:2] for day in (5, 25)] == [(WON, 15), (WON, 5)]


def test_what_is_told_late_of_a_closed_opportunity_confirms_nothing() -> None:
    known = history(
        account("x"), opportunity("o1", account_id="x"), stage("proposal", 2, told=12, of="o1"),
        stage("lost", 9, of="o1"), value("need", "yes", 3, told=13, of="o1"),
        opportunity("o2", account_id="x"), stage("won", 9, of="o2"), stage("proposal", 2, told=14, of="o2"),
    )  # fmt: skip
    assert _labels(known, 10, 90) == (CENSORED, 80, 80)
    rows, told = confirmations(known, at(90))
    assert (rows.tolist(), told.tolist()) == ([1], micros(pd.Index([at(9)])).tolist())


def test_a_need_confirmed_after_120_days_is_not_seen() -> None:
    known = history(account("x"), opportunity(created=4, account_id="x"), stage("proposal", 130))
    assert _labels(known, 2, 200) == (CENSORED, 120, 120)


def test_the_grid_is_regular_ends_before_the_cutoff_and_is_thinned_evenly() -> None:
    names = [f"x{i}" for i in range(10)]
    known = history(*(account(name) for name in names), opportunity("o1", account_id="y"), stage("identified", 0))
    whole = account_grid(known, at(57))
    assert sorted(set((whole["as_of"] - at(0)).dt.days)) == [1, 15, 29, 43]
    assert len(whole) == 40
    thinned = account_grid(known, at(57), most=20)
    assert thinned.groupby("account_id").size().tolist() == [2] * 10
    assert thinned.equals(account_grid(known, at(57), most=20))


def test_an_account_with_an_open_opportunity_is_not_learned_from() -> None:
    known = history(
        account("x"), opportunity("o1", 10, account_id="x"), stage("identified", 10), stage("lost", 20),
        opportunity("other", account_id="y"),
    )  # fmt: skip
    grid = account_grid(known, at(57))
    assert (grid["as_of"] - at(0)).dt.days.tolist() == [1, 29, 43]
    assert set(grid["account_id"]) == {"x"}


def test_the_threshold_is_chosen_before_and_judged_on_what_came_after() -> None:
    draw = np.random.default_rng(0)
    first, second = (_answers(draw, day) for day in (0, 200))
    report = threshold_report((first, second), 30, at(400))
    assert 0.1 < report["threshold"] < 0.6
    assert report["from"] == at(200).isoformat()
    assert report["above"]["share_confirmed_in_90_days"] > 0.5 > 0.2 > report["below"]["share_confirmed_in_90_days"]
    assert report["above"]["snapshots"] + report["below"]["snapshots"] == 200
    turned = replace(second, members=tuple(reversed_answer(m) for m in second.members))
    # The later answers have no say in the threshold, only in what became of it.
    assert threshold_report((first, turned), 30, at(400))["threshold"] == report["threshold"]
    early = threshold_report((first, second), 30, at(250))
    assert (early["above"]["enough"], early["above"]["share_confirmed_in_90_days"]) == (False, None)
    assert threshold_report((first,), 30, at(400))["threshold"] is None


def _answers(draw: np.random.Generator, day: float) -> ForwardAnswers:
    """Two members, the constant and one that knows the risk of each of 200 accounts."""
    risk = np.repeat([0.1, 0.7], 100)
    happened = draw.random(200) < risk
    when = np.where(happened, 40.0, np.inf)
    keys = pd.DataFrame({"account_id": [f"x{i}" for i in range(200)], "as_of": at(day)})

    def label(_: History, asked: pd.DataFrame, until: pd.Timestamp) -> Labels:
        watched = np.full(len(asked), min((until - at(day)) / pd.Timedelta(days=1), 120.0))
        outcome = np.where(when <= watched, WON, CENSORED).astype(np.int64)
        return Labels(np.minimum(when, watched), outcome, watched)

    silent = {"days_since_two_way": np.nan, "days_since_close": np.nan, "two_way_30d": 0.0}
    later = Dataset(history(account("x")), keys, pd.DataFrame(silent, index=range(200)), at(400), label)
    return ForwardAnswers(later, (_incidence(np.full(200, risk.mean())), _incidence(risk)), (0.5, 0.5))


def _incidence(by_90_days: np.ndarray) -> Incidence:
    clock = by_90_days[:, None] * np.array([0.5, 1.0])
    return Incidence(np.array([45.0, 90.0]), np.ones(len(clock)), clock, np.tile([0.1, 0.2], (len(clock), 1)))


def reversed_answer(answer: Incidence) -> Incidence:
    return answer.take(np.arange(len(answer))[::-1].copy())


def test_a_threshold_needs_enough_of_either_sort() -> None:
    answers = np.concatenate([np.full(40, 0.1), np.full(40, 0.3)])
    assert youden_threshold(answers, answers > 0.2) == 0.1
    assert youden_threshold(answers, np.arange(80) < 29) is None


@pytest.fixture(scope="module")
def simulated() -> History:
    return simulate(1_000, seed=4)


def test_accounts_are_learned_deterministically_and_blind_to_the_future(simulated: History) -> None:
    known = known_as_of(simulated, CUTOFF)
    first, second = (learn_account_need(h, (), CUTOFF, 30, 0, lambda line: None) for h in (known, simulated))
    assert first.model is not None
    assert second.model is not None
    assert first.criteria == second.criteria
    assert (first.model.to_dict(), first.model.texts()) == (second.model.to_dict(), second.model.texts())
    assert first.criteria["confirmed"] > 100
    assert set(first.criteria["usual"]) == {"visits_30d", "emails_opened_human_30d", "replies_30d"}
    assert first.model.members[first.model.in_use[-1]].name != "constant"


def test_too_few_confirmed_needs_give_no_model_and_say_how_many() -> None:
    known = history(account("x"), opportunity("o1", 20, account_id="x"), stage("proposal", 22), account("y"))
    found = learn_account_need(known, (), at(200), 30, 0, lambda line: None)
    assert (found.model, found.criteria["confirmed"], found.criteria["threshold"]) == (None, 0, None)
    visited = history(
        account("x"), opportunity("o1", 20, account_id="y"), opportunity("o2", 50, account_id="x"),
        stage("proposal", 60, of="o2"), activity("site_visit", 1, of=None, account_id="x"),
    )  # fmt: skip
    assert learn_account_need(visited, (), at(200), 30, 0, lambda line: None).criteria["confirmed"] == 1


def test_a_history_without_accounts_is_trained_without_them() -> None:
    known = history(opportunity(), stage("identified", 0))
    assert len(account_dataset(known, (), at(50)).keys) == 0
    assert learn_account_need(known, (), at(50), 30, 0, lambda line: None).model is None


def test_the_threshold_of_the_need_is_chosen_on_later_snapshots_that_it_was_not_trained_on(simulated: History) -> None:
    dataset = prepare(simulated, most=12_000).dataset
    need = learn_need(dataset, 0, lambda line: None)
    assert need is not None
    fold = need.forward[0]
    assert fold.later.as_of.min() > dataset.as_of.min() + 200 * DAY
    threshold = choose_criteria(dataset, need).need_threshold
    assert threshold is not None
    certain = tuple(replace(m, win=np.full(len(m), 0.999)) for m in fold.members)
    other = replace(need, forward=(replace(fold, members=certain),))
    assert choose_criteria(dataset, other).need_threshold != threshold
    assert choose_criteria(dataset, replace(need, forward=())).need_threshold is None
    assert isinstance(need.model.blend, Blend)
