"""Plant the faults of `faults_deploy` in the deploy files, the schedule and Celery's settings.

python -m tests.mutation.deploy [--only N] [--again] [--list]
"""

import sys

from tests.mutation.faults_deploy import FAULTS
from tests.mutation.planted import main

if __name__ == "__main__":
    sys.exit(main("deploy", FAULTS))
