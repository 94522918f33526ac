"""Notebooks as HTML that opens with no network: one page, the workbook, the book."""
