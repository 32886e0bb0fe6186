"""Sells one top-up of 10 CHF, and receives the gateway's callback about it by the till itself.

    python receive_callback.py [URL [USER [PASSWORD [JOURNAL [PUBLIC_URL [CERTIFICATE KEY]]]]]]

Without arguments it sells at the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`. For Flask, Django
and FastAPI see the folder `web`.
"""

from __future__ import annotations

import sys
from decimal import Decimal

import tillgate
from shop import arguments, in_words, load, open_till, save
from tillgate import OrderState


def main() -> bool:
    url, user, password, journal, *public = arguments()
    with open_till(url, user, password, journal) as till:
        # sample: receive
        # The account is attached before. The receiver goes on until it or the till is closed.
        receiver = till.receive_callbacks(config_of(path_of(journal), *public))
        order_id = tillgate.new_id()
        save(journal + ".sale", order_id)
        till.buy(top_up(order_id, receiver.callback_url()))
        # Nothing that a callback says is believed: it only makes the till ask the gateway sooner. So there is
        # nothing to do here but to wait, as without callbacks; or to read events.
        order = till.wait(order_id, 120_000)
        # sample ends
        print(in_words(order))
        status = receiver.status()
        print(f"Taken: {status.handled} callbacks of {status.connections} requests.")
        receiver.close()
        return order.state == OrderState.SUCCEEDED


def config_of(path: tillgate.Secret, *public: str) -> tillgate.CallbackReceiverConfig:
    if not public:
        # For this machine's sandbox alone.
        return tillgate.CallbackReceiverConfig(address="127.0.0.1:0", path=path)
    public_url, *files = public
    return with_tls(path, public_url, *files) if files else behind_a_proxy(path, public_url)


# sample: tls
def with_tls(
    path: tillgate.Secret, public_url: str, certificate_file: str, key_file: str
) -> tillgate.CallbackReceiverConfig:
    with open(certificate_file, encoding="ascii") as certificate, open(key_file, encoding="ascii") as key:
        return tillgate.CallbackReceiverConfig(
            address="0.0.0.0:8443",
            path=path,
            public_url=public_url,  # such as https://till.example:8443
            tls_certificate_pem=certificate.read(),
            tls_key_pem=tillgate.Secret(key.read()),
        )
        # sample ends


# sample: proxy
def behind_a_proxy(path: tillgate.Secret, public_url: str) -> tillgate.CallbackReceiverConfig:
    return tillgate.CallbackReceiverConfig(
        address="127.0.0.1:8081",
        path=path,
        public_url=public_url,  # such as https://shop.example/cysend
    )
    # sample ends


def path_of(journal: str) -> tillgate.Secret:
    """The path that nobody guesses: it keeps strangers out, since callbacks are not signed.

    The same at each start, so that orders of an earlier one are heard of too.
    """
    saved = load(journal + ".path")
    if saved is not None:
        return tillgate.Secret(saved)
    path = tillgate.new_callback_path()
    save(journal + ".path", path.reveal())
    return path


def top_up(order_id: str, callback_url: str) -> tillgate.NewOrder:
    # For the sandbox: who knows the address can send callbacks, so a real till tells it to the gateway alone.
    print(f"callbacks at {callback_url}", flush=True)
    return tillgate.NewOrder(
        id=order_id,
        product="1111",  # the catalogue's number of this face value
        amount=tillgate.Money(amount=Decimal(10), currency="CHF"),
        scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,  # LIVE costs money; there is no default
        beneficiary=[tillgate.BeneficiaryField(name="mobile", value="+41791234567")],
        callback_url=callback_url,
    )


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except tillgate.TillgateError as error:
        # The text says what happened to the money and what to do now.
        sys.exit(str(error))
