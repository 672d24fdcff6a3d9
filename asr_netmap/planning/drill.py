"""What a test failover really did, against what was predicted: evidence, IP config by IP config.

The prediction is that of now: of the settings that the items have and of the networks as they are,
the test VMs' own addresses left out of account. The test VM is the one that Site Recovery names,
else the one of the documented name (Microsoft Learn, azure-to-azure-tutorial-dr-drill: the VM's
name with ``-test``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from asr_netmap.arm_id import ArmId
from asr_netmap.models import (
    Inventory,
    IpAddress,
    Nic,
    NicAddress,
    ReplicatedIpConfig,
    ReplicatedItem,
    ReplicatedNic,
)
from asr_netmap.planning.plan import Finding, Severity
from asr_netmap.rules.effective import Effective, Outlook
from asr_netmap.rules.readiness import in_test_failover

_SUFFIX = "-test"
_FIX = (
    "Set subnet and address of the test failover in nics.settings (`test_subnet`, `test_address`), "
    "or look at who had the address."
)


@dataclass(frozen=True, slots=True)
class DrillCheck:
    """One IP config of an item in test failover.

    expected -- the prediction; its text says how it came about.
    network, subnet, address -- where the test NIC is; None: there is none to be seen.
    test_nic -- the NIC that was compared.
    problem -- why it fails; empty: it passes.
    """

    item: ArmId
    vm: str
    nic: str
    ip_config: str
    expected: Effective
    test_nic: ArmId | None = None
    network: ArmId | None = None
    subnet: str | None = None
    address: IpAddress | None = None
    problem: str = ""

    @property
    def passed(self) -> bool:
        """Whether it is where it was predicted to be."""
        return not self.problem

    @property
    def where(self) -> str:
        """``nic/ip config``."""
        return f"{self.nic}/{self.ip_config}"

    def finding(self) -> Finding:
        """What fails, as a finding."""
        message = f"test failover of {self.where}: {self.problem}"
        return Finding("drill-differs", Severity.WARNING, self.item, self.vm, message, _FIX)


def drill_checks(inventory: Inventory, items: Iterable[ArmId]) -> tuple[DrillCheck, ...]:
    """A check for every IP config of those of `items` that are in test failover; pure."""
    listed = [item for item in map(inventory.item, dict.fromkeys(items)) if item is not None]
    tested = [item for item in listed if in_test_failover(item)]
    if not tested:
        return ()
    tested.sort(key=lambda item: (item.vm_name.lower(), item.id))
    there = {item.id: _test_nics(item, inventory) for item in tested}
    made = {nic.id for nics in there.values() for nic in nics}
    before = replace(inventory, nics=tuple(n for n in inventory.nics if n.id not in made))
    outlook = Outlook(before)
    return tuple(check for item in tested for check in _of_item(item, there[item.id], outlook))


def _of_item(
    item: ReplicatedItem, there: tuple[Nic, ...], outlook: Outlook
) -> Iterator[DrillCheck]:
    for nic in item.nics:
        test_nic = _counterpart(item, nic, there)
        for config in nic.ip_configs:
            expected = outlook.of(item, nic, config, test=True)
            yield _check(item, nic, config, expected, test_nic)


def _test_nics(item: ReplicatedItem, inventory: Inventory) -> tuple[Nic, ...]:
    """The NICs of the test VM: by the id that the item names, else by the VM's name."""
    if item.test_vm is not None and inventory.nics_of(item.test_vm):
        return inventory.nics_of(item.test_vm)
    names = {
        name.lower()
        for name in (item.test_vm_name, f"{item.target_vm_name or item.vm_name}{_SUFFIX}")
        if name
    }
    return tuple(
        nic
        for nic in inventory.nics
        if nic.vm is not None
        and nic.vm != item.vm
        and nic.region == item.target_region
        and nic.vm.name.lower() in names
    )


def _counterpart(item: ReplicatedItem, nic: ReplicatedNic, there: tuple[Nic, ...]) -> Nic | None:
    """The test VM's NIC that stands for one at the source; None: it can't be told.

    By the name that was set, else by the source NIC's; the only one of the only one is it. The
    order of NICs says nothing (Microsoft Learn, azure-to-azure-support-matrix).
    """
    if len(there) == len(item.nics) == 1:
        return there[0]
    names = [name.lower() for name in (nic.test_nic_name, nic.nic_name, nic.name) if name]
    for name in names:
        exact = [each for each in there if each.id.name.lower() == name]
        if len(exact) == 1:
            return exact[0]
    begins = [each for each in there if each.id.name.lower().startswith(nic.name.lower())]
    return begins[0] if len(begins) == 1 else None


def _check(
    item: ReplicatedItem,
    nic: ReplicatedNic,
    config: ReplicatedIpConfig,
    expected: Effective,
    test_nic: Nic | None,
) -> DrillCheck:
    use = _address_of(config, nic, test_nic)
    subnet = use.subnet if use is not None else None
    check = DrillCheck(
        item.id,
        item.vm_name,
        nic.name,
        config.name,
        expected,
        test_nic.id if test_nic is not None else None,
        subnet.parent if subnet is not None else None,
        subnet.name if subnet is not None else None,
        use.address if use is not None else None,
    )
    return _judged(check, item)


def _address_of(
    config: ReplicatedIpConfig, nic: ReplicatedNic, test_nic: Nic | None
) -> NicAddress | None:
    """The IP config of the test NIC: of the same name, else the primary one for the primary."""
    if test_nic is None:
        return None
    for use in test_nic.addresses:
        if use.name.lower() == config.name.lower():
            return use
    if not config.primary:
        return None
    others = {each.name.lower() for each in nic.ip_configs if each is not config}
    primary = (use for use in test_nic.addresses if use.primary)
    return next((use for use in primary if use.name.lower() not in others), None)


def _judged(check: DrillCheck, item: ReplicatedItem) -> DrillCheck:
    expected, problem = check.expected, ""
    if not expected.exists:
        problem = f"it is there, as {check.address}" if check.address is not None else ""
    elif check.test_nic is None:
        problem = f"no NIC of a test VM of {item.vm_name} can be told to be its counterpart"
    elif check.subnet is None:
        problem = f"{check.test_nic.name} has no IP config that stands for it"
    else:
        problem = "; ".join(_differences(check))
    return replace(check, problem=problem)


def _differences(check: DrillCheck) -> Iterator[str]:
    """Where there is no prediction there is nothing to differ from."""
    expected = check.expected
    if expected.network is not None and check.network != expected.network:
        found = check.network.name if check.network is not None else "none"
        yield f"the network is {found}, and {expected.network.name} was expected"
    if expected.subnet and (check.subnet or "").lower() != expected.subnet.lower():
        yield f"the subnet is {check.subnet}, and {expected.subnet} was expected"
    if expected.address is not None and check.address != expected.address:
        sure = "" if expected.certain else " (uncertain: the documents leave it open)"
        yield f"the address is {check.address}, and {expected.address} was expected{sure}"
