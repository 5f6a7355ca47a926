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
from pathlib import Path
from typing import Any

# Set before the import: the product tells nobody that it is used.
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")
os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")

import mlflow
import pandas as pd
from mlflow.entities.model_registry import RegisteredModel
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.tracking import MlflowClient

from features.errors import NoChampionError, RegistryError
from features.segment import segment_of
from models.artifact import Artifact, read_artifact, write_artifact
from models.exported import export_artifact, place_of, withdraw_artifact
from models.kept_promotions import FILE
from models.predictions import FORGOTTEN, predict_snapshots
from models.promotion_log import EXPERIMENT, PromotionLog
from models.promotions import Author, Decision, Kind
from models.training_record import TrainingRecord

NAME = "dealodds"
CHAMPION, CHALLENGER = "champion", "challenger"

# MLflow tells of each step on the error stream; ours are told by the commands.
logging.getLogger("mlflow").setLevel(logging.WARNING)

_CHAMPIONS_TAG = "champions"
_VERDICT = "verdict.json"
_REQUIREMENTS = ("lightgbm", "mlflow", "numba", "numpy", "pandas", "scikit-learn", "scipy")

_NOTHING = "RESOURCE_DOES_NOT_EXIST"


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
        self.client = MlflowClient(uri)
        self.uri = uri
        self.artifacts = artifacts
        self.promotions = PromotionLog(
            self.client, lambda: self._experiment(EXPERIMENT), artifacts.parent / FILE if artifacts else None
        )

    def log(self, artifact: Artifact, record: TrainingRecord) -> str:
        """Log a training as a run and register its model; gives the version.

        The new version becomes challenger.
        """
        mlflow.set_tracking_uri(self.uri)
        with mlflow.start_run(experiment_id=self._experiment(NAME)):
            mlflow.log_params(dict(record.parameters))
            mlflow.log_metrics(dict(record.metrics))
            mlflow.log_dict(list(record.table), "evaluation.json")
            mlflow.log_dict(dict(record.verdict), _VERDICT)
            if record.verdict["checks"]:
                mlflow.log_table(pd.DataFrame(list(record.verdict["checks"])), "checks.json")
            for name, figure in record.figures.items():
                mlflow.log_figure(figure, f"{name}.png")
            for name, text in record.documents.items():
                mlflow.log_text(text, name)
            version = self._log_model(artifact, record.example)
        self.client.set_registered_model_alias(NAME, CHALLENGER, version)
        return version

    def _experiment(self, name: str) -> str:
        found = self.client.get_experiment_by_name(name)
        if found is not None:
            return str(found.experiment_id)
        embedded = self.uri.startswith("sqlite") and self.artifacts is not None
        location = self.artifacts.absolute().as_uri() if embedded and self.artifacts else None
        return str(self.client.create_experiment(name, location))

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
                    metadata={"forgotten": FORGOTTEN},
                    pip_requirements=list(_REQUIREMENTS),
                )
        return str(info.registered_model_version)

    def promote(self, version: str, folder: Path, when: pd.Timestamp, decided_by: Author, because: str = "") -> None:
        """Make a version champion, export it to the folder that serving reads, and log why.

        The model of a segment becomes that segment's champion, beside the one for all.

        Parameters
        ----------
        folder
            Folder of the champion for all; those of segments are beside it.
        when
            The present instant; it comes from the door.
        because
            The reason; that of the verdict when empty.

        Raises
        ------
        RegistryError
            There is no such version.
        """
        segment = self.segment_of(version)
        decision = self._decision(version, "promoted", when, decided_by, because, segment)
        stack = self.champions(segment)
        self._put_in_service(decision, folder, stack if stack[-1:] == [version] else [*stack, version])

    def decline(self, version: str, when: pd.Timestamp) -> None:
        """Log that the gate did not let a version pass, and by which figures; what is in service stays."""
        segment = self.segment_of(version)
        with self.promotions.entry(self._decision(version, "not promoted", when, "gate", "", segment)):
            pass

    def segment_of(self, version: str) -> str:
        """Segment that a version was trained for; empty when for all."""
        if version == "0":
            return ""
        return str(self.client.get_run(self._run_of(version)).data.params.get("segment", ""))

    def rollback(
        self, folder: Path, when: pd.Timestamp, version: str | None = None, because: str = "", segment: str = ""
    ) -> str:
        """Go back to any earlier champion, or to version 0, the fixed weights; gives its version.

        When none is named it is the one before. What is gone back from is then no longer the
        one before, so that going back again goes further back; by its name it can still be
        reached. With a segment, its champion is gone back from; 0 is then none of its own.

        Raises
        ------
        NoChampionError
            There is nothing to go back from, or the one named was never champion, or is now.
        """
        stack = self.champions(segment)
        target = version if version is not None else ["0", *stack[:-1]][-1]
        if target == (stack[-1] if stack else "0") or not self._was_champion(target, segment):
            raise NoChampionError(
                f"version {target}, with {', '.join(stack) or 'none but 0'} in service so far",
                "an earlier champion, not the present one",
                "see `dealodds promotions`; to put another version in service promote it",
            )
        decision = self._decision(target, "rolled back", when, "hand", because or "no reason given", segment)
        if target == "0":
            with self.promotions.entry(decision):
                withdraw_artifact(place_of(folder, segment))
                self.client.delete_registered_model_alias(NAME, _slot(CHAMPION, segment))
                self._remember([], segment)
        else:
            places = [place for place, champion in enumerate(stack[:-1]) if champion == target]
            self._put_in_service(decision, folder, stack[: places[-1] + 1] if places else [*stack, target])
        return target

    def _was_champion(self, version: str, segment: str) -> bool:
        return version == "0" or (version in self.former_champions() and self.segment_of(version) == segment)

    def former_champions(self) -> set[str]:
        """Every version that was ever in service, 0 among them, those gone back from too."""
        logged = {d.version for d in self.promotions.entries() if d.carried_out and d.decision != "not promoted"}
        return {"0", *self.champions(), *logged}

    def verdict(self, version: str) -> dict[str, Any]:
        """Read the verdict on a version from the run in which it was trained.

        Raises
        ------
        RegistryError
            There is no such version.
        """
        run = self._run_of(version)
        with tempfile.TemporaryDirectory() as temporary:
            path = Path(self.client.download_artifacts(run, _VERDICT, temporary))
            verdict: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return verdict

    def _run_of(self, version: str) -> str:
        try:
            return str(self.client.get_model_version(NAME, version).run_id)
        except MlflowException as problem:
            raise _no_such_version(version, problem) from problem

    def _decision(
        self, version: str, kind: Kind, when: pd.Timestamp, decided_by: Author, because: str, segment: str
    ) -> Decision:
        previous = ["0", *self.champions(segment)][-1]
        verdict = self.verdict(version) if version != "0" else {}
        return Decision(
            when=when,
            version=version,
            previous=previous,
            decision=kind,
            decided_by=decided_by,
            reason=because or str(verdict["reason"]),
            reason_zh="" if because else str(verdict.get("reason_zh", "")),
            verdict=verdict,
            training_run=self._run_of(version) if version != "0" else "",
            previous_run=self._run_of(previous) if previous != "0" else "",
        )

    def _put_in_service(self, decision: Decision, folder: Path, stack: list[str]) -> None:
        segment = self.segment_of(decision.version)
        folder = place_of(folder, segment)
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
            made = self._download(decision.version, Path(temporary))
            with self.promotions.entry(decision):
                export_artifact(made, folder, decision.version)
                self.client.set_registered_model_alias(NAME, _slot(CHAMPION, segment), decision.version)
                self._remember(stack, segment)

    def _remember(self, stack: list[str], segment: str) -> None:
        self.client.set_registered_model_tag(NAME, _slot(_CHAMPIONS_TAG, segment), json.dumps(stack))

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

    def champions(self, segment: str = "") -> list[str]:
        """Champions, for all or of a segment, that can be gone back to, in order, the present one last."""
        registered = self._registered()
        tags = registered.tags if registered is not None else {}
        return [str(v) for v in json.loads(tags.get(_slot(_CHAMPIONS_TAG, segment), "[]"))]

    def _registered(self) -> RegisteredModel | None:
        """Ask for the registered model; None when nothing was trained yet.

        Raises
        ------
        RegistryError
            MLflow does not answer: that is not the same as nothing.
        """
        try:
            return self.client.get_registered_model(NAME)
        except MlflowException as problem:
            if problem.error_code == _NOTHING:
                return None
            found = f"MLflow at {self.uri} that does not answer as it should ({problem.error_code})"
            do = "start it, or correct MLFLOW_TRACKING_URI"
            raise RegistryError(found, "an MLflow that can be reached", do) from problem

    def load(self, version: str) -> Artifact:
        """Read the artifact of a version.

        Raises
        ------
        RegistryError
            There is no such version.
        """
        with tempfile.TemporaryDirectory() as temporary:
            return read_artifact(self._download(version, Path(temporary)))

    def champion(self, segment: str = "") -> Artifact | None:
        """Read the champion, for all or of a segment; None when nothing was promoted."""
        champions = self.champions(segment)
        return self.load(champions[-1]) if champions else None

    def _download(self, version: str, folder: Path) -> Path:
        # Some of what MLflow does on the way looks for the registry at the address of the process.
        mlflow.set_tracking_uri(self.uri)
        try:
            source = mlflow.artifacts.download_artifacts(
                f"models:/{NAME}/{version}", dst_path=str(folder), tracking_uri=self.uri, registry_uri=self.uri
            )
        except MlflowException as problem:
            raise _no_such_version(version, problem) from problem
        return Path(source) / "artifacts" / "model"

    def versions(self) -> list[dict[str, Any]]:
        """List the registered versions with their aliases, newest first."""
        registered = self._registered()
        if registered is None:
            return []
        found, aliases = self.client.search_model_versions(f"name='{NAME}'"), registered.aliases
        rows = [{"version": str(v.version), "run": v.run_id} for v in found]
        for row in rows:
            row["aliases"] = sorted(alias for alias, version in aliases.items() if str(version) == row["version"])
        return sorted(rows, key=lambda row: -int(row["version"]))


def _slot(name: str, segment: str) -> str:
    """Name of an alias or tag of one segment."""
    return f"{name}-{segment_of(segment).slug}" if segment else name


def _no_such_version(version: str, problem: MlflowException) -> RegistryError:
    return RegistryError(
        f"version {version!r}: {problem.message}", "a version registered in MLflow", "see `dealodds versions`"
    )
