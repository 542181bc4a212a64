"""Run configuration: its schema, how it is read, and the checks that span several fields."""
