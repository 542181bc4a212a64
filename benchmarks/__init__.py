"""Speeds and times of trunkline, each beside a peer that took turns with it in the same run."""
