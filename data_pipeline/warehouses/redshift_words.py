"""What Redshift, its driver and AWS say when something fails, in a line without secrets, and what
to do about it.
"""

from __future__ import annotations

import re
import struct

from data_pipeline.warehouses import aws

REMEDIES = {
    r"password authentication failed|no password was provided|user .* does not exist": (
        "give user and password in the URL (best in SALES_WAREHOUSE), or no password: then AWS is "
        "asked for one (IAM)"
    ),
    r"config profile": aws.MISSING_KEYS,
    r'database "[^"]*" does not exist': "make it with: CREATE DATABASE name",
    r"not authorized to assume IAM Role|sts:AssumeRole|default IAM role": (
        "attach a role that may read the bucket to the cluster or namespace, and name it with "
        "&iam_role=ARN (docs/redshift.md, Rights)"
    ),
    r"S3ServiceException.*(Access ?Denied|403)": (
        "the role of COPY needs s3:GetObject and s3:ListBucket (docs/redshift.md, Rights)"
    ),
    r"S3ServiceException.*(301|PermanentRedirect|specified endpoint)": (
        "the bucket has to be in the region of the database"
    ),
    r"\b1023\b|[Ss]erializable isolation violation": (
        "somebody changed the same tables meanwhile, and nothing of this run was kept: run again"
    ),
    r"permission denied|must be owner": "docs/redshift.md lists the rights that are needed",
    r"(?i)certificate|ssl": (
        "the server has to prove by TLS who it is; through a tunnel, where its name differs, use "
        "&sslmode=verify-ca"
    ),
    r"communication error|time out|timed out|refused|not known|server socket closed": (
        "is the database there and awake, and may this machine reach its port (security group, "
        "publicly accessible)?"
    ),
}
"""What a message says, and what to do about it; the first that fits."""

NO_LOGIN = (
    "who runs this needs redshift-serverless:GetCredentials or redshift:GetClusterCredentials "
    "(docs/redshift.md, Rights), or a password in the URL"
)
NOT_FOUND = "name the cluster with &cluster=NAME, or the workgroup with &workgroup=NAME"
LOGIN_REMEDIES = aws.REMEDIES | {
    "AccessDenied": NO_LOGIN,
    "AccessDeniedException": NO_LOGIN,
    "ClusterNotFound": NOT_FOUND,
    "ClusterNotFoundFault": NOT_FOUND,
    "ResourceNotFoundException": NOT_FOUND,
    "ParamValidationError": NOT_FOUND,
}
"""By what AWS says when it is asked for a password."""


def words_of(failure: BaseException) -> tuple[str, str | None]:
    """The server's message and its code, or the driver's; never more than a line of it."""
    told = failure.args[0] if failure.args else None
    if isinstance(told, dict):
        detail = f" ({told['D'].strip().splitlines()[0]})" if told.get("D", "").strip() else ""
        return told.get("M", "").partition("\n")[0] + detail, told.get("C", "")
    if isinstance(failure, aws.failures()):
        return aws.in_words(failure), ""
    if isinstance(failure, struct.error | IndexError):
        return "the answer broke off", None
    said = ": ".join(str(part) for part in failure.args) or type(failure).__name__
    return said.partition("\n")[0], None


def remedy(failure: BaseException, said: str) -> str:
    """What to do about it, as the end of a sentence."""
    if what := LOGIN_REMEDIES.get(aws.code_of(failure)):
        return f"; {what}"
    return next((f"; {what}" for sign, what in REMEDIES.items() if re.search(sign, said)), "")
