"""The address of the page of one's own figures; what it shows is in webcare/console/own_figures_page.py."""

from webcare.console.own_figures_page import show

show()
