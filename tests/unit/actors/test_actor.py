"""An actor made of real parts: it advances at replay's pace and follows the weights between blocks."""

import threading
import time

import pytest

from actors.actor import Actor
from actors.policy import TaskPolicy
from actors.weights_follower import (
    PATIENCE_SECONDS,
    PAUSE_SECONDS,
    WeightsFollower,
    WeightsUnavailableError,
)
from network.weights import WeightsLayout, WeightsSnapshot
from replay.client import LocalShardClient
from replay.messages import Pace
from replay.router import ReplayRouter
from replay.shard import Shard
from tests.support.builders import FREELY
from tests.support.learning_builders import tiny_parts
from tests.support.own_environments import slowed
from tests.unit.training.test_clocks import HandClock
from training.parts.parts import Parts

CHAIN_ONLY = ("tasks.identity=null", "learner.batch_size=16", "replay.min_size_to_sample=32")


class Weights:
    """A source of weights that can be set, counts its calls, and can be gone."""

    def __init__(self, parts: Parts) -> None:
        self._network = parts.network()
        self.version = 0
        self.gone = False
        self.asked: list[int] = []

    def latest(self, newer_than: int) -> WeightsSnapshot | None:
        self.asked.append(newer_than)
        if self.gone:
            raise WeightsUnavailableError("the learner is gone")
        layout = WeightsLayout(self._network)
        return layout.snapshot(self._network, self.version) if self.version > newer_than else None


def build(*overrides: str) -> tuple[Actor, Shard, Weights]:
    """Return an actor and its shard, which takes in as much as it is sent."""
    parts = tiny_parts(*CHAIN_ONLY, *overrides)
    shard, weights = parts.replay.shard(0), Weights(parts)
    shard.follow("chain", FREELY)
    return parts.actor(parts.specs[0], 0, 0, 1, LocalShardClient(shard), weights), shard, weights


def build_with_rate(ratio: float) -> tuple[Actor, Shard, ReplayRouter]:
    """Return an actor, its shard, and the router that keeps the rate."""
    parts = tiny_parts(*CHAIN_ONLY, f"replay.samples_per_insert={ratio}")
    shard = parts.replay.shard(0)
    client = LocalShardClient(shard)
    router = parts.replay.router([client])
    assert router.request("chain", 16, 0) is None
    return parts.actor(parts.specs[0], 0, 0, 1, client, Weights(parts)), shard, router


def make_follower() -> tuple[WeightsFollower, TaskPolicy, Weights, HandClock]:
    """Return a follower with its policy, its source and its clock."""
    parts, clock = tiny_parts(*CHAIN_ONLY), HandClock()
    policy, weights = TaskPolicy(parts.network(), "chain"), Weights(parts)
    return WeightsFollower(weights, policy, clock), policy, weights, clock


def test_an_actor_starts_with_the_published_weights():
    """It pulls once before its first step, so that no block is of weights that were never published."""
    actor, shard, weights = build()
    assert weights.asked == [-1]
    assert actor.advance(0.0)
    actor.stop(0.0)
    rows = shard.tables["chain"].rows
    assert rows.next_key > 0
    assert (rows.columns["weights_versions"] == 0).all()


def test_the_follower_pulls_only_when_something_newer_is_announced():
    """Announcements at or below the policy's version cost no call; a newer one costs one."""
    follower, policy, weights, _ = make_follower()
    follower.follow(0)
    assert (policy.version, weights.asked) == (0, [-1])
    follower.follow(0)
    assert weights.asked == [-1]
    weights.version = 5
    follower.follow(3)
    assert (policy.version, weights.asked) == (5, [-1, 0])
    follower.follow(4)
    follower.follow(5)
    assert weights.asked == [-1, 0]


def test_a_source_without_anything_newer_leaves_the_policy():
    """An announcement may run ahead of the source; the actor asks again at the next one."""
    follower, policy, weights, _ = make_follower()
    follower.follow(0)
    follower.follow(2)
    follower.follow(2)
    assert (policy.version, weights.asked) == (0, [-1, 0, 0])


def test_without_any_weights_a_source_that_is_gone_says_so():
    """There is nothing to act on: the follower ends with the source's sentence, or with one of its own."""
    follower, policy, weights, _ = make_follower()
    weights.version, weights.gone = -1, True
    with pytest.raises(WeightsUnavailableError, match="the learner is gone"):
        follower.follow(0)
    weights.gone = False
    with pytest.raises(WeightsUnavailableError, match="there are no weights yet"):
        follower.follow(0)
    assert policy.version == -1


def test_an_actor_whose_source_is_gone_goes_on_with_the_weights_it_has():
    """Its blocks say by which version they came, so that nobody takes them for newer ones."""
    actor, shard, weights = build()
    for _ in range(3):
        actor.advance(0.0)
    shard.follow("chain", Pace(weights_version=1, insert_until=0))
    weights.gone = True
    before = shard.stats().tables["chain"].inserted
    assert [actor.advance(0.0) for _ in range(3)] == [True] * 3
    assert shard.stats().tables["chain"].inserted > before
    assert shard.stats().tables["chain"].acting_version == 0
    assert weights.asked == [-1, 0]


def test_a_source_that_is_gone_is_asked_now_and_then():
    """A second passes between two tries, however often a newer version is announced; then it is loaded."""
    follower, policy, weights, clock = make_follower()
    follower.follow(0)
    weights.gone = True
    for _ in range(5):
        follower.follow(3)
        clock.now += PAUSE_SECONDS / 4
    assert weights.asked == [-1, 0, 0]
    weights.version, weights.gone = 3, False
    clock.now += PAUSE_SECONDS
    follower.follow(3)
    assert policy.version == 3


def test_patience_has_an_end_and_begins_anew_with_each_answer():
    """A source that is gone for longer than the patience ends the actor; one that answered is forgiven."""
    follower, policy, weights, clock = make_follower()
    follower.follow(0)
    for newest in (1, 2):
        weights.gone = True
        follower.follow(newest)
        clock.now += PATIENCE_SECONDS
        follower.follow(newest)
        weights.version, weights.gone = newest, False
        clock.now += PAUSE_SECONDS
        follower.follow(newest)
        assert policy.version == newest
    weights.gone = True
    follower.follow(9)
    clock.now += PATIENCE_SECONDS + 0.1
    with pytest.raises(WeightsUnavailableError, match="the learner is gone"):
        follower.follow(9)
    assert policy.version == 2


def test_an_acknowledgement_brings_the_news_of_new_weights():
    """No polling: after the shard has heard of version 1, an acknowledgement makes the actor pull once."""
    actor, shard, weights = build()
    for _ in range(4):
        actor.advance(0.0)
    assert weights.asked == [-1]
    weights.version = 1
    shard.follow("chain", Pace(weights_version=1, insert_until=0))
    for _ in range(4):
        actor.advance(0.0)
    assert weights.asked == [-1, 0]
    rows = shard.tables["chain"].rows
    assert set(rows.columns["weights_versions"][: rows.next_key].tolist()) == {0, 1}


def test_a_throttled_actor_does_nothing_and_says_so():
    """With two blocks held back `advance` returns False and sends nothing, until replay is drawn from."""
    actor, shard, router = build_with_rate(1.0)
    advanced = [actor.advance(0.0) for _ in range(40)]
    assert advanced.index(False) > 2
    stopped = shard.stats().tables["chain"]
    assert [actor.advance(0.0) for _ in range(5)] == [False] * 5
    assert shard.stats().tables["chain"].inserted == stopped.inserted
    drawn = [router.request("chain", 16, 0) is not None for _ in range(20)]
    assert any(drawn)
    assert [actor.advance(0.0) for _ in range(3)].count(True) > 0
    assert shard.stats().tables["chain"].inserted > stopped.inserted
    assert shard.problem() is None


def test_the_final_report_agrees_with_the_shard():
    """Without throttling everything sent is acknowledged, and is what the shard has inserted."""
    actor, shard, _ = build()
    assert all(actor.advance(0.0) for _ in range(20))
    report = actor.stop(0.0)
    stats = shard.stats().tables["chain"]
    assert report.sent_items == report.acknowledged_items == stats.inserted > 0
    assert report.abandoned_items == 0
    assert stats.dropped == {}


def test_what_replay_holds_back_to_the_end_is_reported_as_abandoned():
    """Every transition that was sent is acknowledged or abandoned; replay has the acknowledged ones."""
    actor, shard, _ = build_with_rate(1.0)
    while actor.advance(0.0):
        pass
    report = actor.stop(0.0)
    assert report.abandoned_items > 0
    assert report.sent_items == report.acknowledged_items + report.abandoned_items
    assert report.acknowledged_items == shard.stats().tables["chain"].inserted


def test_a_later_life_of_an_actor_supersedes_the_earlier():
    """Blocks of a life that was given up are dropped with their reason, and never mixed in."""
    parts = tiny_parts(*CHAIN_ONLY)
    shard = parts.replay.shard(0)
    shard.follow("chain", FREELY)
    actors = [
        parts.actor(parts.specs[0], 0, life, 1, LocalShardClient(shard), Weights(parts)) for life in (0, 1)
    ]
    for actor in (actors[0], actors[1], actors[0]):
        actor.advance(0.0)
    reports = [actor.stop(0.0) for actor in actors]
    stats = shard.stats().tables["chain"]
    sent = sum(report.sent_items for report in reports)
    assert stats.dropped["superseded"] > 0
    assert sent == stats.inserted + stats.dropped["superseded"]
    lives = {report.life: report.acknowledged_items for report in reports}
    assert shard.stats().items_by_life[("chain-0", 1)] == lives[1]
    assert shard.stats().items_by_life[("chain-0", 0)] == lives[0] - stats.dropped["superseded"]


SLOW = (*slowed("chain", 0.05), "actors.fragment_length=100000")


def test_a_halted_actor_ends_after_the_step_at_hand():
    """A block of it would take an hour; what it has is sent, and is in its report."""
    actor, shard, _ = build(*SLOW)
    thread = threading.Thread(target=actor.advance, args=(0.0,))
    began = time.monotonic()
    thread.start()
    time.sleep(1.5)
    actor.halt()
    thread.join(30.0)
    assert time.monotonic() - began < 10.0
    assert actor.advance(0.0) is False
    report = actor.stop(0.0)
    assert report.sent_items == report.acknowledged_items == shard.stats().tables["chain"].inserted > 0
