"""Rows of a list that say something about the same thing twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic_core import PydanticCustomError

Place = tuple[str | int, ...]
"""Where something stands in a document: keys and list positions from the root."""


def source_given_twice(networks: Sequence[object]) -> Iterator[tuple[Place, str]]:
    """Which rows of ``networks`` repeat a source: the place inside the list and the message.

    networks -- rows as mappings, checked or not: what is no mapping or has no source is passed.
    """
    first: dict[str, int] = {}
    for place, row in enumerate(networks):
        source = row.get("source") if isinstance(row, Mapping) else None
        if not isinstance(source, str):
            continue
        earlier = first.setdefault(source.lower(), place)
        if earlier != place:
            yield (place, "source"), f"{source!r} is given twice, first in networks[{earlier}]"


def row_given_twice(rows: Sequence[object]) -> Iterator[tuple[Place, str]]:
    """Which rows of ``nics.settings`` name the same VM, NIC, IP config and direction again.

    rows -- as mappings, checked or not.
    """
    first: dict[tuple[str, ...], int] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("vm"), str):
            continue
        keys = ("vm", "nic", "ip_config", "direction")
        key = tuple(str(row.get(name) or "").lower() for name in keys)
        earlier = first.setdefault(key, place)
        if earlier != place:
            yield (
                (place,),
                f"is for the same VM, NIC, IP config and direction as row [{earlier}]; "
                "make them one row",
            )


def machine_given_twice(rows: Sequence[object]) -> Iterator[tuple[Place, str]]:
    """Which rows of ``protect.settings`` name the same VM again.

    rows -- as mappings. Rows that spell one VM in two ways are found when it is known what they
        mean.
    """
    first: dict[str, int] = {}
    for place, row in enumerate(rows):
        vm = row.get("vm") if isinstance(row, Mapping) else None
        if not isinstance(vm, str):
            continue
        earlier = first.setdefault(vm.lower(), place)
        if earlier != place:
            yield (place, "vm"), f"{vm!r} has row [{earlier}] already; make them one row"


def two_primaries(rows: Sequence[object]) -> Iterator[tuple[Place, str]]:
    """Which rows of ``nics.settings`` name another primary IP config of the same NIC.

    rows -- as mappings, checked or not. Rows that spell one NIC in two ways are found when it is
        known what they mean.
    """
    first: dict[tuple[str, ...], tuple[int, str]] = {}
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping) or not isinstance(row.get("vm"), str):
            continue
        name = str(row.get("ip_config") or "")
        if not name or str(row.get("primary")).lower() not in {"true", "yes", "on"}:
            continue
        key = tuple(str(row.get(part) or "").lower() for part in ("vm", "nic", "direction"))
        earlier, other = first.setdefault(key, (place, name))
        if other.lower() != name.lower():
            yield (
                (place, "primary"),
                f"{name!r} contradicts {other!r} in row [{earlier}]: a NIC has exactly one primary "
                "IP config; keep one of the two",
            )


def raise_mistakes(mistakes: Iterable[tuple[Place, str]]) -> None:
    """Raise one pydantic error that carries each mistake with its place below the field."""
    found = list(mistakes)
    if found:
        raise PydanticCustomError(
            "several_mistakes", "{summary}", {"summary": found[0][1], "mistakes": found}
        )
