"""The address of the guard's page; what it shows is in webcare/console/guard_page.py."""

from webcare.console.guard_page import show

show()
