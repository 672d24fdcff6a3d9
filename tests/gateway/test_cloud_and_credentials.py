"""One cloud value drives everything, and no credential surprises anybody."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import azure.identity
import pytest
from azure.core import AzureClouds
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError
from azure.identity import (
    AzureAuthorityHosts,
    AzureCliCredential,
    ChainedTokenCredential,
    CredentialUnavailableError,
    ManagedIdentityCredential,
)
from azure.mgmt.core.tools import get_arm_endpoints

from asr_netmap.clock import VirtualClock
from asr_netmap.errors import CredentialsMissing
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.connection import connect_azure
from asr_netmap.gateway.credentials import Auth, credential
from asr_netmap.gateway.guard import Place
from asr_netmap.gateway.tokens import TokenCache
from tests.gateway.scripted import FakeCredential

SDK_CLOUD = {
    Cloud.PUBLIC: (AzureClouds.AZURE_PUBLIC_CLOUD, AzureAuthorityHosts.AZURE_PUBLIC_CLOUD),
    Cloud.US_GOVERNMENT: (AzureClouds.AZURE_US_GOVERNMENT, AzureAuthorityHosts.AZURE_GOVERNMENT),
    Cloud.CHINA: (AzureClouds.AZURE_CHINA_CLOUD, AzureAuthorityHosts.AZURE_CHINA),
}


@pytest.mark.parametrize("cloud", list(Cloud))
def test_a_clouds_addresses_are_those_of_the_sdks(cloud: Cloud) -> None:
    setting, authority = SDK_CLOUD[cloud]
    known = get_arm_endpoints(setting)
    assert f"{cloud.endpoint}/" == known["resource_manager"]
    assert [cloud.scope] == known["credential_scopes"]
    assert cloud.authority == authority
    assert Place.of_cloud(cloud) == Place("https", cloud.host, f".{cloud.host}")


@pytest.mark.parametrize("cloud", list(Cloud))
def test_no_variable_of_the_environment_splits_a_cloud(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_AUTHORITY_HOST", "https://login.evil.example")
    monkeypatch.setenv("AZURE_SDK_CLOUD_CONF", "AZURE_CHINA_CLOUD")
    monkeypatch.setenv("AZURE_TENANT_ID", "t1")
    monkeypatch.setenv("AZURE_CLIENT_ID", "c1")
    monkeypatch.setenv("AZURE_CLIENT_SECRET", "not-a-secret")
    monkeypatch.setenv("AZURE_FEDERATED_TOKEN_FILE", "/nowhere")
    chain = credential(Auth.ENVIRONMENT, cloud)
    assert isinstance(chain, ChainedTokenCredential)
    authorities = set(authorities_of(chain))
    assert authorities == {f"https://{cloud.authority}"}
    connection = connect_azure(cloud, Auth.ENVIRONMENT)
    for client in (connection.network("s1"), connection.site_recovery("s1")):
        assert client._config.base_url == cloud.endpoint


def authorities_of(value: object, depth: int = 0) -> Iterator[str]:
    """Every authority that a credential or one inside it holds."""
    if depth > 6 or not hasattr(value, "__dict__"):
        return
    for name, each in vars(value).items():
        if name == "_authority" and isinstance(each, str):
            yield each
        elif isinstance(each, (list, tuple)):
            for inner in each:
                yield from authorities_of(inner, depth + 1)
        elif type(each).__module__.startswith("azure.identity"):
            yield from authorities_of(each, depth + 1)


def kinds_of(value: object) -> list[str]:
    """The classes that a chain tries, in order."""
    if isinstance(value, ChainedTokenCredential):
        return [kind for each in value.credentials for kind in kinds_of(each)]
    return [type(value).__name__]


def test_without_a_terminal_nobodys_login_is_used() -> None:
    attended = kinds_of(credential(Auth.DEFAULT, Cloud.PUBLIC, attended=True))
    alone = kinds_of(credential(Auth.DEFAULT, Cloud.PUBLIC, attended=False))
    assert attended == ["EnvironmentCredential", "ManagedIdentityCredential", "AzureCliCredential"]
    assert alone == ["EnvironmentCredential", "ManagedIdentityCredential"]


def test_workload_identity_is_tried_where_it_is_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.setenv(name, "x")
    for auth in (Auth.ENVIRONMENT, Auth.DEFAULT):
        kinds = kinds_of(credential(auth, Cloud.PUBLIC, attended=False))
        assert kinds[:2] == ["EnvironmentCredential", "WorkloadIdentityCredential"]


def test_a_named_way_is_the_only_one() -> None:
    assert isinstance(credential(Auth.CLI, Cloud.PUBLIC), AzureCliCredential)
    identity = credential(Auth.MANAGED_IDENTITY, Cloud.PUBLIC, client_id="c1")
    assert isinstance(identity, ManagedIdentityCredential)


@pytest.mark.parametrize("auth", [a for a in Auth if a is not Auth.CLI])
def test_a_token_is_not_waited_for_longer_than_any_other_answer(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The az CLI is a process, and azure-identity ends it after 10 s."""
    for name in ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.setenv(name, "x")
    given: list[dict[str, Any]] = []

    def made(**options: Any) -> FakeCredential:
        given.append(options)
        return FakeCredential()

    for kind in ("Environment", "WorkloadIdentity", "ManagedIdentity", "DefaultAzure"):
        monkeypatch.setattr(azure.identity, f"{kind}Credential", made)
    credential(auth, Cloud.PUBLIC, attended=False)
    assert given
    assert {(each["connection_timeout"], each["read_timeout"]) for each in given} == {(10, 60)}


@pytest.mark.parametrize("auth", list(Auth))
@pytest.mark.parametrize(
    "failure",
    [
        CredentialUnavailableError(message="no managed identity\nfound"),
        ClientAuthenticationError(message="AADSTS7000215: Invalid client secret"),
        ValueError("scope"),
    ],
)
def test_no_token_says_what_was_tried_and_what_to_set(auth: Auth, failure: Exception) -> None:
    class Nothing:
        def get_token(self, *scopes: str, **_options: object) -> AccessToken:
            raise failure

    cache = TokenCache(Nothing(), Cloud.PUBLIC.scope, auth.advice, VirtualClock())
    with pytest.raises(CredentialsMissing) as raised:
        cache.token()
    assert raised.value.hint == auth.advice
    assert "\n" not in raised.value.message
    assert raised.value.message.startswith("No token for Azure: ")


def test_every_way_has_advice_of_its_own() -> None:
    hint: Callable[[Auth], str] = lambda auth: auth.advice  # noqa: E731 -- a key function
    assert len(set(map(hint, Auth))) == len(Auth)
    assert "az login" in Auth.CLI.advice
    assert "AZURE_CLIENT_ID" in Auth.ENVIRONMENT.advice


def test_opening_a_connection_fetches_the_token() -> None:
    class Nothing:
        def get_token(self, *scopes: str, **_options: object) -> AccessToken:
            raise CredentialUnavailableError(message=f"nothing for {scopes}")

    connection = connect_azure(Cloud.CHINA, Auth.CLI, token_source=Nothing())
    with pytest.raises(CredentialsMissing, match="chinacloudapi"):
        connection.open()
    assert connection.requests_sent == 0
