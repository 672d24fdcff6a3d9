"""What of a plan a job carries out by itself; the rest is left to people, and said.

Pure: a plan in, the plan with fewer changes and with findings for what was left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from asr_netmap.models import Inventory
from asr_netmap.planning.change import Action, Change, ItemState, Kind
from asr_netmap.planning.enabled import as_enabled
from asr_netmap.planning.exceptions import rows_by_item
from asr_netmap.planning.lock_findings import retargets
from asr_netmap.planning.nic_setting import Level, Setting
from asr_netmap.planning.plan import Finding, Plan, Severity
from asr_netmap.planning.verification import verify
from asr_netmap.settings import NicException, Settings

LEFT = "left-to-people"
"""The code of the findings that say what was not carried out."""

_FIX = "Look at it with `asr-netmap plan`; then apply it by hand, or approve a saved plan."
_CREATING = "Or let the job create it: `safety: {create_networks: true}`, or --create-networks."
_TOGETHER = {
    name: family
    for family in (
        frozenset({"subnet", "address"}),
        frozenset({"test_subnet", "test_address"}),
    )
    for name in family
}
_CHOSEN_BY_DEFAULT = frozenset({"subnet", "test_subnet"})


def creating_only_if_told(settings: Settings, *, told: bool) -> Settings:
    """The settings with ``create_networks`` off, unless they or an option say it themselves.

    To a person the default is on: there the plan is looked at before a network is created.
    """
    safety = settings.safety
    said = "create_networks" in safety.model_fields_set and safety.create_networks
    wanted = safety.model_copy(update={"create_networks": told or said})
    return settings.model_copy(update={"safety": wanted})


def first_time_only(plan: Plan, inventory: Inventory) -> Plan:
    """The NIC settings that nobody has set yet, and nothing else.

    A missing mapping is none of them: it may be missing on purpose, since a mapping is pointed
    elsewhere by deleting its reverse first (Microsoft Learn, network mapping for Azure to Azure,
    2026-02-12), and a job at night must not come in between.
    What rests on a change that is left out is left out, too: where a mapping would be pointed
    elsewhere, also every first choice of a target network, since it was made for that. A mapping
    that is only missing keeps no NIC from being set whose VM has its network already.
    """
    moving = any(map(retargets, plan.changes))

    def allowed(change: Change) -> bool:
        if change.kind is not Kind.NIC_SETTINGS or not isinstance(change.before, ItemState):
            return False
        first = not any(
            setting.value
            and (setting.place.level is Level.ITEM or _somebodys(setting, change, inventory))
            for setting in change.before.settings
        )
        return first and not (moving and _names_network(change))

    missing = {c.id for c in plan.changes if c.kind is Kind.MAPPING and c.action is Action.CREATE}
    return _reduced(plan, allowed, set() if moving else missing)


def nobodys_values(plan: Plan, settings: Settings, inventory: Inventory) -> Plan:
    """Without the changes that would replace what somebody set and nobody declared.

    Declared is what ``existing: enforce`` replaces, and what a row of ``nics.settings`` names; a
    network of an item is only ever replaced where an option or a row asks for it.
    """
    if settings.nics.existing == "enforce":
        return plan
    given = rows_by_item(settings, inventory.items)

    def allowed(change: Change) -> bool:
        if not isinstance(change.before, ItemState) or not isinstance(change.after, ItemState):
            return True
        pairs = zip(change.before.settings, change.after.settings, strict=True)
        return not any(
            before.value
            and before.value != after.value
            and _somebodys(before, change, inventory)
            and not _declared(before, given.get(change.subject, ()))
            for before, after in pairs
        )

    return _reduced(plan, allowed)


def _somebodys(setting: Setting, change: Change, inventory: Inventory) -> bool:
    """Whether somebody gave a NIC that value: Site Recovery by itself only chooses subnets.

    ARM: a NIC that nobody set has the subnet of the mapping's rules, selectionType
    SelectedByDefault, and no address (Azure PowerShell recording, 2022). What it chose when this
    tool enabled the machine is nobody's, either.
    """
    item = inventory.item(change.subject)
    nic = item.nic(setting.nic) if item is not None and setting.nic is not None else None
    if item is None or nic is None or as_enabled(item, nic):
        return False
    return nic.chosen_by_user or setting.name not in _CHOSEN_BY_DEFAULT


def _declared(setting: Setting, rows: Sequence[NicException]) -> bool:
    family = _TOGETHER.get(setting.name, frozenset({setting.name}))
    return any(row.model_fields_set & family for row in rows)


def with_missing_networks_left(plan: Plan) -> Plan:
    """The plan without errors about networks that a job does not create: those are left, too."""
    return replace(
        plan,
        findings=tuple(
            replace(each, code=LEFT, severity=Severity.WARNING, fix=f"{each.fix} {_CREATING}")
            if each.code == "network-missing"
            else each
            for each in plan.findings
        ),
    )


def left_of(plan: Plan) -> tuple[Finding, ...]:
    """What a reduced plan leaves to people."""
    return tuple(finding for finding in plan.findings if finding.code == LEFT)


def _reduced(plan: Plan, allowed: Callable[[Change], bool], harmless: Collection[str] = ()) -> Plan:
    """The plan with the changes that are allowed and rest on no other ones.

    harmless -- changes that a NIC change without a new target network may rest on all the same.
    """
    left = {change.id for change in plan.changes if not allowed(change)}

    def stuck(change: Change) -> bool:
        needed = left.intersection(change.depends_on)
        return bool(needed if _names_network(change) else needed.difference(harmless))

    while more := {c.id for c in plan.changes if c.id not in left and stuck(c)}:
        left |= more
    if not left:
        return plan
    kept = tuple(change for change in plan.changes if change.id not in left)
    rest = tuple(change for change in plan.changes if change.id in left)
    findings = (*plan.findings, *_findings(plan, rest))
    return replace(plan, changes=kept, findings=findings)


def _names_network(change: Change) -> bool:
    settings = change.after.settings if isinstance(change.after, ItemState) else ()
    return not settings or any(setting.name == "target_network" for setting in settings)


def _findings(plan: Plan, changes: Iterable[Change]) -> Iterable[Finding]:
    """The drift that the changes would end, as something for people to look at."""
    drift = verify(replace(plan, changes=tuple(changes), findings=(), not_looked_at=()))
    return (
        replace(
            each, code=LEFT, severity=Severity.WARNING, message=f"left: {each.message}", fix=_FIX
        )
        for each in drift.findings
    )
