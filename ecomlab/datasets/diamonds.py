"""Diamonds: prices and attributes from an online shop."""

from .loading import files_of

# Each from worst to best.
CUTS = ("Fair", "Good", "Very Good", "Premium", "Ideal")
COLORS = ("J", "I", "H", "G", "F", "E", "D")
CLARITIES = ("I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF")


def load_diamonds(size="full"):
    """Load the diamonds' table as shipped.

    Parameters
    ----------
    size : {"full", "sample"}
        All 53,940 rows, or 5,000 of them that lie in the project.

    Returns
    -------
    pandas.DataFrame
        One row a diamond, columns:

        - ``carat``: weight, carats (0.2 g)
        - ``cut``, ``color``, ``clarity``: ordered categories, worst to best
        - ``depth``: 100 z / mean(x, y), per cent
        - ``table``: width of the top against the widest point, per cent
        - ``price``: US dollars, 326 to 18,823, an integer
        - ``x``, ``y``, ``z``: length, width and height, mm

    Notes
    -----
    Source: ggplot2's table, read from the Python package plotnine 0.15.9, MIT licence.

    Known traps: 146 rows repeat another exactly; 20 rows have a dimension of zero (8 in x,
    7 in y, 20 in z); single rows are as impossible as y = 58.9 mm and z = 31.8 mm; the rows
    are sorted by price in runs, so shuffle before you split.

    Examples
    --------
    >>> load_diamonds(size="sample").shape
    (5000, 10)
    """
    import pandas as pd

    table = pd.read_csv(files_of("diamonds", size)["diamonds.csv"])
    for column, order in (("cut", CUTS), ("color", COLORS), ("clarity", CLARITIES)):
        table[column] = pd.Categorical(table[column], categories=order, ordered=True)
    return table
