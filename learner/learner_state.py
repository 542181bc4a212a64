"""A learner as named tensors, for checkpoints, and back."""

from collections.abc import Mapping

from torch import Tensor, nn

from learner.checkpoint import Checkpoint, CheckpointError
from learner.learner import Learner
from network.groups import task_views

TensorGroups = dict[str, dict[str, Tensor]]


def learner_tensors(learner: Learner) -> TensorGroups:
    """Return copies of weights, target weights and optimizer state, on the CPU."""
    optimizer = {
        f"{index}.{name}": value.detach().cpu().clone()
        for index, slots in learner.optimizer.state_dict()["state"].items()
        for name, value in slots.items()
    }
    return {
        "weights": named_weights(learner.network),
        "target": named_weights(learner.target),
        "optimizer": optimizer,
        "weighting": _state(learner.weighting),
        "value_scale": _state(learner.value_scale),
    }


def named_weights(network: nn.Module) -> dict[str, Tensor]:
    """Return copies on the CPU, each task's under its own name: whatever tasks it is grouped with."""
    return {name: own.cpu().clone() for name, own in task_views(network.named_parameters())}


def restore_learner(learner: Learner, checkpoint: Checkpoint) -> None:
    """Put a learner back to where a checkpoint left it.

    Raises:
        CheckpointError: the checkpoint is of another network.
    """
    restore_weights(learner.network, checkpoint.tensors["weights"])
    restore_weights(learner.target, checkpoint.tensors["target"])
    shapes = [parameter.shape for parameter in learner.network.parameters()]
    slots: dict[int, dict[str, Tensor]] = {}
    for key, value in checkpoint.tensors["optimizer"].items():
        index, name = key.split(".", 1)
        if int(index) >= len(shapes) or (value.dim() > 0 and value.shape != shapes[int(index)]):
            raise CheckpointError(
                f"checkpoint of another network: optimizer state {key} of shape {list(value.shape)} "
                f"fits no parameter of the configured network"
            )
        slots.setdefault(int(index), {})[name] = value
    groups = learner.optimizer.state_dict()["param_groups"]
    learner.optimizer.load_state_dict({"state": slots, "param_groups": groups})
    _restore_module(learner.weighting, "learner.weighting", checkpoint.tensors["weighting"])
    value_scale = learner.value_scale.upgraded(checkpoint.tensors["value_scale"])
    _restore_module(learner.value_scale, "learner.value_scale", value_scale)
    learner.learner_step = checkpoint.state["learner_step"]


def restore_weights(network: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Set a network's parameters by name.

    Raises:
        CheckpointError: names or shapes differ; the message names the first that does.
    """
    parameters = dict(task_views(network.named_parameters()))
    unmatched = sorted(set(parameters) ^ set(weights))
    if unmatched:
        where = "the checkpoint" if unmatched[0] in weights else "the configured network"
        raise CheckpointError(f"checkpoint of another network: parameter {unmatched[0]} is only in {where}")
    for name, parameter in parameters.items():
        if parameter.shape != weights[name].shape:
            raise CheckpointError(
                f"checkpoint of another network: parameter {name} has shape {list(weights[name].shape)}, "
                f"the configured network's has {list(parameter.shape)}"
            )
        parameter.copy_(weights[name])


def _restore_module(module: nn.Module, field: str, state: Mapping[str, Tensor]) -> None:
    own = {name: value.shape for name, value in module.state_dict().items()}
    if own != {name: value.shape for name, value in state.items()}:
        raise CheckpointError(
            f"checkpoint of another {field}: it holds {sorted(state)}, the configured one has {sorted(own)}"
        )
    module.load_state_dict(dict(state))


def _state(module: nn.Module) -> dict[str, Tensor]:
    """Return copies on the CPU."""
    return {name: value.cpu().clone() for name, value in module.state_dict().items()}
