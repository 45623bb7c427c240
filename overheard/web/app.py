"""The app: routes, templates, errors and the gate put together."""

from collections.abc import Collection
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import Litestar
from litestar.config.compression import CompressionConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.static_files import create_static_files_router
from litestar.template import TemplateConfig

from overheard import __version__
from overheard.web.api.routes import API
from overheard.web.base import Service
from overheard.web.events import Pulses
from overheard.web.hooks import deliver, hook_rates
from overheard.web.pages.routes import PAGES
from overheard.web.problems import MAX_BODY, answering
from overheard.web.rates import Rates
from overheard.web.security import Gate, fence
from overheard.web.shown import filters_of
from overheard.web.webmention import ALL, EACH, became, explain, take


def make_app(service: Service, *, hosts: Collection[str], local: bool = True) -> Litestar:
    """Return the app over a service. `hosts` and `local` as in `security.Gate`."""
    gate = Gate(service, hosts, local=local)

    return Litestar(
        route_handlers=[
            *PAGES,
            *API,
            take,
            explain,
            became,
            deliver,
            create_static_files_router(
                path="/static", directories=[str(files("overheard.web") / "static")], include_in_schema=False
            ),
        ],
        dependencies={"service": Provide(lambda: service, sync_to_thread=False)},
        guards=[gate.admit],
        before_send=[fence],  # not a middleware: those see no answer to a route that is not there
        exception_handlers={Exception: answering(gate)},
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(_environment(service))),
        compression_config=CompressionConfig(
            backend="gzip",
            gzip_compress_level=5,
            exclude="^/events",  # packed, an event would wait for the next ones
        ),
        openapi_config=None,  # the API describes itself: overheard.web.api.openapi
        request_max_body_size=MAX_BODY,
        state=State({"service": service, "pulses": Pulses(service), "rates": Rates(EACH, ALL), **hook_rates()}),
        logging_config=None,
    )


def _environment(service: Service) -> Environment:
    environment = Environment(
        loader=PackageLoader("overheard.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(filters_of(lambda: service.settings.locale))
    environment.globals.update(version=__version__, firm=lambda: service.settings.firm.name)
    environment.globals["parts"] = environment.get_template("parts.html").module
    return environment
