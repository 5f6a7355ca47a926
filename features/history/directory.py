"""A history as a folder: one Parquet file a table, and ``history.yaml`` beside them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
import yaml

from features.errors import UnreadableSourceError
from features.folders import replace_folder
from features.history.history import Attribute, History, build_history
from features.history.process import process_from_dict, process_to_dict
from features.history.schema import TABLES

DESCRIPTION = "history.yaml"


def write_history(history: History, folder: Path) -> None:
    """Write a history into a folder, whole or not at all.

    Files of other names that are in the folder already stay.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        whole = Path(temporary) / "whole"
        whole.mkdir()
        for name in TABLES:
            history.tables[name].to_parquet(whole / f"{name}.parquet", index=False)
        text = yaml.safe_dump(description_of(history), allow_unicode=True, sort_keys=False)
        (whole / DESCRIPTION).write_text(text, encoding="utf-8")
        replace_folder(whole, folder, keep_others=True)


def read_history(folder: Path) -> History:
    """Read a history from a folder that ``write_history`` or ``dealodds import`` wrote.

    A table may be a CSV file instead of Parquet, and may be absent.

    Raises
    ------
    UnreadableSourceError
        The folder is not a history.
    """
    description = _read_description(folder)
    tables = {name: frame for name in TABLES if (frame := _read_table(folder, name)) is not None}
    return build_history(
        tables,
        processes={p["name"]: process_from_dict(p) for p in description["processes"]},
        collected={name: _instant(since) for name, since in description["collected"].items()},
        attributes={a["name"]: Attribute(**a) for a in description["attributes"]},
        origin=description["origin"],
        observed_until=_instant(description["observed_until"]),
        timing=description["timing"],
    )


def description_of(history: History) -> dict[str, Any]:
    """Say of a history what its tables do not: processes, what is collected, attributes, origin, end, timing."""
    return {
        "origin": history.origin,
        "observed_until": history.observed_until.isoformat(),
        "timing": history.timing,
        "processes": [process_to_dict(process) for process in history.processes.values()],
        "collected": {name: since.isoformat() if since else None for name, since in history.collected.items()},
        "attributes": [
            {"name": a.name, "type": a.type, "measured": a.measured, "names": dict(a.names)}
            for a in history.attributes.values()
        ],
    }


def _read_description(folder: Path) -> dict[str, Any]:
    path = folder / DESCRIPTION
    if not path.is_file():
        raise UnreadableSourceError(
            f"no {DESCRIPTION} in {folder}",
            "a folder written by `dealodds import` or `dealodds simulate`",
            "name such a folder, or import your export first",
        )
    raw: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    defaults: dict[str, Any] = {
        "origin": "import",
        "observed_until": None,
        "timing": "dates",
        "collected": {},
        "attributes": [],
        "processes": [],
    }
    return defaults | raw


def _read_table(folder: Path, name: str) -> pd.DataFrame | None:
    if (parquet := folder / f"{name}.parquet").is_file():
        return pd.read_parquet(parquet)
    if (csv := folder / f"{name}.csv").is_file():
        return pd.read_csv(csv, dtype=str)
    return None


def _instant(text: str | None) -> pd.Timestamp | None:
    if text is None:
        return None
    instant = pd.Timestamp(text)
    return instant.tz_localize("UTC") if instant.tzinfo is None else instant.tz_convert("UTC")
