"""MLflow: runs, versions, and who is champion or challenger. Only this file and the model it logs import mlflow.

Promotion exports the champion to a folder by one rename; serving reads that folder only.
"""

from __future__ import annotations

import contextlib
import io
import json
import logging
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# Set before the import: the product tells nobody that it is used.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import pandas as pd
from matplotlib.figure import Figure
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.tracking import MlflowClient

from features.errors import NoChampionError, RegistryError
from models.artifact import Artifact, read_artifact, write_artifact
from models.exported import export_artifact, withdraw_artifact
from models.predictions import predict_snapshots

NAME = "dealodds"
CHAMPION, CHALLENGER = "champion", "challenger"

# MLflow tells of each step on the error stream; ours are told by the commands.
logging.getLogger("mlflow").setLevel(logging.WARNING)

_CHAMPIONS_TAG = "champions"
_REQUIREMENTS = ("lightgbm", "mlflow", "numba", "numpy", "pandas", "scikit-learn", "scipy")


@dataclass(frozen=True)
class TrainingRecord:
    """What a training leaves in MLflow beside the model."""

    parameters: Mapping[str, Any]
    metrics: Mapping[str, float]
    table: Sequence[Mapping[str, Any]]
    verdict: Mapping[str, Any]
    figures: Mapping[str, Figure]
    example: pd.DataFrame
    documents: Mapping[str, str] = field(default_factory=dict)
    """Texts by file name: tables, pictures as SVG, the model card."""


class Registry:
    """The tracking server and model registry at one address.

    Parameters
    ----------
    uri
        ``sqlite:///…`` for the embedded one, or a server's address.
    artifacts
        Folder for the files of embedded runs; a server keeps its own.
    """

    def __init__(self, uri: str, artifacts: Path | None = None) -> None:
        mlflow.set_tracking_uri(uri)
        self.client = MlflowClient(uri)
        self.uri = uri
        self.artifacts = artifacts

    def log(self, artifact: Artifact, record: TrainingRecord) -> str:
        """Log a training as a run and register its model; gives the version.

        The new version becomes challenger.
        """
        with mlflow.start_run(experiment_id=self._experiment()):
            mlflow.log_params(dict(record.parameters))
            mlflow.log_metrics(dict(record.metrics))
            mlflow.log_dict(list(record.table), "evaluation.json")
            mlflow.log_dict(dict(record.verdict), "verdict.json")
            for name, figure in record.figures.items():
                mlflow.log_figure(figure, f"{name}.png")
            for name, text in record.documents.items():
                mlflow.log_text(text, name)
            version = self._log_model(artifact, record.example)
        self.client.set_registered_model_alias(NAME, CHALLENGER, version)
        return version

    def _experiment(self) -> str:
        found = self.client.get_experiment_by_name(NAME)
        if found is not None:
            return str(found.experiment_id)
        embedded = self.uri.startswith("sqlite") and self.artifacts is not None
        location = self.artifacts.absolute().as_uri() if embedded and self.artifacts else None
        return str(self.client.create_experiment(NAME, location))

    def _log_model(self, artifact: Artifact, example: pd.DataFrame) -> str:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary) / "model"
            write_artifact(artifact, folder)
            # MLflow prints each registration, past its own log levels.
            with contextlib.redirect_stderr(io.StringIO()):
                info = mlflow.pyfunc.log_model(
                    name="model",
                    python_model=str(Path(__file__).with_name("pyfunc_model.py")),
                    artifacts={"model": str(folder)},
                    signature=infer_signature(example, predict_snapshots(artifact, example)),
                    input_example=example,
                    registered_model_name=NAME,
                    pip_requirements=list(_REQUIREMENTS),
                )
        return str(info.registered_model_version)

    def promote(self, version: str, folder: Path) -> None:
        """Make a version champion and export it to the folder that serving reads.

        Raises
        ------
        RegistryError
            There is no such version.
        """
        self._put_in_service(version, folder)
        stack = [*self.champions(), version]
        self._remember(stack if len(stack) < 2 or stack[-2] != version else stack[:-1])

    def rollback(self, folder: Path, version: str | None = None) -> str:
        """Go back to an earlier champion, the one before when none is named; gives its version.

        Before the first champion is version 0, the fixed weights. What is gone back from is
        forgotten as a champion, so that going back again goes further back.

        Raises
        ------
        NoChampionError
            There is nothing to go back from, or the one named was not champion before.
        """
        stack = self.champions()
        earlier = ["0", *stack[:-1]]
        target = version if version is not None else earlier[-1]
        if not stack or target not in earlier:
            raise NoChampionError(
                f"the champions {', '.join(stack) or 'none'} so far", "one before the present", "promote a version"
            )
        if target == "0":
            withdraw_artifact(folder)
            self.client.delete_registered_model_alias(NAME, CHAMPION)
            self._remember([])
        else:
            self._put_in_service(target, folder)
            self._remember(stack[: len(stack) - stack[::-1].index(target, 1)])
        return target

    def _put_in_service(self, version: str, folder: Path) -> None:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            export_artifact(self._download(version, Path(temporary)), folder, version)
        self.client.set_registered_model_alias(NAME, CHAMPION, version)

    def _remember(self, stack: list[str]) -> None:
        self.client.set_registered_model_tag(NAME, _CHAMPIONS_TAG, json.dumps(stack))

    def challenger(self) -> str:
        """Version of the challenger.

        Raises
        ------
        RegistryError
            Nothing was trained yet.
        """
        try:
            return str(self.client.get_model_version_by_alias(NAME, CHALLENGER).version)
        except MlflowException as problem:
            raise RegistryError("no challenger", "a trained version", "train a model first") from problem

    def champions(self) -> list[str]:
        """Champions that can be gone back to, in order, the present one last."""
        try:
            tags = self.client.get_registered_model(NAME).tags
        except MlflowException:
            return []
        return [str(v) for v in json.loads(tags.get(_CHAMPIONS_TAG, "[]"))]

    def load(self, version: str) -> Artifact:
        """Read the artifact of a version.

        Raises
        ------
        RegistryError
            There is no such version.
        """
        with tempfile.TemporaryDirectory() as temporary:
            return read_artifact(self._download(version, Path(temporary)))

    def champion(self) -> Artifact | None:
        """Read the champion; None when nothing was promoted."""
        champions = self.champions()
        return self.load(champions[-1]) if champions else None

    def _download(self, version: str, folder: Path) -> Path:
        try:
            source = mlflow.artifacts.download_artifacts(f"models:/{NAME}/{version}", dst_path=str(folder))
        except MlflowException as problem:
            raise RegistryError(
                f"version {version!r}: {problem.message}", "a version registered in MLflow", "see `dealodds versions`"
            ) from problem
        return Path(source) / "artifacts" / "model"

    def versions(self) -> list[dict[str, Any]]:
        """List the registered versions with their aliases, newest first."""
        found = self.client.search_model_versions(f"name='{NAME}'")
        try:
            aliases = self.client.get_registered_model(NAME).aliases
        except MlflowException:
            return []
        rows = [{"version": str(v.version), "run": v.run_id} for v in found]
        for row in rows:
            row["aliases"] = sorted(alias for alias, version in aliases.items() if str(version) == row["version"])
        return sorted(rows, key=lambda row: -int(row["version"]))
