"""The address of the case page; what it shows is in webcare/console/case_page.py."""

from webcare.console.case_page import show

show()
