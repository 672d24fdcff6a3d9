"""Recording a real vault: only what a small file names, and nothing outside it.

vault: {subscription: …, resource_group: rg-vault, name: vault-dr}
source_region: eastasia
target_region: southeastasia
cloud: AzureCloud            # or AzureUSGovernment, AzureChinaCloud
auth: cli                    # as --auth
out: recorded                # folder for the cassettes, beside this file
names: {rg-prod: rg-one}     # real name: what stands for it in the cassettes
# Without the rest nothing is written to the vault:
writes: true
networks:                    # both exist; mapped, then unmapped again
- {source: rg-app/vnet-app, target: rg-dr/vnet-dr}
nics:                        # item: the replicated item's name in the vault
- {item: 4d3c…, vm: app1, address: 10.1.1.77}
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import yaml
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap import api
from asr_netmap.cli.connecting import instead_of_azure
from asr_netmap.errors import BlockedRequest, UsageError
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.tapping import body_of
from asr_netmap.testing import record as record_connection
from asr_netmap.testing import run_cli

_KEYS = {
    *("vault", "source_region", "target_region", "cloud", "auth", "out", "names"),
    *("writes", "networks", "nics"),
}
_NETWORK = re.compile(r"/virtualnetworks/[^/]+\Z")
_MAPPING = re.compile(r"/replicationnetworkmappings/[^/]+\Z")

Say = Callable[[str], None]
Connect = Callable[["LiveScenario"], Connection]


@dataclass(frozen=True)
class LiveScenario:
    """What may be asked of a real vault, and what may be written to it.

    networks -- pairs of ``group/name``. nics -- rows of item, vm and address.
    """

    subscription: str
    group: str
    vault: str
    source_region: str
    target_region: str
    out: Path
    cloud: str = "AzureCloud"
    auth: str = "default"
    names: Mapping[str, str] | None = None
    networks: tuple[tuple[str, str], ...] = ()
    nics: tuple[tuple[str, str, str], ...] = ()

    @property
    def where(self) -> tuple[str, ...]:
        """The options that name the vault and the regions."""
        return (
            *("--subscription", self.subscription, "-g", self.group, "--vault-name", self.vault),
            *("--source-region", self.source_region, "--target-region", self.target_region),
            *("--cloud", self.cloud),
        )

    @property
    def commands(self) -> dict[str, tuple[str, ...]]:
        """Cassette -> command, in the order in which they are recorded."""
        found: dict[str, tuple[str, ...]] = {
            "discover": ("discover",),
            "plan": ("plan",),
            "verify": ("verify", "--fail-on", "never"),
            "nics-list": ("nics", "list"),
        }
        for number, (source, target) in enumerate(self.networks, 1):
            pair = ("--source-vnet", source, "--target-vnet", target)
            found[f"map-{number}"] = ("map", *pair, "--yes")
            found[f"unmap-{number}"] = ("unmap", *pair, "--yes")
        for number, (_item, vm, address) in enumerate(self.nics, 1):
            found[f"nics-set-{number}"] = (
                *("nics", "set", "--vm", vm, "--address", address, "--yes"),
            )
        return {name: (*command, *self.where) for name, command in found.items()}


def read(path: Path) -> LiveScenario:
    """Read a scenario file. Raises UsageError that says what is wrong with it."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        return _scenario(document, path)
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.", "Check the name.") from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise UsageError(
            f"{path} is no scenario: {type(error).__name__}: {error}.",
            "tests/cassettes/live.py shows what it must hold.",
        ) from None


def _scenario(document: Any, path: Path) -> LiveScenario:
    unknown = sorted(set(document) - _KEYS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    writes = document.get("writes", False)
    if not isinstance(writes, bool):
        raise ValueError("'writes' is true or false")
    networks = tuple((str(n["source"]), str(n["target"])) for n in document.get("networks", ()))
    nics = tuple(
        (str(n["item"]), str(n["vm"]), str(n["address"])) for n in document.get("nics", ())
    )
    if (networks or nics) and not writes:
        raise ValueError("'networks' and 'nics' are written to, and 'writes: true' is not said")
    if not all(len(each.split("/")) == 2 for pair in networks for each in pair):
        raise ValueError("a network is named as resource-group/name")
    vault = document["vault"]
    return LiveScenario(
        str(vault["subscription"]),
        str(vault["resource_group"]),
        str(vault["name"]),
        str(document["source_region"]),
        str(document["target_region"]),
        path.parent / str(document["out"]),
        Cloud(document.get("cloud", "AzureCloud")).value,
        str(document.get("auth", "default")),
        document.get("names"),
        networks,
        nics,
    )


def record(path: Path, connect: Connect, *, say: Say) -> int:
    """Record every command of a scenario file; 0 if none failed.

    connect -- makes a connection for a scenario, not opened yet.
    """
    scenario = read(path)
    scenario.out.mkdir(parents=True, exist_ok=True)
    failed = 0
    for name, command in scenario.commands.items():
        cassette = scenario.out / f"{name}.yaml"
        with (
            record_connection(
                cassette,
                lambda: connect(scenario).through(lambda t: Fence(t, scenario)),
                names=scenario.names,
                say=say,
                warn=say,
            ) as azure,
            instead_of_azure(lambda _cloud, azure=azure: azure),  # type: ignore[misc]  # -- bound
        ):
            result = run_cli(command)
        say(f"{name}: exit code {result.exit_code}")
        if result.exit_code not in {0, 3, 5}:
            failed += 1
            say(result.stderr)
    return 1 if failed else 0


def to_azure(scenario: LiveScenario) -> Connection:
    """The real thing."""
    return api.connect_azure(cloud=scenario.cloud, auth=scenario.auth, workers=1)


def to_endpoint(url: str) -> Connect:
    """A served sandbox, to rehearse on."""
    return lambda _scenario: api.connect_endpoint(url, workers=1)


class Fence(HttpTransport[HttpRequest, HttpResponse]):
    """Lets through what the scenario names, and raises BlockedRequest for anything else."""

    def __init__(
        self, inner: HttpTransport[HttpRequest, HttpResponse], scenario: LiveScenario
    ) -> None:
        self._inner = inner
        self._subscription = f"/subscriptions/{scenario.subscription}".lower()
        groups = f"{self._subscription}/resourcegroups"
        self._vault = (
            f"{groups}/{scenario.group}/providers/microsoft.recoveryservices/vaults/"
            f"{scenario.vault}"
        ).lower()
        self._networks = {
            f"{groups}/{group}/providers/microsoft.network/virtualnetworks/{name}".lower()
            for pair in scenario.networks
            for group, name in (each.split("/") for each in pair)
        }
        self._items = {item.lower() for item, _vm, _address in scenario.nics}

    def send(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Check, then send."""
        path = unquote(urlsplit(request.url).path).lower()
        inside = self._read(path) if request.method == "GET" else self._written(path, request)
        if not inside:
            raise BlockedRequest(
                f"Not sent: {request.method} {path} is outside what the scenario names.",
                "Name it in the scenario file if it is meant.",
            )
        return self._inner.send(request, **kwargs)

    def _read(self, path: str) -> bool:
        if path == "/subscriptions":
            return True
        if not f"{path}/".startswith(f"{self._subscription}/"):
            return False
        of_vaults = "/providers/microsoft.recoveryservices/vaults/" in f"{path}/"
        return not of_vaults or f"{path}/".startswith(f"{self._vault}/")

    def _written(self, path: str, request: HttpRequest) -> bool:
        if not path.startswith(f"{self._vault}/"):
            return False
        if "/replicationprotecteditems/" in path:
            return path.rpartition("/")[2] in self._items
        if not _MAPPING.search(path):
            return False
        named = {
            text.lower()
            for text in _texts(json.loads(body_of(request) or b"{}"))
            if _NETWORK.search(text.lower())
        }
        return bool(self._networks) and named <= self._networks

    def open(self) -> None:
        """Open the inner transport."""
        self._inner.open()

    def close(self) -> None:
        """Close the inner transport."""
        self._inner.close()

    def __enter__(self) -> Fence:
        self._inner.__enter__()
        return self

    def __exit__(self, *args: Any) -> None:
        self._inner.__exit__(*args)


def _texts(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        return [text for each in value.values() for text in _texts(each)]
    if isinstance(value, list):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []
