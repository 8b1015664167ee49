"""Work done later, at least once, asked for in the same commit as the fact that needs it.

    @job("letters.send")                     a handler: fn(args, now); may run twice, so it is idempotent
    @periodic("*/5 * * * *", "clocks.sweep") a handler with a slot every five minutes (UTC), once across all workers
    enqueue("letters.send", {"letter": uid}) buffered in the open write, written with its commit
"""
from suyuan.platform.jobs.engine import Claim, Engine, engine
from suyuan.platform.jobs.queue import Pending, enqueue, jobs_write
from suyuan.platform.jobs.registry import Handler, UnknownJob, job, periodic
from suyuan.platform.jobs.worker import Drained, Worker, run_due

__all__ = [
    "Claim",
    "Drained",
    "Engine",
    "Handler",
    "Pending",
    "UnknownJob",
    "Worker",
    "engine",
    "enqueue",
    "job",
    "jobs_write",
    "periodic",
    "run_due",
]
