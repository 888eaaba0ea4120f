"""The address of the manager page; what it shows is in webcare/console/manager_page.py."""

from webcare.console.manager_page import show

show()
