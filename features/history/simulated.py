"""A simulated CRM with known hazards, for demonstration and tests; never real.

Its difficulty is fixed and described in ``simulated_world``: see there for every figure.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from features.history.history import Attribute, History, build_history
from features.history.simulated_columns import delays, instants, names, words
from features.history.simulated_course import run_course
from features.history.simulated_population import Population, draw_population
from features.history.simulated_state import State
from features.history.simulated_surroundings import add_surroundings
from features.history.simulated_tables import Writer
from features.history.simulated_world import (
    ADDITIVE_CONTACT_EFFECT,
    CONTACT_EFFECT,
    DAYS,
    END,
    FIELDS,
    KINDS,
    STAGES,
    WON,
    Floats,
)

ATTRIBUTES = {
    "fit_score": Attribute("fit_score", "numeric", "creation", {"en": "fit score", "zh-CN": "匹配度评分"}),
    "segment": Attribute("segment", "category", "creation", {"en": "segment", "zh-CN": "客户规模"}),
}
COLLECTED: dict[str, pd.Timestamp | None] = dict.fromkeys(sorted((*KINDS, *FIELDS, "accounts", "contacts")))
_CHUNK = 50_000


def simulate(opportunities: int, seed: int, *, additive: bool = False) -> History:
    """Simulate a CRM over the two years from 2024-01-01 to 2026-01-01 UTC.

    Parameters
    ----------
    opportunities
        How many are created in the two years, at a steady rate; the period is the
        same whatever the number.
    seed
        Draws the events. Owners, effects and hazards are the same for every seed.
    additive
        Leave out the interaction: contact then adds the same whatever the authority.

    Returns
    -------
    A history with origin ``simulated``, observed until 2026-01-01. It holds what was
    recorded and nothing of what was true: no intent, no true stage, no true level.

    Examples
    --------
    >>> history = simulate(50, seed=1)
    >>> history.origin, history.observed_until.isoformat()
    ('simulated', '2026-01-01T00:00:00+00:00')
    """
    chunks = [
        Writer(
            population,
            add_surroundings(run_course(population, rng, contact_effect=_effect(additive)), population, writing),
            first,
            writing,
            opened=np.minimum(delays(len(population), writing), DAYS - population.created),
            closed=delays(len(population), writing),
        ).tables()
        for first, population, rng, writing in _chunks(opportunities, seed)
    ]
    # Each chunk gives its table away, so that no table is held twice.
    tables = {name: _in_order(pd.concat([chunk.pop(name) for chunk in chunks])) for name in tuple(chunks[0])}
    return build_history(tables, collected=COLLECTED, attributes=ATTRIBUTES, origin="simulated", observed_until=END)


def simulate_outcomes(
    opportunities: int, seed: int, days_beyond: int = 1500, *, additive: bool = False
) -> pd.DataFrame:
    """Say how the same opportunities end, also after the end of the two years.

    For measuring the difficulty of the simulated world only: no history knows this.

    Returns
    -------
    One row a close: ``opportunity_id``, ``created_at``, ``outcome`` (won or lost),
    ``closed_at`` (when it truly closed, not when that was recorded). An opportunity
    that is open even then has no row; a reopened one may have two.

    Examples
    --------
    >>> outcomes = simulate_outcomes(50, seed=1)
    >>> sorted(outcomes["outcome"].unique())
    ['lost', 'won']
    """
    frames = [
        _closes(population, run_course(population, rng, DAYS + 1 + days_beyond, _effect(additive)), first)
        for first, population, rng, _ in _chunks(opportunities, seed)
    ]
    return pd.concat(frames, ignore_index=True)


def _effect(additive: bool) -> Floats:
    return ADDITIVE_CONTACT_EFFECT if additive else CONTACT_EFFECT


def _chunks(
    opportunities: int, seed: int
) -> Iterator[tuple[int, Population, np.random.Generator, np.random.Generator]]:
    for first in range(0, opportunities, _CHUNK):
        course, writing = np.random.SeedSequence([seed, first]).spawn(2)
        rng = np.random.default_rng(course)
        population = draw_population(min(_CHUNK, opportunities - first), rng)
        yield first, population, rng, np.random.default_rng(writing)


def _closes(population: Population, state: State, first: int) -> pd.DataFrame:
    stages = state.journal.columns("stages", ("opportunity", "at", "stage"))
    closes = stages["stage"] >= WON
    who = stages["opportunity"][closes].astype(np.int64)
    return pd.DataFrame(
        {
            "opportunity_id": names("o", who + first),
            "created_at": instants(population.created[who]),
            "outcome": words(stages["stage"][closes], STAGES),
            "closed_at": instants(stages["at"][closes]),
        }
    )


def _in_order(frame: pd.DataFrame) -> pd.DataFrame:
    time = "occurred_at" if "occurred_at" in frame else "created_at"
    return frame.sort_values([time, frame.columns[0]], kind="stable").reset_index(drop=True)
