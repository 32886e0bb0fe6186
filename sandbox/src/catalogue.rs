//! The catalogue: what is sold, and the answers that list it.

use std::collections::{BTreeSet, HashMap};

use rust_decimal::Decimal;
use serde::Serialize;

use crate::clock::DateForm;
use crate::errors::{ApiError, not_found, wrong_parameters};
use crate::gift_cards::GiftCard;
use crate::http::Response;
use crate::ledger::BeneficiaryValue;
use crate::money::Amount;
use crate::operations::Operation;

/// The category in which a mobile number is looked for.
pub(crate) const MOBILE_CATEGORY: u64 = 14;

#[derive(Debug)]
pub(crate) struct Country {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
    pub(crate) dialling_code: u64,
    pub(crate) iso2: &'static str,
    pub(crate) iso3: &'static str,
}

#[derive(Debug)]
pub(crate) struct Category {
    pub(crate) id: u64,
    pub(crate) name: &'static str,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Text {
    pub(crate) language: &'static str,
    pub(crate) text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ProductKind {
    Instant,
    PrepaidCode,
    Sms,
    Hlr,
}

/// A field that the beneficiary must or may fill in.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    #[serde(rename = "type")]
    pub(crate) input: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) pattern: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) elements: Vec<Element>,
    pub(crate) required: bool,
    /// What is really enforced. The published patterns partly match nothing, as the gateway's do.
    #[serde(skip)]
    pub(crate) check: Check,
}

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Element {
    pub(crate) value: &'static str,
    pub(crate) description: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Check {
    /// `+` and 6 to 15 digits.
    Mobile,
    /// Anything but the empty text.
    Text,
    /// One of the elements.
    Element,
}

#[derive(Debug)]
pub(crate) struct Product {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) zone: &'static str,
    pub(crate) countries: Vec<u64>,
    pub(crate) categories: Vec<u64>,
    pub(crate) descriptions: Vec<Text>,
    pub(crate) usage_instructions: Vec<Text>,
    pub(crate) kind: ProductKind,
    pub(crate) fields: Vec<Field>,
    pub(crate) face_values: Vec<FaceValue>,
    pub(crate) maintenance: Option<Window>,
    pub(crate) promotion: Option<Window>,
    /// Whether a live order of it ends as failed.
    pub(crate) fails_live: bool,
    /// Whether its issuer tells a reference of its own with each purchase.
    pub(crate) tells_reference: bool,
}

/// A maintenance or a promotion of one product.
#[derive(Debug)]
pub(crate) struct Window {
    pub(crate) id: u64,
    pub(crate) start_ms: i64,
    pub(crate) stop_ms: i64,
}

#[derive(Debug)]
pub(crate) struct FaceValue {
    pub(crate) id: u64,
    pub(crate) currency: &'static str,
    pub(crate) definition: String,
    pub(crate) price: Price,
}

/// Costs are in CHF, and converted for accounts in another currency.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Price {
    Fixed { value: Decimal, cost: Decimal },
    Range { from: Decimal, to: Decimal, step: Decimal, cost_from: Decimal, cost_to: Decimal },
}

#[derive(Debug)]
pub(crate) struct Catalogue {
    countries: Vec<Country>,
    categories: Vec<Category>,
    products: Vec<Product>,
    by_product: HashMap<u64, usize>,
    by_face_value: HashMap<u64, (usize, usize)>,
}

impl Catalogue {
    pub(crate) fn new(
        countries: Vec<Country>,
        categories: Vec<Category>,
        products: Vec<Product>,
    ) -> Catalogue {
        let by_product = products.iter().enumerate().map(|(at, product)| (product.id, at)).collect();
        let mut by_face_value = HashMap::new();
        for (at, product) in products.iter().enumerate() {
            for (below, face_value) in product.face_values.iter().enumerate() {
                by_face_value.insert(face_value.id, (at, below));
            }
        }
        Catalogue { countries, categories, products, by_product, by_face_value }
    }

    pub(crate) fn face_value(&self, id: u64) -> Option<(&Product, &FaceValue)> {
        let (at, below) = *self.by_face_value.get(&id)?;
        let product = &self.products[at];
        Some((product, &product.face_values[below]))
    }

    pub(crate) fn product(&self, id: u64) -> Option<&Product> {
        self.by_product.get(&id).map(|at| &self.products[*at])
    }

    /// Answers one of the catalogue's operations, with costs in the currency of the account. A gift card leaves what
    /// it can buy at this time.
    pub(crate) fn answer(
        &self,
        operation: Operation,
        query: &[(String, String)],
        currency: &str,
        gift_card: Option<&GiftCard>,
        now_ms: i64,
    ) -> Response {
        let filter = match self.filter(query) {
            Ok(filter) => filter,
            Err(refusal) => return refusal,
        };
        // Of countries and categories, the flag is about the whole of each, not about one of its products.
        let promotion = match operation {
            Operation::GetCountries | Operation::GetCategories => None,
            _ => filter.promotion,
        };
        let takes = |product: &&Product| {
            filter.takes(product)
                && promotion.is_none_or(|wanted| product.promotion.is_some() == wanted)
                && gift_card.is_none_or(|card| card.buys(product.id, now_ms))
        };
        let chosen: Vec<&Product> = self.products.iter().filter(takes).collect();
        match operation {
            Operation::GetCatalogue => self.whole(&chosen, &filter, currency),
            Operation::GetCountries => list(&self.country_views(&chosen, &filter)),
            Operation::GetCategories => list(&self.category_views(&chosen, &filter)),
            Operation::GetProducts => {
                list(&chosen.iter().map(|product| product.view(&filter)).collect::<Vec<_>>())
            }
            Operation::GetFaceValues => {
                let views = face_value_views(&chosen, &filter, currency);
                if views.fixed.is_empty() && views.range.is_empty() {
                    return Response::empty(204);
                }
                Response::json(200, &views)
            }
            Operation::GetMaintenance => list(&maintenance_views(&chosen)),
            Operation::GetPromotions => list(&promotion_views(&chosen)),
            _ => ApiError::response(404, "Not found", "This is not an operation of the catalogue."),
        }
    }

    fn whole(&self, chosen: &[&Product], filter: &Filter, currency: &str) -> Response {
        if chosen.is_empty() {
            return Response::empty(204);
        }
        Response::json(
            200,
            &CatalogueView {
                countries: self.country_views(chosen, filter),
                categories: self.category_views(chosen, filter),
                products: chosen.iter().map(|product| product.view(filter)).collect(),
                face_values: face_value_views(chosen, filter, currency),
                maintenance: maintenance_views(chosen),
                promotions: promotion_views(chosen),
            },
        )
    }

    fn country_views(&self, chosen: &[&Product], filter: &Filter) -> Vec<CountryView> {
        let mut categories: HashMap<u64, BTreeSet<u64>> = HashMap::new();
        let mut promoted = BTreeSet::new();
        for product in chosen {
            for country in &product.countries {
                categories.entry(*country).or_default().extend(&product.categories);
                if product.promotion.is_some() {
                    promoted.insert(*country);
                }
            }
        }
        self.countries
            .iter()
            .filter(|country| filter.country.is_none_or(|id| country.id == id))
            .filter(|country| filter.promotion.is_none_or(|wanted| promoted.contains(&country.id) == wanted))
            .filter_map(|country| {
                Some(CountryView {
                    country_id: country.id,
                    country_name: country.name,
                    country_code: country.dialling_code,
                    country_iso_alpha2: country.iso2,
                    country_iso_alpha3: country.iso3,
                    promotion: promoted.contains(&country.id),
                    category_ids: categories.get(&country.id)?.iter().copied().collect(),
                })
            })
            .collect()
    }

    fn category_views(&self, chosen: &[&Product], filter: &Filter) -> Vec<CategoryView> {
        let mut products: HashMap<u64, Vec<u64>> = HashMap::new();
        let mut promoted = BTreeSet::new();
        for product in chosen {
            for category in &product.categories {
                products.entry(*category).or_default().push(product.id);
                if product.promotion.is_some() {
                    promoted.insert(*category);
                }
            }
        }
        self.categories
            .iter()
            .filter(|category| filter.category.is_none_or(|id| category.id == id))
            .filter(|category| {
                filter.promotion.is_none_or(|wanted| promoted.contains(&category.id) == wanted)
            })
            .filter_map(|category| {
                Some(CategoryView {
                    category_id: category.id,
                    category_name: category.name,
                    promotion: promoted.contains(&category.id),
                    product_ids: products.remove(&category.id)?,
                })
            })
            .collect()
    }

    fn filter(&self, query: &[(String, String)]) -> Result<Filter, Response> {
        let mut filter = Filter::default();
        for (name, value) in query {
            match name.as_str() {
                "country_id" => {
                    let id = number(name, value)?;
                    if !self.countries.iter().any(|country| country.id == id) {
                        return Err(not_found("Country", value));
                    }
                    filter.country = Some(id);
                }
                "country_iso2" => {
                    if value.len() != 2 || !value.bytes().all(|byte| byte.is_ascii_uppercase()) {
                        return Err(wrong_parameters("The parameter country_iso2 is two capital letters."));
                    }
                    let country = self.countries.iter().find(|country| country.iso2 == value);
                    filter.country = Some(country.ok_or_else(|| not_found("Country", value))?.id);
                }
                "category_id" => {
                    let id = number(name, value)?;
                    if !self.categories.iter().any(|category| category.id == id) {
                        return Err(not_found("Category", value));
                    }
                    filter.category = Some(id);
                }
                "product_id" => {
                    let id = number(name, value)?;
                    self.product(id).ok_or_else(|| not_found("Product", value))?;
                    filter.product = Some(id);
                }
                "face_value_id" => {
                    let id = number(name, value)?;
                    self.face_value(id).ok_or_else(|| not_found("Face value", value))?;
                    filter.face_value = Some(id);
                }
                "maintenance" => filter.maintenance = Some(truth(name, value)?),
                "promotion" => filter.promotion = Some(truth(name, value)?),
                "return_usage_instruction" => filter.with_usage_instructions = truth(name, value)?,
                "languages" => {
                    filter.languages = Some(value.split(',').map(|code| code.trim().to_owned()).collect())
                }
                "mobile" => {
                    let number = mobile_number(value).ok_or_else(|| {
                        wrong_parameters("The parameter mobile must be a number in E.164 format.")
                    })?;
                    filter.mobile_product = Some(self.operator_of(number));
                }
                // The document says nothing of unknown parameters; servers commonly ignore them.
                _ => {}
            }
        }
        Ok(filter)
    }

    /// The product of a mobile number: the first of its country, by the longest dialling code.
    fn operator_of(&self, number: &str) -> Option<u64> {
        let country = self
            .countries
            .iter()
            .filter(|country| number.starts_with(&country.dialling_code.to_string()))
            .max_by_key(|country| country.dialling_code)?;
        let operator = self.products.iter().find(|product| {
            product.countries.contains(&country.id) && product.categories.contains(&MOBILE_CATEGORY)
        })?;
        Some(operator.id)
    }
}

impl FaceValue {
    /// What an order of this amount costs an account in this currency; the error says why it cannot be ordered.
    pub(crate) fn cost_of(&self, amount: Decimal, currency: &str) -> Result<Decimal, String> {
        match self.price {
            Price::Fixed { value, cost } if value == amount => Ok(converted(cost, currency)),
            Price::Fixed { value, .. } => Err(format!("The parameter face_value must be {value}.")),
            Price::Range { from, to, step, cost_to, .. } => {
                if amount < from || amount > to || !((amount - from) % step).is_zero() {
                    return Err(format!(
                        "The parameter face_value must lie between {from} and {to} in steps of {step}."
                    ));
                }
                // "you must use a rule of three" (description of getFaceValues in the document).
                let cost = cost_to.checked_mul(amount).and_then(|product| product.checked_div(to));
                let cost = cost.ok_or("The parameter face_value is too large.")?;
                Ok(converted(cost.round_dp(7).normalize(), currency))
            }
        }
    }
}

impl Product {
    /// Says what is wrong with the values given for its fields, if anything.
    pub(crate) fn check(&self, given: &[BeneficiaryValue]) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for value in given {
            let Some(field) = self.fields.iter().find(|field| field.name == value.name) else {
                return Err(format!("The beneficiary information {} is not asked for.", value.name));
            };
            if !seen.insert(value.name.as_str()) {
                return Err(format!("The beneficiary information {} is given twice.", value.name));
            }
            let good = match field.check {
                Check::Mobile => mobile_number(&value.value).is_some(),
                Check::Text => !value.value.trim().is_empty(),
                Check::Element => field.elements.iter().any(|element| element.value == value.value),
            };
            if !good {
                return Err(format!("The beneficiary information {} is wrong.", value.name));
            }
        }
        match self.fields.iter().find(|field| field.required && !seen.contains(field.name)) {
            Some(missing) => Err(format!("The beneficiary information {} is missing.", missing.name)),
            None => Ok(()),
        }
    }

    fn view(&self, filter: &Filter) -> ProductView<'_> {
        ProductView {
            product_id: self.id,
            product_name: &self.name,
            country_zone: self.zone,
            countries: &self.countries,
            categories: &self.categories,
            product_description: filter.in_languages(&self.descriptions),
            logo_url: "https://www.cysend.com/images/products_images/star.svg",
            kind: self.kind,
            promotion: self.promotion.is_some(),
            maintenance: self.maintenance.is_some(),
            beneficiary_information: &self.fields,
            face_value_ids: self.face_values.iter().map(|face_value| face_value.id).collect(),
            usage_instructions: filter
                .with_usage_instructions
                .then(|| filter.in_languages(&self.usage_instructions)),
        }
    }
}

/// A cost in CHF, in the currency of an account. The rates are invented and fixed.
pub(crate) fn converted(cost_chf: Decimal, currency: &str) -> Decimal {
    let rate = match currency {
        "EUR" => Decimal::new(105, 2),
        "USD" => Decimal::new(112, 2),
        "GBP" => Decimal::new(90, 2),
        _ => return cost_chf,
    };
    (cost_chf * rate).round_dp(4).normalize()
}

/// The digits of a number in E.164 format.
fn mobile_number(text: &str) -> Option<&str> {
    let digits = text.strip_prefix('+')?;
    ((6..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())).then_some(digits)
}

fn list<T: Serialize>(items: &[T]) -> Response {
    if items.is_empty() { Response::empty(204) } else { Response::json(200, &items) }
}

fn number(name: &str, value: &str) -> Result<u64, Response> {
    value.parse().map_err(|_| wrong_parameters(format!("The parameter {name} must be an integer.")))
}

fn truth(name: &str, value: &str) -> Result<bool, Response> {
    match value {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(wrong_parameters(format!("The parameter {name} must be true or false."))),
    }
}

#[derive(Debug, Default)]
struct Filter {
    country: Option<u64>,
    category: Option<u64>,
    product: Option<u64>,
    face_value: Option<u64>,
    maintenance: Option<bool>,
    promotion: Option<bool>,
    /// The operator found for a mobile number; the inner `None` is a number without an operator.
    mobile_product: Option<Option<u64>>,
    with_usage_instructions: bool,
    languages: Option<Vec<String>>,
}

impl Filter {
    fn takes(&self, product: &Product) -> bool {
        self.country.is_none_or(|id| product.countries.contains(&id))
            && self.category.is_none_or(|id| product.categories.contains(&id))
            && self.product.is_none_or(|id| product.id == id)
            && self
                .face_value
                .is_none_or(|id| product.face_values.iter().any(|face_value| face_value.id == id))
            && self.maintenance.is_none_or(|wanted| product.maintenance.is_some() == wanted)
            && self.mobile_product.is_none_or(|operator| operator == Some(product.id))
    }

    fn in_languages<'a>(&self, texts: &'a [Text]) -> Vec<&'a Text> {
        texts
            .iter()
            .filter(|text| match &self.languages {
                Some(wanted) => wanted.iter().any(|code| code == text.language),
                None => true,
            })
            .collect()
    }
}

#[derive(Serialize)]
struct CatalogueView<'a> {
    countries: Vec<CountryView>,
    categories: Vec<CategoryView>,
    products: Vec<ProductView<'a>>,
    face_values: FaceValuesView<'a>,
    maintenance: Vec<MaintenanceView>,
    promotions: Vec<PromotionView>,
}

#[derive(Serialize)]
struct CountryView {
    country_id: u64,
    country_name: &'static str,
    country_code: u64,
    country_iso_alpha2: &'static str,
    country_iso_alpha3: &'static str,
    promotion: bool,
    category_ids: Vec<u64>,
}

#[derive(Serialize)]
struct CategoryView {
    category_id: u64,
    category_name: &'static str,
    promotion: bool,
    product_ids: Vec<u64>,
}

#[derive(Serialize)]
struct ProductView<'a> {
    product_id: u64,
    product_name: &'a str,
    country_zone: &'static str,
    countries: &'a [u64],
    categories: &'a [u64],
    product_description: Vec<&'a Text>,
    logo_url: &'static str,
    #[serde(rename = "type")]
    kind: ProductKind,
    promotion: bool,
    maintenance: bool,
    beneficiary_information: &'a [Field],
    face_value_ids: Vec<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    usage_instructions: Option<Vec<&'a Text>>,
}

#[derive(Serialize)]
struct FaceValuesView<'a> {
    fixed: Vec<FixedView<'a>>,
    range: Vec<RangeView<'a>>,
}

#[derive(Serialize)]
struct FixedView<'a> {
    product_id: u64,
    face_value_id: u64,
    face_value: Amount,
    face_value_currency: &'static str,
    cost: Amount,
    cost_currency: &'a str,
    definition: &'a str,
    promotion: bool,
}

#[derive(Serialize)]
struct RangeView<'a> {
    product_id: u64,
    face_value_id: u64,
    face_value_from: Amount,
    face_value_to: Amount,
    face_value_step: Amount,
    face_value_currency: &'static str,
    minimum_cost: Amount,
    maximum_cost: Amount,
    cost_currency: &'a str,
    promotion: bool,
}

fn face_value_views<'a>(
    chosen: &[&'a Product],
    filter: &Filter,
    account_currency: &'a str,
) -> FaceValuesView<'a> {
    let mut views = FaceValuesView { fixed: Vec::new(), range: Vec::new() };
    for product in chosen {
        for face_value in &product.face_values {
            if filter.face_value.is_some_and(|id| id != face_value.id) {
                continue;
            }
            match face_value.price {
                Price::Fixed { value, cost } => views.fixed.push(FixedView {
                    product_id: product.id,
                    face_value_id: face_value.id,
                    face_value: Amount(value),
                    face_value_currency: face_value.currency,
                    cost: Amount(converted(cost, account_currency)),
                    cost_currency: account_currency,
                    definition: &face_value.definition,
                    promotion: product.promotion.is_some(),
                }),
                Price::Range { from, to, step, cost_from, cost_to } => views.range.push(RangeView {
                    product_id: product.id,
                    face_value_id: face_value.id,
                    face_value_from: Amount(from),
                    face_value_to: Amount(to),
                    face_value_step: Amount(step),
                    face_value_currency: face_value.currency,
                    minimum_cost: Amount(converted(cost_from, account_currency)),
                    maximum_cost: Amount(converted(cost_to, account_currency)),
                    cost_currency: account_currency,
                    promotion: product.promotion.is_some(),
                }),
            }
        }
    }
    views
}

#[derive(Serialize)]
struct MaintenanceView {
    maintenance_id: u64,
    product_id: u64,
    start_time: String,
    stop_time: String,
    descriptions: Vec<Text>,
}

fn maintenance_views(chosen: &[&Product]) -> Vec<MaintenanceView> {
    let view = |product: &&Product| {
        let window = product.maintenance.as_ref()?;
        Some(MaintenanceView {
            maintenance_id: window.id,
            product_id: product.id,
            start_time: DateForm::alternating(window.id).print(window.start_ms),
            stop_time: DateForm::alternating(window.id).print(window.stop_ms),
            descriptions: vec![
                Text { language: "en", text: "Operator maintenance".to_owned() },
                Text { language: "fr", text: "Maintenance de l'opérateur".to_owned() },
            ],
        })
    };
    chosen.iter().filter_map(view).collect()
}

#[derive(Serialize)]
struct PromotionView {
    promotion_id: u64,
    product_id: u64,
    start_time: String,
    stop_time: String,
    time_zone: TimeZoneView,
    descriptions: Vec<PromotionText>,
    face_value_ids: Vec<u64>,
}

/// The document requires a field `utc_difference` here that its own schema does not have; this is the schema's.
#[derive(Serialize)]
struct TimeZoneView {
    name: &'static str,
    utc_offset: &'static str,
}

#[derive(Serialize)]
struct PromotionText {
    language: &'static str,
    title: &'static str,
    conditions_summary: &'static str,
    conditions: &'static str,
    denominations: &'static str,
}

fn promotion_views(chosen: &[&Product]) -> Vec<PromotionView> {
    let view = |product: &&Product| {
        let window = product.promotion.as_ref()?;
        Some(PromotionView {
            promotion_id: window.id,
            product_id: product.id,
            start_time: DateForm::alternating(window.id).print(window.start_ms),
            stop_time: DateForm::alternating(window.id).print(window.stop_ms),
            time_zone: TimeZoneView { name: "Europe/Zurich", utc_offset: "100" },
            descriptions: vec![
                PromotionText {
                    language: "en",
                    title: "Twice as much",
                    conditions_summary: "Top up and receive double.",
                    conditions: "Each top up during the promotion is doubled.",
                    denominations: "All denominations take part.",
                },
                PromotionText {
                    language: "de",
                    title: "Doppelt so viel",
                    conditions_summary: "Aufladen und das Doppelte erhalten.",
                    conditions: "Jede Aufladung während der Aktion wird verdoppelt.",
                    denominations: "Alle Beträge nehmen teil.",
                },
            ],
            face_value_ids: product.face_values.iter().map(|face_value| face_value.id).collect(),
        })
    };
    chosen.iter().filter_map(view).collect()
}
