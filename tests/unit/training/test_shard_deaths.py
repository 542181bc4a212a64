"""Shards that die in mid-run: replaced, what was on them counted, and the run goes on to its end."""

from collections.abc import Callable
from functools import partial

import pytest

from replay.client import LocalShardClient, Reply, ShardUnavailableError
from replay.messages import Pace, SampleAnswer
from replay.wire import encode_block
from tests.support.builders import collected, make_block, make_router, make_shard
from tests.support.learning_builders import IN_EVERY_ROUND, Delayed, tiny_parts
from tests.support.status_builders import shard_stats
from tests.unit.training.local_run import Interfere, LocalRun, train_locally
from tests.unit.training.mortal_runtime import MortalRuntime, MortalShards, mortals_of
from training.cadence import Cadence
from training.errors import TrainingFailedError
from training.local.runtime import LocalRuntime
from training.local.shards import LocalShards
from training.loop import Training
from training.parts.parts import Parts
from training.runtime import ShardState
from training.shard_supervision import ShardKeeper
from training.status.records import RunStatus

RUN = (
    "tasks.chain.solved_at=null",
    "tasks.identity.solved_at=null",
    "tasks.chain.actors=2",
    "tasks.identity.actors=2",
    "evaluation.period=100000",
    "stop_env_steps=900",
    "learner.stall_seconds=5.0",
)


def killing(shard: int, when: Callable[[RunStatus], bool]) -> Interfere:
    """Return what kills a shard once, at the first status that is so."""
    done: list[bool] = []

    def interfere(_: Training, runtime: LocalRuntime, status: RunStatus) -> None:
        if not done and when(status):
            done.append(True)
            mortals_of(runtime).kill(shard)

    return interfere


def train_and_kill(shards: int, shard: int, when: Callable[[RunStatus], bool], *overrides: str) -> LocalRun:
    return train_locally(
        *RUN,
        f"replay.shards={shards}",
        *overrides,
        runtime_type=MortalRuntime,
        interfere=killing(shard, when),
        cadence=IN_EVERY_ROUND,
    )


@pytest.mark.parametrize("selector", ["uniform", "proportional"])
@pytest.mark.parametrize(("shards", "shard"), [(2, 0), (2, 1), (3, 2)])
def test_a_shard_that_dies_is_replaced_and_the_run_reaches_its_budget(shards: int, shard: int, selector: str):
    """What was on it is lost and counted; its part is asked of the others until the successor is up."""
    run = train_and_kill(
        shards, shard, lambda status: status.learner_step >= 100, f"replay.selector={selector}"
    )
    assert run.outcome.reason == "budget"
    assert sum(run.outcome.progress.env_steps.values()) >= 900
    assert run.problems() == []
    last = run.statuses[-1]
    assert [(one.up, one.restarts) for one in last.shards] == [
        (True, int(index == shard)) for index in range(shards)
    ]
    for task in last.tasks:
        assert (task.replay.lost > 0) is (shard in run.parts.replay.shards_of(task.name))
        assert task.replay.lost == run.accounts[task.name].lost


def test_while_a_shard_is_down_the_learner_learns_from_the_others():
    """Updates go on between its death and its successor, and the status says that it is down."""
    run = train_and_kill(2, 0, lambda status: status.learner_step >= 100)
    down = [status.learner_step for status in run.statuses if not status.shards[0].up]
    assert len(down) >= 2
    assert down[-1] > down[0]


@pytest.mark.parametrize("shards", [1, 2])
def test_a_shard_that_was_silent_goes_on_with_what_it_held(shards: int):
    """Nothing is lost, nothing restarts, and the status says what was waited for."""
    done: list[bool] = []

    def interfere(_: Training, runtime: LocalRuntime, status: RunStatus) -> None:
        if not done and status.learner_step >= 100:
            done.append(True)
            mortals_of(runtime).fall_silent(0)

    run = train_locally(
        *RUN,
        f"replay.shards={shards}",
        runtime_type=MortalRuntime,
        interfere=interfere,
        cadence=IN_EVERY_ROUND,
    )
    assert run.outcome.reason == "budget"
    assert run.problems() == []
    troubles = [status.shards[0].trouble for status in run.statuses]
    waited = [number for number, trouble in enumerate(troubles) if trouble is not None]
    assert (troubles[waited[0]], troubles[-1]) == ("the shard was killed", None)
    last = run.statuses[-1]
    assert [(one.up, one.restarts) for one in last.shards] == [(True, 0)] * shards
    assert [task.replay.lost for task in last.tasks] == [0, 0]
    held = [sum(task.replay.table.items for task in status.tasks) for status in run.statuses]
    assert held[waited[-1] + 1] >= 0.9 * held[waited[0] - 1] > 0


def test_a_shard_that_is_waited_for_is_no_stall():
    """Nothing reaches replay while the only shard is silent; the run goes on when it answers again."""
    now_and_then = Cadence(report_seconds=0.0, supervise_seconds=0.1)
    done: list[bool] = []

    def interfere(_: Training, runtime: LocalRuntime, status: RunStatus) -> None:
        if not done and status.learner_step >= 100:
            done.append(True)
            mortals_of(runtime).fall_silent(0)

    patience = "learner.stall_seconds=0.3"
    run = train_locally(
        *RUN,
        patience,
        runtime_type=partial(MortalRuntime, delay=8),
        interfere=interfere,
        cadence=now_and_then,
    )
    assert run.outcome.reason == "budget"
    assert run.statuses[-1].shards[0].restarts == 0


@pytest.mark.parametrize("step", [101, 102, 111, 133])
def test_the_only_shard_may_die_at_any_moment(step: int):
    """Also where the rate lets in less than a block: the empty successor must not wait for the learner."""
    run = train_and_kill(1, 0, lambda status: status.learner_step >= step)
    assert run.outcome.reason == "budget"
    assert run.problems() == []
    assert run.statuses[-1].shards[0].restarts == 1


@pytest.mark.parametrize("env_steps", [1, 100, 300, 600])
@pytest.mark.parametrize("shards", [1, 2])
def test_a_shard_may_die_before_the_learner_has_asked_it_for_anything(shards: int, env_steps: int):
    """The accounts are exact all the same: what it held is no transition that an actor has to explain."""
    run = train_and_kill(
        shards,
        0,
        lambda status: status.env_steps >= env_steps,
        "replay.min_size_to_sample=400",
        "stop_env_steps=1700",
    )
    assert run.outcome.reason == "budget"
    assert run.problems() == []
    assert run.statuses[-1].shards[0].restarts == 1


def test_several_deaths_are_several_replacements():
    """One after the other, on both shards: counters add up over all their lives."""
    deaths = {100: 0, 200: 1, 300: 0, 400: 1}
    done: set[int] = set()

    def interfere(_: Training, runtime: LocalRuntime, status: RunStatus) -> None:
        for step, shard in deaths.items():
            if status.learner_step >= step and step not in done:
                done.add(step)
                mortals_of(runtime).kill(shard)

    spread = ("replay.shards=2", "stop_env_steps=2500")
    run = train_locally(
        *RUN, *spread, runtime_type=MortalRuntime, interfere=interfere, cadence=IN_EVERY_ROUND
    )
    assert [shard.restarts for shard in run.statuses[-1].shards] == [2, 2]
    assert run.problems() == []
    env_steps = [status.env_steps for status in run.statuses]
    assert env_steps == sorted(env_steps)


def test_a_shard_of_the_learners_own_process_is_not_replaced():
    """Nothing can die alone there; whatever went wrong ends the run with a sentence."""

    class Irreplaceable(MortalShards):
        def revive(self, shard: int, reason: str) -> ShardState:
            return LocalShards.revive(self, shard, reason)

    class Broken(MortalRuntime):
        shards_type = Irreplaceable

    with pytest.raises(TrainingFailedError, match=r"shard 0 in the learner's own process failed: the shard"):
        train_locally(
            *RUN,
            runtime_type=Broken,
            interfere=killing(0, lambda status: status.learner_step >= 100),
            cadence=IN_EVERY_ROUND,
        )


class LateClient(LocalShardClient):
    """A shard that answers a request for a sample, or fails it, only while `arrives`."""

    arrives = True
    dead = False

    def sample(self, task: str, size: int, pace: Pace) -> Reply[SampleAnswer]:
        return LateReply(self, super().sample(task, size, pace).result())


class LateReply(Delayed[SampleAnswer]):
    """Its answer, as long as it lives."""

    def __init__(self, client: LateClient, answer: SampleAnswer) -> None:
        super().__init__(answer, lambda: client.arrives)
        self._client = client

    def result(self) -> SampleAnswer:
        if self._client.dead:
            raise ShardUnavailableError("it died")
        return super().result()


def test_the_last_shard_may_die_while_it_is_asked_for_the_first_ones_part():
    """Two deaths in a row leave a draw without any part: it waits for a successor, and nothing breaks."""
    clients = [LateClient(make_shard()), LateClient(make_shard())]
    for client in clients:
        client.insert(encode_block(make_block()))
    router = make_router(clients)
    router.request("toy", 8, 0)
    draw = None
    while draw is None:
        for client in clients:
            client.arrives = False
        draw = router.request("toy", 64, 0)
    for client in clients:
        client.dead = client.arrives = True
        assert router.collect(draw) is None
    assert set(router.down) == {0, 1}
    clients[1]._shard, clients[1].dead = make_shard(), False
    clients[1].insert(encode_block(make_block()))
    router.replaced(1)
    assert collected(router, draw, tries=10).probabilities == pytest.approx(1 / 8, rel=0.9)


class Saving(LocalShards):
    """Saves take as long as the test says."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.begun, self.under_way, self.finishes = 0, False, True

    def save(self) -> bool:
        if self.under_way:
            return False
        self.begun += 1
        self.under_way = True
        return True

    def finish_save(self, timeout_seconds: float) -> bool:  # noqa: ARG002 - nobody waits here
        self.under_way = self.under_way and not self.finishes
        return not self.under_way


def keeper_of(shards: LocalShards, parts: Parts) -> ShardKeeper:
    return ShardKeeper(shards, parts.replay.router(shards.clients))


def test_a_save_is_skipped_while_the_last_one_goes_on():
    """A slow disk makes fewer snapshots, not a queue of them; those left out are counted."""
    parts = tiny_parts()
    shards = Saving(parts)
    keeper = keeper_of(shards, parts)
    for _ in range(3):
        keeper.save()
    assert (shards.begun, keeper.skipped_saves) == (1, 2)
    shards.finish_save(0.0)
    keeper.save()
    assert (shards.begun, keeper.skipped_saves) == (2, 2)


@pytest.mark.parametrize("finishes", [True, False])
def test_the_last_save_is_of_replay_as_it_is_in_the_end(finishes: bool):
    """One that is under way began too early: it is waited for, and another is begun after it."""
    parts = tiny_parts()
    shards = Saving(parts)
    keeper = keeper_of(shards, parts)
    keeper.save()
    shards.finishes = finishes
    assert keeper.save_and_wait(1.0) is finishes
    assert shards.begun == (2 if finishes else 1)


def test_the_keeper_asks_until_the_successor_is_up():
    """A shard is down until the runtime says that it is back, and only then asked for anything again."""
    parts = tiny_parts("replay.shards=2", "tasks.chain.actors=2")
    shards = MortalShards(parts, delay=3)
    router = parts.replay.router(shards.clients)
    keeper = ShardKeeper(shards, router)
    keeper.tick()
    shards.kill(1)
    router.request("chain", 8, 0)
    router.request("chain", 8, 0)
    seen = []
    for _ in range(4):
        seen.append(dict(router.down))
        keeper.tick()
    assert seen[:3] == [{1: "the shard was killed"}] * 3
    assert seen[3] == {}
    assert [status.restarts for status in keeper.statuses({0: shard_stats(), 1: shard_stats()})] == [0, 1]
