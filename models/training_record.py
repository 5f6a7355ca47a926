"""What a training leaves in MLflow beside the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from matplotlib.figure import Figure


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
