"""The address of the page of approvals; what it shows is in webcare/console/approvals_page.py."""

from webcare.console.approvals_page import show

show()
