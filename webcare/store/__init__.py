"""The desk's memory: tables, the two doors to them, search, leases and the questions pages ask."""

from webcare.store.engine import Store, open_store

__all__ = ["Store", "open_store"]
