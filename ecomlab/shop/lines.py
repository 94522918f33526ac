"""A table's texts to typed order lines: ids, dates, amounts, and which lines are sales of goods."""

from dataclasses import dataclass, field

import pandas as pd

from ecomlab.shop.amounts import read_amounts
from ecomlab.shop.dates import AmbiguousDatesError, read_dates
from ecomlab.shop.exports import column_in
from ecomlab.shop.guessing import GRADES, name_score
from ecomlab.shop.meaning import (
    events_by_values,
    flagged,
    is_service,
    paid_for,
    read_events,
    read_status,
    status_by_values,
    status_columns,
    waits,
)
from ecomlab.shop.people import hide_people
from ecomlab.shop.returns import net_order_refunds
from ecomlab.shop.values import as_texts, currency_signs, named_currency, read_ids

_SOME = 0.1  # share of rows without a date from which these are further lines of orders


@dataclass
class Told:
    """What reading a table found out.

    Attributes
    ----------
    notes : list of str
        How things were read.
    problems : list of str
        What has to be asked.
    reasons : dict of str to str
        Why rules leave lines out, where the table says it: event, status.
    key : DataFrame or None
        As of `Orders`.
    """

    notes: list = field(default_factory=list)
    problems: list = field(default_factory=list)
    reasons: dict = field(default_factory=dict)
    key: pd.DataFrame | None = None


def typed_lines(raw, columns, settings, export):
    """Give a table's columns their types, and mark which lines are sales of goods.

    Parameters
    ----------
    raw : DataFrame
        As read.
    columns : dict
        As `find_columns` returns it; what follows from other columns is put in.
    settings : dict
        As `read_map` returns it.
    export : ecomlab.shop.exports.Export or None

    Returns
    -------
    frame : DataFrame
        customer_id, date, order_id, product_id, product, quantity, price, amount, currency,
        as far as the table has them; is_line, is_sale_event, is_sale, is_goods where some
        lines are none.
    told : Told
    """
    told = Told()
    notes, problems = told.notes, told.problems
    states = status_columns(raw, columns, export, settings.get("without", ()))
    raw = _filled_down(_from_above(raw, export), columns, states, export, notes)
    frame, said, asked = read_amounts(raw, columns, export, settings)
    if "date" in columns:
        frame["date"] = _dates(raw, columns, settings, notes, problems)
    frame["repeats"] = raw.duplicated()
    notes += said
    problems += asked
    for name in ("customer_id", "order_id", "product_id"):
        if name in columns:
            frame[name], frame[f"{name}_damaged"] = read_ids(raw[columns[name][0]])
    if "product" in columns:
        frame["product"] = raw[columns["product"][0]].astype("str").str.strip()
    if "customer_id" in columns:
        frame["customer_id"], told.key = hide_people(
            frame["customer_id"], columns["customer_id"][0]
        )
        if told.key is not None:
            notes.append(
                f"customers are shown under short hashes: {columns['customer_id'][0]} holds "
                f"names or addresses"
            )
    _products(frame, columns)
    _currency(frame, raw, columns)
    problems += _sales(frame, raw, columns, states, settings, export, told)
    if "refund" in frame and "amount" in frame:
        counts = frame.get("is_sale", pd.Series(True, index=frame.index)) & (frame["amount"] > 0)
        less = net_order_refunds(frame[counts], frame.loc[counts, "refund"])
        off = frame.loc[counts, "amount"].sum() - less.sum()
        if off > 0.005:
            frame.loc[counts, "amount"] = less
            notes.append(f"{columns['refund'][0]}: {off:,.2f} refunded, taken off the orders")
    return frame, told


def _from_above(raw, export):
    """Give each row what an export writes once, above all rows that it holds for."""
    names = export.rows.get("from_above", []) if export is not None else []
    here = [column for column in (column_in(raw, [name]) for name in names) if column]
    return raw.assign(**{column: raw[column].ffill() for column in here}) if here else raw


def _filled_down(raw, columns, states, export, notes):
    """Give every line of an order what stands on its first row only."""
    known = export is not None and export.rows.get("fill_down")
    if "order_id" not in columns or not (known or export is None):
        return raw
    names = ("customer_id", "date", "time", "currency", "refund")
    here = [columns[name][0] for name in names if name in columns] + states
    here = [column for column in here if raw[column].isna().any()]
    order = raw[columns["order_id"][0]]
    if not known:
        date = columns.get("date", ("",))[0]
        if date not in here:
            return raw
        empty = raw[date].isna() & raw.notna().any(axis=1)
        if empty.mean() < _SOME or empty.iloc[0]:
            return raw
        if (order.isna() == empty).all():  # the order's number, too, stands there only
            here.append(columns["order_id"][0])
            order = order.notna().cumsum()
        elif not order[empty].isin(order[~empty]).all():
            return raw
        notes.append("what stands on an order's first row only is filled down")
    return raw.assign(**{one: raw.groupby(order)[one].transform("first") for one in here})


def _dates(raw, columns, settings, notes, problems):
    column = columns["date"][0]
    used = {pair[0] for pair in columns.values()}
    others = (raw[name] for name in raw if name not in used)
    values = raw[column]
    try:
        dates, how = read_dates(values, settings.get("date_format"), others)
        clock = dates - dates.dt.normalize()
        if "time" in columns and not clock.fillna(pd.Timedelta(0)).any():
            both = values.astype("str").str.strip() + " " + raw[columns["time"][0]].astype("str")
            timed, _ = read_dates(both, None, others)
            dates = timed.fillna(dates)
    except AmbiguousDatesError as error:
        problems.append(f"column {column!r}: {error}")
        return pd.Series(pd.NaT, index=raw.index, dtype="datetime64[ns]")
    notes.append(f"dates read as {how}")
    return dates


def _products(frame, columns):
    """Name products by their id, and where that is empty by their name."""
    if "product" not in frame:
        return
    if "product_id" not in frame:
        frame["product_id"], frame["product_id_damaged"] = read_ids(frame["product"])
        columns["product_id"] = (columns["product"][0], "the product's name")
    elif columns["product_id"][1] != "map" and frame["product_id"].isna().mean() > 0.02:
        names, _ = read_ids(frame["product"])
        frame["product_id"] = frame["product_id"].fillna(names)


def _currency(frame, raw, columns):
    if "currency" in columns:
        frame["currency"] = raw[columns["currency"][0]].astype("str").str.strip().str.upper()
        return
    money = columns.get("amount") or columns.get("price")
    signs = currency_signs(raw[money[0]]) if money and money[0] else None
    if signs is not None and signs.notna().any():
        frame["currency"] = signs
    elif money and (named := named_currency(money[0])):
        frame["currency"] = named


def _sales(frame, raw, columns, states, settings, export, told):
    """Mark what is a sale of goods; return states that nobody knows."""
    notes, reasons = told.notes, told.reasons
    need = [column_in(raw, [name]) for name in (export.rows.get("need", []) if export else [])]
    need = [column for column in need if column]
    if need:
        frame["is_line"] = raw[need].notna().any(axis=1)
    for name, wanted in (export.rows.get("where", {}) if export else {}).items():
        column = column_in(raw, [name])
        frame["is_line"] = frame.get("is_line", True) & as_texts(raw[column]).isin(wanted)
        reasons["order_row"] = "a row of fees, taxes, postage or payments"
    kind, others = read_events(raw, export)
    events = None
    guessed = export is None and "status" not in settings.get("without", ())
    if guessed:
        taken = {pair[0] for name, pair in columns.items() if name != "status"}
        column, kind, others = events_by_values(raw, taken)
        if column is not None:
            notes.append(f"{column} tells sales from what goes back")
            states = [one for one in states if one != column]
            events = column
    if kind is not None:
        frame["is_sale_event"] = kind != "other"
        reasons["event"] = f"an event that is no sale: {', '.join(others[:6])}"
        back = kind == "refund"
        frame["is_back"] = back
        frame["quantity"] = frame["quantity"].mask(back & frame["quantity"].isna(), 1.0)
        if "amount" in frame:
            frame["amount"] = frame["amount"].where(~back, -frame["amount"].abs())
        source = column_in(raw, export.rows.get("refund_of", [])) if export else None
        if source:
            frame["order_id"] = frame["order_id"].mask(back, read_ids(raw[source])[0])
    if guessed and not states:
        column = status_by_values(raw, {events, *(pair[0] for pair in columns.values())})
        states = [column] if column is not None else []
    problems = _states(frame, raw, columns, states, settings.get("status"), export, told)
    if guessed:
        flag, said = flagged(raw, {pair[0] for pair in columns.values()})
        if said:
            frame["is_sale"] = frame.get("is_sale", True) & ~flag
            reasons["status"] = "; ".join(
                [*filter(None, [reasons.get("status")]), f"no sale by {', '.join(said)}"]
            )
    service = is_service(frame, export)
    if service.any():
        frame["is_goods"] = ~service
    return problems


def _states(frame, raw, columns, states, listed, export, told):
    """Mark the lines of which no state says that they are no sale; return states to ask about."""
    column, how = columns.pop("status", ("", "its values"))
    known = [column] if how in ("map", "export") else []
    problems, read, left_out = [], [], []
    # An order that is still open is sold where another column says that it is paid for.
    paid = pd.Series(False, index=raw.index)
    for column in states:
        paid |= paid_for(raw[column])
    for column in states:
        # A column that calls itself a state holds some, known or not; one value tells nothing.
        several = len(raw[column].dropna().unique()) > 1
        named = several and name_score("status", column) == GRADES["first"]
        sale, verdicts = read_status(raw[column], export, listed, named or column in known)
        if sale is None:
            continue
        settled = paid & waits(raw[column], export, listed)
        texts = as_texts(raw[column])
        answered = set(texts[settled]) - set(texts[~settled])
        unknown = [
            text for text, known in verdicts.items() if known is None and text not in answered
        ]
        if unknown:
            problems.append(
                f"column {column!r}: no list knows whether {', '.join(map(repr, unknown[:6]))} is "
                f"a sale: say sales = [...] and no_sales = [...] under [status] in a TOML, and "
                f'give that with --columns; status = "" under [columns] counts every line'
            )
            continue
        read.append(column)
        if settled.any():
            sale = sale | settled
            shown = ", ".join(texts[settled].unique()[:6])
            told.notes.append(f"{shown} in {column} counts as a sale where another state says paid")
        frame["is_sale"] = frame.get("is_sale", True) & sale
        left_out += list(texts[~sale].value_counts().index)
        counted = sorted(text for text, verdict in verdicts.items() if verdict)
        told.notes.append(f"states of {column} that count as sales: {', '.join(counted[:6])}")
    if read:
        columns["status"] = (", ".join(read), how)
        shown = ", ".join(list(dict.fromkeys(left_out))[:6])
        told.reasons["status"] = f"a state that is no sale: {shown}"
    return problems
