"""The estate: a set of ARM resources, the operations on them, and conditions to rehearse under.

Its document is `{"schema": "asr-netmap/estate/1", "resources": [...]}`, each resource exactly as
ARM answers a GET, flat, in any order; `operations` and `conditions` only where there are some.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, overload

from asr_netmap.sandbox import conditions as _conditions
from asr_netmap.sandbox import ids
from asr_netmap.sandbox.implied import FABRIC_TYPE, fabric_region, implied_parents
from asr_netmap.sandbox.operations import RUNNING, Operation

SCHEMA = "asr-netmap/estate/1"
# Scopes and types whose members are remembered; a client lists a few dozen.
_KEPT_LISTS = 1000

Json = dict[str, Any]
Row = TypeVar("Row")


class EstateError(ValueError):
    """The estate document cannot be used; the message says where and why."""


class Estate:
    """Resources by id, without regard to case, in the order they came.

    What is handed out is live: callers copy before they change anything, and `put` the result.
    `revision` grows with every change; `revision_of` does so for one resource type.
    """

    def __init__(
        self,
        resources: Iterable[Json] = (),
        operations: Iterable[Operation] = (),
        conditions: Iterable[Json] = (),
    ) -> None:
        self.revision = 0
        self.conditions: list[Json] = [dict(condition) for condition in conditions]
        self._resources: dict[str, Json] = {}
        self._implied: dict[str, Json] = {}
        self._texts: dict[str, str] = {}
        self._types: dict[str, dict[str, None]] = {}
        self._subscriptions: dict[str, None] = {}
        self._type_revisions: dict[str, int] = {}
        self._below: dict[tuple[str, str], list[str]] = {}
        self._changed: dict[str, None] = {}
        self._changed_operations: dict[str, None] = {}
        self._operations: dict[str, Operation] = {}
        self._operation_texts: dict[str, str] = {}
        self._running: dict[str, None] = {}
        self._busy: dict[str, dict[str, None]] = {}
        self._scopes: dict[str, list[str]] = {}
        for resource in resources:
            self.put(resource)
        for operation in operations:
            self.record(operation)
        self.forget_changes()
        self.revision = 0

    # -- documents ---------------------------------------------------------------------------

    @classmethod
    def load(cls, path: str | Path) -> Estate:
        """Read an estate file; raises EstateError naming the file and what is wrong in it."""
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise EstateError(f"{path}: cannot be read: {error}") from None
        return cls.from_text(data, str(path))

    @classmethod
    def from_text(cls, data: bytes, where: str) -> Estate:
        """Build an estate from its file's bytes; raises EstateError that begins with `where`."""
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            raise EstateError(f"{where}: cannot be read: {error}") from None
        try:
            document = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise EstateError(f"{where}: not JSON: {error}") from None
        try:
            return cls.from_document(document)
        except EstateError as error:
            raise EstateError(f"{where}: {error}") from None

    @classmethod
    def from_document(cls, document: object) -> Estate:
        """Build an estate from its document; raises EstateError for anything malformed."""
        if not isinstance(document, dict) or document.get("schema") != SCHEMA:
            found = document.get("schema") if isinstance(document, dict) else None
            raise EstateError(f"not an estate: schema is {found!r}, expected {SCHEMA!r}")
        unknown = sorted(set(document) - {"schema", "resources", "operations", "conditions"})
        if unknown:
            raise EstateError(
                f"unknown key {unknown[0]!r}; an estate has resources, operations, conditions"
            )
        resources = _checked_resources(_rows(document, "resources", required=True))
        return cls(
            resources,
            _checked_operations(_rows(document, "operations")),
            _checked_conditions(_rows(document, "conditions")),
        )

    def to_document(self) -> Json:
        """Return the JSON form; the resources in it are the live ones."""
        document: Json = {"schema": SCHEMA, "resources": list(self._resources.values())}
        if self._operations:
            document["operations"] = [o.to_document() for o in self._operations.values()]
        if self.conditions:
            document["conditions"] = list(self.conditions)
        return document

    def to_text(self) -> str:
        """Return the document as JSON text, one resource, operation or condition per line."""
        parts = [f'{{"schema": {json.dumps(SCHEMA)}']
        parts.append(_lines("resources", (self.text(resource) for resource in self._resources)))
        if self._operations:
            parts.append(_lines("operations", map(self._operation_text, self._operations)))
        if self.conditions:
            parts.append(_lines("conditions", (json.dumps(c) for c in self.conditions)))
        return ",\n".join(parts) + "}\n"

    # -- changes -----------------------------------------------------------------------------

    def changes(self) -> Json:
        """Return what `apply_changes` needs to bring an older copy of this estate up to date."""
        changed = {key: self._resources.get(key) for key in self._changed}
        return {
            "resources": [row for row in changed.values() if row is not None],
            "removed": [key for key, row in changed.items() if row is None],
            "operations": [
                self._operations[name].to_document() for name in self._changed_operations
            ],
            "conditions": list(self.conditions),
        }

    def forget_changes(self) -> None:
        """From now on only what follows counts as changed."""
        self._changed.clear()
        self._changed_operations.clear()

    def apply_changes(self, changes: Json) -> None:
        """Take in what `changes` of another copy said; doing so twice does no harm.

        Raises ValueError, KeyError or TypeError for what is none.
        """
        for resource in changes["resources"]:
            self.put(resource)
        for key in changes["removed"]:
            if key in self._resources:
                self.remove(key)
        for document in changes["operations"]:
            self.record(Operation.from_document(document))
        self.conditions[:] = map(dict, changes["conditions"])

    def save(self, path: str | Path) -> bytes:
        """Write the estate so that a reader sees the old file or the new one, never a part.

        Returns what was written. Raises OSError when the file or its directory cannot be written;
        the old file stays.
        """
        # A rename would replace a symbolic link by a file: write where it points to.
        target = Path(path).resolve()
        data = self.to_text().encode("utf-8")
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
            temporary.replace(target)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_directory(target.parent)
        return data

    # -- resources ---------------------------------------------------------------------------

    def get(self, identifier: str) -> Json | None:
        """Return a resource, or the parent that others imply, or None."""
        wanted = ids.key(identifier)
        return self._resources.get(wanted) or self._implied.get(wanted)

    def put(self, resource: Json) -> None:
        """Add a resource, or replace the one of the same id."""
        wanted = ids.key(resource["id"])
        self._resources[wanted] = resource
        self._changed[wanted] = None
        self._texts.pop(wanted, None)
        self._index(wanted, resource)
        for parent in implied_parents(resource):
            self._imply(parent)

    def remove(self, identifier: str) -> None:
        """Take a resource out; parents that it alone implied become resources of their own."""
        wanted = ids.key(identifier)
        resource = self._resources.pop(wanted)
        self._changed[wanted] = None
        self._texts.pop(wanted, None)
        kind = _type_of(resource)
        self._types[kind].pop(wanted, None)
        self._below.clear()
        self._touch(kind)
        for parent in implied_parents(resource):
            implied = self._implied.get(ids.key(parent["id"]))
            if implied is not None and ids.key(parent["id"]) not in self._resources:
                self.put(implied)

    def text(self, identifier: str) -> str:
        """Return a resource as compact JSON; kept, since lists are made of these."""
        wanted = ids.key(identifier)
        found = self._texts.get(wanted)
        if found is None:
            resource = self.get(wanted)
            if resource is None:
                raise KeyError(identifier)
            found = json.dumps(resource, separators=(",", ":"))
            self._texts[wanted] = found
        return found

    def of_type(self, resource_type: str) -> Iterator[Json]:
        """Yield the resources of a type, implied ones included, in the order they came."""
        for wanted in self._types.get(resource_type.lower(), ()):
            yield self._resources.get(wanted) or self._implied[wanted]

    def under(self, scope: str, resource_type: str) -> Sequence[Json]:
        """Return the resources of a type whose id lies below a scope.

        Which they are is kept, so that a page of a long list costs no more than of a short one.
        """
        where = (ids.key(scope), resource_type.lower())
        keys = self._below.get(where)
        if keys is None:
            prefix = where[0] + "/"
            keys = [key for key in self._types.get(where[1], ()) if key.startswith(prefix)]
            if len(self._below) >= _KEPT_LISTS:
                self._below.clear()
            self._below[where] = keys
        return _Rows(keys, self._row)

    def _row(self, key: str) -> Json:
        return self._resources.get(key) or self._implied[key]

    def subscriptions(self) -> list[str]:
        """Return the subscriptions that occur in the ids, lower-cased, in order."""
        return list(self._subscriptions)

    def has_subscription(self, subscription: str) -> bool:
        """Tell whether a subscription occurs in the ids."""
        return subscription.lower() in self._subscriptions

    def revision_of(self, resource_type: str) -> int:
        """Return a number that changes whenever a resource of this type does."""
        return self._type_revisions.get(resource_type.lower(), 0)

    def __len__(self) -> int:
        return len(self._resources)

    # -- operations --------------------------------------------------------------------------

    def record(self, operation: Operation) -> None:
        """Add an operation, or replace the one of the same name."""
        name = operation.name
        known = self._operations.get(name)
        if known is not None and (known.scope, known.started) != (
            operation.scope,
            operation.started,
        ):
            # Names are drawn at random, and a run with the same seed draws the same ones again.
            self._scopes[ids.key(known.scope)].remove(name)
            known = None
        if known is None:
            self._scopes.setdefault(ids.key(operation.scope), []).append(name)
        self._operations[name] = operation
        self._changed_operations[name] = None
        self._operation_texts.pop(name, None)
        target = ids.key(operation.target)
        if operation.state == RUNNING:
            self._running[name] = None
            self._busy.setdefault(target, {})[name] = None
        elif self._running.pop(name, name) is None:
            self._busy[target].pop(name)
            if not self._busy[target]:
                del self._busy[target]
        self.revision += 1

    def operation(self, name: str) -> Operation | None:
        """Return an operation by its name, or None."""
        return self._operations.get(name.lower())

    def running(self) -> list[Operation]:
        """Return the operations that have not completed, oldest first."""
        return [self._operations[name] for name in self._running]

    def running_on(self, identifier: str) -> Operation | None:
        """Return the oldest operation that runs on a resource, or None."""
        names = self._busy.get(ids.key(identifier))
        return self._operations[next(iter(names))] if names else None

    def operations_in(self, scope: str) -> Sequence[Operation]:
        """Return the operations of a vault, newest first."""
        names = self._scopes.get(ids.key(scope), [])
        return _Rows(names, self._operations.__getitem__, backwards=True)

    def _operation_text(self, name: str) -> str:
        found = self._operation_texts.get(name)
        if found is None:
            found = json.dumps(self._operations[name].to_document())
            self._operation_texts[name] = found
        return found

    # -- inside ------------------------------------------------------------------------------

    def _index(self, wanted: str, resource: Json) -> None:
        kind = _type_of(resource)
        known = self._types.setdefault(kind, {})
        if wanted not in known:
            known[wanted] = None
            self._below.clear()
        self._subscriptions.setdefault(wanted.split("/", 3)[2])
        self._touch(kind)

    def _imply(self, parent: Json) -> None:
        wanted = ids.key(parent["id"])
        if wanted in self._resources:
            return
        known = self._implied.get(wanted)
        if known is None or _tells_more(parent, known):
            self._implied[wanted] = parent
            self._texts.pop(wanted, None)
            self._index(wanted, parent)

    def _touch(self, kind: str) -> None:
        self.revision += 1
        self._type_revisions[kind] = self._type_revisions.get(kind, 0) + 1


class _Rows(Sequence[Row]):
    """Rows by their keys, fetched as they are asked for.

    backwards -- the last key is the first row.
    """

    def __init__(
        self, keys: Sequence[str], fetch: Callable[[str], Row], *, backwards: bool = False
    ) -> None:
        self._keys = keys
        self._fetch = fetch
        self._backwards = backwards

    def __len__(self) -> int:
        return len(self._keys)

    @overload
    def __getitem__(self, place: int) -> Row: ...

    @overload
    def __getitem__(self, place: slice) -> list[Row]: ...

    def __getitem__(self, place: int | slice) -> Row | list[Row]:
        if isinstance(place, slice):
            return [self[index] for index in range(*place.indices(len(self)))]
        return self._fetch(self._keys[-1 - place if self._backwards else place])


def _tells_more(parent: Json, known: Json) -> bool:
    if parent.get("type") == FABRIC_TYPE:
        return fabric_region(known) is None and fabric_region(parent) is not None
    return not known.get("location") and bool(parent.get("location"))


def _type_of(resource: Mapping[str, Any]) -> str:
    return ids.parse_id(resource["id"]).resource_type.lower()


def properties_of(resource: Mapping[str, Any] | None) -> Json:
    """Return a resource's `properties`, empty where it has none."""
    found = (resource or {}).get("properties")
    return found if isinstance(found, dict) else {}


def _lines(name: str, rows: Iterable[str]) -> str:
    return f'"{name}": [\n' + ",\n".join(rows) + "\n]"


def _rows(document: Mapping[str, Any], name: str, *, required: bool = False) -> list[Any]:
    rows = document.get(name)
    if rows is None and not required:
        return []
    if not isinstance(rows, list):
        raise EstateError(f"{name!r} is not a list")
    return rows


def _checked_resources(rows: list[Any]) -> Iterator[Json]:
    first: dict[str, int] = {}
    for index, row in enumerate(rows):
        where = f"resources[{index}]"
        if not isinstance(row, dict):
            raise EstateError(f"{where}: not an object")
        identifier = row.get("id")
        if not isinstance(identifier, str) or not identifier:
            raise EstateError(f"{where}: resource without an id")
        try:
            ids.parse_id(identifier)
        except ValueError as error:
            raise EstateError(f"{where}: malformed id {identifier!r}: {error}") from None
        earlier = first.setdefault(ids.key(identifier), index)
        if earlier != index:
            raise EstateError(
                f"{where}: duplicate id {identifier!r}, first at resources[{earlier}]"
            )
        if not isinstance(row.get("properties", {}), dict):
            raise EstateError(f"{where}: properties of {identifier!r} is not an object")
        yield row


def _checked_operations(rows: list[Any]) -> Iterator[Operation]:
    for index, row in enumerate(rows):
        yield _checked(f"operations[{index}]", row, Operation.from_document)


def _checked_conditions(rows: list[Any]) -> Iterator[Json]:
    for index, row in enumerate(rows):
        yield _checked(f"conditions[{index}]", row, _conditions.checked)


def _checked(where: str, row: Any, read: Callable[[Any], Row]) -> Row:
    if not isinstance(row, dict):
        raise EstateError(f"{where}: not an object")
    try:
        return read(row)
    except ValueError as error:
        raise EstateError(f"{where}: {error}") from None


def _sync_directory(directory: Path) -> None:
    # Windows cannot open a directory; there the rename alone has to do.
    with contextlib.suppress(OSError):
        handle = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
