# %% [markdown]
# # The shop in pictures
#
# Each picture answers one question. The database does the sums, a pure function draws them, and
# the title says what was found. `sales charts` writes the same pictures as PNG and SVG.

# %%
import os
from pathlib import Path

from data_pipeline.charts.behaviour import draw_pairs, draw_return_rates, draw_week
from data_pipeline.charts.customers import (
    draw_cohorts,
    draw_concentration,
    draw_new_and_returning,
    draw_repeat_intervals,
    draw_segments,
)
from data_pipeline.charts.gallery import choose_grain, read_scope
from data_pipeline.charts.overview import (
    draw_sales_by_category,
    draw_sales_by_location,
    draw_sales_over_time,
)
from data_pipeline.config import load_settings
from data_pipeline.metrics import behaviour, query
from data_pipeline.metrics.baskets import basket_pairs
from data_pipeline.warehouses import Access, open_warehouse

if Path.cwd().name == "notebooks":
    os.chdir("..")
warehouse = open_warehouse(load_settings({}).warehouse, Access(read_only=True))
scope = read_scope(warehouse)

# %% [markdown]
# ## How do sales develop?
#
# The line begins at 0, so that its height is honest. Periods that the data cover only in part are
# grey and dashed: a month that is not over looks like a fall, and is none.

# %%
draw_sales_over_time(query(warehouse, ["net_sales"], by=[choose_grain(scope)]), scope)

# %% [markdown]
# ## What sells, and where?
#
# Bars are sorted and labelled with their value, so no legend is needed. What has no name is grey.

# %%
draw_sales_by_category(query(warehouse, ["net_sales"], by=["category"]), scope)

# %%
draw_sales_by_location(query(warehouse, ["net_sales"], by=["location"]), scope)

# %% [markdown]
# ## Do we live on new or on returning customers?

# %%
draw_new_and_returning(query(warehouse, ["net_sales"], by=["month", "new_or_returning"]), scope)

# %% [markdown]
# ## Do customers come back?
#
# Read a row from left to right: how a month's new customers fade. Read a column from top to
# bottom: whether newer customers are better than older ones.

# %%
cohorts = behaviour.whole_months(behaviour.cohort_retention(warehouse), scope.last_day)
draw_cohorts(cohorts, scope)

# %%
draw_repeat_intervals(behaviour.repeat_intervals(warehouse), scope)

# %% [markdown]
# ## On whom do we depend?
#
# The further the curve bends from the dashed line, the more the best customers matter.

# %%
draw_concentration(*behaviour.concentration(warehouse, "customer"), "customer", scope)

# %%
draw_segments(behaviour.rfm_segments(warehouse), scope)

# %% [markdown]
# ## When do people buy, what comes back, and what goes together?

# %%
draw_week(query(warehouse, ["orders"], by=["weekday", "hour"]), scope)

# %%
draw_return_rates(query(warehouse, ["return_rate", "returns"], by=["category"]), scope)

# %%
pairs = basket_pairs(warehouse)
draw_pairs(pairs, scope) if len(pairs) else "No pair of products is in ten orders yet."

# %%
warehouse.close()
