"""Who learns: temporal-difference mathematics, task weighting, the update, weights and checkpoints."""
