"""Replays what was recorded of the real service against a sandbox that is in the same state.

A write that the sandbox plays is sent to it, and from then on it answers for what was written.
What it does not play (enabling replication, failover, ...) has happened elsewhere: before each
request the estate is given what the recording itself shows of it at that moment. Time is virtual:
each exchange is a step later, and an operation ends between the last recorded look that found it
running and the first that found it done.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from asr_netmap.sandbox import (
    Engine,
    Estate,
    Options,
    Request,
    Response,
    engine,
    ids,
    implied,
    sandbox_token,
)
from asr_netmap.sandbox import recovery as sandbox_recovery
from asr_netmap.sandbox.implied import FABRIC_TYPE, VAULT_TYPE, implied_parents, resource_group
from asr_netmap.sandbox.operations import RUNNING, SUCCEEDED, Operation, polling_url

from .recordings import Exchange, Json, Recording
from .shapes import Difference, body_differences

STEP = 0.4
"""Virtual seconds between two exchanges: several fall into a job's first second."""

_BASE = "https://management.azure.com"
_LONG = timedelta(days=1)
_FINISHED = frozenset({"succeeded", "failed", "canceled", "cancelled"})
_LOOKS = ("/replicationoperationstatus/", "/replicationjobs/", "/operations/")


@dataclass(frozen=True)
class Compared:
    """One recorded request and what became of it here.

    kind -- method and path template of the sandbox, '' where it doesn't play the request.
    own -- whether the sandbox made what it answered; otherwise it shows what it was given.
    """

    exchange: Exchange
    kind: str
    own: bool
    differences: tuple[Difference, ...]


class SameState:
    """A sandbox beside one recording."""

    def __init__(self, recording: Recording) -> None:
        self._exchanges = recording.exchanges
        self._shown = [(n, r) for n, e in enumerate(self._exchanges) for r in e.resources()]
        self._made = {
            e.key for e in self._exchanges if e.method == "PUT" and e.status in {201, 202}
        }
        self._engine = Engine(Estate(), Options(signed_urls=False))
        # Not on a whole second, so that each time is written with its fraction.
        self._now = recording.began.replace(microsecond=654321)
        self._rng = Random(20230116)
        self._own: set[str] = set()
        self._urls: dict[str, str] = {}
        self._prepare()

    def compare(self) -> Iterator[Compared]:
        """Each recorded request, in order."""
        for number, exchange in enumerate(self._exchanges):
            self._now += timedelta(seconds=STEP)
            kind = played(exchange)
            if not kind:
                self._happened_elsewhere(exchange)
                yield Compared(exchange, "", False, ())
            elif exchange.read:
                yield self._read(number, exchange, kind)
            else:
                yield self._write(number, exchange, kind)

    # -- requests ----------------------------------------------------------------------------

    def _read(self, number: int, exchange: Exchange, kind: str) -> Compared:
        url, own = self._url(exchange)
        if not url:
            answer = self._look_elsewhere(exchange)
            return Compared(exchange, kind, True, tuple(differences(answer, exchange)))
        if exchange.status == 200 and not own:
            rows = exchange.resources()
            own = bool(rows) and all(ids.key(r["id"]) in self._own for r in rows)
            # Rows of a list say less than the objects themselves, and the sandbox cuts them.
            own = own or "value" in (exchange.body or {})
            for row in rows:
                self._show(number, row)
        answer = self._send(exchange, url)
        return Compared(exchange, kind, own, tuple(differences(answer, exchange)))

    def _write(self, number: int, exchange: Exchange, kind: str) -> Compared:
        if exchange.status == 200 or exchange.method != "PUT":
            self._put_before(number, exchange.key)
        self._engine.options = replace(
            self._engine.options,
            operation_seconds=self._runs_for(number, exchange),
            replication_seconds=self._replicates_for(number, exchange),
            signed_urls=_signed(exchange.header("azure-asyncoperation")),
        )
        answer = self._send(replace(exchange, sent=self._with_our_nics(exchange)), exchange.url)
        self._own.add(exchange.key)
        url = answer.header("Azure-AsyncOperation")
        if exchange.operation and url:
            self._urls[exchange.operation] = url
            self._own.add(f"job {exchange.operation}")
        return Compared(exchange, kind, True, tuple(differences(answer, exchange)))

    def _with_our_nics(self, exchange: Exchange) -> Any:
        """The body with our names of the NICs, where the sandbox made the item: GUIDs are drawn."""
        ours = self._engine.estate.get(exchange.key)
        if exchange.method != "PATCH" or exchange.key not in self._own or ours is None:
            return exchange.sent
        own = {ids.key(n["sourceNicArmId"]): n["nicId"] for n in details_of(ours)["vmNics"]}
        looks = [details_of(r) for _, r in self._shown if ids.key(r["id"]) == exchange.key]
        theirs = {n["nicId"]: own[ids.key(n["sourceNicArmId"])] for d in looks for n in d["vmNics"]}
        properties = exchange.sent["properties"]
        nics = [{**nic, "nicId": theirs[nic["nicId"]]} for nic in properties["vmNics"]]
        return {**exchange.sent, "properties": {**properties, "vmNics": nics}}

    def _send(self, exchange: Exchange, url: str, to: Engine | None = None) -> Response:
        headers = {"Authorization": f"Bearer {sandbox_token(self._now, _BASE)}"}
        body = b"" if exchange.sent is None else json.dumps(exchange.sent).encode()
        request = Request(exchange.method, url, headers, body)
        return (to or self._engine).handle(request, self._now, self._rng)

    def _url(self, exchange: Exchange) -> tuple[str, bool]:
        """Where to ask for what the recording asked, and whether the sandbox made that.

        '': for an operation that the sandbox did not start.
        """
        name = exchange.key.rsplit("/", 1)[-1]
        look = next((each for each in _LOOKS if f"{each}{name}" in exchange.key), "")
        if look == "/replicationjobs/":
            return self._job_url(exchange, name)
        if not look:
            return exchange.url, False
        return self._urls.get(name, ""), True

    def _job_url(self, exchange: Exchange, name: str) -> tuple[str, bool]:
        if name not in self._urls:
            return exchange.url, False
        ours = urlsplit(self._urls[name]).path.rsplit("/", 1)[-1]
        head = exchange.path.rsplit("/", 1)[0]
        return f"{_BASE}{head}/{ours}?api-version={exchange.version}", True

    # -- the state ---------------------------------------------------------------------------

    def _prepare(self) -> None:
        """What was there before the first request: all that no recorded write makes."""
        for exchange in self._exchanges:
            self._surroundings(exchange.path)
        for _, resource in self._shown:
            for parent in implied_parents(resource):
                if parent["type"] == FABRIC_TYPE:
                    self._unless_made(parent)
        for exchange in self._exchanges:
            if exchange.method == "PUT" and "/replicationnetworkmappings/" in exchange.key:
                self._networks_of(exchange)
            if exchange.method == "PUT" and "/replicationprotecteditems/" in exchange.key:
                self._what_is_replicated(exchange)

    def _surroundings(self, path: str) -> None:
        parts = path.split("/")
        if len(parts) > 4 and parts[3].lower() == "resourcegroups":
            self._unless_made(resource_group(parts[2], parts[4], "eastus2"))
        if len(parts) > 8 and parts[7].lower() == "vaults":
            vault = "/".join(("", "subscriptions", *parts[2:9]))
            self._unless_made({"id": vault, "name": parts[8], "type": VAULT_TYPE})

    def _networks_of(self, exchange: Exchange) -> None:
        """The networks that a mapping names and nothing else shows, where its fabrics are."""
        sent = exchange.sent["properties"]
        fabric = exchange.path.split("/replicationNetworks/")[0]
        other = f"{fabric.rsplit('/', 1)[0]}/{sent['recoveryFabricName']}"
        for network, place in (
            (sent["fabricSpecificDetails"]["primaryNetworkId"], fabric),
            (sent["recoveryNetworkId"], other),
        ):
            if not any(ids.same(r["id"], network) for _, r in self._shown):
                self._unless_made(self._derived_network(network, self._region_of(place)))

    def _what_is_replicated(self, exchange: Exchange) -> None:
        """The machine, its NICs and its cache, as far as nothing but the item shows them."""
        sent = exchange.sent["properties"]
        details = sent["providerSpecificDetails"]
        looks = [details_of(r) for _, r in self._shown if ids.key(r["id"]) == exchange.key]
        item = next((each for each in looks if each.get("vmNics")), {})
        region = item.get("primaryFabricLocation", "")
        caches = [d["primaryStagingAzureStorageAccountId"] for d in details["vmManagedDisks"]]
        for resource in (
            *(derived_nic(nic, region) for nic in item.get("vmNics") or ()),
            derived_machine(details, item, region),
            *(bare(cache, location=region) for cache in caches),
        ):
            self._surroundings(resource["id"])
            self._unless_shown(resource)
        self._surroundings(f"{details['recoveryResourceGroupId']}/providers")
        self._unless_made(bare(sent["policyId"]))
        self._pair(exchange)
        network = item.get("selectedRecoveryAzureNetworkId")
        if network and not details.get("recoveryAzureNetworkId"):
            self._map(exchange, item["vmNics"][0]["vMNetworkName"], network)

    def _map(self, exchange: Exchange, source: str, target: str) -> None:
        """The network mapping that a network which nobody named came from."""
        other = exchange.sent["properties"]["providerSpecificDetails"]["recoveryContainerId"]
        fabric = exchange.path.split("/replicationProtectionContainers/")[0]
        identifier = f"{fabric}/replicationNetworks/azureNetwork/replicationNetworkMappings/one"
        properties = {
            "primaryNetworkId": source,
            "recoveryNetworkId": target,
            "recoveryFabricArmId": other.split("/replicationProtectionContainers/")[0],
        }
        self._unless_made(bare(identifier, properties=properties))

    def _pair(self, exchange: Exchange) -> None:
        """The protection containers and their mapping, unless the recording makes them."""
        sent = exchange.sent["properties"]
        target = sent["providerSpecificDetails"]["recoveryContainerId"]
        source = exchange.path.split("/replicationProtectedItems/")[0]
        source = "/Subscriptions/" + source.split("/", 2)[2]
        mappings = f"{source}/replicationProtectionContainerMappings"
        if any(key.startswith(f"{ids.key(mappings)}/") for key in self._made):
            return
        pair = {"targetProtectionContainerId": target, "policyId": sent["policyId"]}
        for resource in (
            *(implied.container(each, ids.last_name(each)) for each in (source, target)),
            bare(f"{mappings}/elsewhere", properties=pair),
        ):
            self._unless_made(resource)

    def _unless_shown(self, resource: Json) -> None:
        """As the recording shows it at any time, else as it is derived."""
        key = ids.key(resource["id"])
        shown = next((r for _, r in self._shown if ids.key(r["id"]) == key), resource)
        self._engine.estate.put(shown)

    def _derived_network(self, identifier: str, region: str) -> Json:
        names = set()
        for _, resource in self._shown:
            for nic in details_of(resource).get("vmNics") or ():
                for config in nic.get("ipConfigs") or ():
                    if ids.same(nic.get("recoveryVMNetworkId"), identifier):
                        names.add(config["recoverySubnetName"])
        return {
            "id": identifier,
            "name": ids.last_name(identifier),
            "type": "Microsoft.Network/virtualNetworks",
            "location": region,
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
                "subnets": [
                    {"name": name, "properties": {"addressPrefix": f"10.0.{n}.0/24"}}
                    for n, name in enumerate(sorted(filter(None, names)))
                ],
            },
        }

    def _region_of(self, fabric: str) -> str:
        known = [r for _, r in self._shown if ids.same(r["id"], fabric)]
        known += [
            p for _, r in self._shown for p in implied_parents(r) if ids.same(p["id"], fabric)
        ]
        regions = [r["properties"]["customDetails"].get("location") for r in known]
        return next(filter(None, regions), "")

    def _unless_made(self, resource: Json) -> None:
        known = self._engine.estate.get(resource["id"]) is not None
        if not known and ids.key(resource["id"]) not in self._made:
            self._engine.estate.put(resource)

    def _put_before(self, number: int, key: str) -> None:
        """An object that a write finds there: as the nearest look at it shows it."""
        if key in self._own:
            return
        looks = [(n, r) for n, r in self._shown if ids.key(r["id"]) == key]
        looks = [x for x in looks if self._exchanges[x[0]].read]
        if looks:
            earlier = [r for n, r in looks if n < number]
            self._engine.estate.put(earlier[-1] if earlier else looks[0][1])

    def _show(self, number: int, row: Json) -> None:
        """Give the estate a resource as recorded, unless the sandbox answers for it itself."""
        key = ids.key(row["id"])
        if key in self._own or f"job {ids.last_name(key)}" in self._own:
            return
        self._engine.estate.put(self._whole(number, key) or row)

    def _whole(self, number: int, key: str) -> Json | None:
        """The object behind a list's row, which says less: the nearest look at it by itself."""
        before = range(number, -1, -1)
        after = range(number, len(self._exchanges))
        for numbers in (before, after):
            for n in numbers:
                exchange = self._exchanges[n]
                if exchange.key == key and not exchange.read:
                    break
                if exchange.key == key and exchange.resources():
                    return exchange.resources()[0]
        return None

    def _happened_elsewhere(self, exchange: Exchange) -> None:
        """After it the sandbox no longer knows what it touched, nor what lies above."""
        if exchange.read:
            return
        self._own = {
            key
            for key in self._own
            if not exchange.key.startswith(key) and not key.startswith(exchange.key)
        }
        if exchange.method == "DELETE" and self._engine.estate.get(exchange.key) is not None:
            self._engine.estate.remove(exchange.key)
        self._made.discard(exchange.key)
        self._surroundings(exchange.path)

    def _look_elsewhere(self, exchange: Exchange) -> Response:
        """A look at an operation that another sandbox runs, which is where the recorded one is."""
        vault = "/Subscriptions/" + exchange.path.split("/", 2)[2].split("/replication")[0]
        done = _word(exchange) in _FINISHED
        operation = Operation(
            name=ids.last_name(exchange.key),
            kind="elsewhere",
            scope=vault,
            target=vault,
            started=self._now - timedelta(seconds=STEP),
            ends=self._now if done else self._now + _LONG,
            state=SUCCEEDED if done else RUNNING,
        )
        signed = _signed(exchange.url)
        known = [{"id": vault, "name": ids.last_name(vault), "type": VAULT_TYPE}]
        aside = Engine(Estate(known, [operation]), Options(signed_urls=signed))
        path = f"{vault}/replicationOperationStatus/{operation.name}"
        url = polling_url(_BASE, path, exchange.version, operation, signed)
        return self._send(exchange, url, aside)

    def _runs_for(self, number: int, exchange: Exchange) -> float:
        if not exchange.operation:
            return 0.0
        looks = [n for n, e in enumerate(self._exchanges) if n > number and _looks_at(e, exchange)]
        done = next((n for n in looks if _word(self._exchanges[n]) in _FINISHED), None)
        return 0.0 if done is None else (done - number - 0.5) * STEP

    def _replicates_for(self, number: int, exchange: Exchange) -> float:
        """From the end of enabling to just before the first look that finds it protected."""
        looks = range(number, len(self._exchanges))
        done = next((n for n in looks if _protected(self._exchanges[n], exchange)), None)
        if done is None:
            return 0.0
        return max(0.0, (done - number - 0.05) * STEP - self._runs_for(number, exchange))


def _protected(look: Exchange, write: Exchange) -> bool:
    body: Any = look.body or {}
    state = (body.get("properties") or {}).get("protectionState")
    return look.read and look.key == write.key and state == "Protected"


def bare(identifier: str, **fields: Any) -> Json:
    return {"id": identifier, "name": ids.last_name(identifier), **fields}


def derived_machine(sent: Json, item: Json, region: str) -> Json:
    """The machine that an item says it replicates; it has one disk in every recording."""
    disks: list[Json] = item.get("protectedManagedDisks") or [{}]
    (row,) = sent["vmManagedDisks"]
    nics = [{"id": nic["sourceNicArmId"]} for nic in item.get("vmNics") or ()]
    os_disk = {
        "osType": item.get("osType"),
        "diskSizeGB": disks[0].get("diskCapacityInBytes", 0) // 1024**3,
        "managedDisk": {"id": row["diskId"]},
    }
    properties = {
        "hardwareProfile": {"vmSize": item.get("recoveryAzureVMSize")},
        "storageProfile": {"osDisk": os_disk},
        "networkProfile": {"networkInterfaces": nics},
    }
    tags = (item.get("vmSyncedConfigDetails") or {}).get("tags")
    return bare(sent["fabricObjectId"], location=region, tags=tags, properties=properties)


def derived_nic(nic: Json, region: str) -> Json:
    """A source NIC that only its replicated side shows."""
    configs = [
        {
            "name": config["name"],
            "properties": {
                "primary": config["isPrimary"],
                "privateIPAddress": config["staticIPAddress"],
                "privateIPAllocationMethod": config["ipAddressType"],
                "subnet": {"id": f"{nic['vMNetworkName']}/subnets/{config['subnetName']}"},
            },
        }
        for config in nic["ipConfigs"]
    ]
    properties = {"ipConfigurations": configs}
    return bare(nic["sourceNicArmId"], location=region, properties=properties)


def played(exchange: Exchange) -> str:
    """The sandbox's route for a request, as method and template; '' if it doesn't play it."""
    found = engine._ROUTER.find(exchange.method, exchange.path)
    if found is None or found[0].handler is sandbox_recovery._not_played:
        return ""
    if exchange.method == "PUT" and "/replicationpolicies/" in exchange.key:
        sent = exchange.sent["properties"]["providerSpecificInput"]
        if sent["instanceType"] != "A2A":
            return ""
    return f"{found[0].method} {found[0].template}"


def differences(ours: Response, theirs: Exchange) -> Iterator[Difference]:
    """Where an answer of the sandbox is not shaped like the recorded one."""
    if ours.status != theirs.status:
        yield Difference("status", "value", f"{ours.status} beside {theirs.status}")
    mine = {name.lower() for name, _ in ours.headers}
    for name in sorted(theirs.headers.keys() - mine):
        yield Difference(f"header {name}", "missing")
    for name in sorted(mine - theirs.headers.keys()):
        yield Difference(f"header {name}", "extra")
    for name in ("azure-asyncoperation", "location"):
        given = ours.header(name)
        if given and theirs.header(name):
            paths = (urlsplit(given).path, urlsplit(theirs.header(name)).path)
            yield from body_differences(*paths, f"header {name}")
    if theirs.complete:
        for name in mine & theirs.headers.keys():
            if len(ours.header_values(name)) != len(theirs.headers[name]):
                yield Difference(f"header {name}", "count")
    body = json.loads(ours.body) if ours.body else None
    yield from body_differences(body, theirs.body)


def _looks_at(look: Exchange, write: Exchange) -> bool:
    return look.read and any(f"{each}{write.operation}" in look.key for each in _LOOKS)


def _word(exchange: Exchange) -> str:
    body: Any = exchange.body or {}
    properties = body.get("properties") or {}
    return str(body.get("status") or properties.get("state") or "").lower()


def _signed(url: str) -> bool:
    return "h" in dict(parse_qsl(urlsplit(url).query))


def details_of(resource: Json) -> Json:
    properties = resource.get("properties") or {}
    details = properties.get("providerSpecificDetails")
    return details if isinstance(details, dict) else {}
