"""A reopened opportunity: a new spell, scored as open, with what its earlier close taught and nothing more."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from api.card.model_card import card_text
from api.cli import main
from features.history.directory import write_history
from features.history.history import History
from features.labels import labels_of
from features.outcomes import LOST, WON
from features.snapshots import Catalogue, build_snapshots
from models.fixed_weights import FixedWeights
from models.stage_rates import StageRates
from scoring.score import score_opportunities
from scoring.version_zero import version_zero
from tests.histories import Row, at, history, keys, opportunity, over_days, stage, table, value
from training.audit_ends import ends_of
from training.card import card_of, later_figures
from training.dataset import build_dataset
from training.loss_reasons import lost_reasons, reasons_at_end

COURSE: tuple[Row, ...] = (
    opportunity(owner_id="ann", source="web"),
    stage("identified", 0),
    stage("proposal", 3),
    stage("lost", 10),
    value("lost_reason", "price", 10, 12),
    stage("contacted", 20),
    stage("lost", 40),
    value("lost_reason", "budget", 39),
    stage("contacted", 50),
    stage("won", 60),
)


def reasons(known: History, *days: float) -> list[str | None]:
    return [None if pd.isna(word) else word for word in over_days(known, "earlier_lost_reason", *days)]


def test_days_of_the_spell_begin_anew_and_reopenings_are_counted() -> None:
    days = (5, 20, 25, 50, 55)
    assert over_days(history(*COURSE), "days_in_spell", *days) == [5, 0, 5, 0, 5]
    assert over_days(history(*COURSE), "times_reopened", *days) == [0, 1, 1, 2, 2]
    assert over_days(history(*COURSE), "days_since_created", *days) == list(days)


def test_each_spell_is_labelled_by_its_own_close() -> None:
    found = labels_of(history(*COURSE), keys(("o1", 5), ("o1", 25), ("o1", 55)), at(90))
    assert found.outcome.tolist() == [LOST, LOST, WON]
    assert found.days.tolist() == [5, 15, 5]


def test_rates_by_age_take_the_age_of_the_spell() -> None:
    rows = [
        row
        for i in range(60)
        for row in (
            opportunity(f"a{i}"),
            stage("identified", 0, of=f"a{i}"),
            stage("won" if i % 2 else "lost", 5 + i, of=f"a{i}"),
        )
    ]
    again = (
        opportunity("again"),
        stage("identified", 0, of="again"),
        stage("lost", 1, of="again"),
        stage("identified", 50, of="again"),
    )
    fresh = (opportunity("fresh", 50), stage("identified", 50, of="fresh"))
    known = history(*rows, *again, *fresh)
    grid = pd.concat(
        [keys(*((f"a{i}", day) for i in range(60) if 5 + i > day)) for day in (1, 20, 40)], ignore_index=True
    )
    rates = StageRates().fit(build_snapshots(known, grid), labels_of(known, grid, at(90)), np.array([10.0, 30.0]))
    answers = rates.predict(build_snapshots(known, keys(("again", 52), ("fresh", 52), ("a59", 52))))
    assert answers.win[0] == answers.win[1] != answers.win[2]


def test_it_is_scored_as_open_and_its_past_loss_is_not_in_its_owners_results() -> None:
    known = history(*COURSE, opportunity("o2", owner_id="ann"), stage("identified", 0, of="o2"))
    scores = score_opportunities(known, keys(("o1", 15), ("o1", 25), ("o1", 45), ("o1", 55)), version_zero())
    assert [score.outcome for score in scores] == ["lost", "open", "lost", "open"]
    assert [score.win_probability for score in scores] == [None, 0.25, None, 0.25]
    # Of the other opportunity of its owner: counted while it is closed, taken back while it is open.
    assert over_days(known, "owner_closed", 15, 25, 45, 55, 65, of="o2") == [1, 0, 1, 0, 1]
    assert over_days(known, "owner_closed", 25, 55, of="o1") == [0, 0]


def test_the_earlier_loss_reason_is_known_after_the_reopening_and_strictly_after_it_was_told() -> None:
    found = reasons(history(*COURSE), 5, 15, 20, 30, 39.5, 45, 50, 55)
    assert found == [None, None, "price", "price", "price", "price", "budget", "budget"]
    late = history(*COURSE[:4], value("lost_reason", "price", 10, 30), COURSE[5])
    assert reasons(late, 29, 30, 30.01) == [None, None, "price"]


def test_a_reason_given_in_the_spell_that_it_will_close_is_never_a_feature_of_it() -> None:
    rows = (*COURSE[:4], stage("contacted", 20), value("lost_reason", "rival", 25))
    assert reasons(history(*rows), 22, 26, 30) == [None, None, None]
    assert reasons(history(*COURSE[:2], value("lost_reason", "rival", 5)), 6) == [None]
    cleared = history(*COURSE[:6], value("lost_reason", None, 15))
    assert reasons(cleared, 25) == [None]


def test_no_other_feature_moves_with_the_reason() -> None:
    one, other = (table(history(*COURSE[:4], value("lost_reason", word, 10), COURSE[5]), 12, 25) for word in ("a", "b"))
    moved = [name for name in one if not one[name].equals(other[name])]
    assert moved == ["earlier_lost_reason"]


def lost(name: str, reason: str | None, reached: str = "identified", **more: str) -> list[Row]:
    rows = [
        opportunity(name, **more),
        stage("identified", 0, of=name),
        stage(reached, 1, of=name),
        stage("lost", 5, of=name),
    ]
    return rows if reason is None else [*rows, value("lost_reason", reason, 5, of=name)]


def test_reasons_are_shared_out_overall_by_stage_reached_and_by_segment() -> None:
    known = history(
        *lost("a", "price", source="web"), *lost("b", "price", "proposal", source="fair"),
        *lost("c", "rival", "proposal", source="fair"), *lost("d", None, source="web"),
        *COURSE,
    )  # fmt: skip
    found = {(r["by"], r["group"], r["reason"]): (r["opportunities"], r["of"]) for r in lost_reasons(known)}
    assert found["all", "all", "price"] == (2, 4)
    assert found["all", "all", ""] == (1, 4)
    assert found["stage", "proposal", "rival"] == (1, 2)
    assert ("stage", "identified", "rival") not in found
    assert found["source", "web", "price"] == (1, 2)
    earlier = {(r["by"], r["reason"]): r["opportunities"] for r in lost_reasons(known, at(15))}
    assert earlier["all", "price"] == 3


def test_the_reason_of_an_earlier_close_is_not_that_of_the_last() -> None:
    rows = (*COURSE[:6], stage("lost", 40))
    assert reasons_at_end(history(*rows)).tolist() == [""]
    assert reasons_at_end(history(*COURSE[:8])).tolist() == ["budget"]
    assert reasons_at_end(history(*COURSE)).tolist() == [None]
    assert ends_of(history(*COURSE)).outcome.tolist() == [WON]


@pytest.mark.parametrize("enough", [29, 30])
def test_few_lost_ones_are_marked(enough: int) -> None:
    known = history(*(row for i in range(enough) for row in lost(f"o{i}", "price")))
    assert {r["enough"] for r in lost_reasons(known)} == {enough >= 30}


def test_the_command_says_the_reasons_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_history(history(*lost("a", "price"), *lost("b", None, "proposal")), tmp_path / "crm")
    monkeypatch.setattr(sys, "argv", ["dealodds", "fields", "--history", str(tmp_path / "crm"), "--lost-reasons"])
    with pytest.raises(SystemExit) as ended:
        main()
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert "all 全部, 2 lost 丢单 (?)\n  not recorded 未记录" in said
    assert (
        "stage reached 到达阶段: identified, 1 lost 丢单 (?)\n  price                          100 %        1" in said
    )


def test_the_card_tells_why_the_lost_of_each_class_were_lost() -> None:
    known = history(*(row for i in range(4) for row in lost(f"o{i}", "price" if i else "rival")), observed_until=at(90))
    grid = keys(*((f"o{i}", day) for i in range(4) for day in (2, 3)))
    later = build_dataset(known, grid, Catalogue(), at(90))
    answers = {"learned": FixedWeights().fit(later.snapshots, later.labels(), np.array([9.0])).predict(later.snapshots)}
    classes = np.array(["active", "hidden"] + ["active"] * 6, dtype=object)
    found = later_figures(answers, later, Catalogue(), classes, 0)["lost_reasons"]
    shares = {(r["group"], r["reason"]): (r["opportunities"], r["of"]) for r in found}
    assert shares == {("active", "price"): (3, 4), ("active", "rival"): (1, 4), ("hidden", "rival"): (1, 1)}
    card = {**card_of(later, Catalogue(), [], None), "lost_reasons": found}
    text = card_text(replace(version_zero(), card=card), ".md")
    assert "price 75 %, rival 25 %" in text
    assert "price 75%、rival 25%" in text
