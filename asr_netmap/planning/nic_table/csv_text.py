"""The NIC table as CSV: what spreadsheets write in any country, and nothing that they would run.

Written as UTF-8 with a byte order mark, without which Excel takes another encoding; with commas
and CRLF (RFC 4180). Read with commas, semicolons or tabs, whichever the heading shows.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from asr_netmap.planning.nic_table.cells import CellValue, text_of, value_of
from asr_netmap.planning.nic_table.checks import Known, all_mistakes, key_mistakes, key_of
from asr_netmap.planning.nic_table.mistakes import TableMistake, raise_mistakes
from asr_netmap.planning.nic_table.rows import COLUMNS, EDITABLE, KEYS, SEEN, Row
from asr_netmap.settings.checks import suggestion

_DELIMITERS = (",", ";", "\t")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What a spreadsheet takes for a formula, full-width forms too; and the mark that keeps it from
# that, so that taking the mark away again gives back what was there.
_NEEDS_MARK = re.compile(r"\s*[=+\-@'\uff1d\uff0b\uff0d\uff20]|[\t\r]")
# Excel writes and reads a first line that names the delimiter.
_NAMED_DELIMITER = re.compile(r"\A\"?sep=(?P<delimiter>[,;\t])\"?(\r\n|\n|\r)", re.IGNORECASE)


def to_csv(rows: Iterable[Row]) -> str:
    """The table as CSV text that starts with a byte order mark; write it as UTF-8."""
    out = io.StringIO(newline="")
    out.write("\ufeff")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        given = {name: text_of(value) for name, value in row.given.items()}
        keys = (str(row.vm_id), row.nic, row.ip_config)
        cells = dict(zip(KEYS, keys, strict=True)) | dict(row.seen) | given
        writer.writerow([_marked(cells.get(name, "")) for name in COLUMNS])
    return out.getvalue()


def read_csv(data: str | bytes, where: str, inventory: Known = None) -> tuple[Row, ...]:
    """The rows of a table; `where` is the file's name for messages.

    inventory -- as just read, or those of several vaults: then names that nothing has are
        mistakes, too.
    Raises SettingsError that lists every mistake with its line and column.
    """
    text = decoded(data, where)
    mistakes: list[TableMistake] = []
    rows = tuple(_rows(text, mistakes))
    raise_mistakes(where, (*mistakes, *all_mistakes(rows, inventory)), rows)
    return rows


def decoded(data: str | bytes, where: str) -> str:
    """The text of a file without its byte order mark. Raises SettingsError."""
    if isinstance(data, str):
        return data.removeprefix("\ufeff")
    encoding = "utf-8"
    for mark, named in _MARKS:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], named
            break
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        advice = f"is not {encoding.upper()}; save it as CSV UTF-8 (Excel has that file type)"
        raise_mistakes(where, [TableMistake(line, "", advice)])
        raise AssertionError("one mistake is an error") from None
    if "\0" in text:
        advice = "holds NUL characters: it is no CSV, or in UTF-16 without a byte order mark"
        raise_mistakes(where, [TableMistake(text.count("\n", 0, text.index("\0")) + 1, "", advice)])
    return text


def _marked(text: str) -> str:
    return f"'{text}" if _NEEDS_MARK.match(text) else text


def _unmarked(text: str) -> str:
    return text[1:] if text.startswith("'") and _NEEDS_MARK.match(text[1:]) else text


def _rows(text: str, mistakes: list[TableMistake]) -> Iterator[Row]:
    lines = 0
    named = _NAMED_DELIMITER.match(text)
    if named is not None:
        text, lines = text[named.end() :], 1
    delimiter = named["delimiter"] if named else _delimiter(text)
    records = _records(text, delimiter, lines, mistakes)
    line, header = next(records, (0, ()))
    if not line:
        if not mistakes:
            mistakes.append(TableMistake(0, "", "is empty; its first line names the columns"))
        return
    columns = list(_columns(line, header, mistakes))
    missing = [name for name in KEYS if name not in columns]
    mistakes += [TableMistake(line, name, "is missing; rows are known by it") for name in missing]
    for line, cells in records:
        row = _row(line, columns, cells, mistakes)
        if row is not None and not missing:
            yield row


def _delimiter(text: str) -> str:
    """The one that makes the most known columns of the heading."""

    def known(delimiter: str) -> int:
        header = next(_records(text, delimiter, 0, []), (0, ()))[1]
        return sum(1 for name in header if name.lower() in COLUMNS)

    return max(_DELIMITERS, key=known)


def _records(
    text: str, delimiter: str, lines: int, mistakes: list[TableMistake]
) -> Iterator[tuple[int, Sequence[str]]]:
    """Every record that is not empty, with the line that it starts in."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = lines + reader.line_num + 1
        try:
            record = next(reader, None)
        except csv.Error as error:
            mistakes.append(TableMistake(line, "", f"is no CSV: {error}"))
            return
        if record is None:
            return
        cells = [_unmarked(cell.strip()) for cell in record]
        if any(cells):
            yield line, cells


def _columns(line: int, header: Sequence[str], mistakes: list[TableMistake]) -> Iterator[str]:
    seen: set[str] = set()
    for place, title in enumerate(header, start=1):
        name = title.lower()
        if name and name not in COLUMNS:
            text = f"is unknown{suggestion(title, COLUMNS)}"
            mistakes.append(TableMistake(line, _short(title), text))
        elif name in seen and name:
            text = f"is there twice, the second time as number {place}"
            mistakes.append(TableMistake(line, name, text))
            name = ""
        seen.add(name)
        yield name


def _short(title: str) -> str:
    text = repr(title)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _row(
    line: int, columns: Sequence[str], cells: Sequence[str], mistakes: list[TableMistake]
) -> Row | None:
    texts: dict[str, str] = {}
    for place, cell in enumerate(cells):
        name = columns[place] if place < len(columns) else ""
        if cell and not name:
            text = f"cell {place + 1} has a value and its column has no name"
            mistakes.append(TableMistake(line, "", text))
        elif cell:
            texts[name] = cell
    mistakes += key_mistakes(line, {name: texts.get(name, "") for name in KEYS if name in columns})
    key = key_of(texts)
    given = _given(line, texts, mistakes)
    if key is None:
        return None
    return Row(*key, {name: texts[name] for name in SEEN if name in texts}, given, line)


def _given(
    line: int, texts: Mapping[str, str], mistakes: list[TableMistake]
) -> Mapping[str, CellValue]:
    given: dict[str, CellValue] = {}
    for name in EDITABLE:
        if name in texts:
            try:
                given[name] = value_of(name, texts[name])
            except ValueError as error:
                mistakes.append(TableMistake(line, name, str(error)))
    return given
