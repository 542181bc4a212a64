"""Tokens that are missing, of no use, or for all to read."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.doctor.finding import Finding
from deploy.doctor.token import is_container, token_finding


def token_file(folder: Path, text: str = "the-token-0123456789", mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return path


def found_in(path: Path, in_container: bool = False) -> Finding:
    return token_finding({"RAY_AUTH_TOKEN_PATH": str(path)}, True, in_container)


def test_a_good_token_is_fine(tmp_path: Path):
    """Where it was found is said, what it is is not."""
    found = found_in(token_file(tmp_path))
    assert found == Finding("token", "ok", f"from RAY_AUTH_TOKEN_PATH, {tmp_path / 'token'}")


def test_a_missing_token_matters_when_a_cluster_is_joined(tmp_path: Path):
    """Alone it is fine; a cluster may want one; Ray itself stops where it was told to use one."""
    nothing = {"HOME": str(tmp_path)}
    assert token_finding(nothing, False, False).verdict == "ok"
    assert token_finding(nothing, True, False).verdict == "warning"
    told = token_finding({**nothing, "RAY_AUTH_MODE": "token"}, False, False)
    assert told.verdict == "problem"
    assert "RAY_AUTH_MODE is token" in told.what
    assert "copy the head node's token file" in told.todo


@pytest.mark.parametrize(("text", "said"), [(None, "cannot be read"), ("\n", "is empty")])
def test_a_token_file_of_no_use_is_a_problem(tmp_path: Path, text: str | None, said: str):
    """A file that is not there, and one without a token in it; cluster or not."""
    path = tmp_path / "absent" if text is None else token_file(tmp_path, text)
    found = token_finding({"RAY_AUTH_TOKEN_PATH": str(path)}, False, False)
    assert (found.verdict, said in found.what) == ("problem", True)
    assert str(path) in found.what


@pytest.fixture
def nobody() -> Iterator[None]:
    """Be a user whom the rights of files concern."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_token_that_this_user_may_not_read_is_a_problem(tmp_path: Path, request: pytest.FixtureRequest):
    """The reason is said."""
    path = token_file(tmp_path, mode=0o000)
    request.getfixturevalue("nobody")
    found = found_in(path)
    assert (found.verdict, "Permission denied" in found.what) == ("problem", True)


def test_a_token_that_everyone_may_read_is_a_warning(tmp_path: Path):
    """But not in a container, where secrets are handed in like that."""
    path = token_file(tmp_path, mode=0o644)
    assert found_in(path).verdict == "warning"
    assert found_in(path).todo == f"run `chmod 600 {path}`"
    assert found_in(path, in_container=True).verdict == "ok"


def test_containers_are_known_by_their_marks(tmp_path: Path):
    """Docker and Podman leave a file, Kubernetes a variable."""
    assert not is_container(tmp_path)
    assert is_container(tmp_path, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    (tmp_path / ".dockerenv").touch()
    assert is_container(tmp_path)
