"""Networks of several tasks: shapes, the share of one task, heads, scaling, initialisation.

Two of the four tasks, `vector` and `twin`, have observations and actions alike and go through as one.
"""

import pytest
import torch
from torch import Tensor, nn

from network.build import Architecture, build_network
from network.groups import task_views
from network.heads import DuelingHead
from network.mlp import GroupedMLP
from network.multi_task import MultiTaskNetwork
from tasks.choices import Choices
from tests.support.builders import make_spec

WIDTHS = (8, 16, 12)
SPECS = [
    make_spec("vector", (4,), num_actions=2),
    make_spec("image", (5, 6, 3), num_actions=3, observation_dtype="uint8"),
    make_spec("number", (1,), num_actions=7),
    make_spec("twin", (4,), num_actions=2, observation_scale=(1.0, 2.0, 3.0, 4.0)),
]


def make_network(dueling: bool = False, seed: int = 1) -> MultiTaskNetwork:
    return build_network(SPECS, Architecture(WIDTHS, dueling=dueling), seed)


def make_observations(batch_sizes: tuple[int, ...] = (5, 3, 4, 6)) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    vector, image, number, twin = batch_sizes
    return [
        torch.randn(vector, 4, generator=generator),
        torch.randint(0, 256, (image, 5, 6, 3), dtype=torch.uint8, generator=generator),
        torch.randn(number, 1, generator=generator),
        torch.randn(twin, 4, generator=generator),
    ]


def values_of(network: nn.Module) -> list[list[float]]:
    return [parameter.detach().reshape(-1).tolist() for parameter in network.parameters()]


@pytest.mark.parametrize("dueling", [False, True], ids=["linear", "dueling"])
def test_every_task_gets_one_value_an_action(dueling: bool):
    """Batch sizes, observation shapes and action sets may all differ, images are uint8."""
    q_values = make_network(dueling)(make_observations())
    assert [tuple(q_BA.shape) for q_BA in q_values] == [(5, 2), (3, 3), (4, 7), (6, 2)]
    assert {torch.float32} == {q_BA.dtype for q_BA in q_values}


@pytest.mark.parametrize("dueling", [False, True], ids=["linear", "dueling"])
def test_one_tasks_module_computes_what_the_whole_does(dueling: bool):
    """An actor's values are the learner's."""
    network, observations = make_network(dueling), make_observations()
    for spec, obs, q_BA in zip(SPECS, observations, network(observations), strict=True):
        torch.testing.assert_close(network.for_task(spec.name)(obs), q_BA)


def test_one_tasks_module_holds_views_under_the_tasks_own_names():
    """Not copies: what an update writes into the network, each task's module computes with."""
    network = make_network(dueling=True)
    whole = dict(task_views(network.named_parameters()))
    for spec in SPECS:
        part = dict(task_views(network.for_task(spec.name).named_parameters()))
        others = {name for name in whole if "task:" in name and f"task:{spec.name}." not in name}
        assert set(whole) - others == set(part)
        assert all(whole[name].data_ptr() == own.data_ptr() for name, own in part.items())
        assert all(whole[name].shape == own.shape for name, own in part.items())


def test_an_unknown_task_is_a_key_error():
    """Asking for a task that the network was not built for fails at once."""
    with pytest.raises(KeyError, match="pong"):
        make_network().for_task("pong")


@pytest.mark.parametrize("position", range(len(SPECS)))
def test_shared_parameters_are_those_that_every_tasks_loss_reaches(position: int):
    """A task's loss reaches the shared parameters and its own, and nothing of another task."""
    network = make_network()
    network(make_observations())[position].sum().backward()
    gradients = [(name, p.grad) for name, p in network.named_parameters() if p.grad is not None]
    reached = {name for name, own in task_views(gradients) if bool(own.any())}
    shared = {f"trunk.{name}" for name in network.shared()}
    own = {name for name in dict(task_views(gradients)) if f"task:{SPECS[position].name}." in name}
    assert shared == {name for name, _ in network.named_parameters() if name.startswith("trunk.")}
    assert shared | own == reached


@pytest.mark.parametrize("count", [3, 5])
def test_the_number_of_batches_must_be_the_number_of_tasks(count: int):
    """A missing batch, or one too many, is an error, never a silent shift of tasks."""
    with pytest.raises(ValueError, match=f"{count} batches for 4 tasks"):
        make_network()((make_observations() * 2)[:count])


def test_advantages_of_a_dueling_head_are_centred():
    """The mean over actions is the state value, whatever the features."""
    head = DuelingHead.initialised(2, 6, Choices((4,)))
    features = torch.randn(10, 6, generator=torch.Generator().manual_seed(0))
    sizes = [7, 3]
    torch.testing.assert_close(head(features, sizes).mean(dim=1, keepdim=True), head.value(features, sizes))


def test_a_common_shift_of_all_advantages_changes_no_value():
    """Only differences of advantages count."""
    head = DuelingHead.initialised(2, 6, Choices((4,)))
    features = torch.randn(10, 6, generator=torch.Generator().manual_seed(0))
    before = head(features, [5, 5])
    with torch.no_grad():
        head.advantage.bias.add_(5.0)
    torch.testing.assert_close(head(features, [5, 5]), before)


@pytest.mark.parametrize("scale", [(2.0,), (2.0, 2.0, 2.0, 2.0)], ids=["one number", "one per element"])
def test_observations_are_divided_by_their_scale(scale: tuple[float, ...]):
    """A network with scale 2 sees at 2x what one with scale 1 sees at x."""
    plain = build_network([make_spec("t", (4,))], Architecture(WIDTHS), seed=1)
    scaled = build_network([make_spec("t", (4,), observation_scale=scale)], Architecture(WIDTHS), seed=1)
    obs = make_observations()[0]
    torch.testing.assert_close(scaled([2.0 * obs])[0], plain([obs])[0])


def test_each_element_has_the_scale_at_its_place():
    """Scales 1, 10, 100 make (1, 10, 100) look like (1, 1, 1)."""
    plain = build_network([make_spec("t")], Architecture(WIDTHS), seed=1)
    spec = make_spec("t", observation_scale=(1.0, 10.0, 100.0))
    scaled = build_network([spec], Architecture(WIDTHS), seed=1)
    ours, theirs = scaled([torch.tensor([[1.0, 10.0, 100.0]])])[0], plain([torch.ones(1, 3)])[0]
    torch.testing.assert_close(ours, theirs)


def test_images_are_divided_by_255():
    """A white uint8 image is what ones are to a float task of that shape."""
    image = build_network([make_spec("t", (2, 2), observation_dtype="uint8")], Architecture(WIDTHS), seed=1)
    number = build_network([make_spec("t", (2, 2))], Architecture(WIDTHS), seed=1)
    white = torch.full((1, 2, 2), 255, dtype=torch.uint8)
    torch.testing.assert_close(image([white])[0], number([torch.ones(1, 2, 2)])[0])


def test_scales_are_no_parameters_and_no_state():
    """What a task declares is not learned, published or checkpointed."""
    network = make_network()
    assert not [name for name in network.state_dict() if "scale" in name]


def test_the_same_seed_builds_the_same_network():
    """Parameters are equal bit for bit, and differ for another seed."""
    assert values_of(make_network(seed=3)) == values_of(make_network(seed=3))
    assert values_of(make_network(seed=3)) != values_of(make_network(seed=4))


def test_building_leaves_the_global_generator_alone():
    """The next global random numbers are what they would have been."""
    torch.manual_seed(0)
    expected = torch.rand(4)
    torch.manual_seed(0)
    make_network()
    assert expected.tolist() == torch.rand(4).tolist()


def test_building_does_not_depend_on_the_global_generator():
    """Only the seed decides."""
    torch.manual_seed(1)
    first = values_of(make_network(seed=9))
    torch.manual_seed(2)
    assert first == values_of(make_network(seed=9))


@pytest.mark.parametrize(("name", "inputs"), [("vector", 4), ("twin", 4), ("image", 90), ("number", 1)])
def test_every_task_starts_as_a_linear_layer_of_its_own_does(name: str, inputs: int):
    """Uniform within 1 / sqrt(inputs): the bound, the spread of it, and nothing drawn twice."""
    network = build_network(SPECS, Architecture((400, 8)), seed=1)
    own = dict(task_views(network.named_parameters()))
    bound = inputs**-0.5
    for values in (own[f"encoders.task:{name}.linear.weight"], own[f"encoders.task:{name}.linear.bias"]):
        assert 0.97 * bound < float(values.abs().max()) <= bound
        assert abs(float(values.mean())) < 0.1 * bound
        assert float(values.std()) == pytest.approx(bound / 3**0.5, rel=0.1)
    for part in ("weight", "bias"):
        drawn = torch.cat([own[f"encoders.task:{spec.name}.linear.{part}"].reshape(-1) for spec in SPECS])
        assert len(set(drawn.tolist())) > 0.99 * len(drawn)


@pytest.mark.parametrize(("widths", "linears"), [([8], 0), ([8, 16], 1), ([8, 16, 12], 2)])
def test_the_trunk_has_one_linear_layer_a_step_of_width(widths: list[int], linears: int):
    """Widths are the input's and every layer's; the output is not negative."""
    trunk = GroupedMLP.initialised(1, widths)
    features = trunk(torch.randn(4, 8, generator=torch.Generator().manual_seed(0)), None)
    assert len(trunk.blocks) == linears
    assert tuple(features.shape) == (4, widths[-1])
    assert bool((features >= 0).all())
