"""The promotion log as a file beside the exported champion: what serves reads it, and never MLflow."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from models.promotions import Decision

FILE = "promotions.json"
_LEFT_OUT = ("verdict", "figures")


def keep_promotions(path: Path, entries: Sequence[Decision]) -> None:
    """Write the whole log, in one step: a reader finds the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [_to_dict(entry) for entry in entries]
    with tempfile.NamedTemporaryFile("w", dir=path.parent, encoding="utf-8", delete=False) as file:
        json.dump(rows, file, ensure_ascii=False)
    os.chmod(file.name, 0o644)
    os.replace(file.name, path)


def kept_promotions(path: Path) -> list[Decision]:
    """Read the log, in the order of time; empty where none was kept yet."""
    try:
        rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return []
    return [Decision(**(row | {"when": pd.Timestamp(row["when"])})) for row in rows]


def _to_dict(entry: Decision) -> dict[str, Any]:
    kept = {name: value for name, value in vars(entry).items() if name not in _LEFT_OUT}
    return kept | {"when": entry.when.isoformat()}
