"""What a run of mutants came to: figures per module, and the survivors with their reasons."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Of a hundred mutants this many have to be noticed.
BAR = 90.0
NO_REASON = "no reason given"
# A test that runs for ever or dies notices a change as well as one that fails.
_NOTICED = frozenset({"killed", "timeout", "suspicious", "segfault"})


@dataclass(frozen=True, slots=True)
class Mutant:
    """One small change of the code.

    name -- ``package.module.x_function__mutmut_7``, as mutmut names it.
    status -- mutmut's word, such as ``killed`` or ``survived``.
    """

    name: str
    status: str

    @property
    def function(self) -> str:
        """The changed function, with its module; a method with its class."""
        place = self.name.rpartition("__mutmut_")[0]
        module, _, mangled = place.rpartition(".")
        if mangled.startswith("xǁ"):
            return f"{module}.{'.'.join(part for part in mangled[2:].split('ǁ') if part)}"
        return f"{module}.{mangled.removeprefix('x_')}"

    @property
    def module(self) -> str:
        """The changed module."""
        return self.name.rpartition("__mutmut_")[0].rpartition(".")[0]

    @property
    def noticed(self) -> bool:
        """Whether the tests noticed it."""
        return self.status in _NOTICED


def read_results(text: str) -> tuple[Mutant, ...]:
    """The mutants in what ``mutmut results --all true`` prints: a line ``name: status`` each."""
    pairs = (line.strip().rsplit(": ", 1) for line in text.splitlines() if "__mutmut_" in line)
    return tuple(Mutant(pair[0], pair[1]) for pair in pairs if len(pair) == 2)


def reason_for(mutant: Mutant, reasons: Mapping[str, str]) -> str:
    """Why it may survive, by the first pattern of a function's name that fits."""
    found = (why for pattern, why in reasons.items() if fnmatch.fnmatch(mutant.function, pattern))
    return next(found, NO_REASON)


def percent_noticed(mutants: Iterable[Mutant]) -> float:
    """Of a hundred; 0.0 where there is none, since nothing was shown then."""
    noticed = [mutant.noticed for mutant in mutants]
    return 100.0 * sum(noticed) / len(noticed) if noticed else 0.0


def table(mutants: tuple[Mutant, ...]) -> str:
    """A line for each module and one for all: mutants, how many were noticed, per cent."""
    modules = sorted({mutant.module for mutant in mutants})
    parts = [(name, [m for m in mutants if m.module == name]) for name in modules]
    lines = [_line(name, part) for name, part in (*parts, ("all", list(mutants)))]
    return "\n".join([f"{'module':<44} {'mutants':>8} {'noticed':>8} {'%':>6}", *lines])


def survivors(mutants: tuple[Mutant, ...], reasons: Mapping[str, str]) -> str:
    """A line for each function with survivors: how many, which, and why that is accepted."""
    alive = [mutant for mutant in mutants if not mutant.noticed]
    counts = Counter((mutant.function, reason_for(mutant, reasons)) for mutant in alive)
    return "\n".join(
        f"{count:>4}  {function}: {why}" for (function, why), count in sorted(counts.items())
    )


def unexplained(mutants: Iterable[Mutant], reasons: Mapping[str, str]) -> int:
    """How many survivors no reason fits."""
    return sum(not m.noticed and reason_for(m, reasons) == NO_REASON for m in mutants)


def _line(name: str, mutants: list[Mutant]) -> str:
    noticed = sum(mutant.noticed for mutant in mutants)
    return f"{name:<44} {len(mutants):>8} {noticed:>8} {percent_noticed(mutants):>6.1f}"
