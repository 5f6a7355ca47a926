"""Why a score changed, and what if: the steps add up, in both languages, over HTTP as in a batch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from api.commands.change import change_lines
from features.as_of import known_as_of
from features.errors import RequestError
from features.history.history import History
from features.history.live import opportunity_to_request
from features.history.simulated import simulate
from features.instants import micros
from models.artifact import Artifact, read_artifact, write_artifact
from models.exported import export_artifact, former_champion
from scoring.change import Change, change_between
from scoring.score import score_opportunities
from scoring.version_zero import version_zero
from tests.services import service
from training.grid import open_at
from training.pipeline import train

START, END = pd.Timestamp("2025-06-01", tz="UTC"), pd.Timestamp("2025-07-01", tz="UTC")


@dataclass(frozen=True)
class World:
    history: History
    folder: Path
    before: Artifact
    after: Artifact
    ids: list[str]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A history, two models that were in service one after the other, and what was open at both instants."""
    history, folder = simulate(600, seed=3), tmp_path_factory.mktemp("installation") / "champion"
    for version, cutoff in (("1", START), ("2", END)):
        made = folder.with_name("made")
        write_artifact(train(history, cutoff, seed=0, most=1_500).artifact, made)
        export_artifact(made, folder, version)
    then, now = (set(open_at(history, micros(pd.Index([at])))["opportunity_id"]) for at in (START, END))
    ids = sorted(then & now)[:12]
    return World(known_as_of(history, END), folder, former_champion(folder, "1"), read_artifact(folder), ids)


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with service(world.folder, END) as client:
        yield client


@pytest.fixture(scope="module")
def changes(world: World) -> list[Change]:
    return [change_between(world.history, name, START, END, world.before, world.after) for name in world.ids]


def score(world: World, name: str, at: pd.Timestamp, artifact: Artifact) -> float:
    keys = pd.DataFrame({"opportunity_id": [name], "as_of": [at]})
    found = score_opportunities(world.history, keys, artifact)[0].win_probability
    assert found is not None
    return found


def test_time_data_and_model_add_up_from_one_score_to_the_other(world: World, changes: list[Change]) -> None:
    for name, change in zip(world.ids, changes, strict=True):
        assert change.before == score(world, name, START, world.before)
        assert change.after == score(world, name, END, world.after)
        assert [step.key for step in change.steps] == ["time", "data", "model"]
        assert sum(s.points for s in change.steps) == pytest.approx(100 * (change.after - change.before), abs=1e-9)
        assert change.before_shown + sum(s.shown for s in change.steps) == pytest.approx(change.after_shown)
        model = 100 * (change.after - score(world, name, END, world.before))
        assert change.steps[2].points == pytest.approx(model, abs=1e-9)
    assert all(any(abs(change.steps[place].points) > 0.1 for change in changes) for place in range(3))


def test_groups_add_up_to_what_the_data_did_and_other_steps_have_none(changes: list[Change]) -> None:
    for change in changes:
        time, data, model = change.steps
        assert (time.groups, model.groups, time.features, model.features) == ((), (), (), ())
        assert sum(g.points for g in data.groups) == pytest.approx(data.points, abs=1e-9)
        assert sum(g.shown for g in data.groups) == pytest.approx(data.shown)
        assert all(moved.before != moved.after for moved in data.features)
        said = " ".join(text for moved in data.features for text in (*moved.before, *moved.after))
        assert "nan" not in said.lower()


def test_nothing_new_and_the_same_model_leave_time_alone(world: World) -> None:
    name = world.ids[0]
    known = known_as_of(world.history, START)
    change = change_between(known, name, START, END, world.before, world.before)
    assert [step.points for step in change.steps[1:]] == [0.0, 0.0]
    assert change.steps[0].points == pytest.approx(100 * (change.after - change.before))
    assert change.steps[1].words == (
        "what was recorded meanwhile did not change the estimate",
        "期间记录的数据变化未改变估计",
    )
    assert change.steps[2].words == ("the model is the same, version 1", "模型未变（版本1）")


def test_a_step_says_what_did_it_and_which_way_in_both_languages(world: World) -> None:
    keys = pd.DataFrame({"opportunity_id": world.ids, "as_of": END})
    stages = score_opportunities(world.history, keys, version_zero(world.history.processes))
    name = next(s.opportunity_id for s in stages if s.win_probability == 0.25)
    change = change_between(world.history, name, END, END, version_zero(), world.after)
    step = change.steps[2]
    assert change.before_shown == 25.0
    way, zh = ("raised", "升高") if step.shown > 0 else ("lowered", "降低")
    size = f"{abs(step.shown):.1f}"
    assert step.words.en == f"the new model, version 2 after 0, {way} the estimate by {size} points"
    assert step.words.zh == f"新模型（版本0改为2）使估计{zh}{size}个百分点"
    lines = change_lines(change, "simulated: ")
    assert lines[0].startswith(f"simulated: {name}: 25.0 % as of 2025-07-01 (version 0), ")
    assert any(step.words.zh in line for line in lines)


def test_what_is_closed_or_was_not_there_yet_has_no_change(world: World) -> None:
    closed = world.history.stage_history.query("stage == 'won'")["opportunity_id"].iloc[0]
    with pytest.raises(RequestError, match="it is won") as error:
        change_between(world.history, closed, END, END, world.after, world.after)
    assert error.value.field == "/from/as_of"
    with pytest.raises(RequestError, match="not recorded by then"):
        change_between(world.history, world.ids[0], pd.Timestamp("2020-01-01", tz="UTC"), END, world.after, world.after)
    with pytest.raises(RequestError, match="exchange them"):
        change_between(world.history, world.ids[0], END, START, world.after, world.after)


def ask_change(client: httpx.Client, raw: dict[str, Any], **more: Any) -> httpx.Response:
    body = {"opportunity": raw, "from": {"as_of": START.isoformat()}, "to": {"as_of": END.isoformat()}} | more
    return client.post("/v1/scores/change", json=body)


def test_a_change_over_http_is_that_of_the_history_alone(world: World, client: httpx.Client) -> None:
    for name in world.ids[:4]:
        raw = opportunity_to_request(world.history, name, END, world.after.catalogue)
        got = ask_change(client, raw, **{"from": {"as_of": START.isoformat(), "model_version": "1"}}).json()
        expected = change_between(world.history, name, START, END, world.before, world.after, alone=True)
        assert (got["from"]["model_version"], got["to"]["model_version"]) == ("1", "2")
        assert (got["from"]["win_probability"], got["to"]["win_probability"]) == (expected.before, expected.after)
        assert [(s["key"], s["points"], s["shown"]) for s in got["steps"]] == [
            (s.key, s.points, s.shown) for s in expected.steps
        ]
        assert [g["shown"] for g in got["steps"][1]["groups"]] == [g.shown for g in expected.steps[1].groups]
        assert got["steps"][0]["words"]["zh-CN"] == expected.steps[0].words.zh
        one = client.post("/v1/scores", json={"opportunities": [raw]}).json()["scores"][0]
        assert one["win_probability"] == got["to"]["win_probability"]


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"from": {"as_of": START.isoformat(), "model_version": "77"}}, "/from/model_version"),
        ({"from": {"as_of": START.isoformat(), "model_version": "../2"}}, "/from/model_version"),
        ({"from": {"as_of": "2025-07-02T00:00:00Z"}}, "/from/as_of"),
        ({"from": {}}, "/from/as_of"),
        ({"from": {"as_of": START.isoformat(), "model": "1"}}, "/from/model"),
        ({"start": {"as_of": START.isoformat()}}, "/start"),
        ({"to": {"as_of": "2025-08-01T00:00:00Z"}}, "/to/as_of"),
        ({"from": {"as_of": "2019-01-01T00:00:00Z"}}, "/from/as_of"),
        ({"opportunity": {"opportunity_id": "x", "created_at": START.isoformat(), "stage": "propsal"}},
         "/opportunity/stage"),
        ({"opportunity": {"opportunity_id": "x"}}, "/opportunity/created_at"),
    ],
)  # fmt: skip
def test_a_wrong_question_about_a_change_points_to_what_is_wrong(
    world: World, client: httpx.Client, more: dict[str, Any], pointer: str
) -> None:
    raw = opportunity_to_request(world.history, world.ids[0], END, world.after.catalogue)
    answer = ask_change(client, raw, **more)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def what_if(client: httpx.Client, raw: dict[str, Any], changes: dict[str, Any], **more: Any) -> httpx.Response:
    return client.post("/v1/scores/what-if", json={"opportunity": raw, "changes": changes} | more)


def test_what_if_adds_up_and_now_is_the_score(world: World, client: httpx.Client) -> None:
    supposed = {
        "assessments": {"money": "yes", "authority": "yes"},
        "stage": "negotiation",
        "amount": 1000,
        "activities": [{"kind": "meeting", "occurred_at": "2025-07-05T09:00:00Z"}],
    }
    raw = opportunity_to_request(world.history, world.ids[0], END, world.after.catalogue)
    answer = what_if(client, raw, supposed)
    assert answer.status_code == 200, answer.text
    got = answer.json()
    one = client.post("/v1/scores", json={"opportunities": [raw]}).json()["scores"][0]
    assert got["now"]["win_probability"] == one["win_probability"]
    assert (got["now"]["as_of"], got["then"]["as_of"]) == ("2025-07-01T00:00:00Z", "2025-07-05T09:00:00Z")
    assert [step["key"] for step in got["steps"]] == ["time", "data"]
    difference = 100 * (got["then"]["win_probability"] - got["now"]["win_probability"])
    assert sum(step["points"] for step in got["steps"]) == pytest.approx(difference, abs=1e-9)
    assert got["now"]["shown"] + sum(step["shown"] for step in got["steps"]) == pytest.approx(got["then"]["shown"])
    data = got["steps"][1]
    assert sum(group["points"] for group in data["groups"]) == pytest.approx(data["points"], abs=1e-9)
    assert {"stage", "qualification", "contact"} <= {group["key"] for group in data["groups"]}
    assert "not a promise" in got["caution"]["en"]
    assert "并非承诺" in got["caution"]["zh-CN"]


def test_what_is_supposed_to_have_happened_scores_as_if_it_had(world: World, client: httpx.Client) -> None:
    raw = opportunity_to_request(world.history, world.ids[1], END, world.after.catalogue)
    meeting = {"kind": "meeting", "occurred_at": "2025-06-28T09:00:00Z"}
    supposed = {"activities": [meeting], "assessments": {"need": "yes"}, "stage": "proposal"}
    got = what_if(client, raw, supposed).json()
    assert [step["key"] for step in got["steps"]] == ["data"]
    real = raw | {
        "activities": [*raw["activities"], meeting],
        "field_history": [
            *raw["field_history"],
            {"field": "need", "value": "yes", "occurred_at": "2025-07-01T00:00:00Z"},
        ],
        "stage_history": [*raw["stage_history"], {"stage": "proposal", "occurred_at": "2025-07-01T00:00:00Z"}],
    }
    one = client.post("/v1/scores", json={"opportunities": [real]}).json()["scores"][0]
    assert got["then"]["win_probability"] == one["win_probability"]
    assert got["then"]["win_probability"] != got["now"]["win_probability"]


def test_a_planned_meeting_is_known_at_once_and_has_not_happened(world: World, client: httpx.Client) -> None:
    raw = opportunity_to_request(world.history, world.ids[2], END, world.after.catalogue)
    meeting = {"kind": "meeting", "occurred_at": "2025-07-08T09:00:00Z", "planned": True}
    got = what_if(client, raw, {"activities": [meeting]}).json()
    assert got["then"]["as_of"] == got["now"]["as_of"]
    assert {moved["key"] for moved in got["steps"][0]["features"]} <= {"days_to_planned_contact"}


def test_what_was_recorded_after_as_of_stays_unknown_when_the_answer_lies_ahead(
    world: World, client: httpx.Client
) -> None:
    created = {"opportunity_id": "o", "created_at": "2025-05-01T00:00:00Z", "stage": "contacted", "process": "default"}
    told_later = {"kind": "meeting", "occurred_at": "2025-06-20T00:00:00Z", "recorded_at": "2025-07-03T00:00:00Z"}
    call = {"activities": [{"kind": "call", "occurred_at": "2025-07-10T00:00:00Z"}]}
    with_it = what_if(client, created | {"activities": [told_later]}, call).json()
    without = what_if(client, created | {"activities": []}, call).json()
    assert [note["code"] for note in with_it["notes"]] == ["recorded_after_as_of"]
    assert with_it["then"] == without["then"]


@pytest.mark.parametrize(
    ("supposed", "pointer"),
    [
        ({}, "/changes"),
        ({"activities": []}, "/changes"),
        ({"stage": "won"}, "/changes/stage"),
        ({"stage": "negotation"}, "/changes/stage"),
        ({"amount": -1}, "/changes/amount"),
        ({"amount": "5"}, "/changes/amount"),
        ({"assessments": {"money": "maybe"}}, "/changes/assessments/money"),
        ({"assessments": {"monney": "yes"}}, "/changes/assessments/monney"),
        ({"field_values": {"colour": "red"}}, "/changes/field_values/colour"),
        ({"field_values": {"fit_score": "high"}}, "/changes/field_values/fit_score"),
        ({"activities": [{"kind": "meetin", "occurred_at": "2025-07-02T00:00:00Z"}]}, "/changes/activities/0/kind"),
        ({"activities": [{"kind": "meeting", "occurred_at": "tomorrow"}]}, "/changes/activities/0/occurred_at"),
        ({"activities": [{"kind": "meeting", "occurred_at": "2036-01-01T00:00:00Z"}]}, "/changes/activities"),
        ({"wish": 1}, "/changes/wish"),
    ],
)
def test_a_wrong_supposition_points_to_what_is_wrong(
    client: httpx.Client, supposed: dict[str, Any], pointer: str
) -> None:
    raw = {"opportunity_id": "o", "created_at": "2025-05-01T00:00:00Z", "stage": "contacted", "activities": []}
    answer = what_if(client, raw, supposed)
    assert answer.status_code == 422, answer.text
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


def test_an_activity_of_what_is_not_collected_is_refused_and_the_closed_have_no_estimate(client: httpx.Client) -> None:
    raw = {"opportunity_id": "o", "created_at": "2025-05-01T00:00:00Z", "stage": "contacted"}
    meeting = {"activities": [{"kind": "meeting", "occurred_at": "2025-07-02T00:00:00Z"}]}
    answer = what_if(client, raw, meeting).json()
    assert answer["errors"][0]["pointer"] == "/changes/activities/0/kind"
    assert "an empty list if there were none" in answer["detail"]
    lost = what_if(client, raw | {"stage": "lost"}, {"amount": 5}).json()
    assert (lost["status"], lost["errors"][0]["pointer"]) == (422, "/as_of")


def test_values_of_the_models_own_columns_may_be_supposed(world: World, client: httpx.Client) -> None:
    raw = opportunity_to_request(world.history, world.ids[0], END, world.after.catalogue)
    got = what_if(client, raw, {"field_values": {"fit_score": 99, "owner": "nobody yet"}})
    assert got.status_code == 200, got.text
    groups = {group["key"] for group in got.json()["steps"][0]["groups"]}
    assert "attribute" in groups
    empty = what_if(client, raw, {"field_values": {"fit_score": None}})
    assert "匹配度评分：未知" in empty.text or empty.json()["steps"][0]["features"] == []
