"""What may be sent, and where to: checked on the final URL of every request.

The scope guard lists the few writes that this tool ever makes, and the permits which of them this
run makes. The host pin keeps the token from a host that an answer names (a polling URL, a next
page), for the SDKs would send it there.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from azure.core.pipeline import PipelineRequest, PipelineResponse
from azure.core.pipeline.policies import HTTPPolicy
from azure.core.rest import HttpRequest, HttpResponse

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import BlockedRequest
from asr_netmap.gateway.cloud import Cloud
from asr_netmap.gateway.foreign_text import one_line

_NAME = r"[^/]+"
_GROUP = rf"/subscriptions/{_NAME}/resourcegroups/{_NAME}"
_VAULT = rf"{_GROUP}/providers/microsoft\.recoveryservices/vaults/{_NAME}"
_FABRIC = rf"{_VAULT}/replicationfabrics/{_NAME}"
_CONTAINER = rf"{_FABRIC}/replicationprotectioncontainers/{_NAME}"
_ITEM_PATH = rf"{_CONTAINER}/replicationprotecteditems/{_NAME}"
_ITEM = re.compile(_ITEM_PATH, re.IGNORECASE)
_ENABLING = "PUT "

# The only writes there are. No POST: failover, reprotect and provider registration are POSTs.
_WRITES = tuple(
    (methods, re.compile(path + r"\Z", re.IGNORECASE))
    for methods, path in (
        ({"PUT"}, _GROUP),
        ({"PUT"}, rf"{_GROUP}/providers/microsoft\.network/virtualnetworks/{_NAME}"),
        ({"PUT"}, _FABRIC),
        (
            {"PUT", "PATCH", "DELETE"},
            rf"{_FABRIC}/replicationnetworks/{_NAME}/replicationnetworkmappings/{_NAME}",
        ),
        ({"PUT"}, rf"{_VAULT}/replicationpolicies/{_NAME}"),
        ({"PUT"}, _CONTAINER),
        ({"PUT"}, rf"{_CONTAINER}/replicationprotectioncontainermappings/{_NAME}"),
        ({"PUT", "PATCH"}, _ITEM_PATH),
    )
)
# What is read: subscriptions, their regions, groups and operations, and these providers' resources.
_READ = re.compile(
    rf"/subscriptions(/{_NAME}(/locations|/resourcegroups(/{_NAME})?"
    rf"|/operation(s|results)/{_NAME})?)?",
    re.IGNORECASE,
)
_READ_PROVIDERS = frozenset(
    f"microsoft.{name}"
    for name in ("authorization", "compute", "network", "recoveryservices", "storage")
)
_PROVIDER = re.compile(r"/providers/([^/]+)(?:/|\Z)", re.IGNORECASE)
_UNSAFE_BEFORE_QUERY = re.compile(r"[^\x21-\x7e]|\\")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f/\\?#%]")
_HOST = re.compile(r"(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where requests may go: one origin, and for a cloud its regional hosts as well."""

    scheme: str
    host: str
    suffix: str | None = None

    @staticmethod
    def of_cloud(cloud: Cloud) -> Place:
        """Resource Manager of a cloud."""
        return Place("https", cloud.host, cloud.regional_suffix)

    @staticmethod
    def of_url(url: str) -> Place:
        """Exactly the origin of `url`, port included."""
        parts = urlsplit(url)
        return Place(parts.scheme, parts.netloc.lower())

    def holds(self, parts: SplitResult) -> bool:
        """Whether a URL's scheme and host are these."""
        host = parts.netloc.lower()
        host = host.removesuffix(":443") if self.scheme == "https" and self.suffix else host
        if parts.scheme.lower() != self.scheme or not _HOST.match(host):
            return False
        return host == self.host or (self.suffix is not None and host.endswith(self.suffix))


class WritePermits:
    """Which resources may be changed now; safe for threads.

    At first all that the tool ever changes; once withheld, only those given, while they are.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._withheld = False
        self._given: list[frozenset[str]] = []

    def withhold(self) -> None:
        """From now on nothing may be changed that isn't given."""
        self._withheld = True

    @contextmanager
    def given(self, subjects: Iterable[ArmId], enabling: Iterable[ArmId] = ()) -> Iterator[None]:
        """Inside, these may be changed, too.

        enabling -- the replicated items among them that may be created: a PUT of one enables
            replication.
        """
        keys = frozenset(subject.key for subject in subjects)
        keys |= {_ENABLING + subject.key for subject in enabling}
        with self._lock:
            self._given.append(keys)
        try:
            yield
        finally:
            with self._lock:
                self._given.remove(keys)

    def check(self, method: str, url: str) -> None:
        """Raise BlockedRequest for a write to what may not be changed."""
        if method == "GET" or not self._withheld:
            return
        path = unquote(_split(url).path)
        key = path.lower()
        if method == "PUT" and _ITEM.fullmatch(path):
            key = _ENABLING + key
        with self._lock:
            permitted = any(key in keys for keys in self._given)
        if not permitted:
            raise BlockedRequest(
                f"Not sent: {method} {one_line(path, 300)} is no change of this run's plan.",
                "Please report this as a bug.",
            )


def check_scope(method: str, url: str) -> None:
    """Raise BlockedRequest unless this tool ever makes such a call."""
    parts = _split(url)
    segments = [unquote(segment) for segment in parts.path[1:].split("/")]
    for segment in segments:
        if segment in {"", ".", ".."} or _UNSAFE_IN_NAME.search(segment):
            raise BlockedRequest(
                f"Not sent: the path of {method} {one_line(parts.path, 300)} holds "
                f"{one_line(segment, 60)!r}, which would lead to another resource.",
                "A name in the settings or in an id is wrong.",
            )
    path = "/" + "/".join(segments)
    if not (_is_read(path) if method == "GET" else _is_write(method, path)):
        raise BlockedRequest(
            f"Not sent: {method} {one_line(parts.path, 300)} is no call that this tool makes.",
            "Please report this as a bug.",
        )


def _is_read(path: str) -> bool:
    providers = {name.lower() for name in _PROVIDER.findall(path)}
    if not providers:
        return _READ.fullmatch(path) is not None
    return path.lower().startswith("/subscriptions/") and providers <= _READ_PROVIDERS


def _is_write(method: str, path: str) -> bool:
    return any(method in methods and pattern.match(path) for methods, pattern in _WRITES)


def check_place(place: Place, url: str) -> None:
    """Raise BlockedRequest unless `url` leads to `place`."""
    parts = _split(url)
    if not place.holds(parts):
        raise BlockedRequest(
            f"Not sent: an answer leads to {one_line(parts.netloc, 100)!r}, which is not "
            f"{place.host!r}; the token does not go there.",
            "Check --cloud, and what stands between here and Azure.",
        )


def _split(url: str) -> SplitResult:
    bad = _UNSAFE_BEFORE_QUERY.search(url.partition("?")[0]) or _CONTROL.search(url)
    parts = urlsplit(url)
    if bad or parts.fragment or "@" in parts.netloc:
        raise BlockedRequest(
            f"Not sent: the URL at {one_line(parts.netloc, 100)!r} is not a plain one.",
            "A name in the settings, or an answer from Azure, holds odd characters.",
        )
    return parts


class ScopeGuard(HTTPPolicy[HttpRequest, HttpResponse]):
    """Refuses every request that is none of the calls we make, and every write not permitted."""

    def __init__(self, permits: WritePermits) -> None:
        super().__init__()
        self._permits = permits

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Check, then pass on."""
        check_scope(request.http_request.method, request.http_request.url)
        self._permits.check(request.http_request.method, request.http_request.url)
        return self.next.send(request)


class HostPin(HTTPPolicy[HttpRequest, HttpResponse]):
    """Refuses every other host; stands before the policy that adds the token."""

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    def send(
        self, request: PipelineRequest[HttpRequest]
    ) -> PipelineResponse[HttpRequest, HttpResponse]:
        """Check, then pass on."""
        check_place(self._place, request.http_request.url)
        return self.next.send(request)
