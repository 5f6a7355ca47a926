"""Compiled loops: how they are compiled, kept on disk, and spread over threads.

Each loop is compiled once by numba and kept on disk: beside the source, else in the
user's cache folder, else where ``NUMBA_CACHE_DIR`` says. Later processes load it in
milliseconds. Where no folder can be written to, loops are compiled anew by each process.

Loops release the interpreter lock and are spread over plain threads. Numba's own
parallel loops are not used: their thread pool may abort the process when two threads of
a service call at once or after a fork, and they load several times slower.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, cast

import numba
import numpy as np
import numpy.typing as npt

Loop = TypeVar("Loop", bound=Callable[..., Any])
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SMALL = 20_000
"""Rows below which threads cost more than they save."""


def compiled(loop: Loop) -> Loop:
    """Compile a loop when it is first called; keep the result on disk where that is possible."""
    try:
        return cast(Loop, numba.njit(cache=True, nogil=True)(loop))
    except RuntimeError:  # numba found no folder that it may write to
        return cast(Loop, numba.njit(nogil=True)(loop))


def column(values: npt.ArrayLike) -> Ints:
    """Return whole numbers as a contiguous read-only view, copied only if need be.

    Always read-only, because numba would compile a loop again for each mixture of
    writable and read-only arrays, and pandas gives out both.

    Examples
    --------
    >>> column([1, 2]).flags.writeable
    False
    """
    if isinstance(values, np.ndarray) and values.dtype == np.int64 and values.flags.c_contiguous:
        if values.flags.writeable:
            values = values.view()
            values.flags.writeable = False
        return values
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    view = np.ascontiguousarray(array.astype(np.int64, casting="safe", copy=False)).view()
    view.flags.writeable = False
    return view


def threads() -> int:
    """Return how many threads to use: the processors of this process, or ``NUMBA_NUM_THREADS``."""
    return int(numba.config.NUMBA_NUM_THREADS)


def spread(loop: Callable[..., None], rows: int, *arguments: Any, parts: int | None = None) -> None:
    """Call ``loop(low, high, *arguments)`` for consecutive ranges that cover all rows.

    Each row must be computed from the arguments alone and written to its own place, so
    that the ranges and threads cannot matter.

    Parameters
    ----------
    rows
        Number of rows to cover.
    parts
        Number of ranges; by default about one per ``SMALL`` rows.

    Examples
    --------
    >>> spread(lambda low, high: print(low, high), 3, parts=2)
    0 2
    2 3
    """
    step = max(1, -(-rows // parts)) if parts else SMALL
    if rows <= step or threads() == 1:
        loop(0, rows, *arguments)
        return
    with ThreadPoolExecutor(threads()) as pool:
        for done in [pool.submit(loop, low, min(low + step, rows), *arguments) for low in range(0, rows, step)]:
            done.result()
