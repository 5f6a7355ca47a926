"""The simulated CRM is as hard as it says, keeps its rules, and hides its truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.as_of import known_as_of
from features.history.history import History
from features.history.process import DEFAULT_PROCESS
from features.history.schema import ACTIVITY_KINDS, ASSESSED_FIELDS, ASSESSMENTS
from features.history.simulated import simulate, simulate_outcomes
from features.history.simulated_course import hazards, readiness
from features.history.simulated_population import draw_population
from features.history.simulated_state import first_state
from features.history.simulated_world import ADDITIVE_CONTACT_EFFECT, ASSESSED, OWNER_SKILL, REPORTS_BEHIND, STAGES

OPPORTUNITIES, SEED = 2_000, 3
START, END = pd.Timestamp("2024-01-01", tz="UTC"), pd.Timestamp("2026-01-01", tz="UTC")
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def history() -> History:
    return simulate(OPPORTUNITIES, SEED)


@pytest.fixture(scope="module")
def outcomes() -> pd.DataFrame:
    return simulate_outcomes(OPPORTUNITIES, SEED)


def test_the_same_seed_gives_the_same_history_and_another_seed_another() -> None:
    first, again, other = simulate(60, 1), simulate(60, 1), simulate(60, 2)
    for name, frame in first.tables.items():
        pd.testing.assert_frame_equal(frame, again.tables[name])
    assert not first.activities.equals(other.activities)


def test_it_is_labelled_simulated_and_ends_with_the_two_years(history: History) -> None:
    assert history.origin == "simulated"
    assert history.observed_until == END
    assert len(history.opportunities) == OPPORTUNITIES


def test_nothing_is_recorded_after_the_end_or_before_it_happened(history: History) -> None:
    for name, frame in history.tables.items():
        happened = frame["occurred_at" if "occurred_at" in frame else "created_at"]
        planned = frame["planned"] if "planned" in frame else pd.Series(False, index=frame.index)
        assert frame["recorded_at"].max() <= END, name
        assert (frame["recorded_at"] >= happened)[~planned].all(), name
        assert not frame[["recorded_at", happened.name]].isna().any(axis=None), name


def test_nothing_of_an_opportunity_is_recorded_before_the_opportunity(history: History) -> None:
    known = history.opportunities.set_index("opportunity_id")["recorded_at"]
    for frame in (history.stage_history, history.field_history, history.activities):
        concerned = frame[frame["opportunity_id"].notna()]
        assert (concerned["recorded_at"] >= concerned["opportunity_id"].map(known)).all()


def test_every_opportunity_begins_with_an_open_stage_when_it_is_created(history: History) -> None:
    first = history.stage_history.drop_duplicates("opportunity_id").set_index("opportunity_id")
    created = history.opportunities.set_index("opportunity_id")["created_at"]
    assert len(first) == OPPORTUNITIES
    assert set(first["stage"]) == {"identified", "contacted"}
    assert (first["occurred_at"] == created.reindex(first.index)).all()


def test_only_words_of_the_schema_occur(history: History) -> None:
    assert set(history.stage_history["stage"]) == set(DEFAULT_PROCESS.keys) == set(STAGES)
    assert set(history.activities["kind"]) <= set(ACTIVITY_KINDS)
    fields = history.field_history
    assert set(fields["field"]) - set(ASSESSED_FIELDS) == {"amount", "expected_close_date", "owner", "lost_reason"}
    assert set(fields.loc[fields["field"].isin(ASSESSED), "value"]) == set(ASSESSMENTS)
    assert (fields.loc[fields["field"] == "amount", "value"].astype(float) >= 100).all()
    assert pd.to_datetime(fields.loc[fields["field"] == "expected_close_date", "value"]).notna().all()


def test_ids_refer_to_rows_that_exist(history: History) -> None:
    activities = history.activities
    assert set(activities["opportunity_id"].dropna()) <= set(history.opportunities["opportunity_id"])
    assert set(activities["account_id"]) <= set(history.accounts["account_id"])
    assert set(activities["contact_id"].dropna()) <= set(history.contacts["contact_id"])
    assert history.opportunities["account_id"].duplicated().any()


def test_an_activity_has_one_row_and_a_planned_meeting_that_was_held_a_second(history: History) -> None:
    activities = history.activities
    plans, happened = activities[activities["planned"]], activities[~activities["planned"]]
    assert plans["activity_id"].is_unique
    assert happened["activity_id"].is_unique
    assert (plans["recorded_at"] < plans["occurred_at"]).all()
    both = plans.merge(happened, on="activity_id", suffixes=("_plan", ""))
    assert 0.4 < len(both) / len(plans) < 0.95
    assert (both["occurred_at"] == both["occurred_at_plan"]).all()
    assert (both["recorded_at"] > both["recorded_at_plan"]).all()
    assert (both["opportunity_id"] == both["opportunity_id_plan"]).all()


def test_win_share_and_times_to_close_are_as_stated(outcomes: pd.DataFrame) -> None:
    # Of 2,000 opportunities, 3 standard errors are about 3 points and 10 days.
    days = ((outcomes["closed_at"] - outcomes["created_at"]) / DAY).groupby(outcomes["outcome"]).median()
    assert (outcomes["outcome"] == "won").mean() == pytest.approx(0.22, abs=0.03)
    assert days["won"] == pytest.approx(60, abs=10)
    assert days["lost"] == pytest.approx(110, abs=12)


def test_opportunities_are_created_at_a_steady_rate(history: History) -> None:
    quarter = (history.opportunities["created_at"] - START) // ((END - START) / 4)
    assert quarter.value_counts(normalize=True).to_numpy() == pytest.approx(np.full(4, 0.25), abs=0.04)


def test_twelve_percent_of_events_are_recorded_late_by_a_median_of_three_days(history: History) -> None:
    happened = history.activities[~history.activities["planned"]]
    events = pd.concat([history.stage_history, history.field_history, happened])
    late = (events["recorded_at"] - events["occurred_at"]) / DAY
    assert (late > 0).mean() == pytest.approx(0.12, abs=0.01)
    assert late[late > 0].median() == pytest.approx(3.0, abs=0.2)


def test_man_is_unknown_in_forty_percent(history: History) -> None:
    letters = history.field_history[history.field_history["field"].isin(("money", "authority", "need"))]
    last = letters.drop_duplicates(["opportunity_id", "field"], keep="last")
    known = (last["value"] != "unknown").sum() / (3 * OPPORTUNITIES)
    assert 1 - known == pytest.approx(0.40, abs=0.04)


def test_thirty_owners_are_of_unequal_skill_and_a_fifth_reports_one_stage_behind(history: History) -> None:
    assert history.opportunities["owner_id"].nunique() == 30
    assert OWNER_SKILL.std() == pytest.approx(0.45)
    assert REPORTS_BEHIND.mean() == 0.2
    behind = history.opportunities["owner_id"].str[-2:].astype(int).sub(1).map(lambda index: REPORTS_BEHIND[index])
    reached = history.stage_history[history.stage_history["stage"] == "negotiation"]["opportunity_id"].unique()
    ever = history.opportunities["opportunity_id"].isin(reached)
    # Only an opportunity that changed its owner can show the last open stage.
    assert ever[behind].mean() < 0.05 < ever[~behind].mean()


def test_a_win_is_a_win_in_both_the_history_and_the_outcomes(history: History, outcomes: pd.DataFrame) -> None:
    closes = history.stage_history[history.stage_history["stage"].isin(("won", "lost"))]
    both = closes.merge(outcomes, left_on=["opportunity_id", "occurred_at"], right_on=["opportunity_id", "closed_at"])
    assert len(both) == len(closes) > 0.6 * OPPORTUNITIES
    assert (both["stage"] == both["outcome"]).all()


def test_a_few_lost_opportunities_reopen(history: History) -> None:
    after = history.stage_history.groupby("opportunity_id")["stage"].shift()
    reopened = history.stage_history[after == "lost"]
    assert 0.01 < len(reopened) / (history.stage_history["stage"] == "lost").sum() < 0.08
    assert set(reopened["stage"]) <= {"identified", "contacted"}
    assert not (after == "won").any()


def test_contact_goes_on_after_the_close_whatever_the_outcome(history: History) -> None:
    closes = history.stage_history[history.stage_history["stage"].isin(("won", "lost"))]
    close = closes.drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    at = history.activities["opportunity_id"].map(close["occurred_at"])
    later = history.activities[(history.activities["occurred_at"] > at + DAY) & ~history.activities["planned"]]
    count = later.groupby("opportunity_id").size().reindex(close.index).fillna(0).groupby(close["stage"]).mean()
    assert count["won"] == pytest.approx(1.5, abs=0.4)
    assert count["lost"] == pytest.approx(1.5, abs=0.4)


def test_activity_before_the_close_does_not_thin_out_by_outcome(history: History) -> None:
    closes = history.stage_history[history.stage_history["stage"].isin(("won", "lost"))]
    close = closes.drop_duplicates("opportunity_id").set_index("opportunity_id")["occurred_at"]
    sent = history.activities[history.activities["kind"] == "email_sent"]
    before = (sent["opportunity_id"].map(close) - sent["occurred_at"]) / DAY
    last_week, week_before = ((before > 0) & (before <= 7)).sum(), ((before > 7) & (before <= 14)).sum()
    assert last_week / week_before == pytest.approx(1.0, abs=0.15)


def test_machines_open_and_click_flagged_and_unflagged(history: History) -> None:
    opened = history.activities[history.activities["kind"] == "email_opened"]
    assert 0.1 < opened["automated"].mean() < 0.6
    assert set(history.activities.loc[history.activities["automated"], "kind"]) == {"email_opened", "email_clicked"}


def test_accounts_visit_before_an_opportunity_exists_and_without_one(history: History) -> None:
    visits = history.activities[history.activities["opportunity_id"].isna()]
    created = history.opportunities.groupby("account_id")["created_at"].min()
    assert set(visits["kind"]) == {"site_visit"}
    assert (visits["occurred_at"] < visits["account_id"].map(created)).sum() > 100
    assert (~visits["account_id"].isin(created.index)).sum() > 100


def test_in_the_additive_world_contact_adds_the_same_whatever_the_authority() -> None:
    population = draw_population(3, np.random.default_rng(1))
    state = first_state(population, np.random.default_rng(1), ADDITIVE_CONTACT_EFFECT)
    state.levels[ASSESSED.index("authority")] = [0, 1, 2]
    alone = readiness(state, np.arange(3))
    state.contact[:] = 3
    gained = readiness(state, np.arange(3)) - alone
    assert gained == pytest.approx([gained[0]] * 3)
    assert gained[0] > 0.5
    with_interactions, without = (simulate(200, 3, additive=additive) for additive in (False, True))
    assert not with_interactions.stage_history.equals(without.stage_history)


def test_the_hazards_reward_contact_only_where_there_is_authority() -> None:
    state = first_state(draw_population(3, np.random.default_rng(1)), np.random.default_rng(1))
    state.levels[:, :], state.base[:], state.intent[:], state.owner[:] = 1, 0, 0, 0
    state.levels[ASSESSED.index("authority")] = [0, 1, 2]
    everyone = np.arange(3)
    quiet, (quiet_win, quiet_loss) = readiness(state, everyone), hazards(state, everyone, 400)
    state.contact[:] = 3.0
    gain, (win, loss) = readiness(state, everyone) - quiet, hazards(state, everyone, 400)
    assert gain == pytest.approx([0.0, 0.8 * np.log(4), 1.5 * np.log(4)])
    assert win[0] == quiet_win[0]
    assert (win[1:] > quiet_win[1:]).all()
    assert (loss[1:] < quiet_loss[1:]).all()


def test_the_fixed_weights_tell_open_opportunities_apart_but_poorly(history: History, outcomes: pd.DataFrame) -> None:
    scores, won = [], []
    for cutoff in pd.to_datetime(["2025-01-01", "2025-05-01", "2025-09-01"], utc=True):
        last = known_as_of(history, cutoff).stage_history.drop_duplicates("opportunity_id", keep="last")
        still_open = last[~last["stage"].isin(("won", "lost"))]
        later = outcomes[outcomes["closed_at"] > cutoff].drop_duplicates("opportunity_id")
        outcome = still_open["opportunity_id"].map(later.set_index("opportunity_id")["outcome"])
        scores += [DEFAULT_PROCESS.stage(stage).weight for stage in still_open["stage"]]
        won += list(outcome == "won")
    rank, wins = pd.Series(scores).rank().to_numpy(), np.array(won)
    pairs = wins.sum() * (~wins).sum()
    auc = (rank[wins].sum() - wins.sum() * (wins.sum() + 1) / 2) / pairs
    # The bounds of the world are 0.60 to 0.68; some 900 open opportunities add 0.03 of chance.
    assert 0.57 < auc < 0.71


def test_the_win_rate_drifts_down_over_the_period() -> None:
    outcomes = simulate_outcomes(6_000, 5).drop_duplicates("opportunity_id")
    late = outcomes["created_at"] > START + (END - START) / 2
    won = (outcomes["outcome"] == "won").groupby(late).mean()
    # A fifth from start to end is a ninth from the middle of one half to that of the other.
    assert won[True] < won[False]
