"""Where IP configs will be after a failover, as texts for tables; predictions are marked."""

from __future__ import annotations

from asr_netmap.models import ReplicatedIpConfig, ReplicatedItem, ReplicatedNic
from asr_netmap.planning.nic_table.rows import Effective as EffectiveTexts
from asr_netmap.rules.effective import Effective, Outlook


def effective_texts(outlook: Outlook) -> EffectiveTexts:
    """Subnet and address of an IP config by what is set, else by the documented rules.

    outlook -- of the whole inventory: others' addresses count, too.
    """

    def texts(
        item: ReplicatedItem, nic: ReplicatedNic, config: ReplicatedIpConfig, test: bool
    ) -> tuple[str | None, str | None]:
        found = outlook.of(item, nic, config, test=test)
        return found.subnet, address_text(found)

    return texts


def where_text(found: Effective) -> str:
    """Subnet and address in words; a dash where nothing can be told."""
    return " ".join(text for text in (found.subnet, address_text(found)) if text) or "-"


def address_text(found: Effective) -> str | None:
    """The address in words; None: no network is chosen, so nothing can be told."""
    if not found.exists:
        return "will not exist"
    if found.address is None and not found.rule:
        return None
    if found.shortage is not None:
        return f"no free address: {found.shortage} (predicted)"
    if found.address is not None:
        address = str(found.address)
    else:
        address = "any free address" if found.static else "dynamic"
    if found.predicted:
        return f"{address} ({'predicted' if found.certain else 'predicted, uncertain'})"
    return f"{address} ({found.trouble})" if found.trouble else address
