"""Reasons in points and in words: they add up, say what is usual, and hide nothing behind a bare NaN."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest

from features.as_of import known_as_of
from features.history.history import History
from features.history.live import request_body
from features.history.simulated import simulate
from features.instants import micros
from features.outcomes import Labels
from features.snapshots import build_snapshots
from models.artifact import Artifact, read_artifact, write_artifact
from scoring.reasons import Reasons, explain, reasons_to_dict
from scoring.rounding import rounded_parts
from scoring.score import Score, score_opportunities
from scoring.status import status_of
from scoring.version_zero import version_zero
from tests.services import service
from training.grid import open_at
from training.pipeline import train
from training.usual import usual_of, won_from_then_on

CUTOFF = pd.Timestamp("2025-07-01", tz="UTC")


@dataclass(frozen=True)
class World:
    known: History
    folder: Path
    artifact: Artifact
    open: pd.DataFrame
    scores: list[Score]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    history = simulate(600, seed=3)
    folder = tmp_path_factory.mktemp("champion") / "model"
    write_artifact(train(history, CUTOFF, seed=0, most=4_000).artifact, folder)
    artifact, known = read_artifact(folder), known_as_of(history, CUTOFF)
    keys = open_at(known, micros(pd.Index([CUTOFF])))
    scores = score_opportunities(known, keys, artifact, past=artifact.past, reasons=True)
    return World(known, folder, artifact, keys, scores)


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with service(world.folder, CUTOFF) as client:
        yield client


def reasons_of(score: Score) -> Reasons:
    assert score.reasons is not None
    return score.reasons


def test_points_add_up_to_the_probability_and_what_is_shown_to_what_is_shown(world: World) -> None:
    for score in world.scores:
        reasons, win = reasons_of(score), score.win_probability
        assert win is not None
        for parts in (reasons.groups, reasons.features):
            assert reasons.base + sum(p.points for p in parts) == pytest.approx(100 * win, abs=1e-9)
            assert reasons.base_shown + sum(p.shown for p in parts) == pytest.approx(reasons.probability_shown)
        assert reasons.probability_shown == pytest.approx(100 * win, abs=0.05 + 1e-9)
        assert all(abs(p.shown - p.points) < 0.1 + 1e-9 for p in reasons.groups)


def test_features_of_a_group_add_up_to_the_group(world: World) -> None:
    for reasons in map(reasons_of, world.scores):
        for group in reasons.groups:
            parts = [p for p in reasons.features if p.group == group.key]
            assert sum(p.shown for p in parts) == pytest.approx(group.shown)
            assert sum(p.points for p in parts) == pytest.approx(group.points, abs=1e-9)


def test_the_largest_five_each_way_are_in_words_and_say_which_way(world: World) -> None:
    for reasons in map(reasons_of, world.scores):
        assert 0 < len(reasons.up) + len(reasons.down) <= 10
        up = [r.part.points for r in reasons.up]
        assert up == sorted((p.points for p in reasons.features if p.shown > 0), reverse=True)[:5]
        assert all(r.effect.en.startswith("raises the estimate by ") for r in reasons.up)
        assert all(re.fullmatch(r"使估计降低\d+\.\d个百分点", r.effect.zh) for r in reasons.down)


def test_no_words_have_a_nan_a_machine_name_or_an_empty_language(world: World) -> None:
    names = {f.name for f in world.artifact.catalogue.features if "_" in f.name}
    for reasons in map(reasons_of, world.scores):
        for reason in (*reasons.up, *reasons.down):
            en, zh = reason.sentence
            assert not re.search(r"\b(nan|inf|None|null)\b", f"{en} {zh}", re.IGNORECASE)
            assert not [name for name in names if name in en or name in zh]
            assert re.search("[一-鿿]", zh)
            assert "cause" not in en
            assert "because" not in en


def test_reasons_of_one_alone_are_those_in_a_batch_bit_for_bit(world: World) -> None:
    for row in range(5):
        alone = score_opportunities(
            world.known, world.open.iloc[[row]], world.artifact, past=world.artifact.past, reasons=True
        )
        assert alone[0].reasons == world.scores[row].reasons


def test_reasons_over_http_are_those_of_the_history(world: World, client: httpx.Client) -> None:
    ids = world.open["opportunity_id"].tolist()[:20]
    answer = client.post("/v1/scores", json=request_body(world.known, ids, CUTOFF, world.artifact.catalogue)).json()
    for got, score in zip(answer["scores"], world.scores[:20], strict=True):
        expected = reasons_of(score)
        assert [(p["key"], p["points"], p["shown"]) for p in got["reasons"]["features"]] == [
            (p.key, p.points, p.shown) for p in expected.features
        ]
        for side in ("up", "down"):
            assert [(r["value"]["en"], r["effect"]["zh-CN"]) for r in got["reasons"][side]] == [
                (r.value.en, r.effect.zh) for r in getattr(expected, side)
            ]
        usual = [r["usual"]["words"]["zh-CN"] for r in got["reasons"]["up"] if r["usual"]]
        assert usual == [r.usual.words.zh for r in expected.up if r.usual]


def test_reasons_are_left_out_when_not_wanted_for_many_and_for_what_is_closed(client: httpx.Client) -> None:
    one = {"opportunity_id": "o", "created_at": "2025-01-01T00:00:00Z", "stage": "proposal", "process": "default"}

    def first(count: int, **more: Any) -> Any:
        asked = [one | {"opportunity_id": f"o{i}"} for i in range(count)]
        return client.post("/v1/scores", json={"opportunities": asked} | more).json()["scores"][0]["reasons"]

    assert first(1, reasons=False) is None
    assert first(21) is None
    assert first(21, reasons=True) == first(1) == first(20)
    assert first(1)["up"]
    closed = client.post("/v1/scores", json={"opportunities": [one | {"stage": "lost"}]}).json()["scores"][0]
    assert (closed["status"], closed["reasons"]) == ("closed", None)
    wrong = client.post("/v1/scores", json={"opportunities": [one], "reasons": "yes"})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/reasons")


def test_words_and_levels_that_training_never_saw_are_said_and_answered_for(world: World) -> None:
    snapshots = build_snapshots(world.known, world.open.iloc[:3], world.artifact.catalogue, world.artifact.past)
    strange = snapshots.assign(
        attribute_segment=["<b>" * 100, "未知的部门", None],
        days_in_stage=[1e12, -5.0, math.nan],
        amount=[math.nan, 0.0, 1e15],
        need=[7.0, -3.0, math.nan],
    )
    win = world.artifact.win.predict(strange).win
    for found, chance in zip(explain(world.artifact, strange, win), win, strict=True):
        assert found.base + sum(p.points for p in found.features) == pytest.approx(100 * chance, abs=1e-9)
        said = " ".join(s for r in (*found.up, *found.down) for s in r.sentence)
        assert "nan" not in said.lower()
        assert len(max(said.split("；"), key=len)) < 400


def test_without_a_model_the_stage_alone_is_the_reason_and_nothing_is_usual() -> None:
    artifact = version_zero()
    snapshots = pd.DataFrame({"stage": ["negotiation"], "fixed_weight": [0.75]})
    found = explain(artifact, snapshots, np.array([0.75]))[0]
    assert (found.base_shown, found.probability_shown) == (25.0, 75.0)
    assert [(r.sentence.en, r.usual) for r in found.up] == [
        ("stage: negotiation; raises the estimate by 50.0 points", None)
    ]
    assert found.up[0].sentence.zh == "阶段：谈判/合同；使估计升高50.0个百分点"
    assert found.down == ()


@pytest.mark.parametrize(
    ("parts", "total", "expected"),
    [
        ([0.5, 0.5, -0.4], 1, [1, 0, 0]),
        ([33.3, 33.3, 33.4], 100, [33, 33, 34]),
        ([-0.6, -0.6, -0.6], -2, [-1, -1, 0]),
        ([], 0, []),
        ([2.0], 1, [1]),
        ([0.2], 0, [0]),
    ],
)
def test_rounded_parts_add_up_and_the_largest_remainders_are_rounded_up(
    parts: list[float], total: int, expected: list[int]
) -> None:
    found = rounded_parts(parts, total).tolist()
    assert sum(found) == total
    assert sorted(found) == sorted(expected)


def test_an_opportunity_still_open_counts_with_its_probability_from_then_on(world: World) -> None:
    # In training nothing is usual that would count open opportunities as lost.
    everything = world.artifact.usual["all"]
    closed = world.artifact.training
    assert everything[1] > closed["won"] + closed["lost"]
    assert 0.5 < everything[0] / (closed["won"] / (closed["won"] + closed["lost"])) < 1.6
    answer = world.artifact.win.predict(
        build_snapshots(world.known, world.open, world.artifact.catalogue, world.artifact.past)
    )
    n = len(answer)
    at_once = won_from_then_on(answer, Labels(np.zeros(n), np.zeros(n, np.int64), np.zeros(n)))
    assert at_once == pytest.approx(answer.win)
    late = won_from_then_on(answer, Labels(np.full(n, 1e5), np.zeros(n, np.int64), np.zeros(n)))
    assert ((late >= 0) & (late <= 1)).all()


def test_what_is_usual_is_compact_deterministic_and_of_used_features_only(world: World) -> None:
    usual = world.artifact.usual
    again = train(simulate(600, seed=3), CUTOFF, seed=0, most=4_000)
    assert usual_of(again.dataset, again.artifact.win, again.artifact.catalogue) == usual
    assert sum(map(len, usual["features"].values())) < 500
    snapshots = build_snapshots(world.known, world.open.iloc[:1], world.artifact.catalogue, world.artifact.past)
    assert set(usual["features"]) <= set(world.artifact.win.attribute(snapshots).features)
    for groups in usual["features"].values():
        assert all(0 <= won <= 1 and count >= 30 for _, _, won, count in groups)


def test_reasons_in_a_table_have_three_columns_each_way_and_language(world: World) -> None:
    row = reasons_to_dict(world.scores[0].reasons)
    assert list(row)[:4] == ["up_1", "up_1_zh", "up_2", "up_2_zh"]
    assert len(row) == 12
    assert set(reasons_to_dict(None).values()) == {None}


def test_silence_beyond_what_is_usual_is_stale_input(world: World) -> None:
    usual = world.artifact.usual["newest_record"]
    at = pd.Timestamp("2025-07-01", tz="UTC")
    assert status_of(world.artifact, "open", at, usual) == ("ok", None)
    status, words = status_of(world.artifact, "open", at, 61.0)
    assert status == "stale_input"
    assert words is not None
    assert words[0].startswith("nothing was recorded since 2025-05-01, 61 days; 99 of 100 open opportunities")
    assert "2025-05-01" in words[1]
    assert f"{usual:,.0f}天内有记录" in words[1]
    assert status_of(world.artifact, "open", at, math.nan)[0] == "ok"
    assert status_of(world.artifact, "won", at, 999.0)[0] == "closed"
    few = replace(world.artifact, training=dict(world.artifact.training) | {"lost": 28})
    assert status_of(few, "open", at, 999.0) == (
        "little_data",
        ("the model needs 12 more lost opportunities", "模型还需要12个丢单商机"),
    )


def test_stale_input_is_said_of_live_requests_with_activities_only(client: httpx.Client) -> None:
    one = {"opportunity_id": "o", "created_at": "2024-01-01T00:00:00Z", "stage": "proposal"}
    ancient = {"kind": "meeting", "occurred_at": "2024-02-01T00:00:00Z"}
    old = {"kind": "meeting", "occurred_at": "2025-05-10T00:00:00Z"}
    new = {"kind": "call", "occurred_at": "2025-06-30T00:00:00Z"}
    later = {"kind": "call", "occurred_at": "2025-06-30T00:00:00Z", "recorded_at": "2025-08-01T00:00:00Z"}

    def status(**more: Any) -> str:
        answer = client.post("/v1/scores", json={"opportunities": [one | more]}).json()
        return str(answer["scores"][0]["status"])

    assert status() == "ok"
    assert status(activities=[old]) == "stale_input"
    assert status(activities=[ancient]) == "forgotten"
    assert status(activities=[old, new]) == "ok"
    assert status(activities=[old, later]) == "stale_input"
