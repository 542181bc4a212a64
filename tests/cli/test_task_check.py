"""`trunkline tasks check` and `tasks list`, as they are typed."""

import json

import pytest

from config.loading import parse_config
from config.yaml_text import parse_yaml
from tests.support.odd_environments import odd
from tests.support.runs import run_command
from tests.support.unwise_environments import unwise
from tests.support.wrapped_environments import wrapper

FLATTEN = "gymnasium.wrappers.FlattenObservation"


@pytest.fixture
def trunkline(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "80")
    return lambda *arguments: run_command(monkeypatch, *arguments)


@pytest.fixture
def check(trunkline):
    return lambda *arguments: trunkline("tasks", "check", "--seconds", "0.1", *arguments)


def test_a_table_says_what_an_environment_is_and_a_block_can_be_pasted(check):
    """Within 80 columns; the block is a configuration."""
    code, out, err = check("CartPole-v1", "frame_stack=2", "--wrappers", FLATTEN)
    assert (code, err) == (0, "")
    table, _, block = out.partition("\n\n")
    assert max(map(len, table.splitlines())) <= 80
    for words in (
        "environment",
        "stepped in a loop",
        "wrapped in",
        "actions",
        "2 choices",
        "500 steps",
        "steps/s alone",
        "rewards",
    ):
        assert words in table
    task = parse_config(parse_yaml(block, "block")).tasks["cartpole"]
    assert (task.env, task.frame_stack, task.wrappers) == ("CartPole-v1", 2, [FLATTEN])


def test_one_json_object_says_the_same(check):
    """And nothing else is printed."""
    code, out, err = check("Pendulum-v1", "--action-bins", "3", "--json")
    said = json.loads(out)
    assert (code, err, said["choices"], said["wrong"]) == (0, "", [3], [])
    assert said["tasks"] == {"pendulum": {"env": "Pendulum-v1", "action_bins": 3}}
    assert said["played"]["together"]["steps_per_second"] > 0
    assert said["parts"][0]["encoder"] == "a linear layer"


def test_options_are_fields_of_the_task(check):
    """Wrappers one by one or as a list, arguments as a mapping, a mask by its place."""
    tenfold = f"{{wrapper: {wrapper('Tenfold')}, factor: 2}}"
    code, out, _ = check(odd("Given"), "--kwargs", "{shape: [3]}", "--wrappers", f"[{FLATTEN}, {tenfold}]",
                         "--wrappers", wrapper("Tenfold"), "max_episode_steps=9", "--json")  # fmt: skip
    given = {"wrapper": wrapper("Tenfold"), "factor": 2}
    assert code == 0
    assert json.loads(out)["tasks"]["given"] == {
        "env": odd("Given"),
        "env_kwargs": {"shape": [3]},
        "wrappers": [FLATTEN, given, wrapper("Tenfold")],
        "max_episode_steps": 9,
    }
    assert json.loads(check("Taxi-v4", "--action-mask", "info", "--json")[1])["tasks"] == {
        "taxi": {"env": "Taxi-v4", "action_mask": "info"}
    }


def test_what_is_unwise_ends_well_and_what_is_wrong_does_not(check):
    """A sentence each, after the table."""
    code, out, _ = check(unwise("Lavish"), "max_episode_steps=50")
    assert code == 0
    assert "unwise: tasks.lavish.reward_scale: rewards are as large as 1e+06" in out
    code, out, _ = check(odd("VectorReward"), "max_episode_steps=50")
    assert code == 3
    assert "wrong: tasks.vectorreward.env: environment" in out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["CartPole-v9"], "unknown environment 'CartPole-v9'; did you mean 'CartPole-v1'?"),
        (["CartPole-v1", "--preset", "atari"], "tasks.cartpole.preset: 'atari' is not for 'CartPole-v1'"),
        (["CartPole-v1", "--wrappers", "gymnasium.Nothing"], "wrappers.0: 'gymnasium.Nothing' is not found"),
        (["CartPole-v1", "--wrappers", "["], "--wrappers: not YAML"),
        (["CartPole-v1", "--kwargs", "3"], "tasks.cartpole.env_kwargs: 3 is not allowed: it should be a"),
        (["CartPole-v1", "--action-bins", "3"], "it should be null, since such actions are choices already"),
        (["CartPole-v1", "frame_stack"], "'frame_stack' is not of the form field=value, such as"),
        (["CartPole-v1", "=4"], "'=4' is not of the form field=value"),
        (["Pendulum-v1"], "tasks.pendulum.action_bins should say how many"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence_and_code_3(check, arguments: list[str], said: str):
    """On standard error; there is no answer."""
    code, out, err = check(*arguments)
    assert (code, out, len(err.splitlines())) == (3, "", 1)
    assert said in err


def test_the_list_fits_80_columns_and_has_suites_environments_and_presets(trunkline):
    """With what is installed, and the extra of what is not."""
    code, out, err = trunkline("tasks", "list")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    for words in ("MiniGrid-*", "CartPole-v1", "trunkline/InvertedPendulum-v0", "atari_dqn", "installed"):
        assert words in out


def test_the_list_as_json_has_all_of_it(trunkline):
    """Suites say whether they are installed."""
    said = json.loads(trunkline("tasks", "list", "--json")[1])
    assert {"sources", "suites", "tasks", "presets"} == set(said)
    assert set(said["sources"]) == {"", "envpool:", "vector:"}
    assert {suite["name"]: suite["installed"] for suite in said["suites"]}["toy text"] is True
    assert {task["env"] for task in said["tasks"]} >= {"CartPole-v1", "Taxi-v*", "MiniGrid-*"}
