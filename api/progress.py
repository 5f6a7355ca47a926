"""Progress of long work: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
from types import TracebackType
from typing import Self

from tqdm import tqdm


class Progress:
    """Steps of long work, told on the error stream.

    Parameters
    ----------
    steps
        How many lines are expected; the bar grows when there are more.
    """

    def __init__(self, steps: int) -> None:
        self.bar = (
            tqdm(total=steps, file=sys.stderr, bar_format="{l_bar}{bar}| {desc}") if sys.stderr.isatty() else None
        )

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the bar."""
        if self.bar is not None:
            self.bar.close()

    def __call__(self, line: str) -> None:
        """Tell one step."""
        if self.bar is None:
            print(line, file=sys.stderr, flush=True)
            return
        if self.bar.total is not None and self.bar.n >= self.bar.total:
            self.bar.total += 1
        self.bar.set_description_str(line)
        self.bar.update(1)
