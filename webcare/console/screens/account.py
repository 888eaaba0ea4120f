"""The address of the page of one's own account; what it shows is in webcare/console/account_page.py."""

from webcare.console.account_page import show

show()
