"""Every error of the project.

::

    DealoddsError                 found, expected, what to do
    ├── DataError                 the data do not allow it
    │   ├── SchemaError           a table is not what the schema says
    │   ├── ProcessError          the sales process is not well described
    │   ├── MappingError          a mapping file is wrong, or does not fit its source
    │   ├── UnreadableSourceError a source file cannot be read
    │   └── NotEnoughDataError    too little history for what was asked
    ├── RequestError              a live request is wrong; carries the field
    │   ├── UnknownStageError     a stage the process does not have
    │   ├── FutureEventError      an event that claims to have happened after ``as_of``
    │   ├── ConflictingEventError one event id with two bodies
    │   └── NotKnownError         what was asked for is not recorded
    ├── DatabaseError             a database cannot do it
    │   ├── DatabaseUnavailableError  it does not answer
    │   ├── DatabaseFullError     it has no room left
    │   └── DatabaseOutdatedError its tables are of another version
    └── ModelError                the model does not allow it
        ├── ArtifactError         a model folder is missing, changed or of another version
        ├── NoChampionError       nothing is in service
        └── RegistryError         MLflow refused, or lacks what was asked for

The errors know nothing of HTTP or of exit codes: the two doors map them.
"""

from __future__ import annotations


class DealoddsError(Exception):
    """An error a user can act on.

    Parameters
    ----------
    found
        What was found, with the offending value.
    expected
        What would have been right.
    do
        What the reader can do now.

    Examples
    --------
    >>> print(DealoddsError("stage 'WAIT'", "one of NEW, WON", "correct the stage"))
    Found: stage 'WAIT'. Expected: one of NEW, WON. Do: correct the stage.
    """

    def __init__(self, found: str, expected: str, do: str) -> None:
        self.found, self.expected, self.do = (part.rstrip(".") for part in (found, expected, do))
        super().__init__(f"Found: {self.found}. Expected: {self.expected}. Do: {self.do}.")


class DataError(DealoddsError):
    """The data do not allow what was asked."""


class SchemaError(DataError):
    """A table is not what the schema says."""


class ProcessError(DataError):
    """The sales process is not well described."""


class MappingError(DataError):
    """A mapping file is wrong, or does not fit its source."""


class UnreadableSourceError(DataError):
    """A source file cannot be read."""


class NotEnoughDataError(DataError):
    """There is too little history for what was asked."""


class RequestError(DealoddsError):
    """A live request is wrong.

    Parameters
    ----------
    field
        Where in the request, as a JSON pointer such as
        ``/opportunities/0/stage_history/1/stage``.
    """

    def __init__(self, found: str, expected: str, do: str, field: str = "") -> None:
        self.field = field
        super().__init__(found, expected, do)


class UnknownStageError(RequestError):
    """A stage that the process does not have."""


class FutureEventError(RequestError):
    """An event that claims to have happened after ``as_of``."""


class ConflictingEventError(RequestError):
    """One event id came with two different bodies."""


class NotKnownError(RequestError):
    """What was asked for is not recorded."""


class DatabaseError(DealoddsError):
    """A database cannot do what was asked."""


class DatabaseUnavailableError(DatabaseError):
    """The database does not answer; what was asked may be tried again."""


class DatabaseFullError(DatabaseError):
    """The database has no room left; nothing of what was sent is kept."""


class DatabaseOutdatedError(DatabaseError):
    """The tables of the database are of another version."""


class ModelError(DealoddsError):
    """The model does not allow what was asked."""


class ArtifactError(ModelError):
    """A model folder is missing, changed, or of another version."""


class NoChampionError(ModelError):
    """No model is in service."""


class RegistryError(ModelError):
    """MLflow refused, or lacks what was asked for."""
