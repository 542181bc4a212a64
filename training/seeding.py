"""One root seed, a seed of its own for every part that draws random numbers."""

import hashlib


def child_seed(root: int, *path: str | int) -> int:
    """Return the seed of the part at `path`, in [0, 2^31): the same for the same root and path.

    child_seed(1, "actor", "cartpole", 0)
    """
    text = "/".join(map(str, (root, *path)))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") >> 1
