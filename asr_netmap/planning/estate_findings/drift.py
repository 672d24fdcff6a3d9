"""Copies of a network that are no longer like it: Site Recovery does not keep them in step.

Only a copy is compared: a network of the same address space, or named after its source. Only the
name of a subnet and its place decide where a VM goes and whether it keeps its address (Microsoft
Learn, azure-to-azure-network-mapping, 2026-02-12).
"""

from __future__ import annotations

from collections.abc import Iterator

from asr_netmap.models import Network, Subnet
from asr_netmap.planning.commands import az, subnet_id
from asr_netmap.planning.estate_findings.uses import Use, Uses, vms_of
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.subnets import unusable

_STORAGE = "microsoft.storage"


def drift_findings(uses: Uses) -> Iterator[Finding]:
    """What a copy lacks of its source, or has otherwise."""
    for source, target, here in uses.by_networks():
        if not is_copy(source, target):
            continue
        yield from _space(source, target)
        for subnet in source.subnets:
            twin = target.subnet(subnet.name)
            users = tuple(u for u in here if u.source_subnet and u.source_subnet == subnet)
            if twin is None:
                yield from _missing(source, target, subnet, users)
            elif set(twin.ipv4) != set(subnet.ipv4):
                yield _moved(source, target, subnet, twin, users)
            else:
                yield from _endpoint(source, target, subnet, twin)


def is_copy(source: Network, target: Network) -> bool:
    """Whether a network was made to be like its source: same name with ``-asr``, or same space."""
    names = (source.name.lower(), target.name.lower())
    named_after = f"{names[0]}-asr" == names[1] or names[0] == f"{names[1]}-asr"
    return named_after or bool(set(source.address_space) & set(target.address_space))


def _space(source: Network, target: Network) -> Iterator[Finding]:
    lacking = [str(prefix) for prefix in source.address_space if prefix not in target.address_space]
    if lacking:
        wanted = sorted({str(p) for p in (*target.address_space, *source.address_space)})
        yield _finding(
            "copy-space-differs",
            Severity.INFO,
            target,
            f"{target.name} is a copy of {source.name} and lacks {', '.join(lacking)} of its "
            "address space",
            "Add it to the copy.",
            az("network vnet update", "--ids", target.id, "--address-prefixes", *wanted),
        )


def _missing(
    source: Network, target: Network, subnet: Subnet, users: tuple[Use, ...]
) -> Iterator[Finding]:
    if unusable(subnet) is not None:
        return  # belongs to a service, which the copy may do without
    goes = f": {vms_of(users)} will be in {users[0].subnet.name} instead" if users else ""
    place = ("--subscription", target.id.subscription, "-g", target.id.group)
    where = (*place, "--vnet-name", target.name, "-n", subnet.name)
    yield _finding(
        "copy-lacks-subnet",
        Severity.WARNING if users else Severity.INFO,
        target,
        f"{target.name} is a copy of {source.name} and lacks its subnet {subnet.name} "
        f"({' '.join(map(str, subnet.prefixes))}){goes}",
        f"Create it in {target.name}.",
        az("network vnet subnet create", *where, "--address-prefixes", *subnet.prefixes),
    )


def _moved(
    source: Network, target: Network, subnet: Subnet, twin: Subnet, users: tuple[Use, ...]
) -> Finding:
    told = f", so {vms_of(users)} can't keep every address" if users else ""
    at = subnet_id(target.id, twin.name)
    return _finding(
        "copy-prefix-differs",
        Severity.WARNING if users else Severity.INFO,
        target,
        f"subnet {subnet.name} is {_prefixes(subnet)} in {source.name} and {_prefixes(twin)} in "
        f"its copy {target.name}{told}",
        f"Make subnet {subnet.name} of {target.name} {_prefixes(subnet)}, which Azure allows while "
        "nothing is in it, or write address rules (`addresses:`) for the two.",
        az("network vnet subnet update", "--ids", at, "--address-prefixes", *subnet.prefixes),
    )


def _endpoint(source: Network, target: Network, subnet: Subnet, twin: Subnet) -> Iterator[Finding]:
    """ARM: replication traffic should not go through appliances, which a service endpoint for
    storage is recommended for (Microsoft Learn, azure-to-azure-about-networking, 2020-03-13)."""
    have = [any(e.lower() == _STORAGE for e in s.service_endpoints) for s in (subnet, twin)]
    if have == [True, False]:
        at, wanted = subnet_id(target.id, twin.name), (*twin.service_endpoints, "Microsoft.Storage")
        yield _finding(
            "copy-lacks-endpoint",
            Severity.INFO,
            target,
            f"subnet {subnet.name} of {source.name} has the service endpoint Microsoft.Storage and "
            f"that of its copy {target.name} has not: replication traffic would take another way",
            "Add the service endpoint to the copy.",
            az("network vnet subnet update", "--ids", at, "--service-endpoints", *wanted),
        )


def _prefixes(subnet: Subnet) -> str:
    return " ".join(map(str, subnet.ipv4)) or "without IPv4"


def _finding(
    code: str, severity: Severity, target: Network, message: str, fix: str, command: str
) -> Finding:
    return Finding(code, severity, target.id, target.name, message, fix, command)
