"""Every feature passes the same checks, whatever family it is of."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.as_of import known_as_of
from features.feature import GROUPS
from features.history.history import Attribute, History
from features.history.schema import ACTIVITY_KINDS
from features.snapshots import FEATURES, Catalogue, build_snapshots, catalogue_of
from tests.histories import activity, at, history, opportunity, snapshot, stage
from tests.random_histories import in_another_order, random_history

UNITS = {
    "days", "count", "share", "seconds", "amount", "level", "log-odds", "yes/no", "category", "number",
}  # fmt: skip
INSTANTS = [pd.Timestamp(day, tz="UTC") for day in ("2024-02-20T09:00:00.000001", "2024-11-05", "2025-08-17T12:34")]


@pytest.fixture(scope="module", params=["simulated", "random"])
def past(request: pytest.FixtureRequest, simulated: History) -> History:
    return simulated if request.param == "simulated" else random_history(7)


def keys_at(known: History, as_of: pd.Timestamp) -> pd.DataFrame:
    ids = known.opportunities.loc[known.opportunities["recorded_at"] <= as_of, "opportunity_id"]
    return pd.DataFrame({"opportunity_id": ids.to_numpy(dtype=object), "as_of": as_of})


def keys_of(known: History) -> pd.DataFrame:
    return pd.concat([keys_at(known, as_of) for as_of in INSTANTS], ignore_index=True)


def differing(one: pd.DataFrame, other: pd.DataFrame) -> list[str]:
    """Names of the columns that are not the same bit for bit; missing equals missing."""
    assert list(one.columns) == list(other.columns)
    assert list(one.dtypes) == list(other.dtypes)
    assert one.index.equals(other.index)
    return [name for name in one.columns if not _same(one[name], other[name])]


def _same(one: pd.Series, other: pd.Series) -> bool:
    if one.dtype == np.float64:
        return np.array_equal(one, other, equal_nan=True)
    return [None if pd.isna(v) else v for v in one] == [None if pd.isna(v) else v for v in other]


@pytest.mark.parametrize("as_of", INSTANTS, ids=str)
def test_no_feature_sees_what_was_recorded_later(past: History, as_of: pd.Timestamp) -> None:
    keys, catalogue = keys_at(past, as_of), catalogue_of(past)
    whole = build_snapshots(past, keys, catalogue)
    cut = build_snapshots(known_as_of(past, as_of), keys, catalogue)
    assert len(whole) > 10
    assert differing(whole, cut) == []


def test_instants_of_one_batch_do_not_see_each_other(past: History) -> None:
    keys = keys_of(past)
    together = build_snapshots(past, keys)
    for as_of in INSTANTS:
        assert differing(together[keys["as_of"].to_numpy() == as_of], build_snapshots(past, keys_at(past, as_of))) == []


def test_a_snapshot_built_alone_is_its_row_in_a_batch(past: History) -> None:
    keys = keys_of(past)
    batch = build_snapshots(past, keys)
    for row in range(0, len(keys), len(keys) // 8):
        assert differing(build_snapshots(past, keys.iloc[[row]]), batch.iloc[[row]]) == []


def test_the_order_of_rows_of_different_instants_changes_nothing(past: History) -> None:
    keys = keys_of(past)
    assert differing(build_snapshots(past, keys), build_snapshots(in_another_order(past, seed=5), keys)) == []


def test_the_order_of_the_snapshots_asked_for_is_kept(past: History) -> None:
    keys = keys_of(past)
    backwards = build_snapshots(past, keys.iloc[::-1])
    assert differing(build_snapshots(past, keys), backwards.iloc[::-1]) == []


def test_every_feature_varies_somewhere_so_that_the_checks_can_fail() -> None:
    known = random_history(7, opportunities=150)
    found = build_snapshots(known, keys_of(known))
    never = {"channel_win_lift", "team_win_lift"}  # the random history has neither
    assert {name for name in found.columns if found[name].nunique(dropna=False) < 2} == never


def test_every_feature_has_a_group_a_unit_both_names_and_a_meaning() -> None:
    catalogue = Catalogue(("audit",), (Attribute("tier", "category", "creation"),))
    for feature in catalogue.features:
        assert feature.group in GROUPS
        assert feature.unit in UNITS
        assert min(len(feature.en), len(feature.zh)) > 0
        assert len(feature.meaning) > 10
        assert feature.meaning.endswith(".")
    for feature in FEATURES:
        assert not feature.zh.isascii(), feature.name


def test_names_are_unique() -> None:
    for names in ([f.name for f in FEATURES], [f.en for f in FEATURES], [f.zh for f in FEATURES]):
        assert sorted(names) == sorted(set(names))


def test_kinds_of_a_source_never_take_the_name_of_a_standard_feature() -> None:
    kinds = ("activities", "any", "calls", "meetings", "replies", "two_way", "visits")
    names = [feature.name for feature in Catalogue(kinds).features]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("kind", ["any", "two_way", "buyer_initiated", "email_opened_human"])
def test_a_kind_named_like_a_class_of_activities_is_counted_for_itself(kind: str) -> None:
    known = history(
        opportunity(), stage("identified", 0), activity(kind, 1), activity("zebra", 2), activity("zebra", 3)
    )
    found = snapshot(known, 4)
    assert found["activities_ever"] == 3
    assert (found[f"activity_{kind}_ever"], found["activity_zebra_ever"]) == (1, 2)
    assert np.isnan(found["two_way_ever"])


@pytest.mark.parametrize("changed", [{"name": "other"}, {"unit": "share"}, {"meaning": "Other."}, {"group": "context"}])
def test_the_fingerprint_changes_when_a_feature_does(changed: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    before = Catalogue().fingerprint
    monkeypatch.setattr("features.catalogue.FEATURES", (replace(FEATURES[0], **changed), *FEATURES[1:]))
    assert Catalogue().fingerprint != before


def test_the_fingerprint_changes_with_kinds_attributes_and_order_but_not_with_translations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tier = Attribute("tier", "category", "creation")
    prints = [Catalogue().fingerprint, Catalogue(("audit",)).fingerprint, Catalogue((), (tier,)).fingerprint]
    monkeypatch.setattr("features.catalogue.FEATURES", FEATURES[::-1])
    assert len({*prints, Catalogue().fingerprint}) == 4
    monkeypatch.setattr("features.catalogue.FEATURES", (replace(FEATURES[0], en="x", zh="y"), *FEATURES[1:]))
    assert Catalogue().fingerprint == prints[0]


COUNTED = [f.name for f in FEATURES if f.unit in ("count", "seconds") and f.group != "stage"]
NEEDS_AN_ID = {"owner_closed", "account_wins"}


def test_what_is_not_collected_is_missing() -> None:
    found = snapshot(history(opportunity(), stage("identified", 0), collected={}), 9)
    assert [name for name in COUNTED if not np.isnan(found[name])] == []
    outside = [f.name for f in FEATURES if f.group not in ("stage", "context")]
    assert [name for name in outside if not np.isnan(found[name])] == []


def test_what_is_collected_and_did_not_happen_is_zero() -> None:
    names = [*ACTIVITY_KINDS, "money", "authority", "need", "amount", "expected_close_date", "owner", "contacts"]
    known = history(opportunity(owner_id="ann", account_id="x"), stage("identified", 0), collected=dict.fromkeys(names))
    found = snapshot(known, 9)
    assert {name: found[name] for name in COUNTED if found[name] != 0} == {"man_unknown": 3}
    assert np.isnan(found["days_since_visit"])
    assert np.isnan(found["open_rate"])


def test_what_was_not_yet_tracked_is_missing_and_a_window_after_it_is_not() -> None:
    tracked = dict.fromkeys([*ACTIVITY_KINDS, "contacts"], at(10))
    known = history(
        opportunity(), stage("identified", 0), activity("site_visit", 12), activity("email_sent", 13),
        activity("email_replied", 14), collected=tracked,
    )  # fmt: skip
    found = snapshot(known, 18)
    missing = ("visits_30d", "days_since_visit", "replies_ever", "reply_rate", "reply_delay", "roles_met", "usual_gap")
    assert [name for name in missing if not np.isnan(found[name])] == []
    assert (found["visits_7d"], found["replies_7d"], found["two_way_7d"], found["activities_7d"]) == (1, 1, 1, 3)
    assert np.isnan(snapshot(known, 16.9)["visits_7d"])
    later = history(opportunity(created=10), stage("identified", 10), collected=tracked)
    assert snapshot(later, 11)["visits_30d"] == 0
