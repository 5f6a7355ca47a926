"""Accounts at an instant: their features, and which of them have no open opportunity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.account_results import idle_accounts
from features.account_snapshots import build_account_snapshots, features_of_accounts
from features.account_view import accounts_of
from features.as_of import known_as_of
from features.errors import DataError
from features.history.history import History, build_history
from features.history.schema import ACTIVITY_KINDS
from features.instants import micros
from features.snapshots import catalogue_of
from tests.histories import account, activity, at, history, opportunity, stage
from tests.random_histories import in_another_order, random_history
from tests.test_feature_checks import INSTANTS, UNITS, differing


def _keys(*snapshots: tuple[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"account_id": [a for a, _ in snapshots], "as_of": [at(day) for _, day in snapshots]})


def _seen(known: History, day: float, of: str = "x", **more: Any) -> dict[str, Any]:
    found = build_account_snapshots(known, _keys((of, day)), **more)
    return {str(name): value for name, value in found.iloc[0].items()}


def _idle(known: History, *days: float) -> list[tuple[str, int]]:
    found = idle_accounts(known, micros(pd.Index([at(day) for day in days])))
    return [(name, (when - at(0)).days) for name, when in zip(found["account_id"], found["as_of"], strict=True)]


@pytest.fixture(scope="module", params=["simulated", "random"])
def past(request: pytest.FixtureRequest, simulated: History) -> History:
    return simulated if request.param == "simulated" else random_history(7)


def keys_at(known: History, as_of: pd.Timestamp) -> pd.DataFrame:
    accounts = accounts_of(known)
    ids = accounts.loc[accounts["recorded_at"] <= as_of, "account_id"]
    return pd.DataFrame({"account_id": ids.to_numpy(dtype=object), "as_of": as_of})


@pytest.mark.parametrize("as_of", INSTANTS, ids=str)
def test_an_account_sees_nothing_that_was_recorded_later(past: History, as_of: pd.Timestamp) -> None:
    kinds = catalogue_of(past).custom_kinds
    instant, known = micros(pd.Index([as_of])), known_as_of(past, as_of)
    keys = keys_at(past, as_of)
    whole, cut = (build_account_snapshots(h, keys, kinds) for h in (past, known))
    assert len(whole) >= 4
    assert differing(whole, cut) == []
    pd.testing.assert_frame_equal(idle_accounts(past, instant), idle_accounts(known, instant))


def test_an_account_alone_is_its_row_in_a_batch(past: History) -> None:
    keys = pd.concat([keys_at(past, as_of) for as_of in INSTANTS], ignore_index=True)
    batch = build_account_snapshots(past, keys)
    for row in range(0, len(keys), max(len(keys) // 8, 1)):
        assert differing(build_account_snapshots(past, keys.iloc[[row]]), batch.iloc[[row]]) == []


def test_the_order_of_rows_of_different_instants_changes_nothing_of_an_account(past: History) -> None:
    keys = keys_at(past, INSTANTS[1])
    turned = build_account_snapshots(in_another_order(past, seed=5), keys)
    assert differing(build_account_snapshots(past, keys), turned) == []


def test_activities_of_the_account_and_of_all_its_opportunities_count_once() -> None:
    known = history(
        account("x"), opportunity("o1", account_id="x"), opportunity("o2", account_id="x"), opportunity("o3"),
        activity("site_visit", 1, of=None, account_id="x", duration=60, topic="price"),
        activity("site_visit", 2, of="o1"), activity("site_visit", 3, of="o2", account_id="x"),
        activity("site_visit", 3, of="o3"), activity("call", 4, of="o1"), activity("call", 4, of=None, account_id="y"),
    )  # fmt: skip
    found = _seen(known, 5)
    assert (found["visits_7d"], found["dwell_7d"], found["topics_90d"]) == (3, 60, 1)
    assert (found["two_way_ever"], found["days_since_two_way"]) == (1, 1)


def test_an_activity_of_an_opportunity_is_not_the_accounts_before_the_opportunity_is_known() -> None:
    known = history(account("x"), opportunity("o1", told=4, account_id="x"), activity("call", 1, of="o1"))
    assert [_seen(known, day)["two_way_ever"] for day in (3, 4)] == [0, 1]


def test_a_corrected_activity_moves_to_the_other_account_from_when_we_were_told() -> None:
    known = history(
        account("x"), account("y"),
        activity("call", 1, of=None, account_id="x", activity_id="a"),
        activity("call", 1, told=5, of=None, account_id="y", activity_id="a"),
    )  # fmt: skip
    assert [(_seen(known, day)["two_way_ever"], _seen(known, day, "y")["two_way_ever"]) for day in (4, 5)] == [
        (1, 0),
        (0, 1),
    ]


def test_earlier_purchases_and_losses_are_counted_with_their_days() -> None:
    known = history(
        account("x"), opportunity("o1", account_id="x"), stage("won", 5, of="o1"),
        opportunity("o2", account_id="x"), stage("lost", 9, told=12, of="o2"),
    )  # fmt: skip
    names = ("account_wins", "account_losses", "days_since_close", "days_since_win", "last_won")
    assert [_seen(known, 11)[name] for name in names] == [1, 0, 6, 6, 1]
    assert [_seen(known, 15)[name] for name in names] == [1, 1, 6, 10, 0]
    unknown = _seen(known, 15, results_known=False)
    assert [unknown[name] for name in names if not np.isnan(unknown[name])] == []
    assert unknown["account_age_days"] == 15


def test_attributes_are_those_of_the_last_record_known() -> None:
    known = history(account("x", region="north", size="small"), account("x", told=8, region="south", size=None))
    regions = [(_seen(known, day)["attribute_region"], _seen(known, day)["attribute_size"]) for day in (7, 8)]
    assert [region for region, _ in regions] == ["north", "south"]
    assert regions[0][1] == "small"
    assert pd.isna(regions[1][1])


def test_what_is_not_collected_of_an_account_is_missing_and_silence_is_zero() -> None:
    silent, unknown = (
        _seen(history(account("x"), collected=kinds), 9) for kinds in (dict.fromkeys(ACTIVITY_KINDS), {})
    )
    counted = [f.name for f in features_of_accounts() if f.unit in ("count", "seconds") and f.group != "context"]
    assert len(counted) > 20
    assert {silent[name] for name in counted} == {0}
    assert [name for name in counted if not np.isnan(unknown[name])] == []
    assert (unknown["account_wins"], np.isnan(unknown["days_since_close"])) == (0, True)


def test_idle_is_an_account_that_is_known_and_has_no_opportunity_open_as_known() -> None:
    known = history(
        account("x"), account("late", 1, told=4), account("y"),
        opportunity("o1", 2, told=3, account_id="x"), stage("proposal", 3, of="o1"), stage("lost", 5, told=7, of="o1"),
    )  # fmt: skip
    assert _idle(known, 2, 3, 6, 7) == [
        ("x", 2), ("y", 2), ("y", 3), ("y", 6), ("late", 6), ("x", 7), ("y", 7), ("late", 7),
    ]  # fmt: skip


def test_an_account_that_only_opportunities_name_is_known_from_the_first_of_them() -> None:
    known = history(opportunity("o1", 2, account_id="x"), stage("won", 3), opportunity("o2", 9, account_id="x"))
    assert _idle(known, 1, 2, 3, 9) == [("x", 3)]


def test_an_account_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match="account 'z'"):
        _seen(history(account("x")), 1, of="z")


def test_every_feature_of_an_account_has_a_unit_both_names_and_a_meaning() -> None:
    features = features_of_accounts(("audit",))
    assert len({f.name for f in features}) == len(features)
    for feature in features:
        assert feature.unit in UNITS
        assert min(len(feature.en), len(feature.zh)) > 0
        assert feature.meaning.endswith(".")


def test_an_account_without_a_region_has_the_types_of_one_with() -> None:
    rows = pd.DataFrame({"account_id": ["x", "y"], "created_at": ["2026-01-01"] * 2, "region": ["north", None]})
    known = build_history({"accounts": rows})
    asked = pd.DataFrame({"account_id": ["x", "y"], "as_of": pd.Timestamp("2026-01-05", tz="UTC")})
    together, alone = (build_account_snapshots(known, keys) for keys in (asked, asked.iloc[[1]]))
    assert alone.dtypes.tolist() == together.dtypes.tolist()
    assert alone.equals(together.iloc[[1]])
