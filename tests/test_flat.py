from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from api.cli import commands
from features.history.directory import read_history, write_history
from features.history.drafting import draft_mapping
from features.history.history import History
from features.history.import_result import ImportResult
from features.history.import_source import import_source
from features.history.mapping import read_mapping
from features.outcomes import Labels
from features.snapshots import build_snapshots, catalogue_of
from models.artifact import read_artifact, write_artifact
from models.flat_encoding import learn_flat_encoding
from models.incidence import Incidence, log_odds
from models.predictions import predict_snapshots
from scoring.score import score_opportunities
from training.candidate import make_candidate
from training.evaluate import auc, log_loss
from training.flat import Plan, closed_keys, flat_columns, flat_dataset, learn_flat
from training.flat_backtest import backtest_folds, backtest_order
from training.flat_pipeline import fresh_flat_answers, train_flat
from training.folds import groups_of, stratified_folds
from training.learned_features import learned_features
from training.verdict import LIKELIHOOD

MAPPING = """
name: leads
dates: ["%d.%m.%Y"]
tables:
  opportunities:
    columns: {{opportunity_id: id, created_at: {created}, source: source}}
    stage: {{column: 结果, dictionary: {{won: [{won}], lost: [{lost}]}}}}
    attributes:
      size: {{column: size, type: numeric, measured: creation}}
      since: {{column: since, type: date, measured: creation}}
      sure: {{column: sure, type: flag, measured: creation}}
      note: {{column: note, measured: creation}}
      empty: {{column: empty, measured: creation}}
      same: {{column: same, type: numeric, measured: creation}}
      leak: {{column: leak, type: numeric, measured: close}}
"""


def rows(count: int = 300, seed: int = 0, won: str = "是", lost: str = "否", wins: float = 0.4) -> pd.DataFrame:
    """Leads whose size and source tell of the outcome; some are open."""
    draw = np.random.default_rng(seed)
    size, source = draw.normal(0, 1, count), draw.integers(0, 3, count)
    odds = 1.5 * size + source - 1 + draw.logistic(size=count)
    result = np.where(odds > np.quantile(odds, 1 - wins), won, lost).astype(object)
    result[draw.random(count) < 0.1] = None
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(draw.integers(0, 900, count), "D")
    return pd.DataFrame(
        {
            "id": np.arange(1000, 1000 + count),
            "size": [f"{v * 10_000:,.0f}" for v in size],
            "source": np.array(["web, paid", "推荐\n朋友", 'the "fair"'])[source],
            "since": days.strftime("%d.%m.%Y"),
            "sure": np.where(draw.random(count) < 0.5, "yes", "no"),
            "note": [f"said {i}" for i in range(count)],
            "empty": None,
            "same": 7,
            "leak": np.where(result == won, 5, 9),
            "结果": result,
        }
    )


def brought(
    folder: Path, frame: pd.DataFrame, created: str = "{order: id}", won: str = "是", lost: str = "否"
) -> ImportResult:
    folder.mkdir(exist_ok=True)
    frame.to_csv(folder / "leads.csv", index=False)
    (folder / "m.yaml").write_text(MAPPING.format(created=created, won=f'"{won}"', lost=f'"{lost}"'), encoding="utf-8")
    return import_source(read_mapping(folder / "m.yaml"), folder / "leads.csv")


Import = Callable[..., History]


@pytest.fixture
def leads(tmp_path: Path) -> Import:
    return lambda frame, **how: brought(tmp_path, frame, **how).history


def learned(history: History, ordered: bool = False) -> tuple[Incidence, np.ndarray]:
    """Answers of a model trained on half of the closed rows for the other half, and whether each was won."""
    dataset = flat_dataset(history, catalogue_of(history))
    columns, half = flat_columns(catalogue_of(history), ordered), len(dataset.keys) // 2
    past, later = dataset.take(np.arange(half)), dataset.take(np.arange(half, 2 * half))
    win = learn_flat(past.snapshots[columns], past.labels(), Plan(ordered))
    return win.predict(later.snapshots), (later.labels().outcome == 1).astype(np.float64)


@pytest.mark.parametrize(
    ("created", "timing"), [("{order: id}", "order"), ("since", "order"), ("{line: true}", "none")]
)
def test_the_mapping_says_whether_a_flat_table_has_an_order(
    leads: Import, tmp_path: Path, created: str, timing: str
) -> None:
    history = leads(rows(20), created=created)
    write_history(history, tmp_path / "history")
    assert history.timing == read_history(tmp_path / "history").timing == timing


def test_a_table_with_a_date_of_closing_is_not_flat(tmp_path: Path) -> None:
    (tmp_path / "leads.csv").write_text("id,opened,result,closed\n1,2026-01-01,won,2026-02-01\n")
    (tmp_path / "m.yaml").write_text(
        "tables:\n  opportunities:\n    columns: {opportunity_id: id, created_at: opened}\n"
        "    stage: {column: result, closed_at: closed}\n"
    )
    assert import_source(read_mapping(tmp_path / "m.yaml"), tmp_path / "leads.csv").history.timing == "dates"


def test_the_import_says_that_a_table_is_flat_and_which_rows_are_twice(tmp_path: Path) -> None:
    frame = rows(20)
    result = brought(tmp_path, pd.concat([frame, frame.iloc[[3]]]))
    assert "flat table" in result.summary()
    assert result.quarantine["reason"].tolist() == ["duplicate of 1003"]


@pytest.mark.parametrize(("won", "lost"), [("是", "否"), ("yes", "no"), ("1", "0"), ("True", "False")])
def test_outcomes_are_read_whatever_the_words(leads: Import, won: str, lost: str) -> None:
    frame = rows(60, won=won, lost=lost)
    history = leads(frame, won=won, lost=lost)
    dataset = flat_dataset(history, catalogue_of(history))
    assert len(dataset.keys) == frame["结果"].notna().sum()
    assert (dataset.labels().outcome == 1).sum() == (frame["结果"] == won).sum()


def test_numbers_with_marks_dates_flags_and_words_with_commas_tell_of_the_outcome(leads: Import) -> None:
    answer, won = learned(leads(rows(600)))
    assert auc(answer.win, won) > 0.75
    assert log_loss(answer.win, won) < log_loss(np.full(len(won), won.mean()), won) - 0.05


def test_dates_of_a_customers_own_are_days(leads: Import) -> None:
    frame = rows(20)
    known = leads(frame).opportunities["since"]
    expected = (pd.to_datetime(frame["since"], format="%d.%m.%Y") - pd.Timestamp(0)) / pd.Timedelta(days=1)
    np.testing.assert_array_equal(known.to_numpy(np.float64), expected.to_numpy())


def test_ids_and_columns_that_never_vary_are_left_out_and_said_to_be(leads: Import) -> None:
    history = leads(rows(200))
    candidate = make_candidate(history, None, None, perf_counter)
    unused = candidate.artifact.training["left_out"]
    assert set(unused) == {"note", "empty", "same"}
    assert "an id" in unused["note"]
    described = json.dumps([member.to_dict() for member in candidate.artifact.win.members])
    assert "said 1" not in described
    assert "attribute_leak" not in described
    assert "days_since_created" not in described


def test_a_word_seen_too_rarely_shares_an_effect_with_the_other_rare_ones() -> None:
    words = ["a"] * 8 + ["b"] * 8 + ["rare", "rarer"]
    frame = pd.DataFrame({"word": pd.Series(words, dtype=object)})
    encoding = learn_flat_encoding(frame)
    assert encoding.words == {"word": ("a", "b")}
    asked = pd.DataFrame({"word": pd.Series(["b", "rare", "new", None], dtype=object)})
    assert encoding.codes(asked)[:, 0].tolist() == [3, 1, 1, 0]


def test_a_number_never_missing_in_training_is_the_usual_one_when_missing() -> None:
    encoding = learn_flat_encoding(pd.DataFrame({"a": [1.0, 2.0, 9.0], "b": [np.nan, 1.0, 2.0]}))
    values = encoding.values(pd.DataFrame({"a": [np.nan], "b": [np.nan]}))
    assert values[0, 0] == 2.0
    assert np.isnan(values[0, 1])


def test_with_five_wins_the_answer_is_the_constant(leads: Import) -> None:
    history = leads(rows(200, wins=0.03))
    dataset = flat_dataset(history, catalogue_of(history))
    labels = dataset.labels()
    win = learn_flat(dataset.snapshots[flat_columns(catalogue_of(history), False)], labels, Plan(False))
    assert 3 <= (labels.outcome == 1).sum() <= 7
    share = ((labels.outcome == 1).sum() + 0.5) / (len(labels.outcome) + 1)
    np.testing.assert_allclose(win.predict(dataset.snapshots).win, share)


def test_a_hundred_columns_of_noise_do_not_drown_the_one_that_tells() -> None:
    draw = np.random.default_rng(1)
    values = pd.DataFrame(draw.normal(size=(400, 100)), columns=[f"x{i}" for i in range(100)])
    won = 2 * values["x0"].to_numpy() + draw.logistic(size=400) > 0
    labels = Labels(np.zeros(400), np.where(won, 1, 2), np.ones(400))
    half = np.arange(200)
    win = learn_flat(values.iloc[half], labels.take(half), Plan(False))
    assert auc(win.predict(values.iloc[half + 200]).win, won[200:].astype(float)) > 0.7


def test_folds_keep_a_group_together_and_the_shares_of_wins_alike() -> None:
    table = pd.DataFrame({"team": ["a", "a", "b", "b", "c", "c", None, None] * 5, "won": [True, False] * 20})
    groups = groups_of(table, ["team"])
    assert groups is not None
    for past, held in stratified_folds(table["won"].to_numpy(), 3, 0, groups):
        assert not set(groups[past]) & set(groups[held])
    assert len(np.unique(groups)) == 3 + 10


def test_folds_give_the_records_of_a_backtest_for_each_fold(leads: Import) -> None:
    records = backtest_folds(leads(rows(200), created="{line: true}"), 4, 2)
    assert {r["cutoff"] for r in records} == {f"fold {r}/{k}" for r in (1, 2) for k in (1, 2, 3, 4)}
    assert {r["method"] for r in records} == {"learned", "constant", "fixed_weights", "ridge_logistic", "lightgbm"}
    assert set(records[0]) == {"cutoff", "method", "metric", "horizon", "value", "low", "high", "n"}
    assert all(r["horizon"] is None for r in records)


def test_the_order_parts_past_from_later_and_past_results_end_with_the_past(leads: Import) -> None:
    history = leads(rows(300))
    closed = closed_keys(history)
    records = backtest_order(history, 0.8)
    assert {r["n"] for r in records} == {len(closed) - round(0.8 * len(closed))}
    assert {r["cutoff"] for r in records} == {None}
    figures = {r["method"]: r["value"] for r in records if r["metric"] == "log_loss"}
    assert figures["learned"] < figures["constant"]
    # Turning round what became of the later rows changes no answer for them.
    later = set(closed["opportunity_id"].iloc[round(0.8 * len(closed)) :])
    frame = rows(300)
    turned = frame["id"].astype(str).isin(later)
    frame.loc[turned, "结果"] = frame.loc[turned, "结果"].map({"是": "否", "否": "是"})
    again = backtest_order(leads(frame), 0.8)
    shares = [{r["method"]: r["value"] for r in x if r["metric"] == "auc"} for x in (records, again)]
    assert shares[0]["learned"] + shares[1]["learned"] == pytest.approx(1)


def test_a_champion_is_judged_by_what_was_known_before_the_rows_it_answers_for(leads: Import) -> None:
    frame = rows(600)
    history = leads(frame)
    ids = closed_keys(history)["opportunity_id"]
    later = np.arange(round(0.7 * len(ids)), len(ids))
    start = closed_keys(history)["as_of"].iloc[later[0]]
    champion = train_flat(history, start).artifact
    turned = frame["id"].astype(str).isin(set(ids.iloc[later]))
    frame.loc[turned, "结果"] = frame.loc[turned, "结果"].map({"是": "否", "否": "是"})
    answers = []
    for known in (history, leads(frame)):
        found = fresh_flat_answers(champion, flat_dataset(known, catalogue_of(known)).take(later))
        assert found is not None
        answers.append(found[0].win.tolist())
    assert answers[0] == answers[1]


def test_what_is_doubted_is_told_by_the_rows_before_those_that_are_judged(tmp_path: Path) -> None:
    frame = rows(600)
    early = frame["id"].rank(pct=True) <= 0.6
    noise = np.random.default_rng(4).choice([5, 9], 600)
    frame["leak"] = np.where(early, np.where(frame["结果"] == "是", 5, 9), noise)
    frame.to_csv(tmp_path / "leads.csv", index=False)
    text = MAPPING.format(created="{order: id}", won='"是"', lost='"否"').replace(
        "measured: close", "measured: creation"
    )
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    history = import_source(read_mapping(tmp_path / "m.yaml"), tmp_path / "leads.csv").history
    assert learned_features(history)[1] == {}
    said: list[str] = []
    backtest_order(history, 0.6, report=said.append)
    assert any(line.startswith("left out of training: leak") for line in said)


@pytest.mark.parametrize("created", ["{order: id}", "{line: true}"])
def test_a_flat_table_is_trained_judged_stored_and_scored(leads: Import, tmp_path: Path, created: str) -> None:
    frame = rows(500)
    history = leads(frame, created=created)
    candidate = make_candidate(history, None, None, perf_counter)
    assert candidate.verdict.passed, candidate.verdict.reason
    assert {c.subject for c in candidate.verdict.checks if c.kind == LIKELIHOOD} == {"fixed_weights", "constant"}
    write_artifact(candidate.artifact, tmp_path / "model")
    artifact = read_artifact(tmp_path / "model")
    as_of = history.observed_until
    keys = pd.DataFrame({"opportunity_id": history.opportunities["opportunity_id"], "as_of": as_of})
    scores = score_opportunities(history, keys, artifact)
    found = [s for s in scores if s.outcome == "open"]
    assert len(found) == frame["结果"].isna().sum()
    assert all(s.status == "ok" and s.win_probability is not None for s in found)
    assert all(s.expected_close is None and s.horizons[0].win_probability is None for s in found)
    snapshots = build_snapshots(history, keys, artifact.catalogue)
    predicted = predict_snapshots(artifact, snapshots)
    np.testing.assert_array_equal(predicted["win_probability"], candidate.artifact.win.predict(snapshots).win)
    assert predicted.drop(columns="win_probability").isna().all(axis=None)


def test_what_the_audit_doubts_is_left_out_of_a_flat_table_too(tmp_path: Path) -> None:
    rows(400).to_csv(tmp_path / "leads.csv", index=False)
    text = MAPPING.format(created="{order: id}", won='"是"', lost='"否"').replace(
        "measured: close", "measured: creation"
    )
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    history = import_source(read_mapping(tmp_path / "m.yaml"), tmp_path / "leads.csv").history
    said: list[str] = []
    catalogue, doubted = learned_features(history, (), (), said.append)
    assert "leak" in doubted
    assert any(line.startswith("left out of training: leak") for line in said)
    assert "attribute_leak" not in flat_columns(catalogue, True)
    taken, _ = learned_features(history, ("leak",), (), said.append)
    assert "attribute_leak" in flat_columns(taken, True)


@pytest.mark.parametrize("created", ["{order: id}", "{line: true}"])
def test_amounts_of_several_currencies_are_not_compared_as_if_equal(tmp_path: Path, created: str) -> None:
    yen = np.arange(300) % 2 == 0
    answers = []
    for rate in (1, 160):
        frame = rows(300)
        worth = np.exp(np.random.default_rng(5).normal(size=300) + 2 * (frame["结果"] == "是")) * 1000
        frame = frame.assign(size=(worth * np.where(yen, rate, 1)).round(2), source=np.where(yen, "JPY", "EUR"))
        frame.to_csv(tmp_path / "leads.csv", index=False)
        text = MAPPING.format(created=created, won='"是"', lost='"否"').replace("source: source", "currency: source")
        text = text.replace("      size: {column: size, type: numeric, measured: creation}\n", "")
        text = text.replace("    attributes:", "    fields: {amount: size}\n    attributes:")
        (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
        history = import_source(read_mapping(tmp_path / "m.yaml"), tmp_path / "leads.csv").history
        said: list[str] = []
        trained = train_flat(history, report=said.append)
        assert any(line.startswith("left out of training: amount (amounts are in 2 currencies") for line in said)
        assert "2 currencies" in trained.artifact.training["left_out"]["amount"]
        answers.append(trained.artifact.win.predict(trained.dataset.snapshots).win)
    # Whatever the yen is worth, the answers are the same: an amount counts within its currency or not at all.
    np.testing.assert_allclose(answers[0], answers[1], atol=0.02)
    assert (np.ptp(answers[0]) > 0.3) == (created == "{order: id}")
    taken, _ = learned_features(history, ("amount",), (), said.append)
    assert "amount" in flat_columns(taken, False)


def test_reasons_of_a_flat_table_add_up(leads: Import) -> None:
    history = leads(rows(300))
    dataset = flat_dataset(history, catalogue_of(history))
    win = learn_flat(dataset.snapshots[flat_columns(catalogue_of(history), True)], dataset.labels(), Plan(True))
    assert {"ridge_logistic", "lightgbm"} <= {member.name for member in win.members}
    found = win.attribute(dataset.snapshots)
    assert found.base + found.parts.sum(axis=1) == pytest.approx(win.predict(dataset.snapshots).win, abs=1e-12)
    # Each column has its own part: none is left to be shared out at the end.
    for member in win.members:
        reached = member.additions(dataset.snapshots)
        whole = reached.start + reached.parts.sum(axis=1)
        assert whole == pytest.approx(log_odds(member.predict(dataset.snapshots).win), abs=1e-6)


def test_one_row_alone_has_the_answer_that_it_has_among_others(leads: Import) -> None:
    history = leads(rows(300))
    dataset = flat_dataset(history, catalogue_of(history))
    columns = flat_columns(catalogue_of(history), True)
    win = learn_flat(dataset.snapshots[columns], dataset.labels(), Plan(True))
    together = win.predict(dataset.snapshots).win
    alone = [win.predict(dataset.snapshots.iloc[[row]]).win[0] for row in range(20)]
    assert alone == together[:20].tolist()


def test_a_drafted_mapping_works_once_the_outcome_is_named(tmp_path: Path) -> None:
    rows(120).to_csv(tmp_path / "leads.csv", index=False)
    text = draft_mapping(tmp_path / "leads.csv")
    text = text.replace("measured: unknown", "measured: creation")
    assert '{key: "是", outcome: won}' in text
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    history = import_source(read_mapping(tmp_path / "m.yaml"), tmp_path / "leads.csv").history
    answer, won = learned(history)
    assert history.is_flat
    assert auc(answer.win, won) > 0.6


def test_a_draft_without_a_known_header_proposes_the_last_column_of_two_values(tmp_path: Path) -> None:
    frame = rows(120).rename(columns={"结果": "签单了吗"}).drop(columns="sure")
    frame.to_csv(tmp_path / "leads.csv", index=False)
    text = draft_mapping(tmp_path / "leads.csv").replace("# stage: {column", "stage: {column")
    (tmp_path / "m.yaml").write_text(text, encoding="utf-8")
    history = import_source(read_mapping(tmp_path / "m.yaml"), tmp_path / "leads.csv").history
    won = flat_dataset(history, catalogue_of(history)).labels().outcome == 1
    assert won.sum() == (frame["签单了吗"] == "是").sum()


@pytest.mark.skipif("DEALODDS_DATA" not in os.environ, reason="DEALODDS_DATA names no folder of data")
def test_the_flat_sample_is_imported_without_its_number_and_without_what_knows_the_outcome() -> None:
    mapping = Path(__file__).parent.parent / "features" / "history" / "mappings" / "flat_opportunities.yaml"
    result = import_source(read_mapping(mapping), Path(os.environ["DEALODDS_DATA"]) / "flat_opportunities")
    assert (result.history.timing, len(result.history.opportunities), len(result.quarantine)) == ("order", 62_259, 161)
    columns = flat_columns(catalogue_of(result.history), ordered=True)
    assert not any(word in name for name in columns for word in ("days", "share", "change", "number", "opportunity_id"))


def test_learning_twice_gives_the_same_model(leads: Import) -> None:
    history = leads(rows(200))
    dataset = flat_dataset(history, catalogue_of(history))
    columns = flat_columns(catalogue_of(history), True)
    first, second = (learn_flat(dataset.snapshots[columns], dataset.labels(), Plan(True)) for _ in range(2))
    assert (first.to_dict(), first.texts()) == (second.to_dict(), second.texts())


@pytest.mark.parametrize(
    "words", [[], ["--folds", "2", "--order-share", "0.8"], ["--order-share", "0.8", "--group", "a"]]
)
def test_a_backtest_asks_for_exactly_one_way_to_judge(tmp_path: Path, words: list[str]) -> None:
    asked = ["backtest", "--history", str(tmp_path), "--out", str(tmp_path / "f.json"), *words]
    assert CliRunner().invoke(commands, asked).exit_code == 2


def test_folds_by_group_are_printed_with_standard_errors(leads: Import, tmp_path: Path) -> None:
    frame = rows(120).assign(note=lambda f: "team " + (f["id"] % 9).astype(str))
    write_history(leads(frame, created="{line: true}"), tmp_path / "history")
    asked = ["backtest", "--history", str(tmp_path / "history"), "--out", str(tmp_path / "f.json")]
    found = CliRunner().invoke(commands, [*asked, "--folds", "2x1", "--group", "note,source"])
    assert found.exit_code == 0, found.output
    assert "means of 2 folds" in found.output
    assert "±" in found.output
    records = json.loads((tmp_path / "f.json").read_text())
    # In one fold too few are won for the booster: it is left out of both.
    assert {r["method"] for r in records} == {"learned", "constant", "fixed_weights", "ridge_logistic"}
    assert len(records) == 2 * 4 * 5
