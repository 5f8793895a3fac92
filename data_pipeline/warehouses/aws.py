"""What AWS's client raises, in words without addresses and keys, and what to do about it."""

from __future__ import annotations

from typing import Any

MISSING_KEYS = (
    "log in to AWS (aws sso login, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY), or name a "
    "profile with &profile=NAME"
)
EXPIRED = f"the login has expired: {MISSING_KEYS}"
REMEDIES = {
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "TokenRetrievalError": EXPIRED,
    "UnauthorizedSSOTokenError": EXPIRED,
    "InvalidAccessKeyId": MISSING_KEYS,
    "InvalidClientTokenId": MISSING_KEYS,
    "UnrecognizedClientException": MISSING_KEYS,
    "SignatureDoesNotMatch": MISSING_KEYS,
    "NoCredentialsError": MISSING_KEYS,
    "ProfileNotFound": MISSING_KEYS,
    "NoRegionError": "name the region with &region=NAME, or in AWS_DEFAULT_REGION",
}
"""By the code of an answer, or the name of what the client raises; whatever is asked for."""


def failures() -> Any:
    """What the client raises."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError

    return BotoCoreError, ClientError, Boto3Error


def code_of(failure: Any) -> str:
    """The code of an answer, or the name of what the client raises."""
    answer = getattr(failure, "response", None) or {}
    code: str = answer.get("Error", {}).get("Code") or type(failure).__name__
    return code


def in_words(failure: Any) -> str:
    """The message without addresses and keys, which the client's own words may hold."""
    answer = getattr(failure, "response", None) or {}
    told = answer.get("Error", {})
    words = f"{told.get('Code')}, {told.get('Message')}" if told else type(failure).__name__
    return words.partition("\n")[0]
