"""A service that is killed while it takes in events: every acknowledged row is there, none twice, none half."""

from __future__ import annotations

from pathlib import Path

import pytest

from features.history.database.engine import Database
from tests.live_process import kill_at_random_moments


def test_what_was_acknowledged_survives_a_kill(database: Database, tmp_path: Path) -> None:
    # benchmarks/killed.py kills it at fifty moments.
    url = database.engine.url.render_as_string(hide_password=False)
    found = kill_at_random_moments(tmp_path, url, moments=3, seed=1)
    if found["acknowledged"] == 0:
        pytest.fail("nothing was acknowledged, so nothing was tested")
    assert (found["missing"], found["twice"], found["half"]) == (0, 0, 0)
