"""What buyers and sellers do on a day, given the state before it."""

from __future__ import annotations

import numpy as np

from features.history.simulated_population import Population
from features.history.simulated_state import State
from features.history.simulated_world import (
    AMOUNT,
    ASSESSED,
    DUE,
    KINDS,
    LEVEL_CHANGES,
    OWNER,
    OWNERS,
    TOPICS,
    WRONG_ASSESSMENTS,
    Flags,
    Floats,
    Integers,
)

_KIND = {name: index for index, name in enumerate(KINDS)}
_MINUTE = 1 / 1440


def _times(day: int, count: int, rng: np.random.Generator) -> Floats:
    return day + rng.random(count)


def listed(amount: Floats) -> Floats:
    """Round an amount to the next hundred, at least one hundred, as people write it."""
    return np.maximum(np.round(amount, -2), 100)


def visit(state: State, a: Integers, day: int, rng: np.random.Generator) -> None:
    """Visits to our site; the more intent, the more and the longer."""
    who = a[rng.random(len(a)) < 0.05 * np.exp(0.7 * state.intent[a])]
    dwell = np.round(60 * np.exp(rng.normal(0, 0.8, len(who)) + 0.4 * state.intent[who]))
    topic = rng.integers(0, len(TOPICS), len(who))
    at = _times(day, len(who), rng)
    state.journal.add("activities", who, at, kind=_KIND["site_visit"], inbound=1, duration=dwell, topic=topic)


def write(state: State, p: Population, a: Integers, day: int, rng: np.random.Generator) -> Flags:
    """E-mails from us, opened by people and machines; return who replied."""
    sent = rng.random(len(a)) < 0.07
    who = a[sent]
    at = _times(day, len(who), rng)
    state.journal.add("activities", who, at, kind=_KIND["email_sent"], inbound=0)
    _machines(state, p, who, at, rng)
    delay = 0.03 + 0.9 * rng.random(len(who)) ** 2
    opened = rng.random(len(who)) < 1 / (1 + np.exp(0.2 - 0.9 * state.intent[who]))
    clicked = opened & (rng.random(len(who)) < 0.2)
    replied = opened & (rng.random(len(who)) < 0.35 * np.exp(0.4 * np.minimum(state.intent[who], 2)))
    for kind, did, wait in (("email_opened", opened, 0), ("email_clicked", clicked, 1), ("email_replied", replied, 9)):
        role = rng.random(int(did.sum())) if kind == "email_replied" else np.nan
        at_did = (at + delay + wait * _MINUTE)[did]
        state.journal.add("activities", who[did], at_did, kind=_KIND[kind], inbound=1, role=role)
    sent[sent] = replied
    return sent


def _machines(state: State, p: Population, who: Integers, at: Floats, rng: np.random.Generator) -> None:
    for kind, acts, flagged in (("email_opened", p.has_proxy, 0.7), ("email_clicked", p.has_scanner, 0.6)):
        did = acts[who]
        automated = rng.random(int(did.sum())) < flagged
        state.journal.add("activities", who[did], at[did] + _MINUTE, kind=_KIND[kind], inbound=1, automated=automated)


def call(state: State, a: Integers, day: int, rng: np.random.Generator) -> Flags:
    """Telephone calls with the buyer; return who spoke."""
    calls = rng.random(len(a)) < 0.025 * np.exp(0.8 * state.intent[a])
    who = a[calls]
    state.journal.add(
        "activities",
        who,
        _times(day, len(who), rng),
        kind=_KIND["call"],
        inbound=rng.random(len(who)) < 0.4,
        duration=np.round(120 + 900 * rng.random(len(who))),
        role=rng.random(len(who)),
    )
    return calls


def meet(state: State, a: Integers, day: int, rng: np.random.Generator) -> Flags:
    """Hold the meetings planned for this day, most of them; plan new ones. Return who met."""
    today = np.floor(state.meeting_at[a]) <= day
    held = today & (rng.random(len(a)) < 0.85)
    who = a[held]
    state.journal.add(
        "activities",
        who,
        state.meeting_at[who],
        kind=np.where(state.meeting[who] % 4 == 0, _KIND["demo"], _KIND["meeting"]),
        inbound=0,
        duration=np.round(1800 + 3600 * rng.random(len(who))),
        role=rng.random(len(who)),
        meeting=state.meeting[who],
    )
    state.meeting_at[a[today]] = np.inf
    _plan(state, a, day, rng)
    return held


def _plan(state: State, a: Integers, day: int, rng: np.random.Generator) -> None:
    wanted = rng.random(len(a)) < 0.02 * np.exp(0.6 * state.intent[a])
    who = a[wanted & np.isinf(state.meeting_at[a])]
    state.meeting[who] = state.meetings + np.arange(len(who))
    state.meetings += len(who)
    state.meeting_at[who] = day + rng.integers(2, 12, len(who)) + 0.3 + 0.4 * rng.random(len(who))
    state.journal.add(
        "activities",
        who,
        state.meeting_at[who],
        kind=np.where(state.meeting[who] % 4 == 0, _KIND["demo"], _KIND["meeting"]),
        inbound=0,
        meeting=state.meeting[who],
        planned_at=_times(day, len(who), rng),
    )


def assess(state: State, a: Integers, day: int, rng: np.random.Generator) -> None:
    """Assessments that fall due; some are wrong."""
    for index in range(len(ASSESSED)):
        who = a[state.assess_at[index, a] <= day]
        wrong = rng.random(len(who)) < WRONG_ASSESSMENTS
        value = np.where(wrong, rng.integers(0, 3, len(who)), state.levels[index, who])
        state.journal.add("fields", who, _times(day, len(who), rng), field=index, value=value)
        state.assess_at[index, who] = day + 5 + rng.exponential(60, len(who))


def change_fields(state: State, a: Integers, day: int, rng: np.random.Generator) -> None:
    """Amounts shrink, closing dates are pushed, owners change, truths change unseen."""
    _reprice(state, a[rng.random(len(a)) < 0.006], day, rng)
    near = day > state.due[a] - 4
    _push(state, a[near & (rng.random(len(a)) < 0.08)], day, rng)
    _hand_over(state, a[rng.random(len(a)) < 0.0008], day, rng)
    who = a[rng.random(len(a)) < LEVEL_CHANGES]
    index, step = rng.integers(0, len(ASSESSED), len(who)), 2 * rng.integers(0, 2, len(who)) - 1
    state.levels[index, who] = np.clip(state.levels[index, who] + step, 0, 2)


def _reprice(state: State, who: Integers, day: int, rng: np.random.Generator) -> None:
    state.amount[who] *= rng.uniform(0.7, 1.1, len(who))
    at = _times(day, len(who), rng)
    state.journal.add("fields", who, at, field=AMOUNT, value=listed(state.amount[who]))


def _push(state: State, who: Integers, day: int, rng: np.random.Generator) -> None:
    state.due[who] = day + 10 + rng.integers(0, 40, len(who))
    state.pushes[who] += 1
    state.journal.add("fields", who, _times(day, len(who), rng), field=DUE, value=state.due[who])


def _hand_over(state: State, who: Integers, day: int, rng: np.random.Generator) -> None:
    state.owner[who] = rng.integers(0, OWNERS, len(who))
    state.journal.add("fields", who, _times(day, len(who), rng), field=OWNER, value=state.owner[who])
