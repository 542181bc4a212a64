"""From a configuration to the parts of a run: the one place where settings become objects.

Both runtimes build their parts here; `ray` calls these functions in the processes where the parts live.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch

from actors.actor import Actor
from actors.evaluation import greedy_returns
from actors.exploration import Exploration, epsilon_ladder
from actors.fragment_writer import ActorIdentity, FragmentWriter
from actors.policy import TaskPolicy
from actors.rollout import Rollout
from actors.sender import BlockSender
from actors.weights_follower import WeightsFollower, WeightsSource
from deploy.config.resolution import batch_sizes, error_buffer, table_plans
from deploy.config.schema import RunConfig
from deploy.seeding import child_seed
from learner.batch_source import BatchSource
from learner.learner import Learner, UpdateRule
from learner.target_network import PeriodicCopy, PolyakAverage
from learner.task_weighting import FixedWeighting
from learner.td import annealed_exponent, huber_loss, squared_loss
from network.build import build_network
from network.multi_task import MultiTaskNetwork
from network.weights import WeightsSnapshot
from replay.client import ShardClient
from replay.fragment import TableShape
from replay.n_step import ReturnSpec
from replay.rate_limiter import RateLimiter
from replay.rows import RowRing
from replay.selector import Proportional, Selector, Uniform
from replay.shard import Shard
from replay.table import Table
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec


class Parts:
    """Builds the parts of one run.

    Attributes:
        config: the run's configuration.
        specs: its tasks, in order.
        life: counts the times that this run was started or resumed, so that a resumed run draws new numbers.
    """

    def __init__(self, config: RunConfig, specs: Sequence[TaskSpec], life: int = 0) -> None:
        self.config = config
        self.specs = list(specs)
        self.life = life

    def network(self) -> MultiTaskNetwork:
        """Return the network with its initial weights, the same in every process."""
        settings = self.config.network
        return build_network(
            settings.sharing,
            self.specs,
            [settings.encoder_width, *settings.trunk],
            settings.dueling,
            self._seed("network"),
        )

    def shard(self) -> Shard:
        """Return a shard with a table for every task."""
        return Shard({spec.name: self._table(spec) for spec in self.specs})

    def actor(
        self, spec: TaskSpec, index: int, incarnation: int, client: ShardClient, source: WeightsSource
    ) -> Actor:
        """Return one of a task's actors; `index` is its rung on the task's epsilon ladder."""
        settings, task = self.config.actors, self.config.tasks[spec.name]
        policy = TaskPolicy(self.network(), spec.name)
        ladder = epsilon_ladder(
            task.actors * task.envs_per_actor, settings.epsilon_base, settings.epsilon_exponent
        )
        exploration = Exploration(
            ladder[index :: task.actors],
            spec.num_actions,
            settings.exploration_max_duration,
            settings.exploration_zeta,
            np.random.default_rng(self._seed("exploration", spec.name, index, incarnation)),
        )
        identity = ActorIdentity(actor_name(spec.name, index), self.life * 1_000_000 + incarnation)
        writer = FragmentWriter(
            spec, identity, task.envs_per_actor, settings.fragment_length, self._returns(spec)
        )
        vector = CheckedVector(
            spec, task.envs_per_actor, self._seed("environments", spec.name, index, incarnation)
        )
        rollout = Rollout(vector, policy, exploration, writer)
        return Actor(rollout, BlockSender(client), WeightsFollower(source, policy))

    def learner(self) -> Learner:
        """Return the learner on the configured device."""
        settings = self.config.learner
        device = self.device()
        network = self.network().to(device)
        optimizer = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, eps=settings.adam_epsilon, fused=True
        )
        rule = UpdateRule(
            loss={"huber": huber_loss, "squared": squared_loss}[settings.loss],
            double=settings.double,
            max_gradient_norm=settings.max_gradient_norm,
            weighting=FixedWeighting([task.loss_weight for task in self.config.tasks.values()], device),
            target_update=PeriodicCopy(settings.target_period)
            if settings.target_rate is None
            else PolyakAverage(settings.target_rate),
        )
        return Learner(network, optimizer, rule)

    def batch_source(self, client: ShardClient) -> BatchSource:
        """Return the learner's source of batches."""
        replay = self.config.replay
        exponent = partial(
            annealed_exponent,
            replay.importance_exponent_start,
            replay.importance_exponent_end,
            replay.importance_exponent_steps,
        )
        return BatchSource(
            client, batch_sizes(self.config), self.config.learner.prefetch_batches, exponent, self.device()
        )

    def device(self) -> torch.device:
        """Return the learner's device."""
        name = self.config.learner.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.device(name)

    def evaluate(
        self, spec: TaskSpec, snapshot: WeightsSnapshot, episodes: int, round_number: int
    ) -> list[float]:
        """Return the greedy returns of fresh episodes; each round has seeds of its own."""
        policy = TaskPolicy(self.network(), spec.name)
        policy.load(snapshot)
        seed = self._seed("evaluation", spec.name, round_number)
        returns: list[float] = greedy_returns(spec, policy, episodes, seed).tolist()
        return returns

    def _table(self, spec: TaskSpec) -> Table:
        replay = self.config.replay
        rows = next(plan.rows for plan in table_plans(self.config, self.specs) if plan.task == spec.name)
        selector: Selector = (
            Uniform(rows)
            if replay.selector == "uniform"
            else Proportional(rows, priority_exponent=replay.priority_exponent)
        )
        return Table(
            shape=TableShape(
                spec.name, spec.observation_shape, spec.observation_dtype, spec.num_actions, replay.n_step
            ),
            rows=RowRing(rows, spec.observation_shape, spec.observation_dtype),
            selector=selector,
            limiter=RateLimiter(
                replay.samples_per_insert, replay.min_size_to_sample, error_buffer(self.config, spec.name)
            ),
            returns=self._returns(spec),
            rng=np.random.default_rng(self._seed("table", spec.name)),
        )

    def _returns(self, spec: TaskSpec) -> ReturnSpec:
        return ReturnSpec(self.config.replay.n_step, spec.discount, spec.reward_scale, spec.reward_clip)

    def _seed(self, *path: str | int) -> int:
        return child_seed(self.config.seed, self.life, *path)


def actor_name(task: str, index: int) -> str:
    """Return the name of a task's actor."""
    return f"{task}-{index}"
