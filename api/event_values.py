"""Values that events set: judged as the same field is in a PUT."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, create_model
from pydantic_core import to_json

from api.event_schemas import AccountBody, ContactBody, FieldChange, OpportunityBody
from api.field_types import Strict

_BODIES: dict[str, type[Strict]] = {
    "opportunity_id": OpportunityBody,
    "account_id": AccountBody,
    "contact_id": ContactBody,
}
_NAMED_OTHERWISE = {"owner": "owner_id"}
_NO_FIELDS = ("attributes", "stage", "process")
"""What no ``field_change`` sets: the field is what is wrong, whatever its value."""


def _of(body: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """For each field of a body a model of its value alone."""
    found: dict[str, type[BaseModel]] = {}
    for name, field in body.model_fields.items():
        if name in _NO_FIELDS:
            continue
        value: Any = (field.annotation, field)
        found[name] = create_model(name, __base__=Strict, value=value)
    return found


_VALUES = {subject: _of(body) for subject, body in _BODIES.items()}


def check_value(event: Any) -> None:
    """Hold the value of a changed field against what a PUT of that field takes; events of other types pass.

    Raises
    ------
    ValidationError
        A PUT would not take it; its place is ``value``.
    """
    if not isinstance(event, FieldChange):
        return
    subject = next(name for name in _VALUES if getattr(event, name) is not None)
    model = _VALUES[subject].get(_NAMED_OTHERWISE.get(event.field, event.field))
    if model is not None:
        model.model_validate_json(to_json({"value": event.value}, inf_nan_mode="constants"))
