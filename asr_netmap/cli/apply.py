"""``apply``: carry out a plan, made just now or reviewed before."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from asr_netmap.cli.command import command
from asr_netmap.cli.connecting import connect
from asr_netmap.cli.console import Console
from asr_netmap.cli.declared import declared, selection_of, vault_parts
from asr_netmap.cli.exit_codes import ExitCode
from asr_netmap.cli.options import Access, Config, Only, Shape, Vault, Where, as_typed
from asr_netmap.cli.plan import plans_of
from asr_netmap.cli.run_options import NicTable, PlanRules, Writing
from asr_netmap.cli.several import with_vaults_that_failed
from asr_netmap.cli.undoing import WayBack, plans_back, refuse_beside_undo
from asr_netmap.cli.waiting import Waiting
from asr_netmap.cli.writing import Run, carry_out, carry_out_fresh, consent_of, show_plans
from asr_netmap.errors import ForeignPlan, UsageError
from asr_netmap.models import region_key

if TYPE_CHECKING:
    from asr_netmap.applying.journal import Journal
    from asr_netmap.applying.limits import Limits
    from asr_netmap.applying.observer import Observer
    from asr_netmap.applying.outcome import Result
    from asr_netmap.planning.plan import Plan, Scope


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan that was reviewed, and what is asked of it."""

    plan_file: Annotated[
        Path | None,
        typer.Argument(metavar="PLAN.json", help="A plan that `--out` saved.", show_default=False),
    ] = None
    expect_sha256: Annotated[
        str | None,
        typer.Option(
            "--expect-sha256",
            metavar="HEX",
            help="Refuse a plan file with another SHA-256: the one guard against a forged file.",
        ),
    ] = None
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse a plan file if any of its changes is stale.")
    ] = False


@dataclass(frozen=True, slots=True)
class Given:
    """What is applied, beside the configuration or instead of it."""

    file: PlanFile
    table: NicTable
    back: WayBack
    waiting: Waiting


def add_to(app: typer.Typer) -> None:
    """Add the command."""
    command(app, "apply", apply)


def apply(
    console: Console,
    given: Given,
    config: Config,
    only: Only,
    shape: Shape,
    writing: Writing,
    rules: PlanRules,
    where: Where,
) -> ExitCode:
    """Apply a plan, read it back, and say what remains.

    Shows the plan and asks before anything is written. Every write is preceded by a fresh look
    and followed by a read-back; "applied" means read back equal. Running it again goes on
    where it stopped: what is done is not done again.

    \b
    Examples:
      asr-netmap apply --config netmap.yaml
      asr-netmap apply plan.json --expect-sha256 3f6c...
      asr-netmap apply --config netmap.yaml --yes --canary 2 --pending-ok
      asr-netmap apply --config netmap.yaml --nics nics.csv
      asr-netmap apply --config netmap.yaml --undo journal.jsonl
    """
    console.need_somebody_to_ask(writing.consent.yes)
    file, table, back = given.file, given.table, given.back
    options = as_typed(config, only, rules, table, where.vault, where.access)
    check = as_typed(config, only, where.vault, where.access)
    run = Run(
        consent_of(writing.consent),
        writing,
        where.access,
        shape.format,
        again=f"asr-netmap apply {options}",
        check=f"asr-netmap verify {check}",
        options=check,
        wait=given.waiting.wait,
    )
    if given.waiting.wait and (file.plan_file is not None or back.undo is not None):
        raise UsageError(
            "--wait is for a plan that is made right now.",
            "Apply the file again later: what is pending then goes on.",
        )
    if back.undo is not None:
        _refuse_beside_undo(file, as_typed(only, rules, table))
        return _undo(console, back.undo, config, where.vault, run)
    if file.plan_file is not None:
        _refuse_beside_a_file(as_typed(only, rules, table))
        return _apply_file(console, file.plan_file, file, config, where.vault, run)
    if file.expect_sha256 is not None or file.strict:
        raise UsageError("--expect-sha256 and --strict are for a plan file.", "Name the file, too.")
    selection = selection_of(only.only)
    wanted = declared(config, where.vault, rules)
    with connect(console, where.access, writes=True) as azure:
        several = plans_of(console, azure, wanted.resolved(azure), selection, rules, table)
        code = carry_out_fresh(console, azure, several.found, run, several.not_looked_at)
    return with_vaults_that_failed(code, several.code)


def _apply_file(
    console: Console, path: Path, file: PlanFile, config: Config, vault: Vault, run: Run
) -> ExitCode:
    from asr_netmap import api  # noqa: PLC0415 -- help needs none of it

    saved = api.load_plan(path, expect_sha256=file.expect_sha256)
    refuse_another_vault(vault, saved.plans)
    wanted = declared(config, Vault()) if config.config else None
    name = shlex.quote(str(path))
    again = f"asr-netmap apply {name} {as_typed(config, run.access)}".rstrip()
    run = replace(run, again=again, check=_check_of(saved.plans, config, vault, run.access))
    with connect(console, run.access, writes=True) as azure:
        saved.check_age(azure.clock.now())
        given = wanted.resolved(azure) if wanted else None

        def carry(
            limits: Limits, observer: Observer, journal: Journal | None
        ) -> list[tuple[Plan, Result]]:
            done = api.apply_saved(
                azure,
                saved,
                declared=given,
                strict=file.strict,
                consent=run.consent,
                limits=limits,
                observer=observer,
                journal=journal,
            )
            return [(each.plan, each.result) for each in done]

        show_plans(console, saved.plans, run.form, azure.sandbox, run.options)
        return carry_out(console, azure, saved.plans, run, carry)


def _undo(console: Console, journal: Path, config: Config, vault: Vault, run: Run) -> ExitCode:
    wanted = declared(config, vault)
    options = as_typed(config, vault, run.access)
    again = f"asr-netmap apply --undo {shlex.quote(str(journal))} {options}"
    check = f"asr-netmap nics list {options}"
    run = replace(run, again=again, check=check)
    with connect(console, run.access, writes=True) as azure:
        several = plans_back(console, azure, wanted.resolved(azure), journal)
        code = carry_out_fresh(console, azure, several.found, run, several.not_looked_at)
    return with_vaults_that_failed(code, several.code)


def _refuse_beside_undo(file: PlanFile, others: str) -> None:
    given = others
    if file.expect_sha256 is not None or file.strict:
        given = "--expect-sha256 or --strict"
    if file.plan_file is not None:
        given = str(file.plan_file)
    refuse_beside_undo(given)


def _check_of(plans: Sequence[Plan], config: Config, vault: Vault, access: Access) -> str:
    """The command that reads back: rules don't judge what was not made by rules."""
    from asr_netmap.planning.basis import FromRules  # noqa: PLC0415 -- help needs none of it

    options = as_typed(config, vault, access)
    if not config.config and len(plans) == 1:
        options = f"{_as_options(plans[0].scope)} {as_typed(access)}".rstrip()
    by_rules = all(isinstance(plan.basis, FromRules) for plan in plans)
    return f"asr-netmap {'verify' if by_rules else 'nics list'} {options}"


def _as_options(scope: Scope) -> str:
    """The vault and regions of a plan, as they would be typed."""
    regions = f"--source-region {scope.regions.source} --target-region {scope.regions.target}"
    return f"--vault-id {shlex.quote(str(scope.vault))} {regions}"


def _refuse_beside_a_file(given: str) -> None:
    if given:
        raise UsageError(
            f"A plan file holds what will be done; {given} can't change it.",
            "Make another plan with these options.",
        )


def refuse_another_vault(vault: Vault, plans: Sequence[Plan]) -> None:
    """What options and variables say about the vault has to fit the file."""
    subscription, group, name = vault_parts(vault)
    for plan in plans:
        scope = plan.scope
        for what, given, planned in (
            ("subscription", subscription, scope.vault.subscription),
            ("resource group", group, scope.vault.group),
            ("vault", name, scope.vault.name),
            ("source region", _region(vault.source_region), scope.regions.source),
            ("target region", _region(vault.target_region), scope.regions.target),
        ):
            if given and given.lower() != planned.lower():
                raise ForeignPlan(
                    f"The plan was made for {what} {planned}, and not for {given}.",
                    "Leave the option or variable out, or make a plan for it.",
                )


def _region(text: str | None) -> str | None:
    return region_key(text) if text else None
