"""The cluster's token on this machine: there, usable, and nobody else's to read."""

import stat
from collections.abc import Mapping
from pathlib import Path

from cluster.errors import TokenMissingError, TokenUnusableError
from cluster.token import Token, find_token
from deploy.doctor.finding import Finding

NAME = "token"


def token_finding(environment: Mapping[str, str], needed: bool, in_container: bool) -> Finding:
    """Judge the token that a Ray process with this environment would find.

    Args:
        environment: variables of the process.
        needed: whether a cluster is to be joined.
        in_container: where a file that everyone may read is how secrets are handed in.
    """
    try:
        token = find_token(environment)
    except TokenUnusableError as error:
        return Finding(NAME, "problem", error.what, error.todo)
    except TokenMissingError as error:
        if environment.get("RAY_AUTH_MODE") == "token":
            return Finding(NAME, "problem", f"RAY_AUTH_MODE is token, but {error.what}", error.todo)
        if needed:
            return Finding(NAME, "warning", error.what, error.todo)
        return Finding(NAME, "ok", "this machine has none; a run on this machine alone needs none")
    if not in_container and _is_open(token):
        return Finding(
            NAME,
            "warning",
            f"every user of this machine can read the file of {token.source}",
            f"run `chmod 600 {token.path}`",
        )
    return Finding(NAME, "ok", f"from {token.source}")


def is_container(root: Path = Path("/"), environment: Mapping[str, str] | None = None) -> bool:
    """Return whether this is a container of Docker, Podman or Kubernetes."""
    marks = (root / ".dockerenv", root / "run" / ".containerenv")
    return any(mark.exists() for mark in marks) or "KUBERNETES_SERVICE_HOST" in (environment or {})


def _is_open(token: Token) -> bool:
    return token.path is not None and bool(token.path.stat().st_mode & stat.S_IROTH)
