from __future__ import annotations

from dataclasses import replace

import pandas as pd

from features.history.history import History
from features.history.simulated import simulate
from tests.histories import activity, at, history, opportunity, stage, value
from training.audit_ends import ends_of
from training.audit_sanity import Check, checks_of


def checks(known: History, flags: pd.DataFrame | None = None) -> dict[str, Check]:
    return {check.key: check for check in checks_of(known, ends_of(known), flags)}


def counts(known: History) -> dict[str, int]:
    return {key: check.found for key, check in checks(known).items() if check.found}


def test_stages_out_of_order_are_counted_by_opportunity() -> None:
    known = history(
        opportunity("skips"),
        stage("identified", 0, of="skips"),
        stage("proposal", 1, of="skips"),
        opportunity("back"),
        stage("needs_confirmed", 0, of="back"),
        stage("contacted", 1, 1.5, of="back"),
        opportunity("again"),
        stage("identified", 0, of="again"),
        stage("lost", 1, of="again"),
        stage("identified", 2, of="again"),
        opportunity("none"),
    )
    found = checks(known)
    assert {k: c.examples for k, c in found.items() if c.found and "history" not in k} == {
        "skipped": ("skips",),
        "moved_back": ("back",),
        "reopened": ("again",),
        "no_stage": ("none",),
    }


def test_a_close_and_a_stage_before_the_creation_are_found() -> None:
    known = history(opportunity("o1", 5), stage("lost", 3, 6), opportunity("o2", 5), stage("identified", 4, 5, of="o2"))
    found = checks(known)
    assert found["closed_before_created"].examples == ("o1",)
    assert found["stage_before_creation"].examples == ("o1", "o2")


def test_rows_of_unknown_opportunities_are_orphans_and_those_of_none_are_not() -> None:
    known = history(
        opportunity(),
        stage("identified", 0, 1),
        stage("proposal", 1, 2, of="ghost"),
        value("amount", "1", 1, 2, of="ghost"),
        activity("call", 1, 2, of="ghost"),
        activity("call", 1, 2, of=None),
    )
    found = checks(known)
    assert [found[f"orphans_{name}"].found for name in ("stage_history", "field_history", "activities")] == [1, 1, 1]
    assert found["orphans_activities"].of == 1


def test_lateness_is_a_share_with_a_median_and_the_lack_of_it_is_said() -> None:
    known = history(
        opportunity(),
        stage("identified", 0),
        stage("proposal", 2, 6),
        value("amount", "1", 1),
        activity("call", 3, 2),
        activity("call", 3, 2, planned=True),
    )
    found = checks(known)
    assert (found["late_stage_history"].found, found["late_stage_history"].of) == (1, 2)
    assert "4.0 days" in found["late_stage_history"].en
    assert found["no_recorded_at_field_history"].found == 1
    assert (found["recorded_early_activities"].found, found["recorded_early_activities"].of) == (1, 1)


def test_an_opportunity_open_much_longer_than_closings_take_is_a_zombie() -> None:
    rows = [opportunity(f"c{i}") for i in range(60)] + [stage("lost", 10, 11, of=f"c{i}") for i in range(60)]
    open_ones = [opportunity("young", 80), opportunity("old"), stage("identified", 0, of="old")]
    known = history(*rows, *open_ones, stage("identified", 80, of="young"), observed_until=at(100))
    found = checks(known)["zombies"]
    assert found.examples == ("old",)
    assert "30 days" in found.en


def test_closes_without_a_date_are_known_from_the_import_or_from_being_all_alike() -> None:
    known = history(opportunity("o1"), stage("won", 4, 5), opportunity("o2"), stage("lost", 6, of="o2"))
    flags = pd.DataFrame(
        {"line": [7, 8], "key": ["o1", "o2"], "flag": ["closed without a close date: closed at its last update", "x"]}
    )
    assert checks(known)["closed_without_date"].found == 0
    assert checks(known, flags)["closed_without_date"].examples == ("o1",)
    alike = [row for i in range(60) for row in (opportunity(f"c{i}", i), stage("lost", i + 0.25, of=f"c{i}"))]
    assert checks(history(*alike))["closed_without_date"].found == 60


def test_an_opportunity_told_only_after_its_close_is_found() -> None:
    known = history(opportunity("o1", 0, 9), stage("won", 4, 9))
    assert checks(known)["recorded_after_close"].examples == ("o1",)


def test_opportunities_equal_in_all_but_their_key_are_duplicates() -> None:
    clean = simulate(80, seed=2)
    assert "duplicates" not in counts(clean)
    first = clean.opportunities.iloc[0]
    again = pd.DataFrame([first.to_dict() | {"opportunity_id": "copy"}]).astype(clean.opportunities.dtypes.to_dict())
    rows = pd.concat([clean.opportunities, again], ignore_index=True)
    tables = {"opportunities": rows}
    for name in ("stage_history", "field_history"):
        table = clean.tables[name]
        copied = table[table["opportunity_id"] == first["opportunity_id"]].assign(opportunity_id="copy")
        tables[name] = pd.concat([table, copied.astype(table.dtypes.to_dict())], ignore_index=True)
    assert checks(replace(clean, tables={**clean.tables, **tables}))["duplicates"].examples == ("copy",)
    kept = {**clean.tables, "opportunities": rows}
    assert checks(replace(clean, tables=kept))["duplicates"].found == 0
