"""What is to be solved: task specifications, the environments behind them, and small tasks of our own."""
