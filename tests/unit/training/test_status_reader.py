"""A status of a whole run says what everyone who works for it knows."""

from tests.support.learning_builders import IN_EVERY_ROUND, tiny_parts
from training.assembly import Outlets, assemble
from training.local.runtime import LocalRuntime
from training.status.progress import Progress
from training.status.records import DiskStatus, RunStatus

SHORT = ("tasks.identity.solved_at=null", "tasks.chain.solved_at=0.5", "stop_env_steps=500")


def test_every_part_of_a_status_comes_from_whoever_knows_it():
    """Configuration, replay, learner, judge, saver, fleet, disk: held against each of them after the run."""
    parts = tiny_parts(*SHORT, "evaluation.period=30")
    seen: list[RunStatus] = []
    saved: list[int] = []
    disk = DiskStatus(5, 10)
    before = Progress(env_steps={"chain": 100}, train_seconds=1e6, life=1, weights_version=40)
    outlets = Outlets([seen.append], lambda learner, _: saved.append(learner.learner_step), disk=lambda: disk)
    with LocalRuntime(parts) as runtime:
        learner = parts.learner()
        outcome = assemble(parts, runtime, learner, before, outlets, cadence=IN_EVERY_ROUND).run()
        last = seen[-1]
        assert [task.crew for task in last.tasks] == [runtime.fleet.crew(task.name) for task in last.tasks]
        assert last.cluster == runtime.fleet.cluster
    assert last.learner_step == learner.learner_step > 30
    assert last.weights_version > 40
    assert last.train_seconds > 1e6
    assert [(task.name, task.solved_at) for task in last.tasks] == [("chain", 0.5), ("identity", None)]
    assert {task.name: task.env_steps for task in last.tasks} == outcome.progress.env_steps
    assert (last.saving.checkpoints, last.saving.last_checkpoint.learner_step) == (len(saved), saved[-1])
    assert last.saving.checkpoint_period == 100
    assert last.disk == disk
    judged = [status for status in seen if status.evaluations]
    assert None not in [task.greedy_return for task in judged[-1].tasks]
    assert [task.greedy_return for task in seen[0].tasks] == [None, None]
    capacities = parts.replay.capacities()
    assert [task.replay.replay_capacity for task in last.tasks] == [capacities[t.name] for t in last.tasks]
