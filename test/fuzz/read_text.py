"""Reads texts (a JSON list on stdin) with prometheus_client and prints what it finds in each, or its error."""

import json
import sys

from prometheus_client.parser import text_string_to_metric_families


def read(text):
    try:
        return [
            {
                "name": family.name,
                "type": family.type,
                "help": family.documentation,
                "samples": [[one.name, one.labels, repr(one.value)] for one in family.samples],
            }
            for family in text_string_to_metric_families(text)
        ]
    except Exception as error:
        return str(error) or repr(error)


json.dump([read(text) for text in json.load(sys.stdin)], sys.stdout)
