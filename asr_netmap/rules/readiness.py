"""When an item's settings can be written, and when a failover is under way."""

from __future__ import annotations

from asr_netmap.models import ReplicatedItem

# Item health error "target network settings are not configured" and the harmless "no test
# failover yet", which every fresh item carries (recorded az CLI and PowerShell traffic).
NO_TARGET_NETWORK = "161003"
NO_TEST_FAILOVER_YET = "161011"

_IDLE_TEST_FAILOVER = {"", "none"}


def not_ready(item: ReplicatedItem) -> str | None:
    """Why the item's NIC settings can't be written now; None: they can.

    Site Recovery lists no NICs until the first replication is done, and its portal refuses to
    configure an item before (hashicorp/terraform-provider-azurerm#7039). What is allowed after
    that is not told by `allowedOperations`, so an idle, protected item in its source region is
    asked for.
    """
    if not _protected(item.protection_state):
        return f"replication is not ready yet: {item.protection_state or 'state unknown'}"
    if item.vm_protection_state and not _protected(item.vm_protection_state):
        return f"the VM is not protected yet: {item.vm_protection_state}"
    failover = failover_under_way(item)
    if failover:
        return failover
    if item.scenario:
        return f"Site Recovery is busy with it: {item.scenario}"
    if not item.nics:
        return "Site Recovery lists no network interface of it yet"
    return None


def first_replication_under_way(item: ReplicatedItem) -> bool:
    """Whether the item was enabled and is not protected yet: then waiting helps.

    ARM: InitialReplicationInProgress, then InitialReplicationRecoveryCompletionPending; the VM's
    own state is UnprotectedStatesBegin meanwhile (az CLI recording, January 2023).
    """
    return item.protection_state.lower().startswith("initialreplication")


def failover_under_way(item: ReplicatedItem) -> str | None:
    """What failover the item is in, in words; None: none.

    True during a failover that is not committed, after it until reprotect, and while a test
    failover is not cleaned up.
    """
    if in_test_failover(item):
        return f"a test failover is not cleaned up: {item.test_failover_state}"
    if item.active_location and item.active_location.lower() != "primary":
        return f"it has failed over and is not protected back: active in {item.active_location}"
    if "failover" in item.protection_state.lower():
        return f"a failover is under way: {item.protection_state}"
    return None


def in_test_failover(item: ReplicatedItem) -> bool:
    """Whether a test failover is under way or not cleaned up."""
    return item.test_failover_state.lower() not in _IDLE_TEST_FAILOVER


def _protected(state: str) -> bool:
    return state.lower() == "protected"
