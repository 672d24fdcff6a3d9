"""Reads one vault and the networks around it, all lists at once, into an Inventory.

A list that can't be read is a gap with its reason, never an empty list: absent must mean absent.
Only what the user named is an error when it is missing: the vault, its group, the subscription,
a region.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import (
    AsrNetmapError,
    AzureError,
    BlockedRequest,
    CredentialsMissing,
    Forbidden,
    Missing,
    NotFound,
    ProviderNotRegistered,
)
from asr_netmap.gateway import lists, translate
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.lists import Listing
from asr_netmap.models import (
    Inventory,
    NetworkMapping,
    NotLookedAt,
    RegionPair,
    ReplicatedItem,
    Vault,
    region_key,
)
from asr_netmap.near_names import did_you_mean

Say = Callable[[str], None]
# These say that nothing can be read, not that this list can't.
_FATAL = (CredentialsMissing, BlockedRequest)
_OF_VAULT = ("fabrics", "containers", "mappings", "items")


@dataclass
class _Found:
    """What was read so far: rows for each of the Inventory's attributes, and the gaps."""

    rows: dict[str, list[Any]] = field(default_factory=dict)
    gaps: list[NotLookedAt] = field(default_factory=list)
    errors: list[AzureError] = field(default_factory=list)
    never_used: list[NotLookedAt] = field(default_factory=list)
    lists_read: int = 0

    def inventory(self, vault: Vault | None) -> Inventory:
        """All of it as a value, in an order that doesn't depend on which thread was first."""
        rows = {name: tuple(values) for name, values in self.rows.items()}
        gaps = tuple(sorted((*self.gaps, *self._not_believed()), key=lambda gap: gap.what))
        return Inventory(vault=vault, not_looked_at=gaps, **rows)

    def _not_believed(self) -> list[NotLookedAt]:
        """Lists of the vault that say it was never used, where others have rows."""
        return self.never_used if any(self.rows.get(name) for name in _OF_VAULT) else []


def read_inventory(
    connection: Connection,
    *,
    vault: ArmId | None,
    regions: RegionPair | None,
    subscriptions: Iterable[str] = (),
    progress: Say | None = None,
    protecting: Callable[[Inventory], bool] | None = None,
    of_subscription: Callable[[str], Sequence[Listing]] = lists.of_subscription,
) -> Inventory:
    """Read everything that planning needs.

    vault -- None: only the networks (and regions) of `subscriptions` are read.
    regions -- both must exist; None: not checked.
    subscriptions -- ids to look into beside the vault's; those that mappings and items name are
        added by themselves.
    progress -- told in words what was read; called from one thread at a time.
    protecting -- whether machines are to be replicated, by what was read so far: then what that
        needs is read, too; None: none are.
    of_subscription -- what is read of each subscription, where less will do.
    Raises NotFound for a named thing that isn't there, and AzureError if nothing could be read.
    """
    say = progress or _silent
    asked = list(dict.fromkeys(s.lower() for s in subscriptions))
    with ThreadPoolExecutor(connection.workers, "asr-netmap-read") as pool:
        if vault is None:
            found = _Found()
            _read(connection, pool, [lists.networks_of(s) for s in asked], found, say)
            _read(connection, pool, [lists.regions_of(s) for s in asked[:1]], found, say)
            return _finished(found, None, regions)
        at_home = list(dict.fromkeys([vault.subscription.lower(), *asked]))
        looking: Future[Vault | NotLookedAt] = pool.submit(_read_vault, connection, vault)
        found = _Found()
        first = [*lists.of_vault(vault), lists.regions_of(vault.subscription)]
        first += [each for s in at_home for each in of_subscription(s)]
        _read(connection, pool, first, found, say)
        seen = looking.result()
        if isinstance(seen, NotLookedAt):
            found.gaps.append(seen)
        further = sorted(_named_subscriptions(found) - set(at_home))
        _read(connection, pool, [x for s in further for x in of_subscription(s)], found, say)
        # A vault that could not be seen is none, here: its lists tell.
        here = seen if isinstance(seen, Vault) else None
        if protecting is not None and protecting(found.inventory(here)):
            _read_to_protect(connection, pool, vault, [*at_home, *further], found, say)
    return _finished(found, here, regions)


def read_items(connection: Connection, vault: ArmId) -> tuple[ReplicatedItem, ...]:
    """The replicated items of a vault, and nothing else. Raises AzureErrors."""
    listing = lists.items_of(vault)
    rows = connection.rows(listing.path, listing.api_version)
    good, _gaps = translate.translated_rows(rows, translate.item, listing.one)
    return tuple(good)


def find_vaults(connection: Connection, subscription: str) -> tuple[Vault, ...]:
    """The Recovery Services vaults of a subscription, for choosing and for messages."""
    listing = lists.vaults_of(subscription)
    rows = connection.rows(listing.path, listing.api_version)
    good, _gaps = translate.translated_rows(rows, translate.vault, listing.one)
    return tuple(sorted(good, key=lambda each: each.id))


def _read_to_protect(
    connection: Connection,
    pool: ThreadPoolExecutor,
    vault: ArmId,
    subscriptions: Iterable[str],
    found: _Found,
    say: Say,
) -> None:
    """What machines need that are to be replicated, and which ones other vaults replicate."""
    wanted = [*lists.to_protect_in_vault(vault)]
    others: list[ArmId] = []
    for subscription in subscriptions:
        wanted += lists.to_protect_in(subscription)
        try:
            vaults = find_vaults(connection, subscription)
        except _FATAL:
            raise
        except AzureError as error:
            found.gaps.append(gap(f"vaults of subscription {subscription}", error, None))
            continue
        others += [each.id for each in vaults if each.id != vault]
    _read(connection, pool, [*wanted, *(lists.elsewhere(each) for each in others)], found, say)


def _read(
    connection: Connection,
    pool: ThreadPoolExecutor,
    listings: Iterable[Listing],
    found: _Found,
    say: Say,
) -> None:
    """Read lists at the same time and put rows and gaps into `found`, in the lists' order."""
    waiting = [(each, pool.submit(_one_list, connection, each)) for each in listings]
    try:
        for listing, future in waiting:
            _take(listing, future, found, say)
    finally:
        for _listing, future in waiting:
            future.cancel()


def _take(
    listing: Listing,
    future: Future[tuple[list[object] | None, list[NotLookedAt]]],
    found: _Found,
    say: Say,
) -> None:
    try:
        rows, gaps = future.result()
    except _FATAL:
        raise
    except AzureError as error:
        found.errors.append(error)
        found.gaps.append(replace(gap(listing.what, error, listing.scope), kind=listing.kind))
        say(f"{listing.what}: not looked at")
        return
    found.lists_read += 1
    if rows is None:
        found.never_used.append(_absent(listing))
        rows = []
    found.rows.setdefault(listing.field, []).extend(rows)
    found.gaps.extend(gaps)
    say(f"{listing.what}: {len(rows)}")


def _one_list(
    connection: Connection, listing: Listing
) -> tuple[list[object] | None, list[NotLookedAt]]:
    """Rows and gaps; None for the rows: a vault that was never used has no such list."""
    rows = connection.rows(listing.path, listing.api_version, listing.query)
    try:
        return translate.translated_rows(rows, listing.translate, listing.one)
    except Missing:
        # ARM: a vault that was never used for Site Recovery has no lists, not empty ones
        # (terraform-provider-azurerm issue 6026). Whether the vault itself is there is asked
        # beside, and its absence is an error of its own.
        if listing.in_vault:
            return None, []
        raise


def _absent(listing: Listing) -> NotLookedAt:
    reason = "the answer is that the vault was never used, and other lists of it have rows"
    return NotLookedAt(listing.what, reason, listing.scope, "Try again.", listing.kind)


def gap(what: str, error: AsrNetmapError, scope: ArmId | None) -> NotLookedAt:
    """The value that says that something could not be read, and why."""
    if isinstance(error, Forbidden) and error.action:
        reason = f"no permission: {error.action} on {error.scope}"
    else:
        reason = error.message
    return NotLookedAt(what, reason, scope, error.hint)


def _read_vault(connection: Connection, vault: ArmId) -> Vault | NotLookedAt:
    """The vault, or why it can't be seen. Raises NotFound with what is there instead."""
    try:
        body = connection.get(str(vault), lists.VAULT_API)
    except (*_FATAL, ProviderNotRegistered):
        raise  # a subscription without the provider has no vault to look at
    except Missing as error:
        raise NotFound(_what_is_missing(connection, vault), _VAULT_HINT) from error
    except AzureError as error:
        return gap(f"vault {vault.name}", error, vault)
    good, gaps = translate.translated_rows([body], translate.vault, "vault")
    return good[0] if good else gaps[0]


_VAULT_HINT = "Check --vault-name, --resource-group and --subscription (or give --vault-id)."


def _what_is_missing(connection: Connection, vault: ArmId) -> str:
    """Subscription, group or vault: the outermost that isn't there, with near names."""
    subscription, group = vault.subscription, vault.group
    visible = _known(lambda: [s.id for s in connection.subscriptions()])
    if visible and subscription.lower() not in {each.lower() for each in visible}:
        return f"No subscription '{subscription}' is visible. {did_you_mean(subscription, visible)}"
    listing = lists.groups_of(subscription)
    groups = _known(
        lambda: [str(r["name"]) for r in connection.rows(listing.path, listing.api_version)]
    )
    if groups and group.lower() not in {each.lower() for each in groups}:
        return f"No resource group '{group}' in {subscription}. {did_you_mean(group, groups)}"
    vaults = _known(
        lambda: [f"{v.id.group}/{v.id.name}" for v in find_vaults(connection, subscription)]
    )
    wanted = f"{group}/{vault.name}"
    near = did_you_mean(wanted, vaults, "There is none.")
    return f"No vault '{wanted}' in subscription {subscription}. {near}"


def _known(names: Callable[[], list[str]]) -> list[str]:
    """Names for a message; none if they can't be read either."""
    try:
        return names()
    except (AzureError, KeyError):
        return []


def _named_subscriptions(found: _Found) -> set[str]:
    """The subscriptions that mappings and items lead to."""
    ids: list[ArmId | None] = []
    mappings: list[NetworkMapping] = found.rows.get("mappings", [])
    items: list[ReplicatedItem] = found.rows.get("items", [])
    for mapping in mappings:
        ids += [mapping.source_network, mapping.target_network]
    for item in items:
        ids += [item.vm, item.target_network, item.test_network, item.target_group]
        ids += item.source_networks
        for nic in item.nics:
            ids += [nic.nsg, nic.test_nsg]
            for config in nic.ip_configs:
                ids += [config.public_ip, config.test_public_ip]
                ids += [*config.lb_pools, *config.test_lb_pools]
    return {each.subscription.lower() for each in ids if each is not None}


def _finished(found: _Found, vault: Vault | None, regions: RegionPair | None) -> Inventory:
    """The inventory, unless nothing was read or a region is none."""
    if found.errors and not found.lists_read:
        raise found.errors[0]
    inventory = found.inventory(vault)
    if regions is not None and inventory.regions:
        _check_regions(regions, inventory.regions)
    return inventory


def _check_regions(regions: RegionPair, known: Iterable[str]) -> None:
    names = list(known)
    for word, region in (("source", regions.source), ("target", regions.target)):
        if region_key(region) not in names:
            raise NotFound(
                f"No {word} region '{region}' for this subscription. {did_you_mean(region, names)}",
                f"Give --{word}-region as in `az account list-locations --query [].name`.",
            )


def _silent(_text: str) -> None:
    """No progress is wanted."""
