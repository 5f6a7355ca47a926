"""A model card: what is bad first, in both languages, from the artifact alone, with every word escaped."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from api.card.model_card import card_text, model_card
from api.card.reliability_sections import band_sentence
from features.errors import ArtifactError
from features.history.history import Attribute
from features.history.simulated import simulate
from features.outcomes import Labels
from features.snapshots import Catalogue, catalogue_of
from models.artifact import CARD, Artifact, read_artifact, write_artifact
from models.fixed_weights import FixedWeights
from models.incidence import Incidence
from models.periods import choose_edges
from models.stage_rates import StageRates
from scoring.version_zero import version_zero
from training.card import attribute_timing, later_figures
from training.dataset import Dataset, build_dataset
from training.grid import training_grid
from training.reliability_documents import reliability_documents
from training.verdict import LIKELIHOOD, Check

NASTY = '<script>alert("x")</script>|`a`*b*'

FIGURES = {
    method: {
        metric: {"value": value, "low": value - 0.01, "high": value + 0.01, "n": 500}
        for metric in ("log_loss", "brier", "auc", "calibration_error", "expected_over_actual")
    }
    for method, value in (("learned", 0.41), ("fixed_weights", 0.62), ("ridge_hazards", 0.40))
}


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    history = simulate(400, seed=1)
    return build_dataset(
        history, training_grid(history, history.observed_until), catalogue_of(history), history.observed_until
    )


@pytest.fixture(scope="module")
def card(dataset: Dataset) -> dict[str, Any]:
    """Figures of two real members on a simulated history: one that is far too high, one that fits."""
    labels = dataset.labels()
    edges = choose_edges(labels)
    rates = StageRates().fit(dataset.snapshots, labels, edges).predict(dataset.snapshots)
    fixed = FixedWeights().fit(dataset.snapshots, labels, edges).predict(dataset.snapshots)
    answers = {"learned": fixed, "fixed_weights": fixed, "stage_rates": rates}
    classes = np.where(np.arange(len(dataset.keys)) % 2, "active", "potential").astype(object)
    figures = later_figures(answers, dataset, catalogue_of(dataset.history), classes, 0)
    return json.loads(
        json.dumps(
            {
                "period": {"from": "2024-01-01", "to": "2026-01-01"},
                "population": {"source": [{"group": "web", "share": 0.75}, {"group": NASTY, "share": 0.25}]},
                "attributes": [
                    {"name": "budget", "names": {}, "measured": "creation", "used": True},
                    {"name": "days_total", "names": {"zh-CN": "总天数"}, "measured": "close", "used": False},
                    {"name": NASTY, "names": {}, "measured": "unknown", "used": False},
                ],
                "unrecorded": ["visits_7d"],
                "checks": [
                    Check(LIKELIHOOD, -0.2, "high < 0", True, "fixed_weights", low=-0.3, high=-0.1).to_dict(),
                    Check(LIKELIHOOD, 0.01, "high < 0", False, "stage_rates", low=-0.01, high=0.03).to_dict(),
                ],
                **figures,
            }
        )
    )


@pytest.fixture(scope="module")
def artifact(card: dict[str, Any]) -> Artifact:
    training = {
        **version_zero().training,
        "cutoff": "2026-01-01T00:00:00+00:00",
        "origin": "simulated",
        "opportunities": 1234,
        "snapshots": 5678,
        "won": 20,
        "lost": 300,
        "open": 14,
        "figures": FIGURES,
    }
    share = {"share_won": 0.2, "share_advanced_in_30_days": 0.3, "snapshots": 90, "enough": True}
    report = {"active": share, "potential": share, "hidden": share | {"share_won": None, "enough": False}}
    classification = {"recent_days": 14.0, "need_threshold": 0.6, "report": report}
    return replace(version_zero(), training=training, classification=classification, card=card, version="7")


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            "en",
            [
                "It was trained on SIMULATED data",
                "It learned from little: 20 opportunities won, 300 lost; 40 of each are wanted",
                "Not shown on later data: better than stage rates",
                "ridge hazards alone had a lower log loss on what closed later: 0.4000 against 0.4100",
                "It expected too many wins by the end of the data",
                "A perfectly calibrated probability would show",
                "1,234 opportunities",
                "Opens and clicks of e-mail are partly machines",
                "Association is not cause",
                "measured when the opportunity closed: it knows the outcome",
                "Active: intent is expressed, with a sign of it within 14 days",
                "accounts without one are in none of them, and are hidden by a threshold of their own (not told yet)",
                "the rule's percentage of the stage",
                "Owners: too few have enough opportunities for a figure that points at nobody",
            ],
        ),
        (
            "zh-CN",
            [
                "本模型用模拟数据训练",
                "训练数据很少：赢单 20 个，丢单 300 个",
                "未能证明：优于阶段赢率",
                "仅用岭回归风险模型的对数损失更低：0.4000，本模型为 0.4100",
                "到数据结束时预期赢单偏多",
                "完全校准的概率约为",
                "1,234 个商机",
                "邮件的打开和点击部分来自机器",
                "相关不等于因果",
                "关闭时才测量：已包含结果信息",
                "活跃机会：已表达意向，且 14 天内有迹象",
                "规则给每个阶段的百分比",
                "谈判/合同",
                "总天数",
            ],
        ),
    ],
)
def test_the_card_says_what_must_be_known_in_both_languages(artifact: Artifact, language: str, said: list[str]) -> None:
    page, text = (card_text(artifact, suffix, [language]) for suffix in (".html", ".md"))
    for words in said:
        assert words in text.replace("\\", ""), words
        assert words in page.replace("&#x27;", "'"), words


def test_the_spread_over_owners_is_told_without_a_name(artifact: Artifact, card: dict[str, Any]) -> None:
    spread = {"owners": 9, "too_few": 3, "lowest": 0.7, "median": 1.0, "highest": 1.4, "apart": 2}
    told = replace(artifact, card={**card, "owners": {**spread, "apart_by_chance": 0.9}})
    text = card_text(told, ".md")
    assert "among 9 with enough opportunities expected / actual runs from 0.70 to 1.40, median 1.00. 2 differ" in text
    assert "商机数量足够的 9 人中，预期／实际在 0.70 至 1.40 之间" in text


def test_what_is_bad_comes_before_everything_else(artifact: Artifact) -> None:
    first = model_card(artifact).sections[0]
    assert first.title.en == "What is bad comes first"
    text = card_text(artifact, ".md", ["en"])
    assert text.index("SIMULATED") < text.index("Not shown on later data") < text.index("## Data")


def test_a_band_is_told_in_opportunities_of_a_hundred() -> None:
    record = {"group": 3, "expected": 0.35, "actual": 0.33, "low": 0.28, "high": 0.39, "opportunities": 90}
    enough = band_sentence({**record, "enough": True})
    assert enough.en == "Of 100 opportunities given 30–40 %, 33 were won (28–39); 35 were expected by then."
    assert enough.zh == "给出 30–40 % 的每 100 个商机中，有 33 个赢单（28–39）；到那时预期为 35 个。"
    assert "too few to tell" in band_sentence({**record, "enough": False}).en


def test_both_languages_stand_in_one_page_that_fetches_nothing(artifact: Artifact) -> None:
    page = card_text(artifact, ".html")
    assert 'id="en"' in page
    assert 'id="zh-CN"' in page
    assert page.count("<svg") == 2 * 3
    assert "default-src 'none'" in page
    fetched = re.findall(r"""(?:src|href|url)\s*[=(]\s*["']?([^"')\s>]+)""", page)
    assert all(target.startswith("#") for target in fetched), fetched
    assert "@import" not in page


def test_the_page_is_well_formed_and_every_word_of_the_data_is_escaped(artifact: Artifact) -> None:
    page = card_text(artifact, ".html")
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 4
    body = page[page.index("<body>") : page.index("</html>")]
    ET.fromstring(re.sub(r"<!--.*?-->", "", body, flags=re.DOTALL))
    text = card_text(artifact, ".md")
    assert "<script" not in text
    rows = [line for line in text.splitlines() if "script" in line]
    assert rows
    assert all("\\|\\`a\\`\\*b\\*" in row for row in rows)


def test_an_older_model_has_a_card_that_says_what_is_missing(artifact: Artifact, tmp_path: Path) -> None:
    write_artifact(replace(artifact, card=None), tmp_path / "old")
    assert not (tmp_path / "old" / CARD).exists()
    read = read_artifact(tmp_path / "old")
    assert read.card is None
    text = card_text(read, ".md")
    assert "keeps no record of how reliable it was" in text
    assert "没有保存可靠性记录" in text
    assert "Did the probabilities come true?" not in text


def test_the_fixed_weights_have_a_card_too() -> None:
    text = card_text(version_zero(), ".md", ["en"])
    assert "It has learned nothing: it answers with the fixed weights" in text
    assert "version 0" in text


def test_a_model_that_was_never_judged_says_so(artifact: Artifact, card: dict[str, Any]) -> None:
    kept = {name: card[name] for name in ("period", "population", "attributes", "unrecorded", "checks")}
    text = card_text(replace(artifact, card={**kept, "judged": None}), ".md")
    assert "never judged on later data" in text
    assert "从未在后来的数据上评判" in text


def test_the_figures_are_kept_with_the_model_under_its_checksum(artifact: Artifact, tmp_path: Path) -> None:
    write_artifact(artifact, tmp_path / "model")
    again = read_artifact(tmp_path / "model")
    assert again.card == artifact.card
    assert card_text(again, ".html").replace(again.version, "7") == card_text(artifact, ".html")
    path = tmp_path / "model" / CARD
    path.write_text(path.read_text().replace("2024-01-01", "2023-01-01"))
    with pytest.raises(ArtifactError, match=f"{CARD} missing or changed"):
        read_artifact(tmp_path / "model")


def test_no_owner_is_named_anywhere(artifact: Artifact, dataset: Dataset) -> None:
    owners = set(dataset.history.opportunities["owner_id"].dropna())
    assert owners
    kept = json.dumps(artifact.card)
    assert not [owner for owner in owners if owner in kept]


def test_every_table_and_picture_goes_to_mlflow(card: dict[str, Any]) -> None:
    found = reliability_documents(card)
    assert set(found) == {
        "reliability.csv", "calibration_error.csv", "aalen_johansen.csv", "aalen_johansen_gap.csv", "segments.csv",
        "reliability_by_band.svg", "reliability_by_stage.svg", "aalen_johansen.svg",
    }  # fmt: skip
    heads = found["reliability.csv"].splitlines()[0].split(",")
    assert set(heads) == {
        "method", "by", "group", "horizon", "expected", "actual", "n", "opportunities", "low", "high", "enough",
    }  # fmt: skip
    assert reliability_documents({"judged": None}) == {}


def test_reliability_is_told_by_band_stage_class_segment_and_horizon(card: dict[str, Any]) -> None:
    table = pd.DataFrame(card["reliability"])
    assert {"band", "stage", "class", "source", "product", "team", "attribute_segment", "all"} <= set(table["by"])
    assert {30.0, 60.0, 90.0, 180.0, "end"} <= set(table["horizon"].dropna())
    assert table["horizon"].isna().any()
    assert set(table["method"]) == {"learned", "fixed_weights", "stage_rates"}
    fitted = table[(table["method"] == "stage_rates") & (table["by"] == "all") & (table["horizon"] == "end")].iloc[0]
    assert fitted["low"] <= fitted["expected"] <= fitted["high"]  # learned from these very rows


def test_columns_left_out_are_listed_with_their_timing(dataset: Dataset) -> None:
    late = Attribute("days_total", "numeric", "close", {"en": "days in all"})
    history = replace(dataset.history, attributes={**dataset.history.attributes, "days_total": late})
    found = {a["name"]: a for a in attribute_timing(history, catalogue_of(history))}
    assert found["days_total"] == {
        "name": "days_total", "names": {"en": "days in all"}, "measured": "close", "used": False,
    }  # fmt: skip
    assert found["segment"]["used"]


def test_an_answer_for_nobody_that_closed_still_has_a_card(dataset: Dataset) -> None:
    few = dataset.take(np.arange(3))
    nobody = replace(
        few, label=lambda history, keys, until: Labels(np.ones(3), np.zeros(3, dtype=np.int64), np.ones(3))
    )
    answer = Incidence(np.array([10.0]), np.full(3, 0.4), np.ones((3, 1)), np.ones((3, 1)))
    found = later_figures({"learned": answer}, nobody, Catalogue(), None, 0)
    assert found["incidence"] == []
    assert not any(record["enough"] for record in found["reliability"])


def test_without_segments_there_is_no_table_of_them(artifact: Artifact, card: dict[str, Any]) -> None:
    alone = replace(artifact, card={**card, "segments": [], "largest_gap": None, "population": {}})
    text = card_text(alone, ".md")
    assert "No segment has enough opportunities to compare" in text
    assert "| segment | value |" not in text
