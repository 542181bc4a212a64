"""The large sections of a run configuration, a file each."""
