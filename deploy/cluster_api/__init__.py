"""What a machine can learn over HTTP about a Ray cluster, or about a run, without joining or importing ray.

Ray itself may try for minutes before it says that a token is wrong; its dashboard says so at once.
"""

from deploy.cluster_api.address import split_address
from deploy.cluster_api.dashboard import DASHBOARD_PORT, ClusterNode, ClusterVersions, DashboardClient
from deploy.cluster_api.errors import (
    AddressError,
    ClusterApiError,
    NoAnswerError,
    NotRayError,
    TokenMissingError,
    TokenRefusedError,
    TokenUnusableError,
)
from deploy.cluster_api.run_client import RunClient
from deploy.cluster_api.token import Token, find_token

__all__ = [
    "DASHBOARD_PORT",
    "AddressError",
    "ClusterApiError",
    "ClusterNode",
    "ClusterVersions",
    "DashboardClient",
    "NoAnswerError",
    "NotRayError",
    "RunClient",
    "Token",
    "TokenMissingError",
    "TokenRefusedError",
    "TokenUnusableError",
    "find_token",
    "split_address",
]
