"""``python -m tests.cassettes.record``: see scripts/record_cassettes."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from asr_netmap.errors import AsrNetmapError
from asr_netmap.testing.cassette import Cassette, load, save
from asr_netmap.testing.lint import lint_cassette
from tests.cassettes import live, page
from tests.cassettes.recording import FOLDER, path_of, recorded, same
from tests.cassettes.scenarios import SCENARIOS, Scenario


def main(arguments: Sequence[str] | None = None) -> int:
    """0: recorded, or all current; 1: not current, or a command did not do what it should."""
    given = _parsed(arguments)
    try:
        if given.live is not None:
            return live.record(given.live, given.endpoint, say=print)
        return _check() if given.check else _record(given.only)
    except AsrNetmapError as error:
        print(f"record_cassettes: {error}", file=sys.stderr)
        return 1


def faults_of(scenario: Scenario, cassette: Cassette, code: int, said: str) -> list[str]:
    """What is wrong with a recording."""
    found = [f"ended with {code}, not {scenario.code}"] if code != scenario.code else []
    found += [f"did not say {text!r}" for text in scenario.says if text not in said]
    return found + [str(hit) for hit in lint_cassette(cassette, scenario.name)]


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


def _record(only: Sequence[str]) -> int:
    unknown = set(only) - {scenario.name for scenario in SCENARIOS}
    if unknown:
        print(f"no scenario is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    wrong = 0
    for scenario in SCENARIOS:
        if only and scenario.name not in only:
            continue
        cassette, faults = _made(scenario)
        for fault in faults:
            print(f"{scenario.name}: {fault}", file=sys.stderr)
        if faults:
            wrong += 1
        elif _is_current(scenario, cassette):
            print(f"{scenario.name}: is current")
        else:
            save(path_of(scenario), cassette)
            print(f"{scenario.name}: {len(cassette.interactions)} interactions")
    if not only:
        _remove_others()
    page.write()
    return 1 if wrong else 0


def _check() -> int:
    old = [s.name for s in SCENARIOS if not _is_current(s, _made(s)[0])]
    old += [path.name for path in _others()]
    old += [] if page.is_current() else [page.PATH.name]
    for name in old:
        print(f"{name}: not current; run ./scripts/record_cassettes", file=sys.stderr)
    print(f"{len(SCENARIOS) - len(old)} of {len(SCENARIOS)} cassettes are current")
    return 1 if old else 0


def _made(scenario: Scenario) -> tuple[Cassette, list[str]]:
    with tempfile.TemporaryDirectory() as folder:
        made = recorded(scenario, Path(folder))
    said = made.result.stdout + made.result.stderr
    return made.cassette, faults_of(scenario, made.cassette, made.result.exit_code, said)


def _is_current(scenario: Scenario, cassette: Cassette) -> bool:
    path = path_of(scenario)
    return path.exists() and same(load(path), cassette)


def _others() -> list[Path]:
    return sorted(set(FOLDER.glob("*.yaml")) - {path_of(scenario) for scenario in SCENARIOS})


def _remove_others() -> None:
    for path in _others():
        path.unlink()
        print(f"{path.name}: belongs to no scenario any more, removed")


if __name__ == "__main__":
    sys.exit(main())
