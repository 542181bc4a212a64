"""What the README says of a cluster, as a user would type it."""

import os
import subprocess
import time
from pathlib import Path

import pytest

from tests.cluster.conftest import SERVICES, Measure
from tests.support.containers import ROOT, docker, engine_problem

pytestmark = pytest.mark.cluster


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment with secrets and a project of the test's own; skip where there is no engine."""
    problem = engine_problem()
    if problem is not None:
        pytest.skip(problem)
    return {
        **os.environ,
        "COMPOSE_PROJECT_NAME": "trunkline-made",
        "TRUNKLINE_SECRETS": str(tmp_path / "secrets"),
        "TRUNKLINE_PROMETHEUS_PORT": "19090",
        "TRUNKLINE_OVERRIDES": "tasks.cartpole.solved_at=null stop_env_steps=1000000000",
    }


def make(
    environment: dict[str, str], tmp_path: Path, target: str, *variables: str
) -> subprocess.CompletedProcess[str]:
    wheels = f"WHEELS={os.environ.get('WHEELS', '')}"
    command = [
        "make",
        target,
        f"SECRETS={tmp_path / 'secrets'}",
        f"ENV={tmp_path / 'env'}",
        wheels,
        *variables,
    ]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=600, check=False
    )


def test_up_status_down(environment: dict[str, str], tmp_path: Path, measure: Measure):
    """`make up` makes a token and waits until all is healthy, `status` tells, `down` leaves nothing.

    Grafana's image may not be there to be had, so it is left out.
    """
    made = make(environment, tmp_path, "token")
    assert made.returncode == 0, made.stderr
    assert (tmp_path / "secrets" / "ray_token").stat().st_size == 64
    assert oct((tmp_path / "secrets").stat().st_mode)[-3:] == "700"
    assert make(environment, tmp_path, "image").returncode == 0
    try:
        begin = time.monotonic()
        up = make(environment, tmp_path, "up", f"SERVICES={' '.join(SERVICES)}")
        measure("up all-healthy", time.monotonic() - begin, "s", 60)
        assert up.returncode == 0, up.stderr[-2000:]
        deadline = time.monotonic() + 60
        while "learner:" not in (said := make(environment, tmp_path, "status").stdout):
            assert time.monotonic() < deadline, said
            time.sleep(1)
        assert "cartpole" in said
        assert "mountaincar" in said
        down = make(environment, tmp_path, "down")
        assert down.returncode == 0, down.stderr[-2000:]
        ours = "label=com.docker.compose.project=trunkline-made"
        assert docker("ps", "--all", "--quiet", "--filter", ours) == ""
    finally:
        remove = ["docker", "compose", "--profile", "monitoring", "down", "--volumes"]
        subprocess.run(remove, cwd=ROOT, env=environment, capture_output=True, check=False)


def test_without_a_token_compose_says_what_to_do(environment: dict[str, str]):
    """A bare `docker compose up` in a fresh clone ends with a sentence, and starts nothing."""
    bare = {name: value for name, value in environment.items() if name != "TRUNKLINE_SECRETS"}
    up = ["docker", "compose", "--env-file", "/dev/null", "up", "--detach"]
    done = subprocess.run(up, cwd=ROOT, env=bare, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode != 0
    assert "there is no token yet, run make up or make token" in done.stderr
