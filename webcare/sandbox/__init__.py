"""Stand-in networks for one machine: X and Facebook as a webcare desk sees them, without keys and without internet.

`with Sandbox() as box:` runs them in a thread; `python -m webcare.sandbox` on their own. Nothing of Webcare but its
errors is used here, so that the desk and its practice network cannot share a mistake.
"""

from webcare.sandbox.faults import Fault
from webcare.sandbox.server import Sandbox
from webcare.sandbox.values import SandboxError
from webcare.sandbox.world import World, demo_credentials

__all__ = ["Fault", "Sandbox", "SandboxError", "World", "demo_credentials"]
