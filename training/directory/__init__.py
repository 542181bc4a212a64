"""What a run leaves on disk: its directory, its logs, its best weights."""
