"""Rewards of sizes that may not be learned are noticed while a run trains, and said in one sentence."""

import io
import math
from typing import Any

import numpy as np
import pytest
import torch
from rich.console import Console

from cli.panel import PlainLines, render
from config.schema import RunConfig
from learner.reward_sizes import RewardSizes
from tests.support.learning_builders import make_batch, tiny_config, two_specs
from tests.support.status_builders import run_status
from tests.unit.training.local_run import train_locally
from training.status.reward_notices import ENOUGH_LOOKS, reward_notices

MIXED = {"chain": 3e6, "identity": 2.97}


def notices(config: RunConfig, largest: dict[str, float], looks: int = ENOUGH_LOOKS) -> list[str]:
    return reward_notices(config, largest, looks)


def test_tasks_of_very_different_size_are_named_with_what_helps():
    """Which two, how large, how many times, and the setting."""
    assert notices(tiny_config(), MIXED) == [
        "the largest 2-step rewards are 3e+06 in chain and 2.97 in identity, which is 1,000,000 times less: "
        "one of the two tasks may not be learned; learner.value_scale=return_range brings them to one scale"
    ]
    [sentence] = notices(tiny_config(), {"chain": 0.95, "identity": 100.0})
    assert sentence.startswith(
        "the largest 2-step rewards are 100 in identity and 0.95 in chain, which is 110 times less: "
    )


@pytest.mark.parametrize(("size", "said"), [(1e6, "1e+06"), (1e-6, "1e-06")])
def test_one_task_of_an_unusual_size_is_named(size: float, said: str):
    """By itself, or beside another of its size."""
    for largest in ({"chain": size}, {"chain": size, "identity": size}):
        assert notices(tiny_config(), largest) == [
            f"the largest 2-step rewards of chain are {said}, and 0.001 to 1000 is usual: "
            "the task may not be learned; learner.value_scale=return_range brings them to a usual scale"
        ]


@pytest.mark.parametrize(
    "largest",
    [
        {},
        {"chain": 1.0, "identity": 0.0},
        {"chain": 3.0, "identity": 0.1},
        {"chain": 0.0, "identity": 0.0},
        {"chain": math.nan, "identity": 1.0},
        {"chain": math.inf, "identity": 1.0},
    ],
    ids=str,
)
def test_where_nothing_is_known_to_be_wrong_nothing_is_said(largest: dict[str, float]):
    """A task that was never paid has no scale, and one that diverges has other troubles."""
    assert notices(tiny_config(), largest) == []


def test_nothing_is_said_too_early_nor_where_a_scale_is_chosen():
    """Sparse rewards show late, and both scales mend it."""
    assert notices(tiny_config(), MIXED, looks=ENOUGH_LOOKS - 1) == []
    for scale in ("return_range", "popart"):
        assert notices(tiny_config(f"learner.value_scale={scale}"), MIXED) == []


def test_tasks_that_share_nothing_do_not_disturb_each_other():
    """A size that is out of reach is said all the same."""
    config = tiny_config("network.sharing=separate")
    assert notices(config, {"chain": 500.0, "identity": 1.0}) == []
    assert notices(config, MIXED)[0].startswith("the largest 2-step rewards of chain are 3e+06, and")


def test_one_head_for_all_tasks_is_told_of_what_it_may_have():
    """It has one scale, so that `value_scale` is not allowed there."""
    twins = {name: {"env": "trunkline/Identity-v0", "envs_per_actor": 2} for name in ("one", "two")}
    [sentence] = notices(tiny_config("network.tied_ends=true", tasks=twins), {"one": 1e4, "two": 1.0})
    assert sentence.endswith("; tasks.one.reward_scale brings them to one scale")


def test_sizes_are_the_largest_that_were_seen():
    """Of either sign, task by task, over all looks."""
    rng, sizes = np.random.default_rng(0), RewardSizes(["a", "b"])
    assert (sizes.largest(), sizes.looks) == ({}, 0)
    for rewards in ([[1.0, -5.0], [0.0, 0.0]], [[2.0, 3.0], [0.25, 0.0]]):
        sizes.look_at(
            [
                make_batch(spec, 2, rng, reward_n_B=torch.tensor(values))
                for spec, values in zip(two_specs(), rewards, strict=True)
            ]
        )
    assert (sizes.largest(), sizes.looks) == ({"a": 5.0, "b": 0.25}, 2)


@pytest.mark.parametrize(("factor", "said"), [(1.0, False), (1e6, True)])
def test_a_run_says_it_while_it_trains(factor: float, said: bool):
    """In its status, and so on its pages; rewards of one size are passed over."""
    run = train_locally(
        "tasks.chain.solved_at=null", "tasks.identity.solved_at=null", "stop_env_steps=800",
        f"tasks.identity.reward_scale={factor}",
    )  # fmt: skip
    warnings = run.statuses[-1].warnings()
    assert any("learner.value_scale=return_range" in sentence for sentence in warnings) is said


def printed(*statuses: Any) -> str:
    console = Console(record=True, width=200, file=io.StringIO())
    lines = PlainLines(console)
    for status in statuses:
        lines(status)
    return console.export_text()


def test_lines_say_it_once_and_a_panel_as_long_as_it_holds():
    """Its figures move with each report; a panel shows it as it shows every warning."""
    first, then = run_status(notices=["it is large: 3"]), run_status(notices=["it is large: 4"])
    assert printed(run_status(), first, then, then).count("note: it is large") == 1
    assert "note:" not in printed(run_status())
    console = Console(record=True, width=100, file=io.StringIO())
    console.print(render(then))
    assert "warning: it is large: 4" in console.export_text()
