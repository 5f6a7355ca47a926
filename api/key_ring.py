"""Whose key is it? Answered from memory for a few seconds, then asked of the database again."""

from __future__ import annotations

import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError

from api import clock
from api.store.keys import SCOPES, Grant, digest_of_key, find_digest, find_grant, scopes_of, write_uses
from features.errors import DatabaseError, DealoddsError, RequestError
from features.history.database.engine import Database
from features.instants import SECOND

FRESH_SECONDS = 5.0
"""A revoked key is refused after this at the latest."""
KEPT_SECONDS = 300.0
"""While the database is away a key that was good stays good for this long."""
_MOST_REMEMBERED = 10_000

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Answer:
    """Whose key it is, when the database last said so, and when to ask it again."""

    grant: Grant | None
    checked: float
    ask_again: float


class KeyRing:
    """The keys that are accepted: those given at start, and those of the database.

    Parameters
    ----------
    given
        Keys, each with its scopes after a colon or ``score`` alone; as ``DEALODDS_API_KEYS``.
    database
        Where further keys are; None: nowhere.
    seconds
        A clock that never goes back.
    """

    def __init__(
        self, given: Iterable[str], database: Database | None, seconds: Callable[[], float] = clock.seconds
    ) -> None:
        self._given = given_grants(given)
        self._given_ids = {grant.key_id for grant in self._given.values()}
        self._database, self._seconds = database, seconds
        self._answers: OrderedDict[str, Answer] = OrderedDict()
        self._digests: dict[str, str] = {}
        self._uses: dict[str, int] = {}

    def remembered(self, key: bytes) -> Answer | None:
        """Give what is known of a key without asking; None when the database must be asked."""
        return self.remembered_by(digest_of_key(key))

    def remembered_by(self, digest: str) -> Answer | None:
        """Give what is known of the key of a digest."""
        if digest in self._given:
            return Answer(self._given[digest], 0.0, 0.0)
        if self._database is None:
            return Answer(None, 0.0, 0.0)
        answer = self._answers.get(digest)
        return answer if answer is not None and self._seconds() < answer.ask_again else None

    def asked(self, key: bytes) -> Grant | None:
        """Ask the database whose key it is.

        Raises
        ------
        DatabaseError
            It is away, and the key was not good lately.
        """
        return self.asked_by(digest_of_key(key))

    def asked_by(self, digest: str) -> Grant | None:
        """Ask the database whose the key of a digest is; raises as ``asked``."""
        assert self._database is not None
        now = self._seconds()
        try:
            answer = Answer(find_grant(self._database, digest), now, now + FRESH_SECONDS)
        except DatabaseError:
            before = self._answers.get(digest)
            if before is None or before.grant is None or now - before.checked > KEPT_SECONDS:
                raise
            answer = Answer(before.grant, before.checked, now + FRESH_SECONDS)
        self._answers[digest] = answer
        self._answers.move_to_end(digest)
        while len(self._answers) > _MOST_REMEMBERED:
            self._answers.popitem(last=False)
        return answer.grant

    def digest_of_id(self, key_id: str) -> str | None:
        """Find the digest of the key of an id, revoked or not; None when there is none.

        Raises
        ------
        DatabaseError
            It is away, and was not asked before.
        """
        if key_id in self._given_ids:
            return next(digest for digest, grant in self._given.items() if grant.key_id == key_id)
        if self._database is not None and key_id not in self._digests:
            found = find_digest(self._database, key_id)
            if found is None:
                return None
            if len(self._digests) >= _MOST_REMEMBERED:
                self._digests.clear()
            self._digests[key_id] = found  # a key never gets another
        return self._digests.get(key_id)

    def used(self, grant: Grant, since_1970: float) -> None:
        """Remember that a key was used, at seconds since 1970; written by ``write_uses``."""
        if grant.key_id not in self._given_ids:
            self._uses[grant.key_id] = int(since_1970 * SECOND)

    def write_uses(self) -> None:
        """Write when keys were last used; a database that is away gets it the next time."""
        uses, self._uses = self._uses, {}
        if self._database is None or not uses:
            return
        try:
            write_uses(self._database, uses)
        except (DatabaseError, SQLAlchemyError) as problem:
            _log.warning("the use of keys is not written yet: %s", type(problem).__name__)
            self._uses = uses | self._uses


def given_grants(given: Iterable[str]) -> Mapping[str, Grant]:
    """Read keys given at start; each is named by its place, never by itself.

    Examples
    --------
    >>> [(g.name, sorted(g.scopes)) for g in given_grants(["one", "two:score+read"]).values()]
    [('environment-1', ['score']), ('environment-2', ['read', 'score'])]
    """
    grants = {}
    for place, text in enumerate((word for word in given if word), start=1):
        key, _, said = text.rpartition(":") if ":" in text else (text, "", "score")
        name = f"environment-{place}"
        try:
            grants[digest_of_key(key.encode())] = Grant(name, name, scopes_of(said, "+"))
        except RequestError:
            raise DealoddsError(
                f"key {place} of DEALODDS_API_KEYS, with unknown scopes after its colon",
                f"KEY or KEY:SCOPE+SCOPE, of {', '.join(SCOPES)}",
                "correct the scopes",
            ) from None
    return grants
