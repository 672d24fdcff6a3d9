"""Values from the command line or the environment that win over the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields

from asr_netmap.settings.checks import AddressMode


@dataclass(frozen=True, slots=True)
class Overrides:
    """What was given outside the file; None: not given.

    Texts are checked like the file's own values, when they are laid over it.
    """

    subscription: str | None = None
    resource_group: str | None = None
    vault_name: str | None = None
    source_region: str | None = None
    target_region: str | None = None
    target_resource_group: str | None = None
    target_subscription: str | None = None
    address: AddressMode | str | None = None
    existing: str | None = None
    subnet_fallback: str | None = None
    create_networks: bool | None = None
    max_changed_percent: int | None = None
    allow_retarget: bool | None = None
    allow_shared_target: bool | None = None
    max_changes: int | None = None
    max_failures: int | None = None
    freeze: bool | None = None

    def places(self) -> frozenset[tuple[str | int, ...]]:
        """Where in a file the given fields stand."""
        return frozenset(ORIGINS[name].path for name, _ in self.given())

    def given(self) -> Iterator[tuple[str, object]]:
        """The given fields with their values, in the order of the class."""
        for one in fields(self):
            value = getattr(self, one.name)
            if value is not None:
                yield one.name, value


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a setting can come from: its place in the file, its option, its variable.

    variable -- empty for what gives consent or loosens a limit: a stray variable must not.
    """

    path: tuple[str, ...]
    option: str
    variable: str = ""

    @property
    def key(self) -> str:
        """The place in the file, such as ``vault.name``."""
        return ".".join(self.path)

    @property
    def names(self) -> str:
        """Option and variable, for a message."""
        return f"{self.option} or {self.variable}" if self.variable else self.option


ORIGINS: Mapping[str, Origin] = {
    "subscription": Origin(("vault", "subscription"), "--subscription", "ASR_NETMAP_SUBSCRIPTION"),
    "resource_group": Origin(
        ("vault", "resource_group"), "-g/--resource-group", "ASR_NETMAP_RESOURCE_GROUP"
    ),
    "vault_name": Origin(("vault", "name"), "--vault-name", "ASR_NETMAP_VAULT_NAME"),
    "source_region": Origin(("source_region",), "--source-region", "ASR_NETMAP_SOURCE_REGION"),
    "target_region": Origin(("target_region",), "--target-region", "ASR_NETMAP_TARGET_REGION"),
    "target_resource_group": Origin(
        ("target_resource_group",), "--target-resource-group", "ASR_NETMAP_TARGET_RESOURCE_GROUP"
    ),
    "target_subscription": Origin(
        ("target_subscription",), "--target-subscription", "ASR_NETMAP_TARGET_SUBSCRIPTION"
    ),
    "address": Origin(("nics", "address"), "--address", "ASR_NETMAP_ADDRESS"),
    "existing": Origin(("nics", "existing"), "--enforce"),
    "subnet_fallback": Origin(("nics", "subnet_fallback"), "--subnet-fallback"),
    "create_networks": Origin(("safety", "create_networks"), "--create-networks"),
    "max_changed_percent": Origin(("safety", "max_changed_percent"), "--max-changed-percent"),
    "allow_retarget": Origin(("safety", "allow_retarget"), "--allow-retarget"),
    "allow_shared_target": Origin(("safety", "allow_shared_target"), "--allow-shared-target"),
    "max_changes": Origin(("safety", "max_changes"), "--max-changes"),
    "max_failures": Origin(("safety", "max_failures"), "--max-failures"),
    "freeze": Origin(("freeze",), "--freeze"),
}
"""The origin of each field of Overrides."""

REQUIRED = ("subscription", "resource_group", "vault_name", "source_region", "target_region")
"""What no settings can do without, as fields of Overrides."""


def origin_at(path: tuple[str | int, ...]) -> Origin | None:
    """The origin of a setting by its place in the file."""
    return next((origin for origin in ORIGINS.values() if origin.path == path), None)


VAULT_NAMES = " ".join(ORIGINS[name].option for name in REQUIRED[:3])
"""The options that together say which vault is meant."""


def lay_over(root: dict[str, object], overrides: Overrides) -> dict[str, object]:
    """A copy of a file's root in which the overrides stand in their places.

    A section that is no mapping stays as it is, for the check of the file to complain about.
    """
    result = dict(root)
    for name, value in overrides.given():
        *section, key = ORIGINS[name].path
        if not section:
            result[key] = value
            continue
        inside = result.get(section[0]) or {}
        if isinstance(inside, dict):
            result[section[0]] = {**inside, key: value}
    return result
