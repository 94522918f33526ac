"""What a line is worth: which column says so, how its numbers read, what is taken off.

Two readings that the file does not decide between are both shown, with their totals.
"""

import pandas as pd

from ecomlab.shop.columns import NEAR
from ecomlab.shop.discounts import (
    amount_less_discount,
    discount_columns,
    order_discounts,
    take_discount,
)
from ecomlab.shop.exports import column_in
from ecomlab.shop.guessing import GRADES, guess, name_score, number_columns, tokens
from ecomlab.shop.pieces import (
    FEW,
    find_pieces,
    name_it,
    piece_or_line,
    share_equal,
    take_returned,
)
from ecomlab.shop.values import currency_signs, decimal_marks, read_numbers

AGREE = 0.9  # share of lines in which price times quantity must be the amount
NUMBERS = ("quantity", "price", "amount", "refund", "discount", "returned")
_WHOLESALE = {"wholesale", "dealer", "trade"}
_CENTS = {"cent", "cents", "pence", "centavos", "centimos", "centimes", "grosze"}


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
    mark = "," if "," in marks else "."
    frame = pd.DataFrame(index=raw.index)
    for name in ("quantity", "price", "amount", "refund"):
        if name in columns:
            frame[name] = numbers[columns[name][0]]
    notes += _from_cents(frame, columns)
    if "refund" in frame:
        frame["refund"] = frame["refund"].abs().fillna(0)
    without = settings.get("without", ())
    counted = "quantity" in frame or "quantity" in without
    if not counted and "price" in frame and export is None and not problems:
        problems += find_pieces(frame, raw, columns, mark)
    if "quantity" not in frame:
        frame["quantity"] = 1.0
        columns["quantity"] = ("", "absent: 1 a line")
    if problems:
        return frame, notes, problems
    discount = numbers[columns["discount"][0]].abs().fillna(0) if "discount" in columns else None
    if discount is not None and not discount.any():
        del columns["discount"]
        discount = None
    if export is not None:
        _by_export(frame, columns, export)
    elif discount is not None and amount_less_discount(frame, raw, columns, discount, mark):
        discount = None
    elif columns.get("amount", ("", ""))[1] != "map":
        problems += _by_evidence(frame, raw, columns, numbers, mark, notes)
        if "amount" not in {*frame, *without} and not problems:
            problems += _any_money(raw, columns, mark)
    problems += piece_or_line(frame, raw, columns, notes)
    if discount is not None and "amount" in frame and not problems:
        problems += take_discount(frame, raw, columns, discount, notes)
    if "returned" in columns and not problems:
        problems += take_returned(frame, columns, numbers[columns["returned"][0]], notes)
    if export is not None:
        own = _take_off(frame, raw, export, numbers, notes)
        _take_off_orders(frame, raw, columns, export, numbers, own, notes)
    return frame, notes, problems


def _from_cents(frame, columns):
    """Take amounts that their column's name calls cents to whole units."""
    notes = []
    for name in ("price", "amount"):
        parts = set(tokens(columns[name][0])) if name in frame else set()
        if parts & _CENTS and "per" not in parts and (frame[name].dropna() % 1 == 0).all():
            frame[name] /= 100
            notes.append(f"{columns[name][0]} is in cents: divided by 100")
    return notes


def _any_money(raw, columns, mark):
    """Ask about columns that may be amounts, where no name tells of one."""
    taken = {pair[0] for pair in columns.values()}
    found = {}
    for column in number_columns(raw, taken):
        numbers = read_numbers(raw[column], mark)
        if (numbers % 1 > 0).mean() > 0.1 or currency_signs(raw[column]).notna().mean() > 0.5:
            found[column] = numbers.sum()
    if not found:
        return []
    told = "; ".join(f"{column!r} with a total of {total:,.2f}" for column, total in found.items())
    return [
        f"no column is known to be an amount or a price, and these may be: {told}. Say "
        f'{name_it("amount")}, or price for that of a piece, or amount = "" to count pieces'
    ]


def _numbers(raw, columns, export, settings):
    """Read every column of numbers that may matter; ask about those that read both ways."""
    chosen = [columns[name][0] for name in NUMBERS if name in columns]
    for others in (_minus(raw, export), *discount_columns(raw, export).values()):
        chosen += [column for column in others if column not in chosen]
    if export is None:
        rivals = [c for _, c in guess(raw, chosen, "amount").get("amount", []) if c not in chosen]
        chosen += rivals[:4]
    decimal = settings.get("decimal") or (export.amount.get("decimal") if export else None)
    if decimal:
        marks, unsure = dict.fromkeys(chosen, decimal), {}
    else:
        marks, unsure = decimal_marks({column: raw[column] for column in chosen})
    problems = []
    for column, example in unsure.items():
        # Two columns that read both ways agree with each other either way.
        mark = _mark_that_agrees(raw, columns, column, marks) if len(unsure) == 1 else None
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
        shares[mark] = share_equal(read["amount"], read["price"] * read["quantity"])
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


def _by_evidence(frame, raw, columns, numbers, mark, notes):
    """Choose between columns of amounts by price times quantity; ask where that decides nothing."""
    product = frame["price"] * frame["quantity"] if "price" in frame else None
    taken = {pair[0] for name, pair in columns.items() if name != "amount"}
    ranked = [(s, c) for s, c in guess(raw, taken, "amount").get("amount", []) if s > 0.2]
    if columns.get("amount", ("", ""))[1] == "name":
        ranked = [(1.0, columns["amount"][0]), *[(s, c) for s, c in ranked if c != "amount"]]
    if not ranked:
        if product is not None:
            if others := _other_prices(frame, raw, columns, mark):
                return [_two_prices(columns["price"][0], product, others)]
            frame["amount"] = product
            columns["amount"] = (columns["price"][0], "price times quantity")
        return []
    for _, column in ranked:
        if column not in numbers:
            numbers[column] = read_numbers(raw[column], ".")
    if product is not None:
        equal = [c for _, c in ranked if share_equal(numbers[c], product) >= AGREE]
        lower = [c for _, c in ranked if c not in equal and _less_discounts(numbers[c], product)]
        if equal and lower:
            return [_two_totals(equal[0], lower[0], numbers)]
        if equal:
            notes += _with_tax(equal[0], [c for _, c in ranked if c not in equal], numbers)
            return _take(frame, columns, equal[0], numbers)
    best, column = ranked[0]
    rivals = [
        c
        for s, c in ranked[1:]
        if s > best - NEAR and share_equal(numbers[c], numbers[column]) < 0.999
    ]
    if rivals and product is None:
        totals = "; ".join(
            f"{c!r} with a total of {numbers[c].sum():,.2f}" for c in (column, *rivals)
        )
        return [f"columns that may be the amount: {totals}. Name one: {name_it('amount')}"]
    repeated = _repeats_an_order(numbers[column], raw, columns)
    if product is None:
        if repeated:
            once = numbers[column].groupby(raw[columns["order_id"][0]]).first().sum()
            return [
                f"column {column!r} is the same on all lines of an order: summed over lines "
                f"{numbers[column].sum():,.2f}, once an order {once:,.2f}. If it is a line's "
                f"value, say so: {name_it('amount', column)}; else give a line's price"
            ]
        return _take(frame, columns, column, numbers)
    if repeated:
        notes.append(f"{column} is an order's total: price times quantity is taken")
    elif _discounted(numbers[column], product):
        return _take(frame, columns, column, numbers)
    elif agrees := _agreeing(raw, product, columns):
        notes.append(f"{agrees} is price times quantity, and {column} is not: the first is taken")
    elif share_equal(numbers[column], frame["price"]) < AGREE:
        return [
            f"column {column!r} (total {numbers[column].sum():,.2f}) is not price times quantity "
            f"(total {product.sum():,.2f}): name the amount ({name_it('amount')}), or the price "
            f"alone"
        ]
    frame["amount"] = product
    columns["amount"] = (columns["price"][0], "price times quantity")
    return []


def _other_prices(frame, raw, columns, mark):
    """Return the columns that may be the price as well, with what they come to."""
    found = {}
    if columns["price"][1] == "map":
        return found
    for column in number_columns(raw, {pair[0] for pair in columns.values()}):
        # A wholesaler's price is what another shop pays.
        name = " ".join(one for one in tokens(column) if one not in _WHOLESALE)
        if name_score("price", name) > GRADES["third"]:
            values = read_numbers(raw[column], mark)
            if share_equal(values, frame["price"]) < AGREE:
                found[column] = (values * frame["quantity"]).sum()
    return found


def _two_prices(column, product, others):
    totals = "; ".join(f"{one!r} to {total:,.2f}" for one, total in others.items())
    return (
        f"columns that may be the price: {column!r} times quantity comes to {product.sum():,.2f}; "
        f"{totals}. Name one: {name_it('price')}"
    )


def _with_tax(taken, others, numbers):
    """Tell what a second column of amounts comes to, which differs by a tax's share at most."""
    notes = []
    for other in others:
        ratio = numbers[other] / numbers[taken].where(numbers[taken] != 0)
        if ratio.between(1 / 1.3, 1.3).mean() > 0.95:
            told = f"{numbers[taken].sum():,.2f}, and {other} comes to {numbers[other].sum():,.2f}"
            notes.append(f"{taken} is taken: it comes to {told}")
    return notes


def _take(frame, columns, column, numbers):
    frame["amount"] = numbers[column]
    how = columns["amount"][1] if columns.get("amount", ("",))[0] == column else "guess"
    columns["amount"] = (column, how)
    return []


def _agreeing(raw, product, columns):
    """Return a column that is price times quantity, whatever its name, or None."""
    for column in number_columns(raw, {pair[0] for pair in columns.values()}):
        if share_equal(read_numbers(raw[column]), product) >= AGREE:
            return column
    return None


def _less_discounts(amount, product):
    """Tell whether amounts are price times quantity, and on some lines less."""
    both = amount.notna() & (product > 0)
    ratio = (amount[both] / product[both]).round(3)
    below = (ratio < 0.999).mean() if len(ratio) else 0.0
    return bool(0.01 < below < 0.8 and (ratio >= 0.999).mean() >= 0.2 and (ratio <= 1.001).all())


def _two_totals(first, second, numbers):
    return (
        f"column {first!r} (total {numbers[first].sum():,.2f}) is price times quantity, and "
        f"{second!r} (total "
        f"{numbers[second].sum():,.2f}) is less on some lines, as after discounts: name one: "
        f"{name_it('amount')}"
    )


def _discounted(amount, product):
    """Tell whether amounts are price times quantity less discounts, or with one rate of tax."""
    both = amount.notna() & (product > 0) & (amount > 0)
    ratio = (amount[both] / product[both]).round(2)
    if len(ratio) < FEW:
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
