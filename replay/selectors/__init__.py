"""Selectors: which items a table draws, and with which probability."""
