"""A text file as a table: encoding, separator, header, and a quotation mark that never closes."""

import csv
import io
import re
from itertools import chain, islice

import numpy as np
import pandas as pd

from ecomlab.errors import OrdersError, one_line
from ecomlab.shop.encodings import find_encoding
from ecomlab.shop.guessing import knows
from ecomlab.shop.layout import HEAD_ROWS, column_names, find_header

SEPARATORS = ",;\t|"
_HEAD = 1 << 16  # letters looked at to tell the separator
_MORE = 30  # fields beyond the header that a row may have before it is cut
csv.field_size_limit(1 << 30)


def read_text(payload, name, settings):
    """Read the payload of a CSV file.

    Parameters
    ----------
    payload : bytes
    name : str
        The file's name, for messages.
    settings : dict
        encoding and separator, where they are not to be found out.

    Returns
    -------
    frame : DataFrame of str
        Its index holds row numbers; the file's first row is 1.
    how : str
        Encoding and separator.
    bad_rows : list of int
        Rows with more fields than the header.

    Raises
    ------
    OrdersError
        If it is no table, or a quotation mark swallows lines.
    """
    encoding = settings.get("encoding") or find_encoding(payload)
    try:
        text = payload.decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise OrdersError(f"{name} is not {encoding}: {one_line(error)}") from None
    if "\0" in text[:_HEAD]:
        raise OrdersError(f"{name} is no text file: give CSV, parquet or Excel")
    del payload
    hint = re.match(r"sep=(.)\r?\n", text)  # a line for a spreadsheet
    separator = settings.get("separator") or (hint[1] if hint else _separator(text[:_HEAD], name))
    escaped = text.replace('\\"', '""') if '\\"' in text else None
    stream = io.StringIO(text, newline="")
    del text
    try:
        frame, bad = _parse(stream, separator, name, int(bool(hint)))
    except OrdersError:
        if escaped is None:
            raise
        frame, bad = None, True
    if bad and escaped is not None:  # a database writes \" for a mark inside a text
        try:
            again = _parse(io.StringIO(escaped, newline=""), separator, name, int(bool(hint)))
        except OrdersError:
            if frame is None:
                raise
        else:
            frame, bad = again if frame is None or len(again[1]) < len(bad) else (frame, bad)
    shown = {"\t": "tab"}.get(separator, separator)
    return frame, f"{encoding}, separator {shown}", bad


def _parse(stream, separator, name, skip):
    """Return the table below the header, and the rows with more fields than that."""
    head, ends = [], []
    reader = csv.reader(stream, delimiter=separator)
    for row in islice(reader, 4 * HEAD_ROWS):
        head.append(row if len(head) >= skip else [])
        ends.append(reader.line_num)
    widths = np.fromiter(chain(map(len, head), map(len, reader)), int)
    if reader.line_num != len(widths):  # a field spans lines
        _ask_about_quotes(stream, separator, name)
    place = find_header(head, name)
    names = column_names(head[place])
    widths = widths[place + 1 :]
    stream.seek(0)
    for _ in range(ends[place]):  # on to the line after the header
        stream.readline()
    most = min(widths.max(initial=0), len(names) + _MORE)
    extra = [f"beyond {number}" for number in range(most - len(names))]
    frame = pd.read_csv(
        stream,
        sep=separator,
        header=None,
        names=[*names, *extra],
        index_col=False,
        dtype="str",
        keep_default_na=False,
        na_values=[""],
        on_bad_lines="skip",
        skip_blank_lines=False,  # a blank row keeps the numbering
    )
    numbers = pd.RangeIndex(place + 2, place + 2 + len(widths))
    cut = list(numbers[widths > len(names) + _MORE])
    frame.index = numbers.difference(cut)[: len(frame)] if cut else numbers[: len(frame)]
    bad = cut
    if extra:
        beyond = frame[extra].notna().any(axis=1)
        bad = sorted([*cut, *frame.index[beyond]])
        frame = frame.loc[~beyond, names]
    return frame, [int(row) for row in bad]


def _ask_about_quotes(stream, separator, name):
    """Stop where a field over several lines has swallowed records: its quote never closed."""
    stream.seek(0)
    reader = csv.reader(stream, delimiter=separator)
    before = 0
    for row in reader:
        if reader.line_num > before + 1:
            _look_into(row, separator, before + 1, reader.line_num, name)
        before = reader.line_num


def _look_into(row, separator, first, last, name):
    width = len(row)
    for place, field in enumerate(row):
        lines = re.split(r"\r\n|\r|\n", field)
        if len(lines) < 2:
            continue
        counts = [line.count(separator) for line in lines]
        # What was swallowed holds as many separators as whole records do.
        starts = counts[0] >= width - 1 - place and counts[0] > 0
        inside = sum(count >= max(width - 1, 1) for count in counts[1:-1])
        ends = counts[-1] >= place and counts[-1] > 0
        if (starts and (ends or inside)) or inside > 0.5 * len(counts) or inside >= 3:
            raise OrdersError(
                f"{name}: line {first} opens a quotation mark that closes in line {last}, over "
                f"{last - first} line ends: {lines[0][:60]!r}. Close or double the mark "
                f"in line {first}, or delete it"
            )


def _separator(head, name):
    """Return the separator under which a header with known names appears and rows are even."""
    lines = head.splitlines()
    lines = lines[:-1] if len(lines) > 1 and len(head) >= _HEAD else lines
    best, best_score = None, (0, 0.0, 0)
    for separator in SEPARATORS:
        rows = [row for row in csv.reader(lines, delimiter=separator) if any(row)]
        widths = pd.Series([len(row) for row in rows if len(row) > 1], dtype="int64")
        if not len(widths):
            continue
        width = int(widths.mode().iloc[-1])
        known = max(sum(map(knows, row)) for row in rows[:HEAD_ROWS])
        score = (min(known, 3), round(float((widths == width).sum() / len(rows)), 1), width)
        if score > best_score:
            best, best_score = separator, score
    if best is None:
        raise OrdersError(f"{name} has one column only, or a separator other than , ; tab and |")
    return best
