"""Shows that server.py is a Flagsmith server: the vendor's own client works against it, and what that client does not
look at is asked for by hand.

    faithful.py         prints what it checked; exits with 1 at the first thing that is not so
"""

import gzip
import hashlib
import json
import logging
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from flag_engine.engine import get_evaluation_result
from flagsmith import Flagsmith
from flagsmith.analytics import EventProcessorConfig
from flagsmith.exceptions import FlagsmithAPIError
from flagsmith.mappers import map_context_and_identity_data_to_context, map_environment_document_to_context
from urllib3 import Retry

# The client tells of every failure, and failures are what is made here.
logging.disable(logging.CRITICAL)

SERVER_KEY = "ser.test"


def state(id, name, enabled, value, django_id, **more):
    return {"feature": {"id": id, "name": name, "type": "STANDARD"}, "enabled": enabled, "feature_state_value": value, "featurestate_uuid": f"00000000-0000-0000-0000-{django_id:012}", "django_id": django_id} | more


def variant(id, value, weight, **key):
    return {"id": id, "mv_fs_value_uuid": f"00000000-0000-0000-0001-{id:012}", "percentage_allocation": weight, "multivariate_feature_option": {"id": id, "value": value} | key}


def override(identifier, *states):
    return {"identifier": identifier, "identity_features": list(states), "identity_traits": [], "environment_api_key": "envkey"}


def condition(property_, operator, value):
    return {"property_": property_, "operator": operator, "value": value}


def document():
    """The worked example of the reference, 5.2, and two features with what else a server decides."""
    button = state(2, "button", True, "grey", 102, multivariate_feature_state_values=[variant(20957, "blue", 30.0, key="blue"), variant(20956, "red", 20)])
    button["feature"]["type"] = "MULTIVARIATE"
    rule = {"type": "ANY", "conditions": [condition("plan", "EQUAL", "pro"), condition("", "PERCENTAGE_SPLIT", "10")], "rules": []}
    pros = {"id": 55, "name": "pros", "rules": [{"type": "ALL", "conditions": [], "rules": [rule]}], "feature_states": [state(1, "checkout", True, "v2", 201, feature_segment={"priority": 1})]}
    return {
        "id": 60074,
        "api_key": "envkey",
        "name": "E",
        "project": {
            "id": 1,
            "name": "P",
            "organisation": {"id": 1, "name": "O", "feature_analytics": False, "stop_serving_flags": False, "persist_trait_data": True},
            "hide_disabled_flags": False,
            "enable_realtime_updates": True,
            "server_key_only_feature_ids": [4],
            "segments": [pros],
        },
        "feature_states": [state(1, "checkout", False, "v1", 101), button, state(3, "plain", True, 7, 103), state(4, "secret", True, None, 104)],
        "identity_overrides": [override("vip", state(1, "checkout", True, "vip-only", 301))],
        "updated_at": "2024-04-18T08:16:20.678868+00:00",
        "allow_client_traits": True,
        "hide_sensitive_data": False,
        "hide_disabled_flags": None,
    }


class Server:
    def __init__(self):
        self.process = subprocess.Popen([sys.executable, Path(__file__).with_name("server.py")], stdout=subprocess.PIPE, text=True)
        word, port = self.process.stdout.readline().split()
        assert word == "listening"
        self.url = f"http://127.0.0.1:{port}"
        self.api = self.url + "/api/v1/"

    def ask(self, method, path, body=None, headers={}):
        """The answer, whatever its status, without following."""
        request = urllib.request.Request(self.url + path, data=body, headers=headers, method=method)
        try:
            answer = OPENER.open(request, timeout=5)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, dict(answer.headers), answer.read()

    def get(self, path, key=SERVER_KEY, **headers):
        return self.ask("GET", path, headers={"X-Environment-Key": key} | headers)

    def post(self, path, value, key=SERVER_KEY):
        return self.ask("POST", path, json.dumps(value).encode(), {"X-Environment-Key": key, "Content-Type": "application/json"})

    def control(self, method, name, value=None):
        body = value if isinstance(value, bytes) else json.dumps(value).encode()
        status, _, answer = self.ask(method, "/_control/" + name, body)
        assert status == 200, answer
        return json.loads(answer)

    def put(self, value, query=""):
        return self.control("PUT", "document" + query, json.dumps(value).encode())

    def requests(self, path=""):
        return [request for request in self.control("GET", "requests") if request["path"].startswith("/api/v1/" + path)]

    def reset(self):
        self.control("DELETE", "fault")
        self.control("PUT", "config", {"server_key": SERVER_KEY, "client_key": None, "page_size": None, "gzip": False, "edge_proxy": False, "experiments": {}})
        self.put(document())
        self.control("DELETE", "requests")


class Unfollowed(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


OPENER = urllib.request.build_opener(Unfollowed)


@contextmanager
def client(server, **options):
    """The vendor's client, past the second fetch it does at its start."""
    local = options.get("enable_local_evaluation", True)
    options = {"environment_key": SERVER_KEY, "api_url": server.api, "enable_local_evaluation": local, "environment_refresh_interval_seconds": 3600} | options
    before = len(server.requests("environment-document"))
    subject = Flagsmith(**options)
    if local and not options.get("enable_realtime_updates"):
        wait("the second fetch", lambda: len(answered(server)) >= before + 2)
    try:
        yield subject
    finally:
        for name in ("environment_data_polling_manager_thread", "event_stream_thread"):
            if thread := getattr(subject, name, None):
                thread.stop()


def answered(server):
    """The fetches that are over; one that was sent elsewhere is not."""
    return [request for request in server.requests("environment-document") if request["status"] not in (None, 307)]


def wait(what, holds, seconds=5):
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.01)


def shown(flags):
    """What a client gives, with types, as 7 is not 7.0."""
    return {flag.feature_name: (flag.feature_id, flag.enabled, type(flag.value), flag.value, flag.variant, flag.reason) for flag in flags.all_flags()}


def of_engine(identifier=None, traits={}):
    """What the engine says of the document, in the same form."""
    context = map_environment_document_to_context(document())
    if identifier is None:
        del context["segments"]
    else:
        context = map_context_and_identity_data_to_context(context, identifier, traits)
    flags = get_evaluation_result(context)["flags"]
    return {name: (flag["metadata"]["id"], flag["enabled"], type(flag["value"]), flag["value"], flag["variant"], flag["reason"]) for name, flag in flags.items()}


QUESTIONS = [(f"user-{n}", {"plan": plan, "age": 30}) for n in range(1, 40) for plan in ("pro", "free")] + [("vip", {"plan": "pro"}), ("vip", {}), ("é", {})]


def local_evaluation(server):
    """local evaluation: document fetched twice at the start, headers, flags as the engine run directly"""
    with client(server, application_metadata={"name": "shop", "version": "1.2"}) as subject:
        first, second = server.requests("environment-document")
        assert (first["method"], first["path"], first["status"]) == ("GET", "/api/v1/environment-document/", 200)
        assert first["connection"] == second["connection"], "the connection was not kept"
        headers = first["headers"]
        assert headers["x-environment-key"] == SERVER_KEY and headers["user-agent"] == "flagsmith-python-sdk/6.3.0"
        assert (headers["flagsmith-application-name"], headers["flagsmith-application-version"]) == ("shop", "1.2")
        assert shown(subject.get_environment_flags()) == of_engine()
        for identifier, traits in QUESTIONS:
            assert shown(subject.get_identity_flags(identifier, traits)) == of_engine(identifier, traits)
        assert [segment.name for segment in subject.get_identity_segments("vip", {"plan": "pro"})] == ["pros"]


def remote_evaluation(server):
    """remote mode: environment and identity flags as the engine run directly, with 30.0 as written"""
    with client(server, enable_local_evaluation=False) as subject:
        assert shown(subject.get_environment_flags()) == of_engine()
        for identifier, traits in QUESTIONS:
            assert shown(subject.get_identity_flags(identifier, traits)) == of_engine(identifier, traits)
    table = shown(subject.get_identity_flags("user-1", {"plan": "pro"}))
    assert table["checkout"][3:] == ("v2", None, "TARGETING_MATCH; segment=pros"), "the reference's table, 5.2"
    assert table["button"][3:] == ("red", None, "SPLIT; weight=20"), "the reference's table, 5.2"
    status, headers, body = server.get("/api/v1/identities/?identifier=user-2")
    assert status == 200 and b'"SPLIT; weight=30.0"' in body and float(headers["X-Flagsmith-Document-Updated-At"])
    assert list(json.loads(body)) == ["identifier", "traits", "flags"]
    assert b'"type": "MULTIVARIATE"' in body
    assert not server.requests("environment-document")


def identities(server):
    """identities: traits stored and deleted by null, transient trait and identity, anonymous, 2,000 characters"""
    stored = lambda: server.control("GET", "identities")
    with client(server, enable_local_evaluation=False) as subject:
        subject.get_identity_flags("joe", {"plan": "pro", "age": 30, "height": 1.5, "tab": {"value": "x", "transient": True}})
        assert stored()["joe"] == {"plan": "pro", "age": 30, "height": 1.5}
        assert subject.get_identity_flags("joe").get_flag("checkout").value == "v2", "a stored trait counts"
        assert shown(subject.get_identity_flags("joe", {"plan": {"value": "free", "transient": True}})) == of_engine("joe", {"plan": "free"})
        subject.get_identity_flags("joe", {"plan": None})
        assert stored()["joe"] == {"age": 30, "height": 1.5}
        assert shown(subject.get_identity_flags("ghost", {"plan": "pro"}, transient=True)) == of_engine("ghost", {"plan": "pro"})
        assert "ghost" not in stored()
        before = stored()
        anonymous = subject.get_identity_flags("", {"plan": "pro", "age": 30})
        identifier = hashlib.sha256(b"age30planpro").hexdigest()
        assert shown(anonymous) == of_engine(identifier, {"plan": "pro", "age": 30}) and stored() == before
        try:
            subject.get_identity_flags("joe", {"long": "x" * 2001})
            raise AssertionError("a long trait was taken")
        except FlagsmithAPIError:
            assert server.requests("identities")[-1]["status"] == 400
    status, _, body = server.post("/api/v1/identities/", {"identifier": "joe", "traits": [{"trait_key": "plan"}]})
    assert (status, json.loads(body)) == (400, {"traits": [{"trait_value": ["This field is required."]}]})
    body = json.loads(server.requests("identities")[0]["body"])
    assert body["identifier"] == "joe" and body["traits"][3] == {"trait_key": "tab", "trait_value": "x", "transient": True}
    assert json.loads(server.get("/api/v1/identities/?identifier=reader&transient=true")[2])["traits"] == []
    assert "reader" not in stored()


def keys(server):
    """keys: unknown, missing and client's for the document 403, both kinds elsewhere, client's sees no server-only flag"""
    for key in ("ser.other", "envkey", "other", ""):
        status, _, body = server.get("/api/v1/environment-document/", key)
        assert status == 403 and "Environment" in json.loads(body)["detail"]
    names = lambda key: {flag["feature"]["name"] for flag in json.loads(server.get("/api/v1/flags/", key)[2])}
    assert names(SERVER_KEY) - names("envkey") == {"secret"}
    assert json.loads(server.get("/api/v1/flags/?feature=plain")[2])["feature_state_value"] == 7
    assert server.get("/api/v1/flags/?feature=none")[0] == server.get("/api/v1/flags/?feature=secret", "envkey")[0] == 404
    hiding = document() | {"hide_disabled_flags": True}
    server.put(hiding)
    assert "checkout" not in names(SERVER_KEY)
    server.control("DELETE", "requests")
    with client(server, environment_key="ser.other") as subject:
        try:
            subject.get_environment_flags()
            raise AssertionError("flags without a document")
        except FlagsmithAPIError:
            pass
    requests = server.requests()
    assert [request["status"] for request in requests] == [403, 403, 403], "no 403 is asked again, then it asks for flags"
    assert requests[2]["path"] == "/api/v1/flags/"


def failures(server):
    """failures: 500, garbage, truncation, hanging keep the old document; close and Retry-After are asked again; slow works"""
    changed = document()
    changed["feature_states"][2]["feature_state_value"] = 8
    plain = lambda subject: subject.get_environment_flags().get_feature_value("plain")
    with client(server, request_timeout_seconds=1, retries=Retry(total=0)) as subject:
        server.put(changed)
        for kind in ("status", "garbage", "truncate", "hang", "close", "retry_after"):
            server.control("PUT", "fault", {"path_prefix": "/api/v1/environment-document", "kind": kind, "count": 1})
            subject.update_environment()
            assert plain(subject) == 7, kind
        subject.update_environment()
        assert plain(subject) == 8
        assert [request["status"] for request in server.requests("environment-document")[2:]] == [500, 200, 200, None, None, 503, 200]
    server.reset()
    with client(server) as subject:
        for kind, count, expected in (("close", 2, 3), ("retry_after", 1, 2), ("slow", 1, 1)):
            changed["feature_states"][2]["feature_state_value"] += 1
            server.put(changed)
            server.control("DELETE", "requests")
            server.control("PUT", "fault", {"path_prefix": "/api/v1/environment-document", "kind": kind, "count": count, "seconds": 0.5})
            subject.update_environment()
            assert plain(subject) == changed["feature_states"][2]["feature_state_value"], kind
            assert len(server.requests("environment-document")) == expected, kind


def not_modified(server):
    """304: by whole seconds, with no body; not after a change; not seen when the time was not touched"""
    raw = json.dumps(document(), indent=1).encode()
    server.control("PUT", "document?updated_at=document", raw)
    status, headers, body = server.get("/api/v1/environment-document/")
    assert (status, body) == (200, raw), "the document came otherwise than it was written"
    assert headers["X-Flagsmith-Document-Updated-At"] == "1713428180.678868"
    assert headers["Last-Modified"] == "Thu, 18 Apr 2024 08:16:20 GMT"
    ask = lambda since: server.get("/api/v1/environment-document/", **{"If-Modified-Since": since})
    status, headers, body = ask(headers["Last-Modified"])
    assert (status, body, headers["Last-Modified"]) == (304, b"", "Thu, 18 Apr 2024 08:16:20 GMT")
    assert ask("Thu, 18 Apr 2024 08:16:19 GMT")[0] == 200 and ask("yesterday")[0] == 200
    server.put(document() | {"name": "changed"}, "?touch=0")
    assert ask("Thu, 18 Apr 2024 08:16:20 GMT")[0] == 304
    assert server.put(document())["updated_at"] > time.time() - 5
    assert ask("Thu, 18 Apr 2024 08:16:20 GMT")[0] == 200
    assert server.get("/api/v1/environment-document/", "ser.other", **{"If-Modified-Since": "Thu, 18 Apr 2024 08:16:20 GMT"})[0] == 403


def pagination(server):
    """pagination: all overrides by following Link; the vendor's client sees the first page only"""
    large = document()
    large["identity_overrides"] = [override(f"u{n}", state(3, "plain", True, n, 400 + n)) for n in range(7)]
    server.put(large)
    server.control("PUT", "config", {"page_size": 3})
    path, seen, pages = "/api/v1/environment-document/", [], 0
    while path:
        status, headers, body = server.get(path)
        assert status == 200 and json.loads(body)["feature_states"] == large["feature_states"]
        seen, pages = seen + json.loads(body)["identity_overrides"], pages + 1
        link = headers.get("Link", "")
        assert not link or (link.startswith("</api/v1/environment-document/?page_id=identity_override%3A60074%3A") and link.endswith('>; rel="next"'))
        path = link[1 : link.index(">")] if link else None
    assert (seen, pages) == (large["identity_overrides"], 3) and b"30.0" in body
    with client(server) as subject:
        assert [subject.get_identity_flags(f"u{n}").get_feature_value("plain") for n in range(7)] == [0, 1, 2, 7, 7, 7, 7]


def compression(server):
    """gzip: only where it is configured and accepted; the vendor's client reads it"""
    server.control("PUT", "config", {"gzip": True})
    _, headers, body = server.get("/api/v1/environment-document/", **{"Accept-Encoding": "gzip"})
    assert headers["Content-Encoding"] == "gzip" and json.loads(gzip.decompress(body)) == document()
    assert "Content-Encoding" not in server.get("/api/v1/environment-document/")[1]
    with client(server) as subject:
        assert shown(subject.get_environment_flags()) == of_engine()


def analytics(server):
    """analytics: the client's counts arrive; unknown names, bools and texts are ignored"""
    with client(server, enable_analytics=True) as subject:
        flags = subject.get_identity_flags("user-1", {})
        for name in ("checkout", "checkout", "plain"):
            flags.is_feature_enabled(name)
        subject._analytics_processor.flush()
        wait("counts", lambda: server.control("GET", "analytics") == {"checkout": 2, "plain": 1})
    request = server.requests("analytics")[0]
    assert (request["path"], request["body"]) == ("/api/v1/analytics/flags/", '{"checkout": 2, "plain": 1}')
    status, _, body = server.post("/api/v1/analytics/flags/", {"plain": 4, "none": 1, "checkout": True, "button": "3", "secret": 1.5})
    assert (status, body) == (200, b"") and server.control("GET", "analytics") == {"checkout": 2, "plain": 5}
    assert server.post("/api/v1/analytics/flags/", {}, "other")[0] == 403
    assert server.post("/api/v1/analytics/flags/", {"plain": 1}, "envkey")[0] == 200


def events(server):
    """experiments: exposure and custom events arrive, as the client writes them"""
    server.control("PUT", "config", {"experiments": {"button": {"id": 9, "name": "colours"}}})
    options = {"enable_events": True, "event_processor_config": EventProcessorConfig(events_api_url=server.url)}
    with client(server, enable_local_evaluation=False, **options) as subject:
        flag = subject.get_experiment_flag("button", "user-2", {"plan": "free"})
        assert (flag.variant, flag.experiment.id, flag.experiment.in_experiment) == ("blue", 9, True)
        subject.get_experiment_flag("plain", "user-2", {"plan": "free"})
        subject.track_event("bought", "user-2", value=99.5, metadata={"cart": 3})
        subject._event_processor.flush()
        wait("events", lambda: len(server.control("GET", "events")) == 2)
        subject._event_processor.stop()
    exposure, bought = server.control("GET", "events")
    assert [exposure[name] for name in ("event", "feature_name", "identifier", "value", "traits")] == ["$flag_exposure", "button", "user-2", "blue", {"plan": "free"}]
    assert exposure["metadata"] == {"experiment_id": 9, "sdk_version": "6.3.0"} and exposure["timestamp"] > 1.7e12
    assert [bought[name] for name in ("event", "feature_name", "value", "traits", "metadata")] == ["bought", None, "99.5", None, {"cart": 3, "sdk_version": "6.3.0"}]
    request = next(request for request in server.control("GET", "requests") if request["path"] == "/v1/events")
    assert request["headers"]["x-environment-key"] == SERVER_KEY and request["headers"]["flagsmith-sdk-user-agent"] == "flagsmith-python-sdk/6.3.0"


def realtime(server):
    """real time: a change arrives, one without an event does not, streams that are cut come back, 404 for other keys"""
    streams = lambda: server.control("GET", "streams")
    fetches = lambda: len(answered(server))
    changed = document()
    with client(server, enable_realtime_updates=True, realtime_api_url=server.url) as subject:
        plain = lambda: subject.get_environment_flags().get_feature_value("plain")
        wait("a stream", lambda: streams() == 1)
        assert fetches() == 1
        changed["feature_states"][2]["feature_state_value"] = 8
        server.put(changed)
        wait("the change", lambda: plain() == 8)
        server.put(document(), "?event=0")
        server.control("POST", "event", b'{"updated_at": 1713428180.678868}')
        time.sleep(0.2)
        assert (plain(), fetches()) == (8, 2), "neither no event nor one that is not newer fetches"
        for cut in ("cut_streams", "cut_streams?clean=1"):
            server.control("POST", cut)
            wait("another stream", lambda: streams() == 1)
        server.control("POST", "event", b'{"updated_at": 1913428180}')
        wait("the change", lambda: plain() == 7)
        accept = next(request for request in server.control("GET", "requests") if request["path"] == "/sse/environments/envkey/stream")
        assert "x-environment-key" not in accept["headers"] and "text/event-stream" in accept["headers"]["accept"]
    server.control("POST", "cut_streams")
    wait("no stream", lambda: streams() == 0)
    assert server.get("/sse/environments/ser.test/stream")[0] == 404


def edge_proxy(server):
    """edge proxy: the client follows the redirect; no time, no 304, no analytics, 401, flags without variant and reason"""
    server.control("PUT", "config", {"edge_proxy": True})
    with client(server) as subject:
        statuses = [(request["path"], request["status"]) for request in server.requests()]
        assert statuses == [("/api/v1/environment-document/", 307), ("/api/v1/environment-document", 200)] * 2
        for identifier, traits in QUESTIONS:
            assert shown(subject.get_identity_flags(identifier, traits)) == of_engine(identifier, traits)
    with client(server, enable_local_evaluation=False) as subject:
        flags = shown(subject.get_identity_flags("user-1", {"plan": "pro"}))
        assert flags == {name: flag[:4] + (None, None) for name, flag in of_engine("user-1", {"plan": "pro"}).items()}
    for key in (SERVER_KEY, "envkey"):
        status, headers, body = server.get("/api/v1/environment-document", key, **{"If-Modified-Since": "Thu, 18 Apr 2099 08:16:20 GMT"})
        assert status == 200 and json.loads(body) == document()
        assert "X-Flagsmith-Document-Updated-At" not in headers and "Last-Modified" not in headers
    assert "X-Flagsmith-Document-Updated-At" not in server.get("/api/v1/flags/")[1]
    status, _, body = server.get("/api/v1/environment-document", "other")
    assert status == 401 and json.loads(body)["status"] == "unauthorized"
    assert server.post("/api/v1/analytics/flags/", {"plain": 1})[0] == 404
    assert "Content-Encoding" in server.get("/api/v1/environment-document", **{"Accept-Encoding": "gzip"})[1]


CHECKS = [local_evaluation, remote_evaluation, identities, keys, failures, not_modified, pagination, compression, analytics, events, realtime, edge_proxy]


def main():
    server = Server()
    try:
        for check in CHECKS:
            server.reset()
            start = time.monotonic()
            check(server)
            print(f"ok {time.monotonic() - start:5.2f} s  {check.__doc__}", flush=True)
    finally:
        server.process.kill()
        server.process.wait()


if __name__ == "__main__":
    main()
