"""Task weighting: from per-task losses, and gradients where asked for, to the gradients of one update."""
