"""The address of the page of people; what it shows is in webcare/console/people_page.py."""

from webcare.console.people_page import show

show()
