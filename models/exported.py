"""The exported champion: a folder of its own for each version, and one name that points to the one in service."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from features.errors import ArtifactError
from features.folders import replace_folder
from features.segment import Segment, segment_of
from models.artifact import MANIFEST, Artifact, read_artifact, register


def export_artifact(made: Path, folder: Path, version: str) -> None:
    """Put a model in service under a name, in one step: a reader finds the old one or the new one, whole.

    The copy of what was in service stays beside it, for ``former_champion``.

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
    own = _own_folder(folder, version)
    if not _is_copy(own, made):
        replace_folder(made, own)
    _point(folder, own)


def former_champion(folder: Path, version: str) -> Artifact:
    """Read a version that is, or once was, in service under a name or for a segment beside it, without MLflow.

    Version 0 has no copy: it is made of the process alone (``scoring.version_zero``).

    Parameters
    ----------
    folder
        The name that readers open.
    version
        Registered version.

    Raises
    ------
    ArtifactError
        That version was never in service here, or its copy is missing or changed.
    """
    copies = _copies(folder, version) if version.isalnum() else []
    if not copies:
        raise ArtifactError(
            f"no copy of version {version} beside {folder}", "a version that was in service", "promote it once again"
        )
    artifact = read_artifact(copies[0])
    if artifact.version != version:
        raise ArtifactError(f"version {artifact.version} in {copies[0]}", f"version {version}", "promote it once again")
    return artifact


def withdraw_artifact(folder: Path) -> None:
    """Take what is in service out of it; readers then fall back to version 0. The copy stays."""
    if folder.is_symlink():
        folder.unlink()
    elif folder.exists():  # a plain folder, such as one restored from a backup
        shutil.rmtree(folder)


def segment_folder(folder: Path, segment: Segment) -> Path:
    """Name that readers open for the model of a segment, beside the one in service for all."""
    return segments_folder(folder) / segment.slug


def place_of(folder: Path, segment: str) -> Path:
    """Name that readers open for the model of a segment as it is written, of all when it is empty."""
    return segment_folder(folder, segment_of(segment)) if segment else folder


def segments_folder(folder: Path) -> Path:
    """Folder that holds the models of segments beside the one in service for all."""
    return folder.with_name(f"{folder.name}-segments")


def exported_segments(folder: Path) -> tuple[list[Artifact], list[ArtifactError]]:
    """Read the models of segments in service beside one for all, by name, and why others do not load."""
    models, errors = [], []
    links = sorted(path for path in segments_folder(folder).glob("*") if path.is_symlink())
    for link in links:
        try:
            models.append(read_artifact(link))
        except ArtifactError as error:
            errors.append(error)
        except Exception as problem:  # checksums hold, yet it is no model of ours
            found = f"a model in {link} that does not load ({type(problem).__name__})"
            errors.append(ArtifactError(found, "a model of this version", "train and promote it again"))
    return models, errors


def is_exported(folder: Path) -> bool:
    """Tell whether something is in service under the name, in whatever state it is."""
    return folder.is_symlink() or folder.exists()


def _own_folder(folder: Path, version: str) -> Path:
    # Not resolved itself: it is a link to the folder of another version.
    return folder.parent.resolve() / f"{folder.name}-{version}"


def _copies(folder: Path, version: str) -> list[Path]:
    """Find the folders of a version: a version is of all or of one segment."""
    of_segments = sorted(path for path in segments_folder(folder).glob(f"*-{version}") if not path.is_symlink())
    return [path for path in (_own_folder(folder, version), *of_segments) if path.is_dir()]


def _is_copy(own: Path, made: Path) -> bool:
    """Tell whether a folder is whole and holds the same model; a new registry counts versions from 1 again."""
    try:
        read_artifact(own)
    except ArtifactError:
        return False
    return (own / MANIFEST).read_bytes() == (made / MANIFEST).read_bytes()


def _point(folder: Path, own: Path) -> None:
    if folder.exists() and not folder.is_symlink():
        # A plain folder, such as one restored from a backup, cannot be replaced in one step.
        shutil.rmtree(folder)
    link = folder.with_name(f".{folder.name}-next")
    link.unlink(missing_ok=True)
    link.symlink_to(own.name, target_is_directory=True)
    os.replace(link, folder)
