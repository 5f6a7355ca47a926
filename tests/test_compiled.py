"""Compiled loops are kept on disk where that is possible, and work where it is not."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from features import window_kernels
from features.windows import compile_kernels

LOOP = """
from features.compiled import compiled

@compiled
def twice(number):
    return 2 * number
"""


def run_elsewhere(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def test_a_second_process_loads_the_compiled_loops_from_disk() -> None:
    compile_kernels()
    assert list(Path(window_kernels.aggregate.stats.cache_path).glob("window_kernels.aggregate*.nbc"))  # type: ignore[attr-defined]
    code = """
from features import windows, window_kernels
windows.compile_kernels()
print(sum(window_kernels.aggregate.stats.cache_hits.values()))
"""
    assert run_elsewhere(code) == "1"


def test_a_loop_is_compiled_once_and_kept_where_the_environment_says(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP)
    code = "import loop; print(loop.twice(21), sum(loop.twice.stats.cache_hits.values()))"
    places = {"PYTHONPATH": str(tmp_path), "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    first = run_elsewhere(code, **places)
    assert list((tmp_path / "cache").rglob("loop.twice*.nbc"))
    assert (first, run_elsewhere(code, **places)) == ("42 0", "42 1")


def test_the_loops_work_where_no_folder_can_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "loop.py").write_text(LOOP)
    code = """
import numba.core.caching as caching
caching.CacheImpl._locator_classes = []  # as if no folder could be written to
import loop
from features import windows
print(loop.twice(21), loop.twice.stats.cache_path, windows.kernels.aggregate.stats.cache_path)
"""
    assert run_elsewhere(code, PYTHONPATH=str(tmp_path)) == "42 None None"
