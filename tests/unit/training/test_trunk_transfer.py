"""`network.trunk_from` and `network.trunk_frozen_for`: what comes from the other run, and what moves."""

from pathlib import Path

import numpy as np
import pytest
from torch import Tensor

from config.errors import ConfigError
from config.resolution import resolve
from deploy.launch import start_run
from learner.learner import Learner
from tests.support.learning_builders import make_batch, tiny_config, tiny_parts
from tests.support.runs import run_command, tiny_overrides
from training.directory.run_directory import RunDirectory
from training.parts.parts import Parts

CATCH = "tasks.catch.env=trunkline/Catch-v0"
OTHER_TASKS = [[], ["tasks.chain=null"], ["tasks.chain=null", CATCH], [CATCH]]


@pytest.fixture(scope="module", name="other")
def _other(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The directory of a short finished run of the tiny pair."""
    path = tmp_path_factory.mktemp("transfer") / "run"
    short = ("stop_env_steps=600", "evaluation.period=100000", "checkpoint.replay=false", "seed=8")
    start_run(resolve(tiny_config(*short)), path, "local", None, [])
    return path


def weights_in(path: Path) -> dict[str, Tensor]:
    checkpoint, _ = RunDirectory.open(path).newest_checkpoint()
    return dict(checkpoint.tensors["weights"])


def parameters_of(learner: Learner) -> dict[str, Tensor]:
    return {name: p.detach().clone() for name, p in learner.network.named_parameters()}


@pytest.mark.parametrize("tasks", OTHER_TASKS, ids=["same", "fewer", "another", "more"])
def test_exactly_the_trunk_is_taken_over(other: Path, tasks: list[str]):
    """Whatever the tasks are here; encoders and heads start as they would have, and so does the target."""
    learner = tiny_parts(*tasks, f"network.trunk_from={other}").learner()
    found, fresh, theirs = (
        parameters_of(learner),
        parameters_of(tiny_parts(*tasks).learner()),
        weights_in(other),
    )
    for name, value in found.items():
        expected = theirs[name] if name.startswith("trunk.") else fresh[name]
        assert value.equal(expected), name
    assert not found["trunk.mlp.blocks.0.linear.weight"].equal(fresh["trunk.mlp.blocks.0.linear.weight"])
    for ours, target in zip(learner.network.parameters(), learner.target.parameters(), strict=True):
        assert ours.equal(target)


@pytest.mark.parametrize(("frozen_for", "updates"), [("0", 0), ("3", 3), ("null", 6)])
def test_a_frozen_trunk_stays_bit_for_bit_and_then_moves(other: Path, frozen_for: str, updates: int):
    """For as many updates as configured; what is not the trunk moves from the first."""
    parts = tiny_parts(f"network.trunk_from={other}", f"network.trunk_frozen_for={frozen_for}")
    learner, rng = parts.learner(), np.random.default_rng(0)
    before = parameters_of(learner)
    for update in range(1, 7):
        learner.step([make_batch(spec, 8, rng) for spec in parts.specs])
        for name, value in parameters_of(learner).items():
            stays = name.startswith("trunk.") and update <= updates
            assert value.equal(before[name]) is stays, (name, update)


def test_a_resumed_run_keeps_its_own_trunk(tmp_path: Path):
    """The directory that it started from may be gone by then; one that begins again needs it again."""
    config = tiny_config(f"network.trunk_from={tmp_path / 'gone'}")
    assert Parts(config, tiny_parts().specs, run_life=1).learner(fresh=False).learner_step == 0
    with pytest.raises(ConfigError, match=r"^network.trunk_from: .* cannot be used: "):
        Parts(config, tiny_parts().specs, run_life=1).learner()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            "network.trunk=[9]",
            r"parameter mlp.blocks.0.linear.weight has shape \[8, 8\], the configured network's has \[9, 8\]",
        ),
        ("network.trunk=[8, 8]", "parameter mlp.blocks.1.linear.bias is only in the configured network"),
        ("network.sharing=moe", "parameter experts.blocks.0.linear.bias is only in the configured network"),
    ],
)
def test_a_trunk_that_does_not_fit_is_one_sentence(other: Path, change: str, sentence: str):
    """It names the field, the run and the first parameter that differs."""
    parts = tiny_parts(f"network.trunk_from={other}", change)
    with pytest.raises(ConfigError, match=f"^network.trunk_from: .* cannot be used: .*: {sentence}$"):
        parts.learner()


@pytest.mark.parametrize(
    ("overrides", "sentence"),
    [
        ([], "cannot be used: checkpoint of another network: parameter mlp.blocks.0."),
        (["network.trunk_from=gone"], "network.trunk_from: 'gone' cannot be used: "),
    ],
    ids=["another shape", "no such run"],
)
def test_the_command_ends_with_one_sentence(
    other: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overrides: list[str], sentence: str
):
    """Exit code 3, nothing on standard output, no traceback, and no run directory left behind."""
    directory = tmp_path / "run"
    arguments = [*tiny_overrides(), f"network.trunk_from={other}", *overrides]
    code, out, err = run_command(
        monkeypatch, "train", *arguments, "--runtime", "local", "--run-dir", directory, "--json"
    )
    assert (code, out) == (3, "")
    assert "Traceback" not in err
    assert sentence in err.strip().splitlines()[-1]
    assert not directory.exists()
