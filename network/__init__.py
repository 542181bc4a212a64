"""What is learned: per-task encoders and heads around what the tasks share, and weights as flat arrays."""
