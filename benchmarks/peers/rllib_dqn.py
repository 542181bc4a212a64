"""RLlib's DQN (its new API stack) on CartPole: counts updates.

Two layers of 256, batches of 512 from its prioritised episode buffer, an update every 8 env steps, everything
in one process, which is its default, on one thread: on two cores it is no faster with two.
"""

import logging
import os
from collections.abc import Callable

os.environ["HOME"] = os.getcwd()  # where it makes a folder of results

import ray
import torch
from ray.rllib.algorithms.dqn import DQNConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig

WIDTH, BATCH, STEPS_PER_UPDATE, LEARNING_STARTS = 256, 512, 8, 1000
STEPS_PER_ITERATION = 160


def build(arguments: list[str]) -> Callable[[], float]:  # noqa: ARG001 - it takes none
    """Return a step of one training iteration."""
    torch.set_num_threads(1)
    ray.init(address="local", include_dashboard=False, logging_level=logging.ERROR, log_to_driver=False)
    algorithm = configuration().build_algo()
    for _ in range(LEARNING_STARTS // STEPS_PER_ITERATION + 1):
        algorithm.train()  # type: ignore[no-untyped-call]

    def step() -> float:
        learned = algorithm.train()["learners"]["__all_modules__"]  # type: ignore[no-untyped-call]
        return float(learned["num_module_steps_trained"]) / BATCH

    return step


def configuration() -> DQNConfig:
    """Return the settings: a round of sampling is 8 env steps, the intensity means an update a round."""
    model = DefaultModelConfig(fcnet_hiddens=[WIDTH, WIDTH], fcnet_activation="relu")
    replay = {"type": "PrioritizedEpisodeReplayBuffer", "capacity": 100_000, "alpha": 0.6, "beta": 0.4}
    return (
        DQNConfig()  # type: ignore[no-untyped-call]
        .environment("CartPole-v1")
        .env_runners(num_env_runners=0, rollout_fragment_length=STEPS_PER_UPDATE)
        .rl_module(model_config=model)
        .training(
            lr=1e-3,
            double_q=True,
            dueling=False,
            train_batch_size_per_learner=BATCH,
            training_intensity=BATCH / STEPS_PER_UPDATE,
            num_steps_sampled_before_learning_starts=LEARNING_STARTS,
            target_network_update_freq=200 * STEPS_PER_UPDATE,
            replay_buffer_config=replay,
        )
        .reporting(min_time_s_per_iteration=0, min_sample_timesteps_per_iteration=STEPS_PER_ITERATION)
        .debugging(seed=0)
    )
