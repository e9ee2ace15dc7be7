"""A small function app that says what it was given: what the host's tests run."""

from __future__ import annotations

import json
import queue
import threading
from dataclasses import dataclass, field

import azure.functions as func


@dataclass
class Seen:
    """What reached the queue and timer functions, and what they are to do."""

    messages: queue.Queue[tuple[str, int]] = field(default_factory=queue.Queue)
    poisoned: queue.Queue[str] = field(default_factory=queue.Queue)
    ticks: queue.Queue[bool] = field(default_factory=queue.Queue)
    release: threading.Event = field(default_factory=threading.Event)
    entered: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))


def small_app(seen: Seen, work_queue: str = "work", schedule: str = "0 0 0 1 1 *") -> func.FunctionApp:
    """HTTP functions of both levels and every kind of route, a queue with its poison, a timer."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)
    _add_http(app)

    @app.function_name("work")
    @app.queue_trigger(arg_name="message", queue_name=work_queue, connection="AzureWebJobsStorage")
    def work(message: func.QueueMessage) -> None:
        text = message.get_body().decode()
        seen.messages.put((text, message.dequeue_count or 0))
        if text == "bad":
            raise ValueError("anna@example.com")
        if text == "slow":
            seen.entered.release()
            seen.release.wait()

    @app.function_name("poison")
    @app.queue_trigger(arg_name="message", queue_name=f"{work_queue}-poison", connection="AzureWebJobsStorage")
    def poison(message: func.QueueMessage) -> None:
        seen.poisoned.put(message.get_body().decode())

    @app.function_name("tick")
    @app.timer_trigger(arg_name="timer", schedule=schedule)
    def tick(timer: func.TimerRequest) -> None:
        seen.ticks.put(timer.past_due)

    return app


def _add_http(app: func.FunctionApp) -> None:
    @app.function_name("locked")
    @app.route("locked")
    def locked(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("open")

    @app.function_name("echo")
    @app.route("echo/{user}/{*rest}", auth_level=func.AuthLevel.ANONYMOUS)
    def echo(req: func.HttpRequest) -> func.HttpResponse:
        said = {
            "method": req.method,
            "url": req.url,
            "headers": dict(req.headers),
            "params": dict(req.params),
            "route": dict(req.route_params),
            "body": req.get_body().decode(),
        }
        return func.HttpResponse(json.dumps(said), mimetype="application/json")

    @app.function_name("exact")
    @app.route("echo/exact", auth_level=func.AuthLevel.ANONYMOUS, methods=["POST"])
    def exact(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("exact")

    @app.function_name("made")
    @app.route("made", auth_level=func.AuthLevel.ANONYMOUS)
    def made(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(status_code=202, headers={"Location": "/api/made/1", "Retry-After": "2"})

    @app.function_name("broken")
    @app.route("broken", auth_level=func.AuthLevel.ANONYMOUS)
    def broken(req: func.HttpRequest) -> func.HttpResponse:
        raise ValueError(req.params["address"])
