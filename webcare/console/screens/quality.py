"""The address of the page of quality; what it shows is in webcare/console/quality_page.py."""

from webcare.console.quality_page import show

show()
