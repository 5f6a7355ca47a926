"""Putting a finished folder in its place, whole."""

from __future__ import annotations

import shutil
from pathlib import Path


def replace_folder(made: Path, folder: Path, *, keep_others: bool = False) -> None:
    """Put a finished folder in the place of another, or where none is.

    The old folder stays until the new one is whole, and comes back when the last step fails.

    Parameters
    ----------
    made
        The finished folder, on the same disk; it is moved.
    folder
        Where it is to be.
    keep_others
        Whether files of other names that are in the old folder stay.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as beside:
    ...     old, new = Path(beside) / "tables", Path(beside) / "made"
    ...     for place, name in ((old, "note"), (new, "table")):
    ...         place.mkdir()
    ...         _ = (place / name).write_text(name)
    ...     replace_folder(new, old, keep_others=True)
    ...     sorted(file.name for file in old.iterdir())
    ['note', 'table']
    """
    if not folder.exists():
        made.rename(folder)
        return
    if keep_others:
        _copy_others(folder, made)
    before = made.with_name(f"{made.name}-before")
    folder.rename(before)
    try:
        made.rename(folder)
    except OSError:
        before.rename(folder)
        raise
    shutil.rmtree(before)


def _copy_others(folder: Path, made: Path) -> None:
    for other in folder.iterdir():
        target = made / other.name
        if target.exists():
            continue
        if other.is_dir():
            shutil.copytree(other, target)
        else:
            shutil.copy2(other, target)
