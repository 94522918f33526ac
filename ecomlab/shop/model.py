"""New orders through a model that a report saved: the same steps, in a fresh process.

A report notebook calls the same functions on what it has just fitted, so its tables and
later scores agree.
"""

from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd

from ecomlab import metrics
from ecomlab.errors import UserError
from ecomlab.files import write_bytes
from ecomlab.shop.display import write_csv
from ecomlab.shop.features import customer_features, history_matrix, standardised
from ecomlab.shop.mapping import read_map
from ecomlab.shop.saved import load_model, read_about

__all__ = [
    "is_leaving",
    "recommend_products",
    "recommend_to",
    "score_customers",
    "score_file",
    "scorer",
    "shrunk_value",
]

CHUNK = 4096  # customers scored at once
ROUNDING = 1e-5  # of a customer's largest score: what sums in single precision may differ by


def score_customers(lines, end, about, arrays, network):
    """Return each customer's segment and prospects.

    Parameters
    ----------
    lines : DataFrame
        Clean order lines.
    end : datetime-like
        The day after the last that is looked at.
    about : dict
        The model's JSON.
    arrays : dict of array
    network : keras.Model or None
        From standardised features to the code in which groups lie; without it they lie in the
        features themselves.

    Returns
    -------
    DataFrame
        customer_id, group, rfm_segment, segment (of the two the one that won), recency_weeks,
        order_days, money, expected_orders, expected_spend (in the horizon), alive (the
        probability that they still order) and leaving.
    """
    from sklearn.metrics import pairwise_distances_argmin

    from ecomlab.lifetime import BgNbd, rfm_summary
    from ecomlab.segments import rfm_scores

    end = pd.Timestamp(end).normalize()
    features = customer_features(lines, end)
    inputs = standardised(features[about["features"]], arrays["means"], arrays["scales"])
    codes = inputs
    if network is not None:
        chunks = [inputs[at : at + CHUNK] for at in range(0, len(inputs), CHUNK)]
        codes = np.concatenate([network(chunk, training=False).numpy() for chunk in chunks])
    group = pairwise_distances_argmin(codes, arrays["centres"])
    groups = np.array(about["group_names"], dtype=object)[group]
    past = lines[lines["date"] < end]
    summary = rfm_summary(past, end - pd.Timedelta(days=1)).reindex(features.index)
    rfm = rfm_scores(past, end)["segment"].astype("str").reindex(features.index)
    weeks = about["horizon_days"] / 7
    repeats = summary["frequency"].to_numpy(float)
    rate_weeks = summary["age"].to_numpy(float)
    if about["lifetime"]["method"] == "BG/NBD":
        model = BgNbd(**about["lifetime"]["parameters"])
        columns = (repeats, summary["recency"], rate_weeks)
        orders = model.expected_purchases(weeks, *columns)
        alive = model.probability_alive(*columns)
    else:  # the past rate goes on
        orders = features["order_days"].to_numpy() / np.maximum(features["age_weeks"], 1) * weeks
        orders = np.asarray(orders, float)
        alive = np.exp(-features["recency_weeks"] / np.maximum(features["gap_weeks"], 1 / 7) / 3)
    value = shrunk_value(features, about["mean_value"], about["value_weight"])
    table = pd.DataFrame(
        {
            "customer_id": features.index,
            "group": groups,
            "rfm_segment": rfm.to_numpy(),
            "recency_weeks": features["recency_weeks"].to_numpy(),
            "order_days": features["order_days"].to_numpy().astype(int),
            "money": features["money"].to_numpy(),
            "expected_orders": np.asarray(orders, float),
            "expected_spend": np.asarray(orders * value, float),
            "alive": np.asarray(alive, float),
        }
    )
    won = "group" if about["segmentation"] == "groups" else "rfm_segment"
    table.insert(1, "segment", table[won])
    table["leaving"] = is_leaving(features, table["expected_orders"].to_numpy(), weeks)
    return table


def shrunk_value(features, mean, weight):
    """Return the value of a customer's next order day: their own mean, drawn to all customers'.

    With `weight` order days' worth of the common mean mixed in, one large order does not make
    a large customer.
    """
    n = features["order_days"].to_numpy()
    return (features["money"].to_numpy() + weight * mean) / (n + weight)


def is_leaving(features, expected, weeks):
    """Tell who is leaving: came twice or more, and is expected at under half their past rate."""
    past = features["order_days"].to_numpy() / np.maximum(features["age_weeks"].to_numpy(), 1)
    return (features["order_days"].to_numpy() >= 2) & (expected < 0.5 * past * weeks)


def recommend_products(history, weights, known, top_k, new_only):
    """Return the places and scores of each customer's best products.

    Parameters
    ----------
    history : SciPy sparse array, shape (n_customers, n_items)
        1 where the customer bought the product.
    weights : callable
        From a dense chunk of history, (n, n_items), to scores of the same shape. Differences
        below 1e-5 of a customer's largest score are the processor's rounding and decide
        nothing: such scores are equal.
    known : array of float, shape (n_items,)
        What sells. Among equal scores the product with more of it stands first, then the one
        with the smaller place; so a customer of whom nothing is known gets what sells.
    top_k : int
    new_only : bool
        Leave out what the customer has bought.

    Returns
    -------
    places : array of int, shape (n_customers, top_k)
        -1 where fewer products are left.
    scores : array of float, the same shape
        Rounded, as they are ranked.

    Raises
    ------
    ValueError
        If a score is NaN.
    """
    places, best = [], []
    by_sales = np.argsort(-known, kind="stable")
    for at in range(0, history.shape[0], CHUNK // 4):
        chunk = history[at : at + CHUNK // 4].toarray().astype("float32")
        scores = np.asarray(weights(chunk), float)
        largest = np.abs(scores).max(axis=1, keepdims=True)
        step = ROUNDING * np.where(largest > 0, largest, 1)
        scores = np.round(scores / step) * step
        if new_only:
            scores[chunk > 0] = -np.inf
        top = by_sales[metrics.top_k(scores[:, by_sales], top_k)]
        value = np.take_along_axis(scores, top, axis=1)
        places.append(np.where(np.isfinite(value), top, -1))
        best.append(np.where(np.isfinite(value), value, 0))
    return np.concatenate(places), np.concatenate(best)


def scorer(about, arrays, network=None):
    """Return the function from history to scores of a saved or just fitted recommender."""
    method = about["method"]
    if method == "popular":
        return lambda chunk: np.broadcast_to(arrays["popularity"], chunk.shape)
    if method == "autoencoder":
        return lambda chunk: network(chunk, training=False).numpy()
    if method == "ALS":
        from ecomlab.baselines import als_users

        factors = arrays["factors"]
        return lambda chunk: als_users(chunk > 0, factors, **about["als"]) @ factors.T
    return lambda chunk: chunk @ arrays["weights"]  # item-kNN and EASE


def recommend_to(lines, about, arrays, network=None):
    """Return the products to show to each customer of some orders.

    Returns
    -------
    DataFrame
        customer_id, rank (1 is best), product_id, product and score.
    """
    items = arrays["items"].astype(str)
    customers = np.sort(lines["customer_id"].unique())
    history = history_matrix(lines, customers, items)
    places, scores = recommend_products(
        history,
        scorer(about, arrays, network),
        arrays["popularity"],
        about["top_k"],
        about["new_only"],
    )
    n, k = places.shape
    table = pd.DataFrame(
        {
            "customer_id": np.repeat(customers, k),
            "rank": np.tile(np.arange(1, k + 1), n),
            "product_id": items[places.ravel()],
            "product": arrays["names"].astype(str)[places.ravel()],
            "score": scores.ravel(),
        }
    )
    return table[places.ravel() >= 0].reset_index(drop=True)


def _refuse_other_money(model, about, orders, reading):
    """Stop at orders in several currencies, or in another than the model's, unless one is named."""
    settings = read_map(reading["columns"])[1] if reading.get("columns") else {}
    if reading.get("currency") or settings.get("currency"):
        return
    others = orders.dropped[orders.dropped["rule"] == "currency"]
    if len(others):
        raise UserError(
            f"{orders.source}: {others['lines'].sum():,} lines are in a currency other than "
            f"{orders.currency}, or in none: say --currency {orders.currency} to score without them"
        )
    learnt = about.get("currency", "")
    if about["kind"] == "segments" and learnt and orders.currency not in ("", learnt):
        raise UserError(
            f"{orders.source} is in {orders.currency}, and {model} learnt from amounts in "
            f"{learnt}: make the report on orders in {orders.currency}, or say --currency "
            f"{orders.currency} to take them as they are"
        )


def score_file(model, data, out, **reading):
    """Score a shop's new orders with a saved model.

    Parameters
    ----------
    model : str or Path
        A folder that the report segments or recommend saved.
    data : str or Path
        Orders, as for the report: all those of the customers to be scored.
    out : str or Path
        A .csv or .parquet file.
    **reading
        How orders are read, as for `ecomlab.shop.orders.read_orders`.

    Returns
    -------
    Path
        `out`.

    Raises
    ------
    UserError
        Bad input; nothing was written.
    """
    from ecomlab.shop.orders import read_orders

    out = Path(out)
    if out.suffix not in (".csv", ".parquet"):
        raise UserError(f"--out names a .csv or .parquet file, not {out.name}")
    kind = read_about(model)["kind"]  # before the orders are read: a wrong folder is told at once
    orders = read_orders(kind, data, any_size=True, **reading)
    about, arrays, network = load_model(model)
    _refuse_other_money(Path(model), about, orders, reading)
    if kind == "segments":
        # Looked at from the model's own day, or from the day after the last new order.
        last = orders.lines["date"].max().normalize() + pd.Timedelta(days=1)
        end = max(pd.Timestamp(about["end"]), last)
        table = score_customers(orders.lines, end, about, arrays, network)
        table["currency"] = orders.currency  # the report's table names it, too
    else:
        table = recommend_to(orders.lines, about, arrays, network)
    orders.save_key(out.with_name(f"{out.stem}_customer_key.csv"))
    if out.suffix == ".csv":
        return write_csv(table, out)
    buffer = BytesIO()
    table.to_parquet(buffer, index=False)
    return write_bytes(out, buffer.getvalue())
