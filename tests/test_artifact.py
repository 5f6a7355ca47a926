"""A model on disk: the same bytes each time, read back the same, and refused when a byte changed."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from features.catalogue import Catalogue
from features.errors import ArtifactError
from features.history.history import Attribute
from features.history.process import DEFAULT_PROCESS
from features.past_results import FrozenResults
from models.artifact import MANIFEST, REGISTERED, Artifact, read_artifact, register, write_artifact
from models.hazard_blend import HazardBlend
from tests.model_checks import Sample, constant_hazards, fitted, same


@pytest.fixture(scope="module")
def given() -> Sample:
    return constant_hazards(400)


@pytest.fixture(scope="module")
def artifact(given: Sample) -> Artifact:
    blend, need = fitted("blend", given), fitted("blend", constant_hazards(300, seed=5))
    assert isinstance(blend, HazardBlend)
    assert isinstance(need, HazardBlend)
    return Artifact(
        win=blend,
        need=need,
        catalogue=Catalogue(("audit",), (Attribute("tier", "category", "creation", {"zh-CN": "等级"}),)),
        processes={"default": DEFAULT_PROCESS},
        past=FrozenResults(pd.Timestamp("2026-01-01", tz="UTC"), {"owner": {"安": (3, 1, 2397895, 2, 9210440)}}, 17),
        classification={"recent_days": 14.0, "need_threshold": None},
        training={"won": 3, "lost": 4, "cutoff": None},
    )


@pytest.fixture
def folder(artifact: Artifact, tmp_path: Path) -> Path:
    write_artifact(artifact, tmp_path / "model")
    return tmp_path / "model"


def test_what_is_written_is_read_back(artifact: Artifact, folder: Path, given: Sample) -> None:
    again = read_artifact(folder)
    for name in ("catalogue", "processes", "past", "classification", "training"):
        assert getattr(again, name) == getattr(artifact, name), name
    assert again.need is not None
    assert artifact.need is not None
    for one, other in ((again.win, artifact.win), (again.need, artifact.need)):
        assert same(one.predict(given.snapshots), other.predict(given.snapshots))


def test_a_model_without_the_need_is_read_back_without_it(artifact: Artifact, tmp_path: Path) -> None:
    write_artifact(Artifact(**{**vars(artifact), "need": None}), tmp_path / "model")
    assert read_artifact(tmp_path / "model").need is None
    assert not list((tmp_path / "model").glob("need*"))


def test_two_writes_and_a_write_of_what_was_read_give_the_same_bytes(
    artifact: Artifact, folder: Path, tmp_path: Path
) -> None:
    write_artifact(read_artifact(folder), tmp_path / "again")
    write_artifact(artifact, tmp_path / "again2")
    for file in folder.iterdir():
        for other in ("again", "again2"):
            assert (tmp_path / other / file.name).read_bytes() == file.read_bytes(), file.name


def test_the_folder_has_text_and_json_only(folder: Path) -> None:
    assert sorted(file.name for file in folder.iterdir()) == [
        "manifest.json", "model.json", "need_loss.txt", "need_win.txt", "win_loss.txt", "win_win.txt",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["model.json", "win_win.txt", "need_loss.txt"])
def test_a_changed_byte_is_refused(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ArtifactError, match=f"{name} missing or changed"):
        read_artifact(folder)


def test_any_changed_byte_of_the_manifest_is_refused(folder: Path) -> None:
    content = (folder / MANIFEST).read_bytes()
    for place in range(len(content)):
        changed = bytearray(content)
        changed[place] ^= 1 if place % 2 else 0x80
        (folder / MANIFEST).write_bytes(changed)
        with pytest.raises(ArtifactError):
            read_artifact(folder)


def test_a_manifest_laid_out_otherwise_is_refused(folder: Path) -> None:
    (folder / MANIFEST).write_text((folder / MANIFEST).read_text() + " ")
    with pytest.raises(ArtifactError, match="changed"):
        read_artifact(folder)


@pytest.mark.parametrize("name", ["manifest.json", "model.json", "win_loss.txt"])
def test_a_missing_file_is_refused(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ArtifactError, match=name) as caught:
        read_artifact(folder)
    assert "promote" in caught.value.do


def test_another_format_is_refused_and_says_which(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"format": 99}))
    with pytest.raises(ArtifactError, match="format 99"):
        read_artifact(folder)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', "null", "\x00", '{"format": 1, "files": 3}'])
def test_a_manifest_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    with pytest.raises(ArtifactError):
        read_artifact(folder)


def test_a_folder_with_other_files_is_not_overwritten(artifact: Artifact, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(ArtifactError, match="other files"):
        write_artifact(artifact, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_a_model_replaces_a_model_and_leaves_nothing_of_it(artifact: Artifact, folder: Path) -> None:
    (folder / REGISTERED).write_text(json.dumps({"version": 7}))
    write_artifact(Artifact(**{**vars(artifact), "need": None}), folder)
    assert sorted(file.name for file in folder.iterdir()) == [
        "manifest.json", "model.json", "win_loss.txt", "win_win.txt",
    ]  # fmt: skip
    assert [file.name for file in folder.parent.iterdir()] == [folder.name]


def test_the_version_is_the_registered_one_or_else_the_fingerprint(folder: Path) -> None:
    fingerprint = read_artifact(folder).version
    assert len(fingerprint) == 12
    register(folder, "7")
    assert read_artifact(folder).version == "7"


def test_a_changed_registration_is_refused(folder: Path) -> None:
    register(folder, "7")
    text = (folder / REGISTERED).read_text()
    (folder / REGISTERED).write_text(text.replace('"7"', '"8"'))
    with pytest.raises(ArtifactError, match=REGISTERED):
        read_artifact(folder)


@pytest.mark.parametrize("text", ["", "{}", "7", '{"version"'])
def test_a_registration_that_cannot_be_read_is_refused(folder: Path, text: str) -> None:
    (folder / REGISTERED).write_text(text)
    with pytest.raises(ArtifactError, match=REGISTERED):
        read_artifact(folder)
