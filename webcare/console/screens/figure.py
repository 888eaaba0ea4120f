"""The address of the page of one figure; what it shows is in webcare/console/figure_page.py."""

from webcare.console.figure_page import show

show()
