"""Returns and refunds set against the sales that they belong to."""

import pandas as pd


def net_returns(lines, back):
    """Take returned goods and refunded money off the sales.

    A return is set against its order and product, else its order, else the customer's earlier
    purchases of the product; in a table without products, the customer's earlier lines. The
    last purchase before the return comes first.

    Parameters
    ----------
    lines : DataFrame
        Sales: date, quantity and amount, with customer_id, order_id and product_id where the
        table has them.
    back : DataFrame
        Returns, with the same columns; signs do not matter, but `goods` tells whether pieces
        came back, or money alone.

    Returns
    -------
    lines : DataFrame
        With quantity and amount less what came back; a sale that came back whole has amount 0.
    left : Series of float
        For each return, the value that no sale was found for.
    """
    lines = lines.copy()
    left = back["amount"].abs().copy()
    with_product = "product_id" in lines
    stages = [["order_id", "product_id"], ["order_id"], ["customer_id", "product_id"]]
    stages += [] if with_product else [["customer_id"]]
    amount, quantity = lines["amount"].to_numpy(copy=True), lines["quantity"].to_numpy(copy=True)
    date = lines["date"].to_numpy()
    for keys in stages:
        if not set(keys) <= set(lines) or not (left > 0.005).any():
            continue
        # The earliest return first: later ones may take any sale that it may.
        open_back = back[left > 0.005].dropna(subset=keys).sort_values("date", kind="stable")
        wanted = pd.MultiIndex.from_frame(open_back[keys])
        here = pd.MultiIndex.from_frame(lines[keys])
        mine = pd.Series(range(len(lines)))[here.isin(wanted)]
        pools = mine.groupby([lines[key].to_numpy()[mine] for key in keys]).agg(list).to_dict()
        by_order = "order_id" in keys
        for row, key in zip(open_back.itertuples(), wanted, strict=True):
            pool = pools.get(key if len(keys) > 1 else key[0], [])
            # A refund may carry the day of its order; elsewhere a sale comes before its return.
            pool = [one for one in pool if by_order or date[one] <= row.date]
            pool.sort(key=lambda at: date[at], reverse=True)
            exact = [one for one in pool if abs(amount[one] - left[row.Index]) < 0.005]
            for one in [*exact[:1], *pool]:
                taken = min(amount[one], left[row.Index])
                if taken <= 0:
                    continue
                if row.goods or taken >= amount[one] - 0.005:
                    quantity[one] *= 1 - taken / amount[one]
                amount[one] -= taken
                left[row.Index] -= taken
                if left[row.Index] <= 0.005:
                    break
    lines["amount"], lines["quantity"] = amount.round(6), quantity.round(6)
    return lines, left.where(left > 0.005, 0.0)


def net_order_refunds(lines, refund):
    """Spread the money refunded on each order over its lines, as far as they go.

    Parameters
    ----------
    lines : DataFrame
        order_id and amount.
    refund : Series of float
        On each line the money refunded: of the order where it is the same on all its lines,
        else of the line.

    Returns
    -------
    Series of float
        The amounts left.
    """
    order = lines["order_id"] if "order_id" in lines else pd.Series(lines.index, lines.index)
    by = refund.groupby(order)
    of_order = by.transform("nunique") <= 1
    total = lines["amount"].groupby(order).transform("sum")
    share = (refund / total.where(total > 0)).clip(upper=1).fillna(0)
    spread = (lines["amount"] * (1 - share)).round(6)
    alone = (lines["amount"] - refund).clip(lower=0)
    return spread.where(of_order, alone)
