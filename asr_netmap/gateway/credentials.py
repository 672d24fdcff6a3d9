"""Who we are: credentials of azure-identity, and nothing else; no secret is ever a parameter.

That package is imported when a credential is made: it takes 0.25 s, and a sandbox needs none.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from enum import Enum
from typing import Any

from azure.core.credentials import TokenCredential

from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.transport import PATIENCE

_WORKLOAD_VARIABLES = ("AZURE_CLIENT_ID", "AZURE_TENANT_ID", "AZURE_FEDERATED_TOKEN_FILE")


class Auth(str, Enum):
    """Where a token comes from: the values of ``--auth``."""

    DEFAULT = "default"
    CLI = "cli"
    MANAGED_IDENTITY = "managed-identity"
    ENVIRONMENT = "environment"

    @property
    def advice(self) -> str:
        """What a user can do when it gives no token."""
        return _ADVICE[self]


_ADVICE = {
    Auth.DEFAULT: (
        "Tried: service principal in the environment (AZURE_CLIENT_ID, AZURE_TENANT_ID and "
        "AZURE_CLIENT_SECRET or AZURE_CLIENT_CERTIFICATE_PATH), workload identity, managed "
        "identity, and at a terminal `az login`. Run `az login`, set these variables, or say which "
        "one to use with --auth; without a terminal `az login` is used only with --auth cli."
    ),
    Auth.CLI: (
        "Run `az login` (and `az cloud set --name …` for another cloud), then "
        "`az account get-access-token` must succeed."
    ),
    Auth.MANAGED_IDENTITY: (
        "Turn on a managed identity for this machine, Automation account or container; for a "
        "user-assigned one set AZURE_CLIENT_ID to its client id."
    ),
    Auth.ENVIRONMENT: (
        "Set AZURE_TENANT_ID and AZURE_CLIENT_ID, and AZURE_CLIENT_SECRET, "
        "AZURE_CLIENT_CERTIFICATE_PATH or (workload identity) AZURE_FEDERATED_TOKEN_FILE."
    ),
}


# All workers wait while a token is fetched; the SDK would wait 300 s, four times.
_TIMES: dict[str, Any] = {"connection_timeout": PATIENCE.connect, "read_timeout": PATIENCE.read}


def credential(
    auth: Auth, cloud: Cloud, *, client_id: str | None = None, attended: bool | None = None
) -> TokenCredential:
    """The credential for `auth` in `cloud`; no token is fetched yet.

    client_id -- of a user-assigned managed identity; default: AZURE_CLIENT_ID.
    attended -- whether a person is there; default: whether standard input is a terminal. Only
        then does `Auth.DEFAULT` end with the az CLI: a scheduled run must not act as whoever
        happens to be logged in on that machine.
    """
    from azure.identity import (  # noqa: PLC0415 -- see above
        AzureCliCredential,
        ChainedTokenCredential,
        ManagedIdentityCredential,
    )

    identity = client_id or os.environ.get("AZURE_CLIENT_ID") or None
    if auth is Auth.CLI:
        return AzureCliCredential()
    if auth is Auth.MANAGED_IDENTITY:
        return ManagedIdentityCredential(client_id=identity, **_TIMES)
    configured = _configured(cloud, os.environ)
    if auth is Auth.ENVIRONMENT:
        return ChainedTokenCredential(*configured)
    return ChainedTokenCredential(*configured, _ambient(cloud, identity, attended))


def _configured(cloud: Cloud, environment: Mapping[str, str]) -> list[TokenCredential]:
    """What the environment spells out. The authority is given, never taken from a variable."""
    from azure.identity import (  # noqa: PLC0415 -- see above
        EnvironmentCredential,
        WorkloadIdentityCredential,
    )

    found: list[TokenCredential] = [EnvironmentCredential(authority=cloud.authority, **_TIMES)]
    if all(environment.get(name) for name in _WORKLOAD_VARIABLES):
        found.append(WorkloadIdentityCredential(authority=cloud.authority, **_TIMES))
    return found


def _ambient(cloud: Cloud, identity: str | None, attended: bool | None) -> TokenCredential:
    """A managed identity, and for a person the az CLI.

    DefaultAzureCredential is used for its quick probe of the managed identity endpoint, which
    otherwise is waited for long on machines that have none.
    """
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415 -- see above

    if attended is None:
        attended = sys.stdin is not None and sys.stdin.isatty()
    return DefaultAzureCredential(
        authority=cloud.authority,
        managed_identity_client_id=identity,
        exclude_environment_credential=True,
        exclude_workload_identity_credential=True,
        exclude_managed_identity_credential=False,
        exclude_shared_token_cache_credential=True,
        exclude_visual_studio_code_credential=True,
        exclude_cli_credential=not attended,
        exclude_powershell_credential=True,
        exclude_developer_cli_credential=True,
        exclude_interactive_browser_credential=True,
        exclude_broker_credential=True,
        **_TIMES,
    )
