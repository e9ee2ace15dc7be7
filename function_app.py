"""The function app: one blueprint per trigger folder, and nothing else."""

import azure.functions as func

from bc_webhook import bp as bc_webhook
from graph_webhook import bp as graph_webhook
from sync_http import bp as sync_http
from sync_timer import bp as sync_timer
from sync_worker import bp as sync_worker

app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
app.register_functions(sync_http)
app.register_functions(sync_timer)
app.register_functions(sync_worker)
app.register_functions(graph_webhook)
app.register_functions(bc_webhook)
