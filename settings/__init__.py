"""The one door for configuration: `environments/<ENVIRONMENT>.yaml`, checked whole before anything slow is imported.

`load()` returns frozen `Settings` or raises `InvalidSettings` with one line per problem. Nothing here knows CDKTF,
calls AWS or reads the clock.
"""

from settings.environment import Settings
from settings.loading import ENVIRONMENTS, InvalidSettings, load
from settings.operations import Alarms, Budget, Hours
from settings.search import Dashboards, Domain, Network
from settings.tables import Documents, Seeding, Table

__all__ = [
    "ENVIRONMENTS",
    "Alarms",
    "Budget",
    "Dashboards",
    "Documents",
    "Domain",
    "Hours",
    "InvalidSettings",
    "Network",
    "Seeding",
    "Settings",
    "Table",
    "load",
]
