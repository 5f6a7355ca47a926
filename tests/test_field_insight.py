"""What each column tells on its own: win rate by value, coverage, and whether it is trained on."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from features.errors import NotEnoughDataError
from features.history.history import Attribute, History
from features.history.simulated import simulate
from tests.histories import at, history, opportunity, stage
from training.field_insight import category_bins, field_insight, information, number_bins
from training.pipeline import prepare

ATTRIBUTES = {
    "region": Attribute("region", "category", "creation", {"en": "region", "zh-CN": "地区"}),
    "tier": Attribute("tier", "category", "creation"),
    "score": Attribute("score", "numeric", "unknown"),
    "reason": Attribute("reason", "category", "close"),
}


@pytest.fixture(scope="module")
def known() -> History:
    """Forty opportunities, each open for two days: all of the north are won, none of the south."""
    rows = []
    for i in range(40):
        won = i % 2 == 0
        tier = "large" if i % 3 else "small"
        own = {
            "region": "north" if won else "south",
            "tier": tier,
            "score": float(i % 4),
            "reason": "price" if won else None,
        }
        rows += [
            opportunity(f"o{i}", created=i, **own),
            stage("identified", i, of=f"o{i}"),
            stage("won" if won else "lost", i + 2, of=f"o{i}"),
        ]
    return history(*rows, attributes=ATTRIBUTES)


def by_field(records: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {record["field"]: record for record in records}


def test_win_rates_are_told_by_value(known: History) -> None:
    region = by_field(field_insight(known))["attribute_region"]
    assert [(b["value"], b["win_rate"]) for b in region["bins"]] == [("north", 1.0), ("south", 0.0)]
    assert (region["en"], region["zh"], region["coverage"]) == ("region", "地区", 1.0)
    assert region["information"] == pytest.approx(np.log(2), abs=0.01)
    south = region["bins"][1]
    assert (south["enough"], south["low"]) == (False, 0)
    assert 0.1 < south["high"] < 0.2  # none of some 20: 1 − 0.05^(1/20)


def test_each_column_is_in_or_out_with_the_reason(known: History) -> None:
    found = by_field(field_insight(known))
    assert (found["attribute_tier"]["used"], found["attribute_tier"]["reason"]) == (
        True, "known when the opportunity was created",
    )  # fmt: skip
    assert not found["attribute_score"]["used"]
    assert "may have been filled in after the outcome" in found["attribute_score"]["reason"]
    assert not found["attribute_reason"]["used"]
    assert "knows the outcome" in found["attribute_reason"]["reason"]
    assert (found["visits_7d"]["used"], found["visits_7d"]["coverage"]) == (False, 0)
    assert found["visits_7d"]["reason_zh"] == "数据中从未记录"
    chosen = by_field(field_insight(known, include=["score", "reason"]))
    assert chosen["attribute_score"]["used"]
    assert not chosen["attribute_reason"]["used"]


def test_what_a_training_leaves_out_is_said_to_be_out(known: History) -> None:
    region = by_field(field_insight(known))["attribute_region"]
    assert prepare(known).left_out.keys() == {"region"}
    assert (region["used"], region["reason"], region["reason_zh"]) == (
        False, "the audit doubts that it was known so early", "审计怀疑当时尚未知晓",
    )  # fmt: skip
    assert by_field(field_insight(known, include=["region"]))["attribute_region"]["used"]
    simulated = simulate(60, seed=1)
    mixed = simulated.opportunities.assign(currency=pd.array(["EUR", "USD"] * 30, dtype="str"))
    several = replace(simulated, tables={**simulated.tables, "opportunities": mixed})
    amount = by_field(field_insight(several))["amount"]
    assert (amount["used"], amount["reason"]) == (False, "amounts are in several currencies")
    assert by_field(field_insight(several))["amount_to_usual"]["used"]
    assert by_field(field_insight(simulated))["amount"]["used"]


def test_missing_is_a_value_of_its_own(known: History) -> None:
    reason = by_field(field_insight(known))["attribute_reason"]
    assert [(b["value"], b["win_rate"]) for b in reason["bins"]] == [("price", 1.0), ("", 0.0)]
    assert reason["coverage"] == pytest.approx(0.5, abs=0.05)


def test_nothing_is_used_that_was_recorded_later(known: History) -> None:
    early = by_field(field_insight(known, at(20)))["attribute_region"]
    late = by_field(field_insight(known))["attribute_region"]
    assert sum(b["n"] for b in early["bins"]) < sum(b["n"] for b in late["bins"])
    with pytest.raises(NotEnoughDataError, match="nothing that closed"):
        field_insight(known, at(1))


def test_numbers_are_cut_at_their_quartiles() -> None:
    code, names = number_bins(np.arange(1.0, 9.0))
    assert names == ["1 to 2", "3 to 4", "5 to 6", "7 to 8"]
    assert code.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert number_bins(np.full(3, np.nan)) == (pytest.approx([0, 0, 0]), [""])


def test_rare_words_have_no_bin() -> None:
    words = pd.Series([*"aabbccddeeffgghh", "z", None], dtype=object)
    code, names = category_bins(words, np.arange(len(words)).astype(object))
    assert names == [*"abcdefgh", ""]
    assert code[-2:].tolist() == [-1, 8]


def test_bins_that_tell_nothing_have_no_information() -> None:
    assert information(np.array([0, 0, 1, 1]), 2, np.array([0.0, 1.0, 0.0, 1.0])) == pytest.approx(0)
