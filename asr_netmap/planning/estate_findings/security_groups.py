"""Security groups of the target region that would stop Site Recovery, or that are missing.

A VM that failed over replicates back, so the groups of the target region need the four rules with
the regions swapped: TCP 443 to Storage of its own region, EventHub of the other one,
AzureActiveDirectory and AzureSiteRecovery (Microsoft Learn, azure-to-azure-about-networking,
2020-03-13). A group that was copied from the source names the wrong regions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Subnet, region_key
from asr_netmap.planning.commands import az, in_turn
from asr_netmap.planning.estate_findings.uses import Use, Uses, vms_of
from asr_netmap.planning.item_findings import item_finding, settings_row
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.surroundings import NetworkSecurityGroup, SecurityRule

_HTTPS = 443
# What Azure takes as a rule's priority (Microsoft Learn, network security groups overview).
_FIRST_PRIORITY, _LAST_PRIORITY = 100, 4096
_ANY_DESTINATION = frozenset({"*", "internet", "0.0.0.0/0", "azurecloud"})
_ANY_SOURCE = frozenset({"*", "virtualnetwork", "0.0.0.0/0"})


@dataclass(frozen=True, slots=True)
class Needed:
    """A service that must be reached; region -- empty for one that has no regional tag."""

    service: str
    region: str = ""

    def __str__(self) -> str:
        return f"{self.service}.{self.region}" if self.region else self.service

    def is_met_by(self, tag: str) -> bool:
        """Whether a destination of a rule holds this one."""
        service, _, region = tag.lower().partition(".")
        if tag.lower() in _ANY_DESTINATION:
            return True
        if service not in {self.service.lower(), "azurecloud"}:
            return False
        return not region or (bool(self.region) and region_key(region) == self.region)

    def is_meant_by(self, tag: str) -> bool:
        """Whether a destination names the same service, if of another region."""
        return tag.lower().partition(".")[0] == self.service.lower()


def needed_by(source_region: str, target_region: str) -> tuple[Needed, ...]:
    """What a VM that failed over into `target_region` must reach to be protected back."""
    return (
        Needed("Storage", target_region),
        Needed("EventHub", source_region),
        Needed("AzureActiveDirectory"),
        Needed("AzureSiteRecovery"),
    )


def security_group_findings(uses: Uses) -> Iterator[Finding]:
    """Groups that stop what Site Recovery needs, and VMs that lose the group of their NIC."""
    groups: dict[tuple[ArmId, str, str, str], list[Use]] = {}
    for use in uses.all:
        for own in (use.subnet.network_security_group, use.nic.nsg):
            if own is not None:
                where = (use.item.source_region, use.item.target_region, use.subnet.name.lower())
                groups.setdefault((own, *where), []).append(use)
    said: set[tuple[ArmId, str, str]] = set()
    for (group_id, source, target, _), here in sorted(groups.items(), key=lambda each: each[0]):
        group = uses.regional(group_id)
        if isinstance(group, NetworkSecurityGroup) and (group_id, source, target) not in said:
            found = tuple(_stopped(group, here, needed_by(source, target)))
            if found:
                said.add((group_id, source, target))
            yield from found
    yield from _lost_groups(uses)


def _stopped(
    group: NetworkSecurityGroup, here: list[Use], needed: Iterable[Needed]
) -> Iterator[Finding]:
    outbound = sorted((r for r in group.rules if r.outbound), key=lambda rule: rule.priority)
    stopped = [each for each in needed if not reaches(outbound, each, here[0].subnet)]
    elsewhere = {str(each): _other_region(outbound, each) for each in stopped if each.region}
    wrong = {name: tag for name, tag in elsewhere.items() if tag}
    rest = [str(each) for each in stopped if str(each) not in wrong]
    if wrong:
        pairs = ", ".join(f"{tag} and not {name}" for name, tag in wrong.items())
        yield _finding("nsg-wrong-region", group, here, f"allows {pairs}", [*wrong, *rest])
    elif rest:
        yield _finding("nsg-stops-site-recovery", group, here, f"stops {', '.join(rest)}", rest)


def reaches(outbound: Iterable[SecurityRule], needed: Needed, subnet: Subnet) -> bool:
    """Whether TCP 443 gets from a subnet to a service; `outbound` in the order of priorities.

    The first rule that fits decides; without any, the default rules let everything out to the
    internet (Microsoft Learn, network security groups overview). Rules for single addresses, ports
    or application security groups can't be told to fit a service, and count for nothing.
    """
    for rule in outbound:
        tags = any(needed.is_met_by(tag) for tag in rule.destinations)
        if tags and _speaks_of_https(rule) and _speaks_of(rule, subnet):
            return rule.allows
    return True


def _speaks_of_https(rule: SecurityRule) -> bool:
    if rule.protocol.lower() not in {"*", "tcp"}:
        return False
    return any(_holds_port(text) for text in rule.ports)


def _holds_port(text: str) -> bool:
    first, _, last = text.partition("-")
    if text == "*":
        return True
    return first.isdigit() and int(first) <= _HTTPS <= int(last if last.isdigit() else first)


def _speaks_of(rule: SecurityRule, subnet: Subnet) -> bool:
    """Whether a rule's sources hold a whole prefix of the subnet."""
    return any(
        text.lower() in _ANY_SOURCE or any(_within(str(own), text) for own in subnet.ipv4)
        for text in rule.sources
    )


def _within(own: str, text: str) -> bool:
    try:
        outer = ip_network(text, strict=False)
        inner = ip_network(own)
    except ValueError:
        return False
    return (
        outer.version == inner.version
        and ip_address(int(inner.network_address)) in outer
        and inner.prefixlen >= outer.prefixlen
    )


def _other_region(outbound: Iterable[SecurityRule], needed: Needed) -> str:
    """A regional tag of the same service that a rule allows; empty: none is."""
    for rule in outbound:
        for tag in rule.destinations if rule.allows else ():
            if "." in tag and needed.is_meant_by(tag):
                return tag
    return ""


def _finding(
    code: str, group: NetworkSecurityGroup, here: list[Use], what: str, missing: Sequence[str]
) -> Finding:
    return Finding(
        code,
        Severity.WARNING,
        group.id,
        group.id.name,
        f"the network security group {group.id.name} {what}: after a failover {vms_of(here)} could "
        "not replicate back",
        f"Allow outbound TCP 443 to {', '.join(missing)} in {group.id.name}.",
        in_turn(*_rules(group, missing)),
    )


def _rules(group: NetworkSecurityGroup, missing: Sequence[str]) -> Iterator[str]:
    """What adds a rule for each tag; every rule has one tag and a priority of its own.

    They come before all that denies; without room there, nothing is offered.
    """
    outbound = [rule for rule in group.rules if rule.outbound]
    taken = {rule.priority for rule in outbound}
    first_denial = min((r.priority for r in outbound if not r.allows), default=_LAST_PRIORITY + 1)
    free = [number for number in range(_FIRST_PRIORITY, first_denial) if number not in taken]
    if len(free) < len(missing):
        return
    place = ("--subscription", group.id.subscription, "-g", group.id.group)
    for tag, priority in zip(missing, free, strict=False):
        name = f"allow-site-recovery-{tag.lower().replace('.', '-')}"
        rule = ("--priority", priority, "--direction", "Outbound", "--access", "Allow")
        to = ("--destination-address-prefixes", tag, "--destination-port-ranges", _HTTPS)
        what = ("--nsg-name", group.id.name, "-n", name, *rule, "--protocol", "Tcp", *to)
        yield az("network nsg rule create", *place, *what)


def _lost_groups(uses: Uses) -> Iterator[Finding]:
    """NICs with a group of their own that will be in a subnet without any."""
    seen: set[ArmId] = set()
    for use in uses.all:
        live = uses.inventory.nic(use.nic.id)
        own = live.network_security_group if live is not None else None
        bare = use.nic.nsg is None and use.subnet.network_security_group is None
        if own is None or not bare or use.nic.id in seen:
            continue
        seen.add(use.nic.id)
        yield item_finding(
            use.item,
            "nic-nsg-lost",
            Severity.WARNING,
            f"{use.nic.name} has the network security group {own.name}; after a failover neither "
            f"it nor subnet {use.subnet.name} of {use.target.name} has one",
            "Name one of the target region in nics.settings: "
            f"{settings_row(use.item, nic=use.nic.name, nsg='…')}",
        )
