"""The examples in the documents work as they stand."""
