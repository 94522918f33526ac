"""Notebooks run with checked parameters: one, or many side by side."""
