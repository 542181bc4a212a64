"""What an environment declares, as far as training is built on it: all instances of a task have to agree."""

from typing import Any

from tasks.acting import ActionReader, action_reader
from tasks.choices import Choices
from tasks.errors import ContractError, SpaceError, told
from tasks.observation import ObservationLayout, Part
from tasks.observing import ObservationReader
from tasks.reading import Reading


class Declared:
    """The readers of one environment's observations and actions.

    Args:
        instance: the environment.
        reading: what the user says of its spaces.

    Raises:
        SpaceError: nothing can be learned with such spaces.

    Attributes:
        reading: as given.
        observations: reads what the environment shows.
        actions: makes choices its actions.
    """

    def __init__(self, instance: Any, reading: Reading) -> None:  # noqa: ANN401 - whatever a constructor returned
        self.reading = reading
        refused: list[SpaceError] = []
        choices = Choices((1,))  # where actions are refused, observations are looked at all the same
        try:
            self.actions: ActionReader = action_reader(_space(instance, "action_space"), reading)
            choices = self.actions.choices
        except SpaceError as error:
            refused.append(error)
        try:
            space = _space(instance, "observation_space")
            self.observations = ObservationReader(space, choices, reading)
        except SpaceError as error:
            refused.insert(0, error)
        if refused:
            raise SpaceError("\n".join(map(str, refused)))

    @property
    def layout(self) -> ObservationLayout:
        """The parts of its frames."""
        return self.observations.layout


def agreed(
    instance: Any,  # noqa: ANN401 - whatever a constructor returned
    reading: Reading,
    layout: ObservationLayout,
    choices: Choices,
    actions: ActionReader | None = None,
) -> Declared:
    """Return what an environment declares, which has to be what the task was found to be.

    Args:
        instance: the environment.
        reading: what the user says of its spaces.
        layout: the task's; scales do not count.
        choices: the task's.
        actions: of another instance; None for any that make these choices.

    Raises:
        ContractError: it declares something else.
    """
    try:
        other = Declared(instance, reading)
    except Exception as error:
        raise ContractError(f"declares other spaces than it did before: {told(error)}") from error
    difference = _difference(other.layout, layout)
    if difference is None and other.actions.choices != choices:
        difference = _words_of_choices(other.actions.choices), _words_of_choices(choices)
    if difference is None and actions is not None and other.actions != actions:
        difference = _words_of_actions(other.actions), _words_of_actions(actions)
    if difference is not None:
        raise ContractError(
            f"declares {difference[0]}, but another instance of it declared {difference[1]}: all instances "
            "of a task should have the same spaces"
        )
    return other


def _difference(now: ObservationLayout, before: ObservationLayout) -> tuple[str, str] | None:
    """Return what two layouts say where they differ first."""
    if now.looks == before.looks:
        return None
    if len(now.parts) != len(before.parts):
        return _words_of_parts(now), _words_of_parts(before)
    pairs = zip(now.parts, before.parts, strict=True)
    return next((_words(a), _words(b)) for a, b in pairs if _words(a) != _words(b))


def _words(part: Part) -> str:
    which = f"a part {part.name!r}" if part.name else "observations"
    kind = "flags" if part.kind == "mask" else part.kind
    sizes = f", of {', '.join(map(str, part.sizes))} values" if part.sizes else ""
    return f"{which} of {kind} of shape {part.shape} and dtype {part.dtype}{sizes}"


def _words_of_parts(layout: ObservationLayout) -> str:
    names = ", ".join(repr(part.name) for part in layout.parts)
    return f"observations of {len(layout.parts)} parts ({names})"


def _words_of_choices(choices: Choices) -> str:
    return f"actions of {' x '.join(map(str, choices.sizes))} choices"


def _words_of_actions(actions: ActionReader) -> str:
    return f"actions of dtype {actions.dtype} from {actions.low} to {actions.high}"


def _space(instance: Any, name: str) -> object:  # noqa: ANN401 - whatever a constructor returned
    """Return a space of an environment; None if it has none."""
    try:
        return getattr(instance, name, None)
    except Exception:
        return None
