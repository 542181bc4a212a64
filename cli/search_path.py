"""Where modules of users are looked for."""

import os
import sys


def search_current_directory() -> None:
    """Let modules be imported from the current directory, after all others.

    A console script searches the directory that it lies in, not the one that it is started in. On a machine of
    its own Ray lets workers search the driver's current directory; on the other nodes of a cluster nothing
    that is done here can help. The directory comes last: what is called `tasks` there is not ours.
    """
    try:
        here = os.getcwd()
    except OSError:  # it has been deleted
        return
    if here not in sys.path:
        sys.path.append(here)
