"""The pipeline as of an instant: what each opportunity is, and what it is cut by."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from features.errors import DataError
from features.history.dated_inputs import inputs_of
from features.history.history import History
from features.snapshots import build_snapshots
from scoring.pipeline import CUTS, Pipeline, pipeline_of
from scoring.stage_visits import spells
from tests.histories import account, at, value
from tests.pipelines_of_rows import deal, pipeline, scored


def _row(found: Pipeline, name: str) -> pd.Series:
    return found.opportunities.set_index("opportunity_id").loc[name]


def test_a_customer_is_existing_when_it_bought_before_the_opportunity_began() -> None:
    deals = [
        deal("a", ("identified", 0), ("won", 10), account_id="x"),
        deal("b", ("identified", 5), account_id="x"),
        deal("c", ("identified", 20), account_id="x"),
        deal("d", ("identified", 20)),
    ]
    found = pipeline(deals).opportunities.set_index("opportunity_id")
    assert found["customer_type"].fillna("-").to_dict() == {"a": "new", "b": "new", "c": "existing", "d": "-"}
    assert found["repeat_purchase"].fillna("-").to_dict() == {"a": "first", "b": "repeat", "c": "repeat", "d": "-"}


def test_owner_team_region_and_assessments_are_those_known_then() -> None:
    others = [
        value("owner", "anna", 10, of="a"),
        value("competitor", "yes", 10, of="a"),
        value("sponsor", "no", 10, told=60, of="a"),
        account("x", region="north"),
    ]
    teams = pd.DataFrame({"owner_id": ["anna"], "team": ["red"], "valid_from": [at(20)], "recorded_at": [at(20)]})
    rows = [deal("a", ("identified", 0), account_id="x", owner_id="bert", team="blue")]
    before, after = (pipeline(rows, day, others=others, inputs=inputs_of({"teams": teams})) for day in (15, 70))
    cuts = ["owner", "team", "region", "competitor", "sponsor"]
    assert _row(before, "a")[cuts].fillna("-").tolist() == ["anna", "blue", "north", "yes", "-"]
    assert _row(after, "a")[cuts].fillna("-").tolist() == ["anna", "red", "north", "yes", "no"]
    assert set(CUTS) <= set(before.opportunities.columns)


def test_what_is_closed_keeps_the_team_of_its_close() -> None:
    teams = {"owner_id": ["anna"] * 2, "team": ["red", "blue"], "valid_from": [at(0), at(20)]}
    inputs = inputs_of({"teams": pd.DataFrame(teams | {"recorded_at": [at(0), at(20)]})})
    rows = [deal("a", ("identified", 0), ("won", 10), owner_id="anna"), deal("b", ("identified", 0), owner_id="anna")]
    found = pipeline(rows, 50, inputs=inputs)
    assert (_row(found, "a")["team"], _row(found, "b")["team"]) == ("red", "blue")


def test_sums_are_in_one_currency_or_refused() -> None:
    rows = [
        deal("a", ("identified", 0), amount=100, currency="CNY"),
        deal("b", ("identified", 0), amount=10, currency="EUR"),
        deal("c", ("identified", 0), currency="USD"),
    ]
    rates = {"currency": ["EUR"], "to_currency": ["CNY"], "rate": [8.0], "valid_from": [at(0)], "recorded_at": [at(5)]}
    inputs = inputs_of({"rates": pd.DataFrame(rates)})
    scores = scored(("b", 0.5, None, "active"))
    found = pipeline(rows, 10, scores, inputs, "CNY").opportunities.set_index("opportunity_id")
    assert found["value"].fillna(-1).to_dict() == {"a": 100, "b": 80, "c": -1}
    assert found.loc["b", "expected_value"] == 40
    with pytest.raises(DataError, match="no exchange rate from EUR to CNY"):
        pipeline(rows, 4, inputs=inputs, currency="CNY")
    with pytest.raises(DataError, match="amounts in CNY, EUR"):
        pipeline(rows, 10, inputs=inputs)


def test_the_priority_of_a_customer_is_by_size_need_and_intent() -> None:
    rows = [
        deal(name, ("identified", 0), amount=amount, account_id=f"c{name}")
        for name, amount in (("a", 300.0), ("b", 200.0), ("c", 100.0))
    ]
    scores = scored(("a", 0.5, None, "active"), ("b", 0.5, None, "active"), ("c", 0.5, None, "potential"))
    needs = [value("need", "yes", 1, of="a"), value("need", "no", 1, of="b"), value("need", "no", 1, of="c")]
    found = pipeline(rows, 10, scores, others=needs).opportunities.set_index("opportunity_id")["priority"]
    assert found.to_dict() == {"a": "high", "b": "medium", "c": "low"}


def test_what_was_recorded_later_does_not_exist() -> None:
    late = deal("late", ("identified", 1), told=50)
    rows = [deal("a", ("identified", 0), ("won", 10)), late]
    found = pipeline(rows, 9)
    assert list(found.opportunities["opportunity_id"]) == ["a"]
    assert _row(found, "a")["outcome"] == "open"
    assert np.isnan(_row(found, "a")["value"])


def test_stages_and_owners_are_those_of_the_snapshots(simulated: History) -> None:
    as_of = pd.Timestamp("2025-03-01T10:00", tz="UTC")
    found = pipeline_of(simulated, as_of).opportunities
    keys = found[["opportunity_id"]].assign(as_of=as_of)
    snapshots = build_snapshots(simulated, keys)
    assert found["stage"].tolist() == snapshots["stage"].tolist()
    entered = (as_of - found["stage_entered"]).dt.total_seconds() / 86_400
    np.testing.assert_allclose(entered, snapshots["days_in_stage"], atol=1e-6)
    assert np.array_equal(found["amount"], snapshots["amount"], equal_nan=True)


def test_a_reopened_opportunity_begins_a_new_spell() -> None:
    rows = deal("a", ("identified", 0), ("lost", 5), ("proposal", 9), ("proposal", 10), ("won", 20))
    found = pipeline([rows], 30)
    assert found.visits["stage"].tolist() == ["identified", "lost", "proposal", "won"]
    ends = spells(found.visits, found.as_of)
    assert ends[["spell", "outcome", "days"]].to_numpy().tolist() == [[0, "lost", 5], [1, "won", 11]]


def test_a_cut_that_is_none_is_refused() -> None:
    with pytest.raises(DataError, match="a cut by 'colour'"):
        pipeline([deal("a", ("identified", 0))]).chosen({"colour": "red"})
