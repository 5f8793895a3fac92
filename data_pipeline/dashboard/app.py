"""The app, put together."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from fastapi import FastAPI

from data_pipeline.dashboard import downloads, routes
from data_pipeline.dashboard.desk import Desk
from data_pipeline.dashboard.refusing import add_handlers

if TYPE_CHECKING:
    from data_pipeline.dashboard.keeping import Keeper
    from data_pipeline.dashboard.pages import Pages
    from data_pipeline.dashboard.serving import Serving


def make_app(keeper: Keeper, serving: Serving, pages: Pages) -> FastAPI:
    """The dashboard over the warehouse of `keeper`; guard.Guard says who may ask it."""

    @asynccontextmanager
    async def close_at_the_end(_: FastAPI) -> AsyncIterator[None]:
        yield
        serving.jobs.close()
        keeper.close()

    app = FastAPI(
        title="Sales dashboard",
        description="The JSON that the dashboard's page is made of. Decimals are text.",
        version="1",
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=close_at_the_end,
    )
    app.state.desk = Desk(keeper, serving, pages)
    app.include_router(downloads.router)
    app.include_router(routes.router)
    app.include_router(downloads.pages)
    add_handlers(app)
    return app
