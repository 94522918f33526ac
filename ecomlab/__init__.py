"""Helpers for the ecomlab workbook: data, splits, figures, results and runs.

The networks are not here. Each one stands in the lesson that teaches it.
"""

__version__ = "0.1.0"
