"""Properties that must hold for whatever Hypothesis comes up with."""
