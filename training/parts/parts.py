"""From a configuration to the parts of a run: the one place where settings become objects.

Both runtimes build their parts here; `ray` calls these functions in the processes where the parts live.
"""

import hashlib
import time
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from pathlib import Path

import numpy as np
import torch

from actors.actor import Actor
from actors.evaluation import ENVS, EpisodeReturns
from actors.exploration import Exploration, epsilon_ladder
from actors.fragment_writer import ActorIdentity, FragmentWriter
from actors.policy import TaskPolicy
from actors.rollout import Rollout
from actors.sender import BlockSender
from actors.undisturbed import undisturbed
from actors.weights_follower import WeightsFollower, WeightsSource
from config.architecture import architecture
from config.schema import RunConfig
from config.yaml_text import write_yaml
from learner.learner import Learner, UpdateRule
from learner.loss.table import LOSSES
from learner.target_network import PeriodicCopy, PolyakAverage
from learner.td import annealed
from learner.value_scale.table import VALUE_SCALES
from learner.weighting.table import task_weighting
from network.build import build_network
from network.multi_task import MultiTaskNetwork
from network.weights import WeightsSnapshot
from replay.client import ShardClient
from tasks.environment import CheckedVector
from tasks.spec import TaskSpec
from training.evaluation.evaluators import Evaluators
from training.names import actor_name, life_number
from training.parts.replay import ReplayParts
from training.parts.trunk_transfer import start_from_trunk
from training.seeding import child_seed


class Parts:
    """Builds the parts of one run.

    Attributes:
        config: the run's configuration.
        specs: its tasks, in order.
        run_life: which life of the run it is, from 0; a resumed run draws new numbers.
        replay: builds shards and what reaches them.
        evaluators: who plays the tasks greedily in this process.
    """

    def __init__(
        self,
        config: RunConfig,
        specs: Sequence[TaskSpec],
        run_life: int = 0,
        replay_directory: Path | None = None,
    ) -> None:
        self.config = config
        self.specs = list(specs)
        self.run_life = run_life
        self.replay = ReplayParts(
            config, specs, run_life, replay_directory if config.checkpoint.replay else None
        )
        self.evaluators = Evaluators(self.network, self.evaluation_envs)

    @cached_property
    def fingerprint(self) -> str:
        """What tells apart configurations that shards and actors cannot go on with, one for the other."""
        of_the_learner = dict.fromkeys(("stop_env_steps", "evaluation", "probes", "metrics"), True)
        patience = {"replay": {"silence_seconds"}, "learner": {"stall_seconds"}}
        said = self.config.model_dump(exclude={**of_the_learner, **patience})
        return hashlib.sha256(write_yaml(said).encode()).hexdigest()

    def network(self) -> MultiTaskNetwork:
        """Return the network with its initial weights, the same in every process."""
        return build_network(self.specs, architecture(self.config), self._seed("network"))

    @undisturbed()
    def actor(
        self,
        spec: TaskSpec,
        index: int,
        life: int,
        crew_size: int,
        client: ShardClient,
        source: WeightsSource,
        clock: Callable[[], float] | None = None,
    ) -> Actor:
        """Return one of a task's `crew_size` actors; `index` is its rung on the task's epsilon ladder.

        With a clock, which gives seconds, it sends shorter blocks where steps take long.
        """
        settings, task = self.config.actors, self.config.tasks[spec.name]
        policy = TaskPolicy(self.network(), spec.name)
        base = settings.epsilon_base if task.epsilon_base is None else task.epsilon_base
        ladder = epsilon_ladder(crew_size * task.envs_per_actor, base, settings.epsilon_exponent)
        exploration = Exploration(
            ladder[index::crew_size],
            spec.choices,
            task.exploration_max_duration or settings.exploration_max_duration,
            settings.exploration_zeta,
            np.random.default_rng(self._seed("exploration", spec.name, index, life)),
        )
        identity = ActorIdentity(actor_name(spec.name, index), life_number(self.run_life, life))
        writer = FragmentWriter(
            spec, identity, task.envs_per_actor, settings.fragment_length, self.replay.returns(spec)
        )
        vector = CheckedVector(spec, task.envs_per_actor, self._seed("environments", spec.name, index, life))
        rollout = Rollout(vector, policy, exploration, writer, clock)
        return Actor(identity, rollout, BlockSender(client), WeightsFollower(source, policy, time.monotonic))

    def learner(self, fresh: bool = True) -> Learner:
        """Return the learner on the configured device; a fresh one starts with the trunk it is told to."""
        settings = self.config.learner
        device = self.device()
        network = self.network()
        if fresh:
            start_from_trunk(network, self.config.network.trunk_from)
        network.to(device)
        optimizer = torch.optim.Adam(
            network.parameters(), lr=settings.learning_rate, eps=settings.adam_epsilon, fused=True
        )
        loss = LOSSES[settings.loss].loss(network.output)
        rule = UpdateRule(
            loss=loss,
            double=settings.double,
            max_gradient_norm=settings.max_gradient_norm,
            weighting=task_weighting(
                settings.weighting,
                [task.loss_weight for task in self.config.tasks.values()],
                self._seed("weighting"),
            ).to(device),
            target_update=PeriodicCopy(settings.target_period)
            if settings.target_rate is None
            else PolyakAverage(settings.target_rate),
            value_scale=VALUE_SCALES[settings.value_scale](network, loss).to(device),
            trunk_frozen_for=self.config.network.trunk_frozen_for,
            learning_rate=self._learning_rate(),
        )
        return Learner(network, optimizer, rule)

    def _learning_rate(self) -> Callable[[int], float] | None:
        settings = self.config.learner
        if settings.learning_rate_end is None:
            return None
        return partial(
            annealed, settings.learning_rate, settings.learning_rate_end, settings.learning_rate_steps
        )

    def device(self) -> torch.device:
        """Return the learner's device."""
        name = self.config.learner.device
        if name == "auto":
            name = "cuda" if torch.cuda.is_available() else "cpu"
        return torch.device(name)

    def evaluate(
        self, spec: TaskSpec, snapshot: WeightsSnapshot, episodes: int, round_number: int
    ) -> EpisodeReturns:
        """Return the greedy returns of fresh episodes; each round has seeds of its own."""
        seed = self._seed("evaluation", spec.name, round_number)
        cut = self.config.tasks[spec.name].evaluation_steps
        return self.evaluators.of(spec).play(snapshot, episodes, seed, cut)

    def evaluation_envs(self, task: str) -> int:
        """Return how many environments of a task play evaluations, at most."""
        return self.config.evaluation.envs or min(ENVS, self.config.tasks[task].envs_per_actor)

    def _seed(self, *path: str | int) -> int:
        return child_seed(self.config.seed, self.run_life, *path)
