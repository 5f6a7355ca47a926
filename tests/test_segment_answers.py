"""Whoever answers for an opportunity answers for all that is asked of it: its score, its changes, what if."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from api.cli import main
from features.as_of import known_as_of
from features.history.directory import write_history
from features.history.history import History
from features.history.live import opportunity_to_request
from features.history.simulated import simulate
from features.instants import micros
from features.segment import accounts_as_first_told, segment_of
from models.artifact import Artifact, read_artifact, write_artifact
from models.exported import export_artifact, former_champion, segment_folder
from scoring.change import change_between
from scoring.segments import artifact_for, facts_of, score_by_segment
from tests.services import service
from training.grid import open_at
from training.pipeline import train

START, END = pd.Timestamp("2025-06-01", tz="UTC"), pd.Timestamp("2025-07-01", tz="UTC")
PRODUCT = "product=suite"


@dataclass(frozen=True)
class World:
    """A history, and models in service: 1 of all, 2 and then 3 of a product, 4 of a region."""

    history: History
    champion: Path
    region: str
    ids: pd.DataFrame

    @property
    def models(self) -> dict[str, Artifact]:
        return {version: former_champion(self.champion, version) for version in "1234"}

    def named(self, product: bool, region: bool) -> str:
        rows = self.ids[(self.ids["product"] == product) & (self.ids["region"] == region)]
        return str(rows.index[0])


def _world(folder: Path) -> World:
    given = simulate(240, seed=3)
    suite = given.opportunities.index % 2 == 0
    products = given.opportunities.assign(product=pd.array(["suite" if s else "basic" for s in suite], dtype="str"))
    history = replace(given, tables={**given.tables, "opportunities": products})
    champion = folder / "home" / "champion"
    region = str(accounts_as_first_told(history)["region"].mode()[0])
    made = [train(history, cutoff, seed=0, most=most).artifact for cutoff, most in ((START, 600), (END, 600))]
    segments = (None, PRODUCT, PRODUCT, f"region={region}")
    for version, (segment, artifact) in enumerate(zip(segments, (made[0], made[0], made[1], made[1]), strict=True), 1):
        name = champion if segment is None else segment_folder(champion, segment_of(segment))
        level = replace(artifact.win.blend, level=0.3 * version)  # so that no two say the same
        own = replace(artifact, win=replace(artifact.win, blend=level))
        more = {} if segment is None else {"segment": segment}
        write_artifact(replace(own, training=artifact.training | more), folder / "made")
        name.parent.mkdir(parents=True, exist_ok=True)
        export_artifact(folder / "made", name, str(version))
    known = known_as_of(history, END)
    both = [set(open_at(known, micros(pd.Index([at])))["opportunity_id"]) for at in (START, END)]
    rows = known.opportunities[known.opportunities["opportunity_id"].isin(both[0] & both[1])].set_index(
        "opportunity_id"
    )
    of_account = rows["account_id"].map(accounts_as_first_told(known)["region"])
    ids = pd.DataFrame({"product": rows["product"] == "suite", "region": of_account == region})
    return World(known, champion, region, ids)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return _world(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def client(world: World) -> Iterator[httpx.Client]:
    with service(world.champion, END) as client:
        yield client


def score(client: httpx.Client, raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.post("/v1/scores", json={"opportunities": [raw]}).json()["scores"][0]
    return found


def change(client: httpx.Client, raw: dict[str, Any], version: str | None = None) -> httpx.Response:
    start = {"as_of": START.isoformat()} | ({} if version is None else {"model_version": version})
    body = {"opportunity": raw, "from": start, "to": {"as_of": END.isoformat()}}
    return client.post("/v1/scores/change", json=body)


@pytest.mark.parametrize(
    ("product", "region", "version"), [(True, False, "3"), (True, True, "3"), (False, True, "4"), (False, False, "1")]
)
def test_score_change_and_what_if_are_answered_by_the_same_model(
    world: World, client: httpx.Client, product: bool, region: bool, version: str
) -> None:
    raw = opportunity_to_request(world.history, world.named(product, region), END)
    scored = score(client, raw)
    segment = {"1": None, "3": PRODUCT, "4": f"region={world.region}"}[version]
    assert (scored["model_version"], scored["segment"]) == (version, segment)
    changed = change(client, raw).json()
    assert [changed[end]["model_version"] for end in ("from", "to")] == [version, version]
    assert changed["to"]["segment"] == segment
    assert changed["to"]["win_probability"] == scored["win_probability"]
    supposed = {"opportunity": raw, "changes": {"amount": 5}}
    answer = client.post("/v1/scores/what-if", json=supposed).json()
    assert answer["model_version"] == answer["now"]["model_version"] == version
    assert answer["now"]["win_probability"] == scored["win_probability"]


def test_the_former_score_is_by_a_version_that_could_have_given_it(world: World, client: httpx.Client) -> None:
    inside, outside = (
        opportunity_to_request(world.history, world.named(product, False), END) for product in (True, False)
    )
    models = world.models
    for former in ("1", "2"):
        got = change(client, inside, former).json()
        expected = change_between(
            world.history, inside["opportunity_id"], START, END, models[former], models["3"], alone=True
        )
        assert [got[end]["model_version"] for end in ("from", "to")] == [former, "3"]
        assert got["from"]["win_probability"] == expected.before
        assert got["to"]["win_probability"] == expected.after
    refused = change(client, outside, "2")
    assert (refused.status_code, refused.json()["errors"][0]["pointer"]) == (422, "/from/model_version")
    assert PRODUCT in refused.json()["detail"]


def test_the_command_says_the_change_by_the_model_that_scores(
    world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = world.champion.parents[1] / "history"
    write_history(world.history, folder)
    monkeypatch.setenv("DEALODDS_HOME", str(world.champion.parent))

    def said(product: bool, region: bool, *more: str) -> str:
        words = ["--history", str(folder), "--opportunity", world.named(product, region)]
        instants = ["--from", "2025-06-01", "--to", "2025-07-01"]
        monkeypatch.setattr(sys, "argv", ["dealodds", "change", *words, *instants, *more])
        with pytest.raises(SystemExit):
            main()
        return "".join(capsys.readouterr())

    assert "(version 3), " in said(True, False)
    assert "the new model, version 3 after 2, " in said(True, False, "--from-version", "2")
    assert "the new model, version 3 after 1, " in said(True, False, "--from-version", "1")
    assert "the model is the same, version 4" in said(False, True)
    assert "version 2, a model of product=suite" in said(False, False, "--from-version", "2")


def test_without_the_accounts_region_the_model_of_all_answers_and_says_so(world: World, client: httpx.Client) -> None:
    raw = opportunity_to_request(world.history, world.named(False, True), END)
    assert raw["account"]["region"] == world.region
    del raw["account"]
    scored = score(client, raw)
    assert (scored["model_version"], [note["code"] for note in scored["notes"]]) == ("1", ["account_unknown"])
    assert f"region={world.region}" in scored["notes"][0]["en"]
    assert f"region={world.region}" in scored["notes"][0]["zh-CN"]
    assert [note["code"] for note in change(client, raw).json()["notes"]] == ["account_unknown"]
    elsewhere = score(client, raw | {"account": {"region": "nowhere"}})
    assert (elsewhere["model_version"], elsewhere["notes"]) == ("1", [])
    suite = score(client, raw | {"product": "suite"})
    assert (suite["model_version"], suite["notes"]) == ("3", [])
    wrong = client.post("/v1/scores", json={"opportunities": [raw | {"account": {"regoin": "north"}}]})
    assert (wrong.status_code, wrong.json()["errors"][0]["pointer"]) == (422, "/opportunities/0/account/regoin")


def test_a_history_and_a_request_choose_the_same_model_for_each(world: World, client: httpx.Client) -> None:
    keys = pd.DataFrame({"opportunity_id": world.ids.index, "as_of": END})
    models = world.models
    whole, segments = models["1"], [models["3"], models["4"]]
    scores = score_by_segment(world.history, keys, whole, segments)
    raws = [opportunity_to_request(world.history, name, END) for name in world.ids.index]
    facts = facts_of(world.history, keys["opportunity_id"], segments)
    for one, raw, found in zip(scores, raws, facts, strict=True):
        assert artifact_for(raw, whole, segments) is artifact_for(found, whole, segments)
        assert one.model_version == artifact_for(raw, whole, segments).version
    assert {one.model_version for one in scores} == {"1", "3", "4"}
    assert read_artifact(world.champion).version == "1"
