"""Hypothesis runs the same cases every time, and slow machines are no failures."""

from hypothesis import settings

settings.register_profile("trunkline", derandomize=True, deadline=None)
settings.load_profile("trunkline")
