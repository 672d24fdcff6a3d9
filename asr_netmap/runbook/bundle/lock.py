"""Reading the lock: which packages a target needs, and the hashes of their files.

The lock serves every Python and platform. pip judges its environment markers by the Python that
pip runs on, whatever ``--python-version`` says (pip 26, tried), so they are judged here.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from asr_netmap.errors import FileError
from asr_netmap.files import read_text
from asr_netmap.runbook.bundle.target import Target

LOCK = Path(__file__).with_name("requirements.lock")

_MOST_READ = 4 * 1024 * 1024
_PIN = re.compile(r"([A-Za-z0-9][\w.-]*)==([^\s;]+)\s*(?:;\s*(.*?))?\s*\\?")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_VERSIONS = frozenset({"python_version", "python_full_version"})
_COMPARISONS: dict[type[ast.cmpop], Callable[[object, object], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,  # type: ignore[dict-item]  # -- both sides are of one kind by then
    ast.LtE: operator.le,  # type: ignore[dict-item]  # -- as above
    ast.Gt: operator.gt,  # type: ignore[dict-item]  # -- as above
    ast.GtE: operator.ge,  # type: ignore[dict-item]  # -- as above
}


@dataclass(frozen=True, slots=True)
class Pin:
    """One package of one version; `hashes` are the SHA-256 of every file that may be it."""

    name: str
    version: str
    marker: str
    hashes: frozenset[str]

    @property
    def title(self) -> str:
        """Such as ``azure-core 1.41.0``."""
        return f"{self.name} {self.version}"

    @property
    def requirement(self) -> str:
        """As pip reads it, hashes included and the marker left out."""
        hashes = [f"--hash=sha256:{digest}" for digest in sorted(self.hashes)]
        return " \\\n    ".join([f"{self.name}=={self.version}", *hashes])


def pins_for(target: Target, lock: Path = LOCK) -> tuple[Pin, ...]:
    """The pins that hold for a target, by name. Raises FileError."""
    pins = parse_lock(read_text(lock, "lock file", _MOST_READ), lock)
    return tuple(
        pin for pin in pins if not pin.marker or marker_holds(pin.marker, target.markers, lock)
    )


def parse_lock(text: str, path: Path) -> list[Pin]:
    """All pins of a lock, whatever their markers say. Raises FileError."""
    pins: list[Pin] = []
    for block in re.split(r"\n(?=[A-Za-z0-9])", "\n" + text):
        head = block.strip().split("\n", 1)[0]
        if not head or head.startswith("#"):
            continue
        found = _PIN.fullmatch(head)
        hashes = frozenset(_HASH.findall(block))
        if found is None or not hashes:
            raise _unreadable(path, head)
        pins.append(Pin(found.group(1), found.group(2), found.group(3) or "", hashes))
    return sorted(pins, key=lambda pin: (pin.name, pin.marker))


def marker_holds(marker: str, variables: Mapping[str, str], path: Path) -> bool:
    """Whether an environment marker (PEP 508) holds.

    Of its language only what Python's own grammar shares with it: comparisons, ``and``, ``or``,
    brackets. Raises FileError for anything else, since a wrong guess would leave out a package.
    """
    try:
        return _truth(ast.parse(marker, mode="eval").body, variables)
    except (SyntaxError, KeyError, ValueError, TypeError):
        raise _unreadable(path, marker) from None


def _truth(node: ast.expr, variables: Mapping[str, str]) -> bool:
    if isinstance(node, ast.BoolOp):
        values = [_truth(each, variables) for each in node.values]
        return all(values) if isinstance(node.op, ast.And) else any(values)
    if isinstance(node, ast.Compare) and len(node.ops) == 1:
        sides = (node.left, node.comparators[0])
        names = {side.id for side in sides if isinstance(side, ast.Name)}
        left, right = (_value(side, variables, versions=bool(names & _VERSIONS)) for side in sides)
        return _COMPARISONS[type(node.ops[0])](left, right)
    raise ValueError


def _value(node: ast.expr, variables: Mapping[str, str], *, versions: bool) -> object:
    if isinstance(node, ast.Name):
        text = variables[node.id]
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value
    else:
        raise ValueError
    if not versions:
        return text
    parts = [int(part) for part in text.split(".")]
    while len(parts) > 1 and parts[-1] == 0:  # 3.11 and 3.11.0 are one version
        parts.pop()
    return tuple(parts)


def _unreadable(path: Path, line: str) -> FileError:
    return FileError(
        f"The lock file {path} holds a line that is not understood: {line[:120]}",
        "It has to be one that scripts/lock wrote; install asr-netmap anew.",
    )
