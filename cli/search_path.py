"""Where modules of users are looked for."""

import os
import sys


def search_current_directory() -> None:
    """Let modules be imported from the current directory, after all others.

    A console script searches the directory that it lies in, not the one that it is started in. Ray lets its
    workers search the driver's current directory by itself, on this machine; on other nodes of a cluster the
    modules have to be there. The directory comes last, so that a `tasks` in it does not hide our own.
    """
    try:
        here = os.getcwd()
    except OSError:  # it has been deleted
        return
    if here not in sys.path:
        sys.path.append(here)
