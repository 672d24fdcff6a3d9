"""cassettes/README.md: made from the scenarios and from what lies in the folder."""

from __future__ import annotations

import re

from asr_netmap.testing.cassette import load
from tests.cassettes.recording import FOLDER, path_of
from tests.cassettes.scenarios import COMMANDS, FAULTS, SCENARIOS, Scenario

PATH = FOLDER / "README.md"
_BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write() -> None:
    """Bring the generated parts up to date."""
    text = PATH.read_text(encoding="utf-8")
    PATH.write_text(generated(text), encoding="utf-8")


def is_current() -> bool:
    """Whether writing would change nothing."""
    text = PATH.read_text(encoding="utf-8")
    return text == generated(text)


def generated(text: str) -> str:
    """The page with its generated parts made anew."""
    parts = {
        "commands": lambda: _table(COMMANDS),
        "faults": lambda: _table(FAULTS),
        "messages": _messages,
        "origin": _origin,
    }
    return _BLOCK.sub(lambda m: f"{m.group(1)}{parts[m.group(2)]()}\n{m.group(3)}", text)


def _table(scenarios: tuple[Scenario, ...]) -> str:
    rows = [
        "| cassette | shows | command | exit code | requests |",
        "|---|---|---|---|---|",
    ]
    return "\n".join([*rows, *map(_row, scenarios)])


def _row(scenario: Scenario) -> str:
    cassette = load(path_of(scenario))
    cells = (
        f"[{scenario.name}]({path_of(scenario).name})",
        scenario.shows,
        f"`asr-netmap {_typed(scenario)}`",
        str(scenario.code),
        str(len(cassette.interactions)),
    )
    return f"| {' | '.join(cells)} |"


def _typed(scenario: Scenario) -> str:
    """The command without the options that all have in common."""
    text = " ".join(scenario.command)
    return re.sub(r" -g rg-vault .*?--target-region southeastasia", " …", text)


def _messages() -> str:
    """What a user gets to read, fault by fault."""
    return "\n".join(
        f"- **{scenario.name}**: {'; '.join(f'`{text}`' for text in scenario.says)}"
        for scenario in FAULTS
    )


def _origin() -> str:
    """Where, when and with what the cassettes were recorded, one line for each answer."""
    found: dict[str, int] = {}
    for scenario in SCENARIOS:
        about = load(path_of(scenario)).recorded
        assert about is not None, f"{scenario.name} does not say where it is from"
        versions = ", ".join(f"{name} {version}" for name, version in about.packages.items())
        line = f"on the {about.origin}, by {about.tool}, with {versions}"
        found[line] = found.get(line, 0) + 1
    return "\n".join(f"- {count} cassettes: {line}" for line, count in sorted(found.items()))
