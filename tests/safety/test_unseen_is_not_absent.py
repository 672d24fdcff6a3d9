"""Promise: what can't be read is "not looked at", never absent.

The judge in all of these tests is the same plan made with everything in sight: whatever is hidden,
no change may appear that is not in it, and none with another outcome.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from asr_netmap.sandbox import Options, Request, Response
from tests.cli.conftest import Run
from tests.safety.program import BY_FILE, READING, WRITING, Meddle, Watched, refusal, watched

_IN_VAULT = "*/vaults/vault-dr/"
# What is hidden by a 403, the glob of its path, and whether planning can do without it.
LISTS: Mapping[str, tuple[str, bool]] = {
    "networks": ("*/providers/Microsoft.Network/virtualNetworks", False),
    "NICs": ("*/providers/Microsoft.Network/networkInterfaces", False),
    "VMs": ("*/providers/Microsoft.Compute/virtualMachines", True),
    "groups": ("*/resourcegroups", False),
    "load balancers": ("*/providers/Microsoft.Network/loadBalancers", True),
    "security groups": ("*/providers/Microsoft.Network/networkSecurityGroups", True),
    "public IPs": ("*/providers/Microsoft.Network/publicIPAddresses", True),
    "regions": ("*/locations", True),
    "the vault": ("*/vaults/vault-dr", True),
    "fabrics": (f"{_IN_VAULT}replicationFabrics", False),
    "containers": (f"{_IN_VAULT}replicationProtectionContainers", True),
    "mappings": (f"{_IN_VAULT}replicationNetworkMappings", False),
    "items": (f"{_IN_VAULT}replicationProtectedItems", False),
}
# What `discover` shows, and so all that it reads.
DISCOVERED = frozenset(
    ("networks", "regions", "the vault", "fabrics", "containers", "mappings", "items")
)
REGIONS = ("eastasia", "southeastasia")


def forbidden(path: str) -> dict[str, Any]:
    return {"kind": "forbidden", "path": path, "method": "GET"}


def plan_of(run: Run) -> dict[str, Any]:
    done = run(*READING["plan"], "--format", "json")
    assert done.code == 0, done.err
    document: dict[str, Any] = done.json
    return document


def changes_of(document: Mapping[str, Any]) -> dict[str, str]:
    """What each change would make, by its id."""
    return {each["id"]: json.dumps(each["after"], sort_keys=True) for each in document["changes"]}


def resources_of(azure: Watched) -> dict[str, Any]:
    return {r["id"].lower(): r for r in azure.sandbox.engine.estate.to_document()["resources"]}


def standing_in(patch: pytest.MonkeyPatch, azure: Watched) -> Watched:
    azure.install(patch)
    return azure


@pytest.fixture(scope="module")
def seen_once() -> dict[str, dict[str, Any]]:
    """What came of a run with everything in sight; every test would make the same again."""
    return {}


@pytest.fixture
def whole(run: Run, seen_once: dict[str, dict[str, Any]]) -> dict[str, str]:
    """The plan with everything in sight."""
    if "plan" not in seen_once:
        with pytest.MonkeyPatch.context() as patch:
            standing_in(patch, watched())
            seen_once["plan"] = changes_of(plan_of(run))
    assert len(seen_once["plan"]) == 13
    return dict(seen_once["plan"])


@pytest.fixture
def at_once(run: Run, seen_once: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The estate after everything was applied with everything in sight."""
    if "estate" not in seen_once:
        with pytest.MonkeyPatch.context() as patch:
            azure = standing_in(patch, watched())
            assert run(*WRITING["apply"]).code == 0
            seen_once["estate"] = resources_of(azure)
    return dict(seen_once["estate"])


def assert_part_of(found: Mapping[str, str], whole: Mapping[str, str]) -> None:
    assert {key: after for key, after in found.items() if whole.get(key) != after} == {}


@pytest.mark.parametrize("what", LISTS)
def test_a_list_that_is_forbidden_is_said_and_nothing_is_concluded(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str], what: str
) -> None:
    standing_in(monkeypatch, watched([forbidden(LISTS[what][0])]))
    document = plan_of(run)
    assert document["not_looked_at"]
    assert_part_of(changes_of(document), whole)
    for command in ("discover", "nics list", "verify"):
        done = run(*READING[command], "--format", "json")
        missed = command != "discover" or what in DISCOVERED
        assert bool(done.json["not_looked_at"]) is missed, command
    assert done.code in {3, 5}
    assert run(*READING["verify"], "--fail-on", "never").code == 5


@pytest.mark.parametrize("what", LISTS)
def test_what_is_applied_beside_a_forbidden_list_is_right_when_it_is_seen(
    run: Run, monkeypatch: pytest.MonkeyPatch, at_once: dict[str, Any], what: str
) -> None:
    """First with the list hidden, then in full: the same estate as at once."""
    azure = standing_in(monkeypatch, watched([forbidden(LISTS[what][0])]))
    run(*WRITING["apply"])
    azure.sandbox.engine.estate.conditions.clear()
    done = run(*WRITING["apply"])
    assert done.code == 0, done.err
    one = resources_of(azure)
    assert set(one) == set(at_once)
    for key, resource in at_once.items():
        assert settled(one[key]) == settled(resource), key


def settled(resource: Mapping[str, Any]) -> Any:
    """What a resource is, without ids that are drawn anew for each write."""
    properties = resource["properties"]
    if "networkMappings" in str(resource.get("type")):
        keys = ("recoveryNetworkId", "primaryNetworkId", "state")
        return {key: properties.get(key) for key in keys}
    if "replicationProtectedItems" in str(resource.get("type")):
        return properties["providerSpecificDetails"]["vmNics"]
    return {"address": properties.get("addressSpace"), "location": resource.get("location")}


@pytest.mark.parametrize("region", REGIONS)
def test_a_region_that_is_down_is_said_and_nothing_is_concluded(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str], region: str
) -> None:
    azure = standing_in(monkeypatch, watched([{"kind": "region-down", "region": region}]))
    document = plan_of(run)
    assert document["not_looked_at"]
    assert_part_of(changes_of(document), whole)
    assert run(*READING["verify"], "--fail-on", "never").code == 5
    assert run(*READING["discover"], "--format", "json").json["not_looked_at"]
    assert run(*READING["nics list"], "--format", "json").json["not_looked_at"]
    run(*WRITING["apply"])
    for method, path in azure.writes:
        assert "virtualNetworks" not in path or method == "PUT"


# Answers that break off, or contradict each other.


def broken_off(kind: str) -> Meddle:
    """The first page comes, the next one doesn't."""

    def meddle(request: Request, response: Response) -> Response:
        if "skiptoken" in request.url.lower() and f"/{kind.lower()}" in request.url.lower():
            return refusal(500, "InternalServerError", "no next page")
        return response

    return meddle


@pytest.mark.parametrize(
    "kind",
    [
        *("virtualNetworks", "networkInterfaces", "resourcegroups"),
        *("replicationProtectedItems", "replicationFabrics"),
    ],
)
def test_half_a_list_is_no_list(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str], kind: str
) -> None:
    azure = standing_in(monkeypatch, watched(options=Options(page_size=1)))
    azure.meddle = broken_off(kind)
    document = plan_of(run)
    assert document["not_looked_at"]
    assert_part_of(changes_of(document), whole)


@pytest.mark.parametrize("status", [400, 404])
@pytest.mark.parametrize(
    "kind",
    [
        *("replicationFabrics", "replicationNetworkMappings", "replicationProtectedItems"),
        "replicationProtectionContainers",
    ],
)
def test_one_list_that_says_never_used_beside_full_ones_is_not_believed(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str], kind: str, status: int
) -> None:
    """A vault without Site Recovery has no lists at all, so one that has some has all."""

    def meddle(request: Request, response: Response) -> Response:
        if request.url.split("?")[0].endswith(f"/vault-dr/{kind}"):
            return refusal(status, "SubscriptionIdNotRegisteredWithSrs", "not registered")
        return response

    azure = standing_in(monkeypatch, watched())
    azure.meddle = meddle
    document = plan_of(run)
    assert document["not_looked_at"]
    assert_part_of(changes_of(document), whole)


# Lists that role assignments filter: a row is left out without a word, and its own GET is a 403.


def filtered(hidden: Callable[[str], bool]) -> Meddle:
    def meddle(request: Request, response: Response) -> Response:
        if request.method != "GET":
            return response
        path = request.url.partition("?")[0].partition("//")[2].partition("/")[2]
        if hidden(f"/{path}".lower()):
            words = "does not have authorization to perform action 'x/read' over scope 'y'"
            return refusal(403, "AuthorizationFailed", words)
        body = json.loads(response.body) if response.body else {}
        if not isinstance(body, dict) or not isinstance(body.get("value"), list):
            return response
        rows = [r for r in body["value"] if not hidden(str(r.get("id", "")).lower())]
        kept = json.dumps({**body, "value": rows}).encode()
        headers = tuple(h for h in response.headers if h[0].lower() != "content-length")
        return Response(response.status, headers, kept)

    return meddle


@pytest.mark.parametrize(
    "network", ["vnet-app", "vnet-web", "vnet-web-asr", "vnet-data", "vnet-data-dr"]
)
def test_a_network_that_is_filtered_out_is_neither_created_nor_replaced(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str], network: str
) -> None:
    azure = standing_in(monkeypatch, watched())
    azure.meddle = filtered(lambda path: path.endswith(f"/virtualnetworks/{network}"))
    before = resources_of(azure)
    run(*WRITING["apply"])
    after = resources_of(azure)
    assert not [path for _, path in azure.writes if path.lower().endswith(f"/{network}")]
    for key in before:
        if key.endswith(f"/virtualnetworks/{network}"):
            assert after[key] == before[key]
    assert run(*READING["verify"]).code in {3, 5}


def test_an_address_whose_nic_is_filtered_out_is_not_given_to_another(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str]
) -> None:
    """Azure itself is asked right before the write, and it sees everything."""
    azure = standing_in(monkeypatch, watched())
    azure.meddle = filtered(lambda path: "/networkinterfaces/probe1-nic" in path)
    planned = changes_of(plan_of(run))
    assert '"10.3.1.10"' in "".join(planned.values())
    done = run(*WRITING["apply"])
    written = [write.body.decode() for write in azure.sandbox.engine.accepted_writes]
    assert not [body for body in written if '"10.3.1.10"' in body and "recoveryStatic" in body]
    assert "10.3.1.10" in done.out + done.err


def test_a_mapping_that_is_filtered_out_is_not_replaced(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str]
) -> None:
    azure = standing_in(monkeypatch, watched())
    azure.meddle = filtered(lambda path: "/replicationnetworkmappings/" in path)
    before = {k: v for k, v in resources_of(azure).items() if "/replicationnetworkmappings/" in k}
    run(*WRITING["apply"])
    after = resources_of(azure)
    assert before
    assert {key: after[key] for key in before} == before


def test_items_that_are_filtered_out_are_left_alone(
    run: Run, monkeypatch: pytest.MonkeyPatch, whole: dict[str, str]
) -> None:
    azure = standing_in(monkeypatch, watched())
    azure.meddle = filtered(lambda path: "/replicationprotecteditems/sql" in path)
    assert_part_of(changes_of(plan_of(run)), whole)
    run(*WRITING["apply"])
    assert not [path for _, path in azure.writes if "replicationProtectedItems/sql" in path]


# What is written from what was read.


@pytest.mark.parametrize("what", ["networks", "items", "mappings"])
def test_a_first_configuration_from_half_a_look_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path, what: str
) -> None:
    standing_in(monkeypatch, watched([forbidden(LISTS[what][0])]))
    done = run(*READING["init"])
    assert "Not looked at" in done.err
    assert done.code == 5


@pytest.mark.parametrize("what", ["networks", "items", "VMs"])
def test_an_incomplete_copy_says_so(
    run: Run, monkeypatch: pytest.MonkeyPatch, folder: Path, what: str
) -> None:
    standing_in(monkeypatch, watched([forbidden(LISTS[what][0])]))
    done = run("snapshot", *BY_FILE, "--out", "copy.json")
    assert "Not in the copy" in done.err
    assert done.code == 5
