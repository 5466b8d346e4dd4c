"""What users of prometheus_client write, against the gateway whose host:port is the first argument.

The second argument chooses the scene; a scene fails by raising.
"""

import gzip
import http.client
import multiprocessing
import sys

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Enum,
    Gauge,
    Histogram,
    Info,
    Summary,
    delete_from_gateway,
    instance_ip_grouping_key,
    push_to_gateway,
    pushadd_to_gateway,
)
from prometheus_client.exposition import default_handler
from prometheus_client.openmetrics import exposition as openmetrics


def gauge(name, value):
    registry = CollectorRegistry()
    Gauge(name, "A gauge named " + name, registry=registry).set(value)
    return registry


def push(gateway):
    push_to_gateway(gateway, job="batch", registry=gauge("first", 1))
    push_to_gateway(gateway, job="batch", registry=gauge("second", 2))


def pushadd(gateway):
    pushadd_to_gateway(gateway, job="batch", registry=gauge("first", 1))
    pushadd_to_gateway(gateway, job="batch", registry=gauge("second", 2))
    pushadd_to_gateway(gateway, job="batch", registry=gauge("first", 3))


def delete(gateway):
    key = {"instance": "i"}
    push_to_gateway(gateway, job="batch", registry=gauge("kept", 1))
    push_to_gateway(gateway, job="batch", registry=gauge("dropped", 1), grouping_key=key)
    delete_from_gateway(gateway, job="batch", grouping_key=key)


def loop(gateway):
    registry = CollectorRegistry()
    done = Counter("done", "Rounds", registry=registry)
    last = Gauge("last_success_unixtime", "Last round", registry=registry)
    for _ in range(100):
        done.inc()
        last.set_to_current_time()
        push_to_gateway(gateway, job="loop", registry=registry, timeout=5)


def keys(gateway):
    values = ["/var/tmp", "two words", "", "a+b=c&d", "ä你好", "100%", "back\\slash", 'q"uote']
    for number, value in enumerate(values):
        registry = gauge("value_%d" % number, number)
        push_to_gateway(gateway, job="keys", registry=registry, grouping_key={"path": value, "n": number})
    push_to_gateway(gateway, job="job/with/slashes", registry=gauge("slashed", 1))
    push_to_gateway(gateway, job="own", registry=gauge("own_address", 1), grouping_key=instance_ip_grouping_key())


def types(gateway):
    registry = CollectorRegistry()
    Counter("jobs", "Jobs", ["state"], registry=registry).labels("ok").inc(3)
    Gauge("temperature", "Degrees", registry=registry).set(-1.5)
    Info("build", "Build", registry=registry).info({"version": "1.2", "revision": "a\nb"})
    Enum("phase", "Phase", states=["starting", "running"], registry=registry).state("running")
    summary = Summary("reading_seconds", "Reading", registry=registry)
    histogram = Histogram("writing_seconds", "Writing", buckets=(0.1, 1), registry=registry)
    for value in (0.05, 0.5, 5):
        summary.observe(value)
        histogram.observe(value)
    push_to_gateway(gateway, job="types", registry=registry)


def raw(gateway):
    connection = http.client.HTTPConnection(gateway, timeout=5)
    body = b"# TYPE hand_written gauge\nhand_written 42\n"
    connection.request("POST", "/metrics/job/raw", body, {"Content-type": "text/xml"})
    answer = connection.getresponse()
    if answer.status != 200:
        raise RuntimeError("%d %r" % (answer.status, answer.read()))


def observed(number):
    registry = CollectorRegistry()
    rows = Counter("rows", "Rows", unit="bytes", registry=registry)
    rows.inc(number, exemplar={"trace_id": "r%d" % number})
    took = Histogram("took_seconds", "Took", buckets=(1, 5), registry=registry)
    took.observe(0.5 + number, exemplar={"trace_id": "t%d" % number})
    return registry


def handler(gateway):
    """pushadd, push and delete, each by a handler of the user's own that sends OpenMetrics, compressed."""
    sent = []

    def compressed(registry):
        def handle(url, method, timeout, headers, data):
            sent.append(method)
            if method == "DELETE":
                return default_handler(url, method, timeout, headers, data)
            body = gzip.compress(openmetrics.generate_latest(registry))
            headers = [("Content-Type", openmetrics.CONTENT_TYPE_LATEST), ("Content-Encoding", "gzip")]
            return default_handler(url, method, timeout, headers, body)

        return handle

    for number in (1, 2):
        registry = observed(number)
        pushadd_to_gateway(gateway, job="kept", registry=registry, handler=compressed(registry))
        push_to_gateway(gateway, job="dropped", registry=registry, handler=compressed(registry))
    delete_from_gateway(gateway, job="dropped", handler=compressed(None))
    if sent != ["POST", "PUT", "POST", "PUT", "DELETE"]:
        raise RuntimeError(sent)


def adds(url, method, timeout, headers, data):
    return default_handler(url + "?aggregate=sum", method, timeout, headers, data)


def worker(gateway):
    for _ in range(25):
        registry = CollectorRegistry()
        Counter("done", "Rounds", registry=registry).inc(2)
        Summary("size", "Sizes", registry=registry).observe(0.5)
        Histogram("took_seconds", "Took", buckets=(1, 5), registry=registry).observe(2)
        pushadd_to_gateway(gateway, job="sum", registry=registry, handler=adds)


def workers(gateway):
    """What four processes count, each push a difference."""
    processes = [multiprocessing.Process(target=worker, args=(gateway,)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    if any(process.exitcode for process in processes):
        raise RuntimeError([process.exitcode for process in processes])


if __name__ == "__main__":
    scenes = {scene.__name__: scene for scene in (push, pushadd, delete, loop, keys, types, raw, handler, workers)}
    scenes[sys.argv[2]](sys.argv[1])
