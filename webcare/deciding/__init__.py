"""What the desk decides in the browser: what each policy means, who may change it, and what it would do.

The values are kept by `webcare.policies`, versioned and with a first day; here each is checked before it is kept and
read back as what the steps of the desk work with.
"""

from webcare.deciding.current import own_queues, queue_names, rules_value, standing, standing_value
from webcare.deciding.drafting import draft_of, keep_draft
from webcare.deciding.preview import EXAMPLES, MOST, Moved, Preview, preview
from webcare.deciding.saving import decide_hours, decide_queues, decide_routing, decide_targets, fingerprint, from_day

__all__ = [
    "EXAMPLES",
    "MOST",
    "Moved",
    "Preview",
    "decide_hours",
    "decide_queues",
    "decide_routing",
    "decide_targets",
    "draft_of",
    "fingerprint",
    "from_day",
    "keep_draft",
    "own_queues",
    "preview",
    "queue_names",
    "rules_value",
    "standing",
    "standing_value",
]
