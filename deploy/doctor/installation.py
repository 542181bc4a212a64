"""The installation: where compiled functions are kept between processes."""

from pathlib import Path

from deploy.doctor.finding import Finding
from replay.compiling import SPARE_FOLDER


def compiled_finding(kept: Path | None) -> Finding:
    """Judge the folder where compiled functions are kept; None is nowhere."""
    name = "compiled functions"
    todo = "set NUMBA_CACHE_DIR to a permanent directory where this user can write"
    if kept is None:
        what = "they cannot be kept, so each process compiles them again, which takes some seconds"
        return Finding(name, "warning", what, todo)
    if any(part.startswith(SPARE_FOLDER) for part in kept.parts):
        what = (
            f"they are kept in {kept}, because this user can write neither to the installation nor to a home"
        )
        return Finding(name, "warning", what, todo)
    return Finding(name, "ok", f"kept in {kept}")
