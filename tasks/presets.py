"""Presets: names for fields of a task that belong together, such as a published protocol.

A preset is nothing but defaults: a field that the task itself has comes before it.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from tasks.errors import TaskError

_ALE, _VECTOR, _ENVPOOL, _MINIGRID = "ALE/", "vector:ALE/", "envpool:", ("MiniGrid-", "BabyAI-")


@dataclass(frozen=True)
class Preset:
    """Fields of a task by the name that they have together.

    Attributes:
        about: what they amount to, in a line.
        fields: for every environment that it is for.
        by_env: further fields, by what the environment's id begins with; it is for no other environment.
    """

    about: str
    fields: Mapping[str, Any]
    by_env: Mapping[str, Mapping[str, Any]]

    def of(self, env: str) -> dict[str, Any] | None:
        """Return the fields for an environment, None if it is not for it."""
        found = next((fields for begin, fields in self.by_env.items() if env.startswith(begin)), None)
        return None if found is None else deepcopy({**self.fields, **found})


def expanded(name: str, task: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a task, with those of its preset where it has none; also single arguments.

    Args:
        name: of the task, for sentences.
        task: its fields, of which none is checked yet.

    Raises:
        TaskError: there is no such preset, or it is not for such an environment.
    """
    preset = PRESETS.get(task["preset"]) if isinstance(task["preset"], str) else None
    if preset is None:
        raise TaskError(
            f"tasks.{name}.preset: {task['preset']!r} is not allowed; it should be one of "
            f"{', '.join(PRESETS)}"
        )
    fields = preset.of(str(task.get("env")))
    if fields is None:
        begins = ", ".join(f"{begin}..." for begin in preset.by_env)
        raise TaskError(
            f"tasks.{name}.preset: {task['preset']!r} is not for {task.get('env')!r}, but for environments "
            f"with names such as {begins}"
        )
    both = {**fields, **task}
    kwargs = task.get("env_kwargs", {})
    if isinstance(kwargs, Mapping) and "env_kwargs" in fields:
        both["env_kwargs"] = {**fields["env_kwargs"], **kwargs}
    return both


def _atari(about: str, noops: int, sticky: float, **fields: Any) -> Preset:  # noqa: ANN401 - values of fields
    """Return a preset of Atari games: 84 by 84 in grey, 4 frames a step of which 2 are kept, 4 steps stacked.

    Rewards are clipped by the learner alone, and returns are reported as the game pays them.
    """
    preprocessing = {
        "wrapper": "gymnasium.wrappers.AtariPreprocessing",
        "noop_max": noops,
        "frame_skip": 4,
        "screen_size": 84,
    }
    of_ale = {
        "env_kwargs": {"frameskip": 1, "repeat_action_probability": sticky},
        "max_episode_steps": 108_000,  # frames of the game within the wrapper
        "wrappers": [preprocessing],
    }
    of_game = {
        "repeat_action_probability": sticky,
        "noop_max": noops,
        "use_fire_reset": False,
        "episodic_life": False,
        "stack_num": 1,
    }
    of_vector = {"env_kwargs": {**of_game, "reward_clipping": False}, "max_episode_steps": 27_000}
    of_envpool = {
        # EnvPool draws from 1 to noop_max steps, and ends the process where there are none to draw from
        "env_kwargs": {**of_game, "noop_max": max(1, noops), "reward_clip": False},
        "max_episode_steps": 27_000,
    }
    general = {"frame_stack": 4, "reward_clip": 1.0, **fields}
    return Preset(about, general, {_ALE: of_ale, _VECTOR: of_vector, _ENVPOOL: of_envpool})


PRESETS: Mapping[str, Preset] = {
    "atari": _atari("sticky actions, whole games (Machado et al. 2018)", noops=0, sticky=0.25),
    "atari_dqn": _atari(
        "no-op starts, a lost life ends the return (Mnih et al. 2015)", noops=30, sticky=0.0, life_loss=True
    ),
    "minigrid_image": Preset(
        "the image alone, without mission and direction",
        {"observation_scale": 10, "wrappers": ["minigrid.wrappers.ImgObsWrapper"]},
        {begin: {} for begin in _MINIGRID},
    ),
}
