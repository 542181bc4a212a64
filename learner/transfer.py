"""Starting from the trunk of another run."""

from collections.abc import Mapping

from torch import Tensor, nn

from network.groups import task_views

_PREFIX = "trunk."


class TransferError(ValueError):
    """The other run's trunk does not fit; the message says in what."""


def load_trunk(trunk: nn.Module, weights: Mapping[str, Tensor]) -> None:
    """Copy another network's trunk into this one.

    Args:
        trunk: of this network.
        weights: all weights of the other network by name, as in a checkpoint.

    Raises:
        TransferError: the trunks differ in their parameters or in the shape of one.
    """
    theirs = {name.removeprefix(_PREFIX): w for name, w in weights.items() if name.startswith(_PREFIX)}
    ours = dict(task_views(trunk.named_parameters()))
    unmatched = sorted(set(ours) ^ set(theirs))
    if unmatched:
        where = "the other run's trunk" if unmatched[0] in theirs else "this run's trunk"
        raise TransferError(f"parameter {unmatched[0]} is only in {where}")
    for name, parameter in ours.items():
        if parameter.shape != theirs[name].shape:
            raise TransferError(
                f"parameter {name} has shape {list(theirs[name].shape)} there, {list(parameter.shape)} here"
            )
    for name, parameter in ours.items():
        parameter.copy_(theirs[name])
