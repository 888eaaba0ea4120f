"""`python -m webcare.cli`, for where the `webcare` script is not on the path."""

import sys

from webcare.cli import main

sys.exit(main())
