"""A checkup of one environment: what it does over some episodes, how fast, and what is unwise about it."""
