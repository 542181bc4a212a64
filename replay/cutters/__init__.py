"""Cutters: what a sample is, cut out of the rows of a table when it is drawn."""
