"""All families of findings about the surroundings, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from asr_netmap.arm_id import ArmId
from asr_netmap.planning.estate_findings.dns import dns_findings
from asr_netmap.planning.estate_findings.drift import drift_findings
from asr_netmap.planning.estate_findings.egress import egress_findings
from asr_netmap.planning.estate_findings.locks import estate_lock_findings
from asr_netmap.planning.estate_findings.lost_settings import lost_settings_findings
from asr_netmap.planning.estate_findings.peers import peer_findings
from asr_netmap.planning.estate_findings.security_groups import security_group_findings
from asr_netmap.planning.estate_findings.stages import stage_findings
from asr_netmap.planning.estate_findings.uses import Uses
from asr_netmap.planning.plan import Finding
from asr_netmap.surroundings import Surroundings


def estate_findings(
    uses: Uses, surroundings: Surroundings, vault: ArmId, now: datetime
) -> Iterator[Finding]:
    """What would go wrong besides mappings and NIC settings.

    now -- the time of day, in UTC, that ages are counted to.
    """
    yield from stage_findings(uses, now)
    yield from estate_lock_findings(uses, surroundings.locks, vault)
    yield from egress_findings(uses)
    yield from security_group_findings(uses)
    yield from drift_findings(uses)
    yield from dns_findings(uses, surroundings)
    yield from peer_findings(uses)
    yield from lost_settings_findings(uses)
