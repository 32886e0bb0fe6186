"""Walks through the catalogue, from a country to what an order would be, and buys nothing.

    python catalogue_walk.py [URL [USER [PASSWORD [JOURNAL [COUNTRY [PRODUCT]]]]]]

Without arguments it asks the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`. It needs no journal.
"""

from __future__ import annotations

import sys

import tillgate
from shop import arguments
from tillgate import CysendFieldType

# What a customer would type into the form.
TYPED = {"mobile": "+41791234567", "account": "12345678"}
DELIVERED = (tillgate.CysendProductType.INSTANT, tillgate.CysendProductType.PREPAID_CODE)


def main() -> bool:
    url, user, password, _journal, *wanted = arguments()
    country_iso2 = wanted[0] if wanted else "CH"
    credentials = tillgate.CysendCredentials(user=user, password=tillgate.Secret(password))
    with tillgate.CysendClient(tillgate.CysendConfig(credentials=credentials, base_url=url)) as client:
        for country in client.get_countries(tillgate.CysendCountryFilter()):
            print(f"{country.country_iso_alpha2} {country.country_name}")

        # Not with the filter `mobile`: each call with it is billed.
        products = client.get_products(tillgate.CysendProductFilter(country_iso2=country_iso2))
        for product in products:
            note = "under maintenance" if product.maintenance else product.product_type
            print(f"  {product.product_id} {product.product_name}: {note}")
        chosen = choose(products, wanted[1] if len(wanted) > 1 else None)
        if chosen is None:
            print(f"Nothing to choose in {country_iso2}.")
            return False

        beneficiary = fill_in(chosen)
        return quote(client, chosen, beneficiary)


def choose(products: list[tillgate.CysendProduct], product_id: str | None) -> tillgate.CysendProduct | None:
    """The product with this number, or else the one with the longest form."""
    products = [p for p in products if not p.maintenance and p.product_type in DELIVERED]
    if product_id is not None:
        products = [p for p in products if p.product_id == int(product_id)]
    return max(products, key=lambda p: len(p.beneficiary_information), default=None)


def fill_in(product: tillgate.CysendProduct) -> list[tillgate.BeneficiaryField]:
    """Shows the form of a product, and fills it in as a customer would."""
    print(f"\n{product.product_name} asks for:")
    filled = []
    for field in product.beneficiary_information:
        print(f"  {field.name}{'' if field.required else ' (if you like)'}: {field.description}")
        if field.field_type == CysendFieldType.SELECT and field.elements:
            for element in field.elements:
                print(f"    {element.value}: {element.description}")
            value = field.elements[0].value
        else:
            # `field.pattern` is advice for a form and no more: published patterns partly match nothing.
            value = TYPED.get(field.name, "")
        if value:
            filled.append(tillgate.BeneficiaryField(name=field.name, value=value))
    return filled


def quote(
    client: tillgate.CysendClient,
    product: tillgate.CysendProduct,
    beneficiary: list[tillgate.BeneficiaryField],
) -> bool:
    """Asks what each face value costs, and says what the order for the first would be."""
    told = [tillgate.CysendBeneficiary(name=field.name, value=field.value) for field in beneficiary]
    face_values = client.get_face_values(tillgate.CysendFaceValueFilter(product_id=product.product_id))
    offers = [
        tillgate.CysendCostRequest(
            face_value_id=offer.face_value_id,
            face_value=offer.face_value,
            face_value_currency=offer.face_value_currency,
            beneficiary_information=told,
        )
        for offer in face_values.fixed
    ]
    # Of a range the customer chooses any step; this one takes the smallest.
    offers += [
        tillgate.CysendCostRequest(
            face_value_id=offer.face_value_id,
            face_value=offer.face_value_from,
            face_value_currency=offer.face_value_currency,
            beneficiary_information=told,
        )
        for offer in face_values.range
    ]
    if not offers:
        print(f"{product.product_name} has no face value now.")
        return False
    # Right at this moment. What the account is debited in the end stands in the order: `Order.cost`.
    for cost in client.get_product_cost(offers):
        print(f"  {cost.face_value} {cost.face_value_currency} costs {cost.cost} {cost.currency}")

    bounds = {
        offer.face_value_id: tillgate.AmountRange(
            minimum=offer.face_value_from, maximum=offer.face_value_to, step=offer.face_value_step
        )
        for offer in face_values.range
    }
    first = offers[0]
    order = tillgate.NewOrder(
        id=tillgate.new_id(),  # to be saved before `buy`
        product=str(first.face_value_id),  # of today's catalogue: the number changes when the value does
        amount=tillgate.Money(amount=first.face_value, currency=first.face_value_currency),
        scenario=tillgate.CysendOrderScenario.SIMULATE_SUCCESS,
        beneficiary=beneficiary,
        # Checked before anything is sent.
        amount_range=bounds.get(first.face_value_id),
    )
    money = order.amount
    print(f"\nThe order would be: {money.amount} {money.currency} of {order.product} ({order.scenario}) for")
    for field in order.beneficiary:
        print(f"  {field.name} {field.value}")
    return True


if __name__ == "__main__":
    try:
        sys.exit(0 if main() else 1)
    except tillgate.TillgateError as error:
        sys.exit(str(error))
