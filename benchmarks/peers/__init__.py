"""Scripts that run in other interpreters and import nothing of trunkline; `worker.py` runs them."""
