"""From options, environment and files to the settings of each vault that is meant."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from asr_netmap.arm_id import ArmId
from asr_netmap.cli.options import Config, Vault
from asr_netmap.errors import SettingsError, UsageError

if TYPE_CHECKING:
    from asr_netmap.cli.run_options import PlanRules
    from asr_netmap.gateway.connection import Connection
    from asr_netmap.planning.selection import Selection
    from asr_netmap.settings import Overrides, Settings

Load = Callable[[Path, "Overrides"], "tuple[Settings, ...]"]

_VAULT_KIND = "microsoft.recoveryservices/vaults"
_NO_SUBSCRIPTION_YET = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class Declared:
    """What the user declared, checked as far as that goes without asking Azure.

    unresolved -- a subscription is still to be found: the only one that is visible.
    """

    settings: tuple[Settings, ...]
    unresolved: bool = False

    def resolved(self, azure: Connection) -> tuple[Settings, ...]:
        """The settings with subscription ids in the place of names. Raises NotFound."""
        from asr_netmap.reading import resolve_settings  # noqa: PLC0415 -- help needs none of it
        from asr_netmap.settings import VaultRef  # noqa: PLC0415 -- the same

        if not self.unresolved:
            return tuple(resolve_settings(azure, one) for one in self.settings)
        only = azure.resolve_subscription(None).id
        return tuple(
            one.model_copy(
                update={
                    "vault": VaultRef(
                        subscription=only,
                        resource_group=one.vault.resource_group,
                        name=one.vault.name,
                    )
                }
            )
            for one in self.settings
        )


def declared(
    config: Config,
    vault: Vault,
    rules: PlanRules | None = None,
    networks: Sequence[Mapping[str, object]] | None = None,
    load: Load | None = None,
    spelled: Mapping[tuple[str | int, ...], str] | None = None,
) -> Declared:
    """What files and options say together.

    load -- what reads a configuration; None: it is a file.
    networks -- entries of ``networks`` as in a file, for commands that take none.
    spelled -- the options that such entries came from, by their place in the settings.
    Raises UsageError or SettingsError with everything that is missing or wrong.
    """
    from asr_netmap import settings as given  # noqa: PLC0415 -- pydantic; help needs none

    overrides = _overrides(vault, rules)
    if config.config:
        load = load or given.load_settings
        found = [one for path in config.config for one in load(path, overrides)]
        return Declared(tuple(found))
    subscription = overrides.subscription or os.environ.get("AZURE_SUBSCRIPTION_ID") or None
    full = replace(overrides, subscription=subscription or _NO_SUBSCRIPTION_YET)
    try:
        settings = given.settings_from_options(full, networks, spelled=spelled)
    except SettingsError:
        raise  # a file would not make these values better
    except UsageError as error:
        raise _with_file_hint(error) from None
    return Declared((settings,), unresolved=subscription is None)


def selection_of(only: Iterable[str] | None) -> Selection:
    """What ``--only`` picks. Raises UsageError."""
    from asr_netmap.planning.selection import Selection  # noqa: PLC0415 -- help needs none of it

    return Selection.parse(only or ())


def vault_named(vault: Vault) -> bool:
    """Whether any vault was named by option or variable."""
    return any((vault.resource_group, vault.vault_name, vault.vault_id))


def _overrides(vault: Vault, rules: PlanRules | None) -> Overrides:
    from asr_netmap.settings import Overrides  # noqa: PLC0415 -- pydantic

    subscription, group, name = vault_parts(vault)
    return Overrides(
        subscription=subscription,
        resource_group=group,
        vault_name=name,
        source_region=vault.source_region,
        target_region=vault.target_region,
        target_resource_group=vault.target_resource_group,
        existing="enforce" if rules and rules.enforce else None,
        allow_shared_target=True if rules and rules.allow_shared_target else None,
    )


def vault_parts(vault: Vault) -> tuple[str | None, str | None, str | None]:
    """Subscription, group and name, taken from ``--vault-id`` if that was given."""
    given = (vault.subscription, vault.resource_group, vault.vault_name)
    if vault.vault_id is None:
        return given
    vault_id = ArmId(vault.vault_id)
    if vault_id.kind != _VAULT_KIND:
        raise UsageError(
            f"--vault-id {vault.vault_id!r} is not the id of a Recovery Services vault.",
            "It ends in /providers/Microsoft.RecoveryServices/vaults/<name>.",
        )
    parts = (vault_id.subscription, vault_id.group, vault_id.name)
    options = ("subscription", "resource-group", "vault-name")
    for option, text, part in zip(options, given, parts, strict=True):
        if text and text.lower() != part.lower() and not _from_environment(option, text):
            raise UsageError(
                f"--vault-id says {part!r} and --{option} says {text!r}.", "Give only one of them."
            )
    return parts


def _from_environment(option: str, text: str) -> bool:
    """Whether a value came from its variable, over which the command line wins."""
    return os.environ.get("ASR_NETMAP_" + option.upper().replace("-", "_")) == text


def _with_file_hint(error: UsageError) -> UsageError:
    if not Path("netmap.yaml").exists():
        return error
    return UsageError(error.message, "There is a netmap.yaml here: add --config netmap.yaml.")
