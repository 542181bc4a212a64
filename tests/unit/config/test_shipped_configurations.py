"""Every configuration that is shipped can be run as it stands, where the extras that it needs are there."""

from importlib.util import find_spec
from pathlib import Path

import pytest

from config.loading import load_config
from config.resolution import rehearse

CONFIGS = sorted((Path(__file__).parents[3] / "deploy" / "configs").glob("*.yaml"))
MODULES = {"envpool:": "envpool", "MinAtar/": "minatar"}
"""What has to be installed for ids that begin so; the extra has the same name."""


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_a_shipped_configuration_is_valid(path: Path):
    """Its environments are built and played for a few steps."""
    config = load_config(path, [], shipped=False)
    for prefix, module in MODULES.items():
        if any(task.env.startswith(prefix) for task in config.tasks.values()) and find_spec(module) is None:
            pytest.skip(f"needs the extra {module}: pip install '.[{module}]'")
    assert [spec.name for spec in rehearse(config).specs] == list(config.tasks)
