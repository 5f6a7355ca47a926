"""What work beside the requests has in common."""

from __future__ import annotations

from typing import Protocol


class Work(Protocol):
    """Work that begins with the service, in a thread of its own, and ends with it."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End, with what is under way done."""
