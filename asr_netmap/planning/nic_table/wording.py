"""How people are told where a value was given: in a cell of the table, or by an option."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Wording:
    """The words for a table's cells, or for the options that stand for one row.

    options -- whether it was typed.
    """

    options: bool = False

    def __str__(self) -> str:
        return "nics set" if self.options else "NIC table"

    def cell(self, name: str) -> str:
        """What the value of a column is called: ``column test_nsg``, ``--test-nsg``."""
        return f"--{name.replace('_', '-')}" if self.options else f"column {name}"

    def given(self, name: str) -> str:
        """The reason of a setting that is as somebody gave it."""
        return f"given by {self.cell(name) if self.options else 'the NIC table'}"

    def cleared(self, name: str) -> str:
        """The reason of a setting that somebody cleared."""
        return f"cleared by {self.cell(name) if self.options else 'the NIC table'}"

    def advice(self, name: str, value: str = "") -> str:
        """What to do, as the end of a sentence: ``give --subnet zeta, too``."""
        if self.options:
            return f"give {' '.join((self.cell(name), value)).rstrip()}, too"
        return f"put {value or 'one'} into the {self.cell(name)}, too"


TABLE = Wording()
OPTIONS = Wording(options=True)
