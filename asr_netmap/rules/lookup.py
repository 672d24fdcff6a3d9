"""From what people type (a name, ``group/name`` or an ARM id) to the one thing that is meant."""

from __future__ import annotations

from collections.abc import Sequence

from asr_netmap.arm_id import ArmId, check_name
from asr_netmap.errors import AmbiguousName, InvalidArmId, NotFound, UsageError
from asr_netmap.models import Inventory, Network
from asr_netmap.near_names import did_you_mean


def matches(text: str, resource: ArmId) -> bool:
    """Whether `text` (name, ``group/name`` or ARM id) means `resource`.

    Raises InvalidArmId for a text that is none of the three.
    """
    if text.startswith("/"):
        return ArmId(text) == resource
    group, _, name = text.rpartition("/")
    if "/" in group:
        raise InvalidArmId(
            f"{text!r} is neither a name, nor group/name, nor an ARM id.",
            "An ARM id starts with /subscriptions/.",
        )
    check_name(name)
    if group:
        check_name(group, "resource group name")
    return resource.name.lower() == name.lower() and (
        not group or resource.group.lower() == group.lower()
    )


def find_network(text: str, inventory: Inventory, region: str, role: str) -> Network:
    """The network of `region` that `text` means.

    role -- "source network" or "target network", for messages.
    Raises NotFound, AmbiguousName, or UsageError for a network of another region.
    """
    found = [n for n in inventory.networks if matches(text, n.id)]
    here = [n for n in found if n.region == region]
    if len(here) == 1:
        return here[0]
    if here:
        raise AmbiguousName(
            f"The {role} {text!r} fits {len(here)} networks in {region}: {_ids(here)}.",
            "Give group/name or the whole ARM id.",
        )
    if found:
        regions = ", ".join(sorted({n.region for n in found}))
        raise UsageError(
            f"The {role} {text!r} is in {regions}, not in {region}.",
            "Name a network of that region, or swap --source-region and --target-region.",
        )
    names = [n.name for n in inventory.networks if n.region == region]
    unread = [gap.what for gap in inventory.not_looked_at]
    hint = did_you_mean(text.rpartition("/")[2], names, f"There is no network in {region} at all.")
    if unread:
        hint += f" Not looked at: {'; '.join(unread)}."
    raise NotFound(f"No {role} {text!r} in {region}.", hint)


def _ids(networks: Sequence[Network]) -> str:
    return ", ".join(map(str, sorted(n.id for n in networks)))


def maybe_unseen(text: str, inventory: Inventory) -> bool:
    """Whether the network that `text` means may exist in what could not be read."""
    if text.startswith("/"):
        return not inventory.looked_at(ArmId(text))
    vault = inventory.vault.id if inventory.vault else None
    return any(
        gap.scope is not None and not (vault and gap.scope.is_under(vault))
        for gap in inventory.not_looked_at
    )
