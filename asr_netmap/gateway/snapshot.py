"""A read-only copy of an estate, as Azure returns it, to rehearse on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AzureError, Missing
from asr_netmap.gateway import lists, translate
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.locks import LOCKS_API, locks_path
from asr_netmap.gateway.reading import gap
from asr_netmap.gateway.surroundings import DNS_API, links_path, zones_path
from asr_netmap.models import Inventory, NotLookedAt

Row = Mapping[str, Any]

_OF_VAULT = ("replicationPolicies", "replicationProtectionContainerMappings")


def take_snapshot(
    connection: Connection, vault: ArmId, inventory: Inventory
) -> tuple[list[Row], tuple[NotLookedAt, ...]]:
    """The resources of the vault and of the subscriptions around it, and what could not be read.

    inventory -- as just read; it tells which subscriptions belong to the estate.
    Raises AzureError if the vault itself can't be read.
    """
    resources: dict[str, Row] = {}
    gaps: list[NotLookedAt] = []
    with ThreadPoolExecutor(connection.workers, "asr-netmap-snapshot") as pool:
        tasks = list(_tasks(connection, vault, inventory))
        for (what, _), rows in zip(tasks, pool.map(_outcome, tasks), strict=True):
            if isinstance(rows, AzureError):
                gaps.append(gap(what, rows, None))
                continue
            for row in rows:
                key = str(row["id"]).lower()
                resources[key] = _with_state(resources[key], row) if key in resources else row
    return [resources[key] for key in sorted(resources)], tuple(gaps)


def _with_state(known: Row, row: Row) -> Row:
    """A resource as it was read first, with whether it runs where a later row tells that.

    ARM: the list with the machines' states has nothing else of them (Microsoft Learn, Virtual
    Machines - List All, statusOnly).
    """
    state = translate.power_state(row)
    if state is None:
        return known
    statuses = [{"code": f"PowerState/{state.state}"}]
    properties = {**(known.get("properties") or {}), "instanceView": {"statuses": statuses}}
    return {**known, "properties": properties}


_Task = tuple[str, Callable[[], list[Row]]]


def _outcome(task: _Task) -> list[Row] | AzureError:
    try:
        return task[1]()
    except Missing:
        return []
    except AzureError as error:
        return error


def _tasks(connection: Connection, vault: ArmId, inventory: Inventory) -> Iterator[_Task]:
    # ARM: rows of the fabric list lack containerIds and zones, which a GET has (recorded az CLI
    # traffic, 2023), so fabrics are read one by one, and first: the first row of an id stays.
    for fabric in inventory.fabrics:
        yield f"fabric {fabric.name}", _get(connection, fabric.id, lists.SITE_RECOVERY_API)
    yield f"vault {vault.name}", _get(connection, vault, lists.VAULT_API)
    for listing in lists.of_vault(vault):
        yield listing.what, _rows(connection, listing.path, listing.api_version)
    for kind in _OF_VAULT:
        yield kind, _rows(connection, f"{vault}/{kind}", lists.SITE_RECOVERY_API)
    for subscription in sorted(_subscriptions(vault, inventory)):
        for listing in (*lists.of_subscription(subscription), *lists.to_protect_in(subscription)):
            yield listing.what, _rows(connection, listing.path, listing.api_version, listing.query)
        yield f"private DNS zones of subscription {subscription}", _zones(connection, subscription)
        path = locks_path(subscription)
        yield f"locks of subscription {subscription}", _rows(connection, path, LOCKS_API)


def _get(connection: Connection, resource: ArmId, version: str) -> Callable[[], list[Row]]:
    return lambda: [connection.get(str(resource), version)]


def _zones(connection: Connection, subscription: str) -> Callable[[], list[Row]]:
    """Private DNS zones, each followed by its links to networks."""

    def read() -> list[Row]:
        found: list[Row] = []
        for zone in connection.rows(zones_path(subscription), DNS_API):
            found += [zone, *connection.rows(links_path(ArmId(str(zone["id"]))), DNS_API)]
        return found

    return read


def _rows(
    connection: Connection, path: str, version: str, query: str = ""
) -> Callable[[], list[Row]]:
    return lambda: list(connection.rows(path, version, query))


def _subscriptions(vault: ArmId, inventory: Inventory) -> set[str]:
    ids = [vault, *(n.id for n in inventory.networks), *(n.id for n in inventory.nics)]
    return {each.subscription.lower() for each in ids}
