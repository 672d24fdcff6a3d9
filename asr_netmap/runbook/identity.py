"""Whose rights a job has: a managed identity, in Automation's workers and in hybrid ones."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from asr_netmap.cli.options import Access, Auth
from asr_netmap.errors import CredentialsMissing

# ARM: what the hosts of managed identities set: Azure Automation and App Service (IDENTITY_*),
# Azure Arc (IDENTITY_ENDPOINT, IMDS_ENDPOINT), older hosts (MSI_*); a VM sets nothing and has IMDS
# (Microsoft Learn, managed identities; azure-identity's own order).
_MARKS = ("IDENTITY_ENDPOINT", "MSI_ENDPOINT")


def with_identity(access: Access, environment: Mapping[str, str]) -> Access:
    """The access with the managed identity that the host offers, unless another was asked for.

    Without a host's variables the default order is kept: it knows a VM's identity, and gives up
    on one that isn't there without waiting long.
    """
    if access.auth is Auth.DEFAULT and any(environment.get(mark) for mark in _MARKS):
        return replace(access, auth=Auth.MANAGED_IDENTITY)
    return access


@contextmanager
def explained(access: Access, environment: Mapping[str, str]) -> Iterator[None]:
    """Inside, a missing identity is explained in the words of Automation."""
    try:
        yield
    except CredentialsMissing as error:
        hint = _no_token(access.client_id or environment.get("AZURE_CLIENT_ID"), environment)
        raise CredentialsMissing(error.message, hint) from error


def _no_token(client_id: str | None, environment: Mapping[str, str]) -> str:
    if not any(environment.get(mark) for mark in _MARKS):
        return (
            "IDENTITY_ENDPOINT is not set, so this runbook has no managed identity. In the "
            "Automation account open Identity, switch System assigned on (or add a user-assigned "
            "identity and give its client id with --client-id), then start a new job. On a hybrid "
            "worker switch on the identity of the machine."
        )
    if client_id:
        return (
            f"The identity endpoint gives no token for client id {client_id}. Is that "
            "user-assigned identity added to the Automation account (Identity, User assigned), "
            "and is this its client id, not its object id? Without --client-id the system-assigned "
            "one is used."
        )
    return (
        "The identity endpoint gives no token for the system-assigned identity. In the Automation "
        "account open Identity and switch System assigned on; if it has a user-assigned one only, "
        "give its client id with --client-id."
    )
