"""Which vault is meant, and what is read of it and around it: all of a run before deciding."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import UsageError
from asr_netmap.models import Inventory, RegionPair
from asr_netmap.settings import (
    Overrides,
    Settings,
    from_document,
    settings_from_options,
    to_document,
)

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection  # loads azure, so only for the checker

Say = Callable[[str], None]

_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def settings_for_vault(vault: str, source_region: str, target_region: str) -> Settings:
    """Settings that say nothing but which vault and regions are meant.

    vault -- ``subscription/group/name``, or the vault's ARM id.
    Raises UsageError.
    """
    parts = ArmId(vault).segments[1::2] if vault.startswith("/") else vault.split("/")
    wanted = [part for part in parts if part.lower() != "microsoft.recoveryservices"]
    if len(wanted) != 3:
        raise UsageError(
            f"{vault!r} names no vault.", "Write subscription/resource-group/name, or its ARM id."
        )
    subscription, group, name = wanted
    return settings_from_options(
        Overrides(
            subscription=subscription,
            resource_group=group,
            vault_name=name,
            source_region=source_region,
            target_region=target_region,
        )
    )


def resolve_settings(azure: Connection, settings: Settings) -> Settings:
    """The same settings with subscription names turned into ids.

    Raises NotFound with the subscriptions that are visible.
    """
    document = to_document(settings)
    vault, target = document["vault"], document.get("target_subscription")
    if not _GUID.fullmatch(vault["subscription"]):
        vault["subscription"] = azure.resolve_subscription(vault["subscription"]).id
    if target and not _GUID.fullmatch(target):
        document["target_subscription"] = azure.resolve_subscription(target).id
    return from_document(document)


def read(azure: Connection, settings: Settings, *, progress: Say | None = None) -> Inventory:
    """All that planning needs to know of the vault and the networks around it.

    Raises NotFound for a vault, group, subscription or region that isn't there, AzureError if
    nothing could be read. What else could not be read is in `Inventory.not_looked_at`.
    """
    from asr_netmap.gateway.reading import read_inventory  # noqa: PLC0415 -- gateway imports azure

    return read_inventory(
        azure,
        vault=settings.vault.id,
        regions=settings.regions,
        subscriptions=_named_subscriptions(settings),
        progress=progress,
        protecting=_protecting(settings),
    )


def read_to_show(
    azure: Connection, settings: Settings, *, progress: Say | None = None
) -> Inventory:
    """The networks, mappings, fabrics and replicated items of a vault, and nothing around them.

    Enough to show all of it; what picks a part of it asks for more. Raises as `read` does.
    """
    from asr_netmap.gateway.lists import networks_of  # noqa: PLC0415 -- gateway imports azure
    from asr_netmap.gateway.reading import read_inventory  # noqa: PLC0415 -- the same

    return read_inventory(
        azure,
        vault=settings.vault.id,
        regions=settings.regions,
        subscriptions=_named_subscriptions(settings),
        progress=progress,
        of_subscription=lambda subscription: [networks_of(subscription)],
    )


def _protecting(settings: Settings) -> Callable[[Inventory], bool] | None:
    """Whether machines are still to be replicated, by what was read; None: none are declared."""
    if settings.protect is None:
        return None
    from asr_netmap.planning.machines import any_to_protect  # noqa: PLC0415 -- for this only

    return lambda inventory: any_to_protect(inventory, settings)


def read_networks(
    azure: Connection,
    subscriptions: Iterable[str],
    regions: RegionPair | None = None,
    *,
    progress: Say | None = None,
) -> Inventory:
    """The virtual networks of subscriptions (ids), without any vault."""
    from asr_netmap.gateway.reading import read_inventory  # noqa: PLC0415 -- gateway imports azure

    return read_inventory(
        azure, vault=None, regions=regions, subscriptions=subscriptions, progress=progress
    )


def _named_subscriptions(settings: Settings) -> tuple[str, ...]:
    """The subscriptions that the settings name beside the vault's."""
    texts = [n.source for n in settings.networks or ()]
    texts += [n.target for n in settings.networks or () if n.target]
    texts += [n.test.network for n in settings.networks or () if n.test and n.test.network]
    protect = settings.protect
    if protect is not None:
        texts += [*protect.vms, *protect.networks]
        texts += [each for each in (protect.cache_storage, protect.target_network) if each]
        texts += [row.target_network for row in protect.settings if row.target_network]
    named = [ArmId(text).subscription for text in texts if text.startswith("/")]
    if settings.target_subscription:
        named.append(settings.target_subscription)
    return tuple(dict.fromkeys(named))
