"""How many pieces a line has: the column that counts them, those that came back, a piece's price.

What names do not tell, agreement does: pieces are what makes a price an amount.
"""

import pandas as pd

from ecomlab.shop.guessing import name_score, number_columns
from ecomlab.shop.values import read_numbers

FEW = 20  # pairs of lines from which prices of pieces and of lines are told apart
SURE = 0.95  # share of lines on which two amounts must be one
_MOST = 1000  # pieces on a line, where nothing but their size speaks for them


def find_pieces(frame, raw, columns, mark):
    """Look for the column that counts pieces, where no name tells it.

    Parameters
    ----------
    frame : DataFrame
        price, and amount where the table has it; quantity is put in.
    raw : DataFrame
    columns : dict
        What was found is put in.
    mark : {".", ","}
        Before the fraction.

    Returns
    -------
    list of str
        What has to be asked.
    """
    taken = {pair[0] for pair in columns.values()}
    numbers = {one: read_numbers(raw[one], mark) for one in number_columns(raw, taken)}
    counts = {one: values for one, values in numbers.items() if _counts(values)}
    if "amount" in frame:
        amount, how = columns["amount"]
        numbers[amount] = frame["amount"]
        if how == "guess" and _counts(frame["amount"]):  # a Czech shop's itemAmount
            counts[amount] = frame["amount"]
    for column, values in counts.items():
        times = frame["price"] * values
        for name, worth in numbers.items():
            if share_equal(times, worth) >= SURE > share_equal(frame["price"], worth):
                frame["quantity"] = values
                columns["quantity"] = (column, f"price times it is {name}")
                if column == columns.get("amount", ("",))[0]:
                    frame["amount"], columns["amount"] = worth, (name, "price times quantity")
                return []
    if "amount" in frame:
        return []
    for column, values in counts.items():
        if values.min() == 1 and values.mode()[0] == 1 and not _numbers_lines(values, raw, columns):
            alone, times = frame["price"].sum(), (frame["price"] * values).sum()
            return [
                f"no column is known to count pieces, and {column!r} may: prices alone come to "
                f"{alone:,.2f}, times {column!r} to {times:,.2f}. Say {name_it('quantity', column)}"
                f', or quantity = "" if it counts none'
            ]
    return []


def _counts(values):
    """Tell whether numbers may be pieces: whole, small, and not all the same."""
    some = values.dropna().abs()
    small = len(some) > 0.9 * len(values) and (some % 1 == 0).all() and some.max() <= _MOST
    return bool(small and 1 <= some.min() < some.max())


def _numbers_lines(values, raw, columns):
    """Tell whether numbers count the lines of each order, 1, 2, 3."""
    if "order_id" not in columns:
        return False
    order = raw[columns["order_id"][0]]
    return bool((values == order.groupby(order).cumcount() + 1).mean() > SURE)


def take_returned(frame, columns, returned, notes):
    """Take pieces that came back off their lines, and their share off the amounts.

    Returns
    -------
    list of str
        What has to be asked.
    """
    column, how = columns["returned"]
    back = returned.abs().fillna(0).clip(upper=frame["quantity"].abs())
    if not back.any():
        del columns["returned"]
        return []
    if "amount" in frame:
        part = (back / frame["quantity"].abs().where(lambda q: q > 0, 1)).fillna(0)
        less = frame["amount"] * (1 - part)
        lines = back > 0
        if "price" in frame:
            left = frame["price"] * (frame["quantity"] - back)
            gone = share_equal(frame["amount"][lines], left[lines]) >= SURE
        elif how == "map":
            gone = False
        else:
            return [
                f"column {column!r} counts {back.sum():,.0f} pieces that came back: amounts come "
                f"to {frame['amount'].sum():,.2f} with them, to {less.sum():,.2f} without. Say "
                f'{name_it("returned", column)}, to take them off, or returned = "" to leave them'
            ]
        off = 0.0 if gone else frame["amount"].sum() - less.sum()
        frame["amount"] = frame["amount"] if gone else less.round(6)
        notes.append(f"{column}: {back.sum():,.0f} pieces came back, {off:,.2f} taken off")
    frame["quantity"] -= back
    return []


def piece_or_line(frame, raw, columns, notes):
    """Tell a piece's value from a line's by products that are sold in several quantities."""
    name = next((n for n in ("product_id", "product") if n in columns), None)
    source = columns.get("amount", ("", ""))[0]
    if name is None or not source or not columns["quantity"][0] or "amount" not in frame:
        return []
    times = columns["amount"][1] == "price times quantity"
    value = frame["price"] if times else frame["amount"]
    table = pd.DataFrame(
        {"product": raw[columns[name][0]], "value": value, "quantity": frame["quantity"]}
    ).dropna()
    table = table[(table["value"] > 0) & (table["quantity"] > 0)]
    table = table.sort_values("product", kind="stable")
    before = table.shift()
    pair = (table["product"] == before["product"]) & (table["quantity"] != before["quantity"])
    table, before = table[pair], before[pair]
    if len(table) < FEW:
        return []
    piece = ((table["value"] / before["value"] - 1).abs() < 0.005).mean()
    ratio = table["value"] / table["quantity"] / (before["value"] / before["quantity"])
    line = ((ratio - 1).abs() < 0.005).mean()
    if times and line > 0.8 and piece < 0.2:
        frame["amount"] = frame["price"]
        columns["amount"] = (source, "price, which is a line's")
        notes.append(
            f"{source} grows with the quantity: it is a line's price, and is not multiplied"
        )
    elif not times and piece > 0.8 and line < 0.2 and columns["amount"][1] != "map":
        multiplied = frame["amount"] * frame["quantity"]
        if name_score("price", source):
            frame["amount"] = multiplied
            columns["amount"] = (source, "price times quantity")
            notes.append(f"{source} does not grow with the quantity: it is taken times quantity")
            return []
        return [
            f"column {source!r} does not grow with the quantity, so it looks like a price of a "
            f"piece: summed {frame['amount'].sum():,.2f}, times quantity {multiplied.sum():,.2f}. "
            f'Say price = "{source}" or amount = "{source}" under [columns] in a TOML, given with '
            f"--columns"
        ]
    return []


def name_it(field, column="..."):
    """Say how a person names a column."""
    return f'{field} = "{column}" under [columns] in a TOML, given with --columns'


def share_equal(first, second):
    """Return the share of lines on which two amounts are the same to a cent or a thousandth."""
    both = first.notna() & second.notna()
    if not both.any():
        return 0.0
    gap = (first[both] - second[both]).abs()
    return float((gap <= 0.011 + 0.0005 * second[both].abs()).mean())
