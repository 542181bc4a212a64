"""Kinds of values that fields of a configuration have, and what all sections have in common."""

import re
import typing
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from config.yaml_text import unwritable
from replay.selectors.table import SELECTORS

UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}


def parse_bytes(text: str) -> int:
    """Return the bytes of a size such as `512MiB`.

    Raises:
        ValueError: it is none.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*", text)
    if match is None or match[2] not in UNITS:
        raise ValueError(f"{text!r} is not a size")
    return int(float(match[1]) * UNITS[match[2]])


def _bytes(value: object) -> object:
    """Turn `2GiB` into a number of bytes; leave what is no text to the type check."""
    if not isinstance(value, str):
        return value
    try:
        return parse_bytes(value)
    except ValueError as error:
        message = "it should be a number of bytes, or a size such as 512MiB or 2GiB"
        raise PydanticCustomError("bytes", message) from error


def _capacity(value: object) -> object:
    """Check a number of transitions, or a size in bytes that stays the text that it is."""
    message = "it should be a positive number of transitions, or a size such as 512MiB or 2GiB"
    try:
        amount = parse_bytes(value) if isinstance(value, str) else value
    except ValueError as error:
        raise PydanticCustomError("capacity", message) from error
    if isinstance(amount, bool) or not isinstance(amount, int) or amount <= 0:
        raise PydanticCustomError("capacity", message)
    return value


def _wrappers(value: object) -> object:
    """Take one wrapper for a list of it; each is a name, or a mapping of a name and arguments."""
    entries = value if isinstance(value, list) else [value]
    for entry in entries:
        name = entry.get("wrapper") if isinstance(entry, dict) else entry
        if not (isinstance(name, str) and name):
            message = (
                "each wrapper should be a name such as gymnasium.wrappers.FlattenObservation, or a mapping "
                "such as {wrapper: gymnasium.wrappers.ClipReward, min_reward: -1}"
            )
            raise PydanticCustomError("wrappers", message)
        if isinstance(entry, dict):
            _written_as_read(entry)
    return entries


def _one_or_many(value: object) -> object:
    """Take one number for a list of it."""
    return [value] if isinstance(value, int | float) and not isinstance(value, bool) else value


def _kind_of_scale(value: object) -> str | None:
    """Return which of its kinds a scale is of; None if it is none."""
    if isinstance(value, dict):
        return "[parts]"
    if isinstance(value, list) or (isinstance(value, int | float) and not isinstance(value, bool)):
        return "[numbers]"
    return "[auto]" if value == "auto" else None


def _moderate(value: float) -> float:
    """Take what float32 can multiply by and divide by: neither it nor its inverse is 0 or infinite there."""
    if not 1e-37 <= value <= 1e37:
        raise PydanticCustomError("moderate", "it should be from 1e-37 to 1e37")
    return value


def _written_as_read(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse what would come back from the run's own configuration as something else."""
    problem = unwritable(value, "it")
    if problem is not None:
        message = "{problem}; it should hold numbers, texts, dates, bytes, null, lists and mappings alone"
        raise PydanticCustomError("unwritable", message, {"problem": problem})
    return value


Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Factor = Annotated[PositiveFloat, AfterValidator(_moderate)]
_Numbers = Annotated[list[Factor], BeforeValidator(_one_or_many), Tag("[numbers]")]
_Auto = Annotated[Literal["auto"], Tag("[auto]")]
NonNegativeFloat = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Fraction = Annotated[float, Field(ge=0, le=1)]
Bytes = Annotated[
    int, BeforeValidator(_bytes), Field(gt=0, description="bytes, or a size such as 512MiB or 2GiB")
]
Capacity = Annotated[int | str, BeforeValidator(_capacity)]
Wrappers = Annotated[list[str | dict[str, Any]], BeforeValidator(_wrappers)]
PartScale = Annotated[
    _Numbers | _Auto,
    Discriminator(
        _kind_of_scale,
        custom_error_type="scale",
        custom_error_message="it should be a number, a list of numbers, or auto",
    ),
]
Scale = Annotated[
    _Numbers | _Auto | Annotated[dict[str, PartScale], Tag("[parts]")],
    Discriminator(
        _kind_of_scale,
        custom_error_type="scale",
        custom_error_message="it should be a number, a list of numbers, auto, or a mapping from names of "
        "parts to these",
    ),
]
Arguments = Annotated[dict[str, Any], AfterValidator(_written_as_read)]
TaskName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
if TYPE_CHECKING:
    SelectorName = str
else:  # only known when it runs: a new selector is not named here too
    SelectorName = Literal[tuple(SELECTORS)]


def _kinds(annotation: Any) -> set[Any]:  # noqa: ANN401 - whatever a schema holds
    """Return the types of which a field may have one, or a list of them."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if not arguments or origin in (dict, Literal):
        return {annotation}
    parts = arguments[:1] if origin is Annotated else arguments
    return set().union(*map(_kinds, parts))


def _whole(value: object) -> object:
    if isinstance(value, list):
        return [_whole(part) for part in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


class Section(BaseModel):
    """A part of the configuration: unknown keys are mistakes, and so are values of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    @field_validator("*", mode="before")
    @classmethod
    def _whole_numbers(cls, value: object, info: ValidationInfo) -> object:
        """Take 1e6 for 1000000 where a field asks for whole numbers."""
        kinds = _kinds(cls.model_fields[str(info.field_name)].annotation)
        return _whole(value) if int in kinds and float not in kinds else value
