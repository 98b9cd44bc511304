"""Base class of everything that runs for the length of a `with` block, such as the local servers."""

from types import TracebackType
from typing import Self


class StartStopContext:
    """Start when the block begins and stop when it ends, also after an error."""

    def start(self) -> Self:
        """Start, and return when ready for use. Raises if that fails, and leaves nothing behind."""
        return self

    def stop(self) -> None:
        """Stop. Calling it again does nothing."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
