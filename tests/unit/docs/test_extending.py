"""Every Python example of `docs/extending.md` works with the real parts and does what its text says."""

import re
import sys
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from gymnasium.spaces import Dict, Discrete

from config.loading import parse_config
from config.resolution import rehearse
from learner.loss.table import LOSSES
from learner.td import huber_loss, squared_loss
from network.build import ENCODERS, Architecture, build_network
from replay.messages import Inserted, Sampled
from replay.row import table_shape
from replay.selectors.table import SELECTORS, SelectorEntry
from tasks.choices import Choices
from tasks.errors import ContractError
from tasks.observing import ObservationReader
from tasks.readers.table import READERS
from tasks.reading import Reading
from tests.support.builders import make_block, make_spec, make_table
from tests.support.documents import DOCUMENTS, program_of
from tests.support.learning_builders import make_batches, make_learner, make_rule

PAGE = "extending.md"


def test_an_environment_passes_the_trial(monkeypatch: pytest.MonkeyPatch):
    """It is found by module and class, played for some steps, and nothing is wrong or unwise."""
    monkeypatch.setitem(sys.modules, "valves", program_of(PAGE, "An environment"))
    run = rehearse(parse_config({"tasks": {"valve": {"env": "valves:Valve", "max_episode_steps": 500}}}, ()))
    assert (run.specs[0].observation_shape, run.specs[0].choices) == ((2,), Choices((2,)))
    assert run.warnings == []


def test_a_kind_of_observation_is_read_and_encoded(monkeypatch: pytest.MonkeyPatch):
    """Once both lines are in their tables; angles on both sides of pi are nearly the same."""
    module = program_of(PAGE, "A kind of observation")
    page = (DOCUMENTS / PAGE).read_text(encoding="utf-8")
    reader, encoder = re.findall(r"`(?:Angles|\"angles\"): (lambda .*?\)|AnglesEncoder)`", page)
    readers = {module.Angles: eval(reader, module.__dict__), **READERS}
    monkeypatch.setattr("tasks.readers.table.READERS", readers)
    monkeypatch.setitem(cast("dict[str, Any]", ENCODERS), "angles", eval(encoder, module.__dict__))
    space = Dict({"arm": module.Angles(2), "room": Discrete(3)})
    observations = ObservationReader(space, Choices((2,)), Reading())
    layout = observations.layout
    frame_EO = np.zeros((2, *layout.frame_shape), layout.frame_dtype)
    for row, angle in enumerate((3.14, -3.14)):
        arm = np.array([angle, 0.5], np.float32)
        observations.read({"arm": arm, "room": 1}, {}, layout.parts_of(frame_EO), row)
    together = np.zeros_like(frame_EO)
    shown = {"arm": np.array([[3.14, 0.5], [-3.14, 0.5]], np.float32), "room": np.array([1, 1])}
    goes_on_E = np.ones(2, np.bool_)
    observations.read_rows(shown, {}, layout.parts_of(together), slice(None), goes_on_E)
    np.testing.assert_array_equal(together, frame_EO)
    with pytest.raises(ContractError, match="returned an observation with a part 'arm' that is not 2 angles"):
        observations.read({"arm": np.zeros(3, np.float32), "room": 1}, {}, layout.parts_of(frame_EO), 0)
    specs = [make_spec(name, layout=layout) for name in ("a", "b")]
    network = build_network(specs, Architecture((8, 8)), seed=1)
    frames = torch.from_numpy(frame_EO)
    for name, q_BA in zip("ab", network([frames, frames]), strict=True):
        torch.testing.assert_close(q_BA[0], q_BA[1], atol=0.01, rtol=0.0)
        torch.testing.assert_close(network.for_task(name)(frames), q_BA)


def test_a_loss_lies_between_square_and_huber_and_learns():
    """log cosh is at most the squared loss and at least Huber's less a constant; updates with it lower it."""
    module = program_of(PAGE, "A loss")
    error_B = torch.linspace(-5, 5, 101)
    loss_B = module.log_cosh_loss(error_B)
    torch.testing.assert_close(loss_B, error_B.cosh().log(), atol=1e-5, rtol=1e-5)
    assert bool((loss_B <= squared_loss(error_B) + 1e-6).all())
    assert bool((loss_B >= huber_loss(error_B) - 0.2).all())
    assert type(module.ENTRY) is type(LOSSES["huber"])
    learner = make_learner(make_rule(loss=module.ENTRY.loss(module.ENTRY.output())))
    batches = make_batches(np.random.default_rng(0))
    losses = [float(learner.step(batches).loss_T.sum()) for _ in range(50)]
    assert losses[-1] < 0.6 * losses[0]


def test_a_weighting_draws_weights_anew_and_learns():
    """Its weights add up to the number of tasks and differ from update to update."""
    weighting = program_of(PAGE, "A task weighting").RandomWeighting(2)
    learner = make_learner(replace(make_rule(), weighting=weighting))
    batches = make_batches(np.random.default_rng(0))
    seen = []
    for _ in range(3):
        learner.step(batches)
        seen.append(weighting.weights_T.clone())
        assert float(seen[-1].sum()) == pytest.approx(2.0)
    assert not torch.equal(seen[0], seen[1])


def test_a_selector_draws_the_newest_of_a_table(monkeypatch: pytest.MonkeyPatch):
    """Once its line is in the table it is built by name; rows of the older blocks are never drawn."""
    page = (DOCUMENTS / PAGE).read_text(encoding="utf-8")
    line = re.search(r'`"newest": (SelectorEntry\(.*?\))`', page, re.S)
    assert line is not None
    monkeypatch.setitem(sys.modules, "replay.selectors.newest", program_of(PAGE, "A selector"))
    entry = eval(line[1], {"SelectorEntry": SelectorEntry})
    monkeypatch.setitem(cast("dict[str, SelectorEntry]", SELECTORS), "newest", entry)
    selector = SELECTORS["newest"].build(48, 0.6)
    assert selector.nbytes == entry.bytes_per_item * 48
    table = make_table(selector=selector)
    for sequence in range(3):
        block = make_block(sequence=sequence, weights_version=sequence)
        assert isinstance(table.insert(block, weights_version=0), Inserted)
    answer = table.sample(200)
    assert isinstance(answer, Sampled)
    assert set(answer.columns["weights_versions"].tolist()) == {2}


def test_a_cutter_cuts_consecutive_rows_of_a_table():
    """Rows follow each other as they were sent; past a fragment's end they are marked as outside."""
    table = make_table(cutter=program_of(PAGE, "A cutter").SequenceCutter(5))
    block = make_block(streams=1, starts=4, overlap=2)
    assert isinstance(table.insert(block, weights_version=0), Inserted)
    answer = table.sample(64)
    assert isinstance(answer, Sampled)
    sent = block.rows["rewards"][0].tolist()
    for rewards, inside in zip(answer.columns["rewards"].tolist(), answer.columns["inside"], strict=True):
        first = sent.index(rewards[0])
        assert inside.sum() == min(5, len(sent) - first)
        assert rewards[: inside.sum()] == sent[first : first + 5]


def test_a_column_takes_memory_and_has_a_place_for_each_row():
    """Values of six actions are 24 bytes a row."""
    column = program_of(PAGE, "A column of rows").VALUES
    assert column.zeros((10,), table_shape(make_spec("toy", num_actions=6))).nbytes == 240
    assert column.sent
    assert column.drawn


def test_a_probe_is_the_mean_length_of_features():
    """Two rows of length 5 and 13."""
    probe = program_of(PAGE, "A probe").mean_feature_norm
    assert probe(torch.tensor([[3.0, 4.0], [5.0, 12.0]])) == 9.0


def test_a_check_of_the_doctor_says_what_to_do(monkeypatch: pytest.MonkeyPatch):
    """With nothing on the PATH it warns, and names a way out."""
    check = program_of(PAGE, "A check of the doctor").compose_finding
    monkeypatch.setenv("PATH", "")
    assert (check().verdict, bool(check().todo)) == ("warning", True)
