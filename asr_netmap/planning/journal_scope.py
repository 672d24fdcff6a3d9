"""For which clouds, tenants, vaults and regions a journal speaks, by its first line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from asr_netmap.errors import FileError, ForeignPlan
from asr_netmap.models import RegionPair
from asr_netmap.planning.plan import Finding, Scope, Severity
from asr_netmap.settings import Settings

Target = tuple[str, RegionPair]
"""A vault's id in lower case, and a pair of regions."""


@dataclass(frozen=True, slots=True)
class JournalScope:
    """One of the plans that a run carried out.

    cloud, tenant -- empty in journals of versions that did not write them down.
    vault -- its id, as it was spelled.
    """

    cloud: str
    tenant: str
    vault: str
    regions: RegionPair

    def __str__(self) -> str:
        return _named(self.vault, self.regions)

    @property
    def target(self) -> Target:
        """The vault and regions, comparable whatever the letter case."""
        return self.vault.lower(), self.regions


def journal_scopes(header: Mapping[str, Any], where: str = "journal") -> tuple[JournalScope, ...]:
    """What a journal's first line says of its run. Raises FileError for what it can't say."""
    try:
        return tuple(_journal_scope(each) for each in header["scope"]["plans"])
    except (KeyError, TypeError, AttributeError) as error:
        raise FileError(
            f"{where}, line 1: does not say on which vault the run was ({error!r}).",
            "The file was changed after it was written, or another version wrote it.",
        ) from None


def raise_if_foreign(header: Mapping[str, Any], scope: Scope, where: str = "journal") -> None:
    """Refuse a journal of another vault, pair of regions, tenant or cloud.

    header -- the journal's first line.
    Raises ForeignPlan that names both.
    """
    scopes = journal_scopes(header, where)
    own = [each for each in scopes if each.target == (scope.vault.key, scope.regions)]
    if not own:
        _refuse(where, scopes, [_named(str(scope.vault), scope.regions)])
    for each in own:
        for what, there, here in (
            ("cloud", each.cloud, scope.cloud),
            ("tenant", each.tenant, scope.tenant),
        ):
            if there and there.lower() != here.lower():
                raise ForeignPlan(
                    f"{where} is of a run on {each} in the {what} {there}, "
                    f"and this is the {what} {here}.",
                    "Take it back where it was written, or name another journal.",
                )


def settings_of(
    header: Mapping[str, Any], declared: Sequence[Settings], where: str = "journal"
) -> tuple[Settings, ...]:
    """The declared vaults and regions that a journal's run was on, each once.

    Raises ForeignPlan that names every vault of the run which is not declared: the way back of a
    part is none.
    """
    scopes = journal_scopes(header, where)
    targets: dict[Target, Settings] = {}
    for one in declared:
        targets.setdefault((one.vault.id.key, one.regions), one)
    others = [each for each in scopes if each.target not in targets]
    if others or not scopes:
        _refuse(where, others, [_named(str(one.vault.id), one.regions) for one in declared])
    wanted = {each.target for each in scopes}
    return tuple(one for target, one in targets.items() if target in wanted)


def doubts_about(
    header: Mapping[str, Any], scope: Scope, where: str = "journal"
) -> tuple[Finding, ...]:
    """What can't be compared, since the journal does not say it."""
    for each in journal_scopes(header, where):
        unsaid = [what for what in ("cloud", "tenant") if not getattr(each, what)]
        if each.target != (scope.vault.key, scope.regions) or not unsaid:
            continue
        finding = Finding(
            "journal-without-tenant",
            Severity.WARNING,
            scope.vault,
            scope.vault.name,
            f"{where} was written by an earlier version and names no {' and no '.join(unsaid)}, "
            "so only the rest could be compared: vault and regions are the same",
            f"See that it is of a run in the tenant {scope.tenant} of {scope.cloud}.",
        )
        return (finding,)
    return ()


def _journal_scope(document: Mapping[str, Any]) -> JournalScope:
    cloud, tenant = document.get("cloud") or "", document.get("tenant") or ""
    regions = RegionPair(document["source_region"], document["target_region"])
    texts = (cloud, tenant, document["vault"], regions.source, regions.target)
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("its scope is no text")
    return JournalScope(cloud, tenant, document["vault"], regions)


def _named(vault: str, regions: RegionPair) -> str:
    return f"{vault} ({regions.source}, {regions.target})"


def _refuse(where: str, others: Sequence[JournalScope], here: Sequence[str]) -> None:
    vaults = ", ".join(map(str, others)) or "no vault at all"
    raise ForeignPlan(
        f"{where} is of a run on {vaults}, and this is {', '.join(here)}.",
        "Declare that vault and its regions, too, or name another journal.",
    )
