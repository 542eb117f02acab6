"""A stand-in for W&B's server: its GraphQL as far as a report asks for it.

It knows projects and runs, keeps the views (reports) that it is given, and refuses what the real
one refuses: a wrong key, a query that it does not know, a view of a project that is not there, a
spec that is not JSON.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from support.web_api import AnsweringHandler, in_thread

KEY = "k" * 40
WHEN = "2026-01-02T03:04:05Z"
Document = dict[str, Any]


@dataclass
class WandbApi:
    """What the server holds; tests look into it and say what is to come."""

    url: str = ""
    entity: str | None = "ann-team"
    projects: set[tuple[str, str]] = field(default_factory=lambda: {("ann-team", "huggingtweets")})
    runs: list[Document] = field(default_factory=list)
    """Each with `id`, `name`, and the facts that filters ask for."""
    views: list[Document] = field(default_factory=list)
    """The reports, as they were sent."""
    asked: list[str] = field(default_factory=list)
    """The names of the operations, in order."""

    def add_run(self, run_id: str, name: str, **facts: Any) -> None:
        """A run in the project; `facts` are its summary."""
        summary = {f"summary_metrics.{key}": value for key, value in facts.items()}
        self.runs.append({"id": run_id, "display_name": name, **summary})

    def spec(self) -> Document:
        """What the only report consists of."""
        (view,) = self.views
        spec: Document = json.loads(view["spec"])
        return spec

    def answer(self, query: str, variables: Document) -> Document:
        """The `data` of an answer."""
        name = re.search(r"\b(?:query|mutation)\s+(\w+)", query)
        operation = name[1] if name else "Viewer"
        self.asked.append(operation)
        known: dict[str, Callable[[Document], Document]] = {
            "GetDefaultEntity": self._viewer,
            "GetProjects": self._listed,
            "ProjectInternalId": self._project,
            "Runs": self._found,
            "upsertView": self._keep,
        }
        if operation not in known and "viewer" in query:
            return self._viewer(variables)
        if operation not in known:
            raise ValueError(f"there is no field for {operation}")
        return known[operation](variables)

    def _viewer(self, _: Document) -> Document:
        viewer = {"id": "user", "username": "ann", "entity": self.entity, "name": "Ann"}
        return {"viewer": {**viewer, "flags": "{}", "teams": {"edges": []}}}

    def _listed(self, asked: Document) -> Document:
        nodes = [
            {
                "__typename": "Project", "id": f"id-{name}", "name": name, "entityName": entity,
                "createdAt": WHEN, "isBenchmark": False, "user": None,
            }
            for entity, name in sorted(self.projects) if entity == asked["entity"]
        ]  # fmt: skip
        page = {"__typename": "PageInfo", "endCursor": None, "hasNextPage": False}
        return {"models": {"pageInfo": page, "edges": [{"node": node} for node in nodes]}}

    def _project(self, asked: Document) -> Document:
        if (asked["entityName"], asked["projectName"]) not in self.projects:
            return {"project": None}
        return {"project": {"id": "id", "internalId": f"internal-{asked['projectName']}"}}

    def _found(self, asked: Document) -> Document:
        if (asked["entity"], asked["project"]) not in self.projects:
            return {"project": None}
        wanted = json.loads(asked["filters"])
        found = [run for run in self.runs if wanted.items() <= run.items()]
        if asked["order"] == "-created_at":
            found.reverse()
        edges = [{"node": _node(run), "cursor": run["id"]} for run in found[: asked["perPage"]]]
        runs = {"edges": edges, "pageInfo": {"endCursor": None, "hasNextPage": False}}
        return {
            "project": {
                "internalId": "1", "runCount": len(found), "readOnly": False, "runs": runs,
            }
        }  # fmt: skip

    def _keep(self, asked: Document) -> Document:
        entity, project = asked["entityName"], asked["projectName"]
        if (entity, project) not in self.projects:
            raise ValueError(f"project {entity}/{project} not found")
        json.loads(asked["spec"])
        self.views.append(asked)
        view = {
            "id": "VmlldzoxMjM=", "type": asked["type"], "name": asked["name"],
            "displayName": asked["displayName"], "description": asked["description"],
            "project": {"id": "id", "name": project, "entityName": entity},
            "spec": asked["spec"], "updatedAt": WHEN, "createdAt": WHEN,
        }  # fmt: skip
        return {"upsertView": {"view": view, "inserted": True}}


def _node(run: Document) -> Document:
    return {
        "id": f"storage-{run['id']}", "name": run["id"], "displayName": run["display_name"],
        "projectId": "1", "tags": [], "sweepName": None, "state": "finished", "group": None,
        "jobType": "train", "commit": None, "readOnly": False, "createdAt": WHEN,
        "heartbeatAt": WHEN, "description": None, "notes": None, "historyLineCount": 3,
        "user": {"name": "Ann", "username": "ann"},
    }  # fmt: skip


@contextmanager
def wandb_api(key: str = KEY) -> Iterator[WandbApi]:
    """Serve until the block ends."""
    state = WandbApi()
    bearing = "Basic " + base64.b64encode(f"api:{key}".encode()).decode()

    class Handler(AnsweringHandler):
        def do_POST(self) -> None:  # noqa: N802 - the library calls it so
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path != "/graphql":  # its client counts its errors elsewhere
                return self._json(404, {})
            body = json.loads(sent)
            if self.headers.get("Authorization") != bearing:
                return self._json(401, {"errors": [{"message": "user is not logged in"}]})
            try:
                data = state.answer(body["query"], body.get("variables") or {})
            except ValueError as error:
                return self._json(400, {"errors": [{"message": str(error)}]})
            return self._json(200, {"data": data})

        def do_GET(self) -> None:  # noqa: N802 - the library calls it so
            self._json(404, {})

        def _json(self, status: int, document: Document) -> None:
            self.send(status, {"Content-Type": "application/json"}, json.dumps(document).encode())

    with in_thread(Handler) as state.url:
        yield state
