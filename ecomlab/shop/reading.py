"""A shop's table as it stands: CSV of any habit, parquet, Excel, or the answer to a query."""

import codecs
import csv
import io
import re
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ecomlab.errors import UserError, one_line
from ecomlab.shop.database import query_table, shown_url
from ecomlab.shop.errors import OrdersError

SEPARATORS = ",;\t|"
# What shops' files are written in, once UTF-8 is ruled out. charset-normalizer chooses.
ENCODINGS = ["cp1252", "cp1250", "cp1251", "gb18030", "big5", "shift_jis", "euc_kr", "iso8859_15"]
_HEAD = 1 << 16  # bytes looked at to tell encoding and separator


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
    bad_rows : list of int
        Rows with more fields than the header, which no rule can repair.
    """

    frame: pd.DataFrame
    source: str
    how: str = ""
    bad_rows: list = field(default_factory=list)


def read_table(data=None, query=None, settings=None):
    """Read a file or a query's answer.

    Parameters
    ----------
    data : str or Path, optional
        A .csv, .tsv, .txt (also .gz), .parquet or .xlsx file; or a database URL, with `query`.
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
    ending = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    try:
        if ending in ("parquet", "pq"):
            frame = pd.read_parquet(path).reset_index(drop=True)
            frame.index += 1
            return RawTable(frame, path.name, "parquet")
        if ending in ("xlsx", "xlsm", "xls"):
            return _from_excel(path, settings)
        return _from_csv(path, settings)
    except UserError:
        raise
    except Exception as error:  # each reader has errors of its own
        raise OrdersError(f"{path.name} cannot be read: {one_line(error)}") from None


def _from_excel(path, settings):
    sheet = settings.get("sheet", 0)
    with pd.ExcelFile(path) as book:
        if isinstance(sheet, str) and sheet not in book.sheet_names:
            raise OrdersError(f"{path.name} has no sheet {sheet!r}: {', '.join(book.sheet_names)}")
        frame = pd.read_excel(book, sheet_name=sheet)
        name = sheet if isinstance(sheet, str) else book.sheet_names[sheet]
    # A column of dates and texts together: texts, of which the dates are ISO.
    for column in frame.select_dtypes("object"):
        frame[column] = frame[column].astype("str")
    frame.index += 2
    return RawTable(frame, path.name, f"Excel, sheet {name}")


def _from_csv(path, settings):
    import gzip

    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rb") as stream:
        payload = stream.read()
    if b"\0" in payload[:_HEAD] and not payload.startswith((codecs.BOM_UTF16_LE, b"\xfe\xff")):
        raise OrdersError(f"{path.name} is no text file: give CSV, parquet or Excel")
    encoding = settings.get("encoding") or _encoding(payload)
    try:
        text = payload.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise OrdersError(f"{path.name} is not {encoding}: {one_line(error)}") from None
    del payload
    separator = settings.get("separator") or _separator(text[:_HEAD], path.name)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        frame = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            dtype="str",
            keep_default_na=False,
            na_values=[""],
            # A row of too many fields is counted, and a blank one keeps the numbering.
            on_bad_lines="warn",
            skip_blank_lines=False,
            index_col=False,
        )
    said = " ".join(str(warning.message) for warning in caught)
    bad = [int(row) for row in re.findall(r"Skipping line (\d+)", said)]
    frame.index = _row_numbers(len(frame), bad)
    shown = {"\t": "tab"}.get(separator, separator)
    return RawTable(frame, path.name, f"{encoding}, separator {shown}", bad)


def _encoding(payload):
    """Tell a file's encoding: its mark, else UTF-8 if it is that, else the likeliest."""
    if payload.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if payload.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    try:
        payload.decode("utf-8")
    except UnicodeDecodeError:
        pass
    else:
        return "utf-8"
    from charset_normalizer import from_bytes

    # Only lines with a byte beyond ASCII tell anything.
    telling = re.findall(rb"[^\n]*[\x80-\xff][^\n]*\n?", payload[: 32 * _HEAD])[:2000]
    telling = b"".join(telling)
    found = from_bytes(telling, cp_isolation=ENCODINGS).best()
    # Where several read alike, the one that Windows writes in the west.
    if found is None or str(found) == telling.decode("cp1252", errors="replace"):
        return "cp1252"
    return found.encoding


def _separator(head, name):
    """Return the separator that cuts most lines into as many fields as the first, and most."""
    lines = head.splitlines()
    lines = lines[:-1] if len(lines) > 1 and len(head) >= _HEAD else lines
    best, best_score = None, (0.0, 0)
    for separator in SEPARATORS:
        rows = [row for row in csv.reader(lines, delimiter=separator) if row]
        width = len(rows[0]) if rows else 0
        if width > 1:
            score = (round(sum(len(row) == width for row in rows) / len(rows), 1), width)
            if score > best_score:
                best, best_score = separator, score
    if best is None:
        raise OrdersError(f"{name} has one column only, or a separator other than , ; tab and |")
    header = next(csv.reader(lines, delimiter=best))
    if sum(bool(re.fullmatch(r"-?[\d.,:/ -]+", cell.strip())) for cell in header) > len(header) / 2:
        raise OrdersError(f"{name} has no header: its first line is {lines[0][:80]!r}")
    return best


def _row_numbers(n_read, bad):
    numbers = pd.RangeIndex(2, n_read + len(bad) + 2)
    return numbers.delete([row - 2 for row in bad if 0 <= row - 2 < len(numbers)])[:n_read]
