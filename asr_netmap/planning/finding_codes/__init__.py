"""Every code that a finding can have, in one place: meaning, severity, fix and basis.

The README's table is made from it, and the tests hold that nothing else is ever found. Codes are
stable: filters and tickets name them.
"""

from __future__ import annotations

from collections.abc import Mapping

from asr_netmap.planning.finding_codes import of_estates, of_mappings, of_nics, of_protection
from asr_netmap.planning.finding_codes.kinds import Basis, FindingKind

__all__ = ["FINDING_KINDS", "Basis", "FindingKind", "kind_of"]

FINDING_KINDS: Mapping[str, FindingKind] = {
    kind.code: kind
    for kind in sorted(
        (*of_mappings.KINDS, *of_nics.KINDS, *of_estates.KINDS, *of_protection.KINDS),
        key=lambda each: each.code,
    )
}
"""Every code, in alphabetical order."""


def kind_of(code: str) -> FindingKind | None:
    """What is known of a code; None: one of another version, from a file."""
    return FINDING_KINDS.get(code)
