"""`campaign bounces`: read bounce and complaint reports from other mail systems."""

import mailbox
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from campaign.audit.audit_log import Actor, Subject, record
from campaign.core import clock
from campaign.core.errors import CampaignError, ReportInvalid
from campaign.mailer.bounce_reports import BounceFinding, BounceReport, read_report
from campaign.mailer.bounces import ReportOutcome, find_message, record_bounce, record_complaint
from campaign.mailer.reports.trial import COLUMNS, Trial, read_expectations, table_of, try_folder
from campaign.runtime.context import Installation, make_installation

LARGEST = 10_000_000
_SUMMARY = ("bounced", "soft", "complaint", "not ours", "no report")
_KINDS = {
    BounceFinding.permanent: ("bounced", "bounced permanently"),
    BounceFinding.soft: ("soft", "bounced temporarily"),
    BounceFinding.complaint: ("complaint", "was reported as spam"),
    BounceFinding.unclear: ("unclear", "got an answer that is not understood; please read it"),
}
_NOTES = {
    ReportOutcome.new: "",
    ReportOutcome.known: " (already recorded)",
    ReportOutcome.forgotten: " (its address has been erased, so no address is suppressed)",
}


class Mail(NamedTuple):
    """One report: a name to show, its bytes or the reason they cannot be read, and its file if unseen in a Maildir."""

    name: str
    raw: bytes
    fault: str = ""
    unseen: Path | None = None


@click.group("bounces")
def bounces() -> None:
    """Process bounces and spam complaints."""


@bounces.command("ingest")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--maildir",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Read the unseen messages in this Maildir and mark them as seen.",
)
@click.option(
    "--mbox",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Read every message in this mbox file. The file is locked while reading and not changed.",
)
def ingest(files: tuple[Path, ...], maildir: Path | None, mbox: Path | None) -> None:
    """Process bounce and complaint reports. Each FILE is one report message; - is stdin.

    Permanent bounces and spam complaints suppress the address. Other mail, and reports about messages that were not
    sent from here, change nothing. Processing the same report again is harmless. What is unclear is flagged in the
    Maildir, for a person to read.
    """
    _require_source(files, maildir, mbox)
    installation = make_installation(broker=False)
    counts: Counter[str] = Counter()
    for mail in _mails(files, maildir, mbox):
        kind = _take(installation, mail)
        counts[kind] += 1
        if mail.unseen is not None and not mail.fault:
            _mark_seen(mail.unseen, flags="FS" if kind == "unclear" else "S")
    _report(installation, counts, str(maildir or mbox or files[0]))
    if counts["unread"]:
        raise CampaignError(
            f"{counts['unread']:,} could not be read (see above). The others were processed."
        )


def _report(installation: Installation, counts: Counter[str], source: str) -> None:
    """Print the counts, and record them in the audit log if a report changed something."""
    shown = (*_SUMMARY, "unclear") if counts["unclear"] else _SUMMARY
    click.echo(", ".join(f"{counts[kind]:,} {kind}" for kind in shown))
    if any(counts[kind] for kind, _ in _KINDS.values()):
        with installation.sessions.begin() as session:
            subject = Subject("bounces", source)
            record(session, Actor.command_line(), "bounces.ingested", subject, after=dict(counts))


@bounces.command("read")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--expected",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Compare with this CSV file: name,expected (permanent, soft, complaint or nothing).",
)
@click.option("--list", "listed", is_flag=True, help="List every report that is read wrongly.")
def read(folder: Path, expected: Path | None, *, listed: bool) -> None:
    """Show what would be read in the reports in FOLDER and in folders below. Changes nothing.

    Exit with 1 if a report is read as permanent that is not expected to be.
    """
    trials = list(try_folder(folder, read_expectations(expected) if expected else {}))
    for each in trials if listed else ():
        if not each.right:
            _show_trial(each)
    for row in (COLUMNS, *table_of(trials)):
        click.echo("  ".join(f"{cell:>13}" for cell in row))
    wrong = sum(
        each.expected not in ("", "permanent") for each in trials if each.seen == "permanent"
    )
    if wrong:
        raise CampaignError(f"{wrong:,} would suppress somebody wrongly.")


def _show_trial(trial: Trial) -> None:
    wanted = f"{trial.expected} expected, " if trial.expected else ""
    click.echo(f"{trial.name}: {wanted}{trial.seen}: {_shown(trial.detail)}")


def _require_source(files: tuple[Path, ...], maildir: Path | None, mbox: Path | None) -> None:
    if not files and maildir is None and mbox is None:
        raise click.UsageError("Name at least one file (- for stdin), --maildir or --mbox.")
    if maildir is not None and not (maildir / "new").is_dir():
        raise click.UsageError(f"{maildir} is not a Maildir: it has no `new` folder.")


def _take(installation: Installation, mail: Mail) -> str:
    """Process one message in its own transaction; return the kind to count it under."""
    try:
        if mail.fault:
            raise ReportInvalid(mail.fault)
        report = read_report(mail.raw, installation.settings.mail.bounces)
    except ReportInvalid as fault:
        click.echo(f"{mail.name}: {fault}", err=True)
        return "unread"
    if report is None or report.finding is BounceFinding.nothing:
        why = "not a report" if report is None else f"nothing to act on: {report.detail}"
        click.echo(f"{mail.name}: skipped, {_shown(why)}")
        return "no report"
    kind, words = _record(installation, report)
    click.echo(f"{mail.name}: {_shown(words)}", err=kind == "unclear")
    return kind


def _record(installation: Installation, report: BounceReport) -> tuple[str, str]:
    now = clock.now()
    with installation.sessions.begin() as session:
        message = find_message(session, report.tokens, report.message_ids)
        if message is None:
            return "not ours", "not about a message sent from here; nothing changed"
        if report.finding is BounceFinding.complaint:
            noted = record_complaint(session, message, detail=report.detail, at=now)
        else:
            permanent = report.finding is BounceFinding.permanent
            noted = record_bounce(
                session, message, permanent=permanent, detail=report.detail, at=now
            )
        kind, what = _KINDS[report.finding]
        about = f"{message.kind} to {message.recipient or '(erased)'}"
        return kind, f"{about} {what}: {report.detail}{_NOTES[noted]}"


def _shown(words: str) -> str:
    """Replace characters that could control the terminal: this text comes from outside."""
    return "".join(each if each.isprintable() else " " for each in words)


def _mails(files: tuple[Path, ...], maildir: Path | None, mbox: Path | None) -> Iterator[Mail]:
    for file in files:
        yield _read(file, "stdin" if str(file) == "-" else str(file))
    if maildir is not None:
        yield from _unseen(maildir)
    if mbox is not None:
        yield from _of_mbox(mbox)


def _read(file: Path, name: str, unseen: Path | None = None) -> Mail:
    try:
        with click.open_file(str(file), "rb") as stream:
            raw: bytes = stream.read(LARGEST + 1)
    except OSError as error:
        return Mail(name, b"", f"Cannot read it: {error.strerror}.")
    return _limited(Mail(name, raw, unseen=unseen))


def _limited(mail: Mail) -> Mail:
    if len(mail.raw) > LARGEST:
        return mail._replace(raw=b"", fault=f"It is larger than {LARGEST:,} bytes.")
    return mail


def _unseen(maildir: Path) -> Iterator[Mail]:
    """Yield messages without the Seen flag (S), in file name order. Skips files that another program moves first."""
    for folder in ("new", "cur"):
        found = maildir / folder
        for file in sorted(found.iterdir()) if found.is_dir() else ():
            _, _, flags = file.name.partition(":2,")
            if "S" not in flags and not file.name.startswith(".") and file.is_file():
                yield _read(file, file.name, unseen=file)


def _mark_seen(file: Path, flags: str) -> None:
    name, _, before = file.name.partition(":2,")
    seen = file.parent.parent / "cur" / f"{name}:2,{''.join(sorted({*before, *flags}))}"
    try:
        seen.parent.mkdir(exist_ok=True)
        file.rename(seen)
    except FileNotFoundError:
        return  # another run of this command has already moved it


def _of_mbox(path: Path) -> Iterator[Mail]:
    try:
        box = mailbox.mbox(path, create=False)
        box.lock()
    except (OSError, mailbox.Error) as error:
        yield Mail(str(path), b"", f"Not read, because it cannot be locked: {error}.")
        return
    try:
        for number, key in enumerate(box.keys(), start=1):
            yield _limited(Mail(f"{path} message {number}", box.get_bytes(key)))
    finally:
        box.unlock()
        # Not close(): it would write back what it considers changed.
