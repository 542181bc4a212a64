"""Probes: what sharing does inside a network, as small functions and as one reading of all of them."""
