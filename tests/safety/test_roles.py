"""Promise: the shipped roles hold what the program needs, and nothing else.

Every request of every command, in every scenario below, is turned into Azure's action for it; a
write's body is searched for what it refers to, since Azure then asks for the right to join that.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from asr_netmap.roles import ROLES, definition, role_holding
from asr_netmap.sandbox import Options, Request, Response, demo_estate
from asr_netmap.sandbox.estate import Estate
from tests import role_actions
from tests.cli.conftest import REGION_OPTIONS, Run
from tests.gateway.scripted import VAULT
from tests.role_actions import held
from tests.safety.program import BY_FILE, READING, SUBSCRIPTION, WRITING, Watched, watched

_ACTION = re.compile(r"Microsoft\.[A-Za-z]+(/[A-Za-z]+)+/(read|write|delete|join/action)\Z")
_DR = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-web-asr/providers/Microsoft.Network"


def needed(azure: Watched) -> set[str]:
    return role_actions.needed(azure.seen, (w.body for w in azure.sandbox.engine.accepted_writes))


_APP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-app/providers/Microsoft.Network"
_POOL = f"{_DR}/loadBalancers/lb/backendAddressPools/pool"
_FRONT = f"{_DR}/virtualNetworks/vnet-web-asr/subnets/front"
_PRIVATE = {"privateIPAddress": "10.3.1.200", "subnet": {"id": _FRONT}}
NEW_VAULT = "vault-new"

# Everything that a network or a NIC can refer to, referred to.
REFERRING = f"""
copy: {{ddos: true}}
networks:
  - source: vnet-app
    attach:
      web:
        nsg: {_DR}/networkSecurityGroups/nsg
        route_table: {_DR}/routeTables/routes
        nat_gateway: {_DR}/natGateways/nat
  - source: vnet-web
    target: vnet-web-asr
"""
NIC_REFERENCES = (
    *("nics", "set", "--vm", "web1", *BY_FILE, "--yes", "--lb-pools", _POOL),
    *("--public-ip", f"{_DR}/publicIPAddresses/pip", "--nsg", f"{_DR}/networkSecurityGroups/nsg"),
)
ON_A_NEW_VAULT = (
    *("map", "--source-vnet", "vnet-web", "--target-vnet", "vnet-web-asr", "--yes"),
    *("--subscription", SUBSCRIPTION, "-g", "rg-vault", "--vault-name", NEW_VAULT),
    *REGION_OPTIONS,
)


PROTECT = (
    *("protect", "--vm", "mgmt1", "--cache-storage", "asrcachedemo", "--create-missing", "--yes"),
    *("--subscription", SUBSCRIPTION, "-g", "rg-vault", "--vault-name", NEW_VAULT),
    *REGION_OPTIONS,
)
TO_PROTECT = """
protect: {vms: [mgmt1], cache_storage: asrcachedemo}
"""


DRILL = ("verify", *BY_FILE, "--drill", "--fail-on", "never")


def resource(path: str, **properties: object) -> dict[str, object]:
    """A resource of the target region."""
    provider, _, rest = path.rpartition("/providers/")[2].partition("/")
    return {
        "id": path,
        "name": path.rpartition("/")[2],
        "type": f"{provider}/{rest.partition('/')[0]}",
        "location": "southeastasia",
        "sku": {"name": "Standard"},
        "properties": properties,
    }


def rich_estate() -> Estate:
    """The demo estate, with something of each kind to refer to, and a vault without fabrics."""
    document = demo_estate().to_document()
    for row in document["resources"]:
        if row["id"].lower().endswith("/virtualnetworks/vnet-app"):
            row["properties"]["enableDdosProtection"] = True
            row["properties"]["ddosProtectionPlan"] = {"id": f"{_APP}/ddosProtectionPlans/plan"}
    kinds = ("networkSecurityGroups/nsg", "routeTables/routes", "natGateways/nat")
    document["resources"] += [
        *(resource(f"{_DR}/{each}") for each in (*kinds, "publicIPAddresses/pip")),
        resource(
            f"{_DR}/loadBalancers/lb",
            backendAddressPools=[{"id": _POOL, "name": "pool"}],
            frontendIPConfigurations=[{"name": "f", "properties": _PRIVATE}],
        ),
        resource(str(VAULT).replace("vault-dr", NEW_VAULT)),
    ]
    return Estate.from_document(document)


@pytest.fixture
def rich(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Watched:
    azure = watched(estate=rich_estate(), options=Options(operation_seconds=2, retry_after=1))
    azure.install(monkeypatch)
    return azure


def looked(run: Run, commands: Iterable[tuple[str, ...]]) -> None:
    for arguments in commands:
        done = run(*arguments)
        assert done.code in {0, 3, 5}, (arguments, done.err)


def test_the_reader_holds_just_what_looking_needs(rich: Watched, run: Run, folder: Path) -> None:
    looked(run, [*READING.values(), DRILL])
    with (folder / "netmap.yaml").open("a") as file:
        file.write(TO_PROTECT)
    looked(run, [READING["plan"]])
    run("discover", "--subscription", SUBSCRIPTION, "-g", "rg-vault", "--vault-name", "gone")
    assert rich.methods == {"GET"}
    assert needed(rich) == held("reader")


def test_the_operator_holds_just_what_applying_needs(rich: Watched, run: Run, folder: Path) -> None:
    with (folder / "netmap.yaml").open("a") as file:
        file.write(REFERRING)
    looked(run, [WRITING["apply"], NIC_REFERENCES, ON_A_NEW_VAULT, PROTECT])
    # The status of an operation itself is asked for where no list shows its job.
    rich.meddle = without_jobs
    looked(run, [WRITING["unmap mapped"], READING["verify"], DRILL])
    assert rich.methods == {"GET", "PUT", "PATCH", "DELETE"}
    assert needed(rich) == held("operator")


def without_jobs(request: Request, response: Response) -> Response:
    path = request.url.partition("?")[0]
    if request.method != "GET" or not path.endswith("/replicationJobs"):
        return response
    return Response(200, (("Content-Type", "application/json"),), b'{"value": []}')


@pytest.mark.parametrize("role", ROLES)
def test_a_role_is_one_that_azure_takes(role: str) -> None:
    found = definition(role)
    assert set(found) == {
        *("Name", "IsCustom", "Description", "Actions", "NotActions"),
        *("DataActions", "NotDataActions", "AssignableScopes"),
    }
    actions = found["Actions"]
    assert actions == sorted(set(actions), key=str.lower)
    assert all(_ACTION.match(action) for action in actions), actions
    assert not found["NotActions"] + found["DataActions"] + found["NotDataActions"]


def test_no_role_can_fail_over_delete_a_network_or_grant_rights() -> None:
    every = held("reader") | held("operator")
    assert not [a for a in every if a.endswith("/delete") and "networkmappings/" not in a]
    assert not [a for a in every if a.endswith("/action") and not a.endswith("/join/action")]
    assert not [a for a in every if "authorization" in a and not a.endswith("/read")]
    assert {a for a in held("reader") if not a.endswith("/read")} == set()


def test_roles_prints_a_definition_for_the_scopes_given(run: Run) -> None:
    scope = f"/subscriptions/{SUBSCRIPTION}"
    done = run("roles", "operator", "--scope", scope, "--scope", f"{scope}/resourceGroups/rg-vault")
    assert done.code == 0
    assert done.json["AssignableScopes"] == [scope, f"{scope}/resourceGroups/rg-vault"]
    assert done.json == definition("operator", done.json["AssignableScopes"])
    assert run("roles").json == definition("reader")
    assert run("roles", "reader", "--scope", "rg-vault").code == 2


@pytest.mark.parametrize(
    ("action", "role"),
    [
        ("Microsoft.Network/virtualNetworks/read", "reader"),
        ("microsoft.network/VIRTUALNETWORKS/write", "operator"),
        ("Microsoft.RecoveryServices/vaults/replicationJobs/read", "operator"),
        ("Microsoft.KeyVault/vaults/read", None),
    ],
)
def test_the_smaller_role_that_holds_an_action_is_named(action: str, role: str | None) -> None:
    assert role_holding(action) == role


@pytest.mark.parametrize(
    ("path", "command", "role"),
    [
        ("*/virtualNetworks", "plan", "reader"),
        ("*/replicationNetworkMappings/*", "apply", "operator"),
    ],
)
def test_a_403_names_the_role_to_assign(
    run: Run,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    path: str,
    command: str,
    role: str,
) -> None:
    method = "PUT" if command == "apply" else "GET"
    azure = watched([{"kind": "forbidden", "path": path, "method": method}])
    azure.install(monkeypatch)
    done = run(*{**READING, **WRITING}[command])
    assert f"asr-netmap roles {role}" in done.out + done.err
