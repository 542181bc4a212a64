"""A module as one plain function: with small batches calling modules takes as long as the arithmetic."""

from collections.abc import Callable

from torch import Tensor, fx, nn


def flattened(module: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return what a module of one input computes, as a function over the module's own parameters and buffers.

    Values that are copied into them later count. Shapes must not decide what is computed.
    """
    graph = _Tracer().trace(module)
    graph.eliminate_dead_code()
    tensors: list[Tensor] = []
    last_input = next(node for node in graph.nodes if node.op == "placeholder")
    for node in list(graph.nodes):
        if node.op == "get_attr":
            tensors.append(_attribute(module, node.target))
            with graph.inserting_after(last_input):
                last_input = graph.placeholder(f"tensor_{len(tensors)}")
            node.replace_all_uses_with(last_input)
            graph.erase_node(node)
    function = fx.GraphModule(nn.Module(), graph).forward
    return lambda batch: function(batch, *tensors)


class _Tracer(fx.Tracer):
    """Traces into every module."""

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002
        return False


def _attribute(module: nn.Module, path: str) -> Tensor:
    owner, _, name = path.rpartition(".")
    tensor: Tensor = getattr(module.get_submodule(owner), name)
    return tensor
