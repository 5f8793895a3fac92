"""BigQuery as a warehouse: the URL, tables, readers, leftovers, cost, refusals."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from google.cloud.bigquery import QueryJob

from data_pipeline.cli import main
from data_pipeline.contract import SALES, TABLES
from data_pipeline.errors import ConfigError, MissingWarehouseError, WarehouseError
from data_pipeline.layout import LEDGER, star
from data_pipeline.warehouses import Access, bigquery, bqtables, open_warehouse
from data_pipeline.warehouses.bqcost import most
from data_pipeline.warehouses.bqjobs import LABEL, Jobs
from data_pipeline.warehouses.bqtables import table_ddl
from data_pipeline.warehouses.bqurl import read_url
from tests.rawfiles import sales
from tests.shop import Shop, assert_is_star

READ = Access(read_only=True)
MORE = {"sales-2.csv": sales("9,1,1,1,5,2025-03-04", "1,1,1,3,2.50,2025-03-04,2025-04-01")}


class TestTheUrl:
    @pytest.mark.parametrize(
        ("url", "wrong"),
        [
            ("bigquery://project", "is not bigquery://project/dataset"),
            ("bigquery:///dataset", "is not bigquery://project/dataset"),
            ("bigquery://project/a/b", "is not bigquery://project/dataset"),
            ("bigquery://p/d?colour=red", "unknown option 'colour'; known: location, bucket"),
            ("bigquery://p/d?maximum_bytes_billed=10GB", "whole number of bytes"),
            ("bigquery://p/d?partition=week", "day or month"),
            ("bigquery://p/d?credentials=/no/such/key.json", "no service account's key file"),
        ],
    )
    def test_what_is_wrong_with_it_is_said(self, url: str, wrong: str) -> None:
        with pytest.raises(ConfigError) as caught:
            open_warehouse(url)
        assert wrong in str(caught.value)

    def test_a_key_file_says_nothing_of_itself(self, tmp_path: Path) -> None:
        key = tmp_path / "key.json"
        key.write_text(json.dumps({"type": "service_account", "private_key": "very secret"}))
        with pytest.raises(ConfigError) as caught:
            open_warehouse(f"bigquery://p/d?credentials={key}")
        assert "very secret" not in str(caught.value)

    def test_the_client_is_named_when_it_is_not_there(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(__import__("sys").modules, "google.cloud.bigquery", None)
        monkeypatch.delattr("google.cloud.bigquery", raising=False)
        with pytest.raises(ConfigError, match=r"ecommerce-sales-pipeline\[bigquery\]"):
            open_warehouse("bigquery://p/d")


def test_tables_say_what_they_are() -> None:
    made = table_ddl(star(SALES), "DAY")
    assert "PRIMARY KEY (`transaction_id`) NOT ENFORCED" in made
    assert "FOREIGN KEY (`product_id`) REFERENCES `products` (`product_id`) NOT ENFORCED" in made
    assert "PARTITION BY TIMESTAMP_TRUNC(`timestamp`, DAY)" in made
    assert "CLUSTER BY `customer_id`, `product_id`" in made
    assert "`total_sales` NUMERIC(18, 4) NOT NULL" in made
    assert "labels = [('made_by', 'sales_pipeline')]" in made
    assert "`amount_read` NUMERIC(33, 4)" in table_ddl(LEDGER, "DAY")
    assert "CLUSTER BY `customer_id`" in table_ddl(star(TABLES["customers"]), "DAY")


def test_a_load_job_guesses_nothing() -> None:
    fields = {field.name: field for field in bqtables.load_schema(star(SALES))}
    assert fields["price"].field_type == "NUMERIC"
    assert (fields["price"].precision, fields["price"].scale) == (18, 4)
    assert fields["timestamp"].field_type == "TIMESTAMP"
    assert (fields["transaction_id"].mode, fields["channel"].mode) == ("REQUIRED", "NULLABLE")


def test_many_rows_are_several_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bqtables, "ROWS_A_FILE", 3)
    batch = pa.RecordBatch.from_pydict({"a": [1, 2]})
    files = bqtables.parquet_files([batch] * 5, tmp_path, "a")
    assert [pq.read_table(path).num_rows for path in files] == [4, 4, 2]


def test_rows_that_travel_as_parameters_fit_into_a_request(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bqtables, "BYTES_A_CALL", 100)
    batch = pa.RecordBatch.from_pydict({"a": list(range(100)), "b": ["x" * 10] * 100})
    cut = list(bqtables.parts(batch))
    assert sum(part.num_rows for part in cut) == 100
    assert len(cut) > 10


def test_missing_values_travel(store: Shop) -> None:
    days = pa.array([date(2025, 1, 2), None, None], pa.date32())
    batch = pa.RecordBatch.from_arrays([pa.array([3, 1, 2]), days], ["a", "day"])
    with open_warehouse(store.url) as warehouse, warehouse.transaction():
        warehouse.bring("brought", [batch], batch.schema)
        found = warehouse.rows("SELECT a, day FROM brought ORDER BY a")
    assert found == [(1, None), (2, None), (3, date(2025, 1, 2))]


def test_the_url_says_what_the_sales_are_partitioned_by(
    store: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent = listen(monkeypatch)
    store.run(warehouse=f"{store.url}&partition=month&maximum_bytes_billed=5000000000")
    assert any("TIMESTAMP_TRUNC(`timestamp`, MONTH)" in sql for sql in sent)


def listen(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    sent: list[str] = []
    query = Jobs.query

    def listening(self: Jobs, sql: str, *args: Any, **options: Any) -> Any:
        sent.append(sql)
        return query(self, sql, *args, **options)

    monkeypatch.setattr(Jobs, "query", listening)
    return sent


def test_jobs_are_labelled_and_bounded() -> None:
    url = "bigquery://p/d?location=EU&maximum_bytes_billed=77&endpoint=http://127.0.0.1:1"
    jobs = Jobs(read_url(url, url))
    config = jobs._config({"a": Decimal("1.5"), "b": True, "c": date(2025, 1, 2)})
    assert config.labels == LABEL | {"run": jobs.token}
    assert config.maximum_bytes_billed == 77
    kinds = {p.name: p.type_ for p in config.query_parameters}
    assert kinds == {"a": "NUMERIC", "b": "BOOL", "c": "DATE"}
    jobs.close()


def test_a_store_of_many_years_and_what_may_be_asked_before_and_after_its_run(
    store: Shop, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    flags = ["--raw", str(store.raw), "--warehouse", store.url, "--dry-run"]
    assert "first: 3 files to read" in call(capsys, "run", *flags)
    assert store.is_empty()
    sent = listen(monkeypatch)
    monkeypatch.setattr(bigquery, "MOST_DAYS", 2)
    store.run()
    (made,) = [sql for sql in sent if sql.startswith("CREATE TABLE `sales` ")]
    assert "TIMESTAMP_TRUNC(`timestamp`, MONTH)" in made
    puts = [sql for sql in sent if sql.startswith("INSERT INTO `sales` ")]
    assert len(puts) == 2, "one statement writes no more days than it may"
    assert_is_star(store, store.star())
    before = store.dump()
    told = json.loads(call(capsys, "run", *flags, "--full-refresh", "--json"))
    assert told["kind"] == "rebuild"
    assert told["cost"]["bytes"] >= most(0, 0).bytes
    assert "nothing new: 0 files" in call(capsys, "run", *flags)
    store.put(MORE)
    said = call(capsys, "run", *flags)
    assert "incremental: 1 files" in said
    assert "bytes billed, $0.0" in said
    with open_warehouse(store.url, READ) as reader:
        assert reader.version()
        with pytest.raises(WarehouseError, match="reading only"):
            reader.rows("DELETE FROM sales")
    assert store.dump() == before


def call(capsys: Any, *arguments: str) -> str:
    with pytest.raises(SystemExit) as end:
        main(list(arguments))
    said = capsys.readouterr()
    assert not end.value.code, said.err
    return str(said.out)


class TestTheCost:
    def test_it_grows_with_what_is_read(self) -> None:
        assert most(0, 0).dollars == Decimal("0.04")
        assert most(1 << 40, 0).dollars == Decimal("250.04")
        assert most(0, 1 << 30).bytes > most(0, 0).bytes


def test_a_dataset_that_is_not_there(store: Shop) -> None:
    elsewhere, _, options = store.url.replace("location=EU", "").partition("?")
    for access in (READ, Access()):
        with pytest.raises(MissingWarehouseError, match="bq mk"):
            open_warehouse(f"{elsewhere}_none?{options.strip('&')}", access)


def test_nobody_answers(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("data_pipeline.warehouses.bqjobs.RETRY_S", 1)
    with pytest.raises(WarehouseError, match=r"connection failed .*is the network there"):
        open_warehouse("bigquery://p/d?location=EU&endpoint=http://127.0.0.1:1")


def test_rows_go_by_way_of_a_bucket(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """The bucket is a stand-in, and the load job is told of it: what it does there only the
    service can show.
    """
    bucket: dict[str, bytes] = {}

    class Blob:
        def __init__(self, name: str) -> None:
            self.name = name

        def upload_from_filename(self, path: str) -> None:
            bucket[self.name] = Path(path).read_bytes()

        def delete(self) -> None:
            del bucket[self.name]

    class Client:
        def __init__(self, **_: Any) -> None: ...

        def bucket(self, name: str) -> Any:
            assert name == "rows"
            return type("Bucket", (), {"blob": staticmethod(Blob)})

    loaded = []

    def load(self: Any, uri: str, *args: Any, **options: Any) -> Any:
        loaded.append((uri, uri.removeprefix("gs://rows/") in bucket))
        raise OSError

    monkeypatch.setattr("google.cloud.storage.Client", Client)
    monkeypatch.setattr("google.cloud.bigquery.Client.load_table_from_uri", load)
    with pytest.raises(WarehouseError, match="connection failed"):
        store.run(warehouse=f"{store.url}&bucket=rows")
    ((uri, was_there),) = loaded
    assert uri.startswith("gs://rows/sales-pipeline/")
    assert was_there
    assert bucket == {}, "what was put there is taken away, whatever happens"


def test_a_reader_opens_another_session(store: Shop) -> None:
    store.run()
    with open_warehouse(store.url, READ) as reader, reader.session() as other:
        assert other.rows("SELECT COUNT(*) FROM sales") == [(3,)]


def test_what_is_running_is_stopped(store: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped: list[str] = []
    result = QueryJob.result
    with open_warehouse(store.url) as warehouse:

        def slowly(self: Any, **options: Any) -> Any:
            warehouse.interrupt()
            return result(self, **options)

        monkeypatch.setattr(QueryJob, "cancel", lambda self, **_: stopped.append(self.job_id))
        warehouse.interrupt()
        assert stopped == [], "nothing was running"
        monkeypatch.setattr(QueryJob, "result", slowly)
        warehouse.execute("SELECT 1", [])  # type: ignore[attr-defined]
        monkeypatch.setattr(QueryJob, "result", result)
    (job_id,) = stopped
    assert job_id.startswith("sales_")


def test_tables_of_others_are_left_alone(store: Shop) -> None:
    with open_warehouse(store.url):  # makes the dataset
        store.house.rows("CREATE TABLE customers (name STRING)")  # type: ignore[attr-defined]
        store.house.rows("INSERT INTO customers VALUES ('Ann')")  # type: ignore[attr-defined]
    with pytest.raises(WarehouseError, match="has a table 'customers' that is not the pipeline's"):
        store.run()
    assert store.house.rows("SELECT name FROM customers") == [("Ann",)]  # type: ignore[attr-defined]
