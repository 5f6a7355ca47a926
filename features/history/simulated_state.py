"""What is true of each simulated opportunity at the start of a day."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from features.history.simulated_journal import Journal
from features.history.simulated_population import Population
from features.history.simulated_world import CONTACT_EFFECT, DAYS, DRIFT, Floats, Integers


@dataclass
class State:
    """One entry an opportunity; times are days since the start.

    ``intent`` is the latent one, ``contact`` the two-way contact of the last weeks
    (each fades by 4 % a day), ``opened`` the start of the present spell, ``contact_effect`` what
    such contact adds by the level of authority.
    """

    stage: Integers
    owner: Integers
    levels: Integers
    intent: Floats
    contact: Floats
    last_contact: Floats
    amount: Floats
    due: Floats
    pushes: Floats
    base: Floats
    assess_at: Floats
    meeting_at: Floats
    meeting: Integers
    opened: Floats
    reopen_at: Floats
    account_wins: Integers
    contact_effect: Floats
    meetings: int = 0
    journal: Journal = field(default_factory=Journal)


def first_state(p: Population, rng: np.random.Generator, contact_effect: Floats = CONTACT_EFFECT) -> State:
    """Return the state in which the opportunities begin."""
    n = len(p)
    return State(
        stage=(rng.random(n) < 0.2).astype(np.int64),
        owner=p.owner.copy(),
        levels=p.levels.copy(),
        intent=p.temper + rng.normal(0, 0.6, n),
        contact=np.zeros(n),
        last_contact=p.created.copy(),
        amount=p.amount.copy(),
        due=p.due.copy(),
        pushes=np.zeros(n),
        base=p.base + DRIFT * p.created / DAYS,
        assess_at=p.assess_at.copy(),
        meeting_at=np.full(n, np.inf),
        meeting=np.zeros(n, dtype=np.int64),
        opened=p.created.copy(),
        reopen_at=np.full(n, np.inf),
        account_wins=np.zeros(p.accounts, dtype=np.int64),
        contact_effect=contact_effect,
    )
