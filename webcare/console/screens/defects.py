"""The address of the page of defects, wishes and praise; what it shows is in webcare/console/defects_page.py."""

from webcare.console.defects_page import show

show()
