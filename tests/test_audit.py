from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import NotEnoughDataError
from features.history.history import History, build_history
from features.history.import_source import import_source
from features.history.mapping import read_mapping
from features.history.simulated import simulate
from features.outcomes import WON
from tests.planted import closed_places, outcome_with_errors, with_attribute, with_field
from training.audit import Audit, audit
from training.audit_ends import ends_of
from training.audit_power import power_of
from training.audit_report import audit_lines, audit_to_dict

FLAT = """
name: flat
processes:
  - name: main
    stages:
      - {key: open, weight: none}
      - {key: won, outcome: won}
      - {key: lost, outcome: lost, spellings: [Loss]}
tables:
  opportunities:
    columns: {opportunity_id: {line: true}, created_at: {line: true}, channel: Route To Market}
    stage: {column: Opportunity Result}
    fields: {amount: Opportunity Amount USD}
    attributes:
"""
TRAPS = (
    "Elapsed Days In Sales Stage",
    "Sales Stage Change Count",
    "Total Days Identified Through Closing",
    "Total Days Identified Through Qualified",
    "Ratio Days Identified To Total Days",
    "Ratio Days Validated To Total Days",
    "Ratio Days Qualified To Total Days",
)
HONEST = (
    "Supplies Subgroup",
    "Region",
    "Client Size By Revenue",
    "Client Size By Employee Count",
    "Revenue From Client Past Two Years",
    "Competitor Type",
    "Deal Size Category",
)


def keys_of(found: Audit, name: str) -> set[str]:
    """Grave findings on a column."""
    return {finding.key for finding in found.column(name).findings if finding.grave}


@pytest.fixture(scope="module")
def clean() -> History:
    return simulate(700, seed=11)


def test_a_field_set_after_the_close_is_suspect(clean: History) -> None:
    ends = ends_of(clean)
    won = [place for place in closed_places(clean) if ends.outcome[place] == WON]
    found = audit(with_field(clean, "onboarding", [(place, "yes", 3, 3) for place in won]))
    assert found.column("onboarding").verdict == "suspect"
    assert keys_of(found, "onboarding") == {"after_outcome"}
    timing = found.column("onboarding").evidence.timing
    assert timing is not None
    assert timing.at_or_after == 1.0


def test_what_is_said_only_after_the_outcome_predicts_nothing_before_it(clean: History) -> None:
    ends = ends_of(clean)
    won = [place for place in closed_places(clean) if ends.outcome[place] == WON]
    evidence = audit(with_field(clean, "onboarding", [(place, "yes", 3, 3) for place in won])).column("onboarding")
    assert evidence.evidence.hindsight.auc > 0.98
    assert evidence.evidence.power.auc == 0.5


def test_a_back_filled_date_is_suspect_even_when_only_a_part_is_back_filled(clean: History) -> None:
    rows = [(place, "2025-01-01", -20, 5 if place % 4 == 0 else -20) for place in closed_places(clean)]
    found = audit(with_field(clean, "decision_date", rows))
    assert found.column("decision_date").verdict == "suspect"
    assert keys_of(found, "decision_date") == {"back_filled"}


def test_a_field_recorded_in_time_is_in(clean: History) -> None:
    rows = [(place, "2025-01-01", -20, -20) for place in closed_places(clean)]
    assert audit(with_field(clean, "decision_date", rows)).column("decision_date").verdict == "in"


def test_a_field_set_in_the_last_moment_is_suspect(clean: History) -> None:
    rows = [(place, "yes", -0.02, -0.02) for place in closed_places(clean)]
    assert "just_before" in keys_of(audit(with_field(clean, "reason_asked", rows)), "reason_asked")


def test_the_outcome_with_2_percent_noise_is_suspect_though_declared_known_at_creation(clean: History) -> None:
    found = audit(with_attribute(clean, "grade", outcome_with_errors(clean, 0.02).fillna("B")))
    assert found.column("grade").verdict == "suspect"
    assert keys_of(found, "grade") == {"predicts_too_well"}
    assert 0.9 < found.column("grade").evidence.power.low < found.column("grade").evidence.power.auc < 0.99


def test_a_strong_rating_known_at_creation_is_in(clean: History) -> None:
    found = audit(with_attribute(clean, "rating", outcome_with_errors(clean, 0.1).fillna("B")))
    assert 0.85 < found.column("rating").evidence.power.auc < 0.93
    assert found.column("rating").verdict == "in"
    assert "better_than_all" in {finding.key for finding in found.column("rating").findings}


def test_the_same_rating_of_unknown_timing_is_suspect_when_it_is_far_better_than_all_else(clean: History) -> None:
    found = audit(with_attribute(clean, "rating", outcome_with_errors(clean, 0.1).fillna("B"), "unknown"))
    assert "better_than_all" in keys_of(found, "rating")


def test_an_attribute_filled_at_the_close_is_suspect_though_it_predicts_nothing(clean: History) -> None:
    values = pd.Series(np.random.default_rng(0).integers(0, 3, len(clean.opportunities)).astype(str), dtype=object)
    found = audit(with_attribute(clean, "survey", values.where(ends_of(clean).is_closed, None)))
    assert keys_of(found, "survey") == {"filled_when_closed"}
    assert found.column("survey").evidence.power.auc < 0.6


def test_a_column_that_went_out_of_use_is_not_called_back_filled(clean: History) -> None:
    values = pd.Series("x", index=clean.opportunities.index, dtype=object)
    used = values.where(clean.opportunities["created_at"] < pd.Timestamp("2025-09-01", tz="UTC"), None)
    found = audit(with_attribute(clean, "fax", used))
    filled = found.column("fax").evidence.coverage
    assert filled.lost - filled.open > 0.3
    assert found.column("fax").verdict == "in"


def test_a_number_that_goes_with_the_days_to_the_close_is_suspect_whatever_its_name(clean: History) -> None:
    found = audit(with_attribute(clean, "x7", ends_of(clean).days.round() + 3, "creation", "numeric"))
    assert "follows_course" in keys_of(found, "x7")


def test_a_date_on_the_day_of_the_close_is_suspect(clean: History) -> None:
    ends = ends_of(clean)
    days = pd.to_datetime(np.where(ends.is_closed, ends.closed, 0), unit="us").strftime("%Y-%m-%d")
    found = audit(with_attribute(clean, "signed", pd.Series(days, dtype=object).where(ends.is_closed, None)))
    assert "on_close_day" in keys_of(found, "signed")


def test_a_column_of_unknown_timing_that_tells_closed_from_open_is_suspect(clean: History) -> None:
    closed = ends_of(clean).is_closed
    drawn = np.random.default_rng(3).random(len(closed))
    values = np.where(np.where(drawn < 0.2, ~closed, closed), "x", "y")
    assert "tells_open" in keys_of(audit(with_attribute(clean, "mark", values, "unknown")), "mark")
    assert audit(with_attribute(clean, "mark", values)).column("mark").verdict == "in"


@pytest.mark.parametrize("name", ["elapsed_days", "通话次数", "quote_ratio", "停留时长", "numberOfCalls"])
def test_durations_ratios_and_counts_of_unknown_timing_are_suspect_by_name(clean: History, name: str) -> None:
    values = np.random.default_rng(1).integers(0, 90, len(clean.opportunities)).astype(float)
    assert keys_of(audit(with_attribute(clean, name, values, "unknown", "numeric")), name) == {"grows_until_close"}
    assert keys_of(audit(with_attribute(clean, name, values, None)), name) == {"grows_until_close"}
    assert audit(with_attribute(clean, name, values, "creation", "numeric")).column(name).verdict == "in"


def test_fractions_of_unknown_timing_are_suspect_whatever_their_name(clean: History) -> None:
    values = np.random.default_rng(1).random(len(clean.opportunities))
    assert keys_of(audit(with_attribute(clean, "x1", values, "unknown", "numeric")), "x1") == {"grows_until_close"}


def test_what_is_declared_as_measured_at_the_close_is_out(clean: History) -> None:
    assert audit(with_attribute(clean, "final", "x", "close")).column("final").verdict == "out"


def test_an_unsuspicious_column_of_unknown_timing_is_left_out_until_declared(clean: History) -> None:
    drawn = np.random.default_rng(2).choice(["red", "green"], len(clean.opportunities))
    found = audit(with_attribute(clean, "colour", drawn, "unknown")).column("colour")
    assert found.verdict == "unknown"
    assert "left out until" in found.findings[0].en


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_on_a_clean_history_nothing_is_suspect(seed: int) -> None:
    found = audit(simulate(500, seed))
    verdicts = {column.name: column.verdict for column in found.columns}
    assert {"fit_score", "segment", "amount", "money", "authority", "need", "source", "owner"} <= set(verdicts)
    assert {name for name, verdict in verdicts.items() if verdict != "in"} == {"opportunity_id", "lost_reason"}


def test_an_identifier_does_not_look_good_by_memorising() -> None:
    found = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        won, word = (rng.random(600) < 0.3).astype(np.float64), rng.integers(0, 200, 600).astype(str)
        found.append(power_of(pd.Series(word, dtype="str"), won).auc)
        memorised = pd.Series(won).groupby(word).transform("mean").to_numpy()
        assert power_of(pd.Series(memorised), won).auc > 0.7
    assert abs(np.mean(found) - 0.5) < 0.02


def test_missingness_alone_is_information() -> None:
    won = np.repeat([1.0, 0.0], 200)
    assert power_of(pd.Series(np.where(won == 1, np.nan, 7.0)), won).auc == 1.0


def test_too_few_of_an_outcome_give_no_figure() -> None:
    assert np.isnan(power_of(pd.Series(np.arange(100.0)), np.r_[np.ones(19), np.zeros(81)]).auc)


def test_the_audit_sees_nothing_that_was_recorded_later(clean: History) -> None:
    at = pd.Timestamp("2025-01-01", tz="UTC")
    stages = clean.stage_history
    kept = stages[stages["recorded_at"] <= at].reset_index(drop=True)
    cut = replace(clean, tables={**clean.tables, "stage_history": kept})
    assert audit_to_dict(audit(clean, at)) == audit_to_dict(audit(cut, at))
    assert sum(audit(clean, at).opportunities.values()) < len(clean.opportunities)


def test_without_opportunities_there_is_nothing_to_audit() -> None:
    with pytest.raises(NotEnoughDataError):
        audit(build_history({}))


def test_the_lines_begin_with_suspects_in_both_languages(clean: History) -> None:
    found = audit(with_attribute(clean, "elapsed_days", np.arange(700.0) % 50, "unknown", "numeric"))
    for language, titles in (
        ("en", ["Suspects and traps", "The record", "The other columns"]),
        ("zh-CN", ["可疑列与陷阱", "记录是否合理", "其余各列"]),
    ):
        lines = audit_lines(found, language)  # type: ignore[arg-type]
        places = [lines.index(title) for title in titles]
        assert places == sorted(places)
        assert any("elapsed_days" in line for line in lines[places[0] : places[1]])
    assert all(finding.en and finding.zh for column in found.columns for finding in column.findings)
    json.dumps(audit_to_dict(found), allow_nan=False)


def _flat(folder: Path) -> Audit:
    data = os.environ.get("DEALODDS_DATA")
    if not data:
        pytest.skip("DEALODDS_DATA names no folder of shared data")
    lines = [f'      "{name}": {{column: "{name}", type: numeric}}' for name in ("Opportunity Number", *TRAPS)]
    lines += [f'      "{name}": {{column: "{name}"}}' for name in HONEST]
    (folder / "flat.yaml").write_text(FLAT + "\n".join(lines), encoding="utf-8")
    return audit(import_source(read_mapping(folder / "flat.yaml"), Path(data) / "flat_opportunities").history)


def test_the_traps_of_a_real_flat_table_are_named_and_its_honest_columns_are_not(tmp_path: Path) -> None:
    found = _flat(tmp_path)
    assert {column.name for column in found.columns if column.verdict == "suspect"} == {*TRAPS, "Opportunity Number"}
    assert all("grows_until_close" in keys_of(found, name) for name in TRAPS)
    assert keys_of(found, "Opportunity Number") == {"only_time"}
    assert {found.column(name).verdict for name in HONEST} == {"unknown"}
    assert {check.key: check.found for check in found.checks}["duplicates"] == 44
