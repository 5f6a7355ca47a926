"""Versions in a real MLflow: who is champion, who was, and every decision on it in the promotion log."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.errors import ArtifactError, NoChampionError, RegistryError
from features.history.process import DEFAULT_PROCESS
from features.past_results import FrozenResults
from features.snapshots import Catalogue
from models.artifact import MANIFEST, Artifact, read_artifact, write_artifact
from models.blend import Blend
from models.exported import export_artifact, former_champion
from models.fixed_weights import FixedWeights
from models.hazard_blend import HazardBlend
from models.kept_promotions import kept_promotions
from models.promotions import Decision, page_html, page_markdown
from models.registry import Registry
from models.training_record import TrainingRecord
from tests.model_checks import Sample, constant_hazards, same

FIRST = pd.Timestamp("2026-03-01T08:00:00.000001", tz="UTC")
ROW = {"name": "log_likelihood.stage_rates", "en": "better than stage rates", "zh-CN": "优于阶段赢率"} | {
    "figure": -0.02, "low": -0.03, "high": -0.01, "limit": "high < 0", "passed": True,
}  # fmt: skip
SEGMENT = ROW | {"name": "expected_over_actual.source=展会|a/b", "figure": 1.5, "passed": False}
PASSED = {"passed": True, "reason": "better", "reason_zh": "更好", "checks": [ROW]}
FAILED = {"passed": False, "reason": "no better", "reason_zh": "不更好", "checks": [ROW, SEGMENT]}

Clock = Callable[[], pd.Timestamp]


@pytest.fixture(scope="module")
def given() -> Sample:
    return constant_hazards(60)


def artifact_of(level: float, given: Sample) -> Artifact:
    """A model of its own for each level."""
    win = HazardBlend((FixedWeights().fit(*given),), Blend((1.0,), level))
    past = FrozenResults(pd.Timestamp("2026-01-01", tz="UTC"), {}, 0)
    training = {"origin": "import", "cutoff": "2026-01-01T00:00:00+00:00"}
    return Artifact(win, None, Catalogue(), {"default": DEFAULT_PROCESS}, past, {}, training)


def logged(registry: Registry, level: float, given: Sample, verdict: Mapping[str, Any]) -> str:
    example = given.snapshots.head(3).reset_index(drop=True)
    return registry.log(artifact_of(level, given), TrainingRecord({}, {}, [], verdict, {}, example))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory, given: Sample) -> Registry:
    """Three versions, of which the third did not pass."""
    folder = tmp_path_factory.mktemp("mlflow")
    made = Registry(f"sqlite:///{folder / 'mlflow.db'}", folder / "files")
    for level, verdict in ((0.1, PASSED), (0.2, PASSED), (0.3, FAILED)):
        logged(made, level, given, verdict)
    return made


@pytest.fixture
def folder(registry: Registry, tmp_path: Path, clock: Clock) -> Path:
    """A name to serve under; nothing learned is in service."""
    place = tmp_path / "champion"
    if registry.champions():
        registry.rollback(place, clock(), "0")
    return place


@pytest.fixture(scope="module")
def clock() -> Clock:
    """A clock that goes on by a second at each look."""
    looks = iter(range(10_000))
    return lambda: FIRST + pd.Timedelta(seconds=next(looks))


def test_every_decision_is_an_entry_in_the_order_of_time(registry: Registry, folder: Path, clock: Clock) -> None:
    before = len(registry.promotions.entries())
    registry.promote("1", folder, clock(), "gate")
    registry.decline("3", clock())
    registry.promote("3", folder, clock(), "hand", "the sales head asked")
    registry.rollback(folder, clock(), because="it over-forecast March")
    found = registry.promotions.entries()[before:]
    assert [(e.decision, e.version, e.previous, e.decided_by, e.reason, e.carried_out) for e in found] == [
        ("promoted", "1", "0", "gate", "better", True),
        ("not promoted", "3", "1", "gate", "no better", True),
        ("promoted", "3", "1", "hand", "the sales head asked", True),
        ("rolled back", "1", "3", "hand", "it over-forecast March", True),
    ]
    assert [e.when for e in found] == sorted(e.when for e in found)
    assert found[0].when.microsecond == 1
    runs = {row["version"]: row["run"] for row in registry.versions()}
    assert [(e.training_run, e.previous_run) for e in found[2:]] == [(runs["3"], runs["1"]), (runs["1"], runs["3"])]
    assert found[0].figures == {"log_likelihood.stage_rates": -0.02}
    assert found[1].figures["expected_over_actual.source_展会_a_b"] == 1.5


def test_an_entry_keeps_the_verdict_a_page_and_a_table(registry: Registry, clock: Clock, tmp_path: Path) -> None:
    registry.decline("3", clock())
    run = registry.promotions.entries()[-1].run
    kept = Path(registry.client.download_artifacts(run, "", str(tmp_path)))
    assert json.loads((kept / "verdict.json").read_text()) == FAILED
    page = (kept / "decision.md").read_text()
    assert "| better than stage rates · 优于阶段赢率 | -0.02 | -0.03 … -0.01 | high < 0 | yes · 是 |" in page
    assert "no better" in page
    assert "不更好" in page
    assert "<td>better than stage rates · 优于阶段赢率</td>" in (kept / "decision.html").read_text()
    assert json.loads((kept / "checks.json").read_text())["columns"] == list(ROW)


def test_a_training_run_holds_the_rows_of_its_verdict_as_a_table(registry: Registry, tmp_path: Path) -> None:
    run = next(row["run"] for row in registry.versions() if row["version"] == "3")
    table = json.loads(Path(registry.client.download_artifacts(run, "checks.json", str(tmp_path))).read_text())
    assert [row[0] for row in table["data"]] == [ROW["name"], SEGMENT["name"]]
    assert registry.verdict("3") == FAILED


def test_going_back_reaches_any_earlier_champion_also_one_gone_back_from(
    registry: Registry, folder: Path, clock: Clock
) -> None:
    for version in ("1", "2", "3"):
        registry.promote(version, folder, clock(), "hand", "a test")
    assert registry.rollback(folder, clock(), "1") == "1"
    assert registry.rollback(folder, clock(), "3") == "3"
    assert read_artifact(folder).version == "3"
    assert registry.rollback(folder, clock()) == "1"
    assert registry.rollback(folder, clock()) == "0"
    assert not folder.exists()
    assert registry.rollback(folder, clock(), "2") == "2"
    assert registry.champions() == ["2"]
    champion = registry.champion()
    assert champion is not None
    assert champion.win.blend.level == 0.2


def test_what_serves_reads_the_whole_log_from_a_file_failures_too(
    registry: Registry, folder: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    registry.promote("1", folder, clock(), "gate")
    with monkeypatch.context() as patch:
        patch.setattr("models.registry.export_artifact", _failing)
        with pytest.raises(OSError, match="no room"):
            registry.promote("2", folder, clock(), "hand", "a test")
    assert registry.promotions.kept is not None
    kept, whole = kept_promotions(registry.promotions.kept), registry.promotions.entries()
    told = ("when", "version", "previous", "decision", "decided_by", "reason", "carried_out")
    assert [[getattr(e, name) for name in told] for e in kept] == [[getattr(e, name) for name in told] for e in whole]
    assert [entry.carried_out for entry in kept[-2:]] == [True, False]


def _failing(*_: object) -> None:
    raise OSError("no room")


def test_going_back_to_what_is_in_service_or_never_was_is_refused(tmp_path: Path, given: Sample, clock: Clock) -> None:
    registry = Registry(f"sqlite:///{tmp_path / 'mlflow.db'}", tmp_path / "files")
    with pytest.raises(NoChampionError):
        registry.rollback(tmp_path / "champion", clock())
    for level in (0.1, 0.2):
        logged(registry, level, given, FAILED)
    registry.decline("2", clock())
    registry.promote("1", tmp_path / "champion", clock(), "hand", "a test")
    for version in ("1", "2", "99"):
        with pytest.raises(NoChampionError, match=f"version {version}"):
            registry.rollback(tmp_path / "champion", clock(), version)
    assert registry.champions() == ["1"]


def test_a_version_that_does_not_exist_is_refused_and_leaves_no_entry(
    registry: Registry, folder: Path, clock: Clock
) -> None:
    before = registry.promotions.entries()
    with pytest.raises(RegistryError, match="99"):
        registry.promote("99", folder, clock(), "hand", "a test")
    assert registry.promotions.entries() == before


def test_a_promotion_that_fails_leaves_the_champion_and_is_told_as_failed(
    registry: Registry, folder: Path, clock: Clock
) -> None:
    registry.promote("1", folder, clock(), "gate")
    (folder.parent / ".champion-next").mkdir()  # the new name cannot be put here
    with pytest.raises(OSError, match="champion-next"):
        registry.promote("2", folder, clock(), "gate")
    (folder.parent / ".champion-next").rmdir()
    last = registry.promotions.entries()[-1]
    assert (last.version, last.carried_out) == ("2", False)
    assert registry.champions() == ["1"]
    assert read_artifact(folder).version == "1"


def test_former_champions_are_read_beside_the_champion_without_mlflow(
    registry: Registry, folder: Path, clock: Clock, given: Sample
) -> None:
    registry.promote("1", folder, clock(), "gate")
    registry.promote("2", folder, clock(), "gate")
    registry.rollback(folder, clock(), "0")
    for version, level in (("1", 0.1), ("2", 0.2)):
        found = former_champion(folder, version)
        assert found.version == version
        assert same(found.win.predict(given.snapshots), artifact_of(level, given).win.predict(given.snapshots))
    for version in ("3", "0", "../1"):
        with pytest.raises(ArtifactError, match="no copy"):
            former_champion(folder, version)


def _made(tmp_path: Path, level: float, given: Sample) -> Path:
    write_artifact(artifact_of(level, given), tmp_path / "made")
    return tmp_path / "made"


def test_a_damaged_copy_is_put_right_by_promoting_again(tmp_path: Path, given: Sample) -> None:
    folder = tmp_path / "champion"
    export_artifact(_made(tmp_path, 0.1, given), folder, "1")
    (folder / MANIFEST).write_text("{}")
    export_artifact(_made(tmp_path, 0.1, given), folder, "1")
    assert read_artifact(folder).version == "1"


def test_a_new_registry_that_counts_from_one_again_does_not_serve_an_old_model(tmp_path: Path, given: Sample) -> None:
    folder = tmp_path / "champion"
    for level in (0.1, 0.2):
        export_artifact(_made(tmp_path, level, given), folder, "1")
        assert read_artifact(folder).win.blend.level == level
    assert former_champion(folder, "1").win.blend.level == 0.2


def test_a_model_that_does_not_load_is_not_exported(tmp_path: Path, given: Sample) -> None:
    folder = tmp_path / "champion"
    export_artifact(_made(tmp_path, 0.1, given), folder, "1")
    broken = _made(tmp_path, 0.2, given)
    (broken / "model.json").write_text("{}")
    with pytest.raises(ArtifactError):
        export_artifact(broken, folder, "2")
    assert read_artifact(folder).version == "1"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["champion", "champion-1", "made"]


def test_a_relative_name_serves_like_an_absolute_one(
    tmp_path: Path, given: Sample, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for version in ("1", "2", "1"):
        export_artifact(_made(tmp_path, float(version) / 10, given), Path("champion"), version)
        assert read_artifact(Path("champion")).version == version


def test_what_people_write_does_not_break_the_page() -> None:
    decision = Decision(FIRST, "2", "1", "promoted", "hand", "<b>why</b> | not\n# title", {"checks": [ROW]})
    assert "<b>" not in page_html(decision)
    assert "<b>why</b> \\| not # title" in page_markdown(decision)
    assert "版本 2：升级为现役" in page_markdown(decision)
