"""The address of the page of the audit log; what it shows is in webcare/console/audit_page.py."""

from webcare.console.audit_page import show

show()
