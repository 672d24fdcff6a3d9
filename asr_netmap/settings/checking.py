"""Plain values <-> Settings: what options say, and the document that a plan embeds.

No file is read here, so nothing that reads one is loaded; what tells of mistakes is, once there is
one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from pydantic import ValidationError

from asr_netmap.errors import UsageError
from asr_netmap.settings.model import Settings
from asr_netmap.settings.network_sections import NetworkSettings, Section
from asr_netmap.settings.nic_sections import NicRules
from asr_netmap.settings.overrides import ORIGINS, REQUIRED, Overrides, lay_over

SectionT = TypeVar("SectionT", bound=Section)

Spelled = Mapping[tuple[str | int, ...], str]
"""What the user gave for places in the settings, such as the names of options."""


def settings_from_options(
    overrides: Overrides,
    networks: Sequence[NetworkSettings | Mapping[str, object]] | None = None,
    nics: NicRules | None = None,
    *,
    spelled: Spelled | None = None,
) -> Settings:
    """Settings without a file, from options and environment alone.

    networks -- None: every source-region network that a replicated item uses. Mappings are
        checked like the file's entries.
    spelled -- what the user gave for a place in the settings, such as an option's name.
    Raises UsageError that names every missing option, and SettingsError for bad values.
    """
    missing = [ORIGINS[name] for name in REQUIRED if getattr(overrides, name) is None]
    if missing:
        lines = [f"  {o.option}, {o.variable}, or {o.key} in netmap.yaml" for o in missing]
        raise UsageError(
            "Not enough is given to know what to work on; missing:\n" + "\n".join(lines),
            "Give them as options or variables, or write them into a netmap.yaml (--config).",
        )
    data: dict[str, object] = {"version": 1}
    if networks is not None:
        data["networks"] = list(networks)
    if nics is not None:
        data["nics"] = nics.model_dump(mode="json", by_alias=True, exclude_none=True)
    return checked(Settings, lay_over(data, overrides), "options", spelled or {})


def from_document(document: Mapping[str, object], where: str = "settings") -> Settings:
    """Read back what `to_document` gave. Raises SettingsError."""
    return checked(Settings, document, where)


def to_document(settings: Settings) -> dict[str, Any]:
    """The settings as JSON values: the same for equal settings, defaults included.

    What isn't given (None) is left out; keys are sorted, lists keep their order.
    """
    document: dict[str, Any] = _sorted(
        settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    )
    return document


def checked(
    kind: type[SectionT],
    values: Mapping[str, object],
    where: str,
    spelled: Spelled | None = None,
) -> SectionT:
    """One section from values that came from elsewhere, such as a row of a NIC table.

    kind -- NetworkSettings, NicException, AddressRule, …; keys are spelled as in the file.
    spelled -- the values are options, and these their names; None: they are none.
    Raises SettingsError that lists all mistakes, with `where` as its title.
    """
    try:
        return kind.model_validate(dict(values), by_alias=True, by_name=False)
    except ValidationError as error:
        from asr_netmap.settings.mistakes import refusal  # noqa: PLC0415 -- once there is one

        raise refusal(error, kind.__name__, values, where, spelled) from None


def _sorted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(one) for one in value]
    return value
