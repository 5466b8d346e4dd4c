"""Reads documents from standard input, a line of JSON each, with prometheus_client's OpenMetrics parser, and answers each
with a line of JSON: why it is refused, or its families."""

import json
import math
import sys

from prometheus_client.openmetrics.parser import text_string_to_metric_families


def number(value):
    return repr(float(value)) if not math.isnan(value) else "nan"


def time(timestamp):
    return None if timestamp is None else number(float(timestamp))


def label(name, value):
    """Bounds may be written in any way."""
    if name in ("le", "quantile"):
        try:
            return (name, number(float(value)))
        except ValueError:
            pass
    return (name, value)


def told(sample):
    exemplar = sample.exemplar
    labels = sorted(label(*pair) for pair in sample.labels.items() if pair[0] not in ("instance", "job"))
    if exemplar is not None:
        exemplar = [sorted(exemplar.labels.items()), number(exemplar.value), time(exemplar.timestamp)]
    return [sample.name, labels, number(sample.value), exemplar]


for line in sys.stdin:
    try:
        families = list(text_string_to_metric_families(json.loads(line)))
        # Nothing is kept of a family without a sample.
        found = [
            [f.name, f.type, f.unit, f.documentation, sorted(map(told, f.samples), key=repr)]
            for f in families
            if f.samples
        ]
        print(json.dumps({"families": sorted(found, key=repr)}))
    except Exception as fault:
        print(json.dumps({"fault": str(fault)}))
