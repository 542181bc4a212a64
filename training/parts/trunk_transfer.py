"""The trunk of another run, found by its directory."""

from pathlib import Path

from config.errors import ConfigError
from learner.checkpoint import CheckpointError
from learner.learner_state import restore_weights
from network.multi_task import MultiTaskNetwork
from training.directory.run_directory import RunDirectory

_FIELD = "network.trunk_from"
_PREFIX = "trunk."


def start_from_trunk(network: MultiTaskNetwork, run_directory: str | None) -> None:
    """Give a network the trunk of a run's newest checkpoint; do nothing if no run is named.

    Raises:
        ConfigError: there is no such run, it has no usable checkpoint, or its trunk does not fit.
    """
    if run_directory is None:
        return
    try:
        checkpoint, _ = RunDirectory.open(Path(run_directory)).newest_checkpoint()
        weights = checkpoint.tensors["weights"]
        trunk = {name.removeprefix(_PREFIX): w for name, w in weights.items() if name.startswith(_PREFIX)}
        restore_weights(network.trunk, trunk)
    except (CheckpointError, ConfigError) as error:
        raise ConfigError(f"{_FIELD}: {run_directory!r} cannot be used: {error}") from error
