"""The token of a cluster, found where Ray looks for it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cluster.errors import TokenMissingError, TokenUnusableError


@dataclass(frozen=True)
class Token:
    """A cluster's shared secret; its text never shows in a log or a message.

    Attributes:
        text: without the white space around it, which Ray drops too.
        source: where it was found, in words.
        path: of its file; None if it stood in the environment.
    """

    text: str = field(repr=False)
    source: str
    path: Path | None


def find_token(environment: Mapping[str, str] = os.environ) -> Token:
    """Return the token, from RAY_AUTH_TOKEN, else the file RAY_AUTH_TOKEN_PATH names, else ~/.ray/auth_token.

    Raises:
        TokenUnusableError: the file cannot be read, or what it holds is no token.
        TokenMissingError: there is none in any of the three places.
    """
    if environment.get("RAY_AUTH_TOKEN"):
        source = "RAY_AUTH_TOKEN"
        return Token(_checked(environment["RAY_AUTH_TOKEN"], source), source, None)
    given = environment.get("RAY_AUTH_TOKEN_PATH")
    if given:
        return _from_file(Path(given), f"RAY_AUTH_TOKEN_PATH, {given}")
    usual = Path(environment.get("HOME") or os.path.expanduser("~")) / ".ray" / "auth_token"
    if os.path.exists(usual):
        return _from_file(usual, "~/.ray/auth_token")
    raise TokenMissingError(
        "there is no token of the cluster in RAY_AUTH_TOKEN, RAY_AUTH_TOKEN_PATH or ~/.ray/auth_token",
        "copy the head node's token file here and let RAY_AUTH_TOKEN_PATH name it",
    )


def _from_file(path: Path, source: str) -> Token:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise TokenUnusableError(
            f"the token file of {source} cannot be read ({reason})",
            "it should be a file with the cluster's token that this user may read",
        ) from error
    return Token(_checked(text, f"the token file of {source}"), source, path)


def _checked(text: str, where: str) -> str:
    """Return the token in `text`; Ray and HTTP want it in one piece of plain characters."""
    token = text.strip()
    if not token:
        raise TokenUnusableError(
            f"{where} is empty", "put the cluster's token there, as the head node has it"
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise TokenUnusableError(
            f"{where} holds more than a token", "it should be one line of plain letters, digits and signs"
        )
    return token
