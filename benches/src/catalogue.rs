//! The catalogue that is read: as large as the gateway's, in the shape of its OpenAPI file, the same in every run.
//!
//! It has no promotions, because the generated Go client refuses any catalogue that has one.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::Result;

/// Six to eight each: 43,000 for 6,000 products.
const FACE_VALUES_MIN: u64 = 6;
const LANGUAGES: [&str; 5] = ["en", "fr", "de", "es", "ru"];
const CURRENCIES: [&str; 8] = ["CHF", "EUR", "USD", "KES", "IDR", "KWD", "XOF", "COP"];

/// Writes it into a file.
pub fn write(products: &str, file: &str) -> Result<()> {
    let catalogue = make(products.parse()?);
    std::fs::write(file, catalogue)?;
    Ok(())
}

fn make(products: u64) -> String {
    let mut random = Random(0x7465_6c6c);
    let (mut listed, mut fixed, mut ranges) = (Vec::new(), Vec::new(), Vec::new());
    let mut next_id = 1_000_000;
    for number in 0..products {
        let id = 100_000 + number;
        let mut ids = Vec::new();
        let currency = CURRENCIES[random.below(CURRENCIES.len() as u64) as usize];
        for _ in 0..FACE_VALUES_MIN + random.below(3) + u64::from(random.below(6) == 0) {
            next_id += 1 + random.below(3);
            ids.push(next_id);
            if random.below(4) == 0 {
                ranges.push(range(id, next_id, currency, &mut random));
            } else {
                fixed.push(one(id, next_id, currency, &mut random));
            }
        }
        listed.push(product(id, number, ids, &mut random));
    }
    // Put together by hand: numbers with digits that no float has are what it is about.
    let ids: Vec<u64> = (0..products).map(|number| 100_000 + number).collect();
    let rest = json!({
        "countries": countries(),
        "categories": (14..22).map(|id| json!({
            "category_id": id, "category_name": format!("Category {id}"), "promotion": false,
            "product_ids": ids.iter().filter(|product| *product % 8 == id % 8).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
        "products": listed,
        "maintenance": [],
        "promotions": [],
    });
    let mut text = rest.to_string();
    text.pop();
    let _ = write!(
        text,
        ",\"face_values\":{{\"fixed\":[{}],\"range\":[{}]}}}}",
        fixed.join(","),
        ranges.join(",")
    );
    text
}

fn one(product: u64, id: u64, currency: &str, random: &mut Random) -> String {
    let definition = if random.below(10) == 0 { "Calls & data, 30 days \u{2013} \\\"all in\\\"" } else { "" };
    format!(
        "{{\"product_id\":{product},\"face_value_id\":{id},\"face_value\":{},\"face_value_currency\":\"{currency}\",\
         \"cost\":{},\"cost_currency\":\"CHF\",\"definition\":\"{definition}\",\"promotion\":false}}",
        random.amount(),
        random.amount()
    )
}

fn range(product: u64, id: u64, currency: &str, random: &mut Random) -> String {
    format!(
        "{{\"product_id\":{product},\"face_value_id\":{id},\"face_value_from\":{},\"face_value_to\":{},\"face_value_step\":0.5,\
         \"face_value_currency\":\"{currency}\",\"minimum_cost\":{},\"maximum_cost\":{},\"cost_currency\":\"CHF\",\
         \"promotion\":false}}",
        random.amount(),
        1_000 + random.below(1_000),
        random.amount(),
        random.amount()
    )
}

fn product(id: u64, number: u64, face_values: Vec<u64>, random: &mut Random) -> Value {
    let texts = |text: &str, languages: usize| -> Vec<Value> {
        LANGUAGES
            .iter()
            .take(languages)
            .map(|language| json!({"language": language, "text": format!("[{language}] {text} {number}")}))
            .collect()
    };
    json!({
        "product_id": id,
        "product_name": format!("Harbour Telecom {number}"),
        "type": if random.below(3) == 0 { "prepaid_code" } else { "instant" },
        "country_zone": "Others",
        "countries": [233, 14 + random.below(200)],
        "categories": [14 + random.below(8)],
        "product_description": texts("in the shop and on the road, for everybody who calls home", 5),
        "logo_url": format!("https://logos.example/{id}.png"),
        "promotion": false,
        "maintenance": false,
        "beneficiary_information": [
            {"name": "mobile", "description": "Beneficiary mobile number in E.164 format", "type": "input",
             "pattern": "^\\+[1-9][0-9]{5,14}$", "required": true},
            {"name": "plan", "description": "Plan to pay for", "type": "select", "required": false,
             "elements": [{"value": "basic", "description": "Basic, 10 Mbit/s"}, {"value": "plus", "description": "Plus"}]},
        ],
        "face_value_ids": face_values,
        "usage_instructions": texts("To redeem the code, follow what is printed on it", 4),
    })
}

fn countries() -> Vec<Value> {
    (0..240)
        .map(|id| {
            let letter = |at: u64| char::from(b'A' + (at % 26) as u8);
            json!({
                "country_id": id, "country_name": format!("Country {id}"), "country_code": 1 + id,
                "country_iso_alpha2": format!("{}{}", letter(id / 26), letter(id)),
                "country_iso_alpha3": format!("{}{}X", letter(id / 26), letter(id)),
                "promotion": false, "category_ids": [14, 15, 16],
            })
        })
        .collect()
}

/// Numbers that only look random: xorshift, seeded.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % bound
    }

    /// Whole, with two decimals, with four.
    fn amount(&mut self) -> String {
        match self.below(4) {
            0 => format!("{}", 1 + self.below(500)),
            1 => format!("{}.{:04}", self.below(200), self.below(10_000)),
            _ => format!("{}.{:02}", self.below(500), self.below(100)),
        }
    }
}
