"""All tables of the desk at once: whoever compares or copies a whole database reads them from here."""

from webcare.store import tables_alerts, tables_desk, tables_hooks, tables_incidents, tables_measures, tables_quality
from webcare.store.tables import METADATA

__all__ = [
    "METADATA",
    "tables_alerts",
    "tables_desk",
    "tables_hooks",
    "tables_incidents",
    "tables_measures",
    "tables_quality",
]
