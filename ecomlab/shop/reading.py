"""A shop's table as it stands: CSV of any habit, parquet, Excel, or the answer to a query."""

import gzip
import io
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ecomlab.errors import OrdersError, UserError, one_line
from ecomlab.shop.database import query_table, shown_url
from ecomlab.shop.guessing import knows
from ecomlab.shop.layout import HEAD_ROWS, column_names, find_header, trim
from ecomlab.shop.textfiles import read_text

__all__ = ["RawTable", "read_table"]

_TABLES = (
    ".csv",
    ".tsv",
    ".txt",
    ".tab",
    ".gz",
    ".parquet",
    ".pq",
    ".xlsx",
    ".xlsm",
    ".xls",
    ".ods",
)


@dataclass
class RawTable:
    """A table as read, before any meaning is given to its columns.

    Attributes
    ----------
    frame : DataFrame
        Texts where the source has no types. Its index holds row numbers as the source
        shows them: the header of a CSV or Excel file is row 1.
    source : str
        File name, or the kind of database.
    how : str
        What was found out: encoding, separator, sheet.
    notes : list of str
        What stood around the table and was left out.
    bad_rows : list of int
        Rows with more fields than the header, which no rule can repair.
    """

    frame: pd.DataFrame
    source: str
    how: str = ""
    notes: list = field(default_factory=list)
    bad_rows: list = field(default_factory=list)


def read_table(data=None, query=None, settings=None):
    """Read a file or a query's answer.

    Parameters
    ----------
    data : str or Path, optional
        A .csv, .tsv, .txt, .parquet, .xlsx, .xls or .ods file, also as .gz or alone in a .zip;
        or a database URL, with `query`.
    query : str, optional
        SQL. Without `data` it runs in DuckDB, which reads files by name.
    settings : dict, optional
        encoding, separator and sheet, where they are not to be found out.

    Returns
    -------
    RawTable

    Raises
    ------
    OrdersError
        If it cannot be read or holds nothing.
    """
    settings = settings or {}
    if query:
        frame, source = query_table(str(data or "duckdb://"), query)
        table = RawTable(frame, source, " ".join(query.split())[:200])
    elif data is None:
        raise OrdersError("name the orders with --data, or ask for them with --query")
    elif "://" in str(data):
        raise OrdersError(f"{shown_url(data)} is a database: say what to read with --query")
    else:
        table = _from_file(Path(data), settings)
    if table.frame.empty and table.bad_rows:
        raise OrdersError(
            f"{table.source}: every line has more fields than the header, as where a comma "
            f"stands in a number without quotation marks"
        )
    if table.frame.empty:
        raise OrdersError(f"{table.source} holds no lines")
    table.frame.columns = [str(name).strip() for name in table.frame.columns]
    twice = sorted({name for name in table.frame if list(table.frame).count(name) > 1})
    if twice:
        raise OrdersError(f"{table.source} names a column twice: {', '.join(twice)}")
    return table


def _from_file(path, settings):
    if not path.is_file():
        raise OrdersError(f"no such file: {path}")
    if not path.stat().st_size:
        raise OrdersError(f"{path.name} is empty")
    try:
        if path.suffix.lower() in (".parquet", ".pq"):
            frame = pd.read_parquet(path).reset_index(drop=True)
            frame.index += 1
            return RawTable(frame, path.name, "parquet")
        return _from_payload(path.read_bytes(), path.name, settings)
    except UserError:
        raise
    except Exception as error:  # each reader has errors of its own
        raise OrdersError(f"{path.name} cannot be read: {one_line(error)}") from None


def _from_payload(payload, name, settings):
    """Read a file's bytes by what they are: an ending may say something else."""
    if payload.startswith(b"\x1f\x8b"):
        return _from_payload(gzip.decompress(payload), name, settings)
    if payload.startswith(b"\xd0\xcf\x11\xe0"):  # the old Excel
        return _from_workbook(payload, name, settings)
    if payload.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(payload)) as archive:
            members = archive.namelist()
            if {"[Content_Types].xml", "mimetype"} & set(members):
                return _from_workbook(payload, name, settings)
            inside = [
                one
                for one in members
                if one.lower().endswith(_TABLES) and not one.startswith(("__MACOSX", "."))
            ]
            if len(inside) != 1:
                told = ", ".join(inside[:5]) or "none"
                raise OrdersError(
                    f"{name} must hold one table and holds {len(inside)}: {told}. Take out the "
                    f"one of lines; orders and lines in two files can be joined with --query"
                )
            member = archive.read(inside[0])
        if inside[0].lower().endswith((".parquet", ".pq")):
            frame = pd.read_parquet(io.BytesIO(member)).reset_index(drop=True)
            frame.index += 1
            return RawTable(frame, name, f"parquet, {inside[0]}")
        table = _from_payload(member, name, settings)
        table.how = f"{inside[0]}, {table.how}"
        return table
    if payload[:400].lstrip().lower().startswith((b"<!doctype", b"<html", b"<?xml", b"<table")):
        raise OrdersError(f"{name} is a web page, whatever its name: save it as CSV or .xlsx")
    frame, how, bad_rows = read_text(payload, name, settings)
    notes = []
    return RawTable(trim(frame, notes), name, how, notes, bad_rows)


def _from_workbook(payload, name, settings):
    """Read a spreadsheet: the sheet asked for, or the one that holds a table."""
    wanted = settings.get("sheet")
    with pd.ExcelFile(io.BytesIO(payload), engine="calamine") as book:
        names = book.sheet_names
        if isinstance(wanted, str) and wanted not in names:
            raise OrdersError(f"{name} has no sheet {wanted!r}: {', '.join(names)}")
        chosen = names if wanted is None else [names[wanted] if isinstance(wanted, int) else wanted]
        sheets = {}
        for sheet in chosen:
            rows = pd.read_excel(book, sheet_name=sheet, header=None, dtype="object")
            if len(rows) > 1:
                sheets[sheet] = rows
    tables = {sheet: _sheet_table(rows, name, sheet) for sheet, rows in sheets.items()}
    tables = {sheet: table for sheet, table in tables.items() if table is not None}
    if not tables:
        raise OrdersError(f"{name} holds no lines under a header")
    if len(tables) > 1:
        # Sheets beside the table, of notes or sums, name fewer columns that an order has.
        known = {sheet: sum(map(knows, table[0])) for sheet, table in tables.items()}
        tables = {s: t for s, t in tables.items() if known[s] >= max(2, max(known.values()) - 1)}
    heads = {tuple(table[0].columns) for table in tables.values()}
    if len(heads) > 1:
        raise OrdersError(
            f"{name} has several sheets with a table ({', '.join(tables)}): name one by "
            f"sheet = under [read] in the columns' TOML"
        )
    frames, notes, start = [], [], 0
    for frame, said in tables.values():
        frame.index += start
        start = int(frame.index[-1])
        frames.append(frame)
        notes += said
    if len(frames) > 1:
        notes.append(f"{len(frames)} sheets with one header joined, their rows counted on")
    frame = pd.concat(frames) if len(frames) > 1 else frames[0]
    return RawTable(frame, name, f"spreadsheet, sheet {', '.join(tables)}", notes)


def _sheet_table(rows, name, sheet):
    """Return a sheet's table and notes on it, or None where it has no header."""
    head = rows.head(4 * HEAD_ROWS).astype("str").where(rows.head(4 * HEAD_ROWS).notna(), "")
    try:
        place = find_header(head.to_numpy().tolist(), f"{name}, sheet {sheet}")
    except OrdersError:
        return None
    frame = rows.iloc[place + 1 :].set_axis(column_names(head.iloc[place]), axis=1)
    frame.index = pd.RangeIndex(place + 2, place + 2 + len(frame))
    notes = []
    frame = trim(frame, notes).infer_objects()
    for column in frame.select_dtypes(["object", "str"]):
        # Dates or numbers together with texts: texts, of which the dates are ISO.
        values = frame[column]
        frame[column] = values.astype("str").where(values.notna())
    return (frame, notes) if len(frame) else None
