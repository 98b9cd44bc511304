"""What runs for the length of a `with` block. Every stand-in that is a server is one."""

from types import TracebackType
from typing import Self


class RunsInBlock:
    """Started when the block begins, stopped when it ends, however it ends."""

    def start(self) -> Self:
        """Run, ready to be used; raises where that fails and leaves nothing behind."""
        return self

    def stop(self) -> None:
        """End; harmless where it has ended."""

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
