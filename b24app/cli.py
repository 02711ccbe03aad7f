"""Commands for operators: ``flask --app app worker``, ``… jobs failed``, ``… jobs retry``.

``… keys rotate`` seals everything with the newest token key.
"""

from __future__ import annotations

import logging
import signal
import time
from typing import Final

import click
import rq
from flask.cli import with_appcontext
from rq.exceptions import InvalidJobOperation, NoSuchJobError
from rq.job import Job

from b24app import jobs
from b24app.actions import rotation
from b24app.cli_group import Group, plain_words
from b24app.errors import StoreUnavailable
from b24app.observe import redact
from b24app.resources import QUEUE_FAILURES, Resources, resources

PATIENCE: Final = 30
PORTALS_A_LINE: Final = 1000
# How often an idle worker looks around: for readers and workers that were killed, for what is due.
TICK_SECONDS: Final = 5
# How long a worker that does not give a sign of life counts as alive.
SIGN_SECONDS: Final = TICK_SECONDS + 15

log = logging.getLogger(__name__)


class Worker(rq.Worker):
    """RQ's worker, that looks around every few seconds and hands on what a job has counted."""

    def run_maintenance_tasks(self) -> None:
        """RQ's own, then ours; the store may be away for a moment."""
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        try:
            jobs.look_around(resources())
        except StoreUnavailable as exc:
            log.warning("the store does not answer: %s", exc)

    def perform_job(self, job: Job, queue: rq.Queue) -> bool:
        """RQ's own, in a process that ends with the job."""
        try:
            return super().perform_job(job, queue)
        finally:
            resources().installations.settle()
            resources().meter.flush()

    @property
    def was_told_to_stop(self) -> bool:
        """Whether it ended because somebody asked for it."""
        return self._shutdown_requested_date is not None


@click.command()
@with_appcontext
def worker() -> None:
    """Run background jobs until told to stop.

    The first SIGTERM or Ctrl-C lets the job that is running come to its end. A store that goes
    away is waited for.
    """
    known = resources()
    with plain_words():
        _wait_for_store(known)
        known.warn_of_risks(pauses=(0,))
        while not _work(known):
            log.warning("the worker lost its queue and starts anew")
            _wait_for_store(known)


def _work(known: Resources) -> bool:
    """Work until told to stop; False when the queue went away instead."""
    running = Worker(
        [known.queue],
        connection=known.queue.connection,
        maintenance_interval=TICK_SECONDS,
        worker_ttl=SIGN_SECONDS,
    )
    try:
        # RQ says several lines for each job; they are for whoever looks for a fault.
        level = "DEBUG" if known.settings.log_level == "DEBUG" else "WARNING"
        running.work(with_scheduler=True, logging_level=level)
    except QUEUE_FAILURES as exc:
        log.warning("the queue does not answer: %s", type(exc).__name__)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):  # they are this worker's no longer
            signal.signal(number, signal.SIG_DFL)
    return running.was_told_to_stop


def _wait_for_store(known: Resources) -> None:
    """The store may be starting at the same moment, or be in a failover."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            known.installations.ping()
            known.queue.connection.ping()
            return
        except (StoreUnavailable, *QUEUE_FAILURES):
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


jobs_group = Group("jobs", help="Jobs and events that failed their last try.")


@jobs_group.command("failed")
def show_failed() -> None:
    """List what failed: its id, when, which portal, how often it was tried, and why."""
    known = resources()
    lines = [*_dead_letters(known), *_failed_jobs(known)]
    for line in lines:
        click.echo(line)
    click.echo(f"{len(lines)} failed" if lines else "nothing failed")


def _dead_letters(known: Resources) -> list[str]:
    letters = [
        letter
        for name in known.inbox.dead_letter_inboxes()
        for letter in known.inbox.dead_letters(name)
    ]
    return [
        f"{letter.name}/{letter.id}  {_moment(letter.failed_at)}  event  "
        f"{letter.tries + 1} tries  {redact(letter.reason)}"
        for letter in letters
    ]


def _failed_jobs(known: Resources) -> list[str]:
    registry = known.queue.failed_job_registry
    found = Job.fetch_many(registry.get_job_ids(), connection=known.queue.connection)
    return [_job_line(job) for job in found if job]


def _job_line(job: Job) -> str:
    result = job.latest_result()
    told = str((result and result.exc_string) or "unknown")
    last = told.strip().rpartition("\n")[2]
    failed_at = int(job.ended_at.timestamp()) if job.ended_at else 0
    arguments = " ".join(str(argument) for argument in job.args)
    name = (job.func_name or "").rpartition(".")[2]
    return f"{job.id}  {_moment(failed_at)}  {name} {arguments}  {redact(last[:200])}"


def _moment(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


@jobs_group.command("retry")
@click.argument("name", metavar="ID", default="")
@click.option("--all", "everything", is_flag=True, help="All that failed, and all that waits.")
def retry(name: str, everything: bool) -> None:
    """Run one thing again that ``jobs failed`` lists, or all of them.

    With --all, events that wait for their next try have it at once too.
    """
    if bool(name) == everything:
        raise click.UsageError("name one ID, or say --all")
    known = resources()
    count = _retry_events(known, name) + _retry_jobs(known, name)
    if everything:
        count += sum(known.inbox.hurry(inbox) for inbox in known.inbox.waiting())
    if not count and name:
        raise click.ClickException(f"nothing that failed has the id {name}")
    click.echo(f"{count} will run again")


def _retry_events(known: Resources, name: str) -> int:
    inbox, _, letter_id = name.partition("/")
    if name and not letter_id:
        return 0  # a job's id
    return sum(
        jobs.revive(known, found, letter_id)
        for found in known.inbox.dead_letter_inboxes()
        if inbox in ("", found)
    )


def _retry_jobs(known: Resources, name: str) -> int:
    registry = known.queue.failed_job_registry
    found = [job_id for job_id in registry.get_job_ids() if name in ("", job_id)]
    return sum(_requeued(known, job_id) for job_id in found)


def _requeued(known: Resources, job_id: str) -> bool:
    """Run it again; False when it went meanwhile, with its portal or because somebody did."""
    try:
        known.queue.failed_job_registry.requeue(job_id)
    except (InvalidJobOperation, NoSuchJobError):
        return False
    return True


keys_group = Group("keys", help="The keys that seal the portals' secrets.")


@keys_group.command("rotate")
def rotate() -> None:
    """Seal everything with the first key of TOKEN_KEYS; the application goes on meanwhile.

    Interrupted, run it again: what is done is passed over. Ends with 1 when there are values
    that no key opens; each portal that has some is named.
    """
    known = resources()
    try:
        lost = _rotate(known)
        waiting = rotation.waiting_events(known)
    except StoreUnavailable as exc:
        raise click.ClickException(f"the store does not answer ({exc}); run it again") from exc
    if waiting:
        click.echo(f"{waiting} events wait for the worker under an older key: run it again later")
    if lost:
        raise click.exceptions.Exit(1)


def _rotate(known: Resources) -> int:
    """Says how far it is; returns how many portals have values that no key opens."""
    values, portals, lost = 0, 0, set[str]()
    for portals, resealed in enumerate(rotation.rotate(known), 1):
        values += _told(resealed, lost)
        if portals % PORTALS_A_LINE == 0:
            click.echo(f"{portals} portals so far, {values} values sealed anew")
    for resealed in rotation.rotate_events(known):
        values += _told(resealed, lost)
    count = f"{portals} portals, {values} values sealed anew"
    click.echo(f"{count}, {len(lost)} with values no key opens")
    return len(lost)


def _told(resealed: rotation.Resealed, lost: set[str]) -> int:
    if resealed.unreadable:
        lost.add(resealed.name)
        click.echo(f"{resealed.name}: no key opens {', '.join(resealed.unreadable)}")
    return resealed.values
