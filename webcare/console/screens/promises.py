"""The address of the page of promises; what it shows is in webcare/console/promises_panel.py."""

from webcare.console.promises_panel import show_page

show_page()
