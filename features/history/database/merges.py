"""Accounts that are one by merges: who belongs together, and under which name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Pair = tuple[str, str]
"""An account, and the one that it was merged into."""


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
    def by(cls, pairs: Iterable[Pair]) -> Merged:
        """Follow merges in the order in which they were told.

        All that are one take the name of the account that the last merge went into, or the
        name that this account had by then. Merged back, an account is itself again.
        """
        members: dict[str, set[str]] = {}
        names: dict[str, str] = {}
        for one, other in pairs:
            gone, kept = names.get(one, one), names.get(other, other)
            all_of_them = members.pop(gone, {gone}) | members.pop(kept, {kept})
            name = other if gone == kept else kept
            members[name] = all_of_them
            names |= dict.fromkeys(all_of_them, name)
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
