"""Value scales: per task, what lies between the network's values and returns."""
