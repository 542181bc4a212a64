"""How it runs: configuration, the two runtimes, supervision, metrics, run directories."""
