"""The NIC table as JSON: the same columns, with lists, true and false, and null for empty."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from asr_netmap.planning.nic_setting import FIELDS, ValueType
from asr_netmap.planning.nic_table.cells import CellValue, text_of, value_of
from asr_netmap.planning.nic_table.checks import Known, all_mistakes, key_mistakes, key_of
from asr_netmap.planning.nic_table.csv_text import decoded, read_csv
from asr_netmap.planning.nic_table.mistakes import TableMistake, raise_mistakes
from asr_netmap.planning.nic_table.rows import COLUMNS, EDITABLE, KEYS, SEEN, Row
from asr_netmap.settings.checks import kind_of, suggestion

TABLE_SCHEMA = "asr-netmap/nic-table/1"

# Keys of one object, in their order and with those given twice.
_Pairs = list[tuple[str, Any]]

_SWITCHES = {"TRUE": True, "FALSE": False}
_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|[{}\[\]\n]', re.DOTALL)


class _Object(dict[str, Any]):
    """A JSON object that remembers which keys were given twice."""

    def __init__(self, pairs: _Pairs) -> None:
        super().__init__(pairs)
        names = [name for name, _ in pairs]
        self.twice = sorted({name for name in names if names.count(name) > 1})


def to_json(rows: Iterable[Row]) -> str:
    """The table as a JSON document; what is unset is null."""
    document = {"schema": TABLE_SCHEMA, "rows": [row_document(row) for row in rows]}
    return table_text(document)


def table_text(document: Mapping[str, Any]) -> str:
    """A table's document as text, all ASCII; without what Azure Pipelines takes for a command."""
    return json.dumps(document, indent=1, ensure_ascii=True).replace("##", "\\u0023#") + "\n"


def row_document(row: Row) -> dict[str, Any]:
    """A row as JSON: every column, in the order of the CSV."""
    keys = dict(zip(KEYS, (str(row.vm_id), row.nic, row.ip_config), strict=True))
    given = {name: _json_value(value) for name, value in row.given.items()}
    seen: dict[str, Any] = {**row.seen}
    if "source_static" in seen:
        seen["source_static"] = _SWITCHES.get(row.seen["source_static"], row.seen["source_static"])
    cells = {**keys, **seen, **given}
    return {name: cells.get(name) for name in COLUMNS}


def read_table(data: str | bytes, where: str, inventory: Known = None) -> tuple[Row, ...]:
    """The rows of a table in CSV or JSON, whichever it is. Raises SettingsError."""
    text = decoded(data, where)
    read = read_json if text.lstrip()[:1] in {"{", "["} else read_csv
    return read(text, where, inventory)


def read_json(data: str | bytes, where: str, inventory: Known = None) -> tuple[Row, ...]:
    """The rows of a table; `where` is the file's name for messages.

    data -- what `to_json` wrote, or a plain list of rows; columns may be left out.
    inventory -- as just read, or those of several vaults: then names that nothing has are
        mistakes, too.
    Raises SettingsError that lists every mistake with its line and column.
    """
    text = decoded(data, where)
    mistakes: list[TableMistake] = []
    rows = tuple(_rows(text, mistakes))
    raise_mistakes(where, (*mistakes, *all_mistakes(rows, inventory)), rows)
    return rows


def _json_value(value: CellValue) -> Any:
    if isinstance(value, tuple):
        return [str(each) for each in value]
    return value if isinstance(value, bool) else text_of(value)


def _rows(text: str, mistakes: list[TableMistake]) -> Iterator[Row]:
    try:
        document = json.loads(text, object_pairs_hook=_Object)
    except json.JSONDecodeError as error:
        mistakes.append(TableMistake(error.lineno, "", f"is no JSON: {error.msg}"))
        return
    except (RecursionError, ValueError):  # numbers with too many digits are ValueErrors
        mistakes.append(TableMistake(0, "", "is no table: nested too deeply, or a huge number"))
        return
    listed = list(_listed(document, mistakes))
    for line, row in zip(_lines(text, in_list=isinstance(document, list)), listed, strict=False):
        made = _row(line, row, mistakes)
        if made is not None:
            yield made


def _listed(document: Any, mistakes: list[TableMistake]) -> Sequence[Any]:
    rows = document
    if isinstance(document, _Object):
        rows = document.get("rows")
        schema = document.get("schema", TABLE_SCHEMA)
        if schema != TABLE_SCHEMA:
            text = f"is no NIC table: its schema is {str(schema)[:60]!r}, not {TABLE_SCHEMA!r}"
            mistakes.append(TableMistake(0, "", text))
            return ()
        unknown = set(document) - {"schema", "rows", "sandbox", "cassette"}
        mistakes += [TableMistake(0, repr(name), "is unknown") for name in sorted(unknown)]
        mistakes += [TableMistake(0, repr(name), "is there twice") for name in document.twice]
    if not isinstance(rows, list):
        mistakes.append(TableMistake(0, "rows", f"must be a list, not {kind_of(rows)}"))
        return ()
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, _Object):
            text = f"entry {place} of rows must be an object, not {kind_of(row)}"
            mistakes.append(TableMistake(0, "", text))
    return [row for row in rows if isinstance(row, _Object)]


def _lines(text: str, *, in_list: bool) -> Iterator[int]:
    """The line that each row's object starts in: the objects directly in the outer list."""
    depth, line = 0, 1
    level = 1 if in_list else 2
    for token in _TOKEN.finditer(text):
        mark = token.group()
        if mark == "\n":
            line += 1
        elif mark in {"{", "["}:
            if mark == "{" and depth == level:
                yield line
            depth += 1
        elif mark in {"}", "]"}:
            depth -= 1


def _row(line: int, row: _Object, mistakes: list[TableMistake]) -> Row | None:
    mistakes += [TableMistake(line, name, "is there twice") for name in row.twice]
    texts: dict[str, str] = {}
    given: dict[str, CellValue] = {}
    for title, value in row.items():
        name = title.lower()
        if name not in COLUMNS:
            text = f"is unknown{suggestion(title, COLUMNS)}"
            mistakes.append(TableMistake(line, repr(title)[:60], text))
        elif value is None or value == "":
            continue
        elif name in EDITABLE:
            try:
                given[name] = _value(name, value)
            except ValueError as error:
                mistakes.append(TableMistake(line, name, str(error)))
        elif isinstance(value, str):
            texts[name] = value.strip()
        elif isinstance(value, bool) and name in SEEN:
            texts[name] = text_of(value)
        elif name in KEYS:
            mistakes.append(TableMistake(line, name, f"must be a text, not {kind_of(value)}"))
    mistakes += key_mistakes(line, {name: texts.get(name, "") for name in KEYS})
    key = key_of(texts)
    seen = {name: texts[name] for name in SEEN if name in texts}
    return Row(*key, seen, _in_order(given), line) if key is not None else None


def _in_order(given: Mapping[str, CellValue]) -> Mapping[str, CellValue]:
    return {name: given[name] for name in EDITABLE if name in given}


def _value(name: str, value: Any) -> CellValue:
    kind = FIELDS[name].type
    if isinstance(value, list) and kind is ValueType.IDS:
        if not value or not all(isinstance(each, str) for each in value):
            raise ValueError('must be a list of ids; null leaves it, "none" clears it')
        return value_of(name, " ".join(value))
    if isinstance(value, bool) and kind is ValueType.FLAG:
        return value_of(name, text_of(value))
    if not isinstance(value, str):
        raise ValueError(f"must be a text, not {kind_of(value)}")
    return value_of(name, value.strip())
