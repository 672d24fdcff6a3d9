"""From the names that people type to one replicated item, NIC and IP config."""

from __future__ import annotations

from collections.abc import Sequence

from asr_netmap.errors import AmbiguousName, NotFound
from asr_netmap.models import (
    Inventory,
    RegionPair,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)
from asr_netmap.near_names import did_you_mean
from asr_netmap.rules.lookup import matches


def find_item(text: str, inventory: Inventory, regions: RegionPair) -> ReplicatedItem:
    """The item between the two regions whose VM `text` means: name, group/name or ARM id.

    Raises NotFound with near names, AmbiguousName, InvalidArmId for what can be no name.
    """
    items = [i for i in inventory.items if regions.direction_of(i.source_region, i.target_region)]
    found = [
        item
        for item in items
        if (item.vm is not None and matches(text, item.vm)) or item.vm_name.lower() == text.lower()
    ]
    if len(found) == 1:
        return found[0]
    if found:
        ids = ", ".join(sorted(str(item.vm or item.id) for item in found))
        raise AmbiguousName(
            f"The VM {text!r} fits {len(found)} replicated items: {ids}.",
            "Give group/name or the whole ARM id.",
        )
    pair = f"{regions.source} and {regions.target}"
    hint = did_you_mean(text.rpartition("/")[2], [i.vm_name for i in items], "There is none.")
    unread = "; ".join(gap.what for gap in inventory.not_looked_at)
    raise NotFound(
        f"No replicated item between {pair} has the VM {text!r}.",
        f"{hint} Not looked at: {unread}." if unread else hint,
    )


def find_nic(text: str | None, item: ReplicatedItem) -> ReplicatedNic:
    """The NIC of `item` that is meant by name or ARM id; None: the only one.

    Raises NotFound with near names, or AmbiguousName.
    """
    found = [n for n in item.nics if text is None or text.lower() in {n.name.lower(), n.id.key}]
    if len(found) == 1:
        return found[0]
    if not item.nics:
        raise NotFound(
            f"Site Recovery lists no network interface of {item.vm_name} now.",
            "Wait until its first replication is done.",
        )
    if found:
        alike = len({n.name.lower() for n in found}) < len(found)
        raise _several(
            f"{item.vm_name} has", [str(n.id) if alike else n.name for n in found], "nic"
        )
    hint = did_you_mean(text or "", [n.name for n in item.nics], "")
    raise NotFound(f"{item.vm_name} has no NIC {text!r}.", hint)


def find_ip_config(
    text: str | None, item: ReplicatedItem, nic: ReplicatedNic
) -> ReplicatedIpConfig:
    """The IP config of `nic` that is meant; None: the only one.

    Raises NotFound with near names, or AmbiguousName.
    """
    found = [c for c in nic.ip_configs if text is None or c.name.lower() == text.lower()]
    if len(found) == 1:
        return found[0]
    names = [c.name for c in nic.ip_configs]
    if found:
        raise _several(f"{item.vm_name}/{nic.name} has", names, "ip-config")
    hint = did_you_mean(text or "", names, "Site Recovery lists none of it.")
    raise NotFound(f"{item.vm_name}/{nic.name} has no IP config {text!r}.", hint)


def _several(who: str, names: Sequence[str], option: str) -> AmbiguousName:
    what = "NICs" if option == "nic" else "IP configs"
    return AmbiguousName(
        f"{who} {len(names)} {what}: {', '.join(names)}.", f"Say which with --{option}."
    )
