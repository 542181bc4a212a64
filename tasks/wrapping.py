"""Puts wrappers around environments, by name: Gymnasium's, and those of users."""

import difflib
import inspect
import pkgutil
from collections.abc import Callable
from typing import Any

import gymnasium

from tasks.errors import MakingError, shown, told
from tasks.missing import missing
from tasks.recipe import Wrapping

ALLOWED = (
    "allowed are subclasses of gymnasium.Wrapper, and functions that take an environment and return one, "
    "such as gymnasium.wrappers.FlattenObservation"
)
Environment = gymnasium.Env[Any, Any]


def wrapped(instance: Environment, wrapping: Wrapping, field: str) -> Environment:
    """Return an environment in a wrapper.

    Args:
        instance: the environment.
        wrapping: what is put around it.
        field: of the task, for sentences: where the wrapper stands.

    Raises:
        MakingError: there is no such wrapper, or it does not take these arguments or this environment.
    """
    wrapper = _wrapper(wrapping.wrapper, field)
    _refuse_arguments(wrapper, wrapping, field)
    try:
        outer = wrapper(instance, **wrapping.arguments)
    except BaseException as error:
        given = f" with {dict(wrapping.arguments)}" if wrapping.arguments else ""
        obstacle = (
            missing(wrapping.wrapper, error) or f"cannot be put around the environment{given}: {told(error)}"
        )
        raise MakingError(f"{wrapping.wrapper!r} {obstacle}", field) from error
    if not isinstance(outer, gymnasium.Env):
        raise MakingError(f"{wrapping.wrapper!r} is no wrapper: it returns {shown(outer)}; {ALLOWED}", field)
    return outer


def _wrapper(name: str, field: str) -> Callable[..., Any]:
    """Return what a name means."""
    try:
        found = pkgutil.resolve_name(name)
    except (ModuleNotFoundError, AttributeError, ValueError) as error:
        words = (
            missing(name, error) if _is_of_another(name, error) else f"is not found; {_hint(name)}{ALLOWED}"
        )
        raise MakingError(f"{name!r} {words}", field) from error
    except BaseException as error:
        raise MakingError(f"{name!r} cannot be imported: {told(error)}", field) from error
    if not (issubclass(found, gymnasium.Env) if isinstance(found, type) else callable(found)):
        raise MakingError(f"{name!r} is no wrapper; {_hint(name)}{ALLOWED}", field)
    return found  # type: ignore[no-any-return]


def _is_of_another(name: str, error: Exception) -> bool:
    """Return whether a module is missing that the wrapper's own needs, or that an extra brings."""
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return False
    return not name.startswith(error.name) or "extra" in str(missing(name, error))


def _hint(name: str) -> str:
    """Return words for the wrapper that is meant perhaps: one of the same module, or one of Gymnasium's."""
    module, _, last = name.replace(":", ".").rpartition(".")
    try:
        owner = pkgutil.resolve_name(module)
    except Exception:
        module, owner = gymnasium.wrappers.__name__, gymnasium.wrappers
    names = [
        key
        for key, kind in vars(owner).items()
        if isinstance(kind, type) and issubclass(kind, gymnasium.Wrapper)
    ]
    near = difflib.get_close_matches(last, names, n=1)
    return f"did you mean {f'{module}.{near[0]}'!r}? " if near else ""


def _refuse_arguments(wrapper: Callable[..., Any], wrapping: Wrapping, field: str) -> None:
    """Refuse arguments that a wrapper does not take, and a lack of those that it needs.

    Raises:
        MakingError: they do not fit.
    """
    try:
        parameters = list(inspect.signature(wrapper).parameters.values())[1:]
    except (TypeError, ValueError):
        return  # a signature that cannot be read says nothing
    named = [p for p in parameters if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)]
    names, anything = [p.name for p in named], any(p.kind is p.VAR_KEYWORD for p in parameters)
    takes = f"it takes {', '.join(names)}" if names else "it takes none"
    for given in wrapping.arguments:
        if given not in names and not anything:
            near = difflib.get_close_matches(str(given), names, n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise MakingError(f"{wrapping.wrapper!r} takes no argument {given!r}; {hint}{takes}", field)
    missing = [p.name for p in named if p.default is p.empty and p.name not in wrapping.arguments]
    if missing:
        example = ", ".join(f"{name}: ..." for name in missing)
        raise MakingError(
            f"{wrapping.wrapper!r} needs {', '.join(map(repr, missing))}, which is not given; it should be "
            f"{{wrapper: {wrapping.wrapper}, {example}}}",
            field,
        )
