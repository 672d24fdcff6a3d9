"""The rows of a page as CSV (RFC 4180), safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import io

from asr_netmap.report.inert import csv_cells
from asr_netmap.report.page import Table


def csv_rows(table: Table) -> str:
    """The table as CSV with a heading row and line feeds at line ends."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(table.columns)
    writer.writerows(csv_cells(row) for row in table.rows)
    return out.getvalue()
