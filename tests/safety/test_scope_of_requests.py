"""Promise: only this run's own calls go out, to the one right host, and the token nowhere else."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest
from azure.core.rest import HttpRequest

from asr_netmap import api
from asr_netmap.arm_id import ArmId
from asr_netmap.clock import VirtualClock
from asr_netmap.errors import AsrNetmapError, BlockedRequest, Busy
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.connection import Connection
from asr_netmap.gateway.guard import Place
from asr_netmap.gateway.tokens import TokenCache
from asr_netmap.gateway.transport import requests_transport
from asr_netmap.planning.change import Action, Kind, MappingState
from asr_netmap.planning.document import digest_of
from asr_netmap.planning.gateway import Operation, Reading
from tests.cli.conftest import Run
from tests.gateway.scripted import ITEM, MAPPING, SUBSCRIPTION, VAULT, world
from tests.gateway.test_changing import CREATE_MAPPING, CREATE_NETWORK, change
from tests.safety.listening import Heard, Listener, Reply, listening
from tests.safety.program import BY_FILE, CANARY, CanaryCredential, Watched

GROUP = ArmId.of_group(SUBSCRIPTION, "rg-app-asr")
NETWORK = ArmId.of_network(SUBSCRIPTION, "rg-app-asr", "vnet-app-asr")
FABRIC = VAULT.child("replicationFabrics", "asr-a2a-default-eastasia")
# What the plan of the run in these tests changes.
PLANNED = (GROUP, NETWORK, FABRIC, MAPPING, ITEM)

OTHER = "99999999-2222-3333-4444-555555555555"
_MAPPINGS = f"{FABRIC}/replicationNetworks/azureNetwork/replicationNetworkMappings"

_KEYS = f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.KeyVault/vaults"


def elsewhere(subject: ArmId, old: str, new: str) -> str:
    text = str(subject)
    assert old in text
    return text.replace(old, new)


# What is wrong with it, method, URL; {azure} and {thief} are the two hosts.
PLANTED: tuple[tuple[str, str, str], ...] = (
    ("failover", "POST", f"{{azure}}{ITEM}/unplannedFailover"),
    ("planned failover", "POST", f"{{azure}}{ITEM}/plannedFailover"),
    ("test failover", "POST", f"{{azure}}{ITEM}/testFailover"),
    ("cleanup", "POST", f"{{azure}}{ITEM}/testFailoverCleanup"),
    ("commit", "POST", f"{{azure}}{ITEM}/failoverCommit"),
    ("reprotect", "POST", f"{{azure}}{ITEM}/reProtect"),
    ("removal of protection", "POST", f"{{azure}}{ITEM}/remove"),
    ("registration", "POST", f"{{azure}}/subscriptions/{SUBSCRIPTION}/providers/X.Y/register"),
    ("keys of a vault", "POST", f"{{azure}}{VAULT}/certificates/x"),
    ("DELETE of an item", "DELETE", f"{{azure}}{ITEM}"),
    ("DELETE of a network", "DELETE", f"{{azure}}{NETWORK}"),
    ("DELETE of a group", "DELETE", f"{{azure}}{GROUP}"),
    ("DELETE of a fabric", "DELETE", f"{{azure}}{FABRIC}"),
    ("PUT of an item", "PUT", f"{{azure}}{ITEM}"),
    ("PUT of a vault", "PUT", f"{{azure}}{VAULT}"),
    ("PUT of a subnet", "PUT", f"{{azure}}{NETWORK}/subnets/web"),
    ("another provider", "PUT", f"{{azure}}{GROUP}/providers/Microsoft.Compute/disks/d"),
    ("a role assignment", "PUT", f"{{azure}}{GROUP}/providers/Microsoft.Authorization/locks/x"),
    ("another vault", "PUT", f"{{azure}}{elsewhere(MAPPING, 'vault-dr', 'vault-other')}"),
    ("another vault's item", "PATCH", f"{{azure}}{elsewhere(ITEM, 'vault-dr', 'vault-other')}"),
    ("another subscription", "PUT", f"{{azure}}{elsewhere(NETWORK, SUBSCRIPTION, OTHER)}"),
    ("another subscription's item", "PATCH", f"{{azure}}{elsewhere(ITEM, SUBSCRIPTION, OTHER)}"),
    ("an item that is not in the plan", "PATCH", f"{{azure}}{elsewhere(ITEM, 'app1', 'app2')}"),
    ("a network that is not in the plan", "PUT", f"{{azure}}{NETWORK}2"),
    ("a mapping that is not in the plan", "DELETE", f"{{azure}}{_MAPPINGS}/m2"),
    ("a provider that is none of ours", "GET", f"{{azure}}{_KEYS}"),
    ("a provider behind one of ours", "GET", f"{{azure}}{VAULT}/providers/Microsoft.Insights/x"),
    ("what belongs to the tenant", "GET", "{azure}/providers/Microsoft.Authorization/x"),
    ("what belongs to no provider", "GET", f"{{azure}}/subscriptions/{SUBSCRIPTION}/tagNames"),
    ("..", "PUT", f"{{azure}}{_MAPPINGS}/.."),
    ("an encoded ..", "PUT", f"{{azure}}{_MAPPINGS}/%2e%2e"),
    ("a doubly encoded ..", "GET", f"{{azure}}{VAULT}/replicationFabrics/%252e%252e"),
    (".", "PATCH", f"{{azure}}{_MAPPINGS}/."),
    ("an empty name", "DELETE", f"{{azure}}{_MAPPINGS}/"),
    ("an encoded slash", "GET", f"{{azure}}{VAULT}/replicationFabrics/a%2fb"),
    ("an encoded backslash", "GET", f"{{azure}}{VAULT}/replicationFabrics/a%5cb"),
    ("an encoded question mark", "PUT", f"{{azure}}{_MAPPINGS}/m1%3fx"),
    ("a header in the URL", "PUT", f"{{azure}}{MAPPING}\r\nX: 1"),
    ("another host", "GET", "{thief}/subscriptions"),
    ("another host that is written to", "PUT", f"{{thief}}{MAPPING}"),
    ("user information", "GET", "http://{azure_netloc}@{thief_netloc}/subscriptions"),
    ("a password", "GET", "http://x:{azure_netloc}@{thief_netloc}/subscriptions"),
    ("a backslash before the host", "GET", "http://{thief_netloc}\\@{azure_netloc}/subscriptions"),
    ("a host without a scheme", "GET", "//{thief_netloc}/subscriptions"),
    ("another scheme", "GET", "https://{azure_netloc}/subscriptions"),
    ("the host in the fragment", "GET", "{thief}/subscriptions#{azure}"),
    ("the host as a prefix", "GET", "http://{azure_netloc}.evil.invalid/subscriptions"),
)


@dataclass
class Pair:
    """Azure and a thief, with a connection to the first."""

    azure: Listener
    thief: Listener
    connection: Connection
    credential: CanaryCredential
    replies: dict[str, Reply]

    def fill(self, url: str) -> str:
        hosts = {"azure": self.azure.url, "thief": self.thief.url}
        netlocs = {"azure_netloc": self.azure.netloc, "thief_netloc": self.thief.netloc}
        return url.format(**hosts, **netlocs)

    def send(self, method: str, url: str) -> int:
        answer = self.connection._pipeline.run(HttpRequest(method, url))
        return int(answer.http_response.status_code)

    def assert_the_thief_heard_nothing(self) -> None:
        assert self.thief.heard == []


@pytest.fixture
def pair() -> Iterator[Pair]:
    replies: dict[str, Reply] = {}

    def azures(heard: Heard) -> Reply:
        return replies.get(heard.method, Reply(200, {"value": []}))

    with listening(azures) as azure, listening(lambda _: Reply(200, {"value": []})) as thief:
        clock = VirtualClock()
        credential = CanaryCredential(clock.now)
        made = Connection(
            requests_transport(2, environment=False, verify=True),
            TokenCache(credential, "scope", "", clock),
            azure.url,
            Place.of_url(azure.url),
            cloud="AzureCloud",
            workers=2,
            clock=clock,
            rng=Random(7),
        )
        made.permits.withhold()
        yield Pair(azure, thief, made, credential, replies)
        made.close()


def test_at_least_twenty_bad_requests_are_planted() -> None:
    assert len({(method, url) for _, method, url in PLANTED}) == len(PLANTED) >= 20


@pytest.mark.parametrize(("what", "method", "url"), PLANTED, ids=[what for what, *_ in PLANTED])
def test_a_planted_request_is_refused_before_it_is_sent(
    pair: Pair, what: str, method: str, url: str
) -> None:
    with (
        pair.connection.permits.given(PLANNED),
        pytest.raises(BlockedRequest, match="Not sent"),
    ):
        pair.send(method, pair.fill(url))
    assert pair.azure.heard == []
    assert pair.credential.asked == 0
    pair.assert_the_thief_heard_nothing()


@pytest.mark.parametrize(
    ("method", "subject"),
    [("PUT", GROUP), ("PUT", NETWORK), ("PUT", FABRIC), ("DELETE", MAPPING), ("PATCH", ITEM)],
)
def test_a_planned_write_goes_out_while_its_plan_is_carried_out_and_not_after(
    pair: Pair, method: str, subject: ArmId
) -> None:
    url = f"{pair.azure.url}{str(subject).upper().replace('/SUBSCRIPTIONS', '/subscriptions')}"
    with pair.connection.permits.given(PLANNED):
        assert pair.send(method, url) == 200
    with pytest.raises(BlockedRequest, match="no change of this run's plan"):
        pair.send(method, url)
    (heard,) = pair.azure.heard
    assert heard.headers["Authorization"] == f"Bearer {CANARY}"


def test_replication_is_enabled_for_just_the_items_that_a_plan_creates(pair: Pair) -> None:
    url = f"{pair.azure.url}{ITEM}"
    with pair.connection.permits.given(PLANNED, enabling=(ITEM,)):
        assert pair.send("PUT", url) == 200
        with pytest.raises(BlockedRequest, match="no change of this run's plan"):
            pair.send("PUT", f"{url}2")
    with (
        pair.connection.permits.given((ITEM,)),
        pytest.raises(BlockedRequest, match="no change of this run's plan"),
    ):
        pair.send("PUT", url)


def test_two_plans_at_once_do_not_close_each_others_doors(pair: Pair) -> None:
    permits = pair.connection.permits
    with permits.given((ITEM,)):
        with permits.given((ITEM, MAPPING)):
            assert pair.send("DELETE", f"{pair.azure.url}{MAPPING}") == 200
        assert pair.send("PATCH", f"{pair.azure.url}{ITEM}") == 200


def test_the_thief_does_hear_who_talks_to_it(pair: Pair) -> None:
    """These tests can fail: a client without a guard would have brought the token along."""
    request = urllib.request.Request(pair.thief.url, headers={"Authorization": f"Bearer {CANARY}"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    assert pair.thief.heard[0].headers["Authorization"] == f"Bearer {CANARY}"


# Answers of Azure that lead to the thief.


def next_page(pair: Pair) -> None:
    pair.replies["GET"] = Reply(200, {"value": [], "nextLink": f"{pair.thief.url}/more"})
    list(pair.connection.rows(f"{VAULT}/replicationFabrics", "1"))


def next_page_of_the_sdk(pair: Pair) -> None:
    pair.replies["GET"] = Reply(200, {"value": [], "nextLink": f"{pair.thief.url}/more"})
    list(pair.connection.site_recovery(SUBSCRIPTION).replication_fabrics.list("g", "v"))


def user_information(pair: Pair) -> None:
    link = f"http://{pair.azure.netloc}@{pair.thief.netloc}/more"
    pair.replies["GET"] = Reply(200, {"value": [], "nextLink": link})
    list(pair.connection.rows("/subscriptions", "1"))


def redirected(status: int) -> Callable[[Pair], None]:
    def follow(pair: Pair) -> None:
        pair.replies["GET"] = Reply(status, None, {"Location": f"{pair.thief.url}/moved"})
        pair.connection.get("/subscriptions", "1")

    return follow


def redirected_sdk(pair: Pair) -> None:
    pair.replies["GET"] = Reply(307, None, {"Location": f"{pair.thief.url}/moved"})
    AzureGateway(pair.connection).read(CREATE_NETWORK)


def redirected_write(pair: Pair) -> None:
    pair.replies["DELETE"] = Reply(307, None, {"Location": f"{pair.thief.url}/moved"})
    send_delete(pair)


def operation_in(header: str) -> Callable[[Pair], None]:
    def follow(pair: Pair) -> None:
        url = f"{pair.thief.url}{VAULT}/replicationOperationStatus/j?api-version=1"
        pair.replies["DELETE"] = Reply(202, None, {header: url})
        operation = send_delete(pair)
        assert operation is not None
        AzureGateway(pair.connection).ask(operation)

    return follow


def send_delete(pair: Pair) -> Operation | None:
    one = change(Kind.MAPPING, Action.DELETE, MAPPING, None, None)
    with pair.connection.permits.given((MAPPING,)):
        return AzureGateway(pair.connection).send(one, Reading(None), "r-1")


def refused_token(pair: Pair) -> None:
    challenge = f'Bearer authorization_uri="{pair.thief.url}/login", resource="{pair.thief.url}"'
    pair.replies["GET"] = Reply(401, None, {"WWW-Authenticate": challenge})
    pair.connection.get("/subscriptions", "1")


LEADING_AWAY: dict[str, Callable[[Pair], None]] = {
    "nextLink": next_page,
    "nextLink of a typed list": next_page_of_the_sdk,
    "nextLink with user information": user_information,
    **{f"redirect {status}": redirected(status) for status in (301, 302, 303, 307, 308)},
    "redirect of a typed call": redirected_sdk,
    "redirect of a write": redirected_write,
    "Azure-AsyncOperation": operation_in("Azure-AsyncOperation"),
    "Location": operation_in("Location"),
    "WWW-Authenticate": refused_token,
}


@pytest.mark.parametrize("what", LEADING_AWAY)
def test_an_answer_that_leads_elsewhere_leads_nowhere(pair: Pair, what: str) -> None:
    with suppress(AsrNetmapError):
        LEADING_AWAY[what](pair)
    assert pair.azure.heard
    assert all(h.headers["Authorization"] == f"Bearer {CANARY}" for h in pair.azure.heard)
    pair.assert_the_thief_heard_nothing()


# Objects that are there already.


def test_a_put_of_an_existing_network_is_not_sent() -> None:
    here = world()
    existing = ArmId.of_network(SUBSCRIPTION, "rg-app", "vnet-app")
    one = change(Kind.NETWORK, Action.CREATE, existing, None, CREATE_NETWORK.after)
    with pytest.raises(Busy, match="never written"):
        AzureGateway(here.connection).send(one, Reading(None), "r-1")
    assert {request.method for request in here.sandbox.engine.requests} == {"GET"}


def test_a_put_of_a_mapping_that_leads_elsewhere_by_now_is_not_sent() -> None:
    here = world()
    gateway = AzureGateway(here.connection)
    gateway.send(CREATE_MAPPING, gateway.read(CREATE_MAPPING), "r-1")
    before = here.written
    assert isinstance(CREATE_MAPPING.after, MappingState)
    other = change(
        Kind.MAPPING,
        Action.CREATE,
        CREATE_MAPPING.subject,
        None,
        replace(CREATE_MAPPING.after, target_network=NETWORK),
    )
    with pytest.raises(Busy, match="not replaced"):
        gateway.send(other, Reading(None), "r-2")
    assert here.written == before


# The doors that programs and commands use.


def test_what_the_api_opens_writes_nothing_but_a_plan() -> None:
    with api.open_sandbox("demo") as azure, pytest.raises(BlockedRequest):
        gateway = AzureGateway(azure)
        gateway.send(CREATE_MAPPING, Reading(None), "r-1")


@pytest.mark.parametrize("part", ["subscription", "vault"])
def test_a_forged_plan_with_a_right_digest_writes_nothing_of_its_own(
    azure: Watched, run: Run, folder: Path, part: str
) -> None:
    """Only what a plan made now agrees with is carried out; the rest is stale."""
    assert run("plan", *BY_FILE, "--out", "plan.json").code == 0
    body = json.loads((folder / "plan.json").read_text())
    old, new = {"subscription": (SUBSCRIPTION, OTHER), "vault": ("vault-dr", "vault-x")}[part]
    for each in body["plans"][0]["changes"]:
        each["subject"] = each["subject"].replace(old, new)
        each["id"] = each["id"].replace(old, new)
    del body["digest"]
    body["digest"] = digest_of(body)
    (folder / "plan.json").write_text(json.dumps(body))
    azure.seen.clear()
    done = run("apply", "plan.json", "--yes")
    assert done.code != 0
    assert not [path for _, path in azure.writes if new in path]
