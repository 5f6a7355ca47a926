"""The files of an export: finds those that a mapping names, and reads each once."""

from __future__ import annotations

import fnmatch
from pathlib import Path

from features.errors import UnreadableSourceError
from features.history.source_files import SourceFile, read_source_file, source_format


class SourceFolder:
    """An export: a folder of files, or a single file.

    Parameters
    ----------
    source
        The folder or file.
    encoding
        Of its text files; None means found out.

    Raises
    ------
    UnreadableSourceError
        There is nothing at that place.
    """

    def __init__(self, source: Path, encoding: str | None = None) -> None:
        if not source.exists():
            raise UnreadableSourceError(f"nothing at {source}", "a folder or file of an export", "correct the path")
        self.source = source
        self.encoding = encoding
        self.paths = [source] if source.is_file() else sorted(p for p in source.iterdir() if p.is_file())
        self._read: dict[tuple[Path, str | None], SourceFile] = {}

    @property
    def readable(self) -> list[Path]:
        """Files of a format that can be read."""
        return [path for path in self.paths if source_format(path)]

    @property
    def not_read(self) -> list[str]:
        """Names of files that nothing has read."""
        read = {path for path, _ in self._read}
        return [path.name for path in self.paths if path not in read]

    def find(self, pattern: str | None, *, alone: bool = False) -> list[Path]:
        """Return the files that a mapping means.

        Parameters
        ----------
        pattern
            A file name, perhaps with ``*``; the same name in another format counts when
            the exact one is not there. None means the only file.
        alone
            Whether the mapping names this file only: a single file is then meant,
            whatever it is called.
        """
        if self.source.is_file() and (pattern is None or alone):
            return self.paths
        if pattern is None:
            if len(self.readable) == 1:
                return self.readable
            raise UnreadableSourceError(
                f"{len(self.readable)} files in {self.source}, and no name in the mapping",
                "a single file, or file: in each source of the mapping",
                "name the file",
            )
        named = [path for path in self.paths if fnmatch.fnmatchcase(path.name, pattern)]
        return named or [p for p in self.readable if _stem(p.name) == _stem(pattern)]

    def read(self, path: Path, sheet: str | None = None) -> SourceFile:
        """Read a file, once however often it is asked for."""
        if (path, sheet) not in self._read:
            self._read[path, sheet] = read_source_file(path, self.encoding, sheet)
        return self._read[path, sheet]

    def missing(self, pattern: str) -> UnreadableSourceError:
        """Return the error for a file that is not there."""
        return UnreadableSourceError(
            f"no file {pattern} in {self.source}",
            f"one of {', '.join(path.name for path in self.paths) or 'its files (there are none)'}",
            "correct the file in the mapping, or mark the source optional: true",
        )


def _stem(name: str) -> str:
    return name.split(".")[0].casefold()
