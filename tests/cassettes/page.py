"""cassettes/README.md: made from the scenarios and from what lies in the folder."""

from __future__ import annotations

import re
from collections.abc import Mapping

from asr_netmap.testing import CliResult, guids
from asr_netmap.testing.cassette import load
from tests.cassettes.recording import FOLDER, path_of
from tests.cassettes.scenarios import COMMANDS, FAULTS, SCENARIOS, WHERE, Scenario

PATH = FOLDER / "README.md"
_SHOWN = re.compile(r"^### ([\w-]+)\n\n```text\n.*?\n```\n", re.DOTALL | re.MULTILINE)
# How long the process took, and the digest of a plan whose tenant is another one.
_ITS_OWN = re.compile(r"^ +\d+\.\d s  |[0-9a-f]{64}", re.MULTILINE)
_BLOCK = re.compile(r"(<!-- generated: ([\w-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write(shown: Mapping[str, str]) -> None:
    """Bring the generated parts up to date; `shown`: the blocks that were made, by scenario."""
    text = PATH.read_text(encoding="utf-8")
    PATH.write_text(generated(text, shown), encoding="utf-8")


def is_current() -> bool:
    """Whether writing would change nothing; the blocks are compared where commands are run."""
    text = PATH.read_text(encoding="utf-8")
    return text == generated(text, {})


def generated(text: str, shown: Mapping[str, str]) -> str:
    """The page with its generated parts made anew; blocks that are not given stay."""
    blocks = {**_blocks_in(text), **shown}
    parts = {
        "commands": lambda: _table(COMMANDS),
        "faults": lambda: _table(FAULTS),
        "messages": lambda: "\n".join(blocks[each.name] for each in FAULTS if each.name in blocks),
        "files": _files,
        "origin": _origin,
    }
    return _BLOCK.sub(lambda m: f"{m.group(1)}{parts[m.group(2)]()}\n{m.group(3)}", text)


def _blocks_in(text: str) -> dict[str, str]:
    return {match.group(1): match.group() for match in _SHOWN.finditer(text)}


def _files() -> str:
    """What lies in the current folder of the commands that read files."""
    found = {name: text for each in SCENARIOS for name, text in each.files.items()}
    return "\n".join(f"`{name}`:\n\n```text\n{text}```\n" for name, text in found.items())


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
    """The command without the options that nearly all have in common."""
    return " ".join(scenario.command).replace(" ".join(WHERE), "…")


def block(scenario: Scenario, result: CliResult) -> str:
    """What a user gets to read, word for word; times and real ids are left out."""
    lines = [
        line.rstrip()
        for line in comparable(result.stdout + result.stderr).splitlines()
        if not line.startswith("CASSETTE ")
    ]
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines).strip())
    return f"### {scenario.name}\n\n```text\n{text}\n```\n"


def comparable(text: str) -> str:
    """What was printed, with the ids that the cassette has in the place of real ones."""
    return _ITS_OWN.sub("", guids.replaced(text))


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
