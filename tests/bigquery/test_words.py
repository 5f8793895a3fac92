"""What a newcomer to BigQuery lacks, and what the service says, in words and without secrets."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from google.api_core.exceptions import BadRequest, RetryError, ServiceUnavailable

from data_pipeline.errors import ConfigError, WarehouseError
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.bqjobs import Jobs
from data_pipeline.warehouses.bqurl import read_url
from data_pipeline.warehouses.bqwords import in_words

LIMIT = {"reason": "bytesBilledLimitExceeded", "message": "Query exceeded limit for bytes billed"}


@pytest.mark.parametrize("content", [None, {"type": "service_account", "private_key": "secret"}])
def test_there_are_no_credentials(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: dict[str, str] | None
) -> None:
    key = tmp_path / "key.json"
    if content is not None:
        key.write_text(json.dumps(content))
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(key))
    for access in (Access(), Access(read_only=True)):
        with pytest.raises(WarehouseError, match=r"gcloud auth .* or [?]credentials=") as caught:
            open_warehouse("bigquery://p/d", access)
        assert "secret" not in str(caught.value)


def test_an_address_that_is_not_googles_is_asked_with_credentials(tmp_path: Path) -> None:
    """Only an emulator, which has no TLS, is asked without."""
    url = f"bigquery://p/d?endpoint=https://private.example&credentials={tmp_path / 'key.json'}"
    with pytest.raises(ConfigError, match="key file"):
        Jobs(read_url(url, url))


def test_a_statement_that_would_bill_too_much() -> None:
    said = str(in_words(BadRequest("no", errors=[LIMIT]), "BigQuery"))
    assert said.endswith("limit for bytes billed; raise ?maximum_bytes_billed= to allow it")


def test_what_was_tried_until_the_time_was_over() -> None:
    failure = RetryError("Timeout of 600.0s exceeded", ServiceUnavailable("busy"))
    assert str(in_words(failure, "BigQuery")) == "BigQuery: busy (503); run again"
