"""A folder in an S3 bucket, through which rows travel to Redshift as Parquet.

Every object lies under the warehouse's own prefix and is removed as soon as it was copied, and
also when it was not. What a killed run has left there, the next one removes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from data_pipeline.errors import PipelineError, WarehouseError
from data_pipeline.warehouses import aws

FILE_BYTES = 64 << 20
"""So large about is an object: several are copied at once, and none needs to be sent in parts."""
MOST_KEYS = 1_000
"""So many objects one request may remove."""
ATTEMPTS = 6
"""Of each request, with pauses that grow from a second to twenty: the client's standard policy."""

REMEDIES = aws.REMEDIES | {
    "NoSuchBucket": "make the bucket, in the region of the database: aws s3 mb s3://NAME",
    "AccessDenied": "who runs this needs s3:PutObject, s3:DeleteObject and s3:ListBucket on it "
    "(docs/redshift.md, Rights)",
    "PermanentRedirect": "name the bucket's region with &region=NAME; it has to be the database's",
    "AuthorizationHeaderMalformed": "name the bucket's region with &region=NAME; it has to be the "
    "database's",
    "SlowDown": f"S3 refused {ATTEMPTS} times for too many requests: run again later",
}
"""By the code of an answer, or the name of what the client raises."""


class Folder:
    """The place of one warehouse in a bucket: s3://bucket/prefix/."""

    def __init__(self, bucket: str, prefix: str, region: str | None, profile: str | None) -> None:
        self.place = f"s3://{bucket}/{prefix}"
        self._bucket, self._prefix = bucket, prefix
        with self._speaking("opened"):
            self._client = _client(region, profile)

    @contextmanager
    def holding(self, batches: Iterable[pa.RecordBatch]) -> Iterator[str | None]:
        """Put batches into objects of their own while it lasts; give where they are, None when
        there is no row.
        """
        prefix = f"{self._prefix}{uuid.uuid4().hex}/"
        sent: list[str] = []
        try:
            self._send(prefix, batches, sent)
            yield f"s3://{self._bucket}/{prefix}" if sent else None
        except BaseException:
            with suppress(PipelineError):  # what went wrong before says more
                self._remove(sent)
            raise
        self._remove(sent)

    def clear(self) -> None:
        """Remove what killed runs have left; for a run that is alone on this warehouse."""
        with self._speaking("read"):
            pages = self._client.get_paginator("list_objects_v2").paginate(
                Bucket=self._bucket, Prefix=self._prefix
            )
            left = [entry["Key"] for page in pages for entry in page.get("Contents", ())]
        self._remove(left)

    def _send(self, prefix: str, batches: Iterable[pa.RecordBatch], sent: list[str]) -> None:
        """Send files; `sent` has the name of each before it is tried: a try that failed may have
        left something all the same.
        """
        with TemporaryDirectory(prefix="sales-parquet-") as folder:
            for path in write_files(batches, Path(folder)):
                sent.append(prefix + path.name)
                with self._speaking("written to"), path.open("rb") as body:
                    self._client.put_object(Bucket=self._bucket, Key=sent[-1], Body=body)
                path.unlink()

    def _remove(self, keys: list[str]) -> None:
        for first in range(0, len(keys), MOST_KEYS):
            objects = [{"Key": key} for key in keys[first : first + MOST_KEYS]]
            with self._speaking("cleared"):
                told = self._client.delete_objects(
                    Bucket=self._bucket, Delete={"Objects": objects, "Quiet": True}
                )
            for refused in told.get("Errors", ()):
                raise WarehouseError(self._said("cleared", refused["Code"], refused["Code"]))

    @contextmanager
    def _speaking(self, done: str) -> Iterator[None]:
        try:
            yield
        except aws.failures() as failure:
            said = self._said(done, aws.in_words(failure), aws.code_of(failure))
            raise WarehouseError(said) from None

    def _said(self, done: str, words: str, code: str) -> str:
        what = f"; {REMEDIES[code]}" if code in REMEDIES else ""
        return f"{self.place} cannot be {done}: {words}{what}"


def write_files(batches: Iterable[pa.RecordBatch], folder: Path) -> Iterator[Path]:
    """Write batches as Parquet files of about FILE_BYTES, one after the other; none when there is
    no row. A file may be removed before the next is asked for.

    Times go as INT96: Redshift reads the whole numbers that others write as years far away.
    """
    writer: pq.ParquetWriter | None = None
    path = folder / "none"
    number = 0
    for batch in batches:
        if not batch.num_rows:
            continue
        if writer is None:
            path = folder / f"{number:05}.parquet"
            number += 1
            writer = pq.ParquetWriter(
                path, batch.schema, version="1.0", use_deprecated_int96_timestamps=True
            )
        writer.write_batch(batch)
        if path.stat().st_size >= FILE_BYTES:
            writer.close()
            writer = None
            yield path
    if writer is not None:
        writer.close()
        yield path


@lru_cache(maxsize=4)
def _client(region: str | None, profile: str | None) -> Any:
    import boto3
    from botocore.config import Config

    policy = Config(retries={"mode": "standard", "total_max_attempts": ATTEMPTS})
    session = boto3.Session(region_name=region, profile_name=profile)
    return session.client("s3", config=policy)
