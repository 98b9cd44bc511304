"""Whether the time of an answer tells if an address gave: `python -m bench.portal_timing`, 200 asks each way.

Asks for a link to the donor page alternately for addresses of donors and of nobody, each once, and prints both medians
and how often the slower of two neighboring asks is the donor's: about half if the time tells nothing.
"""

import statistics
import time
from dataclasses import replace

from campaign.models import Donor
from campaign.runtime.context import make_installation
from campaign.web.app import create_app
from campaign.web.limits import limiter

ASKS = 200


def main() -> None:
    """Measure against the database of the running `./dev run`."""
    here = make_installation(broker=False)
    here = replace(here, settings=replace(here.settings, limits_url=None, broker_url=None))
    app = create_app(here)
    limiter.enabled = False
    mark = time.time_ns()
    with here.sessions.begin() as session:
        session.add_all(
            Donor(email=_address(mark, number, "donor"), name="Timing") for number in range(ASKS)
        )
    client = app.test_client()
    taken: dict[str, list[float]] = {"donor": [], "nobody": []}
    for number in range(ASKS):
        kinds = ("donor", "nobody") if number % 2 else ("nobody", "donor")
        for kind in kinds:
            begun = time.perf_counter()
            answer = client.post("/me", data={"email": _address(mark, number, kind)})
            taken[kind].append(time.perf_counter() - begun)
            if answer.status_code != 303:
                raise SystemExit(f"the form was refused: {answer.status}")
    for kind, times in taken.items():
        print(f"{kind:7} median {statistics.median(times) * 1000:.2f} ms of {len(times)} asks")
    slower = sum(a > b for a, b in zip(taken["donor"], taken["nobody"], strict=True))
    print(f"the donor's ask was the slower one in {slower} of {ASKS} pairs")


def _address(mark: int, number: int, kind: str) -> str:
    return f"{kind}-{mark}-{number}@example.org"


if __name__ == "__main__":
    main()
