"""The course of the simulated opportunities, day by day.

Every day an open opportunity may be won or lost, by two cause-specific hazards that
know only the days before; the rest of the day follows from that state too, and never
from how the opportunity will end.
"""

from __future__ import annotations

import numpy as np

from features.history.simulated_behaviour import (
    assess,
    call,
    change_fields,
    listed,
    meet,
    visit,
    write,
)
from features.history.simulated_population import Population
from features.history.simulated_state import State, first_state
from features.history.simulated_world import (
    AMOUNT,
    ASSESSED,
    BACK_EFFECT,
    BACK_PACE,
    CONTACT_EFFECT,
    DAYS,
    DUE,
    INTENT_EFFECT,
    INTENT_MOVES,
    INTENT_RETURNS,
    KINDS,
    LEVEL_EFFECT,
    LOSS_EFFECT,
    LOSS_HAZARD,
    LOSS_RISE,
    LOST,
    LOST_REASONS,
    OVERDUE_EFFECT,
    OWNER_SKILL,
    PACE_EFFECT,
    PUSH_EFFECT,
    REASON,
    REOPENED,
    REPEAT_EFFECT,
    SILENCE_EFFECT,
    SKIPS,
    STAGE_PACE,
    WIN_EFFECT,
    WIN_FADES,
    WIN_HAZARD,
    WON,
    Floats,
    Integers,
)

_AUTHORITY = ASSESSED.index("authority")


def run_course(
    population: Population,
    rng: np.random.Generator,
    days: int = DAYS + 1,
    contact_effect: Floats = CONTACT_EFFECT,
) -> State:
    """Let the days pass; return the last state with its journal.

    The day after the last is passed too, so that whoever was created on the last day begins.
    """
    state = first_state(population, rng, contact_effect)
    entered = np.searchsorted(population.created, np.arange(days + 1))
    active = np.empty(0, dtype=np.int64)
    for day in range(1, days):
        fresh = np.arange(entered[day - 1], entered[day])
        _begin(state, population, fresh, rng)
        again = np.flatnonzero(state.reopen_at == day)
        _reopen(state, again, day, rng)
        active = np.concatenate([active, fresh, again])
        _pass_day(state, population, active, day, rng)
        active = active[state.stage[active] < WON]
    return state


def _begin(state: State, p: Population, fresh: Integers, rng: np.random.Generator) -> None:
    state.base[fresh] += REPEAT_EFFECT * (state.account_wins[p.account[fresh]] > 0)
    at, journal = p.created[fresh], state.journal
    _enter(state, fresh, at)
    journal.add("fields", fresh, at, field=AMOUNT, value=listed(state.amount[fresh]))
    journal.add("fields", fresh, at, field=DUE, value=state.due[fresh])
    said_unknown = fresh[rng.random(len(fresh)) < 0.3]
    for letter in range(3):
        journal.add("fields", said_unknown, p.created[said_unknown], field=letter, value=-1)


def _reopen(state: State, again: Integers, day: int, rng: np.random.Generator) -> None:
    state.stage[again] = 1
    state.opened[again] = state.last_contact[again] = day
    state.due[again] = day + 60
    state.reopen_at[again] = np.inf
    at = day - rng.random(len(again))
    _enter(state, again, at)
    state.journal.add("fields", again, at, field=DUE, value=day + 60)


def _enter(state: State, who: Integers, at: Floats) -> None:
    state.journal.add("stages", who, at, stage=state.stage[who], owner=state.owner[who])


def _pass_day(state: State, p: Population, a: Integers, day: int, rng: np.random.Generator) -> None:
    closing = _closing(state, a, day, rng)
    visit(state, a, day, rng)
    spoken = write(state, p, a, day, rng) | call(state, a, day, rng) | meet(state, a, day, rng)
    assess(state, a, day, rng)
    change_fields(state, a, day, rng)
    _move(state, a[closing == 0], day, rng)
    state.contact[a] = 0.96 * state.contact[a] + spoken
    state.last_contact[a[spoken]] = day
    state.intent[a] += INTENT_RETURNS * (p.temper[a] - state.intent[a]) + INTENT_MOVES * rng.normal(size=len(a))
    _close(state, p, a[closing > 0], closing[closing > 0], day, rng)


def readiness(state: State, a: Integers) -> Floats:
    """What drives both hazards, log scale: the higher, the sooner won and the later lost."""
    levels = state.levels[:, a]
    ready = state.base[a] + OWNER_SKILL[state.owner[a]] + INTENT_EFFECT * state.intent[a]
    for index in range(len(ASSESSED)):
        ready += LEVEL_EFFECT[index][levels[index]]
    ready += state.contact_effect[levels[_AUTHORITY]] * (np.log1p(state.contact[a]) - 0.5)
    return ready + PUSH_EFFECT * np.minimum(state.pushes[a], 2)


def hazards(state: State, a: Integers, day: int) -> tuple[Floats, Floats]:
    """Return the chances to be won and to be lost on this day."""
    ready, age, stage = readiness(state, a), day - state.opened[a], state.stage[a]
    silence = np.minimum(day - state.last_contact[a], 60) / 60
    overdue = np.clip(day - state.due[a], 0, 30) / 30
    win = (
        np.log(WIN_HAZARD[stage])
        + WIN_EFFECT * ready
        - age / WIN_FADES
        - OVERDUE_EFFECT * overdue
        - SILENCE_EFFECT * silence
    )
    loss = np.log(LOSS_HAZARD[stage]) - LOSS_EFFECT * ready + LOSS_RISE * np.minimum(age, 180) / 180
    loss += OVERDUE_EFFECT * overdue + SILENCE_EFFECT * silence
    return -np.expm1(-np.exp(win)), -np.expm1(-np.exp(loss))


def _closing(state: State, a: Integers, day: int, rng: np.random.Generator) -> Integers:
    win, loss = hazards(state, a, day)
    draw = rng.random(len(a))
    return np.where(draw < win, WON, np.where(draw < win + loss, LOST, 0))


def _close(state: State, p: Population, who: Integers, closing: Integers, day: int, rng: np.random.Generator) -> None:
    at = day + rng.random(len(who))
    state.stage[who] = closing
    _enter(state, who, at)
    np.add.at(state.account_wins, p.account[who[closing == WON]], 1)
    lost = closing == LOST
    reason = rng.integers(0, len(LOST_REASONS), int(lost.sum()))
    state.journal.add("fields", who[lost], at[lost], field=REASON, value=reason)
    again = lost & (rng.random(len(who)) < REOPENED) & (state.opened[who] == p.created[who])
    state.reopen_at[who[again]] = day + 10 + np.ceil(rng.exponential(40, int(again.sum())))


def _move(state: State, a: Integers, day: int, rng: np.random.Generator) -> None:
    stage, draw = state.stage[a], rng.random(len(a))
    ready = np.clip(readiness(state, a), -3, 2)
    forward = draw < STAGE_PACE[stage] * np.exp(PACE_EFFECT * ready)
    back = (stage >= 2) & (draw > 1 - BACK_PACE * np.exp(-BACK_EFFECT * ready))
    by = np.where(rng.random(len(a)) < SKIPS, 2, 1)
    target = np.clip(stage + np.where(forward, by, 0) - back, 0, 4)
    moved = target != stage
    who, at = a[moved], day + rng.random(int(moved.sum()))
    state.stage[who] = target[moved]
    _enter(state, who, at)
    quoted = (target[moved] == 3) & (stage[moved] < 3)
    value = listed(state.amount[who[quoted]])
    state.journal.add("activities", who[quoted], at[quoted] + 0.01, kind=KINDS.index("quote"), inbound=0, value=value)
