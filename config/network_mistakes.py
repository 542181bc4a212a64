"""Settings of the network that contradict each other or the tasks."""

from collections.abc import Hashable, Sequence

from config.schema import RunConfig
from config.sections.network import NetworkConfig
from network.images import fits_filters, trunk_maps
from network.seen import seen_parts
from tasks.spec import TaskSpec

_ONLY_WITH_SHARING = {
    "conditioning": "hard",
    "tied_ends": "hard",
    "pull": "l2",
    "experts": "moe",
    "orthogonal_experts": "moe",
}
"""Settings that one way of sharing alone reads."""


def network_mistakes(config: RunConfig, specs: Sequence[TaskSpec]) -> list[str]:
    """Return one sentence for every setting of the network that would do nothing, or cannot be met."""
    network = config.network
    return [
        *_of_sharing(network),
        *_of_ends(config, specs),
        *_of_transfer(network),
        *_of_images(network, specs),
    ]


def _of_sharing(network: NetworkConfig) -> list[str]:
    mistakes = []
    for name, sharing in _ONLY_WITH_SHARING.items():
        value, default = getattr(network, name), NetworkConfig.model_fields[name].default
        if value != default and network.sharing != sharing:
            mistakes.append(
                f"network.{name}: {value!r} is not allowed with network.sharing {network.sharing!r}, which "
                f"does not read it: network.sharing should be {sharing!r}, or network.{name} {default!r}"
            )
    return mistakes


def _of_ends(config: RunConfig, specs: Sequence[TaskSpec]) -> list[str]:
    if not config.network.tied_ends:
        return []
    first = specs[0]
    alike = _looks_and_acts(first)
    mistakes = [
        f"network.tied_ends: true is not allowed, since tasks {first.name!r} and {spec.name!r} have "
        "different observation scales, and one encoder has one: it should be false, or the scales the same"
        for spec in specs[1:]
        if [part.scale for part in spec.layout.parts] != [part.scale for part in first.layout.parts]
    ]
    mistakes += [
        f"network.tied_ends: true is not allowed, since task {spec.name!r} does not have the "
        f"observations and actions of task {first.name!r}: it should be false"
        for spec in specs[1:]
        if _looks_and_acts(spec) != alike
    ]
    if config.learner.value_scale != "none":
        mistakes.append(
            f"learner.value_scale: {config.learner.value_scale!r} is not allowed with network.tied_ends, "
            "whose one head has one scale: it should be 'none'"
        )
    return mistakes


def _looks_and_acts(spec: TaskSpec) -> Hashable:
    return spec.layout.looks, spec.frame_stack, spec.choices


def _of_transfer(network: NetworkConfig) -> list[str]:
    if network.trunk_frozen_for == 0 or network.trunk_from is not None:
        return []
    value = "null" if network.trunk_frozen_for is None else network.trunk_frozen_for
    return [
        f"network.trunk_frozen_for: {value} is not allowed without network.trunk_from: "
        "it should be 0, or network.trunk_from the directory of a run"
    ]


def _of_images(network: NetworkConfig, specs: Sequence[TaskSpec]) -> list[str]:
    counts = network.trunk_convolutions
    if counts and network.encoder == "mlp":
        return [
            f"network.trunk_convolutions: {counts} is not allowed with network.encoder 'mlp', "
            "which gives the trunk no images: network.encoder should be 'auto' or 'conv'"
        ]
    mistakes = []
    try:
        if counts:
            trunk_maps(specs, counts)
    except ValueError as error:
        mistakes.append(
            f"network.trunk_convolutions: {counts} is not allowed: {error}; it should be [], or all tasks "
            "should have images of one height and width that the filters fit into"
        )
    if network.encoder == "conv":
        mistakes += [
            f"network.encoder: 'conv' is not allowed: task {spec.name!r} has observations of shape "
            f"{_shapes(spec)}, which no filters fit into; it should be 'auto' or 'mlp'"
            for spec in specs
            if not any(map(fits_filters, seen_parts(spec)))
        ]
    return mistakes


def _shapes(spec: TaskSpec) -> str:
    return ", ".join(str(list(seen.shape)) for seen in seen_parts(spec))
