"""Where in a sheet or file the table stands: title rows above, headers inside, totals below."""

import re

import pandas as pd

from ecomlab.errors import OrdersError
from ecomlab.shop.dates import MONTHS
from ecomlab.shop.guessing import knows, name_score, tokens, words

HEAD_ROWS = 60  # rows among which the header is sought
TOTALS = frozenset(
    [
        "total",
        "totals",
        "subtotal",
        "grandtotal",
        "summe",
        "gesamt",
        "gesamtsumme",
        "zwischensumme",
        "somme",
        "totaux",
        "totale",
        "suma",
        "totales",
        "soma",
        "celkem",
        "suma",
        "razem",
        "toplam",
        "sum",
        "合计",
        "总计",
        "小计",
        "合計",
        "小計",
        "総計",
        "합계",
        "총계",
    ]
)
_PERIOD_WORDS = """
daily weekly monthly quarterly yearly annual day week month quarter year of for the
tages wochen monats quartals jahres tag woche monat quartal jahr fur im
journalier mensuel annuel jour semaine mois annee du de diario mensual anual dia mes ano del
"""
PERIODS = frozenset(_PERIOD_WORDS.split())
_SOME_TOTAL = f"(?i){'|'.join(sorted(TOTALS))}"


def find_header(rows, source):
    """Return the place of the header among a table's first rows.

    Parameters
    ----------
    rows : list of list of str
        The first rows as they stand, blank ones too.
    source : str
        For the message.

    Returns
    -------
    int

    Raises
    ------
    OrdersError
        If no row names columns.
    """
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    usual = sorted(one for one in filled if one)
    if not usual:
        raise OrdersError(f"{source} holds no lines")
    width = max(2, usual[len(usual) // 2] // 2)
    best, most = None, (-1, 0)
    for place, row in enumerate(rows[:HEAD_ROWS]):
        named = [cell for cell in row if cell.strip()]
        if filled[place] < width or sum(map(_is_value, named)) > len(named) / 2:
            continue
        score = (sum(map(_names_column, named)), -place)
        if score[0] > most[0]:
            best, most = place, score
    if best is None:
        first = next(row for row, n in zip(rows, filled, strict=True) if n)
        shown = ", ".join(first)[:80]
        raise OrdersError(f"{source} has no header: its first line is {shown!r}")
    return best


def column_names(header):
    """Return names for a header's cells: none twice, none empty."""
    names = []
    for place, cell in enumerate(header, 1):
        name = " ".join(str(cell).split()) or f"column {place}"
        copy, number = name, 1
        while copy in names:
            copy, number = f"{name}.{number}", number + 1
        names.append(copy)
    return names


def trim(frame, notes):
    """Leave out what is no line: blank edges, the header again, totals, notes below the table.

    Parameters
    ----------
    frame : DataFrame
        Below the header; its index holds row numbers.
    notes : list of str
        What was left out is added here.

    Returns
    -------
    DataFrame
    """
    frame = frame.loc[
        :, [not name.startswith("column ") or frame[name].notna().any() for name in frame]
    ]
    filled = frame.notna().sum(axis=1)
    if not (filled > 0).any():
        return frame.iloc[:0]
    # Blank rows at the edges are layout; one in the middle is counted with the dropped lines.
    places = (filled > 0).to_numpy().nonzero()[0]
    frame = frame.iloc[places[0] : places[-1] + 1]
    end = _end_of_lines(frame, filled.loc[frame.index])
    below = frame.index[end:][(filled.loc[frame.index[end:]] > 0).to_numpy()]
    frame = frame.iloc[:end]
    filled = filled.loc[frame.index]
    texts = frame.loc[:, [not pd.api.types.is_numeric_dtype(frame[name].dtype) for name in frame]]
    again = _equals_header(texts, frame.columns)
    if again.any():
        notes.append(f"the header again in rows {some(frame.index[again])}")
    total = _is_total(texts, filled) & ~again
    if total.any():
        notes.append(f"totals in rows {some(frame.index[total])} left out")
    if len(below):
        notes.append(f"notes below the table in rows {some(below)} left out")
    return frame[~(again | total)]


def _end_of_lines(frame, filled):
    """Return how many rows come before the notes below a table.

    A note fills few cells, and not those that lines with few cells fill elsewhere.
    """
    sparse = (filled < max(2, 0.5 * filled[filled > 0].median())).to_numpy()
    end = len(frame)
    while end > 1 and sparse[end - 1]:
        end -= 1
    if len(frame) - end > HEAD_ROWS:
        return len(frame)
    there = frame.iloc[:end].notna()
    for place in range(len(frame) - 1, end - 1, -1):
        pattern = frame.iloc[place].notna()
        if pattern.any() and (there == pattern).all(axis=1).sum() > 1:
            return place + 1
    return end


def _equals_header(texts, names):
    """Tell which rows repeat the header."""
    if not texts.shape[1]:
        return pd.Series(False, index=texts.index)
    first = texts.columns[0]
    hit = texts[first].astype("str").str.strip().eq(str(first)).fillna(False).astype(bool)
    rows = texts[hit]
    same = sum((rows[name].astype("str").str.strip() == str(name)).astype(int) for name in texts)
    hit[hit] = (same >= 0.6 * texts.shape[1]) if len(rows) else False
    return hit


def _is_total(texts, filled):
    """Tell which rows hold a total: a cell says so, and a third of the row is empty.

    The first cell may name what is summed ("Total Berlin"); another one names a period at most,
    since products have names such as "Total Care".
    """
    sparse = (filled > 0) & (filled <= 0.67 * filled.median())
    found = pd.Series(False, index=texts.index)
    if sparse.any() and texts.shape[1]:
        first = texts[sparse].bfill(axis=1).iloc[:, 0].dropna().astype("str")
        first = first[first.str.len() < 40]
        found[first.index[[_names_total(tokens(one)) for one in first]]] = True
        for name in texts:
            rest = texts.loc[sparse, name].dropna().astype("str")
            rest = rest[rest.str.contains(_SOME_TOTAL)]
            found[rest.index[[_total_alone(tokens(one)) for one in rest]]] = True
    return found


def _names_total(parts):
    whole = "".join(parts)
    return bool(TOTALS & {whole, *parts[:1]}) or whole.startswith(("gesamt", "total", "summe"))


def _total_alone(parts):
    """Tell whether words say "total" and of which period, and nothing else."""
    sums = [one for one in parts if one in TOTALS or one.endswith(("summe", "total"))]
    others = set(parts) - set(sums)
    return bool(sums) and all(one in PERIODS or one in MONTHS or one.isdigit() for one in others)


def _is_value(cell):
    """Tell whether a cell is a number or a date, and so names no column."""
    return bool(re.fullmatch(r"[-+(]?[$€£]?\s?\d[\d.,:/\s%+TZ-]*[)€]?", cell.strip()))


def _names_column(cell):
    return knows(cell) or any(name_score(field, cell) for field in words())


def some(rows, most=5):
    """Return the first row numbers as text."""
    rows = [int(row) for row in rows[: most + 1]]
    return ", ".join(map(str, rows[:most])) + (", ..." if len(rows) > most else "")
