"""How many requests a call sends while a fault lasts, measured through the real pipeline."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

from asr_netmap.applying.outcome import Status
from asr_netmap.errors import AsrNetmapError
from asr_netmap.gateway.changing import AzureGateway
from asr_netmap.gateway.connection import connect_sandbox
from asr_netmap.gateway.lists import SITE_RECOVERY_API
from asr_netmap.planning.change import Change, Kind
from asr_netmap.planning.gateway import Operation
from asr_netmap.sandbox import Options
from tests.simulation import faults
from tests.simulation.azure import Azure, make_azure
from tests.simulation.estates import Setup, fixed_setup
from tests.simulation.faults import AT, GET, ITEM, JOBS, LIST, MAPPING, STATUS, Always
from tests.simulation.oracle import VAULT
from tests.simulation.program import start
from tests.simulation.stage import Stage

# The faults that can last, and the calls that they are measured with.
LASTING = (
    "refused before it was sent",
    "lost on the way",
    "no answer, reset",
    "no answer, timed out",
    "5xx",
    "408",
    "429 before",
    "429 after acceptance",
    "409 busy",
    "401",
    "401 with claims",
    "cut off",
    "HTML",
    "empty",
    "accepted, no place to ask",
    "status 404",
)
CALLS = (GET, LIST, STATUS, MAPPING, ITEM)
WORDS_FOR_EVER = "status of an unknown word"
MOST_FOR_A_READ = 4
LONGEST = 1200.0  # seconds; three waits of 300 s and four time-outs of 60 s


@dataclass(frozen=True, slots=True)
class Measured:
    """One call under a lasting fault. seconds -- virtual. ended -- the error, or ``answer``."""

    fault: str
    call: str
    sent: int
    accepted: int
    seconds: float
    ended: str

    @property
    def sound(self) -> bool:
        """At most four for a read; for a write one that is accepted, and none after it."""
        if self.seconds > LONGEST:
            return False
        if self.call in faults.WRITES:
            return self.accepted <= 1 and (self.sent == 1 or self.accepted == 0) and self.sent <= 4
        return 1 <= self.sent <= MOST_FOR_A_READ


def table() -> list[Measured]:
    """Every lasting fault with every call that it can hit."""
    made = _Made()
    return [
        made.measure(fault, call)
        for fault in (*LASTING, "nothing")
        for call in CALLS
        if fault == "nothing" or call in AT[fault]
    ]


class _Made:
    """A plan's changes, made once; every measurement has an estate of its own."""

    def __init__(self) -> None:
        setup = fixed_setup()
        azure = make_azure(setup.estate, Options(), Random(1))
        ended = start(azure, ("apply", "--yes", "--format", "json"), setup.config, Random(1))
        (plan, _) = ended.applied[0]
        self._changes: Mapping[Kind, Change] = {c.kind: c for c in plan.changes}

    def measure(self, fault: str, call: str) -> Measured:
        setup, rng = fixed_setup(), Random(2)
        azure = make_azure(setup.estate, Options(operation_seconds=3.0), rng)
        stage = Stage(rng)
        azure.begin(stage, faults.NoFaults())
        with stage.played() as clock:
            connection = connect_sandbox(azure.handle, clock=clock, rng=rng, workers=1)
            gateway = AzureGateway(connection)
            act = self._act(call, gateway, connection)
            if fault != "nothing":
                azure.plan = Always(fault, (call,))
            begun = stage.elapsed
            ended = "answer"
            try:
                act()
            except AsrNetmapError as error:
                ended = type(error).__name__
            seconds = stage.elapsed - begun
        sent = [
            s for s in azure.sent if s.asked.kind == call and s.at >= begun and _counts(s, fault)
        ]
        return Measured(
            fault=fault,
            call=call,
            sent=len(sent),
            accepted=sum(s.accepted for s in sent),
            seconds=round(seconds, 1),
            ended=ended,
        )

    def _act(self, call: str, gateway: AzureGateway, connection: Any) -> Callable[[], object]:
        mapping, item = self._changes[Kind.MAPPING], self._changes[Kind.NIC_SETTINGS]
        if call == GET:
            return lambda: gateway.read(item)
        if call == LIST:
            path = f"{VAULT}/replicationProtectedItems"
            return lambda: list(connection.rows(path, SITE_RECOVERY_API))
        change = mapping if call == MAPPING else item
        reading = gateway.read(change)
        request_id = "11111111-1111-4111-8111-111111111111"
        if call == STATUS:
            operation = gateway.send(item, reading, request_id)
            assert isinstance(operation, Operation)
            return lambda: gateway.ask(operation)
        return lambda: gateway.send(change, reading, request_id)


def _counts(sent: Any, fault: str) -> bool:
    """`ask` looks at the job where the status is gone: another call, with its own count."""
    return fault in (sent.fault, "nothing")


def words_for_ever() -> tuple[Azure, list[tuple[str, float]]]:
    """A run whose operations all say words that nobody knows: statuses and seconds."""
    setup: Setup = fixed_setup()
    azure = make_azure(setup.estate, Options(operation_seconds=3.0), Random(3))
    command = ("apply", "--yes", "--format", "json", "--max-failures", "1000")
    ended = start(
        azure,
        command,
        setup.config,
        Random(3),
        plan=Always(WORDS_FOR_EVER, (STATUS, JOBS)),
        workers=4,
    )
    assert ended.code == 6, (ended.code, ended.err)
    return azure, [
        (f"{o.status.value} {o.code}", o.seconds)
        for _, result in ended.applied
        for o in result.outcomes
        if o.status is not Status.PENDING
    ]
