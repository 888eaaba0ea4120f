"""The address of the page of channels; what it shows is in webcare/console/channels_page.py."""

from webcare.console.channels_page import show

show()
