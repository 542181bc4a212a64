"""Where environments come from: one module a source, all of them behind the same streams."""
