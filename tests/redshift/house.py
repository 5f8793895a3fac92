"""Where a shop's warehouse stands: a schema behind the proxy."""

from __future__ import annotations

import os
from functools import cache
from urllib.parse import quote as percent

from tests.postgres import needed_url
from tests.redshift.proxy import Proxy
from tests.redshift.store import BUCKET, KEYS, Store

LOCK = "run_lock"


@cache
def store() -> Store:
    """One S3 for all tests of a process; its address and keys are in the environment, where AWS's
    client looks for them.
    """
    made = Store()
    os.environ.update(KEYS, AWS_ENDPOINT_URL=made.url)
    return made


@cache
def proxy() -> Proxy:
    """One proxy for all tests of a process."""
    return Proxy(needed_url(), store())


def url_of(schema: str, port: int, *more: str) -> str:
    """The URL of a schema behind a proxy on this machine."""
    who = f"shop:{percent('keep%this:secret', safe='')}"
    told = [f"schema={percent(schema)}", f"bucket={BUCKET}", "sslmode=disable", *more]
    return f"redshift://{who}@127.0.0.1:{port}/test?{'&'.join(told)}"
