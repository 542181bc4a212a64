"""Whether what actors send fits into a message."""

from collections.abc import Sequence

from config.memory import fragment_rows, in_units
from config.schema import RunConfig
from replay.row import sent_bytes, table_shape
from replay.wire import MAX_MESSAGE_BYTES
from tasks.spec import TaskSpec

HEADER_BYTES = 8 * 2**10
"""Of a message beside its rows, rounded up: names, dtypes, shapes."""
PRIORITY_BYTES = 4
EPISODE_BYTES = 4 + 4
"""Return and length of an episode; a row can be the end of one."""


def message_mistakes(config: RunConfig, specs: Sequence[TaskSpec]) -> list[str]:
    """Return a sentence for each task whose blocks are larger than a message may be, with values that fit."""
    return [
        _sentence(config, spec)
        for spec in specs
        if block_bytes(config, spec, config.tasks[spec.name].envs_per_actor) > MAX_MESSAGE_BYTES
    ]


def block_bytes(config: RunConfig, spec: TaskSpec, streams: int) -> int:
    """Return the most bytes that one block of so many streams takes, uncompressed."""
    return HEADER_BYTES + streams * fragment_rows(config, spec) * _bytes_of_a_row(spec)


def _bytes_of_a_row(spec: TaskSpec) -> int:
    return sent_bytes(table_shape(spec)) + PRIORITY_BYTES + EPISODE_BYTES


def _sentence(config: RunConfig, spec: TaskSpec) -> str:
    streams, length = config.tasks[spec.name].envs_per_actor, config.actors.fragment_length
    size = block_bytes(config, spec, streams)
    row = _bytes_of_a_row(spec)
    rows = (MAX_MESSAGE_BYTES - HEADER_BYTES) // row
    overlap = fragment_rows(config, spec) - length
    allowed = []
    if most_streams := rows // (length + overlap):
        allowed.append(f"tasks.{spec.name}.envs_per_actor={most_streams}")
    if (most_length := rows // streams - overlap) > 0:
        allowed.append(f"actors.fragment_length={most_length}")
    if not allowed and rows > overlap:
        allowed.append(f"tasks.{spec.name}.envs_per_actor=1 with actors.fragment_length={rows - overlap}")
    fits = f"what fits is {' or '.join(allowed)}" if allowed else "no setting fits observations so large"
    return (
        f"tasks.{spec.name}.envs_per_actor: {streams} streams of {length + overlap} rows "
        f"(actors.fragment_length {length}, and {overlap} for n-step returns and frame stacks) make a "
        f"message of {in_units(size)}, allowed are {in_units(MAX_MESSAGE_BYTES)}: {fits}"
    )
