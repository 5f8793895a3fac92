"""How a run logs in to Redshift: what the driver is told, and what is said when AWS refuses.

Where AWS gives the password, the driver hears nothing but AWS's own names.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest
from botocore.exceptions import ClientError

from data_pipeline.errors import WarehouseError
from data_pipeline.warehouses import Access, open_warehouse
from data_pipeline.warehouses.redshift_session import load_driver, read_address
from data_pipeline.warehouses.redshift_words import words_of
from tests.redshift.store import KEYS
from tests.shop import Shop

SERVERLESS = "redshift://shop.123456789012.eu-west-1.redshift-serverless.amazonaws.com/d"
CLUSTER = "redshift://u@shop.abc.eu-west-1.redshift.amazonaws.com/d"


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("redshift://u:p%40w@h/d", {"user": "u", "password": "p@w"}),
        (
            "redshift://u@shop.abc.eu-west-1.redshift.amazonaws.com/d",
            {"iam": True, "db_user": "u", "cluster_identifier": "shop"},
        ),
        (
            "redshift://u@tunnel/d?cluster=other&region=eu-west-1&profile=x",
            {"cluster_identifier": "other", "region": "eu-west-1", "profile": "x"},
        ),
        ("redshift://wg.123.eu-west-1.redshift-serverless.amazonaws.com/d", {"iam": True}),
        (
            "redshift://tunnel/d?workgroup=wg",
            {"iam": True, "is_serverless": True, "serverless_work_group": "wg"},
        ),
    ],
)
def test_from_the_url(url: str, told: dict[str, Any]) -> None:
    login = read_address(url).login()
    assert {name: login[name] for name in told} == told
    assert login.get("password") in ("", "p@w")


def test_a_schema_is_folded_as_redshift_does() -> None:
    assert read_address("redshift://h/d?schema=Mine").schema == "mine"


def test_keys_of_aws_are_nowhere_in_the_books(shop: Shop) -> None:
    shop.run()
    said = str(shop.rows("SELECT settings, versions FROM runs"))
    assert "keep" not in said
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in said


def said_of(url: str) -> str:
    with pytest.raises(WarehouseError) as caught:
        open_warehouse(url, Access(read_only=True))
    assert KEYS["AWS_SECRET_ACCESS_KEY"] not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (SERVERLESS, "NoCredentialsError; log in to AWS (aws sso login"),
        (CLUSTER, "NoCredentialsError; log in to AWS (aws sso login"),
        ("redshift://u@tunnel/d?cluster=other", "NoRegionError; name the region with &region="),
        (f"{CLUSTER}?profile=nobody", "(nobody) could not be found; log in to AWS"),
        ("redshift://tunnel/d?workgroup=x&region=eu-west-1", "or the workgroup with &workgroup="),
    ],
)
def test_what_a_machine_without_a_login_is_told(
    monkeypatch: pytest.MonkeyPatch, url: str, said: str
) -> None:
    for name in (*KEYS, "AWS_PROFILE", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/nowhere")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    assert said in said_of(url)


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("ExpiredToken", "the login has expired"),
        ("InvalidClientTokenId", "log in to AWS"),
        ("AccessDenied", "needs redshift-serverless:GetCredentials"),
        ("AccessDeniedException", "needs redshift-serverless:GetCredentials"),
        ("ClusterNotFound", "name the cluster with &cluster=NAME"),
    ],
)
def test_what_aws_refuses(monkeypatch: pytest.MonkeyPatch, code: str, said: str) -> None:
    def connect(**_: Any) -> Any:
        told = {"Code": code, "Message": "that is how it is"}
        raise ClientError({"Error": told}, "GetClusterCredentials")

    monkeypatch.setattr(load_driver(), "connect", connect)
    found = said_of(CLUSTER)
    assert f"cannot connect to Redshift: {code}, that is how it is; " in found
    assert said in found


def test_an_answer_that_breaks_off() -> None:
    assert words_of(struct.error("unpack requires 4 bytes")) == ("the answer broke off", None)
