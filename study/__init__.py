"""What it shows: arms and seeds over one set of tasks, controls, statistics, figures, the report."""
