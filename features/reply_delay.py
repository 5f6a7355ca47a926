"""How long the buyer takes to answer an e-mail."""

from __future__ import annotations

import numpy as np
import pandas as pd

from features.compiled import Ints, column, compiled
from features.instants import DAY, micros
from features.paths import Floats, Timeline, timeline
from features.view import View


@compiled
def _sum_delays(
    sent_starts: Ints,
    sent_occurred: Ints,
    sent_recorded: Ints,
    sent_until: Floats,
    starts: Ints,
    occurred: Ints,
    recorded: Ints,
    until: Floats,
    key: Ints,
    as_of: Ints,
    delay: Ints,
    pairs: Ints,
) -> None:  # pragma: no cover - compiled
    for i in range(len(key)):
        now, s, last_sent = as_of[i], sent_starts[key[i]], np.int64(-1)
        for e in range(starts[key[i]], starts[key[i] + 1]):
            if occurred[e] > now:
                break
            if recorded[e] > now or until[e] <= now:
                continue
            while s < sent_starts[key[i] + 1] and sent_occurred[s] < occurred[e]:
                if sent_recorded[s] <= now < sent_until[s]:
                    last_sent = sent_occurred[s]
                s += 1
            if last_sent >= 0:
                delay[i] += occurred[e] - last_sent
                pairs[i] += 1
                last_sent = np.int64(-1)


def mean_reply_delay(view: View) -> Floats:
    """Mean days from our last e-mail before a reply to the reply.

    Each e-mail is answered at most once, and never by a reply of its own instant. NaN
    without a pair of e-mail and reply.
    Sums are of whole microseconds, so that they are exact in any order.
    """
    sent, replied = _mails(view, "email_sent"), _mails(view, "email_replied")
    delay, pairs = np.zeros(len(view), np.int64), np.zeros(len(view), np.int64)
    _sum_delays(*_parts(sent), *_parts(replied), column(view.opportunity), column(view.as_of), delay, pairs)
    return np.where(pairs > 0, delay / np.maximum(pairs, 1) / DAY, np.nan)


def _mails(view: View, kind: str) -> Timeline:
    rows: pd.DataFrame = view.activities
    rows = rows[(rows["kind"] == kind) & ~rows["planned"]]
    return timeline(
        rows["key"].to_numpy(np.int64),
        micros(rows["occurred_at"]),
        micros(rows["recorded_at"]),
        rows["superseded"].to_numpy(np.float64),
        n_keys=len(view.history.opportunities),
    )


def _parts(mails: Timeline) -> tuple[Ints, Ints, Ints, Floats]:
    return mails.starts, mails.occurred, mails.recorded, mails.value
