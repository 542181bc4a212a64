"""How alike the features of two finished runs are, task by task: a shared trunk beside separate ones."""

import torch

from actors.random_play import random_observations
from config.errors import ConfigError
from config.resolution import resolve
from learner.learner_state import restore_weights
from learner.probes.similarity import cka_between
from network.multi_task import MultiTaskNetwork
from tasks.spec import TaskSpec
from training.directory.run_directory import RunDirectory
from training.parts.parts import Parts

ROWS = 2048
"""Observations of each task: many more than features, or all features look alike."""
SEED = 0


def feature_similarity(
    first: RunDirectory, second: RunDirectory, rows: int = ROWS, seed: int = SEED
) -> dict[str, float]:
    """Return, by task, the linear CKA of the features that two runs' heads read.

    Both networks, of each run's newest checkpoint, see the same observations of random play, in as many
    environments as an actor of the first run has at most.

    Raises:
        ConfigError: the runs are of other tasks.
        CheckpointError: a run has no usable checkpoint.
        EnvironmentFailureError: an environment broke its contract.
    """
    specs, network = _restored(first)
    other_specs, other = _restored(second)
    if [_seen(spec) for spec in specs] != [_seen(spec) for spec in other_specs]:
        raise ConfigError(
            f"{str(first.path)!r} and {str(second.path)!r} cannot be compared: "
            "their tasks should be the same, in the same order"
        )
    num_envs = {name: task.envs_per_actor for name, task in first.config.tasks.items()}
    observations = [
        torch.from_numpy(random_observations(spec, rows, seed, num_envs[spec.name])) for spec in specs
    ]
    return dict(zip([spec.name for spec in specs], cka_between(network, other, observations), strict=True))


def _restored(directory: RunDirectory) -> tuple[list[TaskSpec], MultiTaskNetwork]:
    checkpoint, _ = directory.newest_checkpoint()
    parts = Parts(directory.config, resolve(directory.config).specs)
    network = parts.network()
    restore_weights(network, checkpoint.tensors["weights"])
    return parts.specs, network


def _seen(spec: TaskSpec) -> tuple[object, ...]:
    return spec.name, spec.env, spec.layout.looks, spec.frame_stack
