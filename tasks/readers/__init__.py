"""Readers: from what an environment shows, whatever its space, to the parts that are kept of it."""
