"""Which argument is the configuration's file, and which are overrides."""

from pathlib import Path

import pytest
import typer

from cli.arguments import split_arguments


@pytest.mark.parametrize(
    ("arguments", "file", "overrides"),
    [
        (["lr=0.1/run.yaml", "seed=2"], "lr=0.1/run.yaml", ["seed=2"]),
        (["seed=1/run.yaml"], "seed=1/run.yaml", []),
        (["a=b"], "a=b", []),
        (["x/lr=1/gone.yaml"], "x/lr=1/gone.yaml", []),
        (["lr=gone.yml"], "lr=gone.yml", []),
        (["seed=7"], None, ["seed=7"]),
        (["network.trunk_from=gone.yaml"], None, ["network.trunk_from=gone.yaml"]),
        (["lr=3"], None, ["lr=3"]),
        (["learner.batch_size"], "learner.batch_size", []),
    ],
)
def test_a_path_may_hold_an_equals_sign(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    file: str | None,
    overrides: list[str],
):
    """What begins with a field's name is an override, even where a file has that name."""
    monkeypatch.chdir(tmp_path)
    for name in ("lr=0.1/run.yaml", "seed=1/run.yaml", "a=b", "seed=7"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).touch()
    assert split_arguments(arguments) == (None if file is None else Path(file), overrides)


def test_two_files():
    """The second is named."""
    with pytest.raises(typer.BadParameter, match="is a second CONFIG"):
        split_arguments(["a.yaml", "b=1.yaml"])
