//! Walks through the catalogue, from a country to what an order would be, and buys nothing.
//!
//!     cargo run -p tillgate --example catalogue_walk -- [URL [USER [PASSWORD [JOURNAL [COUNTRY [PRODUCT]]]]]]
//!
//! Without arguments it asks the sandbox: `cargo run -p tillgate-sandbox -- --port 8765`. It needs no journal.

mod shop;

use std::error::Error;
use std::process::ExitCode;

use tillgate::{
    AmountRange, BeneficiaryField, CysendBeneficiary, CysendClient, CysendCostRequest, CysendCountryFilter,
    CysendFaceValueFilter, CysendFieldType, CysendProduct, CysendProductFilter, CysendProductType, Money,
    NewOrder, block_on, new_id,
};

use shop::arguments;

/// What a customer would type into the form.
const TYPED: [(&str, &str); 2] = [("mobile", "+41791234567"), ("account", "12345678")];

fn main() -> ExitCode {
    shop::end(walk())
}

fn walk() -> Result<bool, Box<dyn Error>> {
    let told = arguments();
    let country = told.more.first().cloned().unwrap_or("CH".into());
    let client = shop::client(&told)?;

    for country in block_on(client.get_countries(CysendCountryFilter::default()))? {
        println!("{} {}", country.country_iso_alpha2, country.country_name);
    }
    // Not with the filter `mobile`: each call with it is billed.
    let filter =
        CysendProductFilter { country_iso2: Some(country.clone()), ..CysendProductFilter::default() };
    let products = block_on(client.get_products(filter))?;
    for product in &products {
        let note = if product.maintenance { "under maintenance" } else { product.product_type.as_str() };
        println!("  {} {}: {note}", product.product_id, product.product_name);
    }
    let wanted: Option<i64> = told.more.get(1).map(|id| id.parse()).transpose()?;
    let Some(chosen) = choose(&products, wanted) else {
        println!("Nothing to choose in {country}.");
        return Ok(false);
    };
    let beneficiary = fill_in(chosen);
    quote(&client, chosen, beneficiary)
}

/// The product with this number, or else the one with the longest form.
fn choose(products: &[CysendProduct], wanted: Option<i64>) -> Option<&CysendProduct> {
    let can_be_bought = |product: &&CysendProduct| {
        !product.maintenance
            && matches!(product.product_type, CysendProductType::Instant | CysendProductType::PrepaidCode)
    };
    let products = products.iter().filter(can_be_bought);
    products
        .filter(|product| wanted.is_none_or(|id| product.product_id == id))
        .max_by_key(|product| product.beneficiary_information.len())
}

/// Shows the form of a product, and fills it in as a customer would.
fn fill_in(product: &CysendProduct) -> Vec<BeneficiaryField> {
    println!("\n{} asks for:", product.product_name);
    let mut filled = Vec::new();
    for field in &product.beneficiary_information {
        let needed = if field.required { "" } else { " (if you like)" };
        println!("  {}{needed}: {}", field.name, field.description);
        for element in &field.elements {
            println!("    {}: {}", element.value, element.description);
        }
        let value = match (&field.field_type, field.elements.first()) {
            (CysendFieldType::Select, Some(first)) => Some(first.value.as_str()),
            // `field.pattern` is advice for a form and no more: published patterns partly match nothing.
            _ => TYPED.iter().find(|(name, _)| *name == field.name).map(|(_, typed)| *typed),
        };
        if let Some(value) = value {
            filled.push(BeneficiaryField { name: field.name.clone(), value: value.into() });
        }
    }
    filled
}

/// Asks what each face value costs, and says what the order for the first would be.
fn quote(
    client: &CysendClient,
    product: &CysendProduct,
    beneficiary: Vec<BeneficiaryField>,
) -> Result<bool, Box<dyn Error>> {
    let filter =
        CysendFaceValueFilter { product_id: Some(product.product_id), ..CysendFaceValueFilter::default() };
    let face_values = block_on(client.get_face_values(filter))?;
    let mut offers: Vec<(i64, Money, Option<AmountRange>)> = Vec::new();
    for fixed in face_values.fixed {
        offers.push((fixed.face_value_id, Money::new(fixed.face_value, fixed.face_value_currency), None));
    }
    for range in face_values.range {
        // The customer chooses any step; this one takes the smallest amount.
        let amount = Money::new(range.face_value_from, range.face_value_currency);
        let bounds = AmountRange {
            minimum: range.face_value_from,
            maximum: range.face_value_to,
            step: range.face_value_step,
        };
        offers.push((range.face_value_id, amount, Some(bounds)));
    }
    let request = |(id, amount, _): &(i64, Money, Option<AmountRange>)| CysendCostRequest {
        face_value_id: *id,
        face_value: amount.amount,
        face_value_currency: amount.currency.clone(),
        beneficiary_information: beneficiary
            .iter()
            .map(|field| CysendBeneficiary::new(&field.name, &field.value))
            .collect(),
        gift_card_code: None,
    };
    let requests: Vec<CysendCostRequest> = offers.iter().map(request).collect();
    let Some((face_value_id, amount, amount_range)) = offers.into_iter().next() else {
        println!("{} has no face value now.", product.product_name);
        return Ok(false);
    };
    // Right at this moment. What the account is debited in the end stands in the order: `Order.cost`.
    for cost in block_on(client.get_product_cost(requests))? {
        println!("  {} {} costs {} {}", cost.face_value, cost.face_value_currency, cost.cost, cost.currency);
    }

    // The id is to be saved before `buy`. The number is of today's catalogue: it changes when the value does.
    let order = NewOrder {
        beneficiary,
        amount_range,
        ..NewOrder::new(new_id(), face_value_id.to_string(), amount, "simulate-success")
    };
    let Money { amount, currency } = &order.amount;
    println!("\nThe order would be: {amount} {currency} of {} ({}) for", order.product, order.scenario);
    for field in &order.beneficiary {
        println!("  {} {}", field.name, field.value);
    }
    Ok(true)
}
