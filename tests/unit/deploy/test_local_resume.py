"""Runs that go on: replay comes back with them, whatever of the configuration has changed meanwhile."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.loading import parse_config
from config.resolution import resolve
from deploy.launch import resume_run, start_run
from learner.checkpoint import CheckpointError
from replay.restoring import SnapshotError
from tests.support.learning_builders import IN_EVERY_ROUND, tiny_config
from training.directory.run_directory import RunDirectory
from training.status.records import RunStatus

RUN = (
    "tasks.chain.solved_at=null",
    "tasks.identity.solved_at=null",
    "tasks.chain.actors=2",
    "tasks.identity.actors=2",
    "evaluation.period=100000",
    "stop_env_steps=800",
)
MORE = "stop_env_steps=1000"


def start(path: Path, *overrides: str, observe: Callable[[RunStatus], None] | None = None) -> dict[str, Any]:
    observers = [] if observe is None else [observe]
    return start_run(resolve(tiny_config(*RUN, *overrides)), path, "local", None, observers, IN_EVERY_ROUND)


def resume(path: Path, *overrides: str, observe: Callable[[RunStatus], None] | None = None) -> dict[str, Any]:
    """Go on, as `trunkline resume` does."""
    directory = RunDirectory.open(path)
    checkpoint, _ = directory.newest_checkpoint()
    run = resolve(parse_config(directory.config.model_dump(mode="json"), overrides))
    return resume_run(
        run, path, checkpoint, "local", None, [] if observe is None else [observe], IN_EVERY_ROUND
    )


def of_tasks(summary: dict[str, Any], name: str) -> dict[str, Any]:
    return {task: result["transitions"][name] for task, result in summary["tasks"].items()}


def restored_by(path: Path, *overrides: str) -> tuple[dict[str, int], dict[str, Any]]:
    """Resume; return what each task got from its snapshot, and the summary."""
    seen: list[RunStatus] = []
    summary = resume(path, MORE, *overrides, observe=seen.append)
    assert set(of_tasks(summary, "problem").values()) == {None}
    return {task.name: task.replay.table.restored for task in seen[-1].tasks}, summary


@pytest.fixture(scope="module", name="trained")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run on two shards; tests resume copies of it."""
    path = tmp_path_factory.mktemp("resume") / "run"
    start(path, "replay.shards=2")
    return path


@pytest.fixture(name="run")
def _run(trained: Path, tmp_path: Path) -> Path:
    shutil.copytree(trained, tmp_path / "run")
    return tmp_path / "run"


def stored(path: Path) -> dict[str, int]:
    """Return how many transitions each task had when the run at `path` ended."""
    return of_tasks(json.loads((path / "summary.json").read_text()), "stored")


def test_replay_comes_back_whole(run: Path):
    """Every transition that was there is there again, and the books count it as restored."""
    before = stored(run)
    assert min(before.values()) > 200
    assert RunDirectory.open(run).config.checkpoint.replay
    restored, summary = restored_by(run)
    assert restored == before
    assert summary["replay_saved"] is True


def first_update_of_resumed(path: Path, *overrides: str) -> RunStatus:
    """Resume for 1200 more steps; return the first status after an update."""
    seen: list[RunStatus] = []
    before = json.loads((path / "summary.json").read_text())
    resume(path, "stop_env_steps=2000", *overrides, observe=seen.append)
    return next(status for status in seen if status.learner_step > before["learner_steps"])


def test_a_resumed_learner_starts_without_waiting(run: Path):
    """What was restored counts towards `min_size_to_sample`: updates begin with the first steps."""
    first = first_update_of_resumed(run, "replay.min_size_to_sample=300")
    assert all(task.replay.table.items > 300 for task in first.tasks)
    assert all(task.replay.table.inserted < 200 for task in first.tasks)


def test_without_its_replay_a_resumed_learner_has_to_wait(run: Path):
    """The difference is the snapshot's: with `checkpoint.replay=false` nothing is restored."""
    first = first_update_of_resumed(run, "replay.min_size_to_sample=300", "checkpoint.replay=false")
    assert all(task.replay.table.inserted >= 300 for task in first.tasks)
    assert {task.replay.table.restored for task in first.tasks} == {0}


def test_the_measured_ratio_goes_on_as_configured(run: Path):
    """Restored items owe no samples, and those that come now are drawn as often as they should be."""
    seen: list[RunStatus] = []
    resume(run, "stop_env_steps=2500", "replay.samples_per_insert=4.0", observe=seen.append)
    for task in seen[-1].tasks:
        assert task.replay.samples_per_insert == pytest.approx(4.0, rel=0.35)


def test_what_was_learned_is_there_right_after_resuming(tmp_path: Path):
    """Greedy play is as good as it was, and goes on to be with old and new transitions mixed."""
    learning = (
        "tasks.chain=null",
        "replay.n_step=1",
        "stop_env_steps=6000",
        "replay.capacity=4000",
        "learner.learning_rate=0.01",
        "learner.batch_size=64",
        "network.trunk=[32]",
        "network.encoder_width=32",
        "evaluation.episodes=20",
    )
    overrides = [override for override in RUN if "chain" not in override]
    run = resolve(tiny_config(*overrides, *learning))
    before = start_run(run, tmp_path / "run", "local", None, [], IN_EVERY_ROUND)
    after = resume(tmp_path / "run", "stop_env_steps=6300")
    returns = [summary["tasks"]["identity"]["greedy_return_mean"] for summary in (before, after)]
    assert returns[0] > 18.0
    assert returns[1] > returns[0] - 1.0
    assert after["learner_steps"] > before["learner_steps"]


@pytest.mark.parametrize("shards", [1, 2, 3])
def test_replay_comes_back_on_another_number_of_shards(run: Path, shards: int):
    """Every task gets what its new tables have room for, at least as much as lay on one shard."""
    before = stored(run)
    overrides = ["tasks.chain.actors=3", "tasks.identity.actors=3", f"replay.shards={shards}"]
    restored, _ = restored_by(run, *overrides)
    for task, count in before.items():
        assert (0.6 if shards > 2 else 0.95) * count <= restored[task] <= count


@pytest.mark.parametrize("actors", [1, 2])
def test_one_shards_replay_comes_back_on_two(tmp_path: Path, actors: int):
    """Whichever shard a task now lies on, its transitions find the way there."""
    spread = (f"tasks.chain.actors={actors}", f"tasks.identity.actors={actors}")
    start(tmp_path / "run", *spread)
    before = stored(tmp_path / "run")
    restored, _ = restored_by(tmp_path / "run", "replay.shards=2")
    for task, count in before.items():
        assert restored[task] >= 0.45 * count, task


def test_a_task_that_moves_to_another_shard_takes_its_replay_along(tmp_path: Path):
    """With more actors the first task takes both shards, and the second begins on the other one."""
    one = ("tasks.chain.actors=1", "tasks.identity.actors=1", "replay.shards=2")
    start(tmp_path / "run", *one)
    before = stored(tmp_path / "run")
    restored, _ = restored_by(tmp_path / "run", "tasks.chain.actors=2")
    for task, count in before.items():
        assert restored[task] >= 0.45 * count, task


def test_snapshots_of_shards_that_are_gone_do_not_come_back(run: Path):
    """On fewer shards all is saved with those there are; a later resume gets each transition once."""
    _, summary = restored_by(run, "replay.shards=1")
    before = of_tasks(summary, "stored")
    seen: list[RunStatus] = []
    resume(run, "stop_env_steps=1200", "replay.capacity=5000", observe=seen.append)
    assert {task.name: task.replay.table.restored for task in seen[-1].tasks} == before


def test_a_run_may_be_resumed_again_and_again(run: Path):
    """Also where nothing happened in between: the budget was used up, and some shard may hold nothing."""
    for shards in (2, 3, 3, 1, 1):
        summary = resume(run, f"replay.shards={shards}")
        assert summary["stopped_by"] == "budget"
        assert set(of_tasks(summary, "problem").values()) == {None}
        assert min(of_tasks(summary, "stored").values()) > 100


@pytest.mark.parametrize(
    "change",
    [
        "replay.n_step=1",
        "replay.n_step=5",
        "replay.selector=proportional",
        "replay.samples_per_insert=2.0",
        "actors.fragment_length=16",
        "learner.batch_size=32",
        "tasks.chain.discount=0.9",
        "tasks.chain.reward_clip=0.5",
        "tasks.chain.envs_per_actor=3",
    ],
)
def test_replay_comes_back_after_a_change_that_leaves_its_frames_alone(run: Path, change: str):
    """Returns are cut and rates kept as they are configured now, from rows as they were."""
    before = stored(run)
    restored, summary = restored_by(run, change)
    for task, count in before.items():
        assert restored[task] >= 0.7 * count
    assert summary["env_steps"] >= 1000


@pytest.mark.parametrize(("capacity", "share"), [("200", 0.4), ("2000", 1.0), ("8KiB", 0.2), ("64KiB", 0.9)])
def test_replay_comes_back_into_tables_of_another_size(run: Path, capacity: str, share: float):
    """The newest that there is room for; all of it where there is more."""
    before = stored(run)
    restored, summary = restored_by(run, f"replay.capacity={capacity}")
    for task, count in before.items():
        assert share * count * 0.8 <= restored[task] <= count
    if share == 1.0:
        assert restored == before
    assert set(of_tasks(summary, "problem").values()) == {None}


def test_the_same_snapshot_goes_on_in_the_same_way(trained: Path, tmp_path: Path):
    """Two copies of a run that are resumed come to the same weights, bit for bit."""
    found = []
    for name in ("a", "b"):
        shutil.copytree(trained, tmp_path / name)
        found.append(resume(tmp_path / name, MORE, "replay.selector=proportional"))
    assert found[0]["weights_sha256"] == found[1]["weights_sha256"]
    assert found[0]["learner_steps"] == found[1]["learner_steps"]


def test_without_replay_in_its_checkpoints_a_run_writes_none(tmp_path: Path):
    """There is no such directory, the summary says that nothing is saved, and the run resumes without."""
    summary = start(tmp_path / "run", "checkpoint.replay=false")
    assert not (tmp_path / "run" / "replay").exists()
    assert list((tmp_path / "run" / "checkpoints").iterdir())
    restored, _ = restored_by(tmp_path / "run")
    assert set(restored.values()) == {0}
    assert summary["replay_saved"] is False


BOARD = ("tasks.chain=null", "tasks.catch.env=trunkline/Catch-v0", "tasks.catch.actors=2")
WIDE = "tasks.catch.env_kwargs={rows: 5, columns: 10}"
"""As many pixels as before in another shape: the network is the same, the frames are not."""


def start_on_board(path: Path) -> None:
    overrides = [override for override in RUN if "chain" not in override]
    start_run(resolve(tiny_config(*overrides, *BOARD)), path, "local", None, [], IN_EVERY_ROUND)


def test_frames_of_another_shape_are_refused_with_a_sentence(tmp_path: Path):
    """It names the task and both shapes, and says what can be done; that can be done."""
    start_on_board(tmp_path / "run")
    before = (tmp_path / "run" / "config.yaml").read_text()
    sentence = (
        r"frame_shape of task 'catch' was \[10, 5\], it is .5, 10. now; .* give checkpoint.replay=false"
    )
    with pytest.raises(SnapshotError, match=sentence):
        resume(tmp_path / "run", MORE, WIDE)
    assert (tmp_path / "run" / "config.yaml").read_text() == before
    assert resume(tmp_path / "run", MORE, WIDE, "checkpoint.replay=false")["stopped_by"] == "budget"


@pytest.mark.parametrize("replay", ["true", "false"])
def test_observations_of_another_size_are_another_network(tmp_path: Path, replay: str):
    """With and without replay it is the network's sentence, since that would have to change too."""
    start_on_board(tmp_path / "run")
    with pytest.raises(CheckpointError, match="checkpoint of another network"):
        resume(tmp_path / "run", "tasks.catch.env_kwargs={rows: 6}", f"checkpoint.replay={replay}")


def damage(path: Path) -> None:
    """Flip a byte in the largest file of rows."""
    largest = max(path.glob("*.rows"), key=lambda file: file.stat().st_size)
    data = bytearray(largest.read_bytes())
    data[len(data) // 2] ^= 1
    largest.write_bytes(bytes(data))


def test_a_damaged_snapshot_is_named(run: Path):
    """Nothing half-restored is trained on; without replay the run can be resumed."""
    damage(run / "replay" / "shard-0")
    with pytest.raises(SnapshotError, match=r"replay snapshot shard-0 is damaged: .* is not what"):
        resume(run, MORE)
    assert resume(run, MORE, "checkpoint.replay=false")["stopped_by"] == "budget"


def test_an_unfinished_snapshot_does_not_count(run: Path):
    """Without its manifest a directory is no snapshot: that shard starts empty, the other one whole."""
    before = stored(run)
    (run / "replay" / "shard-1" / "manifest.json").unlink()
    restored, _ = restored_by(run)
    assert all(0 < restored[task] < count for task, count in before.items())
