//! Makes the catalogue: the entries that tests and examples rely on, then any number that a seed invents.

use rust_decimal::Decimal;

use crate::catalogue::{
    Catalogue, Category, Check, Country, Element, FaceValue, Field, MOBILE_CATEGORY, Price, Product,
    ProductKind, Text, Window,
};
use crate::random::Random;

/// A larger catalogue is refused.
pub(crate) const PRODUCTS_MAX: u32 = 200_000;

/// The catalogue of this seed with so many invented products. Equal arguments give equal catalogues.
pub(crate) fn catalogue(seed: u64, products: u32) -> Catalogue {
    let mut random = Random::of_seed(seed);
    let mut all = documented();
    let mut next_face_value = 1_000_000;
    for number in 0..u64::from(products.min(PRODUCTS_MAX)) {
        all.push(invented(number, &mut next_face_value, &mut random));
    }
    let countries = COUNTRIES
        .iter()
        .map(|(id, name, dialling_code, iso2, iso3, _)| Country {
            id: *id,
            name,
            dialling_code: *dialling_code,
            iso2,
            iso3,
        })
        .collect();
    let categories = CATEGORIES.iter().map(|(id, name)| Category { id: *id, name }).collect();
    Catalogue::new(countries, categories, all)
}

/// Id, name, dialling code, ISO 3166-1 codes, currency.
const COUNTRIES: [(u64, &str, u64, &str, &str, &str); 24] = [
    (233, "Switzerland", 41, "CH", "CHE", "CHF"),
    (83, "Germany", 49, "DE", "DEU", "EUR"),
    (77, "France", 33, "FR", "FRA", "EUR"),
    (109, "Italy", 39, "IT", "ITA", "EUR"),
    (14, "Austria", 43, "AT", "AUT", "EUR"),
    (208, "Spain", 34, "ES", "ESP", "EUR"),
    (235, "United Kingdom", 44, "GB", "GBR", "GBP"),
    (236, "United States", 1, "US", "USA", "USD"),
    (42, "Colombia", 57, "CO", "COL", "COP"),
    (50, "Côte d'Ivoire", 225, "CI", "CIV", "XOF"),
    (86, "Ghana", 233, "GH", "GHA", "GHS"),
    (102, "India", 91, "IN", "IND", "INR"),
    (103, "Indonesia", 62, "ID", "IDN", "IDR"),
    (117, "Kenya", 254, "KE", "KEN", "KES"),
    (119, "Kuwait", 965, "KW", "KWT", "KWD"),
    (145, "Mexico", 52, "MX", "MEX", "MXN"),
    (150, "Morocco", 212, "MA", "MAR", "MAD"),
    (161, "Nigeria", 234, "NG", "NGA", "NGN"),
    (172, "Peru", 51, "PE", "PER", "PEN"),
    (173, "Philippines", 63, "PH", "PHL", "PHP"),
    (188, "Senegal", 221, "SN", "SEN", "XOF"),
    (209, "Sri Lanka", 94, "LK", "LKA", "LKR"),
    (225, "Tunisia", 216, "TN", "TUN", "TND"),
    (226, "Turkey", 90, "TR", "TUR", "TRY"),
];

const CATEGORIES: [(u64, &str); 8] = [
    (MOBILE_CATEGORY, "Mobile recharge"),
    (15, "Internet"),
    (16, "Electricity"),
    (17, "Television"),
    (18, "International calls"),
    (19, "Games"),
    (20, "Gift cards"),
    (21, "Messages"),
];

pub(crate) const LANGUAGES: [&str; 5] = ["en", "fr", "de", "es", "ru"];

/// 2020-01-01T00:00:00Z.
pub(crate) const PAST_MS: i64 = 1_577_836_800_000;
/// 2090-01-01T00:00:00Z.
pub(crate) const FUTURE_MS: i64 = 3_786_912_000_000;
const DAY_MS: i64 = 86_400_000;

/// The entries that the README lists. Their ids and amounts do not change.
fn documented() -> Vec<Product> {
    vec![
        Product {
            countries: vec![233],
            categories: vec![MOBILE_CATEGORY],
            // The document's own example pattern: escaped twice, so that it asks for a backslash and matches nothing.
            fields: vec![mobile_field("^\\\\+41[0-9]+")],
            face_values: vec![
                fixed(1111, "CHF", "10", "9.50"),
                range(2222, "CHF", ["10", "100", "10"], ["9.5", "95"]),
            ],
            ..product(1234, "Alpine Mobile", ProductKind::Instant)
        },
        Product {
            countries: vec![83, 14],
            categories: vec![20],
            zone: "Eurozone",
            face_values: vec![fixed(3333, "EUR", "25", "24.10")],
            ..product(1235, "Rhine Gift Code", ProductKind::PrepaidCode)
        },
        Product {
            countries: vec![233],
            categories: vec![16],
            fields: vec![account_field()],
            face_values: vec![fixed(4444, "CHF", "50", "48")],
            maintenance: Some(Window { id: 8001, start_ms: PAST_MS, stop_ms: FUTURE_MS }),
            ..product(1236, "Jura Power", ProductKind::Instant)
        },
        Product {
            countries: vec![233],
            categories: vec![15],
            fields: vec![account_field(), plan_field()],
            face_values: vec![fixed(5555, "CHF", "30", "28.5")],
            ..product(1237, "Lake Fibre", ProductKind::Instant)
        },
        Product {
            countries: vec![233],
            categories: vec![MOBILE_CATEGORY],
            fields: vec![mobile_field("^\\+41[0-9]{9}$")],
            face_values: vec![fixed(6666, "CHF", "5", "4.75")],
            fails_live: true,
            ..product(1238, "Summit Mobile", ProductKind::Instant)
        },
        Product {
            countries: vec![103, 119],
            categories: vec![19],
            zone: "Global",
            face_values: vec![
                fixed(7001, "CHF", "0.1", "0.095"),
                fixed(7002, "KWD", "12.345", "35.7931"),
                fixed(7003, "IDR", "100000000000.01", "5612345.67"),
                range(7004, "CHF", ["0.1", "0.7", "0.2"], ["0.1", "0.7"]),
            ],
            promotion: Some(Window { id: 9001, start_ms: PAST_MS, stop_ms: FUTURE_MS }),
            ..product(1239, "Odd Amounts", ProductKind::PrepaidCode)
        },
        // Everything that a product, its offers and an order of it can show, in one.
        Product {
            countries: vec![233, 83],
            categories: vec![17, 19],
            zone: "Eurozone",
            descriptions: texts("Films and games for the whole family", 4),
            usage_instructions: texts("Enter the code on the screen, then the PIN", 4),
            fields: vec![mobile_field("^\\+[1-9][0-9]{5,14}$"), plan_field(), note_field()],
            face_values: vec![
                FaceValue {
                    definition: "30 days, two screens, 5 GB \u{2013} \"all in\"".to_owned(),
                    ..fixed(8101, "EUR", "19.95", "18.7625")
                },
                range(8102, "EUR", ["2.5", "50", "2.5"], ["2.375", "47.5"]),
            ],
            promotion: Some(Window { id: 9002, start_ms: PAST_MS, stop_ms: FUTURE_MS }),
            tells_reference: true,
            ..product(1240, "Showcase Television", ProductKind::PrepaidCode)
        },
    ]
}

fn invented(number: u64, next_face_value: &mut u64, random: &mut Random) -> Product {
    let kind = match random.below(20) {
        0 => ProductKind::Sms,
        1 => ProductKind::Hlr,
        2..=7 => ProductKind::PrepaidCode,
        _ => ProductKind::Instant,
    };
    let home = random.one_of(&COUNTRIES);
    let mut countries = vec![home.0];
    for _ in 0..random.below(3) {
        let other = random.one_of(&COUNTRIES).0;
        if !countries.contains(&other) {
            countries.push(other);
        }
    }
    let mut categories = vec![random.one_of(&CATEGORIES).0];
    if random.below(4) == 0 {
        let other = random.one_of(&CATEGORIES).0;
        if !categories.contains(&other) {
            categories.push(other);
        }
    }
    let fields = match kind {
        ProductKind::PrepaidCode => Vec::new(),
        _ => match random.below(5) {
            0 => vec![account_field()],
            1 => vec![account_field(), plan_field()],
            2 => vec![mobile_field("^\\\\+[0-9]+")],
            _ => vec![mobile_field("^\\+[1-9][0-9]{5,14}$")],
        },
    };
    let face_values = (0..=random.below(6))
        .map(|_| {
            *next_face_value += 1 + random.below(3);
            invented_face_value(*next_face_value, home.5, random)
        })
        .collect();
    let start_ms = PAST_MS + DAY_MS * random.below(1_000) as i64;
    let stop_ms = FUTURE_MS + DAY_MS * random.below(1_000) as i64;
    let name = format!("{} {} {}", random.one_of(&FIRST_WORDS), random.one_of(&SECOND_WORDS), number + 1);
    Product {
        zone: ["Others", "Others", "Eurozone", "Global"][random.below(4) as usize],
        countries,
        categories,
        fields,
        face_values,
        maintenance: (random.below(40) == 0).then_some(Window { id: 800_000 + number, start_ms, stop_ms }),
        promotion: (random.below(12) == 0).then_some(Window { id: 900_000 + number, start_ms, stop_ms }),
        descriptions: texts(&format!("{name} in the shop and on the road"), random.below(4) as usize),
        usage_instructions: texts(
            "To redeem the code, follow what is printed on it",
            random.below(5) as usize,
        ),
        ..product(100_000 + number, &name, kind)
    }
}

const FIRST_WORDS: [&str; 8] = ["Amber", "Birch", "Cedar", "Delta", "Ember", "Fjord", "Grove", "Harbour"];
const SECOND_WORDS: [&str; 6] = ["Mobile", "Telecom", "Energy", "Play", "Voucher", "Connect"];

fn invented_face_value(id: u64, currency: &'static str, random: &mut Random) -> FaceValue {
    // A rate with four decimals, so that each cost is an exact product, often with awkward digits.
    let rate = Decimal::new(8_000 + random.below(2_000) as i64, 4);
    let price = if random.below(4) == 0 {
        let step = amount(random);
        let from = step * Decimal::from(1 + random.below(5));
        let to = from + step * Decimal::from(1 + random.below(50));
        Price::Range { from, to, step, cost_from: exact(from * rate), cost_to: exact(to * rate) }
    } else {
        let value = amount(random);
        Price::Fixed { value, cost: exact(value * rate) }
    };
    let definition =
        if random.below(10) == 0 { "Calls & data, 30 days – \"all in\"".to_owned() } else { String::new() };
    FaceValue { id, currency, definition, price }
}

/// Amounts that catch readers which go through binary floats, or guess the number of decimals.
fn amount(random: &mut Random) -> Decimal {
    match random.below(12) {
        0 => Decimal::new(1, 1),
        1 => Decimal::new(12_345, 3),
        2 => Decimal::new(10_000_000_000_001, 2),
        3 => Decimal::new(1 + random.below(100_000) as i64, 3),
        4 | 5 => Decimal::new(1 + random.below(100_000) as i64, 2),
        6 => Decimal::new(500 + 100 * random.below(90) as i64, 2),
        _ => Decimal::from(1 + random.below(500)),
    }
}

fn exact(cost: Decimal) -> Decimal {
    cost.normalize()
}

fn product(id: u64, name: &str, kind: ProductKind) -> Product {
    Product {
        id,
        name: name.to_owned(),
        zone: "Others",
        countries: Vec::new(),
        categories: Vec::new(),
        descriptions: texts(&format!("{name} is a brand of the sandbox"), 1),
        usage_instructions: texts("To redeem the code, call the number on your receipt", 1),
        kind,
        fields: Vec::new(),
        face_values: Vec::new(),
        maintenance: None,
        promotion: None,
        fails_live: false,
        tells_reference: kind == ProductKind::Instant,
    }
}

fn texts(text: &str, further: usize) -> Vec<Text> {
    LANGUAGES
        .iter()
        .take(1 + further)
        .map(|language| Text {
            language,
            text: if *language == "en" { text.to_owned() } else { format!("[{language}] {text}") },
        })
        .collect()
}

fn fixed(id: u64, currency: &'static str, value: &str, cost: &str) -> FaceValue {
    let price = Price::Fixed { value: decimal(value), cost: decimal(cost) };
    FaceValue { id, currency, definition: String::new(), price }
}

fn range(id: u64, currency: &'static str, [from, to, step]: [&str; 3], [low, high]: [&str; 2]) -> FaceValue {
    let price = Price::Range {
        from: decimal(from),
        to: decimal(to),
        step: decimal(step),
        cost_from: decimal(low),
        cost_to: decimal(high),
    };
    FaceValue { id, currency, definition: String::new(), price }
}

/// Reads a constant of this file; a misprint shows in the first test that starts a sandbox.
fn decimal(text: &str) -> Decimal {
    Decimal::from_str_exact(text)
        .unwrap_or_else(|error| panic!("{text} in the documented catalogue: {error}"))
}

fn mobile_field(pattern: &'static str) -> Field {
    Field {
        name: "mobile",
        description: "Beneficiary mobile number in E.164 format",
        input: "input",
        pattern: Some(pattern),
        elements: Vec::new(),
        required: true,
        check: Check::Mobile,
    }
}

fn account_field() -> Field {
    Field {
        name: "account",
        description: "Customer number on the bill",
        input: "input",
        pattern: Some("^.+$"),
        elements: Vec::new(),
        required: true,
        check: Check::Text,
    }
}

fn note_field() -> Field {
    Field {
        name: "note",
        description: "A line on the receipt",
        input: "input",
        pattern: None,
        elements: Vec::new(),
        required: false,
        check: Check::Text,
    }
}

fn plan_field() -> Field {
    Field {
        name: "plan",
        description: "Plan to pay for",
        input: "select",
        pattern: None,
        elements: vec![
            Element { value: "basic", description: "Basic, 10 Mbit/s" },
            Element { value: "plus", description: "Plus, 100 Mbit/s" },
        ],
        required: true,
        check: Check::Element,
    }
}
