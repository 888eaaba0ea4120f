"""The address of the queue page; what it shows is in webcare/console/queue_page.py."""

from webcare.console.queue_page import show

show()
