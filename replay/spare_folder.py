"""A place for files of a user who has none: no home, or an installation that cannot be written to."""

import os
import tempfile
from pathlib import Path


def spare_folder(name: str, parent: Path | None = None) -> Path | None:
    """Return a folder below `parent` (that for temporary files) that nobody but this user can write to.

    None if there is none, or if the folder is somebody else's: what lies there may be run, or be believed.
    """
    try:
        folder = (parent or Path(tempfile.gettempdir())) / f"{name}-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return None
    is_ours = found.st_uid == os.getuid() and found.st_mode & 0o077 == 0 and not folder.is_symlink()
    return folder if is_ours else None
