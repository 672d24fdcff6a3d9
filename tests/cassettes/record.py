"""``python -m tests.cassettes.record``: see scripts/record_cassettes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from asr_netmap.errors import AsrNetmapError, UsageError
from asr_netmap.testing.cassette import Cassette, load, save
from asr_netmap.testing.lint import lint_cassette
from tests.cassettes import live, page
from tests.cassettes.recording import FOLDER, Recording, path_of, recorded, same
from tests.cassettes.scenarios import SCENARIOS, Scenario


def main(arguments: Sequence[str] | None = None) -> int:
    """0: recorded, or all current; 1: not current, or a command did not do what it should."""
    given = _parsed(arguments)
    try:
        if given.live is not None:
            connect = live.to_endpoint(given.endpoint) if given.endpoint else live.to_azure
            return live.record(given.live, connect, say=print)
        scenarios = _named(given.only)
        return _check(scenarios) if given.check else _record(scenarios)
    except AsrNetmapError as error:
        print(f"record_cassettes: {error}", file=sys.stderr)
        return 1


def faults_of(scenario: Scenario, code: int, said: str) -> list[str]:
    """What a command did other than its scenario says."""
    found = [f"ended with {code}, not {scenario.code}"] if code != scenario.code else []
    return found + [f"did not say {text!r}" for text in scenario.says if text not in said]


def _parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "scripts/record_cassettes", description="Record the scenarios into cassettes/."
    )
    parser.add_argument("only", nargs="*", metavar="NAME", help="only these scenarios")
    parser.add_argument(
        "--check", action="store_true", help="write nothing; fail if a cassette is not current"
    )
    parser.add_argument(
        "--live",
        type=Path,
        metavar="SCENARIO.yaml",
        help="record a real vault, and nothing but what this file names",
    )
    parser.add_argument(
        "--endpoint", metavar="URL", help="with --live: rehearse it on a served sandbox"
    )
    return parser.parse_args(arguments)


def _record(scenarios: Sequence[Scenario]) -> int:
    wrong = 0
    shown: dict[str, str] = {}
    for scenario in scenarios:
        made, faults = _made(scenario)
        if faults:
            wrong += 1
            continue
        shown[scenario.name] = page.block(scenario, made.result)
        if _is_current(scenario, made.cassette):
            print(f"{scenario.name}: is current")
        else:
            save(path_of(scenario), made.cassette)
            print(f"{scenario.name}: {len(made.cassette.interactions)} interactions")
    if scenarios == SCENARIOS:
        _remove_others()
    page.write(shown)
    return 1 if wrong else 0


def _check(scenarios: Sequence[Scenario]) -> int:
    old = []
    for scenario in scenarios:
        made, faults = _made(scenario)
        if faults or not _is_current(scenario, made.cassette):
            old.append(scenario.name)
    print(f"{len(scenarios) - len(old)} of {len(scenarios)} cassettes are current")
    old += [path.name for path in _others()]
    old += [] if page.is_current() else [page.PATH.name]
    for name in old:
        print(f"{name}: not current; run ./scripts/record_cassettes", file=sys.stderr)
    return 1 if old else 0


def _made(scenario: Scenario) -> tuple[Recording, list[str]]:
    """A new recording, and what is wrong with it; that is printed, too."""
    with tempfile.TemporaryDirectory() as folder:
        made = recorded(scenario, Path(folder))
    faults = faults_of(scenario, made.result.exit_code, made.result.stdout + made.result.stderr)
    faults += [str(hit) for hit in lint_cassette(made.cassette, scenario.name)]
    for fault in faults:
        print(f"{scenario.name}: {fault}", file=sys.stderr)
    return made, faults


def _is_current(scenario: Scenario, cassette: Cassette) -> bool:
    path = path_of(scenario)
    return path.exists() and same(load(path), cassette)


def _named(names: Sequence[str]) -> tuple[Scenario, ...]:
    """The scenarios of these names; none named: all. Raises UsageError."""
    unknown = sorted(set(names) - {scenario.name for scenario in SCENARIOS})
    if unknown:
        raise UsageError(
            f"No scenario is called {', '.join(unknown)}.",
            "tests/cassettes/scenarios.py lists them.",
        )
    return tuple(each for each in SCENARIOS if not names or each.name in names)


def _others() -> list[Path]:
    return sorted(set(FOLDER.glob("*.yaml")) - {path_of(scenario) for scenario in SCENARIOS})


def _remove_others() -> None:
    for path in _others():
        path.unlink()
        print(f"{path.name}: belongs to no scenario any more, removed")


if __name__ == "__main__":
    sys.exit(main())
