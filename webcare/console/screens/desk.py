"""The address of the page of the desk; what it shows is in webcare/console/desk_page.py."""

from webcare.console.desk_page import show

show()
