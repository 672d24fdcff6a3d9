"""Which subnet of the target network a NIC goes into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum

from asr_netmap.models import Network, Subnet

# Subnets that belong to a service by their name: no VM's NIC can be in them (Microsoft Learn, the
# pages of VPN gateway, Bastion, Azure Firewall and Route Server).
SERVICE_SUBNETS = frozenset(
    {
        "gatewaysubnet",
        "azurebastionsubnet",
        "azurefirewallsubnet",
        "azurefirewallmanagementsubnet",
        "routeserversubnet",
    }
)


class SubnetRule(Enum):
    """The branches of the rule, strongest first."""

    EXPLICIT = "explicit"
    MAPPED = "subnet map"
    SAME_NAME = "same name"
    FIRST = "alphabetically first"
    FIRST_USABLE = "first usable"
    REFUSED = "left to people"
    NONE = "no usable subnet"


@dataclass(frozen=True, slots=True)
class SubnetChoice:
    """The subnet chosen for one IP config.

    subnet -- None: none can be chosen (REFUSED or NONE), or an explicit one that isn't there.
    problem -- what people should know about the choice; empty: nothing.
    """

    subnet: Subnet | None
    rule: SubnetRule
    reason: str
    problem: str = ""


def choose_subnet(
    source_subnet: str | None,
    target: Network,
    *,
    explicit: str | None = None,
    mapped: Mapping[str, str] | None = None,
    refuse_fallback: bool = False,
    full: Callable[[Subnet], bool] = lambda _: False,
) -> SubnetChoice:
    """The target subnet: an explicit one, else the same name, else alphabetically first.

    Same name, then alphabetically first: 2017, 2026. Nothing says whether Site Recovery passes
    over subnets that no VM can use, so we do and say so.

    mapped -- source subnet name to target subnet name, from the configuration.
    refuse_fallback -- leave a missing same-named subnet to people.
    full -- whether a subnet has no free address left.
    """
    named = _named(source_subnet, target, explicit, mapped)
    if named is not None:
        return named
    same = target.subnet(source_subnet) if source_subnet else None
    if same is None:
        return _without_same_name(source_subnet, target, refuse_fallback, full)
    trouble = unusable(same, full)
    if trouble is None:
        reason = f"{target.name} has a subnet of the same name, {same.name}"
        return SubnetChoice(same, SubnetRule.SAME_NAME, reason)
    return _first_usable(target, full, f"{same.name}, which has the same name, {trouble}")


def unusable(subnet: Subnet, full: Callable[[Subnet], bool] = lambda _: False) -> str | None:
    """Why no VM's NIC can go into the subnet, as the end of a sentence; None: it can."""
    if subnet.name.lower() in SERVICE_SUBNETS:
        return "belongs to a service by its name"
    if subnet.delegations:
        return f"is delegated to {', '.join(subnet.delegations)}"
    if not subnet.ipv4:
        return "has no IPv4 prefix"
    if full(subnet):
        return "is full"
    return None


def _without_same_name(
    source_subnet: str | None, target: Network, refuse: bool, full: Callable[[Subnet], bool]
) -> SubnetChoice:
    missing = f"{target.name} has no subnet named {source_subnet}"
    if source_subnet is None:
        missing = "the source subnet is not known"
    if refuse:
        return SubnetChoice(None, SubnetRule.REFUSED, missing, f"{missing}: choose one")
    first = min(target.subnets, key=lambda s: s.name.lower(), default=None)
    if first is None:
        return SubnetChoice(None, SubnetRule.NONE, missing, f"{target.name} has no subnet at all")
    trouble = unusable(first, full)
    if trouble is None:
        reason = f"{missing}, so the alphabetically first one is taken: {first.name}"
        return SubnetChoice(first, SubnetRule.FIRST, reason)
    return _first_usable(target, full, f"{missing}; {first.name}, alphabetically first, {trouble}")


def _named(
    source_subnet: str | None,
    target: Network,
    explicit: str | None,
    mapped: Mapping[str, str] | None,
) -> SubnetChoice | None:
    wanted, rule, why = explicit, SubnetRule.EXPLICIT, "set explicitly"
    if wanted is None and mapped and source_subnet is not None:
        by_lower = {source.lower(): chosen for source, chosen in mapped.items()}
        wanted, rule = by_lower.get(source_subnet.lower()), SubnetRule.MAPPED
        why = f"the configuration maps {source_subnet} to it"
    if wanted is None:
        return None
    subnet = target.subnet(wanted)
    if subnet is None:
        names = ", ".join(s.name for s in target.subnets) or "none"
        problem = f"{target.name} has no subnet {wanted}; there is: {names}"
        return SubnetChoice(None, rule, why, problem)
    trouble = unusable(subnet)
    return SubnetChoice(subnet, rule, why, f"{subnet.name} {trouble}" if trouble else "")


def _first_usable(target: Network, full: Callable[[Subnet], bool], why: str) -> SubnetChoice:
    usable = [s for s in target.subnets if unusable(s, full) is None]
    chosen = min(usable, key=lambda s: s.name.lower(), default=None)
    if chosen is None:
        return SubnetChoice(None, SubnetRule.NONE, why, f"{why}, and no other subnet is usable")
    reason = f"{why}, so the first usable one is taken: {chosen.name}"
    problem = f"{why}; Site Recovery might still choose it, so {chosen.name} is set instead"
    return SubnetChoice(chosen, SubnetRule.FIRST_USABLE, reason, problem)
