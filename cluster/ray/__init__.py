"""The Ray runtime: thin skins over the same parts. Nothing outside this package imports ray.

Ray reads its environment when it is imported, so what it should find there is set here. Where somebody else
has imported it before, its authentication stays as it is: changing it half-way would confuse it.
"""

import os
import sys
from pathlib import Path

from cluster.proxies import direct

os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
os.environ.update(direct(os.environ))
_TOKEN_FILE = Path(os.environ.get("RAY_AUTH_TOKEN_PATH") or os.path.expanduser("~/.ray/auth_token"))
if "ray" not in sys.modules and (os.environ.get("RAY_AUTH_TOKEN") or _TOKEN_FILE.exists()):
    os.environ.setdefault("RAY_AUTH_MODE", "token")
