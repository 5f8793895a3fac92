# %% [markdown]
# # How is the shop doing?
#
# This notebook asks the warehouse the questions that a shop owner asks, one after the other. Each
# number comes from the metric registry of the package, so it is the same here, in
# `sales metrics`, in the charts and in the report. Fill the warehouse first with `sales simulate`
# and `sales run`.

# %%
import os
from pathlib import Path

from data_pipeline.charts.gallery import last_whole_months, read_scope
from data_pipeline.config import load_settings
from data_pipeline.metrics import METRICS, behaviour, find_metric, quality, query
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.metrics.change import decompose
from data_pipeline.warehouses import Access, open_warehouse

if Path.cwd().name == "notebooks":
    os.chdir("..")
warehouse = open_warehouse(load_settings({}).warehouse, Access(read_only=True))
scope = read_scope(warehouse)
print(f"Sales from {scope.span}")

# %% [markdown]
# ## Can the numbers be trusted?
#
# Before any number: every row that was read must have ended in exactly one place.

# %%
books = quality.balance(warehouse)
print("The books balance." if quality.is_balanced(books) else "The books do not balance!")
books.to_pandas()

# %% [markdown]
# What could not be loaded is kept, with the reason. Look at the reasons with the largest amounts:
# do they tell of a mistake at the source?

# %%
quality.quarantined(warehouse).sorted_by("amount", descending=True).head(8).to_pandas()

# %% [markdown]
# ## What did we take?
#
# Net sales are what customers paid, less what was paid back. The definition:

# %%
print(find_metric("net_sales").description)
query(
    warehouse, ["net_sales", "orders", "average_order_value", "return_rate"], by=["quarter"]
).to_pandas()

# %% [markdown]
# Money stays exact: the cells are decimals, not floats, and the parts add up to the last digit.

# %%
by_category = query(warehouse, ["net_sales"], by=["category"])
((total,),) = query(warehouse, ["net_sales"]).rows
assert sum(by_category["net_sales"]) == total
by_category.sorted_by("net_sales", descending=True).to_pandas()

# %% [markdown]
# ## Why did the last month differ from the one before?
#
# Net sales to customers are customers x orders per customer x order value. Each factor gets its
# Shapley value: the mean of what its change adds, whichever factor changes first. Guests and
# returns are parts of their own.

# %%
months = last_whole_months(scope)
change = decompose(warehouse, *months) if months else None
change.to_pandas() if change else "There are not yet two whole months."

# %% [markdown]
# ## Who are the customers?
#
# New customers are those on the day of their first purchase; all later purchases are returning
# ones. Guests are nobody in particular.

# %%
query(warehouse, ["net_sales", "orders"], by=["year", "new_or_returning"]).to_pandas()

# %% [markdown]
# Do they come back? A row is the month of the first purchase, a column the months since.

# %%
retention = behaviour.whole_months(behaviour.cohort_retention(warehouse), scope.last_day)
retention.to_pandas().pivot(index="cohort", columns="months_since", values="retention").iloc[:, :7]

# %%
intervals = behaviour.repeat_intervals(warehouse)
print(f"Half of the repeat purchases come within {behaviour.median_of(intervals)} days.")

# %% [markdown]
# RFM sorts customers by how recently and how often they bought, and shows what they spent.
# *Cannot lose them* and *At risk* are where a friendly letter pays.

# %%
segments = behaviour.rfm_segments(warehouse).to_pandas()
segments["what"] = segments["segment"].map(behaviour.RFM_ACTIONS)
segments

# %% [markdown]
# Age groups, where the year of birth is known, and places:

# %%
behaviour.age_groups(warehouse, in_year=scope.last_day.year).to_pandas()

# %%
places = query(warehouse, ["net_sales", "customers", "revenue_per_customer"], by=["country"])
places.sorted_by("net_sales", descending=True).head(10).to_pandas()

# %% [markdown]
# ## What do they buy?
#
# The ABC analysis: A products bring the first 80 % of net sales, B the next 15 %, C the rest.

# %%
_, classes = behaviour.concentration(warehouse, "product")
classes.to_pandas()

# %% [markdown]
# And what do they buy together? A lift of 3 means: three times as often as by chance. Pairs with
# few orders may still be chance; look at the count before building a bundle on them.

# %%
basket_pairs(warehouse, min_orders=5, count=10).to_pandas()

# %% [markdown]
# ## Where to go on
#
# Every metric and dimension can be combined, here and with `sales metrics`:

# %%
print(", ".join(METRICS))
warehouse.close()
