"""What a Flagsmith server answers: the API, the events service, and in another mode the edge proxy."""

import gzip
import hashlib
import json
import socket
import threading
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timezone
from email.utils import formatdate, parsedate_to_datetime
from functools import cached_property
from urllib.parse import parse_qs, quote, urlsplit

from flag_engine.engine import get_evaluation_result
from flagsmith.mappers import map_context_and_identity_data_to_context, map_environment_document_to_context

SERVER_KEY_PREFIX = "ser."
TRAIT_MAX_LENGTH = 2000
EMPTY_DOCUMENT = {
    "id": 1,
    "api_key": "client",
    "name": "Test",
    "project": {"id": 1, "name": "Test", "organisation": {"id": 1, "name": "Test", "persist_trait_data": True, "stop_serving_flags": False}, "hide_disabled_flags": False, "segments": []},
    "feature_states": [],
    "identity_overrides": [],
    "updated_at": "2024-04-18T08:16:20.678868+00:00",
}


def now():
    """With microseconds, as a datetime of Django has them."""
    return round(time.time(), 6)


class Document:
    """An environment document as it was given, which may be broken on purpose."""

    def __init__(self, raw, updated_at):
        self.raw = raw
        self.updated_at = updated_at

    @cached_property
    def content(self):
        return json.loads(self.raw)

    @cached_property
    def context(self):
        return map_environment_document_to_context(self.content)

    @cached_property
    def feature_types(self):
        return {state["feature"]["id"]: state["feature"].get("type", "STANDARD") for state in self.content["feature_states"]}

    def setting(self, *path, default=None):
        """A member that decides about an answer, not about the flags: absent from a broken document."""
        try:
            value = self.content
            for name in path:
                value = value[name]
            return value
        except (ValueError, LookupError, TypeError):
            return default

    @property
    def own_updated_at(self):
        stated = datetime.fromisoformat(self.content["updated_at"])
        return (stated if stated.tzinfo else stated.replace(tzinfo=timezone.utc)).timestamp()


@dataclass
class Request:
    method: str
    target: str
    headers: dict
    body: bytes

    @property
    def path(self):
        return urlsplit(self.target).path

    @cached_property
    def query(self):
        return {name: values[-1] for name, values in parse_qs(urlsplit(self.target).query, keep_blank_values=True).items()}

    def json(self):
        """The body, which is an object."""
        try:
            value = json.loads(self.body)
        except ValueError as error:
            raise Refusal(400, {"detail": f"JSON parse error - {error}"}) from error
        if not isinstance(value, dict):
            raise Refusal(400, {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {type(value).__name__}."]})
        return value


@dataclass
class Answer:
    status: int = 200
    body: bytes = b""
    headers: dict = field(default_factory=dict)

    @classmethod
    def of(cls, value, status=200, headers=None):
        return cls(status, json.dumps(value).encode(), {"Content-Type": "application/json"} | (headers or {}))


class Refusal(Exception):
    """An answer given instead of the one that was asked for."""

    def __init__(self, status, value):
        super().__init__(status, value)
        self.answer = Answer.of(value, status)


class Stream:
    """An open event stream: what is sent into the inlet comes out, and a closed inlet ends it."""

    def __init__(self):
        self.inlet, self.outlet = socket.socketpair()
        self.clean = False

    def end(self, clean):
        self.clean = clean
        self.inlet.close()


class State:
    """All that the server knows, under one lock."""

    def __init__(self):
        self.lock = threading.RLock()
        self.config = {"server_key": "ser.test", "client_key": None, "page_size": None, "gzip": False, "edge_proxy": False, "experiments": {}}
        self.document = Document(json.dumps(EMPTY_DOCUMENT).encode(), now())
        self.faults = {}
        self.faults_cleared = 0
        self.requests = []
        self.analytics = Counter()
        self.events = []
        self.identities = {}
        self.streams = set()

    @property
    def client_key(self):
        return self.config["client_key"] or self.document.setting("api_key")

    def fault_for(self, path):
        """The fault that applies to this request, which counts as one."""
        with self.lock:
            fault = next((fault for prefix, fault in self.faults.items() if path.startswith(prefix)), None)
            if fault and fault["count"] is not None:
                fault["count"] -= 1
                if fault["count"] <= 0:
                    del self.faults[fault["path_prefix"]]
            return fault

    def send_event(self, data):
        with self.lock:
            for stream in self.streams:
                stream.inlet.sendall(f"event: environment_updated\ndata: {data}\n\n".encode())

    def cut_streams(self, clean):
        with self.lock:
            for stream in self.streams:
                stream.end(clean)
            self.streams.clear()


class Api:
    """The core API."""

    def __init__(self, state):
        self.state = state
        self.document = state.document

    def answer(self, request):
        methods = self.routes().get(request.path)
        if methods is None:
            return self.not_found(request)
        if request.method not in methods:
            return Answer.of({"detail": f'Method "{request.method}" not allowed.'}, 405, {"Allow": ", ".join(methods)})
        try:
            return self.compressed(request, methods[request.method](request))
        except Refusal as refusal:
            return refusal.answer

    def routes(self):
        return {
            "/api/v1/environment-document/": {"GET": self.environment_document},
            "/api/v1/flags/": {"GET": self.flags},
            "/api/v1/identities/": {"GET": self.get_identity, "POST": self.post_identity},
            "/api/v1/analytics/flags/": {"POST": self.analytics},
            "/v1/events": {"POST": self.events},
        }

    def not_found(self, request):
        return Answer.of({"detail": "Not found."}, 404)

    def compressed(self, request, answer):
        if not (self.state.config["gzip"] and answer.body):
            return answer
        return compress(request, answer)

    def authenticate(self, request, prefix=""):
        """Whether it is the server's key; refuses keys of others."""
        key = request.headers.get("x-environment-key", "")
        if not (key and key.startswith(prefix)):
            raise Refusal(403, {"detail": "Invalid or missing Environment key"})
        if not self.known(key):
            raise Refusal(403, {"detail": "Invalid or missing Environment Key"})
        if self.document.setting("project", "organisation", "stop_serving_flags"):
            raise Refusal(403, {"detail": "Organisation is disabled from serving flags."})
        return key.startswith(SERVER_KEY_PREFIX)

    def known(self, key):
        if key.startswith(SERVER_KEY_PREFIX):
            return key == self.state.config["server_key"]
        return key == self.state.client_key

    def updated_at(self):
        return {"X-Flagsmith-Document-Updated-At": str(self.document.updated_at)}

    # The environment document

    def environment_document(self, request):
        self.authenticate(request, SERVER_KEY_PREFIX)
        page = request.query.get("page_id")
        modified = {"Last-Modified": formatdate(int(self.document.updated_at), usegmt=True)}
        if page is None and self.not_modified(request):
            return Answer(304, headers=modified)
        body, following = self.page(page)
        headers = {"Content-Type": "application/json"} | self.updated_at() | modified
        if following:
            headers["Link"] = f'</api/v1/environment-document/?page_id={quote(following, safe="")}>; rel="next"'
        return Answer(200, body, headers)

    def not_modified(self, request):
        """Django's rules: whole seconds, and a date that cannot be read, or If-None-Match, asks for the document."""
        since = request.headers.get("if-modified-since")
        if not since or "if-none-match" in request.headers:
            return False
        try:
            return int(self.document.updated_at) <= parsedate_to_datetime(since).timestamp()
        except ValueError:
            return False

    def page(self, page_id):
        """A page, and the name of the next."""
        size = self.state.config["page_size"]
        if not size:
            return self.document.raw, None
        # A percent sign in the name finds out clients that decode it twice, or not at all.
        name = f"identity_override:{self.document.content['id']}:%2B"
        start = 0 if page_id is None else self.page_start(page_id, name)
        overrides = self.document.content.get("identity_overrides") or []
        page = self.document.content | {"identity_overrides": overrides[start : start + size]}
        return json.dumps(page).encode(), f"{name}{start + size}" if start + size < len(overrides) else None

    def page_start(self, page_id, name):
        number = page_id.removeprefix(name)
        if not (page_id.startswith(name) and number.isdigit()):
            raise Refusal(400, {"detail": "Invalid page_id"})
        return int(number)

    # Remote evaluation

    def flags(self, request):
        server = self.authenticate(request)
        return self.flags_answer(request, self.evaluated(self.environment_context(), server), {})

    def environment_context(self):
        return {name: value for name, value in self.document.context.items() if name != "segments"}

    def flags_answer(self, request, flags, more):
        """The flags within `more`, or the one that was asked for, bare."""
        name = request.query.get("feature")
        if name is None:
            return Answer.of(more | {"flags": flags} if more else flags, headers=self.updated_at())
        for flag in flags:
            if flag["feature"]["name"] == name:
                return Answer.of(flag, headers=self.updated_at())
        return self.no_feature(name)

    def no_feature(self, name):
        return Answer.of({"detail": "Given feature not found"}, 404)

    def evaluated(self, context, server):
        flags = get_evaluation_result(context)["flags"].values()
        hidden = [] if server else self.document.setting("project", "server_key_only_feature_ids", default=[])
        enabled_only = self.hide_disabled(server)
        return [self.flag(flag) for flag in flags if flag["metadata"]["id"] not in hidden and (flag["enabled"] or not enabled_only)]

    def hide_disabled(self, server):
        own = self.document.setting("hide_disabled_flags")
        return self.document.setting("project", "hide_disabled_flags") if own is None else own

    def flag(self, flag):
        experiment = self.state.config["experiments"].get(flag["name"])
        answer = self.flag_without_reason(flag) | {"variant": flag["variant"], "reason": flag["reason"]}
        if experiment:
            answer["metadata"] = {"experiment": experiment | {"in_experiment": flag["variant"] is not None}}
        return answer

    def flag_without_reason(self, flag):
        id = flag["metadata"]["id"]
        return {
            "feature": {"id": id, "name": flag["name"], "type": self.document.feature_types.get(id, "STANDARD")},
            "enabled": flag["enabled"],
            "feature_state_value": flag["value"],
        }

    def get_identity(self, request):
        server = self.authenticate(request)
        if not request.query.get("identifier"):
            return Answer.of({"detail": "Missing identifier"})
        transient = request.query.get("transient", "").lower() in ("1", "true", "yes")
        return self.identity_answer(request, server, request.query["identifier"], [], transient)

    def post_identity(self, request):
        server = self.authenticate(request)
        body = request.json()
        traits = checked_traits(body.get("traits") or [])
        if not server and self.document.setting("allow_client_traits", default=True) is False:
            traits = []
        return self.identity_answer(request, server, body.get("identifier"), traits, body.get("transient", False))

    def identity_answer(self, request, server, identifier, traits, transient):
        if not identifier:
            identifier, transient = anonymous_identifier(traits), True
        known = self.traits_of(identifier, traits, transient)
        flags = self.evaluated(map_context_and_identity_data_to_context(self.document.context, identifier, known), server)
        shown = {} if self.document.setting("hide_sensitive_data") else known
        return self.flags_answer(request, flags, {"identifier": identifier, "traits": trait_list(shown)})

    def traits_of(self, identifier, traits, transient):
        """The stored traits and those of the request, of which the lasting ones are stored."""
        given = {trait["trait_key"]: trait["trait_value"] for trait in traits}
        lasting = {trait["trait_key"]: trait["trait_value"] for trait in traits if not trait.get("transient")}
        with self.state.lock:
            stored = self.state.identities.get(identifier, {})
            if not transient:
                persisted = self.document.setting("project", "organisation", "persist_trait_data", default=True)
                self.state.identities[identifier] = without_null(stored | lasting) if persisted else stored
        return without_null(stored | given)

    # What clients report

    def analytics(self, request):
        self.authenticate(request)
        known = {state["feature"]["name"] for state in self.document.content["feature_states"]}
        with self.state.lock:
            for name, count in request.json().items():
                if name in known and type(count) is int:
                    self.state.analytics[name] += count
        return Answer()

    def events(self, request):
        self.authenticate(request)
        with self.state.lock:
            self.state.events.extend(request.json()["events"])
        return Answer()


class EdgeProxy(Api):
    """The edge proxy, as a client sees it; the events service stays beside it."""

    def routes(self):
        return {
            "/api/v1/environment-document": {"GET": self.environment_document},
            "/api/v1/flags/": {"GET": self.flags},
            "/api/v1/identities/": {"GET": self.get_identity, "POST": self.post_identity},
            "/proxy/health": {"GET": lambda request: Answer.of({"status": "ok"})},
            "/v1/events": {"POST": self.events},
        }

    def not_found(self, request):
        other = request.path.removesuffix("/") if request.path.endswith("/") else request.path + "/"
        if other not in self.routes():
            return Answer.of({"detail": "Not Found"}, 404)
        query = urlsplit(request.target).query
        location = f"http://{request.headers['host']}{other}{'?' + query if query else ''}"
        return Answer(307, headers={"Location": location})

    def compressed(self, request, answer):
        return compress(request, answer) if len(answer.body) >= 1000 else answer

    def authenticate(self, request, prefix=""):
        key = request.headers.get("x-environment-key", "")
        if not self.known(key):
            raise Refusal(401, {"status": "unauthorized", "message": f"unknown key {key}"})
        return key.startswith(SERVER_KEY_PREFIX)

    def updated_at(self):
        return {}

    def environment_document(self, request):
        self.authenticate(request)
        return Answer(200, self.document.raw, {"Content-Type": "application/json"})

    def environment_context(self):
        return self.document.context

    def no_feature(self, name):
        return Answer.of({"status": "not_found", "message": f"feature '{name}' not found"}, 404)

    def hide_disabled(self, server):
        return not server and self.document.setting("project", "hide_disabled_flags")

    flag = Api.flag_without_reason

    def get_identity(self, request):
        return self.proxied_identity(request, request.query.get("identifier"), [])

    def post_identity(self, request):
        body = request.json()
        return self.proxied_identity(request, body.get("identifier"), body.get("traits") or [])

    def proxied_identity(self, request, identifier, traits):
        server = self.authenticate(request)
        if not isinstance(identifier, str):
            raise Refusal(422, {"detail": [{"loc": ["identifier"], "msg": "Field required", "type": "missing"}]})
        given = {trait["trait_key"]: trait["trait_value"] for trait in traits}
        context = map_context_and_identity_data_to_context(self.document.context, identifier, given)
        return Answer.of({"traits": trait_list(given), "flags": self.evaluated(context, server)})


def compress(request, answer):
    accepted = [coding.split(";")[0].strip() for coding in request.headers.get("accept-encoding", "").split(",")]
    if "gzip" not in accepted:
        return answer
    return Answer(answer.status, gzip.compress(answer.body), answer.headers | {"Content-Encoding": "gzip", "Vary": "Accept-Encoding"})


def checked_traits(traits):
    """Traits as the API keeps them: what is neither text, number nor bool becomes text."""
    errors = [trait_errors(trait) for trait in traits]
    if any(errors):
        raise Refusal(400, {"traits": errors})
    return [trait | {"trait_value": trait_value(trait["trait_value"])} for trait in traits]


def trait_errors(trait):
    errors = {name: ["This field is required."] for name in ("trait_key", "trait_value") if name not in trait}
    value = trait_value(trait.get("trait_value"))
    if isinstance(value, str) and len(value) > TRAIT_MAX_LENGTH:
        errors["trait_value"] = [f"Value string is too long. Must be less than {TRAIT_MAX_LENGTH} character"]
    return errors


def trait_value(value):
    return value if value is None or isinstance(value, (str, int, float)) else str(value)


def without_null(traits):
    return {name: value for name, value in traits.items() if value is not None}


def trait_list(traits):
    return [{"trait_key": name, "trait_value": value} for name, value in traits.items()]


def anonymous_identifier(traits):
    if not traits:
        return uuid.uuid4().hex
    values = sorted((trait["trait_key"], trait["trait_value"]) for trait in traits if trait["trait_value"] is not None)
    return hashlib.sha256("".join(f"{name}{value}" for name, value in values).encode()).hexdigest()
