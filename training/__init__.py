"""One life of a run: the loop, what it watches, and how it ends."""
