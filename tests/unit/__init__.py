"""One folder a room: what each part promises by itself."""
