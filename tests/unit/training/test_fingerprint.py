"""Which settings tell shards and actors that are there that they cannot go on for another learner."""

import pytest

from tests.support.learning_builders import tiny_parts


@pytest.mark.parametrize(
    "override", ["stop_env_steps=77", "evaluation.period=7", "metrics.port=1", "replay.silence_seconds=7"]
)
def test_what_only_the_learner_reads_changes_nothing(override: str):
    """A run may be resumed with another budget or more patience: what is there goes on."""
    assert tiny_parts(override).fingerprint == tiny_parts().fingerprint


@pytest.mark.parametrize("override", ["replay.capacity=777", "replay.n_step=4", "actors.fragment_length=9"])
def test_what_shards_and_actors_read_changes_it(override: str):
    """They were built by it, and would go on as they are."""
    assert tiny_parts(override).fingerprint != tiny_parts().fingerprint
