"""How a sandbox behaves; everything has a default that makes tests fast."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """Behaviour of the engine.

    operation_seconds: how long an accepted operation runs; 0 means done at the first poll.
    replication_seconds: how long the first replication of a machine takes after that; 1,124 were
        recorded (az CLI traffic, January 2023).
    retry_after: seconds in the `Retry-After` header of an accepted write.
    throttle: whether ARM's and Microsoft.Network's request limits are enforced.
    page_size: rows of one page of a list.
    signed_urls: whether polling URLs are signed, and refused when rebuilt without the signature.
    conflicts: whether a second PATCH of an item whose job still runs, or a second enabling of a
        machine, is refused with 409.
    """

    operation_seconds: float = 0.0
    replication_seconds: float = 1124.0
    retry_after: int = 30
    throttle: bool = False
    page_size: int = 100
    signed_urls: bool = True
    conflicts: bool = True

    def __post_init__(self) -> None:
        if self.page_size < 1:
            raise ValueError(f"page_size must be at least 1, not {self.page_size}")
        if min(self.operation_seconds, self.replication_seconds, self.retry_after) < 0:
            raise ValueError("seconds must not be negative")
