"""Choices that are allowed and may be unwise: a plain sentence for each, with what to do instead."""

from collections.abc import Iterator, Sequence

from config.architecture import architecture
from config.schema import RunConfig
from network.images import SMALLEST_SIDE
from network.seen import Seen
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
    largest = report.largest_seen or (0.0,) * len(report.bounds)
    for seen, (_, high), most in zip(_parts(spec), report.bounds, largest, strict=True):
        if seen.part.kind == "numbers":
            yield from _of_encoder(config, seen, size)
            if _is_left_open(config.tasks[spec.name].observation_scale, seen.part.name):
                yield from _of_scale(seen, high, most)


def _parts(spec: TaskSpec) -> list[Seen]:
    """Return all parts, those that no network takes in among them."""
    return [Seen(spec.name, part, spec.frame_stack) for part in spec.layout.parts]


def _is_left_open(scale: object, part: str) -> bool:
    """Return whether a configuration says nothing of the scale of a part."""
    return scale is None or (isinstance(scale, dict) and part not in scale)


def _of_encoder(config: RunConfig, seen: Seen, size: EncoderSize) -> Iterator[str]:
    frame = seen.part.shape
    if seen in size.convolved or seen.size < (LARGE_VECTOR if len(frame) == 1 else LARGE_BOARD):
        return
    what = (
        f"tasks.{seen.task}.env: {_which(seen)} of shape {seen.shape} go through one linear layer of "
        f"{seen.size:,} inputs and {size.parts[seen]:,} parameters"
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
            f"tasks.{seen.task}.frame_stack=4 with its four channels"
        )
    elif len(frame) > 3:
        yield (
            f"{what}, since they are no images of height, width and channels; where they are a stack of "
            f"pictures, give single pictures and tasks.{seen.task}.frame_stack={frame[0]}"
        )
    else:
        yield f"{what} instead of convolutions"


def _of_scale(seen: Seen, high: float, largest_seen: float) -> Iterator[str]:
    """Yield a warning for numbers that are divided by too much or too little, where the user says nothing."""
    field = f"tasks.{seen.task}.observation_scale{f'.{seen.part.name}' if seen.part.name else ''}"
    if seen.part.scale == (255.0,):
        largest, said = (
            (high, "declared") if high < SMALL_BYTE else (largest_seen, "seen in a few steps of trial")
        )
        if 1 <= largest < (SMALL_BYTE if said == "declared" else FAINT_BYTE):
            yield (
                f"{field}: {_which(seen)} are divided by 255, and the largest that is {said} is {largest:g}: "
                f"{largest:g} would use the whole range"
            )
    elif seen.part.dtype == "float32":
        declared = (len(seen.part.shape) > 1 or largest_seen > LARGE_NUMBER) and LARGE_NUMBER < high < 1e6
        largest, said = (high, "declared") if declared else (largest_seen, "seen in a few steps of trial")
        if largest > LARGE_NUMBER:
            yield (
                f"{field}: {_which(seen)} are not divided, and values as large as {largest:g} are {said}: "
                f"{largest:g} would bring them to 1, and auto follows what is seen"
            )


def _which(seen: Seen) -> str:
    return f"values of the part {seen.part.name!r}" if seen.part.name else "observations"
