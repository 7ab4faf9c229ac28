"""The page for those who read our events: ``python -m services.events.asyncapi`` writes docs/asyncapi.yaml.

Generated from the broker and the models of ``workflows.event_data``; a test compares it with the committed page. It names no
server: where the broker is, and its secrets, are the municipality's.
"""

from inspect import getdoc
from pathlib import Path
from typing import Any

import yaml
from faststream.nats import JStream, NatsBroker
from faststream.specification import AsyncAPI

from workflows.event_data import EVENTS, CloudEvent
from workflows.events import STREAM, SUBJECT_PREFIX

FILE = Path(__file__).parents[2] / "docs" / "asyncapi.yaml"
TITLE = "Rammevagt: hændelser / events"
DESCRIPTION = f"""Structured CloudEvents 1.0 JSON on NATS JetStream, stream `{STREAM}`, one event a message, `Nats-Msg-Id` = `id`.

Ids and codes only: no subject, text, name or address. Events of one `subject` keep their order. An event may come more than
once: its `id` tells. A later version of an event may add fields; a change of meaning gets a new `type`."""


def generate() -> str:
    """The page, as YAML."""
    broker = NatsBroker("nats://unnamed", apply_types=False, logger=None)
    stream = JStream(STREAM, declare=False)
    for what, model in EVENTS.items():
        broker.publisher(
            SUBJECT_PREFIX + what,
            schema=CloudEvent[model],  # type: ignore[valid-type]
            title=what,
            description=getdoc(model),
            stream=stream,
        )
    page = AsyncAPI(broker, title=TITLE, version="1", description=DESCRIPTION).to_specification().to_jsonable()
    return yaml.safe_dump(_without_server(page), allow_unicode=True, sort_keys=True, width=120)


def _without_server(page: dict[str, Any]) -> dict[str, Any]:
    channels = {
        name: {key: value for key, value in channel.items() if key != "servers"} for name, channel in page["channels"].items()
    }
    return {key: value for key, value in page.items() if key != "servers"} | {"channels": channels}


if __name__ == "__main__":
    FILE.parent.mkdir(exist_ok=True)
    FILE.write_text(generate(), encoding="utf-8")
