"""The address of the wallboard; what it shows is in webcare/console/wallboard_page.py."""

from webcare.console.wallboard_page import show

show()
