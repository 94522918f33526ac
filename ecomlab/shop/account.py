"""What is told of a shop's orders before anything is made of them."""

from ecomlab.shop.rules import KNOWN, dropped_shares


def summary(orders):
    """Return how orders were read, what they hold and what was left out, as lines of text.

    Parameters
    ----------
    orders : ecomlab.shop.orders.Orders

    Returns
    -------
    list of str
        The account, then period, customers, orders, products, the total by month, and what was
        left out, by lines and by value.
    """
    lines, money = orders.lines, orders.currency
    first, last = lines["date"].min(), lines["date"].max()
    out = [*orders.account(), f"period: {first:%Y-%m-%d} to {last:%Y-%m-%d}"]
    counts = []
    for name, word in (("customer_id", "customers"), ("order_id", "orders")):
        if name in lines:
            counts.append(f"{lines[name].nunique():,} {word}")
    if "product_id" in lines:
        counts.append(f"{lines['product_id'].nunique():,} products")
    if counts:
        out.append(", ".join(counts))
    if "customer_id" in lines and orders.n_customers > lines["customer_id"].nunique():
        out.append(f"customers with those whose lines are all left out: {orders.n_customers:,}")
    value = "amount" if "amount" in lines else "quantity"
    unit = f" {money}" if money and value == "amount" else ""
    word = "total" if value == "amount" else "pieces"
    out.append(f"{word}: {lines[value].sum():,.2f}{unit} of {len(lines):,} lines")
    by = lines.groupby(lines["date"].dt.to_period("M"))[value].agg(n="size", worth="sum")
    out += [f"  {row.Index}  {row.n:>9,} lines  {row.worth:>16,.2f}" for row in by.itertuples()]
    known = orders.dropped[orders.dropped["rule"].isin(KNOWN)]
    if len(known):
        out.append(
            f"left out as no sale of goods: {known['lines'].sum():,} lines, "
            f"{known['value'].sum():,.2f}{unit}"
        )
    share_lines, share_value = dropped_shares(orders)
    out.append(f"left out as unfit: {share_lines:.1%} of lines, {share_value:.1%} of value")
    return out
