"""The whole tool over weeks: VMs come and go, others edit, plans are made, kept, altered, applied.

A Hypothesis state machine over the command line on a simulated service. What it promises is
checked after every step; rules that fired are counted, so that a rule that never does is seen.
"""

from __future__ import annotations

import copy
import json
import re
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from asr_netmap.applying.outcome import Status
from asr_netmap.arm_id import ArmId
from asr_netmap.gateway.patch import patch_body
from asr_netmap.planning.nic_setting import Setting
from asr_netmap.sandbox import Options
from asr_netmap.sandbox.operations import FAILED, RUNNING
from tests.simulation.azure import Azure, Effect, make_azure
from tests.simulation.estates import Net, Setup, config_of, draw_setup, machine_rows
from tests.simulation.faults import THEMES, Drawn, Scripted
from tests.simulation.oracle import (
    Violation,
    accepted,
    judge_run,
    overwritten,
    scope_violations,
    uncovered,
    unowned,
)
from tests.simulation.program import Ended, start
from tests.simulation.stage import Stage

Json = dict[str, Any]

# What can happen. Counted, so that a rule that never fires is seen (`never_fired`).
RULES = (
    *("a VM comes", "a VM goes", "a source NIC changes", "another admin edits an item"),
    *("another admin removes a mapping", "a failover starts", "a failover is cleaned up"),
    *("time passes", "the configuration is edited", "a plan is saved", "a saved plan is applied"),
    *("an expired plan is applied", "an altered plan is applied", "applied with faults"),
    *("killed", "the token ends", "applied"),
)
FIRED: Counter[str] = Counter()
EXAMPLES: Counter[str] = Counter()
_CONSENT = ("--allow-retarget", "--max-changed-percent", "100")
_SAVED = ("--yes", "--format", "json", *_CONSENT)
_DAY = 86400.0
_NUMBER = re.compile(r"\d")


class Lifecycle(RuleBasedStateMachine):
    """One vault and everybody who works on it."""

    plans = Bundle("plans")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.rng = Random(0)
        self.azure: Azure
        self.setup: Setup
        self.config = ""
        self.machines = 100
        self.saved = 0
        self.failing_over = False
        self.after = 1.0
        self.started: list[Ended] = []
        self.known = self.effects = 0
        EXAMPLES["examples"] += 1

    def teardown(self) -> None:
        self.folder.cleanup()

    @initialize(target=plans, seed=st.integers(0, 30))
    def begin(self, seed: int) -> Path:
        self.rng = Random(seed)
        self.setup = draw_setup(self.rng)
        self.config = self.setup.config
        options = Options(operation_seconds=3.0, conflicts=seed % 2 == 0)
        self.azure = make_azure(self.setup.estate, options, self.rng)
        self.azure.begin(Stage(self.rng), Scripted(0, ""))
        return self.a_plan_is_saved()

    # the world goes on

    @rule(data=st.data())
    def a_vm_comes(self, data: st.DataObject) -> None:
        self._fired("a VM comes")
        net: Net = data.draw(st.sampled_from(self.setup.nets))
        self.machines += 1
        # Addresses are taken from the number: below 40, so that no two machines share one.
        number = 10 + (self.machines - 101) % 25
        if self._item(f"vm{number}") is None:
            for row in machine_rows(self.rng, net, number):
                self.azure.estate.put(row)

    @rule(data=st.data())
    def a_vm_goes(self, data: st.DataObject) -> None:
        items = self._items()
        if len(items) > 2:
            self._fired("a VM goes")
            item = data.draw(st.sampled_from(items))
            for nic in item["properties"]["providerSpecificDetails"]["vmNics"]:
                self.azure.estate.remove(nic["sourceNicArmId"])
            self.azure.estate.remove(item["id"])

    @rule(data=st.data(), host=st.integers(200, 240))
    def a_source_nic_changes(self, data: st.DataObject, host: int) -> None:
        """Its address, at the source; Site Recovery takes that over."""
        item = self._some_item(data)
        if item is None or not item["properties"]["providerSpecificDetails"]["vmNics"]:
            return
        self._fired("a source NIC changes")
        changed = copy.deepcopy(item)
        sent = changed["properties"]["providerSpecificDetails"]["vmNics"][0]
        found = self.azure.estate.get(sent["sourceNicArmId"])
        if found is None:
            return
        nic = copy.deepcopy(found)
        config = nic["properties"]["ipConfigurations"][0]["properties"]
        address = config["privateIPAddress"].rsplit(".", 1)[0] + f".{host}"
        if self._in_use(address):
            return
        config["privateIPAddress"] = sent["ipConfigs"][0]["staticIPAddress"] = address
        self.azure.estate.put(nic)
        self.azure.estate.put(changed)

    @rule(data=st.data())
    def another_admin_edits_an_item(self, data: st.DataObject) -> None:
        item = self._some_item(data)
        if item is None or not item["properties"]["providerSpecificDetails"]["vmNics"]:
            return
        self._fired("another admin edits an item")
        nic = item["properties"]["providerSpecificDetails"]["vmNics"][0]
        source, config = ArmId(nic["sourceNicArmId"]), nic["ipConfigs"][0]["name"]
        setting = data.draw(
            st.sampled_from(
                (
                    Setting("nic_name", f"by-hand-{self.machines}", source),
                    Setting("address", None, source, config),
                )
            )
        )
        body = patch_body(item, (setting,))
        self.azure.another_admin(item["id"], body, "PATCH", owned=True, what=setting.name)

    @rule(data=st.data())
    def another_admin_removes_a_mapping(self, data: st.DataObject) -> None:
        kind = "replicationNetworkMappings"
        rows = [r for r in self.azure.estate.to_document()["resources"] if f"/{kind}/" in r["id"]]
        if rows:
            self._fired("another admin removes a mapping")
            row = data.draw(st.sampled_from(sorted(rows, key=lambda r: str(r["id"]))))
            self.azure.another_admin(row["id"], {}, "DELETE", owned=True, what="gone")

    @rule(data=st.data())
    def a_failover_starts_elsewhere(self, data: st.DataObject) -> None:
        item = self._some_item(data)
        if item is not None and not self.failing_over:
            self._fired("a failover starts")
            changed = copy.deepcopy(item)
            changed["properties"]["testFailoverState"] = "WaitingForCompletion"
            self.azure.estate.put(changed)
            self.failing_over = True

    @precondition(lambda self: self.failing_over)
    @rule()
    def the_failover_is_cleaned_up(self) -> None:
        self._fired("a failover is cleaned up")
        for item in self._items():
            if item["properties"]["testFailoverState"] != "None":
                changed = copy.deepcopy(item)
                changed["properties"]["testFailoverState"] = "None"
                self.azure.estate.put(changed)
        self.failing_over = False

    @rule(days=st.sampled_from((0.01, 1.0, 8.0)))
    def time_passes(self, days: float) -> None:
        self._fired("time passes")
        self.after = days * _DAY

    @rule()
    def the_configuration_is_edited(self) -> None:
        self._fired("the configuration is edited")
        self.config = config_of(self.rng, self.setup.nets)

    # the tool is used

    @rule(target=plans)
    def another_plan_is_saved(self) -> Path:
        return self.a_plan_is_saved()

    def a_plan_is_saved(self) -> Path:
        self._fired("a plan is saved")
        self.saved += 1
        path = Path(self.folder.name) / f"plan-{self.saved}.json"
        self._run("plan", "--out", str(path), "--format", "json")
        return path

    @rule(path=plans)
    def a_saved_plan_is_applied(self, path: Path) -> None:
        """It does only what it says, and nothing when all of it is done."""
        if not path.exists():
            return
        self._fired("a saved plan is applied")
        ended = self._run("apply", str(path), *_SAVED)
        document = json.loads(path.read_text(encoding="utf-8"))
        named = {
            str(row["subject"]).lower()
            for plan in document["plans"]
            for row in (*plan["changes"], *plan["pending"])
        }
        written = {sent.asked.path.lower() for sent in self._writes(ended)}
        assert written <= named, written - named
        if ended.code == 0:
            again = self._run("apply", str(path), *_SAVED)
            assert not self._writes(again), "it was done, and written again"

    @rule(path=plans)
    def a_saved_plan_is_applied_too_late(self, path: Path) -> None:
        if not path.exists():
            return
        self._fired("an expired plan is applied")
        self.after = max(self.after, 8 * _DAY)
        ended = self._run("apply", str(path), *_SAVED)
        assert (ended.code, self._writes(ended)) == (4, []), ended.err

    @rule(path=plans, place=st.integers(0, 10_000))
    def a_plan_is_altered_and_applied(self, path: Path, place: int) -> None:
        if not path.exists():
            return
        text = path.read_text(encoding="utf-8")
        digits = [match.start() for match in _NUMBER.finditer(text)]
        if not digits:
            return
        self._fired("an altered plan is applied")
        at = digits[place % len(digits)]
        other = path.with_name("altered.json")
        other.write_text(text[:at] + str((int(text[at]) + 1) % 10) + text[at + 1 :])
        ended = self._run("apply", str(other), *_SAVED)
        assert ended.code in (1, 2, 4), (ended.code, ended.err)
        assert not self._writes(ended), "an altered plan was carried out"

    @rule(seed=st.integers(0, 2**16), theme=st.sampled_from(THEMES))
    def it_is_applied_over_a_bad_line(self, seed: int, theme: tuple[str, ...]) -> None:
        self._fired("applied with faults")
        plan = Drawn(Random(seed), rate=0.1, most=6, kinds=theme)
        self._run("apply", "--yes", "--format", "json", *_CONSENT, plan=plan)

    @rule(at=st.integers(15, 90))
    def it_is_killed(self, at: int) -> None:
        self._fired("killed")
        self._run(
            "apply",
            "--yes",
            "--format",
            "json",
            *_CONSENT,
            plan=Scripted(at, "dies with no answer"),
        )

    @rule()
    def its_token_ends(self) -> None:
        self._fired("the token ends")
        self._run("verify", "--fail-on", "never", plan=Scripted(1, "token ends early"))

    @rule()
    def it_is_applied(self) -> None:
        """After it nothing is left to do."""
        self._fired("applied")
        self.after = max(self.after, 60.0)
        command = ("apply", "--yes", "--format", "json", "--max-failures", "1000", *_CONSENT)
        ended = self._run(*command)
        if self.failing_over and ended.code == 4:
            return
        outcomes = [o for _, result in ended.applied for o in result.outcomes]
        assert ended.code in (0, 5), (ended.code, ended.err)
        busy = any("busy" in each.reason for plan, _ in ended.applied for each in plan.pending)
        if not busy and all(o.status is Status.APPLIED for o in outcomes):
            left = self._run("plan", "--format", "json")
            assert left.json["changes"] == [], left.json["changes"]

    # what always holds

    @invariant()
    def no_address_is_given_twice(self) -> None:
        if not hasattr(self, "azure"):
            return
        given: Counter[tuple[str, str]] = Counter()
        for item in self._items():
            details = item["properties"]["providerSpecificDetails"]
            network = str(details["selectedRecoveryAzureNetworkId"]).lower()
            for nic in details["vmNics"]:
                for config in nic["ipConfigs"]:
                    if config["recoveryStaticIPAddress"]:
                        given[network, config["recoveryStaticIPAddress"]] += 1
        twice = [place for place, count in given.items() if count > 1]
        assert not twice, f"given twice: {twice}"

    @invariant()
    def it_stays_in_its_vault(self) -> None:
        if hasattr(self, "azure"):
            assert not list(scope_violations(self.azure, self.known))
            assert not list(uncovered(self.azure, "operator", self.known))
            self.known = len(self.azure.sent)

    @invariant()
    def no_write_is_needless(self) -> None:
        if hasattr(self, "azure"):
            needless = [e for e in self.azure.effects if _is_needless(self.azure, e)]
            assert not needless, f"nothing to write: {needless[0].operation.target}"

    # how

    def _run(self, *arguments: str, plan: Any = None) -> Ended:
        ended = start(
            self.azure,
            arguments,
            self.config,
            self.rng,
            plan=plan,
            workers=self.rng.choice((1, 3)),
            after=self.after,
            with_config=not (arguments[0] == "apply" and arguments[1].endswith(".json")),
        )
        self.after = 1.0
        self.started.append(ended)
        if arguments[0] == "apply":
            found: list[Violation] = judge_run(self.azure, ended)
            found += unowned(self.azure, self.started, self.effects)
            self.effects = len(self.azure.effects)
            assert not found, [str(each) for each in found]
        else:
            assert not self._writes(ended), f"{arguments[0]} wrote"
        return ended

    def _writes(self, ended: Ended) -> list[Any]:
        return [sent for sent in accepted(self.azure) if sent.process == ended.process]

    def _items(self) -> list[Json]:
        return [
            row
            for row in self.azure.estate.to_document()["resources"]
            if "/replicationprotecteditems/" in row["id"].lower()
        ]

    def _item(self, name: str) -> Json | None:
        return next((item for item in self._items() if item["name"] == name), None)

    def _some_item(self, data: st.DataObject) -> Json | None:
        items = [item for item in self._items() if not self._busy(item)]
        return data.draw(st.sampled_from(items)) if items else None

    def _busy(self, item: Json) -> bool:
        return self.azure.estate.running_on(item["id"]) is not None

    def _in_use(self, address: str) -> bool:
        return f'"{address}"' in json.dumps(self.azure.estate.to_document()["resources"])

    def _fired(self, what: str) -> None:
        assert what in RULES
        FIRED[what] += 1
        EXAMPLES["steps"] += 1


def _is_needless(azure: Azure, effect: Effect) -> bool:
    """It changed nothing; unless another admin wrote the same between our reading and our write."""
    operation = effect.operation
    if effect.process is None or operation.skip or operation.state in (FAILED, RUNNING):
        return False
    same = operation.kind == "item-patch" and effect.before == effect.after
    return same and overwritten(azure, effect) is None


def never_fired() -> list[str]:
    """The rules that did not fire in any example of this process."""
    return [what for what in RULES if not FIRED[what]]


def explore(examples: int, steps: int = 15) -> str:
    """Run the machine, always the same examples; what it found, or nothing."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
        # A long story told at once is worth more here than a short one in an hour.
        phases=(Phase.explicit, Phase.generate),
    )
    machine: Any = run_state_machine_as_test  # older releases of hypothesis have no types here
    try:
        machine(Lifecycle, settings=chosen)
    except Exception as error:
        notes = "\n".join(getattr(error, "__notes__", ()))
        return f"{type(error).__name__}: {error}\n{notes}"
    return ""
