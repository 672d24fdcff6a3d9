"""Where the sandbox may differ from the recordings, and which requests it need not answer.

Each row says why. A row that fits nothing any more fails the test that uses it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from .recordings import Exchange
from .same_state import Compared
from .shapes import Difference


@dataclass(frozen=True)
class Waiver:
    """A difference that is meant.

    kind -- of the request, as a pattern over ``METHOD template``; place, what -- of the
        difference. filtered -- only where the recorder leaves headers out.
    """

    kind: str
    place: str
    what: str
    reason: str
    filtered: bool = False

    def covers(self, compared: Compared, difference: Difference) -> bool:
        """Whether the difference is the one that is meant."""
        return (
            fnmatchcase(compared.kind, self.kind)
            and fnmatchcase(difference.place, self.place.replace("[]", "[[]]"))
            and difference.what == self.what
            and not (self.filtered and compared.exchange.complete)
        )


_FILTERED = (
    "az CLI's recorder filters this header out; the Azure PowerShell recording, which keeps all,"
    " has it on the same operations"
)
_NEWER = "seen on answers of 2026 (terraform-provider-azurerm issue 31927), after these recordings"

_ITEM_TEMPLATE = "/replicationprotecteditems/{item}"

WAIVERS = (
    Waiver("*", "header x-asr-netmap-sandbox", "extra", "tells an answer of the sandbox"),
    Waiver(
        *("*", "header strict-transport-security", "missing"),
        "a browser that believed it would insist on https for all else on this host",
    ),
    Waiver(
        *("*", "header transfer-encoding", "missing"),
        "of the recorded hop: bodies here have their length",
    ),
    Waiver(
        *("*", "header vary", "missing"), "of the recorded hop's compression, which isn't played"
    ),
    Waiver(
        *("*", "header server", "extra"),
        "some recorded answers lack it, of one service in one month and not the next: it tells"
        " which front end answered",
        filtered=True,
    ),
    *(
        Waiver("*", f"header x-ms-{name}", "extra", _FILTERED, filtered=True)
        for name in (
            "request-id",
            "client-request-id",
            "correlation-request-id",
            "routing-request-id",
            "ratelimit-remaining-subscription-reads",
        )
    ),
    Waiver("PUT *", "header retry-after", "extra", _FILTERED, filtered=True),
    *(
        Waiver("*", f"header x-ms-ratelimit-remaining-subscription-global-{kind}", "extra", _NEWER)
        for kind in ("reads", "writes")
    ),
    Waiver(
        *("GET */microsoft.compute/*", "header x-ms-ratelimit-remaining-resource", "missing"),
        "Microsoft.Compute's own request limits are not played",
    ),
    Waiver(
        *("PUT */virtualnetworks/{name}", "$.properties.provisioningState", "value"),
        "a PUT of a network without subnets that changed nothing was Succeeded at once, one of a"
        " network with a subnet was Updating; what counts as a change is not known, and Updating"
        " is what a client must be able to wait for",
    ),
    Waiver(
        *("GET */replicationjobs", "$.nextLink", "extra"),
        "this recording was copied by hand; az CLI's has nextLink on the same list",
    ),
    *(
        Waiver(
            *("GET */replicationjobs/{job}", f"$.properties.tasks[].{name}", "value"),
            "the recorded look fell into the second between the start of the job and that of its"
            " task; here both start together",
        )
        for name in ("startTime", "state", "stateDescription")
    ),
    *(
        Waiver(
            f"GET *{_ITEM_TEMPLATE}", f"$.properties.providerSpecificDetails.{name}", "value", why
        )
        for name, why in (
            ("agentVersion", "the version of the day"),
            ("rpoInSeconds", "as old as the last recovery point was then"),
            ("monitoringPercentageCompletion", "0 in one recording and 100 in the other"),
            (
                "protectedManagedDisks[].dataPendingAtSourceAgentInMB",
                "as much as was written on the machine then",
            ),
            (
                "protectedManagedDisks[].diskCapacityInBytes",
                "recorded with 2 MiB more than the machine's disk of 127 GiB, and with nothing"
                " more than one of 32 GiB",
            ),
        )
    ),
    Waiver(
        *("GET */replicationrecoveryplans", "$.value", "length"),
        "recovery plans are not played, so there are none",
    ),
)


@dataclass(frozen=True)
class OutOfScope:
    """Requests that the sandbox does not play, and need not; `requests` is searched in
    ``METHOD path`` without regard to case."""

    requests: str
    reason: str

    def covers(self, exchange: Exchange) -> bool:
        """Whether a request is one of these."""
        return bool(re.search(self.requests, f"{exchange.method} {exchange.key}"))


_ITEM = r"/replicationprotecteditems/[^/]+"
_CONTAINER = r"/replicationprotectioncontainers/[^/]+"

OUT_OF_SCOPE = (
    OutOfScope(rf"^DELETE .*{_ITEM}$", "ending replication: never done here"),
    OutOfScope(
        rf"^POST .*({_ITEM}/\w+|{_CONTAINER}/switchprotection)$",
        "failover, commit and reprotect: never done here",
    ),
    OutOfScope(rf"^POST .*{_CONTAINER}/remove$", "removing protection containers: never done here"),
    OutOfScope(
        r"^DELETE .*/replicationprotectioncontainermappings/[^/]+$",
        "taking protection containers apart: never done here",
    ),
    OutOfScope(
        r"^(PUT|PATCH|DELETE) .*/replicationpolicies/[^/]+$",
        "policies of other scenarios, and changing or removing any",
    ),
    OutOfScope(r"^DELETE .*/replicationfabrics/[^/]+$", "deleting a region's fabric"),
    OutOfScope(
        r"^(GET|PUT|DELETE) .*/replicationrecoveryplans/[^/]+$",
        "recovery plans tell nothing about networks",
    ),
    OutOfScope(
        r"^(PUT .*/vaults/[^/]+|GET .*/vaults/[^/]+/operationstatus/[^/]+)$", "creating a vault"
    ),
    OutOfScope(
        r"^\w+ .*/(replicationalertsettings|replicationevents|replicationvaulthealth"
        r"|replicationsupportedoperatingsystems)\b",
        "alerts, events, health and operating systems: nothing here reads them",
    ),
    OutOfScope(r"^POST .*/replicationjobs/export$", "exporting the list of jobs"),
    OutOfScope(
        r"/providers/(?!microsoft\.(recoveryservices|network|compute|resources)/)",
        "resource providers that nothing here reads",
    ),
)


@dataclass(frozen=True)
class Verdict:
    """What a comparison came to.

    faults -- in words; none: the sandbox holds to the recordings.
    waived -- the requests with a waived difference in status or body, and the reasons.
    """

    recorded: int
    served: int
    own: int
    matching: int
    waived: tuple[tuple[str, str], ...]
    header_waivers: int
    faults: tuple[str, ...]

    def line(self) -> str:
        """The figures in one line."""
        listed = ", ".join(where for where, _ in self.waived)
        return (
            f"contract: {self.recorded} recorded, {self.served} served, {self.served} checked"
            f" ({self.own} made by the sandbox, {self.served - self.own} shown as given),"
            f" {self.matching} matching, {len(self.waived)} waived: {listed or 'none'};"
            f" {self.header_waivers} header waivers"
        )

    def reasons(self) -> str:
        """Why what is waived is."""
        return "\n".join(f"{where}: {reason}" for where, reason in self.waived)


def verdict(
    compared: Iterable[Compared],
    waivers: tuple[Waiver, ...] = WAIVERS,
    out_of_scope: tuple[OutOfScope, ...] = OUT_OF_SCOPE,
) -> Verdict:
    """Judge a comparison: every difference needs a waiver and every waiver a difference."""
    rows = list(compared)
    faults: list[str] = []
    waived: dict[str, str] = {}
    used: set[Waiver | OutOfScope] = set()
    for row in rows:
        if not row.kind:
            faults += _unplayed(row, out_of_scope, used)
        for difference in row.differences:
            covering = [w for w in waivers if w.covers(row, difference)]
            used.update(covering)
            if not covering:
                faults.append(f"{row.exchange.where} ({row.kind}): {difference}")
            elif not difference.place.startswith("header "):
                waived[row.exchange.where] = covering[0].reason
    unused = [each for each in (*waivers, *out_of_scope) if each not in used]
    faults += [f"fits nothing any more, take it out: {each}" for each in unused]
    served = [row for row in rows if row.kind]
    faulty = {fault.split(" (")[0] for fault in faults}
    matching = [r for r in served if r.exchange.where not in {*waived, *faulty}]
    return Verdict(
        recorded=len(rows),
        served=len(served),
        own=sum(row.own for row in served),
        matching=len(matching),
        waived=tuple(waived.items()),
        header_waivers=sum(w.place.startswith("header ") for w in waivers),
        faults=tuple(faults),
    )


def _unplayed(
    row: Compared, out_of_scope: tuple[OutOfScope, ...], used: set[Waiver | OutOfScope]
) -> list[str]:
    covering = [rule for rule in out_of_scope if rule.covers(row.exchange)]
    used.update(covering)
    if covering:
        return []
    asked = f"{row.exchange.method} {row.exchange.path}"
    return [f"{row.exchange.where} (not played): {asked} has no reason to be out of scope"]
