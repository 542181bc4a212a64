"""Compiles what shards and actors need compiled, into NUMBA_CACHE_DIR, while the image is made."""

from config.loading import load_config
from config.resolution import resolve
from replay.selectors.table import SELECTORS
from training.parts.parts import Parts

for selector in SELECTORS:
    run = resolve(load_config(None, [f"replay.selector={selector}"]))
    parts = Parts(run.config, run.specs)
    parts.replay.warm_up()
