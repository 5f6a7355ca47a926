"""What happens around the simulated opportunities: before they exist and after they close."""

from __future__ import annotations

import numpy as np

from features.history.simulated_population import Population
from features.history.simulated_state import State
from features.history.simulated_world import DAYS, KINDS, TOPICS, WON, Floats, Integers

_SITE_VISIT = KINDS.index("site_visit")
_AFTER_CLOSE = tuple(KINDS.index(kind) for kind in ("email_sent", "site_visit", "call"))


def add_surroundings(state: State, p: Population, rng: np.random.Generator) -> State:
    """Add visits of accounts and activities after the close to the journal."""
    _visits_before(state, p, rng)
    _visits_of_idle_accounts(state, p, rng)
    _after_close(state, rng)
    return state


def _visits_before(state: State, p: Population, rng: np.random.Generator) -> None:
    who = np.repeat(np.arange(len(p)), rng.poisson(1.2 * np.exp(0.5 * p.temper)))
    at = p.created[who] - rng.exponential(15, len(who))
    kept = (at > p.account_created[p.account[who]]) & (at > 0)
    _account_visits(state, p.account[who[kept]], at[kept], rng)


def _visits_of_idle_accounts(state: State, p: Population, rng: np.random.Generator) -> None:
    idle = np.arange(p.accounts, p.all_accounts)
    account = np.repeat(idle, rng.poisson(4, len(idle)))
    first = np.maximum(p.account_created[account], 0)
    _account_visits(state, account, first + (DAYS - first) * rng.random(len(account)), rng)


def _account_visits(state: State, account: Integers, at: Floats, rng: np.random.Generator) -> None:
    nobody = np.full(len(account), np.nan)
    dwell = np.round(60 * np.exp(rng.normal(0, 0.8, len(account))))
    topic = rng.integers(0, len(TOPICS), len(account))
    state.journal.add(
        "activities", nobody, at, account=account, kind=_SITE_VISIT, inbound=1, duration=dwell, topic=topic
    )


def _after_close(state: State, rng: np.random.Generator) -> None:
    """Contact goes on for a while, the same whether won or lost."""
    stages = state.journal.columns("stages", ("opportunity", "at", "stage"))
    closed = stages["stage"] >= WON
    again = rng.poisson(1.5, int(closed.sum()))
    who = np.repeat(stages["opportunity"][closed], again).astype(np.int64)
    at = np.repeat(stages["at"][closed], again) + rng.exponential(25, len(who))
    kind = rng.choice(_AFTER_CLOSE, len(who))
    state.journal.add("activities", who, at, kind=kind, inbound=kind == _SITE_VISIT, role=rng.random(len(who)))
