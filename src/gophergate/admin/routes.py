"""Every route of the operators' API with what it needs, on one page. What is not here does not exist.

`needs` is a permission of `permissions.py`, "anybody" (who is signed in), or "nobody" (open to all).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from gophergate.admin import (
    audit,
    auth,
    budgets,
    calls,
    clients,
    credit,
    groups,
    guards,
    keys,
    limits,
    models,
    prices,
    providers,
    routing,
    system,
    teams,
    tokens,
    usage,
    users,
    webhooks,
)
from gophergate.admin.guard import Needs


class Route(NamedTuple):
    """One method at one path. `errors` are the statuses it may fail with beside the usual ones."""

    method: str
    path: str
    needs: Needs
    handler: Callable[..., Any]
    status: int = 200
    errors: tuple[int, ...] = ()
    media: str = ""


_MAKES, _CHANGES, _READS = (409,), (404, 409, 412), (404,)

ROUTES: tuple[Route, ...] = (
    Route("POST", "/api/auth/login", "nobody", auth.login, errors=(401, 429)),
    Route("POST", "/api/auth/logout", "anybody", auth.logout),
    Route("GET", "/api/auth/me", "anybody", auth.me),
    Route("GET", "/api/users", "people", users.list_),
    Route("POST", "/api/users", "people", users.create, 201, _MAKES),
    Route("GET", "/api/users/{user_id}", "people", users.get, errors=_READS),
    Route("PATCH", "/api/users/{user_id}", "people", users.change, errors=_CHANGES),
    Route("DELETE", "/api/users/{user_id}", "people", users.delete, 204, (404, 412)),
    Route("POST", "/api/users/{user_id}/password", "anybody", users.set_password, errors=(404, 429)),
    Route("GET", "/api/tokens", "people", tokens.list_),
    Route("POST", "/api/tokens", "people", tokens.create, 201, _MAKES),
    Route("POST", "/api/tokens/{token_id}/revoke", "people", tokens.revoke, errors=_READS),
    Route("GET", "/api/organisations", "view", teams.list_organisations),
    Route("POST", "/api/organisations", "people", teams.create_organisation, 201, _MAKES),
    Route("GET", "/api/organisations/{organisation_id}", "view", teams.get_organisation, errors=_READS),
    Route("PATCH", "/api/organisations/{organisation_id}", "people", teams.change_organisation, errors=_CHANGES),
    Route("DELETE", "/api/organisations/{organisation_id}", "people", teams.delete_organisation, 204, (404, 412)),
    Route("GET", "/api/teams", "view", teams.list_),
    Route("POST", "/api/teams", "people", teams.create, 201, _MAKES),
    Route("GET", "/api/teams/{team_id}", "view", teams.get, errors=_READS),
    Route("PATCH", "/api/teams/{team_id}", "people", teams.change, errors=_CHANGES),
    Route("DELETE", "/api/teams/{team_id}", "people", teams.delete, 204, (404, 412)),
    Route("GET", "/api/clients", "view", clients.list_),
    Route("POST", "/api/clients", "edit", clients.create, 201, _MAKES),
    Route("GET", "/api/clients/{client_id}", "view", clients.get, errors=_READS),
    Route("PATCH", "/api/clients/{client_id}", "edit", clients.change, errors=_CHANGES),
    Route("DELETE", "/api/clients/{client_id}", "edit", clients.delete, 204, (404, 412)),
    Route("GET", "/api/keys", "view", keys.list_),
    Route("POST", "/api/keys", "edit", keys.create, 201, (404, 409)),
    Route("GET", "/api/keys/{key_id}", "view", keys.get, errors=_READS),
    Route("PATCH", "/api/keys/{key_id}", "edit", keys.change, errors=_CHANGES),
    Route("DELETE", "/api/keys/{key_id}", "edit", keys.delete, 204, (404, 412)),
    Route("POST", "/api/keys/{key_id}/revoke", "edit", keys.revoke, errors=_READS),
    Route("POST", "/api/keys/{key_id}/rotate", "edit", keys.rotate, errors=(404, 409)),
    Route("GET", "/api/providers", "view", providers.list_),
    Route("POST", "/api/providers", "configure", providers.create, 201, _MAKES),
    Route("GET", "/api/providers/kinds", "view", providers.kinds),
    Route("GET", "/api/providers/{name}", "view", providers.get, errors=_READS),
    Route("PATCH", "/api/providers/{name}", "configure", providers.change, errors=_CHANGES),
    Route("DELETE", "/api/providers/{name}", "configure", providers.delete, 204, _CHANGES),
    Route("POST", "/api/providers/{name}/test", "configure", providers.try_out, errors=_READS),
    Route("GET", "/api/providers/{name}/credits", "view", credit.get, errors=_READS),
    Route("PUT", "/api/providers/{name}/credits", "configure", credit.set_, errors=_CHANGES),
    Route("GET", "/api/models", "view", models.list_),
    Route("GET", "/api/models/{name:path}", "view", models.get, errors=_READS),
    Route("PATCH", "/api/models/{name:path}", "route", models.change, errors=_CHANGES),
    Route("DELETE", "/api/models/{name:path}", "route", models.reset, 204, (404, 412)),
    Route("GET", "/api/prices", "view", prices.list_),
    Route("POST", "/api/prices/refresh", "configure", prices.refresh),
    Route("GET", "/api/prices/card", "view", prices.card, errors=_READS),
    Route("GET", "/api/prices/reprice", "view", prices.repricing, errors=_READS),
    Route("POST", "/api/prices/reprice", "configure", prices.reprice, errors=(409,)),
    Route("GET", "/api/prices/{name:path}", "view", prices.explain, errors=_READS),
    Route("GET", "/api/reconciliations", "configure", prices.list_reconciliations),
    Route("POST", "/api/reconciliations", "configure", prices.create_reconciliation, 201),
    Route("GET", "/api/reconciliations/{reconciliation_id}", "configure", prices.get_reconciliation, errors=_READS),
    Route("DELETE", "/api/reconciliations/{reconciliation_id}", "configure", prices.delete_reconciliation, 204, _READS),
    Route("GET", "/api/groups", "view", groups.list_),
    Route("POST", "/api/groups", "route", groups.create, 201, _MAKES),
    Route("POST", "/api/groups/explain", "view", routing.explained, errors=_READS),
    Route("POST", "/api/groups/simulate", "route", routing.simulated),
    Route("GET", "/api/groups/seeds", "view", routing.offered),
    Route("POST", "/api/groups/seed", "route", routing.seed),
    Route("GET", "/api/groups/{name:path}/versions", "view", groups.versions, errors=_READS),
    Route("POST", "/api/groups/{name:path}/publish", "route", groups.publish, errors=(404, 409)),
    Route("GET", "/api/groups/{name:path}", "view", groups.get, errors=_READS),
    Route("PUT", "/api/groups/{name:path}", "route", groups.change, errors=_CHANGES),
    Route("DELETE", "/api/groups/{name:path}", "route", groups.delete, 204, _CHANGES),
    Route("GET", "/api/guards", "view", guards.list_),
    Route("POST", "/api/guards", "configure", guards.create, 201, _MAKES),
    Route("POST", "/api/guards/try", "configure", guards.try_out),
    Route("GET", "/api/guard-hits", "view", guards.hits),
    Route("GET", "/api/guards/{name}", "view", guards.get, errors=_READS),
    Route("PATCH", "/api/guards/{name}", "configure", guards.change, errors=_CHANGES),
    Route("DELETE", "/api/guards/{name}", "configure", guards.delete, 204, _CHANGES),
    Route("GET", "/api/budgets", "view", budgets.list_),
    Route("POST", "/api/budgets", "edit", budgets.create, 201, _MAKES),
    Route("GET", "/api/budgets/{budget_id}", "view", budgets.get, errors=_READS),
    Route("PATCH", "/api/budgets/{budget_id}", "edit", budgets.change, errors=_CHANGES),
    Route("DELETE", "/api/budgets/{budget_id}", "edit", budgets.delete, 204, (404, 412)),
    Route("POST", "/api/budgets/{budget_id}/raise", "edit", budgets.raise_, errors=_READS),
    Route("GET", "/api/limits", "view", limits.list_),
    Route("POST", "/api/limits", "edit", limits.create, 201, _MAKES),
    Route("GET", "/api/limits/{limit_id}", "view", limits.get, errors=_READS),
    Route("PATCH", "/api/limits/{limit_id}", "edit", limits.change, errors=_CHANGES),
    Route("DELETE", "/api/limits/{limit_id}", "edit", limits.delete, 204, (404, 412)),
    Route("GET", "/api/webhooks", "configure", webhooks.list_),
    Route("POST", "/api/webhooks", "configure", webhooks.create, 201, _MAKES),
    Route("GET", "/api/webhooks/{webhook_id}", "configure", webhooks.get, errors=_READS),
    Route("PATCH", "/api/webhooks/{webhook_id}", "configure", webhooks.change, errors=_CHANGES),
    Route("DELETE", "/api/webhooks/{webhook_id}", "configure", webhooks.delete, 204, (404, 412)),
    Route("POST", "/api/webhooks/{webhook_id}/secret", "configure", webhooks.renew, errors=_READS),
    Route("POST", "/api/webhooks/{webhook_id}/test", "configure", webhooks.try_out, errors=_READS),
    Route("GET", "/api/webhooks/{webhook_id}/deliveries", "configure", webhooks.deliveries, errors=_READS),
    Route("GET", "/api/calls", "view", calls.list_),
    Route("GET", "/api/calls/export", "view", calls.export, media="text/csv"),
    Route("GET", "/api/calls/running", "view", calls.running),
    Route("POST", "/api/calls/{call_id}/stop", "edit", calls.stop, errors=_READS),
    Route("GET", "/api/calls/{call_id}", "view", calls.get, errors=_READS),
    Route("GET", "/api/usage", "view", usage.get),
    Route("GET", "/api/audit", "audit", audit.list_),
    Route("GET", "/api/audit/export", "audit", audit.export, media="text/csv"),
    Route("GET", "/api/audit/{entry_id}", "audit", audit.get, errors=_READS),
    Route("GET", "/api/settings", "configure", system.settings),
    Route("GET", "/api/system", "view", system.get),
    Route("GET", "/api/backup", "configure", system.backup, media="application/vnd.sqlite3"),
)
