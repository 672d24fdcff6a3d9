"""``nics set``: the settings of one IP config, without a table."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Annotated, Any

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Config, Only, Shape, Where, as_typed
from asr_netmap.cli.run_options import Writing
from asr_netmap.cli.saving import PlanOut, save, show
from asr_netmap.cli.several import Several, with_vaults_that_failed
from asr_netmap.cli.tables import inventories
from asr_netmap.cli.writing import Run, carry_out_fresh, consent_of
from asr_netmap.errors import AmbiguousName, NotFound, SettingsError, TableError, UsageError

if TYPE_CHECKING:
    from asr_netmap.arm_id import ArmId
    from asr_netmap.models import Inventory
    from asr_netmap.planning.nic_table.cells import CellValue
    from asr_netmap.planning.selection import Selection
    from asr_netmap.settings import Settings


def _option(name: str, metavar: str, text: str) -> Any:
    return typer.Option(name, metavar=metavar, help=text, show_default=False)


_ADDRESS, _CLEARABLE, _ID, _SWITCH = "ADDRESS|MODE", "NAME|none", "ID|none", "true|false|none"
_AS_IT_WAS = "Nothing was set: what is asked for is carried out as it is given, or not at all."


@dataclass(frozen=True, slots=True)
class Target:
    """Which IP config."""

    vm: Annotated[str, _option("--vm", "VM", "The VM: name, group/name or ARM id.")]
    nic: Annotated[str | None, _option("--nic", "NIC", "Its source NIC, where it has several.")] = (
        None
    )
    ip_config: Annotated[
        str | None, _option("--ip-config", "NAME", "The IP config, where the NIC has several.")
    ] = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which IP config, as far as it is among what is picked."""

    target: Target
    only: Only


@dataclass(frozen=True, slots=True)
class Values:
    """What should be; named like the columns of the NIC table."""

    target_network: Annotated[
        str | None,
        _option("--target-network", "NETWORK|none", "Failover network, of the whole VM."),
    ] = None
    subnet: Annotated[str | None, _option("--subnet", _CLEARABLE, "Failover subnet.")] = None
    address: Annotated[
        str | None,
        _option(
            "--address",
            _ADDRESS,
            "Failover address: one in the subnet that is set (or --subnet), or dynamic, same, "
            "next-free.",
        ),
    ] = None
    public_ip: Annotated[str | None, _option("--public-ip", _ID, "Failover public IP.")] = None
    lb_pools: Annotated[
        str | None, _option("--lb-pools", "IDS|none", "Failover load balancer backend pools.")
    ] = None
    nsg: Annotated[
        str | None, _option("--nsg", _ID, "Failover network security group, of the NIC.")
    ] = None
    accelerated: Annotated[
        str | None, _option("--accelerated", _SWITCH, "Accelerated networking after failover.")
    ] = None
    nic_name: Annotated[
        str | None, _option("--nic-name", _CLEARABLE, "Name of the NIC after failover.")
    ] = None
    nic_group: Annotated[
        str | None, _option("--nic-group", _CLEARABLE, "Resource group of the NIC then.")
    ] = None
    reuse_nic: Annotated[
        str | None, _option("--reuse-nic", _SWITCH, "Use an existing NIC of that name.")
    ] = None
    selected: Annotated[
        str | None, _option("--selected", _SWITCH, "Whether a secondary IP config comes along.")
    ] = None
    primary: Annotated[
        bool,
        typer.Option(
            "--primary",
            help="Make this IP config the primary one of its NIC. Azure's answer to that was never "
            "recorded; it counts as done only if it reads back.",
            show_default=False,
        ),
    ] = False
    test_network: Annotated[
        str | None,
        _option("--test-network", "NETWORK|none", "Test failover network, of the whole VM."),
    ] = None
    test_subnet: Annotated[
        str | None, _option("--test-subnet", _CLEARABLE, "Test failover subnet.")
    ] = None
    test_address: Annotated[
        str | None, _option("--test-address", _ADDRESS, "Test failover address.")
    ] = None
    test_public_ip: Annotated[
        str | None, _option("--test-public-ip", _ID, "Test failover public IP.")
    ] = None
    test_lb_pools: Annotated[
        str | None, _option("--test-lb-pools", "IDS|none", "Test failover backend pools.")
    ] = None
    test_nsg: Annotated[
        str | None, _option("--test-nsg", _ID, "Test failover network security group.")
    ] = None
    test_accelerated: Annotated[
        str | None,
        _option("--test-accelerated", _SWITCH, "Accelerated networking in a test failover."),
    ] = None
    test_nic_name: Annotated[
        str | None, _option("--test-nic-name", _CLEARABLE, "Name of the NIC in a test failover.")
    ] = None
    test_nic_group: Annotated[
        str | None, _option("--test-nic-group", _CLEARABLE, "Resource group of the NIC then.")
    ] = None
    test_reuse_nic: Annotated[
        str | None, _option("--test-reuse-nic", _SWITCH, "Use an existing NIC in a test failover.")
    ] = None

    def cells(self) -> dict[str, CellValue]:
        """The values as the NIC table holds them.

        Raises UsageError if there is none, SettingsError with all that are wrong.
        """
        from asr_netmap.planning.nic_table.cells import value_of  # noqa: PLC0415 -- pydantic

        texts = dict(_given(self))
        if not texts:
            raise UsageError("Nothing is to be set.", "Give at least one, such as --address.")
        found: dict[str, CellValue] = {}
        wrong: list[str] = []
        for name, text in texts.items():
            try:
                found[name] = value_of(name, text.strip())
            except ValueError as error:  # noqa: PERF203 -- a handful of options
                wrong.append(f"--{name.replace('_', '-')}: {error}")
        if wrong:
            raise SettingsError("nics set", wrong)
        return found


def add_to(app: typer.Typer) -> None:
    """Add the command to the group."""
    command(app, "set", set_nic)


def set_nic(
    console: Console,
    which: Wanted,
    values: Values,
    config: Config,
    shape: Shape,
    out: PlanOut,
    writing: Writing,
    where: Where,
) -> ExitCode:
    """Set single settings of one IP config, and nothing else.

    What is not named stays as it is, whatever any rule says. The word `none` clears a setting, so
    that Site Recovery decides: an address is dynamic then, a switch false; a network that is
    really called none is given as group/none. A later `apply` with rules keeps what was set here,
    and says where a rule would have it otherwise. A VM that --only does not take is refused. Shows
    the plan and asks before anything is written; with --out it is saved instead.

    \b
    Examples:
      asr-netmap nics set --config netmap.yaml --vm sql1 --subnet zeta --address 10.20.2.50
      asr-netmap nics set --config netmap.yaml --vm app1 --ip-config ipconfig2 --selected true
      asr-netmap nics set --config netmap.yaml --vm app1 --ip-config ipconfig2 --primary
      asr-netmap nics set --config netmap.yaml --vm rg-data/sql2 --address dynamic --yes
    """
    target, selection = which.target, selection_of(which.only.only)
    cells = values.cells()
    console.need_somebody_to_ask(writing.consent.yes or out.out is not None)
    wanted = declared(config, where.vault)
    options = as_typed(config, which.only, where.vault, where.access)
    vault = as_typed(config, where.vault, where.access)
    run = Run(
        consent_of(writing.consent),
        writing,
        where.access,
        shape.format,
        again=f"asr-netmap nics set {_typed(target)} {_typed(values)} {options}",
        check=f"asr-netmap nics explain --vm {shlex.quote(target.vm)} {vault}",
        options=vault,
    )
    with connect(console, where.access, writes=True) as azure:
        from asr_netmap import api  # noqa: PLC0415 -- help needs none of it
        from asr_netmap.planning.nic_table.wording import OPTIONS  # noqa: PLC0415 -- the same

        several = inventories(console, azure, wanted.resolved(azure))
        settings, inventory = vault_of(target.vm, several)
        _refuse_unpicked(target.vm, selection, settings, inventory)
        row = _row(target, cells, settings, inventory)
        try:
            plan = api.plan_nic_table(azure, settings, [row], inventory=inventory, wording=OPTIONS)
        except TableError as error:
            wrong = [_in_options(name, text) for _, name, text in error.mistakes]
            raise SettingsError("nics set", wrong, _AS_IT_WAS) from None
        if out.out is not None:
            made = Several((plan,), several.not_looked_at, several.code)
            show(console, made, shape.format, azure.sandbox, vault)
            save(console, azure, made.found, out.out, where.access)
            return several.code
        code = carry_out_fresh(console, azure, (plan,), run, several.not_looked_at)
        return with_vaults_that_failed(code, several.code)


def _in_options(name: str, text: str) -> str:
    """A mistake of the row, as one of the option that it came from."""
    return f"--{name.replace('_', '-')}: {text}" if name else text


def _refuse_unpicked(
    vm: str, selection: Selection, settings: Settings, inventory: Inventory
) -> None:
    """Raise NotFound if ``--only`` takes another VM than the one that is named."""
    from asr_netmap.planning.naming import find_item  # noqa: PLC0415 -- loads pydantic
    from asr_netmap.planning.part import takes  # noqa: PLC0415 -- the same

    item = find_item(vm, inventory, settings.regions)
    if not takes(selection, item, inventory, settings.regions):
        raise NotFound(
            f"--only does not take {item.vm_name}, so nothing is left to set.",
            "Leave --only out, or pick that VM with it.",
        )


def vault_of(vm: str, several: Several[tuple[Settings, Inventory]]) -> tuple[Settings, Inventory]:
    """The vault that replicates the VM.

    Raises NotFound if none does, AmbiguousName if several replicate one of that name.
    """
    from asr_netmap.planning.naming import find_item  # noqa: PLC0415 -- loads pydantic

    missing: list[NotFound] = []
    fitting: dict[ArmId, tuple[Settings, Inventory]] = {}
    for settings, inventory in several.found:
        try:
            item = find_item(vm, inventory, settings.regions)
        except NotFound as error:  # noqa: PERF203 -- a vault takes seconds, not nanoseconds
            missing.append(error)
        else:
            fitting.setdefault(item.id, (settings, inventory))
    if not fitting:
        raise _nowhere(missing, several)
    if len(fitting) > 1:
        raise AmbiguousName(
            f"{vm!r} is replicated by several of the declared vaults: "
            + ", ".join(str(one.vault.id) for one, _ in fitting.values())
            + ".",
            "Name the VM by group/name or ARM id, or only one vault.",
        )
    (found,) = fitting.values()
    return found


def _nowhere(missing: Sequence[NotFound], several: Several[Any]) -> NotFound:
    """One error for all vaults, with what is near in each and what could not be looked at."""
    hints = list(dict.fromkeys(error.hint for error in missing if error.hint))
    hints += [f"Not looked at: {gap.what}." for gap in several.not_looked_at]
    return NotFound(missing[0].message, " ".join(hints))


def _row(
    target: Target, cells: dict[str, CellValue], settings: Settings, inventory: Inventory
) -> Any:
    from asr_netmap.planning.naming import (  # noqa: PLC0415 -- loads pydantic
        find_ip_config,
        find_item,
        find_nic,
    )
    from asr_netmap.planning.nic_setting import FIELDS, Level  # noqa: PLC0415 -- the same
    from asr_netmap.planning.nic_table import Row  # noqa: PLC0415 -- the same

    item = find_item(target.vm, inventory, settings.regions)
    levels = {FIELDS[name].level for name in cells}
    # Where the value is one of the whole VM or NIC, any of its IP configs stands for it.
    of_vm, of_nic = levels == {Level.ITEM}, Level.IP_CONFIG not in levels
    first = str(item.nics[0].id) if of_vm and item.nics else None
    nic = find_nic(target.nic or first, item)
    first = nic.ip_configs[0].name if of_nic and nic.ip_configs else None
    name = find_ip_config(target.ip_config or first, item, nic).name
    return Row(item.vm or item.id, str(nic.id), name, {"vm": item.vm_name}, cells)


def _given(group: Target | Values) -> Iterator[tuple[str, str]]:
    """What was typed, by name; a flag as the word for it."""
    for each in fields(group):
        value = getattr(group, each.name)
        if value is not None and value is not False:
            yield each.name, "true" if value is True else value


def _typed(group: Target | Values) -> str:
    flags = {each.name for each in fields(group) if getattr(group, each.name) is True}
    words = (
        f"--{name.replace('_', '-')}" + ("" if name in flags else f" {shlex.quote(text)}")
        for name, text in _given(group)
    )
    return " ".join(words)
