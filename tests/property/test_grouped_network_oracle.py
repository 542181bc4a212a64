"""The network that runs tasks in groups equals a loop over tasks with layers of their own."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn

from learner.td import task_means
from network.build import Architecture, build_network
from network.groups import task_views
from network.multi_task import MultiTaskNetwork
from tasks.spec import TaskSpec
from tests.support.builders import make_spec

KINDS = [((3,), "float32"), ((2, 2), "float32"), ((3,), "uint8")]
WIDTHS = (6, 5)


@st.composite
def some_specs(draw: st.DrawFn) -> list[TaskSpec]:
    """Draw one to seven tasks of three kinds of observations and two numbers of actions."""
    specs = []
    for number in range(draw(st.integers(1, 7))):
        shape, dtype = draw(st.sampled_from(KINDS))
        scales = st.tuples(*[st.sampled_from([0.5, 1.0, 4.0])] * int(torch.Size(shape).numel()))
        scale = draw(scales) if dtype == "float32" else (1.0,)
        actions = draw(st.sampled_from([2, 3]))
        spec = make_spec(
            f"t{number}", shape, observation_dtype=dtype, num_actions=actions, observation_scale=scale
        )
        specs.append(spec)
    return specs


@st.composite
def some_sizes(draw: st.DrawFn, count: int) -> list[int]:
    """Draw batch sizes that are all equal, or any."""
    if draw(st.booleans()):
        return [draw(st.integers(1, 4))] * count
    return draw(st.lists(st.integers(1, 3), min_size=count, max_size=count))


def some_observations(specs: list[TaskSpec], sizes: list[int], seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [
        torch.randint(0, 256, (size, *spec.observation_shape), dtype=torch.uint8, generator=generator)
        if spec.frame_dtype == "uint8"
        else torch.randn(size, *spec.observation_shape, generator=generator)
        for spec, size in zip(specs, sizes, strict=True)
    ]


class Looped(nn.Module):
    """Every task has an encoder and a head from `torch.nn`; tasks take their turns."""

    def __init__(self, network: MultiTaskNetwork, specs: list[TaskSpec]) -> None:
        super().__init__()
        self.specs = specs
        self.own = {
            name: view.clone().requires_grad_() for name, view in task_views(network.named_parameters())
        }

    def forward(self, observations: list[Tensor]) -> list[Tensor]:
        """Return one q_BA a task."""
        return [self.one(spec, obs) for spec, obs in zip(self.specs, observations, strict=True)]

    def one(self, spec: TaskSpec, obs: Tensor) -> Tensor:
        """Return q_BA of one task."""
        scale = spec.layout.parts[0].scale
        assert not isinstance(scale, str)
        x = self.linear(
            f"encoders.task:{spec.name}.linear", obs.float().flatten(1) / torch.tensor(list(scale))
        )
        block = "trunk.mlp.blocks.0"
        scale_and_shift = self.own[f"{block}.norm.weight"], self.own[f"{block}.norm.bias"]
        norm = nn.functional.layer_norm(x, x.shape[1:], *scale_and_shift)
        x = self.linear(f"{block}.linear", norm.relu()).relu()
        head = f"heads.task:{spec.name}"
        if f"{head}.values.weight" in self.own:
            return self.linear(f"{head}.values", x)
        advantage = self.linear(f"{head}.advantage", x)
        return self.linear(f"{head}.value", x) + advantage - advantage.mean(1, keepdim=True)

    def linear(self, name: str, x: Tensor) -> Tensor:
        """Apply the linear layer of that name."""
        return nn.functional.linear(x, self.own[f"{name}.weight"], self.own[f"{name}.bias"])


@settings(max_examples=60, deadline=None)
@given(data=st.data(), specs=some_specs(), dueling=st.booleans(), seed=st.integers(0, 9))
def test_values_and_gradients_are_those_of_a_loop(
    data: st.DataObject, specs: list[TaskSpec], dueling: bool, seed: int
):
    """Whatever tasks are alike and whatever their batch sizes are."""
    observations = some_observations(specs, data.draw(some_sizes(len(specs))), seed)
    network = build_network(specs, Architecture(WIDTHS, dueling=dueling), seed)
    looped = Looped(network, specs)
    found, expected = network(observations), looped(observations)
    for i, (q_BA, expected_BA) in enumerate(zip(found, expected, strict=True)):
        torch.testing.assert_close(q_BA, expected_BA, rtol=1e-5, atol=1e-6)
        torch.testing.assert_close(network.for_task(specs[i].name)(observations[i]), expected_BA)
    for values in (found, expected):
        torch.stack([(i + 1) * q_BA.square().sum() for i, q_BA in enumerate(values)]).sum().backward()
    gradients = dict(
        task_views((name, p.grad) for name, p in network.named_parameters() if p.grad is not None)
    )
    assert set(gradients) == set(looped.own)
    for name, gradient in gradients.items():
        torch.testing.assert_close(gradient, looped.own[name].grad, rtol=1e-4, atol=1e-5)


@given(data=st.data(), count=st.integers(1, 9))
def test_means_are_each_tasks_own(data: st.DataObject, count: int):
    """The mean over each task's rows, whatever the sizes; what is not finite stays where it is."""
    sizes = data.draw(some_sizes(count))
    values = torch.randn(sum(sizes), generator=torch.Generator().manual_seed(0))
    broken = data.draw(st.integers(0, count - 1))
    values[sum(sizes[:broken])] = data.draw(st.sampled_from([1.0, float("nan"), float("inf")]))
    expected = torch.stack([part.mean() for part in values.split(sizes)])
    torch.testing.assert_close(task_means(values, sizes), expected, equal_nan=True)
