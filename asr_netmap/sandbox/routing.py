"""Which handler plays a request: method and path template, without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from asr_netmap.sandbox.call import Handler


class Route(NamedTuple):
    """One playable request; the template's literals are lower-case, `{name}` takes a segment."""

    method: str
    template: str
    handler: Handler


class Router:
    """Routes by number of segments, so that a lookup compares a handful of templates."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._by_length: dict[int, list[tuple[Route, tuple[str, ...]]]] = {}
        for route in routes:
            pattern = tuple(route.template.strip("/").split("/"))
            self._by_length.setdefault(len(pattern), []).append((route, pattern))

    def find(self, method: str, path: str) -> tuple[Route, Mapping[str, str]] | None:
        """Return the route for a request and the segments it names, or None."""
        segments = tuple(path.strip("/").split("/"))
        for route, pattern in self._by_length.get(len(segments), ()):
            if route.method == method:
                params = _match(pattern, segments)
                if params is not None:
                    return route, params
        return None

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods that some route plays on this path."""
        segments = tuple(path.strip("/").split("/"))
        candidates = self._by_length.get(len(segments), ())
        found = {route.method for route, p in candidates if _match(p, segments) is not None}
        return tuple(sorted(found))


def _match(pattern: tuple[str, ...], segments: tuple[str, ...]) -> dict[str, str] | None:
    params: dict[str, str] = {}
    for want, have in zip(pattern, segments, strict=True):
        if want[0] == "{":
            params[want[1:-1]] = have
        elif want != have.lower():
            return None
    return params
