"""The exported champion: a folder of its own for each version, and one name that points to the one in service."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from models.artifact import read_artifact, register


def export_artifact(made: Path, folder: Path, version: str) -> None:
    """Put a model in service under a name, in one step: a reader finds the old one or the new one, whole.

    Parameters
    ----------
    made
        Folder of the model, on the same disk; it is moved.
    folder
        The name that readers open: a symbolic link to the version's own folder beside it.
    version
        Registered version.

    Raises
    ------
    ArtifactError
        The model does not load; what was in service stays.
    """
    register(made, version)
    read_artifact(made)
    before = folder.resolve() if folder.is_symlink() else None
    own = folder.with_name(f"{folder.name}-{version}")
    if own.exists() and own != before:
        shutil.rmtree(own)
    if own != before:
        made.rename(own)
    _point(folder, own)
    if before is not None and before != own.resolve():
        shutil.rmtree(before, ignore_errors=True)


def withdraw_artifact(folder: Path) -> None:
    """Take what is in service out of it; readers then fall back to version 0."""
    if not folder.is_symlink():
        return
    before = folder.resolve()
    folder.unlink()
    shutil.rmtree(before, ignore_errors=True)


def is_exported(folder: Path) -> bool:
    """Tell whether something is in service under the name, in whatever state it is."""
    return folder.is_symlink() or folder.exists()


def _point(folder: Path, own: Path) -> None:
    if folder.exists() and not folder.is_symlink():
        # A plain folder, such as one restored from a backup, cannot be replaced in one step.
        shutil.rmtree(folder)
    link = folder.with_name(f".{folder.name}-next")
    link.unlink(missing_ok=True)
    link.symlink_to(own.name, target_is_directory=True)
    os.replace(link, folder)
