"""`python -m agentobs.cli`: the same as `agentobs`."""

import sys

from agentobs.cli import main

sys.exit(main())
