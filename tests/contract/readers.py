"""What of the gateway reads a recorded GET, and what must come out of it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pytest

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import AzureError, Busy, Forbidden, Missing
from asr_netmap.gateway import jobs, lists, reading, subjects, translate
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.following import Following
from asr_netmap.planning.gateway import Operation, Phase

from .recordings import Exchange


@dataclass(frozen=True)
class Reader:
    """Reads the GETs whose path fits `path` wholly; raises AssertionError for a wrong reading."""

    path: str
    read: Callable[[Connection, Exchange], None]

    def fits(self, exchange: Exchange) -> bool:
        """Whether this is the reader of a request."""
        return exchange.read and re.fullmatch(self.path, exchange.key) is not None


def _typed(
    get: Callable[[Connection, ArmId], Mapping[str, Any]],
    model: Callable[[Mapping[str, Any]], Any],
) -> Callable[[Connection, Exchange], None]:
    def read(connection: Connection, exchange: Exchange) -> None:
        body = get(connection, ArmId(exchange.path))
        assert body == exchange.body
        found = model(body)
        assert found is not None, "not of the Azure-to-Azure scenario"
        assert found.id == ArmId(exchange.body["id"])

    return read


def _plain(connection: Connection, subject: ArmId) -> Mapping[str, Any]:
    return connection.get(str(subject), "")


def _network(connection: Connection, subject: ArmId) -> Mapping[str, Any]:
    """The gateway's own call, but for the version, which its client takes with each call."""
    client = connection.network(subject.subscription)
    real = client.virtual_networks.get
    version = getattr(connection, "versions")["microsoft.network"]  # noqa: B009 -- of a subclass
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            client.virtual_networks, "get", lambda *a, **k: real(*a, api_version=version, **k)
        )
        return subjects.network_body(connection, subject)


def _status(connection: Connection, exchange: Exchange) -> None:
    name = exchange.path.rsplit("/", 1)[-1]
    subject = _vault(exchange) if "/vaults/" in exchange.key else _group_beside(exchange)
    operation = Operation(name, exchange.url, "r", subject)
    progress = Following(connection).ask(operation)
    assert progress.word == exchange.body["status"]
    assert progress.phase is _PHASES[progress.word]


def _group_beside(exchange: Exchange) -> ArmId:
    """Any object outside of a vault: a network's operation doesn't say whose it is."""
    return ArmId.of_group(exchange.path.split("/")[2], "any")


_PHASES = {
    "NotStarted": Phase.RUNNING,
    "InProgress": Phase.RUNNING,
    "Succeeded": Phase.SUCCEEDED,
    "Failed": Phase.FAILED,
}


def _job(connection: Connection, exchange: Exchange) -> None:
    operation = Operation(exchange.path.rsplit("/", 1)[-1], "", "r", _vault(exchange))
    progress = Following(connection).ask(operation)
    assert progress.word == exchange.body["properties"]["state"]
    assert jobs.running(exchange.body) is (progress.phase is Phase.RUNNING)
    activity = exchange.body["properties"]["activityId"]
    assert jobs.belongs_to(exchange.body, activity.split(" ")[0])


def _jobs(connection: Connection, exchange: Exchange) -> None:
    version = getattr(connection, "versions")["microsoft.recoveryservices"]  # noqa: B009 -- as above
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs, "SITE_RECOVERY_API", version)
        listing = jobs.JobBoard(connection, _vault(exchange)).look()
    assert list(listing.rows) == [row["name"].lower() for row in exchange.body["value"]]
    for row in listing.rows.values():
        assert jobs.started(row) is not None
        assert not jobs.running(row)
        assert str(row["name"]) in jobs.described(row)


def _list(connection: Connection, exchange: Exchange) -> None:
    """A list that planning reads: each row becomes a model, or is of another scenario."""
    known = {each.path.lower(): each for each in _listings(exchange)}
    listing = replace(known[exchange.key], api_version=exchange.version)
    _rows, gaps = reading._one_list(connection, listing)
    assert gaps == []


def _raw_list(connection: Connection, exchange: Exchange) -> None:
    """A list that a snapshot keeps as it is."""
    assert list(connection.rows(exchange.path, exchange.version)) == exchange.body["value"]


def _listings(exchange: Exchange) -> tuple[lists.Listing, ...]:
    subscription = exchange.path.split("/")[2]
    of_vault = lists.of_vault(_vault(exchange)) if "/vaults/" in exchange.key else ()
    own = (*lists.of_subscription(subscription), lists.vaults_of(subscription))
    return (*of_vault, *own, lists.regions_of(subscription))


def _vault(exchange: Exchange) -> ArmId:
    return ArmId("/".join(exchange.path.split("/")[:9]))


_S = "/subscriptions/[^/]+"
_G = f"{_S}/resourcegroups/[^/]+"
_V = f"{_G}/providers/microsoft.recoveryservices/vaults/[^/]+"
_F = f"{_V}/replicationfabrics/[^/]+"
_C = f"{_F}/replicationprotectioncontainers/[^/]+"

READERS = (
    Reader(_F, _typed(subjects.fabric_body, translate.fabric)),
    Reader(
        f"{_F}/replicationnetworks/[^/]+/replicationnetworkmappings/[^/]+",
        _typed(subjects.mapping_body, translate.mapping),
    ),
    Reader(f"{_C}/replicationprotecteditems/[^/]+", _typed(subjects.item_body, translate.item)),
    Reader(
        f"{_G}/providers/microsoft.network/virtualnetworks/[^/]+",
        _typed(_network, translate.network),
    ),
    Reader(_G, _typed(subjects.group_body, translate.group)),
    Reader(_V, _typed(_plain, translate.vault)),
    # Read as rows of lists only; a row is what a GET shows.
    Reader(_C, _typed(_plain, translate.container)),
    Reader(f"{_G}/providers/microsoft.compute/virtualmachines/[^/]+", _typed(_plain, translate.vm)),
    Reader(f"{_V}/replicationoperationstatus/[^/]+", _status),
    Reader(f"{_S}/providers/microsoft.network/locations/[^/]+/operations/[^/]+", _status),
    Reader(f"{_V}/replicationjobs/[^/]+", _job),
    Reader(f"{_V}/replicationjobs", _jobs),
    Reader(
        f"{_V}/(replicationfabrics|replicationprotectioncontainers"
        "|replicationnetworkmappings|replicationprotecteditems)",
        _list,
    ),
    Reader(
        f"{_S}/(locations|resourcegroups|providers/microsoft.recoveryservices/vaults"
        "|providers/microsoft.compute/virtualmachines|providers/microsoft.network/(virtualnetworks"
        "|networkinterfaces|networksecuritygroups|routetables|natgateways|publicipaddresses"
        "|loadbalancers))",
        _list,
    ),
    Reader(f"{_V}/(replicationpolicies|replicationprotectioncontainermappings)", _raw_list),
)

ERRORS: dict[int, type[AzureError]] = {403: Forbidden, 404: Missing, 409: Busy}
"""What of our errors a recorded refusal of a read becomes."""


def reader_of(exchange: Exchange) -> Reader | None:
    """The reader of a recorded request; None: it is a write, or nothing here reads it."""
    return next((each for each in READERS if each.fits(exchange)), None)


def read_refused(connection: Connection, exchange: Exchange) -> None:
    """Read what was refused when it was recorded."""
    expected = ERRORS.get(exchange.status, AzureError)
    with pytest.raises(expected) as caught:
        connection.get(exchange.path, exchange.version)
    assert type(caught.value) is expected
    assert exchange.body["error"]["code"] in caught.value.message
    assert exchange.body["error"]["message"] in caught.value.message
