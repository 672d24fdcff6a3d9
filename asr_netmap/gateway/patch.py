"""The body of a replicated item's update: what was read, with the settings of one change laid over.

ARM: within a NIC that is sent, and within an IP config that is sent, Site Recovery empties every
field that is left out (A2A update and the reads around it, Azure PowerShell recording 2022). What
it does to NICs and IP configs that are left out, nobody knows. So all of them are sent, with all
their fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from asr_netmap.arm_id import ArmId
from asr_netmap.errors import BlockedRequest, Missing
from asr_netmap.gateway.nic_wire import (
    IP_CONFIG_FIELDS,
    ITEM_NETWORKS,
    ITEM_PROPERTIES,
    NIC_FIELDS,
    PROVIDER_PROPERTIES,
    WireName,
    unset_on_wire,
)
from asr_netmap.planning.nic_setting import Level, Setting, value_to_json

Body = Mapping[str, Any]


def patch_body(raw_item: Body, settings: tuple[Setting, ...]) -> dict[str, Any]:
    """What to send so that `settings` hold afterwards and everything else stays.

    raw_item -- the item as Azure gave it, read right before.
    ARM: clients send ``isPrimary`` back as they read it (Azure PowerShell recording, 2022). No
    recording and no document shows what Site Recovery does with a changed one: whether it is
    taken, refused or passed over is seen when the item is read back.
    Raises Missing if a setting points to a NIC or IP config that the item doesn't have, and
    BlockedRequest if a NIC would be left without exactly one primary IP config.
    """
    details = raw_item["properties"]["providerSpecificDetails"]
    nics = [dict(each) for each in details.get("vmNics") or ()]
    _check_targets(nics, settings)
    item_level = {s.name: s for s in settings if s.place.level is Level.ITEM}
    properties = _present(ITEM_PROPERTIES, details)
    for name in ITEM_NETWORKS:
        properties.update(_network(name, details, nics, item_level.get(name)))
    properties["vmNics"] = [_nic(each, settings) for each in nics]
    _check_primaries(properties["vmNics"], nics, settings)
    provider = {"instanceType": "A2A", **_present(PROVIDER_PROPERTIES, details)}
    properties["providerSpecificDetails"] = provider
    return {"properties": properties}


def _nic(raw: Body, settings: Iterable[Setting]) -> dict[str, Any]:
    mine = [s for s in settings if _is_of(s, raw)]
    own = {s.name: s for s in mine if s.place.level is Level.NIC}
    sent = _overlaid(NIC_FIELDS, raw, own)
    if mine:
        # ARM: what every official client sends with a NIC that it changes.
        sent["selectionType"] = "SelectedByUser"
    sent["ipConfigs"] = [_ip_config(each, mine) for each in raw.get("ipConfigs") or ()]
    return sent


def _ip_config(raw: Body, of_nic: Iterable[Setting]) -> dict[str, Any]:
    own = {s.name: s for s in of_nic if _is_in(s, raw)}
    return _overlaid(IP_CONFIG_FIELDS, raw, own)


def _overlaid(
    fields: Iterable[WireName], raw: Body, changed: Mapping[str, Setting]
) -> dict[str, Any]:
    """The fields under their write names: changed ones as wanted, others as read.

    A null that stays is left out: the official clients drop it, and left out means empty.
    """
    sent: dict[str, Any] = {}
    for each in fields:
        change = changed.get(each.setting or "")
        if change is not None:
            sent[each.write] = _wire_value(change)
        elif raw.get(each.read) is not None:
            sent[each.write] = raw[each.read]
    return sent


def _network(name: str, details: Body, nics: Iterable[Body], change: Setting | None) -> Body:
    """The item's network under its write name; both are always sent if there is one.

    ARM: no recording shows a write that clears a network. It is sent as "", like every other text
    that clears, since a null is dropped on the way; what Site Recovery makes of it is seen when
    the item is read back.
    """
    of_item, of_nic = ITEM_NETWORKS[name]
    if change is not None:
        return {of_item: _wire_value(change)}
    candidates = [details.get(of_item), *(each.get(of_nic) for each in nics)]
    chosen = next((each for each in candidates if each), None)
    return {} if chosen is None else {of_item: chosen}


def _present(fields: Iterable[WireName], raw: Body) -> dict[str, Any]:
    return {each.write: raw[each.read] for each in fields if raw.get(each.read) is not None}


def _wire_value(setting: Setting) -> Any:
    if not setting.value:
        return unset_on_wire(setting.name)
    return value_to_json(setting.value)


def _is_of(setting: Setting, raw_nic: Body) -> bool:
    return setting.nic is not None and setting.nic == ArmId(raw_nic["sourceNicArmId"])


def _is_in(setting: Setting, raw_config: Body) -> bool:
    if setting.place.level is not Level.IP_CONFIG:
        return False
    return (setting.ip_config or "").lower() == (raw_config.get("name") or "").lower()


def _check_primaries(
    sent: Iterable[Body], raw: Iterable[Body], settings: Iterable[Setting]
) -> None:
    """Exactly one IP config of a NIC is primary, wherever a change speaks of that."""
    moving = [setting for setting in settings if setting.name == "primary"]
    for nic, was in zip(sent, raw, strict=True):
        named = [c["ipConfigName"] for c in nic["ipConfigs"] if c.get("isPrimary")]
        if len(named) != 1 and any(_is_of(setting, was) for setting in moving):
            listed = " and ".join(map(str, named)) or "none"
            raise BlockedRequest(
                f"NIC {was['sourceNicArmId']} would have {listed} as its primary IP config, and a "
                "NIC has exactly one: it changed since it was planned.",
                "Plan again.",
            )


def _check_targets(nics: Iterable[Body], settings: Iterable[Setting]) -> None:
    for setting in settings:
        if setting.place.level is Level.ITEM:
            continue
        nic = next((each for each in nics if _is_of(setting, each)), None)
        if nic is None:
            raise Missing(f"The item has no NIC {setting.nic} any more.", "Plan again.")
        configs = nic.get("ipConfigs") or ()
        if setting.place.level is Level.IP_CONFIG and not any(
            _is_in(setting, each) for each in configs
        ):
            raise Missing(
                f"NIC {setting.nic} has no IP config '{setting.ip_config}' any more.", "Plan again."
            )
