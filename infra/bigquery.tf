# The least that a warehouse on BigQuery needs: a dataset, a service account for the runs, one for
# readers, and a bucket for rows on their way (optional). See docs/bigquery.md.
# Written from the provider's documentation. Its syntax was checked by `terraform fmt`, all arguments
# and attributes against the provider's schema (bindings cdktf-provider-google 16.12); neither
# `terraform validate` nor `terraform apply` has run.

terraform {
  required_providers {
    google = { source = "hashicorp/google", version = ">= 5.0" }
  }
}

variable "project" { type = string }
variable "location" { default = "EU" }
variable "dataset" { default = "shop_sales" }

provider "google" { project = var.project }

resource "google_project_service" "bigquery" { service = "bigquery.googleapis.com" }

resource "google_bigquery_dataset" "sales" {
  dataset_id = var.dataset
  location   = var.location
  depends_on = [google_project_service.bigquery]
}

resource "google_service_account" "loader" { account_id = "shop-loader" }
resource "google_service_account" "reader" { account_id = "shop-reader" }

resource "google_project_iam_member" "jobs" { # to run jobs at all, and have them billed here
  for_each = { loader = google_service_account.loader.email, reader = google_service_account.reader.email }
  project  = var.project
  role     = "roles/bigquery.jobUser"
  member   = "serviceAccount:${each.value}"
}

resource "google_bigquery_dataset_iam_member" "loader" {
  dataset_id = google_bigquery_dataset.sales.dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = "serviceAccount:${google_service_account.loader.email}"
}

resource "google_bigquery_dataset_iam_member" "reader" {
  dataset_id = google_bigquery_dataset.sales.dataset_id
  role       = "roles/bigquery.dataViewer"
  member     = "serviceAccount:${google_service_account.reader.email}"
}

resource "google_storage_bucket" "rows" {
  name                        = "${var.project}-shop-rows"
  location                    = var.location
  uniform_bucket_level_access = true
  lifecycle_rule { # should a run be killed
    condition { age = 1 }
    action { type = "Delete" }
  }
}

resource "google_storage_bucket_iam_member" "loader" {
  bucket = google_storage_bucket.rows.name
  role   = "roles/storage.objectAdmin"
  member = "serviceAccount:${google_service_account.loader.email}"
}

output "warehouse" {
  value = "bigquery://${var.project}/${var.dataset}?location=${var.location}&bucket=${google_storage_bucket.rows.name}"
}
