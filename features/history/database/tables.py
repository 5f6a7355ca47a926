"""Tables of the recorded past in a database.

Instants are whole microseconds since 1970 in UTC, in every database alike: exact, and in the
order of their numbers. Nothing is ever changed or deleted but by an erasure: what was
wrong is replaced by a later row, so the past can be asked as it was known at any instant.

``seq`` is the number of the commit that a row came with. Commits are numbered in the order in
which they became visible, so "up to commit 17" means the same for ever.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Double, ForeignKey, Index, Integer, MetaData, Table, Text, text

OF_IMPORTS = "action = 'import'"
"""Commits whose rows bring instants of their own: what they tell was recorded before them."""

METADATA = MetaData()
"""Every table of the product; those of the service are added by ``api.store.tables``."""

SEQ = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts up in a column of type INTEGER only


def _seq() -> Column[int]:
    return Column("seq", SEQ, ForeignKey("commits.seq"), nullable=False)


def _recorded() -> Column[int]:
    return Column("recorded_at", BigInteger, nullable=False)


COMMITS = Table(
    "commits",
    METADATA,
    Column("seq", SEQ, primary_key=True, autoincrement=False),
    Column("recorded_at", BigInteger, nullable=False),
    Column("actor", Text, nullable=False),  # name of the key, or of the command
    Column("action", Text, nullable=False),  # what was done, such as "events" or "erasure"
    Column("subject", Text),  # what it was done to, where it is one thing
    Column("rows", Integer, nullable=False),
    Index("commits_of_subject", "subject"),
    Index("commits_of_actor", "actor", "seq"),
    Index("commits_by_instant", "recorded_at"),
    Index("imports", "seq", sqlite_where=text(OF_IMPORTS), postgresql_where=text(OF_IMPORTS)),
)
"""Every write, in order: also the audit log. ``recorded_at`` grows strictly with ``seq``."""

ACCOUNTS = Table(
    "accounts",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
    _recorded(),
    Column("name", Text),
    Column("industry", Text),
    Column("region", Text),
    Column("size", Text),
    _seq(),
    Column("digest", Text, nullable=False),
    Index("accounts_of_commit", "seq"),
)

CONTACTS = Table(
    "contacts",
    METADATA,
    Column("contact_id", Text, primary_key=True),
    Column("account_id", Text, index=True),
    Column("created_at", BigInteger, nullable=False),
    _recorded(),
    Column("role", Text),
    _seq(),
    Column("digest", Text, nullable=False),
    Index("contacts_of_commit", "seq"),
)

OPPORTUNITIES = Table(
    "opportunities",
    METADATA,
    Column("opportunity_id", Text, primary_key=True),
    Column("account_id", Text, index=True),
    Column("process", Text, nullable=False),
    Column("owner_id", Text),
    Column("team", Text),
    Column("product", Text),
    Column("service", Text),
    Column("source", Text),
    Column("channel", Text),
    Column("currency", Text),
    Column("created_at", BigInteger, nullable=False),
    _recorded(),
    Column("attributes", Text, nullable=False),  # JSON object of the customer's own columns
    _seq(),
    Column("digest", Text, nullable=False),
    Index("opportunities_of_commit", "seq"),
)

STAGE, FIELD, ACTIVITY, RETRACTION, MERGE = "stage", "field", "activity", "retraction", "merge"
EVENT_KINDS = (STAGE, FIELD, ACTIVITY, RETRACTION, MERGE)
"""Sorts of events. A merge says that ``account_id`` is one with the account in ``value`` from then on."""
OF_MERGES = "(kind = 'merge' OR kind = 'retraction' AND name = 'merge')"
"""Merges of accounts, and their retractions: few, and wanted at every reading."""
OF_REPLACEMENTS = "replaces IS NOT NULL"
"""Corrections and retractions."""
OF_MOVES = "kind = 'field' AND name = 'account_id'"
"""Opportunities moved to another account."""

EVENTS = Table(
    "events",
    METADATA,
    Column("event_id", Text, primary_key=True),
    _seq(),
    Column("place", Integer, nullable=False, server_default="0"),  # among the events of its commit, as they were sent
    Column("kind", Text, nullable=False),  # one of EVENT_KINDS
    Column("opportunity_id", Text),
    Column("account_id", Text),
    Column("contact_id", Text),
    Column("name", Text),  # the stage, the field, the kind of activity, or the sort of what is retracted
    Column("value", Text),  # of a field, as text, null when it was cleared; of a stage as what it was sent
    Column("direction", Text),
    Column("duration", Double),
    Column("topic", Text),
    Column("quantity", Double),  # of an activity, in the kind's own unit
    Column("planned", Boolean, nullable=False),
    Column("automated", Boolean, nullable=False),
    Column("occurred_at", BigInteger, nullable=False),
    _recorded(),
    Column("replaces", Text),  # the event that this one corrects or retracts
    Column("because", Text),
    Column("digest", Text, nullable=False),
    Index("events_of_opportunity", "opportunity_id", "seq"),
    Index("events_of_account", "account_id", "seq"),
    Index("events_of_contact", "contact_id"),
    Index("events_of_commit", "seq"),
    Index("replacements", "replaces", sqlite_where=text(OF_REPLACEMENTS), postgresql_where=text(OF_REPLACEMENTS)),
    Index("moves", "value", sqlite_where=text(OF_MOVES), postgresql_where=text(OF_MOVES)),
    Index("merges", "seq", sqlite_where=text(OF_MERGES), postgresql_where=text(OF_MERGES)),
)

COLLECTED = Table(
    "collected",
    METADATA,
    _seq(),
    Column("name", Text, nullable=False),  # a kind of activity, a field, "contacts" or "accounts"
    Column("since", BigInteger),  # null: always
    Column("is_collected", Boolean, nullable=False),
    _recorded(),
)
"""What the source delivers; of several rows of a name the last holds."""

DESCRIPTIONS = Table(
    "descriptions",
    METADATA,
    _seq(),
    Column("name", Text, nullable=False),  # "history": origin, processes, attributes
    Column("body", Text, nullable=False),  # JSON
    _recorded(),
)
"""What the tables do not say of themselves; of several rows of a name the last holds."""

ERASURES = Table(
    "erasures",
    METADATA,
    _seq(),
    Column("kind", Text, nullable=False),  # "account", "contact", "opportunity", or "touched"
    Column("digest", Text, nullable=False, index=True),  # of the id: it can be asked for, not read
    Column("rows", Integer, nullable=False),
    _recorded(),
)
"""What was erased, without saying of whom. *touched* is an opportunity that stays, although what was erased had
been read with it: its earlier scores cannot be recomputed exactly."""
