"""What is known of a finding's code, and the public pages that findings rest on."""

from __future__ import annotations

from dataclasses import dataclass

from asr_netmap.planning.plan import Severity

ERROR, WARNING, INFO = (Severity.ERROR,), (Severity.WARNING,), (Severity.INFO,)
ERROR_OR_WARNING = (Severity.ERROR, Severity.WARNING)
WARNING_OR_INFO = (Severity.WARNING, Severity.INFO)


@dataclass(frozen=True, slots=True)
class Basis:
    """What a finding rests on.

    name -- of a public page, or what else it is.
    date -- of the page that was read, as the page gives it; empty: it gives none.
    url -- empty where it is no page.
    """

    name: str
    date: str = ""
    url: str = ""

    def __str__(self) -> str:
        return f"{self.name}, {self.date}" if self.date else self.name


@dataclass(frozen=True, slots=True)
class FindingKind:
    """One code: what it means, what to do, and what that rests on.

    severities -- those that it can come with.
    hinders -- an item that has it, or whose target network has it, can't be said to fail over to
        the right place.
    """

    code: str
    severities: tuple[Severity, ...]
    meaning: str
    fix: str
    basis: Basis
    hinders: bool = False


_LEARN = "https://learn.microsoft.com/azure/"


def _learn(path: str, date: str = "") -> Basis:
    """A page of Microsoft Learn; its last part is its name."""
    return Basis(f"Microsoft Learn, {path.rpartition('/')[2]}", date, _LEARN + path)


OWN_RULE = Basis("a rule of this tool")
PLAIN_FACT = Basis("what was declared, beside what is there")
MAPPING = _learn("site-recovery/azure-to-azure-network-mapping", "2026-02-12")
MATRIX = _learn("site-recovery/azure-to-azure-support-matrix", "2023 and later")
NETWORKING = _learn("site-recovery/azure-to-azure-about-networking", "2020-03-13")
RETAIN_IP = _learn("site-recovery/site-recovery-retain-ip-azure-vm-failover", "2021-07")
REPROTECT = _learn("site-recovery/azure-to-azure-how-to-reprotect", "2023-07")
CUSTOMIZE = _learn("site-recovery/azure-to-azure-customize-networking", "2021")
MULTIPLE_IPS = _learn("site-recovery/concepts-multiple-ip-address-failover", "2021-11")
TEST_FAILOVER = _learn("site-recovery/site-recovery-test-failover-to-azure")
DRILL = _learn("site-recovery/azure-to-azure-tutorial-dr-drill")
ENDPOINTS = _learn(
    "site-recovery/azure-to-azure-how-to-enable-replication-private-endpoints", "2020"
)
LINKED_RIGHTS = _learn("site-recovery/site-recovery-role-based-linked-access-control")
POWERSHELL = _learn("site-recovery/azure-to-azure-powershell")
OUTBOUND = _learn("virtual-network/ip-services/default-outbound-access", "2026-01-30")
ROUTES = _learn("virtual-network/virtual-networks-udr-overview")
NAMES = _learn("virtual-network/virtual-networks-name-resolution-for-vms-and-role-instances")
PEERING = _learn("virtual-network/virtual-network-peering-overview")
SUBNETS = _learn("virtual-network/virtual-networks-faq")
NAMING = _learn("azure-resource-manager/management/resource-name-rules")
LOCKS = _learn("azure-resource-manager/management/lock-resources")
ITEM_FIELDS = Basis(
    "Microsoft Learn, REST, Replication Protected Items",
    "2025-08-01",
    "https://learn.microsoft.com/rest/api/site-recovery/replication-protected-items",
)
