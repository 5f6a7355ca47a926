"""What is to be reached in a period, and what its owners committed to; what nobody stated is unknown, not zero."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scoring.forecast_lines import Measure
from scoring.words import Words


@dataclass(frozen=True)
class Aims:
    """Aims of one measure.

    Parameters
    ----------
    target, targets
        To be reached by all together, and by groups of the cut that is asked for.
    commits
        What each owner committed to, by owner.
    """

    target: float | None = None
    targets: Mapping[str, float] = field(default_factory=dict)
    commits: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Goals:
    """Aims of amounts and of numbers, teams of owners as stated, and what a reader must know of them."""

    amount: Aims = field(default_factory=Aims)
    count: Aims = field(default_factory=Aims)
    teams: Mapping[str, str] = field(default_factory=dict)
    notes: tuple[Words, ...] = ()

    def of(self, measure: Measure) -> Aims:
        """Aims of one measure."""
        return self.amount if measure == "amount" else self.count

    @property
    def has_commits(self) -> bool:
        """Whether any owner committed to anything."""
        return bool(self.amount.commits or self.count.commits)

    def groups(self, by: str | None) -> set[str]:
        """Groups of which something is stated, whether they have opportunities or not."""
        owners = {owner for aims in (self.amount, self.count) for owner in aims.commits}
        found = {name for aims in (self.amount, self.count) for name in aims.targets}
        if by == "owner":
            return found | owners
        return found | {self.teams[owner] for owner in owners & set(self.teams)} if by == "team" else found


@dataclass(frozen=True)
class Commit:
    """What the owners of a group committed to.

    Parameters
    ----------
    whole
        Their sum; None unless each owner with something in hand committed: a sum of some says nothing of all.
    given
        The sum of those that did, None where nobody did.
    owners, committed
        Owners with something open, won in the period or committed to, and how many of them committed.
    """

    whole: float | None = None
    given: float | None = None
    owners: int = 0
    committed: int = 0


def commit_of(owners: Iterable[str], commits: Mapping[str, float]) -> Commit:
    """Sum up what owners committed to.

    Examples
    --------
    >>> commit_of(["ann", "bob"], {"ann": 70.0})
    Commit(whole=None, given=70.0, owners=2, committed=1)
    >>> commit_of(["ann"], {"ann": 70.0}).whole, commit_of(["bob"], {}).given
    (70.0, None)
    """
    there = set(owners)
    said = [commits[owner] for owner in sorted(there & set(commits))]
    given = sum(said) if said else None
    return Commit(given if len(said) == len(there) else None, given, len(there), len(said))
