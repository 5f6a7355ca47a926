"""The model as MLflow loads it: built from code, from the artifact's own files. Nothing is pickled."""

from __future__ import annotations

from pathlib import Path

import mlflow
import pandas as pd
from mlflow.pyfunc import PythonModelContext

from models.artifact import read_artifact
from models.predictions import predict_snapshots


class WinProbabilities(mlflow.pyfunc.PythonModel):
    """Predicts from a DataFrame of snapshots, as ``build_snapshots`` gives them.

    Forgotten opportunities are answered as if they were worked on: ``models.predictions.FORGOTTEN``.
    """

    def load_context(self, context: PythonModelContext) -> None:
        """Read the artifact's folder."""
        self.artifact = read_artifact(Path(context.artifacts["model"]))

    def predict(self, context: PythonModelContext, model_input: pd.DataFrame) -> pd.DataFrame:
        """Give win probability, win and loss probability by horizon, and median days to a win."""
        return predict_snapshots(self.artifact, model_input)


mlflow.models.set_model(WinProbabilities())
