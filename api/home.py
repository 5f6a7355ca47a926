"""Where this installation keeps its things: one folder, and MLflow beside or elsewhere."""

from __future__ import annotations

import os
from pathlib import Path

from models.exported import is_exported


def home() -> Path:
    """Folder of this installation: ``DEALODDS_HOME``, or ``dealodds-data`` where the command runs."""
    return Path(os.environ.get("DEALODDS_HOME", "dealodds-data"))


def champion_folder() -> Path:
    """Folder of the exported champion."""
    return home() / "champion"


def has_champion() -> bool:
    """Tell whether a champion was exported, in whatever state it is now."""
    return is_exported(champion_folder())


def tracking_uri() -> str:
    """Address of MLflow: ``MLFLOW_TRACKING_URI``, or an SQLite file in the installation's folder."""
    given = os.environ.get("MLFLOW_TRACKING_URI")
    if given:
        return given
    home().mkdir(parents=True, exist_ok=True)
    return f"sqlite:///{(home() / 'mlflow.db').absolute()}"


def mlflow_artifacts() -> Path:
    """Folder of the files of embedded MLflow runs."""
    return home() / "mlflow-artifacts"
