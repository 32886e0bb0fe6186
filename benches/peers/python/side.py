"""The client that openapi-generator makes for Python.

    side.py catalogue FILE           a catalogue into records, and the sum of its costs (floats)
    side.py orders URL COUNT         so many orders a round, 64 threads at once

Each line of standard input asks for a round; the answer is a line of JSON.
"""

from __future__ import annotations

import itertools
import json
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openapi_client
from openapi_client.models.beneficiary_information import BeneficiaryInformation
from openapi_client.models.catalogue import Catalogue
from openapi_client.models.order_request import OrderRequest

AT_ONCE = 64


def catalogue(file: str) -> None:
    with open(file, encoding="utf-8") as opened:
        text = opened.read()
    print("ready", flush=True)
    for _ in sys.stdin:
        begun = time.perf_counter_ns()
        values = Catalogue.from_json(text).face_values
        total = sum(one.cost for one in values.fixed)
        total += sum(one.minimum_cost + one.maximum_cost for one in values.range)
        took = time.perf_counter_ns() - begun
        count = len(values.fixed) + len(values.range)
        print(json.dumps({"nanoseconds": took, "count": count, "sum": str(total)}), flush=True)


def orders(url: str, count: int) -> None:
    configuration = openapi_client.Configuration(host=url, username="till", password="secret")
    configuration.connection_pool_maxsize = AT_ONCE
    store = openapi_client.StoreApi(openapi_client.ApiClient(configuration))
    numbers = itertools.count()

    def buy(_: Any) -> None:
        order_id = f"q{os.getpid():x}t{time.time_ns():x}n{next(numbers)}"[:32]
        (order,) = store.create_order(
            [
                OrderRequest(
                    user_uid=order_id,
                    face_value_id=1111,
                    face_value=10,
                    face_value_currency="CHF",
                    scenario="simulate-success",
                    beneficiary_information=[
                        BeneficiaryInformation(name="mobile", value="+41791234567")
                    ],
                )
            ]
        )
        assert order.user_uid == order_id

    with ThreadPoolExecutor(AT_ONCE) as pool:
        print("ready", flush=True)
        for _ in sys.stdin:
            begun = time.perf_counter_ns()
            for _ in pool.map(buy, range(count)):
                pass
            took = time.perf_counter_ns() - begun
            print(json.dumps({"nanoseconds": took, "count": count}), flush=True)


if __name__ == "__main__":
    if sys.argv[1] == "catalogue":
        catalogue(sys.argv[2])
    else:
        orders(sys.argv[2], int(sys.argv[3]))
