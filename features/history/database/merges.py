"""Accounts that are one by merges: who belongs together, and under which name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Pair = tuple[str, str]
"""An account, and the one that it was merged into."""

Merge = tuple[str, str, int]
"""An account, the one that it was merged into, and when we were told, microseconds."""


@dataclass(frozen=True)
class Merged:
    """Accounts that are one.

    Parameters
    ----------
    groups
        Accounts that are one with each account that was merged, itself among them, in order.
    names
        The name under which each of them is kept.

    Examples
    --------
    >>> merged = Merged.by([("a", "b"), ("c", "a"), ("x", "y")])
    >>> merged.one_with("b"), merged.one_with("z"), merged.name_of("c")
    (('a', 'b', 'c'), ('z',), 'b')
    """

    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, merges: Iterable[Merge]) -> Merged:
        """Follow merges in the order in which they were told, whenever that was."""
        return cls.by((one, other) for one, other, _ in merges)

    @classmethod
    def by(cls, pairs: Iterable[Pair]) -> Merged:
        """Follow merges in the order in which they were told.

        All that are one take the name of the account that the last merge went into, or the
        name that this account had by then. Merged back, an account is itself again.
        """
        members: dict[str, set[str]] = {}
        names: dict[str, str] = {}
        for pair in pairs:
            tell_merge(pair, members, names)
        in_order = {name: tuple(sorted(of_it)) for name, of_it in members.items()}
        return cls({one: in_order[name] for one, name in names.items()}, names)

    def one_with(self, account_id: str) -> tuple[str, ...]:
        """Accounts that are one with an account, itself among them, in order."""
        return self.groups.get(account_id, (account_id,))

    def name_of(self, account_id: str) -> str:
        """Name under which an account is kept: its own when it was not merged."""
        return self.names.get(account_id, account_id)

    def together(self, accounts: Iterable[str]) -> list[tuple[str, ...]]:
        """Put accounts that are one together, each with all that are one with it.

        Examples
        --------
        >>> Merged.by([("a", "c"), ("c", "d")]).together(["a", "b", "c"])
        [('a', 'c', 'd'), ('b',)]
        """
        return list(dict.fromkeys(self.one_with(name) for name in accounts))

    def all_with(self, accounts: Iterable[str]) -> set[str]:
        """Accounts, and all that are one with any of them."""
        return {one for name in accounts for one in self.one_with(name)}


def tell_merge(pair: Pair, members: dict[str, set[str]], names: dict[str, str]) -> set[str]:
    """Make two accounts one, and give those that have another name since."""
    gone, kept = (names.get(name, name) for name in pair)
    name = pair[1] if gone == kept else kept
    # The group that keeps its name is not gone through: thousands may be merged into one account.
    renamed = members.pop(gone, {gone}) if gone != name else set()
    members.setdefault(name, {name}).update(renamed)
    names |= dict.fromkeys((name, *renamed), name)
    return renamed


@dataclass(frozen=True)
class Names:
    """The names that accounts had over time, by merges: ``later`` has those after the first, each with its instant.

    Examples
    --------
    >>> names = Names.by([("a", "b", 10), ("b", "c", 20)])
    >>> names.between("a", 5, 15), names.between("a", 12, 30), names.between("c", 0, 30)
    ([(5, 'a'), (10, 'b')], [(12, 'b'), (20, 'c')], [(0, 'c')])
    """

    later: Mapping[str, list[tuple[int, str]]]

    @classmethod
    def by(cls, merges: Iterable[Merge]) -> Names:
        """Follow merges in the order in which they were told."""
        members: dict[str, set[str]] = {}
        names: dict[str, str] = {}
        later: dict[str, list[tuple[int, str]]] = {}
        for one, other, at in merges:
            for account in tell_merge((one, other), members, names):
                later.setdefault(account, []).append((at, names[account]))
        return cls(later)

    def between(self, account_id: str, since: int, until: int) -> list[tuple[int, str]]:
        """Names from an instant on and before another, each with the instant from which it holds."""
        told = self.later.get(account_id, [])
        first = next((name for at, name in reversed(told) if at <= since), account_id)
        return [(since, first), *((at, name) for at, name in told if since < at < until)]

    def last_of(self, account_id: str) -> str:
        """The last name of an account: its own when it was not merged."""
        return self.later[account_id][-1][1] if account_id in self.later else account_id
