"""The public Python API: connect, read, plan, apply, verify.

What the command line, the runbook and other programs call. The order of a run is always the same:
read, then decide, then write, then read again:

    with open_sandbox("demo") as azure:          # or connect_azure()
        settings = resolve_settings(azure, load_settings("netmap.yaml")[0])
        proposal = plan(azure, settings)
        result = apply(azure, proposal)
        verification = verify(azure, settings)

Importing this module loads no `azure` package; connecting does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from asr_netmap.applying.comparison import Standing, judge
from asr_netmap.applying.driver import Terms, run_at_once
from asr_netmap.applying.failure import code_of, message_of
from asr_netmap.applying.journal import Journal, read_journal
from asr_netmap.applying.limits import Limits
from asr_netmap.applying.observer import Observer
from asr_netmap.applying.outcome import Outcome, Result, Status
from asr_netmap.arm_id import ArmId
from asr_netmap.clock import VirtualClock
from asr_netmap.connecting import connect_azure, connect_endpoint, open_sandbox
from asr_netmap.errors import (
    AzureError,
    ForeignPlan,
    StalePlan,
    Throttled,
    UnexpectedAnswer,
    Unreachable,
)
from asr_netmap.files import read_bytes
from asr_netmap.models import Inventory, RegionPair, ReplicatedItem
from asr_netmap.plan_file import SavedPlan, load_plan, save_plan
from asr_netmap.planning import journal_scope, planner, table_plan, undo
from asr_netmap.planning.basis import FromJournal, FromRules, FromTable
from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.document import change_document, plan_document
from asr_netmap.planning.drill import drill_checks
from asr_netmap.planning.effective_text import effective_texts
from asr_netmap.planning.explanation import Story
from asr_netmap.planning.explanation import explain as explain_item
from asr_netmap.planning.gateway import Gateway
from asr_netmap.planning.lock_findings import lock_findings, needs_locks
from asr_netmap.planning.nic_table import Row, nic_rows, stale_rows, table_to_exceptions
from asr_netmap.planning.nic_table import read_table as parse_table
from asr_netmap.planning.nic_table.mistakes import raise_mistakes
from asr_netmap.planning.nic_table.wording import TABLE, Wording
from asr_netmap.planning.part import takes
from asr_netmap.planning.picture.past_run import PastRun, past_run
from asr_netmap.planning.picture.picture import Picture, picture_of
from asr_netmap.planning.plan import Plan, Scope
from asr_netmap.planning.review import review, without_missing
from asr_netmap.planning.rights_findings import needed_rights, rights_findings
from asr_netmap.planning.room import used_networks
from asr_netmap.planning.safety import (
    Consent,
    raise_if_replicated_twice,
    raise_if_unsafe,
    raise_if_unsafe_together,
)
from asr_netmap.planning.selection import Selection
from asr_netmap.planning.table_outcome import unmet_cells
from asr_netmap.planning.verification import Verification, verify_estate, with_drill
from asr_netmap.reading import Say, read, read_networks, resolve_settings, settings_for_vault
from asr_netmap.rules.effective import Outlook
from asr_netmap.rules.readiness import first_replication_under_way, not_ready
from asr_netmap.settings import (
    NetworkSettings,
    Settings,
    VaultRef,
    from_document,
    load_settings,
    to_document,
)
from asr_netmap.surroundings import Surroundings

if TYPE_CHECKING:
    from asr_netmap.gateway.connection import Connection  # loads azure, so only for the checker

__all__ = [
    "Applied",
    "Consent",
    "Inventory",
    "Limits",
    "Picture",
    "Plan",
    "Result",
    "Row",
    "SavedPlan",
    "Selection",
    "Settings",
    "Story",
    "Surroundings",
    "Verification",
    "apply",
    "apply_saved",
    "apply_several",
    "change_document",
    "connect_azure",
    "connect_endpoint",
    "explain",
    "load_plan",
    "load_settings",
    "nic_table",
    "open_sandbox",
    "picture",
    "plan",
    "plan_document",
    "plan_nic_table",
    "plan_removal",
    "plan_undo",
    "plan_with_table",
    "read",
    "read_networks",
    "read_nic_table",
    "read_surroundings",
    "remaining",
    "resolve_settings",
    "save_plan",
    "settings_for_vault",
    "settings_of",
    "settings_to_undo",
    "snapshot",
    "starter_settings",
    "verify",
    "wait_for_replication",
]

MAX_TABLE = 64 * 1024 * 1024  # bytes; far more rows than a vault holds
ESTATE_SCHEMA = "asr-netmap/estate/1"


# Reading; more of it is in `asr_netmap.reading`.


def snapshot(azure: Connection, settings: Settings) -> tuple[dict[str, Any], Inventory]:
    """An estate document of all that is read of a vault and around it, and what was read.

    What could not be read is in the document's ``not_looked_at`` and in the inventory's.
    """
    from asr_netmap.gateway.snapshot import take_snapshot  # noqa: PLC0415 -- imports azure

    inventory = read(azure, settings)
    resources, gaps = take_snapshot(azure, settings.vault.id, inventory)
    inventory = replace(inventory, not_looked_at=(*inventory.not_looked_at, *gaps))
    return {"schema": ESTATE_SCHEMA, "resources": list(resources)}, inventory


# Deciding.


def plan(
    azure: Connection,
    settings: Settings,
    *,
    selection: Selection | None = None,
    retarget_items: bool = False,
    inventory: Inventory | None = None,
) -> Plan:
    """What would make the estate as declared, and why; nothing is written.

    inventory -- as just read; None: it is read now.
    Raises NotFound, AmbiguousName, UsageError or SharedTarget for a declaration that can't be
    meant.
    """
    made = planner.plan(
        inventory or read(azure, settings),
        settings,
        _scope(azure, settings),
        selection,
        retarget_items=retarget_items,
    )
    return _with_rights(azure, _with_locks(azure, made))


def _with_rights(azure: Connection, made: Plan) -> Plan:
    """The plan with what the identity lacks to enable replication; read only if that is planned."""
    needed = needed_rights(made.changes)
    if not needed:
        return made
    from asr_netmap.gateway.permissions import read_permissions  # noqa: PLC0415 -- imports azure
    from asr_netmap.gateway.reading import gap  # noqa: PLC0415 -- the same

    held, unseen = {}, list(made.not_looked_at)
    for group in needed:
        try:
            held[group] = read_permissions(azure, group)
        except AzureError as error:  # noqa: PERF203 -- a handful of groups
            unseen.append(gap(f"own rights in the resource group {group.group}", error, None))
    findings = (*rights_findings(needed, held), *made.findings)
    return replace(made, findings=findings, not_looked_at=tuple(unseen))


def _with_locks(azure: Connection, made: Plan) -> Plan:
    """The plan with what locks say of its mappings; they are read only if that can matter."""
    if not needs_locks(made.changes):
        return made
    from asr_netmap.gateway.locks import read_locks  # noqa: PLC0415 -- gateway imports azure
    from asr_netmap.gateway.reading import gap  # noqa: PLC0415 -- the same

    subscription = made.scope.vault.subscription
    try:
        locks = read_locks(azure, subscription)
    except AzureError as error:
        unseen = gap(f"locks of subscription {subscription}", error, None)
        return replace(made, not_looked_at=(*made.not_looked_at, unseen))
    return replace(made, findings=(*lock_findings(made.changes, locks), *made.findings))


def plan_removal(
    azure: Connection,
    settings: Settings,
    *,
    selection: Selection | None = None,
    inventory: Inventory | None = None,
) -> Plan:
    """What removes the mappings of the declared pairs, in both directions.

    selection -- the items that are listed; the mappings are those of all.
    """
    made = planner.plan_removal(
        inventory or read(azure, settings), settings, _scope(azure, settings), selection
    )
    return _with_locks(azure, made)


def nic_table(inventory: Inventory, regions: RegionPair) -> tuple[Row, ...]:
    """The NIC table: a row per IP config, with where each will be; predictions are marked."""
    return nic_rows(inventory, regions, effective_texts(Outlook(inventory)))


def read_nic_table(
    path: Path, inventories: Sequence[Inventory], regions: Sequence[RegionPair] | None = None
) -> tuple[Row, ...]:
    """The rows of a table in CSV or JSON, about the items of any of the inventories.

    Each row is checked beside the inventory that has its item.
    regions -- one for each inventory: the items that go between them; None: all items.
    Raises FileError, or SettingsError that lists every mistake with its line and column; a row
    whose item is in none of them is one.
    """
    data = read_bytes(path, "NIC table", MAX_TABLE)
    if regions is not None:
        inventories = [
            replace(inventory, items=tuple(_items_between(pair, inventory)))
            for pair, inventory in zip(regions, inventories, strict=True)
        ]
    return parse_table(data, str(path), inventories)


def plan_with_table(
    azure: Connection,
    settings: Settings,
    rows: Sequence[Row],
    *,
    selection: Selection | None = None,
    retarget_items: bool = False,
    inventory: Inventory,
    every_row: bool = True,
) -> Plan:
    """What the rules and a NIC table change together; the table is the strongest word.

    The plan's settings hold the table's rows, so it can be saved and applied later.
    rows -- of any items; those of other vaults and pairs of regions are left out.
    every_row -- rows that ask for something of items in none of the declared networks are
        mistakes; False where other settings of the same vault may declare those.
    Raises SettingsError for rows that can't be meant, TableError with all cells that can't be
    carried out as they are written, and what `plan` raises.
    """
    own = _own_rows(rows, inventory, settings)
    exceptions = table_to_exceptions(own, inventory, settings.regions)
    laid = table_plan.with_table(settings, exceptions)
    made, planned = planner.plan_in_detail(
        inventory, laid, _scope(azure, settings), selection, retarget_items=retarget_items
    )
    waiting = {pending.subject for pending in made.pending}

    def expected(item: ReplicatedItem) -> bool:
        taken = takes(selection or Selection(), item, inventory, settings.regions)
        return every_row and taken and item.id not in waiting

    unmet = unmet_cells(own, inventory, planned, made.findings, expected=expected)
    raise_mistakes(str(TABLE), unmet)
    return _with_stale_rows(_with_locks(azure, made), own, inventory)


def plan_nic_table(
    azure: Connection,
    settings: Settings,
    rows: Sequence[Row],
    *,
    selection: Selection | None = None,
    inventory: Inventory,
    wording: Wording = TABLE,
) -> Plan:
    """What a NIC table alone changes, whatever the rules say.

    The plan's settings hold the table's rows, so it can be saved and applied later.
    rows -- of any items; those of other vaults and pairs of regions are left out.
    wording -- OPTIONS where options stand for a row.
    Raises SettingsError for rows that can't be meant, TableError with all cells that can't be
    carried out as they are written, NotFound, AmbiguousName or UsageError for a network that one
    names wrongly.
    """
    own = _own_rows(rows, inventory, settings)
    exceptions = table_to_exceptions(own, inventory, settings.regions)
    scope = _scope(azure, settings)
    made = table_plan.plan_table(
        inventory, settings, scope, exceptions, selection, rows=own, wording=wording
    )
    return _with_stale_rows(made, own, inventory)


def _items_between(regions: RegionPair, inventory: Inventory) -> list[ReplicatedItem]:
    return [
        item
        for item in inventory.items
        if regions.direction_of(item.source_region, item.target_region)
    ]


def _own_rows(rows: Iterable[Row], inventory: Inventory, settings: Settings) -> tuple[Row, ...]:
    items = _items_between(settings.regions, inventory)
    named = {item.id for item in items} | {item.vm for item in items}
    return tuple(row for row in rows if row.vm_id in named)


def _with_stale_rows(made: Plan, rows: Sequence[Row], inventory: Inventory) -> Plan:
    return replace(made, findings=(*made.findings, *stale_rows(rows, inventory)))


def plan_undo(
    azure: Connection, settings: Settings, journal: Path, *, inventory: Inventory | None = None
) -> Plan:
    """What takes back the writes of an earlier run, as far as nobody changed them since.

    The plan holds what the journal says, so it can be saved and applied later.
    Raises FileError for what is no journal; ForeignPlan for one of another vault, pair of
    regions, tenant or cloud.
    """
    scope = _scope(azure, settings)
    record, where = read_journal(journal), str(journal)
    journal_scope.raise_if_foreign(record.header, scope, where)
    written = undo.written_changes(record.events, where)
    made = undo.plan_undo(written, inventory or read(azure, settings), settings, scope)
    doubts = journal_scope.doubts_about(record.header, scope, where)
    return _with_locks(azure, replace(made, findings=(*doubts, *made.findings)))


def settings_of(plan: Plan) -> Settings:
    """The settings that a plan was made from. Raises SettingsError."""
    return from_document(plan.settings)


def settings_to_undo(
    azure: Connection, declared: Sequence[Settings], journal: Path
) -> tuple[Settings, ...]:
    """Those of the declared vaults and regions that a journal's run was on, each once.

    Raises FileError for what is no journal; ForeignPlan that names what of the run is not
    declared, or is of another tenant or cloud.
    """
    record, where = read_journal(journal), str(journal)
    undo.written_changes(record.events, where)  # once for all that a broken one can't be undone
    own = journal_scope.settings_of(record.header, declared, where)
    for one in own:
        journal_scope.raise_if_foreign(record.header, _scope(azure, one), where)
    return own


def explain(
    azure: Connection,
    settings: Settings,
    vm: str,
    *,
    rows: Sequence[Row] = (),
    retarget_items: bool = False,
    inventory: Inventory | None = None,
) -> Story:
    """The story of one VM (name, group/name or ARM id): every rule considered, in its order.

    It is that of the plan which the rules, and the rows of a NIC table, make together.
    Raises NotFound with near names, AmbiguousName, and what `plan_with_table` raises.
    """
    found = inventory or read(azure, settings)
    made = plan_with_table(
        azure,
        settings,
        rows,
        retarget_items=retarget_items,
        inventory=found,
        every_row=False,  # the story is of one VM
    )
    return explain_item(found, made, vm)


def verify(
    azure: Connection,
    settings: Settings,
    *,
    selection: Selection | None = None,
    inventory: Inventory | None = None,
    surroundings: Surroundings | None = None,
    drill: bool = False,
    progress: Say | None = None,
) -> Verification:
    """Read again and say what is not as declared, what would go wrong, and which items are ready.

    Two networks with one target are a finding here, not a refusal: there is nothing to refuse.
    surroundings -- as just read; None: they are read now.
    drill -- compare the test NICs of items in test failover with what was predicted.
    """
    shared = settings.safety.model_copy(update={"allow_shared_target": True})
    settings = settings.model_copy(update={"safety": shared})
    found = inventory or read(azure, settings, progress=progress)
    made = plan(azure, settings, selection=selection, inventory=found)
    if surroundings is None:
        into = {need.network for need in made.needs}
        surroundings = read_surroundings(azure, found, networks=into, progress=progress)
    verified = verify_estate(made, found, surroundings, azure.clock.now())
    return with_drill(verified, drill_checks(found, made.items)) if drill else verified


def read_surroundings(
    azure: Connection,
    inventory: Inventory,
    *,
    networks: Iterable[ArmId] | None = None,
    progress: Say | None = None,
) -> Surroundings:
    """Locks, DNS zone links and Azure's count of addresses, which only a verification needs.

    networks -- those whose addresses Azure is asked to count; None: those that the inventory's
        items fail over into, or are tested in.
    What could not be read is in `Surroundings.not_looked_at`. Raises CredentialsMissing.
    """
    from asr_netmap.gateway import surroundings  # noqa: PLC0415 -- gateway imports azure

    into = used_networks(inventory.items) if networks is None else networks
    return surroundings.read_surroundings(azure, inventory, networks=into, progress=progress)


def picture(
    azure: Connection,
    settings: Settings,
    *,
    selection: Selection | None = None,
    proposal: Plan | None = None,
    plan_file: str = "",
    journal: Path | None = None,
    progress: Say | None = None,
) -> Picture:
    """What the report shows: the map of both regions, findings, and every IP config's future.

    proposal -- a plan to show, and plan_file where it came from; None: the one that verifying
        makes.
    journal -- of a run of apply, which is told, too.
    Raises what `read` and `verify` raise; ForeignPlan for a plan or journal of another vault,
    pair of regions, tenant or cloud; FileError for what is no journal.
    """
    scope = _scope(azure, settings)
    if proposal is not None:
        _raise_if_elsewhere(proposal.scope, scope)
    run = _past_run(journal, scope) if journal is not None else None
    inventory = read(azure, settings, progress=progress)
    return picture_of(
        inventory,
        verify(azure, settings, selection=selection, inventory=inventory),
        azure.clock.now(),
        selection=selection,
        plan=proposal,
        plan_file=plan_file,
        run=run,
    )


def _past_run(journal: Path, scope: Scope) -> PastRun:
    record, where = read_journal(journal), str(journal)
    journal_scope.raise_if_foreign(record.header, scope, where)
    written = undo.written_changes(record.events, where)
    return past_run(where, record.header, record.events, written, scope)


def starter_settings(inventory: Inventory, vault: VaultRef, regions: RegionPair) -> Settings:
    """Settings that declare what exists: their plan is empty but for what is missing."""
    sources: dict[ArmId, ArmId | None] = {
        mapping.source_network: mapping.target_network
        for mapping in inventory.mappings
        if (mapping.source_region, mapping.target_region) == (regions.source, regions.target)
    }
    for item in inventory.items:
        if (item.source_region, item.target_region) == (regions.source, regions.target):
            for network in item.source_networks:
                sources.setdefault(network, item.target_network)
    networks = tuple(
        NetworkSettings(source=_short(source, inventory), target=_short(target, inventory))
        for source, target in sorted(sources.items())
        if inventory.network(source) is not None
    )
    return Settings(
        version=1,
        vault=vault,
        source_region=regions.source,
        target_region=regions.target,
        networks=networks or None,
    )


def _short(network: ArmId | None, inventory: Inventory) -> Any:
    """The shortest text that means the network; None for one that isn't there."""
    if network is None or inventory.network(network) is None:
        return None
    alike = [n for n in inventory.networks if n.name.lower() == network.name.lower()]
    if len(alike) == 1:
        return network.name
    grouped = [n for n in alike if n.id.group.lower() == network.group.lower()]
    return f"{network.group}/{network.name}" if len(grouped) == 1 else str(network)


# Writing.


@dataclass(frozen=True, slots=True)
class Applied:
    """One plan of a file with what became of it.

    plan -- what was approved, with items that were pending then and could be done now, and with
        what is pending still.
    """

    plan: Plan
    result: Result


def apply(
    azure: Connection,
    proposal: Plan,
    *,
    consent: Consent | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    journal: Journal | None = None,
) -> Result:
    """Carry out a plan that was made just now, and say what became of each change.

    Every write is preceded by a fresh look and followed by a read-back; "applied" means read back
    equal. Raises Frozen, FailoverInProgress or UnsafePlan before anything is written.
    """
    raise_if_unsafe(proposal, consent or Consent())
    (result,) = _carry_out(azure, [proposal], limits, observer, journal)
    return result


def apply_several(
    azure: Connection,
    proposals: Sequence[Plan],
    *,
    consent: Consent | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    journal: Journal | None = None,
) -> tuple[Result, ...]:
    """Carry out plans that were made just now, those of different vaults at once.

    One result for each plan that was begun, in their order: after an interrupt no other begins.
    With one worker, and on a virtual clock, they run one after the other. Raises what `apply`
    raises, before anything is written.
    """
    raise_if_unsafe_together(proposals, consent or Consent())
    return _carry_out(azure, proposals, limits, observer, journal)


def apply_saved(
    azure: Connection,
    saved: SavedPlan,
    *,
    declared: Sequence[Settings] | None = None,
    strict: bool = False,
    consent: Consent | None = None,
    limits: Limits | None = None,
    observer: Observer | None = None,
    journal: Journal | None = None,
) -> tuple[Applied, ...]:
    """Carry out a reviewed plan: what a fresh look at Azure still agrees with.

    A change that is done already counts as applied; one whose object changed since is stale: it
    is skipped, with what depends on it, and reported as failed. Items that were pending then are
    finished now, if they can be.

    declared -- settings that the plan must have been made from; None: those it holds.
    strict -- refuse everything if anything is stale.
    Raises ExpiredPlan, ForeignPlan, StalePlan, Frozen, FailoverInProgress or UnsafePlan before
    anything is written.
    """
    saved.check_age(azure.clock.now())
    prepared = [_prepare(azure, each, declared, strict, consent) for each in saved.plans]
    raise_if_replicated_twice(each.to_do for each in prepared)
    results = _carry_out(azure, [each.to_do for each in prepared], limits, observer, journal)
    # After an interrupt the last plans may have no result.
    begun = zip(prepared, results, strict=False)
    return tuple(Applied(each.plan, _in_order(each, result)) for each, result in begun)


def wait_for_replication(
    azure: Connection,
    waiting: Plan,
    *,
    seconds: float,
    every: float = 30.0,
    progress: Say | None = None,
) -> tuple[ReplicatedItem, ...]:
    """Wait until no pending item of a plan is in its first replication any more.

    seconds -- the most that is waited; every -- between two looks, of one list of items each.
    progress -- told in words how many are left, when that changes.
    An answer that does not come is asked for again at the next look.
    Returns the items that still are, as last seen. Raises AzureErrors.
    """
    from asr_netmap.gateway.reading import read_items  # noqa: PLC0415 -- gateway imports azure

    pending = {each.subject for each in waiting.pending}
    until, told = azure.clock.monotonic() + seconds, -1
    left: tuple[ReplicatedItem, ...] | None = None
    while True:
        rest = until - azure.clock.monotonic()
        try:
            items = read_items(azure, waiting.scope.vault)
        except (Unreachable, Throttled, UnexpectedAnswer):
            if rest <= 0 and left is None:
                raise
        else:
            left = tuple(i for i in items if i.id in pending and first_replication_under_way(i))
            if progress is not None and left and len(left) != told:
                progress(f"Waiting for the first replication of {len(left)} VM(s).")
            told = len(left)
        if left == () or rest <= 0:
            return left or ()
        azure.clock.sleep(min(every, rest))


def remaining(limits: Limits, elapsed: float) -> Limits:
    """The limits of the next plan of a run: one deadline is for all. `elapsed` is in seconds."""
    if limits.deadline is None:
        return limits
    return replace(limits, deadline=max(limits.deadline - elapsed, 0.001))


@dataclass(frozen=True, slots=True)
class _Prepared:
    """An approved plan, sorted.

    plan -- all of it, with what became ready since, and what is pending now.
    to_do -- the part that is carried out; settled -- what became of the rest.
    """

    plan: Plan
    to_do: Plan
    settled: tuple[Outcome, ...]


def _prepare(
    azure: Connection,
    approved: Plan,
    declared: Sequence[Settings] | None,
    strict: bool,
    consent: Consent | None,
) -> _Prepared:
    """Sort an approved plan by what a fresh look says of it. Writes nothing."""
    settings = from_document(approved.settings)
    _raise_if_foreign(azure, approved, settings, declared)
    fresh = _made_again(azure, approved, settings)
    reviewed = review(approved, fresh)
    gateway = _gateway(azure)
    settled = tuple(_disputed(gateway, change) for change in reviewed.disputed)
    stale = [o for o in settled if o.status is Status.FAILED]
    if stale and strict:
        raise StalePlan(
            f"{len(stale)} of {len(approved.changes)} changes are stale: "
            + "; ".join(o.message for o in stale[:5]),
            "Make the plan again, or apply the rest without --strict.",
        )
    done = frozenset(o.change_id for o in settled if o.status is Status.APPLIED)
    to_do = replace(fresh, changes=without_missing(reviewed.agreed, done))
    raise_if_unsafe(to_do, consent or Consent())
    ready_now = tuple(c for c in to_do.changes if approved.change(c.id) is None)
    changes = (*approved.changes, *ready_now)
    concerned = {each.subject for each in approved.pending}
    concerned |= {each.subject for each in approved.changes}
    pending = tuple(each for each in fresh.pending if each.subject in concerned)
    return _Prepared(replace(approved, changes=changes, pending=pending), to_do, settled)


def _made_again(azure: Connection, approved: Plan, settings: Settings) -> Plan:
    """What a plan from the same basis is now."""
    if isinstance(approved.basis, FromRules):
        return plan(azure, settings, retarget_items=approved.basis.retarget_items)
    inventory, scope = read(azure, settings), _scope(azure, settings)
    if isinstance(approved.basis, FromJournal):
        made = undo.plan_undo(approved.basis.written, inventory, settings, scope)
        return _with_locks(azure, made)
    return table_plan.plan_table(inventory, settings, scope, settings.nics.settings)


def _in_order(prepared: _Prepared, result: Result) -> Result:
    """The result with the outcomes of all changes, in their order."""
    outcomes = {o.change_id: o for o in (*result.outcomes, *prepared.settled)}
    return replace(result, outcomes=tuple(outcomes[c.id] for c in prepared.plan.changes))


def _disputed(gateway: Gateway, change: Change) -> Outcome:
    """What a change is now that a fresh plan does not agree with: done already, or stale."""
    try:
        verdict = judge(change, gateway.read(change), not_ready)
    except AzureError as error:
        return Outcome(change.id, Status.FAILED, code_of(error), message_of(error))
    if verdict.standing is Standing.DONE:
        return Outcome(change.id, Status.APPLIED, "already", verdict.message)
    if verdict.standing is Standing.NOT_READY:
        return Outcome(change.id, Status.PENDING, "not-ready", verdict.message)
    message = verdict.message or "a plan made now would do otherwise"
    return Outcome(change.id, Status.FAILED, "stale", f"{change.title}: {message}")


def _raise_if_foreign(
    azure: Connection, approved: Plan, settings: Settings, declared: Sequence[Settings] | None
) -> None:
    _raise_if_elsewhere(approved.scope, _scope(azure, settings))
    said = _said_by_file(approved, settings)
    if declared is not None and said not in [_said_by_file(approved, one) for one in declared]:
        raise ForeignPlan(
            "The plan was made from other settings than those given now.",
            "Make the plan again, or apply it without --config.",
        )


def _raise_if_elsewhere(scope: Scope, here: Scope) -> None:
    for what, planned, found in (
        ("cloud", scope.cloud, here.cloud),
        ("tenant", scope.tenant, here.tenant),
        ("vault", scope.vault, here.vault),
        ("region pair", scope.regions, here.regions),
    ):
        if planned != found:
            raise ForeignPlan(
                f"The plan was made for another {what}: {planned}, and this is {found}.",
                "Apply it where it was made for, or make a new one here.",
            )


def _said_by_file(approved: Plan, settings: Settings) -> dict[str, Any]:
    """What of a plan's settings a configuration file says: not the rows of its NIC table."""
    if isinstance(approved.basis, FromTable):
        settings = table_plan.only_table(settings, ())
    return to_document(settings)


def _carry_out(
    azure: Connection,
    proposals: Sequence[Plan],
    limits: Limits | None,
    observer: Observer | None,
    journal: Journal | None,
) -> tuple[Result, ...]:
    """A result for each plan that was begun, in their order."""
    limits = limits or _limits(azure)
    started = azure.clock.monotonic()
    results: dict[int, Result] = {}
    for group in _at_once(azure, proposals, limits):
        left = remaining(limits, azure.clock.monotonic() - started)
        terms = Terms(left, azure.clock, not_ready, azure.rng, journal, observer, azure.budgets)
        works = [(proposals[place].changes, _gateway(azure)) for place in group]
        changed = [change for changes, _ in works for change in changes]
        enabling = [change.subject for change in changed if change.kind is Kind.REPLICATION]
        with azure.permits.given((change.subject for change in changed), enabling):
            results.update(zip(group, run_at_once(works, terms), strict=True))
        if any(results[place].interrupted for place in group):
            break
    return tuple(results[place] for place in sorted(results))


def _at_once(
    azure: Connection, proposals: Sequence[Plan], limits: Limits
) -> Iterator[tuple[int, ...]]:
    """The places of the plans that run together: never two of one vault.

    One's jobs would be somebody else's work to the other. A virtual clock tells the time of one
    run only.
    """
    places = list(range(len(proposals)))
    alone = limits.workers == 1 or isinstance(azure.clock, VirtualClock)
    while places:
        group: dict[ArmId, int] = {}
        for place in places[:1] if alone else places:
            group.setdefault(proposals[place].scope.vault, place)
        yield tuple(group.values())
        places = [place for place in places if place not in group.values()]


def _limits(azure: Connection) -> Limits:
    return Limits(workers=azure.workers)


def _gateway(azure: Connection) -> Gateway:
    from asr_netmap.gateway.changing import AzureGateway  # noqa: PLC0415 -- imports azure

    return AzureGateway(azure)


def _scope(azure: Connection, settings: Settings) -> Scope:
    vault = settings.vault.id
    return Scope(azure.cloud, azure.tenant(vault.subscription), vault, settings.regions)
