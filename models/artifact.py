"""A model on disk: LightGBM text, JSON and checksums. No clock, no run id, nothing pickled."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from features.catalogue import Catalogue
from features.errors import ArtifactError
from features.folders import replace_folder
from features.history.history import Attribute
from features.history.process import Process, process_from_dict, process_to_dict
from features.past_results import FrozenResults
from models.hazard_blend import HazardBlend

FORMAT = 2
"""2: the order of word columns is kept. A model of format 1 may answer with its columns exchanged."""
MANIFEST, DESCRIPTION, REGISTERED, CARD = "manifest.json", "model.json", "registered.json", "card.json"


@dataclass(frozen=True)
class Artifact:
    """All that is needed to score: models, features, process, past results, class criteria.

    Parameters
    ----------
    win
        The learned win probabilities.
    need
        Probabilities that the need will be confirmed; None when too little is known.
    catalogue
        Features of a snapshot.
    processes
        The sales processes, with the fixed weights.
    past
        Past results as known at training, for requests that cannot see the others' outcomes.
    classification
        Class criteria as ``scoring.classification`` reads them.
    training
        What it was trained on: cutoff, origin, counts, fingerprints, measured figures.
    account_need
        Probabilities that the need of an account without an open opportunity will be confirmed;
        None when too little is known.
    version
        Registered version, ``0`` for the fixed weights alone; the fingerprint when not registered.
    card
        Figures of the model card, as ``training.card`` makes them; None when it has none.
    usual
        How often open opportunities are won by the value of each feature, and how old their
        newest record is, as ``training.usual`` finds it; empty when nothing was learned.
    """

    win: HazardBlend
    need: HazardBlend | None
    catalogue: Catalogue
    processes: Mapping[str, Process]
    past: FrozenResults
    classification: Mapping[str, Any]
    training: Mapping[str, Any]
    account_need: HazardBlend | None = None
    version: str = field(default="", compare=False)
    card: Mapping[str, Any] | None = None
    usual: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_timed(self) -> bool:
        """Whether its data told when things happened; a flat table does not."""
        return bool(self.training.get("timing", "dates") == "dates")


def write_artifact(artifact: Artifact, folder: Path) -> None:
    """Write a model into a folder of its own, whole or not at all.

    The same model gives the same bytes.

    Raises
    ------
    ArtifactError
        The folder exists and is not a model.
    """
    if folder.exists() and any(folder.iterdir()) and not (folder / MANIFEST).exists():
        raise ArtifactError(f"{folder} with other files in it", "a model's folder, or none", "name another folder")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        made = Path(temporary) / "model"
        made.mkdir()
        for name, text in _files(artifact).items():
            (made / name).write_text(text, encoding="utf-8")
        replace_folder(made, folder)


def read_artifact(folder: Path) -> Artifact:
    """Read a model's folder, after checking every byte of it.

    Raises
    ------
    ArtifactError
        The folder is missing, not a model, changed since it was written, or of a format
        that this version does not read.
    """
    manifest = _checked_manifest(folder)
    raw = json.loads((folder / DESCRIPTION).read_text(encoding="utf-8"))
    texts = {n: (folder / n).read_text(encoding="utf-8") for n in manifest["files"] if n.endswith(".txt")}
    artifact = _from_description(raw, texts)
    card = json.loads((folder / CARD).read_text(encoding="utf-8")) if CARD in manifest["files"] else None
    digest = hashlib.sha256((folder / MANIFEST).read_bytes()).hexdigest()[:12]
    version = _registered_version(folder / REGISTERED) or digest
    return replace(artifact, version=version, card=card)


def register(folder: Path, version: str) -> None:
    """Write beside a model which registered version it is, with a checksum over both."""
    text = json.dumps({"version": version, "check": _check_of(folder, version)}) + "\n"
    (folder / REGISTERED).write_text(text, encoding="utf-8")


def _check_of(folder: Path, version: str) -> str:
    return hashlib.sha256((folder / MANIFEST).read_bytes() + version.encode()).hexdigest()


def _registered_version(path: Path) -> str | None:
    if not path.exists():
        return None
    try:
        written = json.loads(path.read_text(encoding="utf-8"))
        version, check = str(written["version"]), written["check"]
    except (ValueError, KeyError, TypeError) as problem:
        raise ArtifactError(f"an unreadable {path}", "version and check", "promote the model again") from problem
    if check != _check_of(path.parent, version):
        raise ArtifactError(f"{path} changed", "the version that was written", "promote the model again")
    return version


def _files(artifact: Artifact) -> dict[str, str]:
    files = {DESCRIPTION: _json(_description(artifact))}
    if artifact.card is not None:
        files[CARD] = _json(artifact.card)
    for target, model in _models(artifact).items():
        files |= {f"{target}_{cause}.txt": text for cause, text in model.texts().items()}
    sums = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in sorted(files.items())}
    return files | {MANIFEST: _manifest(sums)}


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _manifest(sums: Mapping[str, str]) -> str:
    return json.dumps({"format": FORMAT, "files": sums}, indent=1) + "\n"


def _models(artifact: Artifact) -> dict[str, HazardBlend]:
    models = {"win": artifact.win, "need": artifact.need, "accounts": artifact.account_need}
    return {target: model for target, model in models.items() if model}


def _description(artifact: Artifact) -> dict[str, Any]:
    past = artifact.past
    return {
        "models": {target: model.to_dict() for target, model in _models(artifact).items()},
        "custom_kinds": list(artifact.catalogue.custom_kinds),
        "excluded": list(artifact.catalogue.excluded),
        "attributes": [{**vars(a), "names": dict(a.names)} for a in artifact.catalogue.attributes],
        "processes": [process_to_dict(process) for process in artifact.processes.values()],
        "past": {"as_of": past.as_of.isoformat(), "tables": past.tables, "first": past.first},
        "classification": artifact.classification,
        "training": artifact.training,
        "usual": artifact.usual,
    }


def _from_description(raw: dict[str, Any], texts: dict[str, str]) -> Artifact:
    models = {
        target: HazardBlend.from_dict(described, {c: texts[f"{target}_{c}.txt"] for c in _causes(target, texts)})
        for target, described in raw["models"].items()
    }
    past = raw["past"]
    tables = {e: {v: tuple(counts) for v, counts in table.items()} for e, table in past["tables"].items()}
    return Artifact(
        win=models["win"],
        need=models.get("need"),
        account_need=models.get("accounts"),
        catalogue=Catalogue(
            tuple(raw["custom_kinds"]),
            tuple(Attribute(**a) for a in raw["attributes"]),
            tuple(raw.get("excluded", ())),
        ),
        processes={p["name"]: process_from_dict(p) for p in raw["processes"]},
        past=FrozenResults(pd.Timestamp(past["as_of"]), tables, int(past["first"])),
        classification=raw["classification"],
        training=raw["training"],
        usual=raw.get("usual", {}),
    )


def _causes(target: str, texts: dict[str, str]) -> list[str]:
    return [cause for cause in ("win", "loss") if f"{target}_{cause}.txt" in texts]


def _checked_manifest(folder: Path) -> dict[str, Any]:
    path = folder / MANIFEST
    if not path.is_file():
        raise ArtifactError(
            f"no {MANIFEST} in {folder}", "a model's folder", "train and promote a model, or name another"
        )
    try:
        text = path.read_bytes().decode("utf-8")
        manifest: dict[str, Any] = json.loads(text)
        files, model_format = manifest["files"].items(), manifest["format"]
    except (ValueError, KeyError, AttributeError, TypeError) as problem:
        raise ArtifactError(f"an unreadable {path}", "the manifest of a model", "restore the folder") from problem
    if model_format != FORMAT:
        raise ArtifactError(f"a model of format {model_format}", f"format {FORMAT}", "train it with this version")
    if text != _manifest(manifest["files"]):  # it has no checksum of its own
        raise ArtifactError(f"{path} changed", "the bytes that were written", "restore the folder or promote again")
    for name, expected in files:
        if not (folder / name).is_file() or hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            raise ArtifactError(
                f"{folder / name} missing or changed",
                "the bytes that were written",
                "restore the folder or promote again",
            )
    return manifest
