"""What a line is worth: which column says so, how its numbers read, what is taken off.

Two readings that the file does not decide between are both shown, with their totals.
"""

import pandas as pd

from ecomlab.shop.columns import NEAR
from ecomlab.shop.discounts import discount_columns, order_discounts
from ecomlab.shop.exports import column_in
from ecomlab.shop.guessing import guess, name_score
from ecomlab.shop.values import decimal_marks, read_numbers

AGREE = 0.9  # share of lines in which price times quantity must be the amount
_FEW = 20  # pairs of lines from which prices of pieces and of lines are told apart


def read_amounts(raw, columns, export, settings):
    """Return quantity, price and amount of each line.

    Parameters
    ----------
    raw : DataFrame
        The table as read.
    columns : dict
        As `find_columns` returns it; what was found out here is put in.
    export : ecomlab.shop.exports.Export or None
    settings : dict

    Returns
    -------
    frame : DataFrame
        quantity, and price, amount and refund where the table has them.
    notes : list of str
    problems : list of str
        What has to be asked.
    """
    numbers, marks, problems = _numbers(raw, columns, export, settings)
    notes = ["a comma before the fraction"] if "," in marks else []
    frame = pd.DataFrame(index=raw.index)
    for name in ("quantity", "price", "amount", "refund"):
        if name in columns:
            frame[name] = numbers[columns[name][0]]
    if "refund" in frame:
        frame["refund"] = frame["refund"].abs().fillna(0)
    if "quantity" not in frame:
        frame["quantity"] = 1.0
        columns["quantity"] = ("", "absent: 1 a line")
    if problems:
        return frame, notes, problems
    if export is not None:
        _by_export(frame, columns, export)
    elif columns.get("amount", ("", ""))[1] != "map":
        problems += _by_evidence(frame, raw, columns, numbers, notes)
    problems += _piece_or_line(frame, raw, columns, notes)
    if export is not None:
        own = _take_off(frame, raw, export, numbers, notes)
        _take_off_orders(frame, raw, columns, export, numbers, own, notes)
    return frame, notes, problems


def _numbers(raw, columns, export, settings):
    """Read every column of numbers that may matter; ask about those that read both ways."""
    chosen = [columns[n][0] for n in ("quantity", "price", "amount", "refund") if n in columns]
    for others in (_minus(raw, export), *discount_columns(raw, export).values()):
        chosen += [column for column in others if column not in chosen]
    if export is None:
        rivals = [c for _, c in guess(raw, chosen, "amount").get("amount", []) if c not in chosen]
        chosen += rivals[:4]
    if settings.get("decimal"):
        marks, unsure = dict.fromkeys(chosen, settings["decimal"]), {}
    else:
        marks, unsure = decimal_marks({column: raw[column] for column in chosen})
    problems = []
    for column, example in unsure.items():
        mark = _mark_that_agrees(raw, columns, column, marks)
        marks[column] = mark or marks[column]
        if mark is None and column in {pair[0] for pair in columns.values()}:
            totals = {m: read_numbers(raw[column], m).sum() for m in ",."}
            group, fraction = (",", ".") if "," in example else (".", ",")
            problems.append(
                f"column {column!r}: values such as {example} are thousands (total "
                f"{totals[fraction]:,.2f}) or have three decimals (total {totals[group]:,.2f}): "
                f'say decimal = "{fraction}" for the first or decimal = "{group}" for the second '
                f"under [read] in a TOML, and give that with --columns"
            )
    numbers = {column: read_numbers(raw[column], marks[column]) for column in chosen}
    return numbers, {marks[c] for c in chosen}, problems


def _mark_that_agrees(raw, columns, column, marks):
    """Return the mark under which price times quantity is the amount, or None."""
    if not all(name in columns and columns[name][0] for name in ("quantity", "price", "amount")):
        return None
    shares = {}
    for mark in ",.":
        read = {
            name: read_numbers(raw[one], mark if one == column else marks[one])
            for name, one in ((n, columns[n][0]) for n in ("quantity", "price", "amount"))
        }
        shares[mark] = _share(read["amount"], read["price"] * read["quantity"])
    best = max(shares, key=shares.get)
    return best if shares[best] >= AGREE and min(shares.values()) < 0.5 else None


def _by_export(frame, columns, export):
    """Take the amount as the export's file says."""
    if (export.amount.get("of") == "price" and "price" in frame) or (
        "amount" not in frame and "price" in frame
    ):
        frame["amount"] = frame["price"] * frame["quantity"]
        columns["amount"] = (columns["price"][0], "price times quantity")


def _minus(raw, export):
    if export is None:
        return []
    found = [column_in(raw, [name]) for name in export.amount.get("minus", [])]
    return [column for column in dict.fromkeys(found) if column is not None]


def _take_off(frame, raw, export, numbers, notes):
    """Take a line's discounts, or what is no goods, off its amount; return what was taken."""
    own = pd.Series(0.0, index=raw.index)
    for column in _minus(raw, export):
        off = numbers[column].abs().fillna(0)
        # Off a refund, which is below 0, it comes back.
        frame["amount"] -= off.where(frame["amount"] >= 0, -off)
        own += off
        if off.any():
            notes.append(f"{column} ({off.sum():,.2f}) taken off the amounts")
    return own


def _take_off_orders(frame, raw, columns, export, numbers, own, notes):
    """Take discounts of whole orders off their lines."""
    told = discount_columns(raw, export)
    if not told or "order_id" not in columns:
        return
    nothing = pd.Series(0.0, index=raw.index)
    discount = sum((numbers[c].abs().fillna(0) for c in told["discount"]), nothing)
    if not discount.any():
        return
    goods = numbers[told["goods"][0]] if told["goods"] else nothing * float("nan")
    goods = goods - sum((numbers[column].fillna(0) for column in told["extras"]), nothing)
    included = export.amount["order"].get("included", False)
    order = raw[columns["order_id"][0]]
    off = order_discounts(frame["amount"], own, order, discount, goods, included)
    frame["amount"] = (frame["amount"] - off).round(6)
    in_all, taken = discount.groupby(order).max().sum(), off.sum()
    rest = "; the rest is in their amounts, or on what is no goods"
    notes.append(
        f"{told['discount'][0]}: {taken:,.2f} of {in_all:,.2f} taken off the orders' lines"
        f"{rest if in_all - taken > 0.005 else ''}"
    )


def _by_evidence(frame, raw, columns, numbers, notes):
    """Choose between columns of amounts by price times quantity; ask where that decides nothing."""
    product = frame["price"] * frame["quantity"] if "price" in frame else None
    taken = {pair[0] for name, pair in columns.items() if name != "amount"}
    ranked = [(s, c) for s, c in guess(raw, taken, "amount").get("amount", []) if s > 0.2]
    if columns.get("amount", ("", ""))[1] == "name":
        ranked = [(1.0, columns["amount"][0]), *[(s, c) for s, c in ranked if c != "amount"]]
    if not ranked:
        if product is not None:
            frame["amount"] = product
            columns["amount"] = (columns["price"][0], "price times quantity")
        return []
    for _, column in ranked:
        if column not in numbers:
            numbers[column] = read_numbers(raw[column], ".")
    if product is not None:
        for _, column in ranked:
            if _share(numbers[column], product) >= AGREE:
                return _take(frame, columns, column, numbers)
    best, column = ranked[0]
    rivals = [
        c for s, c in ranked[1:] if s > best - NEAR and _share(numbers[c], numbers[column]) < 0.999
    ]
    if rivals and product is None:
        totals = "; ".join(
            f"{c!r} with a total of {numbers[c].sum():,.2f}" for c in (column, *rivals)
        )
        return [f"columns that may be the amount: {totals}. Name one: {_name('amount')}"]
    repeated = _repeats_an_order(numbers[column], raw, columns)
    if product is None:
        if repeated:
            once = numbers[column].groupby(raw[columns["order_id"][0]]).first().sum()
            return [
                f"column {column!r} is the same on all lines of an order: summed over lines "
                f"{numbers[column].sum():,.2f}, once an order {once:,.2f}. If it is a line's "
                f"value, say so: {_name('amount', column)}; else give a line's price"
            ]
        return _take(frame, columns, column, numbers)
    if repeated:
        notes.append(f"{column} is an order's total: price times quantity is taken")
    elif _discounted(numbers[column], product):
        return _take(frame, columns, column, numbers)
    elif _share(numbers[column], frame["price"]) < AGREE:
        return [
            f"column {column!r} (total {numbers[column].sum():,.2f}) is not price times quantity "
            f"(total {product.sum():,.2f}): name the amount ({_name('amount')}), or the price "
            f"alone"
        ]
    frame["amount"] = product
    columns["amount"] = (columns["price"][0], "price times quantity")
    return []


def _take(frame, columns, column, numbers):
    frame["amount"] = numbers[column]
    how = columns["amount"][1] if columns.get("amount", ("",))[0] == column else "guess"
    columns["amount"] = (column, how)
    return []


def _name(field, column="..."):
    return f'{field} = "{column}" under [columns] in a TOML, given with --columns'


def _share(first, second):
    """Return the share of lines on which two amounts are the same to a cent or a thousandth."""
    both = first.notna() & second.notna()
    if not both.any():
        return 0.0
    gap = (first[both] - second[both]).abs()
    return float((gap <= 0.011 + 0.0005 * second[both].abs()).mean())


def _discounted(amount, product):
    """Tell whether amounts are price times quantity less discounts, or with one rate of tax."""
    both = amount.notna() & (product > 0) & (amount > 0)
    ratio = (amount[both] / product[both]).round(2)
    if len(ratio) < _FEW:
        return False
    below = ((ratio <= 1.001) & (ratio >= 0.2)).mean()
    one_rate = ((ratio - ratio.median()).abs() <= 0.011).mean()
    return bool((below >= 0.95 and (ratio >= 0.999).mean() >= 0.2) or one_rate >= AGREE)


def _repeats_an_order(amount, raw, columns):
    """Tell whether a column is the same on all lines of each order, and differs between them."""
    if "order_id" not in columns:
        return False
    order = raw[columns["order_id"][0]]
    # Lines that are there twice speak once; to look for them takes long, and few columns need it.
    if not _same_in_orders(amount, order):
        return False
    first = ~raw.duplicated()
    likely = amount[first].value_counts(normalize=True).pow(2).sum()  # two lines equal by chance
    return _same_in_orders(amount[first], order[first]) and bool(likely < 0.5)


def _same_in_orders(amount, order):
    by = amount.groupby(order)
    several = by.size() > 1
    if several.sum() < 5 or amount.nunique() < 5:
        return False
    return bool((by.nunique()[several] <= 1).mean() >= 0.95)


def _piece_or_line(frame, raw, columns, notes):
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
    if len(table) < _FEW:
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
