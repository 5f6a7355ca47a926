"""Amount, stated close date, owner and the customer's own columns, and how they moved."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from features.errors import DataError
from features.history.history import Attribute, History
from features.snapshots import Catalogue, catalogue_of
from tests.histories import activity, at, history, opportunity, over_days, snapshot, stage, table, value

NAN = float("nan")
BASE = (opportunity(owner_id="ann"), stage("identified", 0))
COURSE = history(
    *BASE,
    value("amount", "100", 1),
    value("amount", "150", 3),
    value("amount", "120", 5, told=8),
    value("amount", "150.0", 6),
    value("amount", None, 20),
    value("expected_close_date", "2026-01-11", 1),
    value("expected_close_date", "2026-01-21", 6),
    value("expected_close_date", "2026-01-16", 8),
    value("owner", "bob", 4),
    value("owner", "eve", 6, told=9),
)
DAYS = (0, 1, 4, 7, 8, 16.5, 21)


@pytest.fixture(scope="module")
def course() -> pd.DataFrame:
    return table(COURSE, *DAYS)


@pytest.mark.parametrize(
    ("feature", "found"),
    [
        ("amount", [NAN, 100, 150, 150, 150, 150, NAN]),
        ("amount_to_first", [NAN, 1, 1.5, 1.5, 1.5, 1.5, NAN]),
        ("amount_raised", [0, 0, 1, 1, 2, 2, 2]),
        ("amount_cut", [0, 0, 0, 0, 1, 1, 1]),
        ("days_to_stated_close", [NAN, 9, 6, 13, 7, -1.5, -6]),
        ("overdue", [NAN, 0, 0, 0, 0, 1, 1]),
        ("close_date_pushed", [0, 0, 0, 1, 1, 1, 1]),
        ("close_date_pulled", [0, 0, 0, 0, 1, 1, 1]),
        ("owner_changes", [0, 0, 1, 1, 1, 2, 2]),
    ],
)
def test_seven_instants_of_amount_date_and_owner(course: pd.DataFrame, feature: str, found: list[float]) -> None:
    assert list(course[feature]) == pytest.approx(found, nan_ok=True)


def test_a_stated_day_is_overdue_only_once_it_has_passed() -> None:
    known = history(*BASE, value("expected_close_date", "2026-01-11", 0))
    assert over_days(known, "overdue", 9, 10, 10.9, 11, 11.1) == [0, 0, 0, 1, 1]


def test_an_owner_stated_at_creation_and_in_the_changes_is_no_change() -> None:
    known = history(*BASE, value("owner", "ann", 0), value("owner", "bob", 3))
    assert over_days(known, "owner_changes", 1, 4) == [0, 1]


def test_a_first_amount_of_zero_gives_no_ratio() -> None:
    known = history(*BASE, value("amount", "0", 0), value("amount", "50", 1))
    assert over_days(known, "amount_to_first", 2) == pytest.approx([NAN], nan_ok=True)


ATTRIBUTES = {
    "score": Attribute("score", "numeric", "creation", {"en": "fit score", "zh-CN": "评分"}),
    "tier": Attribute("tier", "category", "creation"),
    "partner": Attribute("partner", "flag", "creation"),
    "reason": Attribute("reason", "category", "close"),
    "grade": Attribute("grade", "category", "unknown"),
}


def with_attributes(*rows: Any, **stated: Any) -> History:
    return history(opportunity(**stated), *rows, attributes=ATTRIBUTES)


def test_seven_instants_of_each_type_of_attribute() -> None:
    known = with_attributes(
        value("score", "7.5", 3),
        value("score", None, 9),
        value("tier", "gold", 2, told=5),
        value("tier", "tin", 4),
        value("partner", "是", 6),
        value("partner", "perhaps", 9),
        score=4, tier="iron", partner=False,
    )  # fmt: skip
    days = (1, 2, 3, 4, 5, 6, 9)
    assert over_days(known, "attribute_score", *days) == pytest.approx([4, 4, 7.5, 7.5, 7.5, 7.5, NAN], nan_ok=True)
    assert over_days(known, "attribute_tier", *days) == ["iron", "iron", "iron", "tin", "tin", "tin", "tin"]
    assert over_days(known, "attribute_partner", *days) == pytest.approx([0, 0, 0, 0, 0, 1, NAN], nan_ok=True)


def test_an_attribute_without_a_value_is_missing() -> None:
    found = snapshot(with_attributes(score=None, tier=None, partner=None), 1)
    assert pd.isna(found["attribute_tier"])
    assert (found["attribute_score"], found["attribute_partner"]) == pytest.approx((NAN, NAN), nan_ok=True)


def test_only_what_is_measured_at_creation_is_taken_unasked_and_what_knows_the_outcome_never() -> None:
    known = with_attributes()
    assert [a.name for a in catalogue_of(known).attributes] == ["score", "tier", "partner"]
    asked = catalogue_of(known, include=["grade", "reason"]).attributes
    assert [a.name for a in asked] == ["score", "tier", "partner", "grade"]


def test_an_attribute_is_shown_by_its_own_names() -> None:
    shown = {f.name: (f.en, f.zh, f.unit) for f in catalogue_of(with_attributes()).features if f.group == "attribute"}
    assert shown == {
        "attribute_score": ("fit score", "评分", "number"),
        "attribute_tier": ("tier", "tier", "category"),
        "attribute_partner": ("partner", "partner", "yes/no"),
    }


def test_kinds_of_the_source_are_in_the_catalogue_and_standard_ones_are_not_repeated() -> None:
    known = history(*BASE, activity("audit", 1), activity("meeting", 1))
    assert catalogue_of(known) == Catalogue(("audit",))


def test_an_unknown_opportunity_is_refused_with_its_id() -> None:
    with pytest.raises(DataError, match="'o7'"):
        snapshot(history(*BASE, observed_until=at(9)), 1, of="o7")
