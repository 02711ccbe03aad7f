"""What a process opens once: Redis, HTTP, the authorization server, the queue."""

from __future__ import annotations

import hashlib
import logging
import secrets
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, cast

import redis
import rq
import urllib3
from flask import current_app
from rq.exceptions import DuplicateJobError
from rq.job import Job
from rq.results import Result

from b24app.bitrix.bounded import Bounded
from b24app.bitrix.oauth import OAuth
from b24app.bitrix.outbound import Guard, Outbound
from b24app.crypto import KeyRing
from b24app.errors import StoreUnavailable
from b24app.observe import Meter
from b24app.settings import Settings
from b24app.store import Counters, Inbox, Installations
from b24app.store.server import open_redis, risks

EXTENSION: Final = "b24app"
QUEUE: Final = "b24app"
RETRY_PAUSES: Final = (10, 30, 60, 300, 900)
# Longer than a job may wait for room at a portal's limits.
JOB_SECONDS: Final = 900
JOBS_AT_ONCE: Final = 500
# What the queue raises when it does not answer, for the few who speak to it directly.
QUEUE_FAILURES: Final = (redis.RedisError,)
STORE_PAUSES: Final = (0, 0.5, 1, 2, 5, 10, 30, 60, 300)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Resources:
    """Opened once per process, shared by its threads."""

    settings: Settings
    redis: redis.Redis
    http: urllib3.PoolManager
    oauth: OAuth
    installations: Installations
    inbox: Inbox
    counters: Counters
    meter: Meter
    queue: rq.Queue
    ring: KeyRing

    def enqueue(self, job: Callable[..., None], *args: str | int, after: int = 0) -> None:
        """Put a job into the queue, to run ``after`` so many seconds; ids only, never a secret.

        A job that fails is run again, with growing pauses; after the last try it waits among the
        failed jobs for an operator. Raises StoreUnavailable.
        """
        name = f"{_prefix(job, *args[:1])}{secrets.token_hex(8)}"
        try:
            if after:
                pause = timedelta(seconds=after)
                self.queue.enqueue_in(pause, job, *args, job_id=name, retry=_retry(), result_ttl=0)
            else:
                self.queue.enqueue(job, *args, job_id=name, retry=_retry(), result_ttl=0)
        except QUEUE_FAILURES as exc:
            raise StoreUnavailable(type(exc).__name__) from exc

    def not_waiting(self, job: Callable[..., None], names: Collection[str]) -> list[str]:
        """Those of the names with which, as its first argument, this job waits for no turn.

        One question, however many. Raises StoreUnavailable.
        """
        try:
            waiting = self.queue.get_job_ids()
        except QUEUE_FAILURES as exc:
            raise StoreUnavailable(type(exc).__name__) from exc
        beginnings = {job_id.rpartition("-")[0] + "-" for job_id in waiting}
        return [name for name in names if _prefix(job, name) not in beginnings]

    def enqueue_every(self, job: Callable[[], None], seconds: int) -> None:
        """See that the job runs once at the next whole multiple of ``seconds``.

        However many processes ask for it: the multiple is part of the job's id. A run that fails
        is in the log and nowhere else: it is not repeated, the next one comes. Raises
        StoreUnavailable.
        """
        slot = int(time.time()) // seconds + 1
        pause = timedelta(seconds=slot * seconds - time.time())
        name = f"{job.__name__}-{slot}"
        try:
            how = {"job_id": name, "unique": True, "result_ttl": 0, "failure_ttl": 0}
            self.queue.enqueue_in(pause, job, **how)
        except DuplicateJobError:
            return  # another process was faster
        except QUEUE_FAILURES as exc:
            raise StoreUnavailable(type(exc).__name__) from exc

    def forget_jobs(self, member_id: str) -> None:
        """Take every job of this portal out of the queue: waiting, planned, failed.

        One that runs at this moment ends by itself. Raises StoreUnavailable.
        """
        queue = self.queue
        registries = (
            queue.scheduled_job_registry,
            queue.deferred_job_registry,
            queue.failed_job_registry,
            queue.finished_job_registry,
        )
        try:
            names = [*queue.get_job_ids()]
            for registry in registries:
                names += registry.get_job_ids()
            for start in range(0, len(names), JOBS_AT_ONCE):
                some = names[start : start + JOBS_AT_ONCE]
                found = Job.fetch_many(some, connection=queue.connection)
                self._delete([job for job in found if job and member_id in job.args])
        except QUEUE_FAILURES as exc:
            raise StoreUnavailable(type(exc).__name__) from exc

    def _delete(self, found: Sequence[Job]) -> None:
        """All at once: of one that is half deleted nothing would lead to the rest."""
        with self.queue.connection.pipeline() as pipe:
            for job in found:
                job.delete(pipeline=pipe)
                pipe.delete(Result.get_key(job.id))  # type: ignore[no-untyped-call]
            pipe.execute()

    def warn_of_risks(self, pauses: Sequence[float] = STORE_PAUSES) -> None:
        """Log a warning for each setting of store and queue that may cost data.

        One that does not answer is asked again after each of the pauses, some minutes in all:
        where nobody may wait for that, hand in others or call it in a thread.
        """
        servers = {self.settings.queue_redis_url: ("QUEUE_REDIS_URL", self.queue.connection)}
        servers[self.settings.redis_url] = ("REDIS_URL", self.redis)
        for name, client in servers.values():
            for risk in _risks_once_there(client, pauses):
                log.warning("%s: %s", name, risk)


def _risks_once_there(client: redis.Redis, pauses: Sequence[float]) -> list[str]:
    for pause in pauses:
        time.sleep(pause)
        try:
            return risks(client)
        except StoreUnavailable:
            continue  # it may be starting at the same moment
    return []


def _prefix(job: Callable[..., None], *first: str | int) -> str:
    """What the ids of this job with this first argument begin with; then comes a random part.

    A digest stands for the argument: RQ's traces of a job may outlive the portal it was about.
    """
    digest = hashlib.sha256("".join(map(str, first)).encode()).hexdigest()[:16]
    return f"{job.__module__.rpartition('.')[2]}-{job.__name__}-{digest}-"


def _retry() -> rq.Retry:
    return rq.Retry(max=len(RETRY_PAUSES), interval=list(RETRY_PAUSES))


def open_resources(settings: Settings) -> Resources:
    """Build the resources; only a cluster is dialled yet. Raises ConfigurationError."""
    client = open_redis(settings.redis_url, "REDIS_URL", decode=True)
    queue = open_redis(settings.queue_redis_url, "QUEUE_REDIS_URL", decode=False)
    counters, ring = Counters(client), KeyRing(settings.token_keys)
    http = open_http(settings)
    secrets = (settings.client_secret, settings.client_secret_previous)
    return Resources(
        settings=settings,
        redis=client,
        http=http,
        oauth=OAuth(
            http,
            Bounded(threads=settings.web_threads),
            client_id=settings.client_id,
            client_secrets=tuple(filter(None, secrets)),
            servers=settings.auth_servers,
            plain_http=settings.sandbox,
            ca_bundle=settings.ca_bundle,
        ),
        ring=ring,
        installations=Installations(client, ring),
        inbox=Inbox(client, ring),
        counters=counters,
        meter=Meter(counters.add_all),
        queue=rq.Queue(QUEUE, connection=queue, default_timeout=JOB_SECONDS),
    )


def resources() -> Resources:
    """The resources of the running application."""
    return cast(Resources, current_app.extensions[EXTENSION])


def open_http(settings: Settings) -> urllib3.PoolManager:
    """One pool per process: connections to a portal are kept and shared by the threads."""
    return Outbound(
        guard=None if settings.sandbox else Guard(private=settings.private_portals),
        threads=settings.web_threads,
        ca_bundle=settings.ca_bundle,
        proxy=settings.proxy,
        no_proxy=settings.no_proxy,
    )
