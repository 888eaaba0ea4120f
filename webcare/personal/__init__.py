"""Personal data in text: where it stands, and the text without it.

Pure functions over one text. They know the languages of the desk: telephone numbers, national numbers and addresses are
read by the customs of the writer's country. What is found is said by kind and place only, so that a finding may be
logged while the text may not. Names of people are found only where the caller names them.
"""

from webcare.personal.base import Kind, Personal
from webcare.personal.find import find_personal, redacted

__all__ = ["Kind", "Personal", "find_personal", "redacted"]
