"""What users of Python's HTTP clients write: users_http.py SCENE GATEWAY JOB_URL. Prints statuses."""

import gzip
import http.client
import os
import ssl
import sys
import urllib.request
from urllib.parse import urlsplit

_, scene, gateway, job = sys.argv
name = job.rsplit("/", 1)[1]
sample = 'some{instance="",job="%s"} 1' % name


def pieces():
    with open(os.environ["BIG"], "rb") as file:
        while piece := file.read(10_000):
            yield piece


def urllib_ask(method, url, data=None, headers={}):
    with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method), timeout=20) as answer:
        print(answer.status)
        return answer.read()


def connection():
    place = urlsplit(gateway)
    if place.scheme == "https":
        return http.client.HTTPSConnection(place.netloc, timeout=20, context=ssl.create_default_context())
    return http.client.HTTPConnection(place.netloc, timeout=20)


def client_ask(kept, method, url, body=None, headers={}):
    kept.request(method, urlsplit(url).path, body, headers)
    answer = kept.getresponse()
    socket = kept.sock
    text = answer.read()
    print(answer.status, "kept" if kept.sock is socket and socket is not None else "closed")
    return text


def urllib_scene():
    urllib_ask("POST", job, b"old 1\n")
    urllib_ask("PUT", job, b"some 1\n")
    text = urllib_ask("GET", gateway + "/metrics", headers={"Accept-Encoding": "gzip"})
    print(gzip.decompress(text).decode().splitlines().count(sample))


def kept_scene():
    kept = connection()
    client_ask(kept, "POST", job, b"some 1\n")
    client_ask(kept, "POST", job, b"bad")
    client_ask(kept, "PUT", job, b"some 1\n", {"X-Other": "ä".encode("latin-1")})
    print(client_ask(kept, "GET", gateway + "/metrics").decode().splitlines().count(sample))
    client_ask(kept, "DELETE", job)


def chunks_scene():
    client_ask(connection(), "PUT", job, pieces())


def requests_scene():
    import requests

    with requests.Session() as session:
        print(session.post(job, data="old 1\n", timeout=20).status_code)
        print(session.put(job, data=pieces(), timeout=20).status_code)
        print(session.delete(job, timeout=20).status_code)
        print(session.post(job, data="some 1\n", timeout=20).status_code)
        print(session.get(gateway + "/metrics", timeout=20).text.splitlines().count(sample))


def prometheus_client_scene():
    from prometheus_client import CollectorRegistry, Gauge, delete_from_gateway, push_to_gateway, pushadd_to_gateway

    registry = CollectorRegistry()
    Gauge("seen", "Help", registry=registry).set(1)
    push_to_gateway(gateway, name, registry, {"gone": "a/b"})
    delete_from_gateway(gateway, name, {"gone": "a/b"})
    pushadd_to_gateway(gateway, name, registry)
    print("pushed")


scenes = {
    "urllib": urllib_scene,
    "kept": kept_scene,
    "chunks": chunks_scene,
    "requests": requests_scene,
    "prometheus_client": prometheus_client_scene,
}
scenes[scene]()
