"""What stands before the colon of an environment's name where it comes from a source of its own."""

PREFIXES = ("envpool", "vector")
"""`envpool:` for EnvPool's, `vector:` for environments of Gymnasium that step many at a time."""
WITHOUT_INFO = ("envpool",)
"""Those whose infos hold no mask of actions."""


def prefix_of(env: str) -> str | None:
    """Return the prefix of an environment's name; None where it is Gymnasium's."""
    prefix, separator, _ = env.partition(":")
    return prefix if separator and prefix in PREFIXES else None


def without_prefix(env: str) -> str:
    """Return an environment's name as its source knows it."""
    return env if prefix_of(env) is None else env.partition(":")[2]
