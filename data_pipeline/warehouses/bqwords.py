"""Errors of BigQuery in words, without secrets, with what to do."""

from __future__ import annotations

from data_pipeline.errors import MissingWarehouseError, WarehouseError

REMEDIES = {
    401: "; the credentials were refused: gcloud auth application-default login, or ?credentials=",
    403: "; docs/bigquery.md lists the rights that are needed",
    404: "; are project, dataset and location right?",
    429: "; BigQuery asks to wait: run again later",
    500: "; run again",
    503: "; run again",
}
NO_CREDENTIALS = (
    "there are no credentials for Google Cloud, or they have expired; "
    "gcloud auth application-default login, or ?credentials=/path/key.json"
)


def in_words(failure: BaseException, doing: str) -> WarehouseError:
    """Google's own words without addresses and tokens, and what to do."""
    from google.api_core.exceptions import GoogleAPICallError, RetryError
    from google.auth.exceptions import GoogleAuthError, TransportError

    if isinstance(failure, RetryError) and failure.cause is not None:
        return in_words(failure.cause, doing)
    if isinstance(failure, GoogleAuthError) and not isinstance(failure, TransportError):
        return WarehouseError(f"{doing}: {NO_CREDENTIALS}")
    if not isinstance(failure, GoogleAPICallError):
        kind = type(failure).__name__
        return WarehouseError(f"{doing}: the connection failed ({kind}); is the network there?")
    errors = failure.errors or [{}]
    reason = str(errors[0].get("reason", ""))
    said = str(errors[0].get("message") or failure.message or "").partition("\n")[0]
    code = int(failure.code or 0)
    if reason == "bytesBilledLimitExceeded":
        return WarehouseError(f"{doing}: {said}; raise ?maximum_bytes_billed= to allow it")
    kinds = {404: MissingWarehouseError}
    return kinds.get(code, WarehouseError)(f"{doing}: {said} ({code}){REMEDIES.get(code, '')}")
