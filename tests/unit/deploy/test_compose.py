"""The Compose file: what is shipped is what is printed, and every run's file is as closed as that."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from config.loading import load_config
from config.memory import table_plans
from config.resolution import ResolvedRun, resolve
from deploy.compose import compose_file
from tests.support.source_tree import ROOT

SHIPPED = Path("deploy/configs/cartpole-mountaincar.yaml")
THREE = (
    "tasks.catch.env=trunkline/Catch-v0",
    "replay.shards=4",
    "replay.capacity=1GiB",
    "replay.memory_budget=8GiB",
)
OTHERS = {"prometheus", "grafana"}


def run_of(*overrides: str) -> ResolvedRun:
    """Return the shipped configuration with overrides."""
    return resolve(load_config(ROOT / SHIPPED, list(overrides)))


def services_of(text: str) -> dict[str, dict[str, Any]]:
    """Return the services of a Compose file, with what they take from anchors."""
    services: dict[str, dict[str, Any]] = yaml.safe_load(text)["services"]
    return services


def bytes_of(limit: str) -> int:
    """Return a memory limit in bytes."""
    number, unit = limit[:-1], limit[-1]
    return int(number) * {"m": 2**20, "g": 2**30}[unit]


@pytest.fixture(
    name="text", scope="module", params=[((), 2), (THREE, 3)], ids=["shipped", "three tasks, four shards"]
)
def _text(request: pytest.FixtureRequest) -> str:
    overrides, slots = request.param
    return compose_file(run_of(*overrides), SHIPPED, slots)


def test_the_shipped_file_is_what_is_printed():
    """Nobody edits it by hand, and nobody forgets to render it."""
    assert (ROOT / "docker-compose.yml").read_text() == compose_file(run_of(), SHIPPED, slots=2)


def test_nothing_is_left_to_fill_in(text: str):
    """Every @name@ of the template has a value."""
    assert re.findall(r"@\w+@", text) == []


def test_services_are_those_of_the_run():
    """One for each task's actors, with the slots asked for; replay has a slot for each shard."""
    found = services_of(compose_file(run_of(*THREE), Path("conf/my.yaml"), slots=3))
    tasks = ["cartpole", "mountaincar", "catch"]
    assert set(found) == {"head", "learner", "replay", *OTHERS, *(f"actor-{task}" for task in tasks)}
    for task in tasks:
        assert found[f"actor-{task}"]["command"].endswith(f"--address head:6379 --slots task:{task}=3")
    assert found["replay"]["command"].endswith("--slots replay=4")
    assert "--slots evaluator=1 --" in found["learner"]["command"]
    text = compose_file(run_of(*THREE), Path("conf/my.yaml"), slots=3)
    assert yaml.safe_load(text)["configs"]["run"] == {"file": "./conf/my.yaml"}


def test_memory_is_limited_by_what_is_kept(text: str):
    """Every service has a limit; replay's has room for its tables, actors' for so many processes."""
    for name, service in services_of(text).items():
        assert bytes_of(service["mem_limit"]) >= 512 * 2**20, name


@pytest.mark.parametrize("overrides", [(), THREE])
def test_replay_has_room_for_its_tables(overrides: tuple[str, ...]):
    """And for a process a shard, and not for twice as much."""
    run = run_of(*overrides)
    tables = sum(plan.bytes for plan in table_plans(run.config, run.specs))
    limit = bytes_of(services_of(compose_file(run, SHIPPED, 2))["replay"]["mem_limit"])
    assert tables + run.config.replay.shards * 300 * 2**20 < limit
    assert limit < tables + run.config.replay.shards * 600 * 2**20 + 2**30


def test_more_slots_need_more_memory():
    """Each slot is a process."""
    limits = [
        bytes_of(services_of(compose_file(run_of(), SHIPPED, slots))["actor-cartpole"]["mem_limit"])
        for slots in (1, 2, 8)
    ]
    assert limits[1] - limits[0] >= 300 * 2**20
    assert limits[2] - limits[1] >= 6 * 300 * 2**20


def test_every_service_is_hardened(text: str):
    """No writable image, no capabilities, no new privileges, somebody who reaps children, no root."""
    for name, service in services_of(text).items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert service["init"] is True, name
        assert not {"privileged", "cap_add", "pid", "ipc", "network_mode", "devices"} & set(service), name
        assert service["healthcheck"]["test"][0] == "CMD", name
        assert service["logging"]["options"].keys() == {"max-size", "max-file"}, name
        if name not in OTHERS:
            assert service["user"] == "10001:10001", name


def test_ports_are_open_to_this_machine_only(text: str):
    """Only those of the two dashboards, and the network of the cluster leads nowhere."""
    found = services_of(text)
    assert {name for name, service in found.items() if "ports" in service} == OTHERS
    for name in OTHERS:
        assert all(port.startswith("127.0.0.1:") for port in found[name]["ports"])
    everything = yaml.safe_load(text)
    assert everything["networks"]["cluster"] == {"internal": True}
    for name, service in found.items():
        assert service["networks"] == (["cluster", "front"] if name in OTHERS else ["cluster"]), name


def test_the_token_is_a_secret_file(text: str):
    """Its text stands in no environment, command or label; every node reads the file."""
    everything = yaml.safe_load(text)
    assert everything["secrets"]["ray_token"].keys() == {"file"}
    for name, service in everything["services"].items():
        environment = service.get("environment", {})
        assert "RAY_AUTH_TOKEN" not in environment, name
        if name not in OTHERS:
            assert "ray_token" in service["secrets"], name
            assert environment["RAY_AUTH_TOKEN_PATH"] == "/run/secrets/ray_token", name
            assert environment["RAY_AUTH_MODE"] == "token", name


def test_docker_compose_takes_it(text: str, tmp_path: Path):
    """Its own check finds nothing to say."""
    docker = shutil.which("docker")
    if docker is None or subprocess.run([docker, "compose", "version"], capture_output=True).returncode:
        pytest.skip("there is no docker compose on this machine")
    (tmp_path / "deploy" / "configs").mkdir(parents=True)
    (tmp_path / SHIPPED).write_text((ROOT / SHIPPED).read_text())
    (tmp_path / "docker-compose.yml").write_text(text)
    (tmp_path / ".env").write_text(f"TRUNKLINE_SECRETS={tmp_path}\n")
    command = [docker, "compose", "--profile", "monitoring", "config", "-q"]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_learner_gets_a_gpu_by_an_override():
    """compose.gpu.yaml adds a device to the learner, and nothing to anybody else."""
    override = yaml.safe_load((ROOT / "compose.gpu.yaml").read_text())
    assert list(override) == ["services"]
    assert list(override["services"]) == ["learner"]
    (device,) = override["services"]["learner"]["deploy"]["resources"]["reservations"]["devices"]
    assert device == {"driver": "nvidia", "count": 1, "capabilities": ["gpu"]}
    assert "learner" in services_of((ROOT / "docker-compose.yml").read_text())


@pytest.mark.parametrize(
    "name",
    [
        "$HOME.yaml",
        "a b, {c}: 'd' \"e\" #f.yaml",
        "größe\U0001f600.yaml",
        "-x\ny.yaml",
        "lr=0.1/run.yaml",
        "@slots@",
    ],
)
def test_any_file_may_be_named(name: str):
    """Compose reads the name that was given and puts no variables in; all else stays as it is."""
    text = compose_file(run_of(), Path(name), slots=2)
    everything = yaml.safe_load(text)
    assert everything["configs"]["run"]["file"].replace("$$", "") == f"./{name}".replace("$", "")
    assert everything["configs"]["run"]["file"].count("$") == 2 * name.count("$")
    assert everything["services"] == services_of(compose_file(run_of(), SHIPPED, slots=2))
