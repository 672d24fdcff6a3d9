"""Commands that people can copy into a shell as they stand: foreign names in them are quoted."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace

from asr_netmap.arm_id import ArmId
from asr_netmap.models import ReplicatedItem
from asr_netmap.planning.plan import Finding, Plan


def az(command: str, *arguments: object) -> str:
    """A command of the Azure CLI: ``az network vnet update --ids ...``."""
    return f"az {command} {shlex.join(map(str, arguments))}"


def ours(command: str, *arguments: object) -> str:
    """A command of this program, without what says which vault is meant: see `completed`."""
    return shlex.join(["asr-netmap", *command.split(), *map(str, arguments)])


def in_turn(*commands: str) -> str:
    """Commands of which each needs the one before it."""
    return " && ".join(commands)


def apply_to(item: ReplicatedItem, *arguments: str) -> str:
    """What applies the plan of one item, and no other."""
    vm = f"{item.vm.group}/{item.vm.name}" if item.vm is not None else item.vm_name
    return ours("apply", "--only", f"vm={vm}", *arguments)


def subnet_id(network: ArmId, subnet: str) -> str:
    """The ARM id of a subnet of a network, whatever Azure lets it be called."""
    return f"{network}/subnets/{subnet}"


def completed(command: str, options: str) -> str:
    """A command of ours with the options that the user's own command had.

    options -- as they are typed, such as ``--config netmap.yaml``. A command that says which vault
    is meant keeps to that, and so does one that picks its own part with ``--only``.
    """
    if not command.startswith("asr-netmap "):
        return command
    own, given = shlex.split(command), shlex.split(options)
    if "--vault-id" in own:
        return command
    if "--only" in own:
        given = [
            word
            for before, word in zip(["", *given], given, strict=False)
            if "--only" not in (before, word)
        ]
    return f"{command} {shlex.join(given)}".rstrip()


def runnable_plan(plan: Plan, options: str) -> Plan:
    """The plan, whose findings have their commands as the user can run them. As `runnable`."""
    return replace(plan, findings=runnable(plan.findings, options))


def runnable(findings: Iterable[Finding], options: str) -> tuple[Finding, ...]:
    """The findings with their commands as the user can run them. options -- as of `completed`."""
    return tuple(replace(each, command=completed(each.command, options)) for each in findings)
