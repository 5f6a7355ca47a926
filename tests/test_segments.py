"""A model of one segment: trained, judged against the model of all, promoted, asked, and fallen back from."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from api.cli import main
from features.errors import NotEnoughDataError, SchemaError
from features.history.directory import write_history
from features.history.history import History
from features.history.simulated import simulate, simulate_outcomes
from features.segment import Segment, segment_of
from features.snapshots import view_of
from models.artifact import Artifact, read_artifact
from models.exported import exported_segments, segment_folder
from scoring.score import score_opportunities
from scoring.segments import score_by_segment
from tests.histories import account, history, keys, opportunity, stage, value
from tests.planted import with_attribute
from tests.services import ask, service
from training.audit_columns import columns_of
from training.audit_ends import ends_of
from training.pipeline import train

END = pd.Timestamp("2026-01-01", tz="UTC")
SUITE = Segment("product", ("suite",))


def two_worlds(size: int, seed: int = 1) -> History:
    """A history with a grade that speaks for a win of the one product, and against a win of the other."""
    clean = simulate(size, seed)
    suite = np.arange(size) % 2 == 0
    ends = simulate_outcomes(size, seed).drop_duplicates("opportunity_id", keep="last").set_index("opportunity_id")
    won = clean.opportunities["opportunity_id"].map(ends["outcome"]) == "won"
    wrong = np.random.default_rng(seed).random(size) < 0.1
    grade = np.where(won.to_numpy() ^ wrong ^ ~suite, "A", "B")
    products = clean.opportunities.assign(product=pd.array(np.where(suite, "suite", "basic"), dtype="str"))
    with_products = replace(clean, tables={**clean.tables, "opportunities": products})
    return with_attribute(with_products, "grade", grade)


def run(capture: pytest.CaptureFixture[str] | None, *words: object) -> tuple[int, str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["dealodds", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
    said = "".join(capture.readouterr()) if capture is not None else ""
    return int(ended.value.code or 0), said


@pytest.fixture(scope="module")
def known() -> History:
    return two_worlds(1500)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory, known: History) -> Iterator[Path]:
    """An installation with version 1 for all and version 2 for the suite."""
    folder = tmp_path_factory.mktemp("installation")
    write_history(known, folder / "crm")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DEALODDS_HOME", str(folder / "home"))
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        assert run(None, "train", "--history", folder / "crm")[0] == 0
        assert run(None, "promote", "1", "--because", "the test needs one")[0] == 0
        assert run(None, "train", "--history", folder / "crm", "--segment", "product=suite")[0] == 0
        yield folder


@pytest.fixture(scope="module")
def whole(home: Path) -> Artifact:
    return read_artifact(home / "home" / "champion")


@pytest.fixture(scope="module")
def suite(home: Path) -> Artifact:
    return read_artifact(segment_folder(home / "home" / "champion", SUITE))


def test_the_gate_promotes_what_is_better_than_the_model_of_all_beside_it(whole: Artifact, suite: Artifact) -> None:
    assert (whole.version, whole.training.get("segment")) == ("1", None)
    assert (suite.version, suite.training["segment"]) == ("2", "product=suite")
    checks = {check["name"]: check for check in suite.training["judged"]["checks"]}
    against = checks["log_likelihood.whole"]
    assert against["passed"]
    assert against["high"] < 0
    assert (against["en"], against["zh-CN"]) == ("better than the model of all", "优于整体模型")
    assert suite.training["won"] + suite.training["lost"] < whole.training["won"] + whole.training["lost"]


def open_keys(known: History) -> pd.DataFrame:
    return pd.DataFrame({"opportunity_id": known.opportunities["opportunity_id"], "as_of": END})


def test_each_is_scored_by_the_model_of_its_segment_and_says_so(
    home: Path, known: History, whole: Artifact, suite: Artifact, capsys: pytest.CaptureFixture[str]
) -> None:
    out = home / "scores.json"
    assert run(capsys, "score", "--history", home / "crm", "--as-of", "2026-01-01", "--out", out)[0] == 0
    rows = pd.DataFrame(json.loads(out.read_text(encoding="utf-8")))
    product = rows["opportunity_id"].map(known.opportunities.set_index("opportunity_id")["product"])
    assert set(zip(product, rows["segment"].fillna(""), rows["model_version"].astype(str), strict=True)) == {
        ("suite", "product=suite", "2"),
        ("basic", "", "1"),
    }
    alone = {s.opportunity_id: s for s in score_opportunities(known, open_keys(known), whole)}
    mine = {s.opportunity_id: s for s in score_opportunities(known, open_keys(known), suite)}
    for score in score_by_segment(known, open_keys(known), whole, [suite]):
        source = mine if score.segment else alone
        assert score == source[score.opportunity_id]
    moved = [mine[i].win_probability != alone[i].win_probability for i in rows["opportunity_id"]]
    assert any(moved)


ASKED: dict[str, Any] = {"created_at": "2025-12-01T00:00:00Z", "stage": "proposal"}


def test_the_service_answers_by_segment_and_falls_back_when_a_model_does_not_load(home: Path, suite: Artifact) -> None:
    champion = home / "home" / "champion"
    asked = [{"opportunity_id": name, "product": name} | ASKED for name in ("basic", "suite", "other")]
    with service(champion) as client:
        described = client.get("/v1/models/champion").json()
        first = ask(client, *asked).json()["scores"]
    assert described["segments"] == [{"segment": "product=suite", "version": "2"}]
    assert [(s["opportunity_id"], s["model_version"], s["segment"]) for s in first] == [
        ("basic", "1", None),
        ("suite", "2", "product=suite"),
        ("other", "1", None),
    ]
    model = segment_folder(champion, SUITE) / "model.json"
    kept = model.read_text(encoding="utf-8")
    model.write_text(kept + " ", encoding="utf-8")
    try:
        assert [str(e) for e in exported_segments(champion)[1]][0].startswith("Found: ")
        with service(champion) as client:
            again = ask(client, *asked).json()["scores"]
        assert [s["model_version"] for s in again] == ["1", "1", "1"]
        assert again[0] == first[0]
        assert again[1]["win_probability"] != first[1]["win_probability"]
    finally:
        model.write_text(kept, encoding="utf-8")


def test_a_request_that_only_the_model_of_all_understands_is_answered_by_it(home: Path, tmp_path: Path) -> None:
    champion = home / "home" / "champion"
    with service(champion) as client:
        wrong = ask(client, {"opportunity_id": "x", "product": "suite"} | ASKED | {"stage": "propsal"})
    assert wrong.status_code == 422
    assert wrong.json()["errors"][0]["pointer"] == "/opportunities/0/stage"


def test_going_back_from_the_last_model_of_a_segment_leaves_the_model_of_all(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    champion = home / "home" / "champion"
    assert "product=suite has no model of its own" in run(capsys, "rollback", "--segment", "product=suite")[1]
    assert exported_segments(champion) == ([], [])
    assert read_artifact(champion).version == "1"
    code, said = run(capsys, "rollback", "2")
    assert code == 1, said
    assert "version 2 is champion of product=suite" in run(capsys, "promote", "2")[1]
    assert read_artifact(champion).version == "1"
    assert [a.version for a in exported_segments(champion)[0]] == ["2"]


def test_too_little_of_a_segment_is_said_in_numbers() -> None:
    small = two_worlds(150)
    with pytest.raises(NotEnoughDataError) as raised:
        train(small, segment=SUITE)
    assert "lost opportunities in product=suite" in raised.value.found
    assert raised.value.expected == "at least 100 of each"
    won = int(raised.value.found.split()[0])
    assert f"{100 - won} more won" in raised.value.do


@pytest.mark.parametrize(
    ("text", "found", "do"),
    [
        ("product", "the segment 'product'", "write it so"),
        ("product=", "the segment 'product='", "write it so"),
        ("prodct=suite", "the segment column 'prodct'", "did you mean 'product'?"),
        ("product=suit", "no opportunity with product=suit", "did you mean 'suite'?"),
        ("fit_score=1", "the segment column 'fit_score'", "correct the name"),
    ],
)
def test_a_segment_that_is_not_there_is_refused(text: str, found: str, do: str) -> None:
    with pytest.raises(SchemaError) as raised:
        segment_of(text, two_worlds(60))
    assert (raised.value.found, raised.value.do) == (found, do)


def test_a_segment_may_be_of_the_account_or_of_several_values_and_has_a_folder_of_its_own() -> None:
    rows = [
        opportunity(f"o{i}", account_id=name, source=source)
        for i, (name, source) in enumerate((("x", "web"), ("y", None), (None, "fair")))
    ]
    known = history(
        *rows,
        account("x", region="north"),
        account("y", region="south"),
        account("y", told=5, region="north"),
        stage("won", 9, of="o0"),
    )
    # As first told: a region filled in later chooses nobody.
    assert segment_of("region=north").rows(known).tolist() == [True, False, False]
    assert segment_of("region=south").rows(known).tolist() == [False, True, False]
    assert segment_of("source=web, fair").rows(known).tolist() == [True, False, True]
    assert segment_of("source=web,fair") == segment_of("source=fair,web")
    slugs = {segment_of(text).slug for text in ("source=a b", "source=a-b", "source=中文", "source=文中")}
    assert len(slugs) == 4
    assert all(slug.isascii() and "/" not in slug for slug in slugs)
    assert SUITE.has({"attributes": {"product": "suite"}})
    assert not SUITE.has({"product": None, "attributes": None})


FILLED_IN_LATER = history(
    opportunity(product="suite"), stage("identified", 0), value("product", None, 0), value("product", "suite", 5)
)


def test_a_product_filled_in_later_does_not_choose_who_was_in_a_segment_before() -> None:
    assert list(SUITE.snapshots(view_of(FILLED_IN_LATER, keys(("o1", 4), ("o1", 5))))) == [False, True]


def test_the_audit_sees_a_column_as_it_was_told_first() -> None:
    assert [column.name for column in columns_of(FILLED_IN_LATER, ends_of(FILLED_IN_LATER))] == ["opportunity_id"]
