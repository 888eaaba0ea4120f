"""The address of the page of saved replies; what it shows is in webcare/console/texts_page.py."""

from webcare.console.texts_page import show

show()
