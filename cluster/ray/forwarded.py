"""What Ray forwards from other processes of the cluster: into a file of the run, not among its own lines.

When a process of any node is killed, Ray sends its last log lines, stack traces included, to every driver and
prints them on standard output. They help whoever looks into Ray, and nobody who looks at a run.
"""

import logging
import threading
from pathlib import Path
from typing import Any

import ray._private.worker as ray_worker

FILE = "ray.log"
MOST_BYTES = 10 * 2**20
"""A cluster in trouble says the same again and again: what is beyond this is left out."""

logger = logging.getLogger(__name__)


class ForwardedLines:
    """Appends forwarded lines to a file, and says so once.

    ForwardedLines(run_directory / FILE).receive()

    Args:
        path: where they go; None for nowhere. Before its folder is there they are left out.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._said = False
        self._lock = threading.Lock()

    def receive(self) -> None:
        """Take the place of what prints them in this process; Ray has no public way to do this."""
        ray_worker.print_to_stdstream = self._write

    def _write(self, data: dict[str, Any], ignore_prefix: bool) -> None:  # noqa: ARG002 - Ray's signature
        path = self._path
        if path is None or not path.parent.is_dir():
            return
        with self._lock:
            if not self._said:
                self._said = True
                logger.warning("what Ray says of other processes of the cluster is kept in %s", path)
            if not path.exists() or path.stat().st_size < MOST_BYTES:
                with path.open("a", encoding="utf-8", errors="replace") as file:
                    file.writelines(f"{line.rstrip()}\n" for line in data["lines"])
