"""Choices that are allowed and may be unwise: a plain sentence for each, with what to do instead."""

from collections.abc import Iterator, Sequence

from config.architecture import architecture
from config.schema import RunConfig
from network.images import SMALLEST_SIDE
from network.sizes import EncoderSize, network_sizes
from tasks.inspection import EnvironmentReport
from tasks.spec import TaskSpec

LARGE_BOARD = 1_024
"""Numbers in an observation of several dimensions, from which on one linear layer over it is remarked on."""
LARGE_VECTOR = 10_000
"""Numbers in an observation of one dimension, from which on it may have been a picture."""
SMALL_BYTE = 128
"""A uint8 observation that stays below uses less than half of what it is divided by."""
FAINT_BYTE = 26
"""The same for what was seen in a trial, where the space promises more: a tenth."""
LARGE_NUMBER = 100.0
"""An observation that is not divided and is larger than this drowns what is around one."""


def advice(config: RunConfig, specs: Sequence[TaskSpec], reports: Sequence[EnvironmentReport]) -> list[str]:
    """Return the warnings of a configuration, task after task; each begins with a field or a task."""
    sizes, _ = network_sizes(specs, architecture(config))
    of_tasks = (
        sentence
        for spec, report, size in zip(specs, reports, sizes, strict=True)
        for sentence in _of_task(config, spec, report, size)
    )
    return [*_of_budget(config), *of_tasks]


def _of_budget(config: RunConfig) -> Iterator[str]:
    """Yield a warning for a budget in which a fresh run learns nothing; a resumed run may have enough."""
    least, tasks = config.replay.min_size_to_sample, len(config.tasks)
    if config.stop_env_steps <= least * tasks:
        yield (
            f"stop_env_steps: {config.stop_env_steps} is used up before anything is learned: learning begins "
            f"when each of {tasks} tasks has replay.min_size_to_sample ({least}) transitions; more than "
            f"{least * tasks} would do"
        )


def _of_task(
    config: RunConfig, spec: TaskSpec, report: EnvironmentReport, size: EncoderSize
) -> Iterator[str]:
    yield from (f"tasks.{spec.name}.env: environment {spec.env!r} {remark}" for remark in report.remarks)
    yield from _of_encoder(config, spec, size)
    if config.tasks[spec.name].observation_scale is None:
        yield from _of_scale(spec, report)


def _of_encoder(config: RunConfig, spec: TaskSpec, size: EncoderSize) -> Iterator[str]:
    frame = spec.frame_shape
    if size.convolves or size.inputs < (LARGE_VECTOR if len(frame) == 1 else LARGE_BOARD):
        return
    what = (
        f"tasks.{spec.name}.env: observations of shape {spec.observation_shape} go through one linear layer "
        f"of {size.inputs:,} inputs and {size.parameters:,} parameters"
    )
    sides = sorted(frame)[-2:]
    if len(frame) == 1:
        yield f"{what}; if they were pictures, leave them in their shape: convolutions need it"
    elif config.network.encoder == "mlp":
        yield f"{what}, since network.encoder is 'mlp'; 'auto' gives convolutions to images"
    elif min(sides) < SMALLEST_SIDE:
        yield f"{what}: their sides are too small for convolutions"
    elif len(frame) == 2:
        yield (
            f"{what}, since they have no channels; network.encoder=conv convolves them, and so does "
            f"tasks.{spec.name}.frame_stack=4 with its four channels"
        )
    elif len(frame) > 3:
        yield (
            f"{what}, since they are no images of height, width and channels; where they are a stack of "
            f"pictures, give single pictures and tasks.{spec.name}.frame_stack={frame[0]}"
        )
    else:
        yield f"{what} instead of convolutions"


def _of_scale(spec: TaskSpec, report: EnvironmentReport) -> Iterator[str]:
    seen, high, divisor = report.largest_seen or 0.0, report.declared_high, report.observation_scale
    if divisor > 1:
        largest, said = (high, "declared") if high < SMALL_BYTE else (seen, "seen in a few steps of trial")
        if 1 <= largest < (SMALL_BYTE if said == "declared" else FAINT_BYTE):
            yield (
                f"tasks.{spec.name}.observation_scale: observations are divided by 255, and the largest that "
                f"is {said} is {largest:g}: {largest:g} would use the whole range"
            )
    elif spec.observation_dtype == "float32":
        declared = (len(spec.frame_shape) > 1 or seen > LARGE_NUMBER) and LARGE_NUMBER < high < 1e6
        largest, said = (high, "declared") if declared else (seen, "seen in a few steps of trial")
        if largest > LARGE_NUMBER:
            yield (
                f"tasks.{spec.name}.observation_scale: observations are not divided, and values as large as "
                f"{largest:g} are {said}: {largest:g} would bring them to 1"
            )
