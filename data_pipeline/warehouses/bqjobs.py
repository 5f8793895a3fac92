"""Jobs of BigQuery: the client, ids by which each job runs once, and errors in words.

A job's id is made of the run's own token and a number. When an answer is lost, the client sends
the job again under the same id; BigQuery then says that it has it, and we ask for its result. So
nothing is loaded or inserted twice. What is tried again, and how often, is the client's own policy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Context, Decimal
from importlib import import_module
from itertools import count
from pathlib import Path
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.warehouses.bqurl import Address
from data_pipeline.warehouses.bqwords import in_words

DRIVER_MISSING = (
    "BigQuery needs a client that is not installed; "
    "install it with: pip install 'ecommerce-sales-pipeline[bigquery]'"
)
LABEL = {"made_by": "sales_pipeline"}
"""What jobs and tables of ours are marked with."""

RETRY_S = 600
"""So long the client tries again what may be tried again: 429, 500, 502, 503, lost connections."""

CENTS = Decimal("0.0001")
EXACT = Context(prec=60)
FOLDER = "sales-pipeline"


@dataclass(frozen=True, slots=True)
class Column:
    """A parameter with a value a row."""

    kind: str
    values: list[Any]


class Jobs:
    """A client and what it is running. In a transaction all statements go to one session."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self.token = token_hex(8)
        self.session: str | None = None
        self.location = address.location
        self._number = count(1)
        self._running: Any = None
        self._bigquery, self._errors = load_driver()
        with self.speaking("cannot reach BigQuery"):
            self.client = _make_client(address)
        self.dataset = f"{address.project}.{address.dataset}"

    @property
    def retry(self) -> Any:
        return self._bigquery.DEFAULT_RETRY.with_timeout(RETRY_S)

    def query(
        self, sql: str, values: Mapping[str, Any] | None = None, *, outside: bool = False
    ) -> Any:
        """Run a statement and wait for it: an iterator of rows. `outside` is beside the session."""
        config = self._config(values)
        if self.session and not outside:
            config.connection_properties = [
                self._bigquery.ConnectionProperty("session_id", self.session)
            ]
        return self._finish(self._start_query(sql, config))

    def open_session(self) -> None:
        """Begin a transaction in a session of its own."""
        config = self._config()
        config.create_session = True
        job = self._start_query("BEGIN TRANSACTION", config)
        self._finish(job)
        self.session = job.session_info.session_id

    def close_session(self) -> None:
        """End the session; what was not committed in it is undone."""
        name, self.session = self.session, None
        if name is not None:
            with suppress(WarehouseError):
                self.abort_session(name)

    def abort_session(self, name: str) -> None:
        """End a session that may be another run's."""
        self.query(f"CALL BQ.ABORT_SESSION('{name}')", outside=True)

    def table(self, name: str) -> Any:
        """What BigQuery says of a table of the dataset."""
        return self.client.get_table(f"{self.dataset}.{name}", retry=self.retry)

    def estimate(self, sql: str) -> int:
        """Ask how many bytes a query would process; nothing is run and nothing is paid."""
        config = self._config()
        config.dry_run, config.use_query_cache = True, False
        with self.speaking():
            job = self.client.query(
                sql, config, location=self.location, retry=self.retry, job_retry=None
            )
        return int(job.total_bytes_processed or 0)

    def load(self, table: str, path: Path, schema: Sequence[Any]) -> None:
        """Add the rows of a Parquet file to a table, from here or by way of the bucket."""
        bigquery = self._bigquery
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=schema,
            write_disposition=bigquery.WriteDisposition.WRITE_APPEND,
            labels=self._labels,
        )
        target = f"{self.dataset}.{table}"
        if self.address.bucket is None:
            self._finish(self._once(lambda job_id: self._upload(path, target, config, job_id)))
            return
        with self._in_bucket(self.address.bucket, path) as uri:
            self._finish(
                self._once(
                    lambda job_id: self.client.load_table_from_uri(
                        uri,
                        target,
                        job_id=job_id,
                        location=self.location,
                        job_config=config,
                        retry=self.retry,
                    )
                )
            )

    def _upload(self, path: Path, target: str, config: Any, job_id: str) -> Any:
        with path.open("rb") as file:
            return self.client.load_table_from_file(
                file, target, job_id=job_id, location=self.location, job_config=config
            )

    @contextmanager
    def _in_bucket(self, bucket: str, path: Path) -> Iterator[str]:
        """A copy of a file in the bucket, under the run's own prefix; gone afterwards."""
        storage: Any = import_module("google.cloud.storage")
        client = storage.Client(
            project=self.address.project,
            credentials=self.client._credentials,  # noqa: SLF001 (the same as for the jobs)
        )
        blob = client.bucket(bucket).blob(f"{FOLDER}/{self.token}/{path.name}")
        with self.speaking(f"gs://{bucket}"):
            blob.upload_from_filename(str(path))
        try:
            yield f"gs://{bucket}/{blob.name}"
        finally:
            with suppress(*self._errors):
                blob.delete()

    def cancel(self) -> None:
        """Ask BigQuery to stop what it is running for us."""
        if self._running is not None:
            with suppress(*self._errors):
                self._running.cancel(retry=None)

    def close(self) -> None:
        self.close_session()
        self.client.close()

    @property
    def _labels(self) -> dict[str, str]:
        return LABEL | {"run": self.token}

    def _config(self, values: Mapping[str, Any] | None = None) -> Any:
        config = self._bigquery.QueryJobConfig(
            default_dataset=self.dataset,
            labels=self._labels,
            query_parameters=[self._parameter(*pair) for pair in (values or {}).items()],
        )
        if self.address.maximum_bytes_billed is not None:
            config.maximum_bytes_billed = self.address.maximum_bytes_billed
        return config

    def _parameter(self, name: str, value: Any) -> Any:
        if isinstance(value, Column):
            return self._bigquery.ArrayQueryParameter(name, value.kind, value.values)
        return self._bigquery.ScalarQueryParameter(name, _kind(value), value)

    def _start_query(self, sql: str, config: Any) -> Any:
        return self._once(
            lambda job_id: self.client.query(
                sql,
                config,
                job_id=job_id,
                location=self.location,
                retry=self.retry,
                job_retry=None,
            )
        )

    def _once(self, start: Callable[[str], Any]) -> Any:
        """Start a job; one that BigQuery has already is the one whose answer was lost."""
        from google.api_core.exceptions import Conflict

        job_id = f"sales_{self.token}_{next(self._number)}"
        with self.speaking():
            try:
                return start(job_id)
            except Conflict:
                return self.client.get_job(job_id, location=self.location, retry=self.retry)

    def _finish(self, job: Any) -> Any:
        self._running = job
        try:
            with self.speaking():
                if job.job_type == "query":
                    return job.result(retry=self.retry, job_retry=None)
                return job.result(retry=self.retry)
        finally:
            self._running = None

    @contextmanager
    def speaking(self, doing: str = "BigQuery") -> Iterator[None]:
        """Turn what the client raises into our error, in words without secrets."""
        try:
            yield
        except self._errors as failure:
            raise in_words(failure, doing) from None


def load_driver() -> tuple[Any, tuple[type[BaseException], ...]]:
    """Import the client, and what it raises; ConfigError names the extra when it is not there."""
    try:
        from google.api_core.exceptions import GoogleAPIError
        from google.auth.exceptions import GoogleAuthError
        from google.cloud import bigquery
        from google.resumable_media import InvalidResponse
        from requests import RequestException
    except ModuleNotFoundError:
        raise ConfigError(DRIVER_MISSING) from None
    return bigquery, (GoogleAPIError, GoogleAuthError, InvalidResponse, RequestException, OSError)


def _make_client(address: Address) -> Any:
    bigquery: Any = import_module("google.cloud.bigquery")
    credentials: Any = import_module("google.auth.credentials")
    options: dict[str, Any] = {"project": address.project, "location": address.location}
    if address.endpoint:
        options["client_options"] = {"api_endpoint": address.endpoint}
        if urlsplit(address.endpoint).scheme == "http":  # an emulator; keys are not for the open
            return bigquery.Client(credentials=credentials.AnonymousCredentials(), **options)
    if address.credentials is None:
        return bigquery.Client(**options)
    try:
        return bigquery.Client.from_service_account_json(address.credentials, **options)
    except (OSError, ValueError, KeyError):
        raise ConfigError(
            f"{address.credentials} is no service account's key file that can be read"
        ) from None


def _kind(value: Any) -> str:
    if isinstance(value, datetime):
        return "TIMESTAMP"
    kinds = {bool: "BOOL", int: "INT64", str: "STRING", Decimal: "NUMERIC", date: "DATE"}
    return kinds[type(value)]


def plain(value: Any) -> Any:
    """A value as every warehouse gives it: money with four decimals, times in UTC without zone."""
    if isinstance(value, Decimal):
        return value.quantize(CENTS, context=EXACT)
    return value.replace(tzinfo=None) if isinstance(value, datetime) else value
