"""Whole runs over an environment of words, indices, a picture, two action dimensions and masks."""

from typing import Any

import pytest

from config.resolution import rehearse
from tests.support.keypad import ENV
from tests.support.learning_builders import tiny_config
from tests.unit.training.local_run import train_locally
from training.parts.parts import Parts

CHAIN: dict[str, Any] = {"env": "trunkline/Chain-v0", "envs_per_actor": 2, "solved_at": None}


def keypad(mask: str, **settings: Any) -> dict[str, Any]:
    asked = {"info": "info", "part": "allowed", "nowhere": None}[mask]
    return {"env": ENV, "env_kwargs": {"mask": mask}, "action_mask": asked, "envs_per_actor": 4} | settings


@pytest.mark.parametrize(
    "overrides",
    [
        (),
        ("replay.selector=proportional", "network.dueling=true", "tasks.keypad.frame_stack=2"),
        ("learner.loss=hl_gauss", "learner.value_scale=return_range", "learner.weighting=pcgrad"),
        ("tasks.keypad.observation_scale=auto", "learner.value_scale=popart", "learner.double=false"),
    ],
)
@pytest.mark.parametrize("mask", ["info", "part"])
def test_no_forbidden_action_is_ever_taken(mask: str, overrides: tuple[str, ...]):
    """The environment raises if one is: neither acting, nor exploring, nor evaluating takes any."""
    config = tiny_config(
        *overrides,
        "stop_env_steps=900",
        "evaluation.period=20",
        tasks={"keypad": keypad(mask), "chain": CHAIN},
    ).on_one_machine()
    run = train_locally(parts=Parts(config, rehearse(config).specs))
    assert run.problems() == []
    assert run.outcome.reason == "budget"
    assert run.outcome.learner_step > 20
    assert run.outcome.evaluation is not None
    assert set(run.outcome.evaluation.returns) == {"keypad", "chain"}


def test_tasks_of_one_kind_go_through_as_one():
    """Two keypads beside a vector task: one encoder and one head for both."""
    config = tiny_config(
        "stop_env_steps=600", tasks={"left": keypad("info"), "chain": CHAIN, "right": keypad("info")}
    ).on_one_machine()
    run = train_locally(parts=Parts(config, rehearse(config).specs))
    assert len(run.learner.network.encoders) == 2
    assert run.outcome.learner_step > 20
