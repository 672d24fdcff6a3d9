"""Addresses that load balancers hold: nobody's NIC has them, and nobody else can get them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from asr_netmap.arm_id import ArmId
from asr_netmap.models import Inventory, IpAddress


@dataclass(frozen=True, slots=True)
class Frontend:
    """An address of a network that a load balancer's frontend holds.

    who -- in words, as for the other holders of addresses.
    """

    network: ArmId
    address: IpAddress
    who: str


def frontend_holders(inventory: Inventory) -> Iterator[Frontend]:
    """The addresses of private frontends, in the order of the load balancers' ids.

    Public frontends hold no address of a network. Private endpoints need no words here: each has
    a NIC of its own among the inventory's NICs (Microsoft Learn, private endpoint overview).
    """
    for balancer in sorted(inventory.load_balancers, key=lambda b: b.id):
        for frontend in balancer.frontends:
            if frontend.subnet is not None and frontend.address is not None:
                who = f"load balancer {balancer.id.name} ({frontend.name})"
                yield Frontend(frontend.subnet.parent, frontend.address, who)
