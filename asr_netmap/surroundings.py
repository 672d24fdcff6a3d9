"""What stands around the networks: who may go out where, by which way, and who answers names.

Frozen values like those of `asr_netmap.models`. Security groups and route tables are in an
Inventory's `regional`, since their lists are read for every plan; `Surroundings` holds what only
a verification reads.
"""

from __future__ import annotations

from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ManagementLock, NotLookedAt, RegionalResource


@dataclass(frozen=True, slots=True)
class SecurityRule:
    """A rule of a network security group.

    priority -- a lower number is asked first; the first rule that fits decides.
    sources, destinations -- prefixes, service tags or ``*``, as Azure gives them; a rule about
        application security groups has none of that kind.
    ports -- of the destination: ``443``, ``1-1024`` or ``*``.
    """

    name: str
    priority: int
    outbound: bool
    allows: bool
    protocol: str
    sources: tuple[str, ...] = ()
    destinations: tuple[str, ...] = ()
    ports: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NetworkSecurityGroup(RegionalResource):
    """A network security group with its rules, the default ones not among them."""

    rules: tuple[SecurityRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Route:
    """A route of a route table; next_hop is Azure's word, such as ``VirtualAppliance``."""

    name: str
    prefix: str
    next_hop: str


@dataclass(frozen=True, slots=True)
class RouteTable(RegionalResource):
    """A route table with its routes."""

    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True)
class DnsZoneLink:
    """A private DNS zone that a network can resolve names of.

    zone -- its name is the zone's, such as ``privatelink.blob.core.windows.net``.
    """

    zone: ArmId
    network: ArmId


@dataclass(frozen=True, slots=True)
class SubnetUsage:
    """How many addresses of a subnet Azure itself counts as used.

    used -- by whatever is in the subnet, also by what no list of NICs or load balancers shows.
    limit -- how many there can be, the five that Azure keeps in each prefix not among them.
    """

    subnet: ArmId
    used: int
    limit: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What was read beside the inventory, at the same time.

    subscriptions -- whose zones and locks were asked for, lower-case ids.
    usages -- of the networks that were asked for; none of a subnet that Azure does not count.
    """

    dns_links: tuple[DnsZoneLink, ...] = ()
    locks: tuple[ManagementLock, ...] = ()
    subscriptions: tuple[str, ...] = ()
    usages: tuple[SubnetUsage, ...] = ()
    not_looked_at: tuple[NotLookedAt, ...] = ()
