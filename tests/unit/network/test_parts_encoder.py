"""Encoders of parts: each part counts, groups equal single tasks, words have an order, scales are learned."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from network.build import Architecture, build_network
from network.encoder import VectorEncoder
from network.flattened import flattened
from network.multi_task import MultiTaskNetwork
from network.scaling import RunningScaling
from network.weights import WeightsLayout
from tasks.observation import ObservationLayout
from tasks.readers.words import tokens
from tasks.spec import TaskSpec
from tests.support.builders import make_spec
from tests.support.spaces import MISSION, SPEED, parted_spec, random_observations

FLAT = Architecture((16, 8))


def network_of(*specs: TaskSpec, dueling: bool = False) -> MultiTaskNetwork:
    return build_network(specs, replace(FLAT, dueling=dueling), seed=1)


@pytest.mark.parametrize("stack", [1, 2])
def test_every_part_reaches_the_values(stack: int):
    """A change of any part changes what is said; one of padding between them changes nothing."""
    spec = parted_spec("a", frame_stack=stack)
    network, rng = network_of(spec), np.random.default_rng(0)
    obs = random_observations(spec, 4, rng)
    before = network([obs])[0]
    for part, begin in zip(spec.layout.parts, spec.layout.offsets, strict=False):
        changed = obs.clone()
        changed[..., begin : begin + part.nbytes] = random_observations(spec, 4, rng)[
            ..., begin : begin + part.nbytes
        ]
        assert not torch.allclose(network([changed])[0], before), part.name
    padding = obs.clone()
    padding[..., spec.layout.offsets[2] + 2 : spec.layout.offsets[3]] = 9
    assert torch.equal(network([padding])[0], before)


@pytest.mark.parametrize("sizes", [(5, 5, 5), (3, 1, 4)])
@pytest.mark.parametrize("dueling", [False, True])
def test_tasks_that_look_alike_go_through_as_one_and_equal_themselves_alone(
    sizes: tuple[int, ...], dueling: bool
):
    """Also as an actor has them, and as one plain function."""
    specs = [
        parted_spec("a", (3, 2), masked=True),
        make_spec("other", (5,)),
        parted_spec("c", (3, 2), masked=True),
    ]
    network, rng = network_of(*specs, dueling=dueling), np.random.default_rng(1)
    assert network.groups.order == [0, 2, 1]
    observations = [random_observations(spec, n, rng) for spec, n in zip(specs, sizes, strict=True)]
    for spec, obs, q_BA in zip(specs, observations, network(observations), strict=True):
        alone = network.for_task(spec.name)
        torch.testing.assert_close(alone(obs), q_BA, rtol=1e-4, atol=1e-5)
        torch.testing.assert_close(flattened(alone)(obs), q_BA, rtol=1e-4, atol=1e-5)


def test_a_mask_takes_choices_away_and_is_no_input():
    """What is allowed has the value that it has without a mask."""
    plain, masked = parted_spec("a"), parted_spec("a", masked=True)
    rng = np.random.default_rng(2)
    obs = random_observations(masked, 8, rng)
    allowed = masked.layout.allowed(obs.numpy())
    assert allowed is not None
    values = network_of(masked)([obs])[0]
    unmasked = network_of(plain)([obs[:, : plain.frame_shape[0]]])[0]
    assert torch.equal(values > -torch.inf, torch.from_numpy(allowed > 0))
    assert torch.equal(values[values > -torch.inf], unmasked[values > -torch.inf])


def texts(*lines: str) -> torch.Tensor:
    rows = np.zeros((len(lines), MISSION.shape[0] * 2), np.int32)
    for row, line in zip(rows, lines, strict=True):
        row[: len(tokens(line))] = tokens(line)
    return torch.from_numpy(rows)


def test_words_are_told_apart_by_their_order_and_not_by_what_stands_after_them():
    """A longer row of nothing says the same."""
    part = replace(MISSION, name="", shape=(12,))
    spec = make_spec("a", layout=ObservationLayout((part,)))
    network = network_of(spec)
    one, other, again = network(
        [
            texts(
                "put the red ball next to the blue box",
                "put the blue box next to the red ball",
                "put the red ball next to the blue box",
            )
        ]
    )[0]
    assert torch.equal(one, again)
    assert not torch.allclose(one, other)
    shorter = make_spec("a", layout=ObservationLayout((replace(part, shape=(9,)),)))
    torch.testing.assert_close(
        network_of(shorter)([texts("put the red ball next to the blue box")[:, :9]])[0][0], one
    )


def test_a_running_scale_is_that_of_all_that_was_seen():
    """Mean and deviation of all rows together, whatever the batches were, for each task on its own."""
    part = replace(SPEED, name="", scale="auto")
    specs = [make_spec(name, layout=ObservationLayout((part,))) for name in ("a", "b")]
    network, rng = network_of(*specs), np.random.default_rng(3)
    seen: list[list[np.ndarray]] = [[], []]
    for size in (1, 7, 30, 64):
        batches = [rng.normal(5 * task, 10**task, (size, 3)).astype(np.float32) for task in range(2)]
        network.observe([torch.from_numpy(batch) for batch in batches])
        for rows, batch in zip(seen, batches, strict=True):
            rows.append(batch)
    (encoder,) = network.encoders.values()
    assert isinstance(encoder, VectorEncoder)
    scaling = encoder.scaling
    assert isinstance(scaling, RunningScaling)
    for task in range(2):
        together = np.concatenate(seen[task])
        np.testing.assert_allclose(scaling.mean[task].numpy(), together.mean(0), rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(scaling.variance[task].numpy(), together.var(0), rtol=1e-3)
        normal = (together - together.mean(0)) / together.std(0)
        plain = make_spec("x", layout=ObservationLayout((replace(part, scale=(1.0,)),)))
        alone = network_of(plain)
        alone.load_state_dict(
            {
                name.replace("task:a|task:b", "task:x"): value.chunk(2)[task]
                if "task:a|task:b" in name
                else value
                for name, value in network.state_dict().items()
                if "scaling" not in name
            }
        )
        found = flattened(network.for_task(specs[task].name))(torch.from_numpy(together))
        torch.testing.assert_close(
            found, alone([torch.from_numpy(normal.astype(np.float32))])[0], rtol=1e-3, atol=1e-4
        )


def test_running_scales_travel_with_the_weights():
    """An actor's copy scales as the learner does, from the flat array alone."""
    part = replace(SPEED, scale="auto")
    spec = parted_spec("a", layout=ObservationLayout((part, MISSION)))
    learner, actor = network_of(spec), network_of(spec)
    rng = np.random.default_rng(4)
    obs = random_observations(spec, 16, rng)
    learner.observe([obs])
    layout = WeightsLayout(learner)
    layout.load(actor.for_task("a"), layout.snapshot(learner))
    assert torch.equal(actor([obs])[0], learner([obs])[0])
    assert not torch.allclose(network_of(spec)([obs])[0], learner([obs])[0])
