"""Four dashboards, one for each question of somebody who watches a run."""

from deploy.grafana.dashboards.freshness import FRESHNESS
from deploy.grafana.dashboards.health import HEALTH
from deploy.grafana.dashboards.learning import LEARNING
from deploy.grafana.dashboards.speed import SPEED

DASHBOARDS = (LEARNING, SPEED, FRESHNESS, HEALTH)
"""In the order in which one would ask."""
