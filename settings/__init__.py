"""The one door for configuration: `environments/<ENVIRONMENT>.yaml`, checked whole before anything slow is imported.

`load()` returns frozen `Settings` or raises `InvalidSettings` with one line per problem. Nothing here knows CDKTF,
calls AWS or reads the clock.
"""

from settings.environment import Settings, State
from settings.loading import ENVIRONMENTS, InvalidSettings, load
from settings.operations import Alarms, Budget, Delivery, Hours
from settings.search import Collection, Dashboards, Domain, Network
from settings.tables import Documents, Seeding, Table

__all__ = [
    "ENVIRONMENTS",
    "Alarms",
    "Budget",
    "Collection",
    "Dashboards",
    "Delivery",
    "Documents",
    "Domain",
    "Hours",
    "InvalidSettings",
    "Network",
    "Seeding",
    "Settings",
    "State",
    "Table",
    "load",
]
