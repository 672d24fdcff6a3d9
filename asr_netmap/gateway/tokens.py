"""One token for all worker threads, and the sandbox's own kind of token."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError as SdkError
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap.clock import Clock
from asr_netmap.errors import CredentialsMissing, UnexpectedAnswer, Unreachable
from asr_netmap.gateway.foreign_text import one_line

# As long before its end as the SDKs' own policy renews a token.
_RENEW_BEFORE = timedelta(seconds=300)


class TokenCache:
    """Fetches a token once and hands it to every thread until it is about to end.

    advice -- what a user can do if there is none.
    """

    def __init__(self, credential: TokenCredential, scope: str, advice: str, clock: Clock) -> None:
        self._credential = credential
        self._scope = scope
        self._advice = advice
        self._clock = clock
        self._lock = threading.Lock()
        self._token: AccessToken | None = None

    def token(self) -> str:
        """The bearer token. Raises CredentialsMissing."""
        with self._lock:
            if self._token is None or self._ending(self._token):
                self._token = self._fetch(None)
            return self._token.token

    def renew(self, refused: str, claims: str | None = None) -> str:
        """Another token in place of `refused`, which the service did not take.

        When several threads come with the same refused token, one fetches and all get the result.
        """
        with self._lock:
            if self._token is None or self._token.token == refused:
                self._token = self._fetch(claims)
            return self._token.token

    def _ending(self, token: AccessToken) -> bool:
        return token.expires_on - self._clock.now().timestamp() < _RENEW_BEFORE.total_seconds()

    def _fetch(self, claims: str | None) -> AccessToken:
        try:
            if claims:
                return self._credential.get_token(self._scope, claims=claims)
            return self._credential.get_token(self._scope)
        except (SdkError, ValueError) as error:
            reason = one_line(getattr(error, "message", None) or str(error), 300)
            raise CredentialsMissing(f"No token for Azure: {reason}", self._advice) from error


class SandboxCredential:
    """A token from a sandbox's own managed identity endpoint; no real credential is involved."""

    def __init__(
        self,
        transport: HttpTransport[HttpRequest, HttpResponse],
        base_url: str,
        now: Callable[[], datetime],
    ) -> None:
        self._transport = transport
        self._base_url = base_url
        self._now = now

    def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        """A token for the sandbox.

        Raises Unreachable if nothing answers, UnexpectedAnswer if what answers is no sandbox.
        """
        resource = quote(self._base_url, safe="")
        url = f"{self._base_url}/msi/token?resource={resource}&api-version=2019-08-01"
        request = HttpRequest("GET", url, headers={"X-IDENTITY-HEADER": "sandbox"})
        try:
            response = self._transport.send(request)
        except SdkError as error:
            raise Unreachable(
                f"No sandbox answers at {self._base_url}: {_cause(error)}.",
                "Start one with `asr-netmap sandbox serve`, or check --endpoint.",
            ) from error
        try:
            body = json.loads(response.text())
            ends = int(body["expires_on"])
            return AccessToken(body["access_token"], ends)
        except (ValueError, KeyError, TypeError) as error:
            raise UnexpectedAnswer(
                f"{self._base_url} answered HTTP {response.status_code} to a token request, "
                "not what a sandbox answers.",
                "Give --endpoint the URL that `asr-netmap sandbox serve` printed.",
            ) from error


class PlaceholderCredential:
    """A text in place of a token, for where nobody looks at it: recorded answers."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now

    def get_token(self, *scopes: str, **_options: object) -> AccessToken:
        """The placeholder, good for a day."""
        return AccessToken("placeholder", int((self._now() + timedelta(days=1)).timestamp()))


def _cause(error: BaseException) -> str:
    """The innermost reason in words, not the libraries' chain of wrappers."""
    while True:
        first = error.args[0] if error.args else None
        inner = getattr(error, "inner_exception", None) or getattr(error, "reason", None) or first
        if not isinstance(inner, BaseException):
            break
        error = inner
    words = one_line(str(error), 300).rpartition("] ")[2]
    return words.rpartition("new connection: ")[2].rstrip(".")
