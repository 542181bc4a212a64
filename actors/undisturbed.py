"""Environments share a process with the learner, or with a policy: what they change of it is put back."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from tasks.process_state import process_kept


@contextmanager
def undisturbed() -> Iterator[None]:
    """Put back, at the end, what `process_kept` does, and torch's gradient mode, default dtype and threads.

    @undisturbed()
    def play() -> None: ...             # builds, resets or steps environments
    """
    gradients, dtype = torch.is_grad_enabled(), torch.get_default_dtype()
    threads = torch.get_num_threads()
    with process_kept():
        try:
            yield
        finally:
            torch.set_grad_enabled(gradients)
            torch.set_default_dtype(dtype)
            if torch.get_num_threads() != threads:
                torch.set_num_threads(threads)
