"""Every page's handler."""

from litestar.types import ControllerRouterHandler

from overheard.web.events import events
from overheard.web.pages.activity import activity
from overheard.web.pages.add import add, add_post
from overheard.web.pages.agreement import agreement
from overheard.web.pages.concerns import concerns
from overheard.web.pages.contacts import account, contact, contacts
from overheard.web.pages.cost import cost, measure_cost
from overheard.web.pages.decisions import decide
from overheard.web.pages.feeds import alerts
from overheard.web.pages.incidents import incident
from overheard.web.pages.login import log_in, log_out, login
from overheard.web.pages.newsource import new_source, try_source
from overheard.web.pages.review import review as review_waiting
from overheard.web.pages.search import home
from overheard.web.pages.setup import (
    answer_step,
    change_list,
    done,
    drop,
    finish,
    give_list,
    list_page,
    review,
    set_up,
    step_page,
)
from overheard.web.pages.sources import poll_source, source, sources
from overheard.web.pages.walk import walk, walk_from

PAGES: tuple[ControllerRouterHandler, ...] = (
    home,
    review_waiting,
    incident,
    contacts,
    contact,
    account,
    sources,
    source,
    poll_source,
    decide,
    alerts,
    login,
    log_in,
    log_out,
    activity,
    add,
    add_post,
    agreement,
    concerns,
    cost,
    events,
    measure_cost,
    new_source,
    try_source,
    set_up,
    step_page,
    answer_step,
    list_page,
    give_list,
    change_list,
    review,
    finish,
    done,
    drop,
    walk,
    walk_from,
)
