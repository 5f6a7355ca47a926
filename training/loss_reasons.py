"""Why opportunities were lost: shares of each recorded reason, overall, by stage reached and by segment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.as_of import known_as_of
from features.history.history import History
from features.instants import micros
from features.lost_reason_features import FIELD, said_by
from features.outcomes import LOST
from features.past_results import entity_values
from features.view import View
from training.groupings import ALL, NOT_RECORDED, SEGMENTS, STAGE, most_frequent
from training.reliability import FEWEST

Words = NDArray[np.object_]


def lost_reasons(history: History, as_of: pd.Timestamp | None = None) -> list[dict[str, Any]]:
    """Share of each reason among the lost opportunities: of all, by the furthest stage reached, by segment.

    Parameters
    ----------
    history
        The recorded past; what was recorded after ``as_of`` is not used.
    as_of
        The end of the history when None.

    Returns
    -------
    Records ``{by, group, reason, opportunities, of, share, enough}``, the most frequent reason
    first. Reason ``""`` stands for lost without a recorded reason; ``enough`` is false where
    fewer than 30 were lost. Of reasons and of the values of a segment the 8 most frequent are
    told apart; the other reasons count in ``of``.

    Examples
    --------
    >>> from features.history.simulated import simulate
    >>> found = lost_reasons(simulate(150, seed=1))
    >>> found[0]["by"], found[0]["group"], found[0]["enough"]
    ('all', 'all', True)
    """
    known = known_as_of(history, as_of if as_of is not None else history.observed_until)
    view, reasons = final_view(known), reasons_at_end(known)
    lost = np.flatnonzero(np.array([reason is not None for reason in reasons], dtype=bool))
    groups: dict[str, Words] = {ALL: np.full(len(view), ALL, dtype=object), STAGE: _stage_reached(view)}
    entities, rows = entity_values(view), known.opportunities
    segments = {name: entities[name] for name in SEGMENTS} | {"process": rows["process"].to_numpy(dtype=object)}
    segments |= {
        f"attribute_{a.name}": rows[a.name].astype(object).where(rows[a.name].notna(), None).to_numpy(dtype=object)
        for a in known.attributes.values()
        if a.type == "category" and a.measured == "creation" and a.name in rows
    }
    ids = rows["opportunity_id"].to_numpy(dtype=object)
    groups |= {name: most_frequent(values, ids) for name, values in segments.items() if len(set(values[lost])) > 1}
    return reason_shares({name: values[lost] for name, values in groups.items()}, reasons[lost], ids[lost])


def reason_shares(groups: Mapping[str, Words], reasons: Words, opportunities: Words) -> list[dict[str, Any]]:
    """Share of each reason in each group of each grouping; an opportunity counts once in a group.

    Parameters
    ----------
    groups
        Group of each lost snapshot or opportunity, by grouping, shape (n,); None is in no group.
    reasons, opportunities
        Its reason, ``""`` when none is recorded, and its opportunity, shape (n,).
    """
    kept = most_frequent(reasons, opportunities)
    records = []
    for by, values in groups.items():
        frame = pd.DataFrame({"group": values, "reason": kept, "id": opportunities}).drop_duplicates(["group", "id"])
        for group, part in frame[frame["group"].notna()].groupby("group", sort=True):
            count = part["reason"].value_counts()
            ordered = sorted(count.items(), key=lambda item: (-item[1], str(item[0])))
            records += [_record(by, str(group), str(reason), int(n), len(part)) for reason, n in ordered]
    return records


def _record(by: str, group: str, reason: str, count: int, of: int) -> dict[str, Any]:
    shares = {"opportunities": count, "of": of, "share": count / of, "enough": of >= FEWEST}
    return {"by": by, "group": group, "reason": reason} | shares


def final_view(known: History) -> View:
    """See every opportunity at the end of what is known."""
    size, until = len(known.opportunities), int(micros(pd.Index([known.observed_until]))[0])
    return View(known, np.arange(size, dtype=np.int64), np.full(size, until, dtype=np.int64))


def reasons_at_end(known: History) -> Words:
    """Reason of each opportunity that is lost at the end, ``""`` when none is recorded; None for the others.

    A reason of an earlier close, before a reopening, is not that of the last.
    """
    view = final_view(known)
    stage = view.stage_path.stage
    lost = np.where(stage >= 0, view.stage_outcome[stage], 0) == LOST
    said = said_by(view, view.as_of, view.as_of + 1)
    begun = np.where(view.stage_path.reopened > 0, view.stage_path.spell_start, -1)
    of_last = view.levels(FIELD, []).said_at > begun
    words = [
        None if not ended else reason if ours and reason is not None else NOT_RECORDED
        for ended, ours, reason in zip(lost, of_last, said, strict=True)
    ]
    return np.array(words, dtype=object)


def _stage_reached(view: View) -> Words:
    """Key of the furthest open stage that each opportunity reached; ``""`` when none is known."""
    several = len(view.history.processes) > 1
    names = {
        (process.name, place): f"{process.name}/{stage.key}" if several else stage.key
        for process in view.history.processes.values()
        for place, stage in enumerate(process.stages)
    }
    process = view.history.opportunities["process"]
    reached = zip(process, view.stage_path.furthest, strict=True)
    return np.array([names.get((name, int(place)), NOT_RECORDED) for name, place in reached], dtype=object)
