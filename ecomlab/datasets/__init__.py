"""The data of the workbook: the catalogue, fetching, and one loader a data set.

Names are imported when they are first used, so that ``import ecomlab.datasets`` costs
nothing: pandas comes only when a loader runs.
"""

from importlib import import_module

from ecomlab.errors import DataUnavailableError

_HOMES = {
    "DatasetInfo": "info",
    "catalogue": "info",
    "fetch": "fetching",
    "FASHION_CLASSES": "fashion_mnist",
    "load_fashion_mnist": "fashion_mnist",
    "load_diamonds": "diamonds",
    "load_cdnow": "cdnow",
    "load_complete_journey": "complete_journey",
    "load_promotions": "complete_journey",
    "load_womens_clothing_reviews": "womens_clothing_reviews",
    "load_online_shoppers": "online_shoppers",
    "load_yoochoose_100k": "yoochoose_100k",
    "load_grocery_store": "grocery_store",
    "load_efficientnet_lite0": "efficientnet_lite0",
}

__all__ = ["DataUnavailableError", *_HOMES]


def __getattr__(name):
    """Import a public name from its module, once."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    """Name the public functions before their first use, for completion."""
    return sorted({*globals(), *_HOMES})
