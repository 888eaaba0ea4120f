"""The address of the tone page; what it shows is in webcare/console/tone_page.py."""

from webcare.console.tone_page import show

show()
