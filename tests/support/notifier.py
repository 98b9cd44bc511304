"""A task notifier for tests that remembers what it was asked to send, in place of the broker."""

from campaign.core.task_queue import TaskNotifier


class RecordingNotifier(TaskNotifier):
    """Remembers the names of the requested tasks in `asked`."""

    def __init__(self) -> None:
        super().__init__(None)
        self.asked: list[str] = []

    def __call__(self, task: str) -> bool:
        self.asked.append(task)
        return True
