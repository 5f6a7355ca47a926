"""What happens in the simulated world, kept as columns until it becomes tables."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]


class Journal:
    """Chunks of rows by table, joined at the end.

    Examples
    --------
    >>> journal = Journal()
    >>> journal.add("stages", opportunity=np.array([4, 5]), at=np.array([1.5, 2.5]), stage=0)
    >>> journal.columns("stages", ("at", "stage"))["stage"].tolist()
    [0, 0]
    """

    def __init__(self) -> None:
        self._chunks: dict[str, list[dict[str, Column]]] = {}

    def add(self, table: str, opportunity: Column, at: Column, **columns: Column | float) -> None:
        """Append rows; a column that is a single number is the same in every row."""
        if len(opportunity):
            rows = {"opportunity": opportunity, "at": at, **columns}
            self._chunks.setdefault(table, []).append(
                {name: np.broadcast_to(np.asarray(values), opportunity.shape) for name, values in rows.items()}
            )

    def columns(self, table: str, names: tuple[str, ...]) -> dict[str, Column]:
        """Join the chunks of a table; a column that a chunk lacks is NaN there."""
        chunks = self._chunks.get(table, [])
        return {name: _joined([_column(chunk, name) for chunk in chunks]) for name in names}


def _column(chunk: dict[str, Column], name: str) -> Column:
    return chunk[name] if name in chunk else np.full(len(chunk["at"]), np.nan)


def _joined(parts: list[Column]) -> Column:
    return np.concatenate(parts) if parts else np.empty(0)
