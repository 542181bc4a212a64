"""Reading configurations: files, overrides, settings of known environments, and back to YAML."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.errors import ConfigError
from config.loading import load_config, parse_config, shipped_text, to_yaml
from config.yaml_text import parse_yaml
from tests.support.learning_builders import tiny_config, tiny_raw


def error_of(path: Path | None, *overrides: str) -> str:
    with pytest.raises(ConfigError) as caught:
        load_config(path, overrides)
    return str(caught.value)


def written(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "run.yaml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def test_without_a_file_the_shipped_pair_is_read():
    """CartPole and MountainCar, with the settings that are known for them."""
    config = load_config(None, [])
    assert list(config.tasks) == ["cartpole", "mountaincar"]
    assert [task.solved_at for task in config.tasks.values()] == [475.0, -110.0]
    assert config.tasks["mountaincar"].observation_scale == [1.2, 0.07]
    assert "tasks:" in shipped_text()


def test_a_key_given_twice_is_named_with_its_line(tmp_path: Path):
    """YAML would silently take the last one."""
    text = "seed: 1\ntasks:\n  a:\n    env: x\n    actors: 1\n    env: y\n"
    file = written(tmp_path, text)
    assert error_of(file) == f"{file}, line 6: key 'env' is given twice; every name is allowed once"


def test_a_syntax_error_names_the_file_and_the_line(tmp_path: Path):
    """The problem is told in YAML's words, without a traceback."""
    path = written(tmp_path, "seed: 1\ntasks: [1, 2\n")
    message = error_of(path)
    assert message.startswith(f"{path}: not YAML at line 3")


@pytest.mark.parametrize(
    "text", ["a: b: c", "\t- x", "{", "a: *nothing", "!!python/object:os.system x", "a: \0"]
)
def test_what_is_not_plain_yaml_is_refused(tmp_path: Path, text: str):
    """Also tags that would build objects."""
    assert "not YAML" in error_of(written(tmp_path, text))


def test_files_that_cannot_be_read_say_why(tmp_path: Path):
    """Missing, a directory, or no text."""
    missing = tmp_path / "nowhere.yaml"
    assert error_of(missing) == f"CONFIG: '{missing}' cannot be read: No such file or directory"
    assert error_of(Path("learner.batch_size")).endswith(
        "No such file or directory; to set a field, write KEY=VALUE"
    )
    assert error_of(tmp_path) == f"CONFIG: '{tmp_path}' cannot be read: Is a directory"
    assert error_of(written(tmp_path, b"\xff\xfe\x00")).endswith("cannot be read: not text")


@pytest.mark.parametrize("override", ["batch_size", "=3", ".a=3", "learner.=3", "a..b=3", ""])
def test_an_override_of_another_form_is_named(override: str):
    """The sentence shows one that works."""
    assert error_of(None, override) == (
        f"override {override!r} is not of the form key=value, such as learner.batch_size=128"
    )


@pytest.mark.parametrize(
    ("override", "value", "field"),
    [
        ("seed.x=1", "seed", "x"),
        ("tasks.cartpole.env.x=1", "env", "x"),
        ("tasks.cartpole.observation_scale.0.x=1", "observation_scale", "x"),
    ],
)
def test_an_override_through_a_value_is_named(override: str, value: str, field: str):
    """A value has no fields."""
    raw = {"seed": 1, "tasks": {"cartpole": {"env": "CartPole-v1", "observation_scale": [1.0]}}}
    with pytest.raises(ConfigError) as caught:
        parse_config(raw, [override])
    assert str(caught.value) == f"override {override!r}: {value} is a value and has no field {field}"


def test_an_override_that_is_not_yaml_is_named():
    """Its key stands in the sentence."""
    assert error_of(None, "learner.batch_size=[1").startswith("override learner.batch_size: not YAML")


def test_overrides_are_yaml_and_the_last_one_wins():
    """Numbers as people write them, text, lists, mappings; = may stand in a value."""
    config = tiny_config(
        "learner.learning_rate=1e-3",
        "learner.adam_epsilon=1E-8",
        "learner.batch_size=8",
        "learner.batch_size=1_024",
        "network.trunk=[64, 32]",
        "tasks.chain.env_kwargs={lure: .5, name: a=b}",
        "replay.memory_budget=1.5GiB",
        "learner.target_rate=null",
    )
    assert config.learner.learning_rate == 1e-3
    assert config.learner.adam_epsilon == 1e-8
    assert config.learner.batch_size == 1024
    assert config.network.trunk == [64, 32]
    assert config.tasks["chain"].env_kwargs == {"lure": 0.5, "name": "a=b"}
    assert config.replay.memory_budget == 1.5 * 2**30
    assert config.learner.target_rate is None


@pytest.mark.parametrize(
    ("text", "value"),
    [("1e-3", 1e-3), ("-2E5", -2e5), ("1_0.5", 10.5), (".5", 0.5), ("+1.", 1.0), ("-.inf", float("-inf"))],
)
def test_floats_are_read_as_people_write_them(text: str, value: float):
    """YAML 1.1 takes 1e-3 for text; here it is a number."""
    assert parse_yaml(text, "test") == value


@pytest.mark.parametrize("text", ["e3", "1e", "v1.2.3", "--", "1.2.3", "12e", "._", "1-2"])
def test_what_only_looks_like_a_float_stays_text(text: str):
    """Nothing else becomes a number."""
    assert parse_yaml(text, "test") == text


def test_a_task_set_to_null_is_removed():
    """Also one that is not there; another null is a value."""
    config = load_config(None, ["tasks.cartpole=null", "tasks.nobody=null"])
    assert list(config.tasks) == ["mountaincar"]


def test_a_task_that_is_added_gets_the_settings_of_its_environment():
    """The registry knows Acrobot; what is given stays."""
    config = load_config(None, ["tasks.swing.env=Acrobot-v1", "tasks.swing.solved_at=-90"])
    swing = config.tasks["swing"]
    assert swing.observation_scale == [1.0, 1.0, 1.0, 1.0, 4.0, 9.0]
    assert (swing.solved_at, swing.discount) == (-90.0, 0.99)
    assert load_config(None, ["tasks.cartpole.solved_at=null"]).tasks["cartpole"].solved_at is None


def test_an_unknown_environment_gets_plain_defaults():
    """Any other id works with the schema's defaults."""
    task = parse_config({"tasks": {"a": {"env": "Other-v0"}}}).tasks["a"]
    assert (task.observation_scale, task.discount, task.solved_at) == (None, 0.99, None)


@pytest.mark.parametrize("overrides", [[], ["replay.error_buffer=50000", "learner.target_rate=0.005"]])
def test_yaml_of_a_configuration_reads_back_as_itself(tmp_path: Path, overrides: list[str]):
    """Every field is written, and nothing changes on the way."""
    config = load_config(None, overrides)
    assert load_config(written(tmp_path, to_yaml(config)), []) == config
    assert set(parse_yaml(to_yaml(config), "test")) == set(type(config).model_fields)


@given(st.floats(1e-12, 1e6), st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_any_number_and_any_text_survive_the_way_through_yaml(rate: float, kwargs: dict[str, str]):
    """Small floats, numbers as text, odd characters: YAML of them reads back equal."""
    raw = tiny_raw()
    raw["learner"] = {"learning_rate": rate}
    raw["tasks"]["chain"]["env_kwargs"] = kwargs
    config = parse_config(raw)
    assert parse_config(parse_yaml(to_yaml(config), "test")) == config


@pytest.mark.parametrize(
    ("override", "field", "value"),
    [
        ("stop_env_steps=1e6", "stop_env_steps", 1_000_000),
        ("stop_env_steps=2.5E3", "stop_env_steps", 2_500),
        ("learner.batch_size=128.0", "learner.batch_size", 128),
        ("replay.capacity=1e5", "replay.capacity", 100_000),
        ("replay.memory_budget=1e9", "replay.memory_budget", 1_000_000_000),
        ("network.trunk=[1e2, 64]", "network.trunk", [100, 64]),
        ("tasks.cartpole.actors=2e0", "tasks.cartpole.actors", 2),
        ("tasks.cartpole.observation_scale=10", "tasks.cartpole.observation_scale", [10.0]),
        ("tasks.cartpole.observation_scale=2.5", "tasks.cartpole.observation_scale", [2.5]),
        ("tasks.cartpole.observation_scale=auto", "tasks.cartpole.observation_scale", "auto"),
        (
            "tasks.cartpole.observation_scale={image: 10, arm: auto, leg: [1, 2]}",
            "tasks.cartpole.observation_scale",
            {"image": [10.0], "arm": "auto", "leg": [1.0, 2.0]},
        ),
        ("tasks.cartpole.observation_scale.image=10", "tasks.cartpole.observation_scale", {"image": [10.0]}),
        ("learner.learning_rate=1", "learner.learning_rate", 1.0),
    ],
)
def test_what_people_type_is_what_they_mean(override: str, field: str, value: object):
    """A number with an exponent is a whole one where one is asked for; one scale is a list of one."""
    found: object = load_config(None, [override])
    for name in field.split("."):
        found = found[name] if isinstance(found, dict) else getattr(found, name)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    "override",
    [
        "stop_env_steps=1.5",
        "stop_env_steps=.inf",
        "learner.batch_size=1e-1",
        "tasks.cartpole.observation_scale=x",
        "tasks.cartpole.observation_scale=true",
        "network.trunk=128",
    ],
)
def test_what_is_no_whole_number_and_no_scale_is_refused(override: str):
    """With its field."""
    assert error_of(None, override).startswith(f"{override.partition('=')[0]}: ")


def test_without_the_defaults_there_are_the_tasks_that_are_given():
    """The shipped pair is not among them; without any, the sentence asks for one."""
    config = load_config(None, ["tasks.mine.env=Acrobot-v1"], shipped=False)
    assert (list(config.tasks), config.tasks["mine"].solved_at) == (["mine"], -100.0)
    assert config.learner == load_config(None, []).learner
    with pytest.raises(ConfigError, match=r"tasks: {} is not allowed: it should have at least 1 item"):
        load_config(None, [], shipped=False)


@pytest.mark.parametrize("text", ["a: 2020-13-45", "a: 0x_", "a: 2024-02-30 10:00:00"])
def test_what_looks_like_a_value_and_is_none_is_a_sentence(tmp_path: Path, text: str):
    """A date that there is not is no traceback."""
    assert "not YAML at line 1" in error_of(written(tmp_path, text))


@pytest.mark.parametrize("text", ["695e0514", "1e999", "-12e345678"])
def test_a_number_that_no_float_can_hold_is_the_text_that_it_is(text: str):
    """A commit's name, most often; infinities have names of their own."""
    assert parse_yaml(text, "test") == text
    assert parse_yaml("[.inf, -.INF, .Inf]", "test") == [float("inf"), float("-inf"), float("inf")]


def test_keys_of_different_types_are_different_keys(tmp_path: Path):
    """1 and '1' are two; 1 and 0x1 are one, given twice."""
    assert parse_yaml("{1: a, '1': b}", "test") == {1: "a", "1": "b"}
    assert "key 1 is given twice" in error_of(written(tmp_path, "1: a\n0x1: b\n"))
