"""Which subnet of the target network a NIC goes into."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from asr_netmap.models import Network, Subnet
from asr_netmap.rules.branches import Answer, Branch, decides, outcome_of, passes
from asr_netmap.settings import CLEAR

# Subnets that belong to a service by their name: no VM's NIC can be in them (Microsoft Learn, the
# pages of VPN gateway, Bastion, Azure Firewall and Route Server).
SERVICE_SUBNETS = frozenset(
    {
        "gatewaysubnet",
        "azurebastionsubnet",
        "azurefirewallsubnet",
        "azurefirewallmanagementsubnet",
        "routeserversubnet",
    }
)


class SubnetRule(Enum):
    """The branches of the rule, strongest first."""

    EXPLICIT = "explicit"
    MAPPED = "subnet map"
    SAME_NAME = "same name"
    REFUSED = "left to people"
    FIRST = "alphabetically first"
    FIRST_USABLE = "first usable"
    NONE = "no usable subnet"


@dataclass(frozen=True, slots=True)
class SubnetChoice:
    """The subnet chosen for one IP config.

    subnet -- None: none can be chosen (REFUSED or NONE), or an explicit one that isn't there.
    problem -- what people should know about the choice; empty: nothing.
    cleared -- none is to be set, on purpose.
    """

    subnet: Subnet | None
    rule: SubnetRule
    reason: str
    problem: str = ""
    cleared: bool = False


def choose_subnet(
    source_subnet: str | None,
    target: Network,
    *,
    explicit: str | None = None,
    mapped: Mapping[str, str] | None = None,
    refuse_fallback: bool = False,
    full: Callable[[Subnet], bool] = lambda _: False,
) -> SubnetChoice:
    """The target subnet: an explicit one, else the same name, else alphabetically first.

    The arguments are those of `SubnetSearch`.
    """
    search = SubnetSearch(source_subnet, target, explicit, mapped, refuse_fallback, full)
    return outcome_of(search.branches())


@dataclass(frozen=True, slots=True)
class SubnetSearch:
    """What is asked for one IP config, and a method for each branch of the rule.

    Same name, then alphabetically first: 2017, 2026. Nothing says whether Site Recovery passes
    over subnets that no VM can use, so we do and say so.

    explicit -- the subnet that is named for just this IP config; ``none``: it is cleared.
    mapped -- source subnet name to target subnet name, from the configuration.
    refuse_fallback -- leave a missing same-named subnet to people.
    full -- whether a subnet has no free address left.
    """

    source_subnet: str | None
    target: Network
    explicit: str | None = None
    mapped: Mapping[str, str] | None = None
    refuse_fallback: bool = False
    full: Callable[[Subnet], bool] = lambda _: False

    def branches(self) -> tuple[Branch[SubnetChoice], ...]:
        """The branches, in the order in which they are asked."""
        return (
            Branch(SubnetRule.EXPLICIT.value, self._explicit),
            Branch(SubnetRule.MAPPED.value, self._mapped),
            Branch(SubnetRule.SAME_NAME.value, self._same_name),
            Branch(SubnetRule.REFUSED.value, self._refused),
            Branch(SubnetRule.FIRST.value, self._first),
            Branch(SubnetRule.FIRST_USABLE.value, self._first_usable),
            Branch(SubnetRule.NONE.value, self._none),
        )

    def _explicit(self) -> Answer[SubnetChoice]:
        if self.explicit is None:
            return passes("no subnet is named for it")
        if self.explicit == CLEAR:
            why = "cleared explicitly: Site Recovery decides"
            return _decides(SubnetChoice(None, SubnetRule.EXPLICIT, why, cleared=True))
        return self._named(self.explicit, SubnetRule.EXPLICIT, "set explicitly")

    def _mapped(self) -> Answer[SubnetChoice]:
        if not self.mapped:
            return passes("no subnet map is configured for this network")
        if self.source_subnet is None:
            return passes("the source subnet is not known")
        by_lower = {source.lower(): chosen for source, chosen in self.mapped.items()}
        wanted = by_lower.get(self.source_subnet.lower())
        if wanted is None:
            return passes(f"the configuration maps {self.source_subnet} to none")
        why = f"the configuration maps {self.source_subnet} to it"
        return self._named(wanted, SubnetRule.MAPPED, why)

    def _same_name(self) -> Answer[SubnetChoice]:
        same = self._same
        if same is None:
            return passes(self._missing)
        trouble = unusable(same, self.full)
        if trouble is not None:
            return passes(f"{same.name} {trouble}")
        reason = f"{self.target.name} has a subnet of the same name, {same.name}"
        return _decides(SubnetChoice(same, SubnetRule.SAME_NAME, reason))

    def _refused(self) -> Answer[SubnetChoice]:
        if not self.refuse_fallback:
            return passes("`subnet_fallback: refuse` is not configured")
        if self._same is not None:
            return passes(f"there is a subnet of the same name, {self._same.name}")
        problem = f"{self._missing}: choose one"
        return _decides(SubnetChoice(None, SubnetRule.REFUSED, self._missing, problem))

    def _first(self) -> Answer[SubnetChoice]:
        if self._same is not None:
            return passes(f"there is a subnet of the same name, {self._same.name}")
        first = self._alphabetically_first
        if first is None:
            return passes(f"{self.target.name} has no subnet at all")
        trouble = unusable(first, self.full)
        if trouble is not None:
            return passes(f"{first.name} {trouble}")
        reason = f"{self._missing}, so the alphabetically first one is taken: {first.name}"
        return _decides(SubnetChoice(first, SubnetRule.FIRST, reason))

    def _first_usable(self) -> Answer[SubnetChoice]:
        usable = [s for s in self.target.subnets if unusable(s, self.full) is None]
        chosen = alphabetically_first(usable)
        if chosen is None:
            return passes(f"no subnet of {self.target.name} is usable")
        why = self._passed_over
        reason = f"{why}, so the first usable one is taken: {chosen.name}"
        problem = f"{why}; Site Recovery might still choose it, so {chosen.name} is set instead"
        return _decides(SubnetChoice(chosen, SubnetRule.FIRST_USABLE, reason, problem))

    def _none(self) -> Answer[SubnetChoice]:
        if not self.target.subnets:
            reason, problem = self._missing, f"{self.target.name} has no subnet at all"
        else:
            reason = self._passed_over
            problem = f"{reason}, and no other subnet is usable"
        return _decides(SubnetChoice(None, SubnetRule.NONE, reason, problem))

    @property
    def _same(self) -> Subnet | None:
        return self.target.subnet(self.source_subnet) if self.source_subnet else None

    @property
    def _alphabetically_first(self) -> Subnet | None:
        return alphabetically_first(self.target.subnets)

    @property
    def _missing(self) -> str:
        if self.source_subnet is None:
            return "the source subnet is not known"
        return f"{self.target.name} has no subnet named {self.source_subnet}"

    @property
    def _passed_over(self) -> str:
        """What Site Recovery would choose, and why no VM can be there."""
        if self._same is not None:
            trouble = unusable(self._same, self.full)
            return f"{self._same.name}, which has the same name, {trouble}"
        first = self._alphabetically_first
        assert first is not None, "only asked where there is a subnet"
        trouble = unusable(first, self.full)
        return f"{self._missing}; {first.name}, alphabetically first, {trouble}"

    def _named(self, wanted: str, rule: SubnetRule, why: str) -> Answer[SubnetChoice]:
        subnet = self.target.subnet(wanted)
        if subnet is None:
            names = ", ".join(s.name for s in self.target.subnets) or "none"
            problem = f"{self.target.name} has no subnet {wanted}; there is: {names}"
            return _decides(SubnetChoice(None, rule, why, problem))
        trouble = unusable(subnet)
        problem = f"{subnet.name} {trouble}" if trouble else ""
        choice = SubnetChoice(subnet, rule, why, problem)
        return decides(choice, f"{subnet.name}: {problem or why}")


def alphabetically_first(subnets: Iterable[Subnet]) -> Subnet | None:
    """The first by name, in any case; None: there is no subnet."""
    return min(subnets, key=lambda subnet: subnet.name.lower(), default=None)


def unusable(subnet: Subnet, full: Callable[[Subnet], bool] = lambda _: False) -> str | None:
    """Why no VM's NIC can go into the subnet, as the end of a sentence; None: it can."""
    if subnet.name.lower() in SERVICE_SUBNETS:
        return "belongs to a service by its name"
    if subnet.delegations:
        return f"is delegated to {', '.join(subnet.delegations)}"
    if not subnet.ipv4:
        return "has no IPv4 prefix"
    if full(subnet):
        return "is full"
    return None


def _decides(choice: SubnetChoice) -> Answer[SubnetChoice]:
    return decides(choice, choice.problem or choice.reason)
