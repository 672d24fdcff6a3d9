"""Credentials of the sandbox: tokens of its own, and nobody else's.

A token has the shape of a JWT, is signed by nobody, and opens nothing but a sandbox. Whatever
else a client presents is refused without being kept or printed.
"""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime, timedelta
from typing import Any

from asr_netmap.sandbox import moments
from asr_netmap.sandbox.errors import ArmError

ISSUER = "https://sandbox.asr-netmap.invalid/"
TENANT = "00000000-0000-0000-0000-00000000a5a0"
OBJECT_ID = "00000000-0000-0000-0000-00000000a5a1"
CLIENT_ID = "00000000-0000-0000-0000-00000000a5a2"
LIFETIME = timedelta(hours=24)

_IDENTITY = (
    "/subscriptions/00000000-0000-0000-0000-000000000000/resourcegroups/sandbox/providers"
    "/Microsoft.ManagedIdentity/userAssignedIdentities/sandbox"
)


def sandbox_token(now: datetime, audience: str) -> str:
    """Return a bearer token for the sandbox, good for 24 hours from `now`."""
    issued = int(moments.utc(now).timestamp())
    payload = {
        "iss": ISSUER,
        "aud": audience,
        "tid": TENANT,
        "oid": OBJECT_ID,
        "sub": OBJECT_ID,
        "appid": CLIENT_ID,
        "iat": issued,
        "nbf": issued,
        "exp": issued + int(LIFETIME.total_seconds()),
        "xms_mirid": _IDENTITY,
    }
    return f"{_encode({'typ': 'JWT', 'alg': 'none'})}.{_encode(payload)}."


def authenticate(authorization: str | None, now: datetime, base: str) -> str:
    """Return the object id behind an Authorization header; raises ArmError 401.

    ARM: 401 AuthenticationFailed with a WWW-Authenticate header when there is none
    (Microsoft Learn, ARM REST authentication).
    """
    scheme, _, token = (authorization or "").partition(" ")
    if not token or scheme.lower() != "bearer":
        raise _refusal(
            "AuthenticationFailed",
            "Authentication failed. The 'Authorization' header is missing.",
            base,
        )
    claims = _claims(token.strip())
    if claims is None or claims.get("iss") != ISSUER:
        # invented: real-credentials
        raise _refusal(
            "InvalidAuthenticationToken",
            "SANDBOX: this is the asr-netmap sandbox, not Azure. It refuses credentials that it "
            "did not issue; a real token must not be sent here. Nothing of it was kept.",
            base,
        )
    # invented: audience-unchecked
    expires = claims.get("exp")
    if not isinstance(expires, int) or expires <= moments.utc(now).timestamp():
        raise _refusal(
            "ExpiredAuthenticationToken", "The access token expiry UTC time has passed.", base
        )
    return str(claims.get("oid", OBJECT_ID))


def managed_identity(resource: str, client_id: str | None, now: datetime) -> dict[str, str]:
    """Return what an App Service style identity endpoint answers.

    ARM: expires_on is a string of epoch seconds (Microsoft Learn, App Service managed
    identities, api-version 2019-08-01).
    """
    expires = int((moments.utc(now) + LIFETIME).timestamp())
    return {
        "access_token": sandbox_token(now, resource),
        "expires_on": str(expires),
        "resource": resource,
        "token_type": "Bearer",
        "client_id": client_id or CLIENT_ID,
    }


def instance_metadata(resource: str, client_id: str | None, now: datetime) -> dict[str, str]:
    """Return what a virtual machine's identity endpoint answers (Microsoft Learn, IMDS)."""
    issued = int(moments.utc(now).timestamp())
    answer = managed_identity(resource, client_id, now)
    answer["refresh_token"] = ""
    answer["expires_in"] = str(int(LIFETIME.total_seconds()))
    answer["not_before"] = str(issued)
    return answer


def _refusal(code: str, message: str, base: str) -> ArmError:
    challenge = f'Bearer authorization_uri="{base}/{TENANT}", error="invalid_token"'
    return ArmError(401, code, message, headers=(("WWW-Authenticate", challenge),))


def _encode(claims: dict[str, Any]) -> str:
    raw = json.dumps(claims, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _claims(token: str) -> dict[str, Any] | None:
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        payload = parts[1] + "=" * (-len(parts[1]) % 4)
        claims = json.loads(base64.urlsafe_b64decode(payload))
    except (ValueError, binascii.Error, RecursionError):
        return None
    return claims if isinstance(claims, dict) else None
