"""The Ray runtime: thin skins over the same parts. Nothing outside this package imports ray."""
