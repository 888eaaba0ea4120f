"""The address of the page of staffing; what it shows is in webcare/console/staffing_page.py."""

from webcare.console.staffing_page import show

show()
