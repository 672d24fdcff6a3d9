"""The NIC table: one row per IP config of the whole estate, for people and spreadsheets to edit.

    Inventory ──rows──► Row ──csv_text, json_text──► file ──► edited ──► file
                                                                          │
    Plan ◄──table_plan── NicException ◄──exceptions── Row ◄──checks── csv_text, json_text

A row has keys (VM, NIC, IP config), what is (read-only), and what should be (editable). An empty
cell leaves a setting as it is, ``dynamic`` or ``none`` clears it, anything else is its value; so
a table that was exported and not edited asks for nothing. A table with one mistake is refused
whole, with every mistake in it.
"""

from __future__ import annotations

from asr_netmap.planning.nic_table.checks import stale_rows
from asr_netmap.planning.nic_table.csv_text import read_csv, to_csv
from asr_netmap.planning.nic_table.exceptions import table_to_exceptions
from asr_netmap.planning.nic_table.json_text import read_json, read_table, to_json
from asr_netmap.planning.nic_table.rows import COLUMNS, Row, items_without_rows, nic_rows

__all__ = [
    "COLUMNS",
    "Row",
    "items_without_rows",
    "nic_rows",
    "read_csv",
    "read_json",
    "read_table",
    "stale_rows",
    "table_to_exceptions",
    "to_csv",
    "to_json",
]
