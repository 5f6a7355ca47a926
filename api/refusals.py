"""Why events are refused, in a few words that hold nothing of what was sent."""

from __future__ import annotations

from collections.abc import Sequence

from api.event_schemas import EVENT_MODELS
from api.problems import Part

FIELDS = frozenset(name for model in EVENT_MODELS.values() for name in model.model_fields)
"""Fields of events; whatever else a sender writes is no name of ours."""


def refusal_of(status: int, parts: Sequence[Part], is_read: bool) -> tuple[str, str]:
    """Name the reason of a refusal, and the field of an event that it is about.

    Parameters
    ----------
    status
        409 or 422.
    parts
        What is wrong; the first counts.
    is_read
        False: the event is not as its schema says.

    Examples
    --------
    >>> wrong = Part(pointer="/stage", found="stage 'x'", expected="one of won, lost", do="correct it")
    >>> refusal_of(422, [wrong], is_read=True), refusal_of(422, [], is_read=False)
    (('content', 'stage'), ('schema', 'other'))
    """
    reason = "conflict" if status == 409 else "content" if is_read else "schema"
    first = parts[0].pointer.removeprefix("/").partition("/")[0] if parts else ""
    return reason, first if first in FIELDS else "other"
