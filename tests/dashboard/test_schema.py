"""The API is what its OpenAPI document says, for whatever is sent."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS, load_all_checks

from data_pipeline.dashboard.app import make_app
from data_pipeline.dashboard.keeping import Keeper
from data_pipeline.dashboard.pages import own_pages
from data_pipeline.dashboard.serving import Serving
from tests.dashboard.client import BASE, Dashboard

if TYPE_CHECKING:
    from data_pipeline.warehouses import Warehouse

PATHS = (
    "/api/analyses/{name}",
    "/api/analyses/{name}.csv",
    "/api/explain",
    "/api/headlines",
    "/api/jobs/{job}",
    "/api/meta",
    "/api/quality",
    "/api/quarantine",
    "/api/quarantine.csv",
    "/api/query",
    "/api/query.csv",
    "/api/rows",
    "/api/rows.csv",
    "/api/state",
    "/api/values/{name}",
)
REFUSED = {400, 404, 410, 413, 422}


def never() -> Warehouse:
    raise AssertionError("nothing is opened for the document")


@cache
def document() -> dict[str, Any]:
    app = make_app(Keeper(never, never), Serving(), own_pages())  # type: ignore[arg-type]
    found: dict[str, Any] = app.openapi()
    return found


@cache
def schema() -> Any:
    load_all_checks()
    return schemathesis.openapi.from_dict(document())


def check(dashboard: Dashboard, case: Any) -> Any:
    """Send the case; hold status, headers and content against the document."""
    sent = case.as_transport_kwargs(base_url=BASE)
    answer = dashboard.client.request(
        sent["method"], sent["url"], params=sent.get("params"), follow_redirects=False
    )
    names = ["not_a_server_error", "status_code_conformance", "content_type_conformance"]
    case.validate_response(
        answer, checks=CHECKS.get_by_names([*names, "response_schema_conformance"])
    )
    return answer


def test_the_document_names_every_path(dashboard: Dashboard) -> None:
    assert sorted(document()["paths"]) == list(PATHS)
    assert dashboard.ask("/api/openapi.json") == document()
    for path, operations in document()["paths"].items():
        assert list(operations) == ["get"], path
        assert operations["get"]["description"], path


@pytest.mark.parametrize(
    ("path", "mode"),
    [(path, GenerationMode.POSITIVE) for path in PATHS]
    + [(path, GenerationMode.NEGATIVE) for path in PATHS if path != "/api/state"],
)
def test_whatever_is_sent_is_answered_as_documented(
    dashboard: Dashboard, path: str, mode: GenerationMode
) -> None:
    operation = schema()[path]["get"]

    @settings(
        max_examples=25,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        check(dashboard, case)

    ask()


NAMES = st.sampled_from(["net_sales", "orders", "repeat_rate", "margin_rate", "customers"])
DIMENSIONS = st.sampled_from(["day", "month", "category", "product", "country", "weekday"])
DAYS = st.dates().map(str) | st.sampled_from(["2025-03-01", "2025-04-30", "2024-10-01"])
FILTERS = st.sampled_from(["category:Books", "channel:", "product:1", "weekday:8", "cohort:"])


@settings(max_examples=60, deadline=None)
@given(
    path=st.sampled_from(["/api/query", "/api/headlines", "/api/analyses/movers", "/api/rows"]),
    question=st.fixed_dictionaries(
        {"metric": NAMES},
        optional={
            "by": DIMENSIONS,
            "since": DAYS,
            "until": DAYS,
            "where": st.lists(FILTERS, max_size=3),
            "compare": st.sampled_from(["previous", "year", "custom"]),
            "fill": st.sampled_from(["0", "1"]),
            "limit": st.integers(1, 100),
        },
    ),
)
def test_meaningful_questions_are_answered(
    dashboard: Dashboard, path: str, question: dict[str, Any]
) -> None:
    known = {
        p["name"]
        for p in document()["paths"][path.replace("movers", "{name}")]["get"]["parameters"]
    }
    asked = {name: value for name, value in question.items() if name in known}
    answer = dashboard.get(path, **asked)
    assert answer.status_code in {200} | REFUSED, answer.text


def test_a_planted_wrong_shape_is_caught(dashboard: Dashboard) -> None:
    """The checks see an answer that the document does not allow."""
    operation = schema()["/api/state"]["get"]

    @settings(max_examples=1, deadline=None)
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = check(dashboard, case)
        answer._content = b'{"state": "dancing"}'
        with pytest.raises(schemathesis.core.failures.FailureGroup):
            case.validate_response(
                answer, checks=CHECKS.get_by_names(["response_schema_conformance"])
            )

    ask()
