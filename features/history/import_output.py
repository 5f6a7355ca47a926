"""Writes an import into a folder, whole or not at all."""

from __future__ import annotations

import tempfile
from pathlib import Path

from features.errors import DataError
from features.folders import replace_folder
from features.history.directory import write_history
from features.history.import_ledger import FLAGS, QUARANTINE
from features.history.import_result import ImportResult


def write_import(result: ImportResult, out: Path) -> None:
    """Write the history, ``quarantine.csv`` and ``flags.csv`` into a folder.

    Everything is written beside the folder first, and put in its place when it is whole: a
    failure leaves the folder as it was. Files of other names that are in it stay.

    Raises
    ------
    DataError
        The place is not a folder.

    Examples
    --------
    >>> import pandas as pd
    >>> from features.history.history import build_history
    >>> none = pd.DataFrame(columns=["file", "line", "key", "reason", "flag"])
    >>> result = ImportResult(build_history({}), none, none, none, none)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_import(result, Path(folder) / "tables")
    ...     print((Path(folder) / "tables" / "quarantine.csv").read_text().strip())
    file,line,key,reason
    """
    if out.exists() and not out.is_dir():
        raise DataError(f"{out}, which is a file", "a folder, new or old", "name another place")
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".import-") as beside:
        whole = Path(beside) / "whole"
        write_history(result.history, whole)
        result.quarantine[list(QUARANTINE)].to_csv(whole / "quarantine.csv", index=False)
        result.flags[list(FLAGS)].to_csv(whole / "flags.csv", index=False)
        replace_folder(whole, out, keep_others=True)
