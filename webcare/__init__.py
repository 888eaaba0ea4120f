"""Webcare: the desk where a brand's care team answers customers in public.

Importing this package stays cheap on purpose: nothing heavy (torch, streamlit, SQLAlchemy) loads here.
"""

__version__ = "0.1.0"
