"""One running copy of the service with its local replacements. `sandbox.run` is the only caller."""

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import urlsplit

from celery import Celery

from sandbox.article import ArticleServer
from sandbox.children import Child, MonitoredProcess, explain, stop_together
from sandbox.record import completed
from sandbox.servers import PrivateBroker, PrivatePostgres, ServerError
from sandbox.stand_ins import CallerEnvironment, fixed_environment, saved_port

ADMIN_EMAIL = "admin@newsroom.example"
ADMIN_COMMAND = ("staff", "add", ADMIN_EMAIL, "--role", "admin", "--name", "Demonstration admin")
STAFF_LINK_SECONDS = 60.0


def staff_link(local_url: str, environment: Mapping[str, str]) -> str:
    """Return a one-time sign-in link for an admin. `environment` is that of the service's processes.

    On failure, return the sign-in page with the reason, because everything else still works.
    """
    program = str(Path(sys.executable).parent / "campaign")
    made = subprocess.run(
        [program, *ADMIN_COMMAND],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=STAFF_LINK_SECONDS,
        check=False,
    )
    if made.returncode:
        return f"{local_url}/staff/ (no sign-in link: {made.stderr.strip()})"
    # SITE_URL may be the address of a proxy in front of this server.
    return local_url + urlsplit(made.stdout.strip()).path


PROGRAMS = Path(sys.executable).parent  # the current virtual environment
PYTHON = (sys.executable, "-m")
READY_SECONDS = 180.0
MIGRATION_SECONDS = 300.0
EXAMPLE = "nine-days"  # slug of the demonstration campaign
GRACE_SECONDS = 5.0  # for requests and tasks in progress; a progress stream has no end


@dataclass(frozen=True)
class Options:
    """The options of `./dev run`. `folder` holds all data between runs."""

    port: int
    folder: Path
    root: Path
    demonstration: bool
    verbose: bool


class Installation:
    """Start everything in order. When `stack` closes, everything stops in reverse order."""

    def __init__(
        self,
        options: Options,
        caller: Mapping[str, str],
        stack: ExitStack,
        skip_wait: Callable[[], bool],
    ) -> None:
        self._options = options
        self._overrides = CallerEnvironment(caller)
        self._caller = caller
        self._stack = stack
        self._skip_wait = skip_wait
        self._monitored: dict[str, MonitoredProcess] = {}
        self._outbox = self._stripe = self._article = ""
        self.local_url = f"http://127.0.0.1:{options.port}"
        self._stand_ins: dict[str, str] = {}

    @property
    def environment(self) -> dict[str, str]:
        """The documented variables that the caller did not set, for `./dev exec`."""
        return {
            name: value for name, value in self._stand_ins.items() if not self._overrides.sets(name)
        }

    def monitored(self) -> Iterator[tuple[str, MonitoredProcess]]:
        """Yield the name and process of everything that has to keep running."""
        yield from self._monitored.items()

    def addresses(self) -> Iterator[tuple[str, str]]:
        """Yield the names and addresses to print when everything is ready, in this order."""
        yield "Appeal", f"{self.local_url}/"
        yield "Staff", staff_link(self.local_url, self._full_environment())
        if self._outbox:
            yield "Outbox", self._outbox
        stripe = self._stripe or self._overrides.value("STRIPE_API_BASE")
        if stripe:
            yield "Stripe", stripe
        if self._article:
            yield "Article", self._article

    def start(self) -> None:
        (self._options.folder / "logs").mkdir(exist_ok=True)
        self._stand_ins |= fixed_environment(self._options.folder, self.local_url)
        self._start_mail_and_stripe()
        self._start_servers()
        self._wait_for_mail_and_stripe()
        self._task("migrations", str(PROGRAMS / "campaign"), "db", "upgrade")
        if self._options.demonstration:
            self._task("demonstration", *PYTHON, "sandbox.demonstration")
            port = saved_port(self._options.folder, "article")
            article = ArticleServer(self.local_url, EXAMPLE, port)
            self._article = self._stack.enter_context(article).url
        self._start_service()

    def _start_servers(self) -> None:
        data = self._options.folder / "postgres"
        if not self._overrides.sets("DATABASE_URL"):
            postgres = self._stack.enter_context(PrivatePostgres(data, durable=True))
            self._monitored["PostgreSQL"] = postgres
            self._stand_ins["DATABASE_URL"] = postgres.url
        if not self._overrides.sets("BROKER_URL"):
            broker = self._stack.enter_context(PrivateBroker())
            self._monitored["the broker"] = broker
            self._stand_ins["BROKER_URL"] = broker.url

    def _start_mail_and_stripe(self) -> None:
        """Start these before the slower servers, so that they start up in parallel."""
        if not self._overrides.sets("SMTP_URL"):
            ports = ("--http-port", self._port("outbox"), "--smtp-port", self._port("smtp"))
            data = self._options.folder / "outbox"
            self._child("outbox", *PYTHON, "sandbox.outbox", *ports, "--data", str(data))
        if not self._overrides.uses_other_stripe:
            self._child(
                "stripe",
                *(*PYTHON, "sandbox.stripe", "--port", self._port("stripe")),
                *("--data", str(self._options.folder / "stripe")),
                *("--webhook-url", f"{self.local_url}/stripe/webhook"),
                *("--webhook-secret", self._value("STRIPE_WEBHOOK_SECRET").split(",")[0]),
            )

    def _wait_for_mail_and_stripe(self) -> None:
        outbox, stripe = self._monitored.get("outbox"), self._monitored.get("stripe")
        if isinstance(outbox, Child):
            self._outbox = outbox.wait_for_line(r"Outbox: (\S+)", READY_SECONDS)
            self._stand_ins["SMTP_URL"] = outbox.wait_for_line(r"SMTP: (\S+)", READY_SECONDS)
        if isinstance(stripe, Child):
            self._stripe = stripe.wait_for_line(r"Stripe sandbox: (\S+)", READY_SECONDS)
            self._stand_ins["STRIPE_API_BASE"] = self._stripe.rstrip("/")

    def _start_service(self) -> None:
        node = f"run-{self._options.port}@localhost"
        schedule = str(self._options.folder / "schedule")
        celery = (*PYTHON, "celery", "-A", "workers")
        gunicorn = (*PYTHON, "gunicorn", "-c", "gunicorn.conf.py")
        # A progress stream has no end, and Ctrl-C should not wait for one.
        bind = ("--bind", f"127.0.0.1:{self._options.port}", "--graceful-timeout", "2")
        # Looking for other workers would take a second, and there are none.
        alone = ("--concurrency", "2", "--without-mingle", "--without-gossip")
        children = [
            self._child("web", *gunicorn, *bind, "campaign:create_app()"),
            self._child("worker", *celery, "worker", "--hostname", node, *alone),
            self._child("beat", *celery, "beat", "--schedule", schedule, "--pidfile", ""),
        ]
        self._stack.callback(stop_together, children, GRACE_SECONDS, self._skip_wait)
        self._wait_until("web", self._web_is_ready)
        self._wait_until("worker", lambda: self._worker_is_ready(node))

    def _child(self, name: str, *command: str) -> Child:
        child = Child(
            name,
            command,
            environment=self._full_environment(),
            directory=self._options.root,
            log=self._options.folder / "logs" / f"{name}.log",
            verbose=self._options.verbose,
        )
        self._monitored[name] = child
        self._stack.callback(stop_together, [child], GRACE_SECONDS, self._skip_wait)
        return child

    def _task(self, name: str, *command: str) -> None:
        child = self._child(name, *command)
        if child.wait(MIGRATION_SECONDS):
            raise ServerError(explain(name, child, "failed"))
        del self._monitored[name]

    def _wait_until(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = monotonic() + READY_SECONDS
        while monotonic() < deadline:
            for other, process in self._monitored.items():
                if process.ended():
                    raise ServerError(explain(other, process, "exited during startup"))
            if ready():
                return
            sleep(0.1)
        raise ServerError(
            explain(name, self._monitored[name], f"was not ready after {READY_SECONDS:.0f} s")
        )

    def _web_is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.local_url}/readyz", timeout=30) as answer:
                return bool(answer.status == 200)
        except OSError:  # connection refused, or an error status
            return False

    def _worker_is_ready(self, node: str) -> bool:
        """Ping the worker, because its output depends on the log settings."""
        client = Celery(broker=self._value("BROKER_URL"), set_as_current=False)
        with client.connection_for_read() as connection:
            control = client.control
            return bool(control.ping(destination=[node], timeout=0.5, connection=connection))

    def _port(self, name: str) -> str:
        return str(saved_port(self._options.folder, name))

    def _value(self, name: str) -> str:
        return self._overrides.value(name, self._stand_ins.get(name, ""))

    def _full_environment(self) -> dict[str, str]:
        defaults = {"PYTHONUNBUFFERED": "1", "WEB_CONCURRENCY": "2"}
        return defaults | completed(self._caller, self._stand_ins)
