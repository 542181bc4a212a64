"""From the configuration of a network to what it is made of."""

from config.schema import RunConfig
from learner.loss.table import LOSSES
from network.build import Architecture


def architecture(config: RunConfig) -> Architecture:
    """Return what the network of a run is made of."""
    settings = config.network
    return Architecture(
        widths=(settings.encoder_width, *settings.trunk),
        encoder=settings.encoder,
        trunk_convolutions=tuple(settings.trunk_convolutions),
        sharing=settings.sharing,
        dueling=settings.dueling,
        conditioning=settings.conditioning,
        pull=settings.pull,
        experts=settings.experts,
        orthogonal_experts=settings.orthogonal_experts,
        output=LOSSES[config.learner.loss].output,
        tied_ends=settings.tied_ends,
        match=settings.match,
    )
