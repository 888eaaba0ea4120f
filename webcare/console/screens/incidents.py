"""The address of the page of incidents; what it shows is in webcare/console/incidents_page.py."""

from webcare.console.incidents_page import show

show()
