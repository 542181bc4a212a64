"""What a configuration says of the network."""

from typing import Annotated

from pydantic import Field

from config.values import Positive, PositiveFloat, Section
from network.choices import Conditioning, EncoderKind, Match, Sharing


class NetworkConfig(Section):
    """The network that all tasks share."""

    sharing: Sharing = Field(
        "hard",
        description="how tasks share the trunk; hard: one trunk for all; separate: one trunk for each "
        "task; l2: one trunk for each task, pulled towards their mean; cross_stitch: one "
        "column of layers for each task, with learned mixing between them; moe: experts that "
        "each task mixes in its own way",
    )
    match: Match = Field(
        "width",
        description="size of the network; width: the widths below as they are; parameters or compute: all "
        "widths are scaled until the network has as many parameters, or multiplications, as "
        "the one with sharing 'hard'",
    )
    encoder: EncoderKind = Field(
        "auto",
        description="auto: convolutions for observations that have channels and sides of at least 7; conv: "
        "also for boards without channels; mlp: one linear layer for all numbers. Indices and words have "
        "encoders of their own",
    )
    encoder_width: Positive = Field(
        128, description="width of each task's encoder, which is the input of the trunk"
    )
    trunk: list[Positive] = Field([128, 128], min_length=1, description="width of each layer of the trunk")
    trunk_convolutions: list[Positive] = Field(
        [],
        max_length=4,
        description="filters of each convolution at the beginning of the trunk, for tasks whose images "
        "have the same height and width; an encoder is then a single convolution",
    )
    dueling: bool = Field(
        False, description="whether heads are dueling, with a value and an advantage, instead of linear"
    )
    conditioning: Conditioning = Field(
        "none",
        description="with sharing 'hard': what tells the trunk which task it works for; none: nothing; "
        "embedding: a learned vector beside its input; film: a learned scale and shift of each "
        "layer",
    )
    tied_ends: bool = Field(
        False,
        description="with sharing 'hard': whether tasks with observations of one shape and equally many "
        "actions share encoder and head too",
    )
    pull: PositiveFloat = Field(
        1e-3,
        description="with sharing 'l2': strength of the penalty that pulls the trunks towards their mean",
    )
    experts: Annotated[int, Field(gt=0, le=64)] = Field(
        4, description="with sharing 'moe': number of experts"
    )
    orthogonal_experts: bool = Field(
        False,
        description="with sharing 'moe': whether the outputs of the experts are made orthonormal before "
        "they are mixed",
    )
    trunk_from: str | None = Field(
        None, description="run directory whose trunk this run starts with; null for a fresh trunk"
    )
    trunk_frozen_for: Annotated[int, Field(ge=0)] | None = Field(
        0, description="updates during which the trunk of trunk_from does not change; null for the whole run"
    )
