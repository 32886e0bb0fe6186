//! The catalogue: reproducible, filtered, and as awkward as the real one.

use std::collections::BTreeSet;

use serde_json::Value;
use tillgate_sandbox::SandboxConfig;

use crate::client::{Shop, still};

fn sized(seed: u64, products: u32) -> Shop {
    Shop::with(SandboxConfig { seed, catalogue_products: products, ..still() })
}

fn ids(list: &Value, name: &str) -> BTreeSet<u64> {
    list.as_array().unwrap().iter().map(|item| item[name].as_u64().unwrap()).collect()
}

#[test]
fn equal_seeds_give_equal_catalogues() {
    let catalogue = |seed| sized(seed, 300).get("/store/catalogue").body;
    assert_eq!(catalogue(7), catalogue(7));
    assert_ne!(catalogue(7), catalogue(8));
}

#[test]
fn the_whole_catalogue_refers_only_to_what_it_holds() {
    let shop = sized(3, 500);
    let all = shop.get("/store/catalogue").json();
    let products = all["products"].as_array().unwrap();
    assert_eq!(products.len(), 507);
    let face_values: BTreeSet<u64> = &ids(&all["face_values"]["fixed"], "face_value_id")
        | &ids(&all["face_values"]["range"], "face_value_id");
    let (countries, categories) =
        (ids(&all["countries"], "country_id"), ids(&all["categories"], "category_id"));
    let numbers = |list: &Value| -> Vec<u64> {
        list.as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect()
    };
    let mut listed = 0;
    for product in products {
        assert!(numbers(&product["countries"]).iter().all(|id| countries.contains(id)));
        assert!(numbers(&product["categories"]).iter().all(|id| categories.contains(id)));
        assert!(numbers(&product["face_value_ids"]).iter().all(|id| face_values.contains(id)));
        listed += numbers(&product["face_value_ids"]).len();
    }
    assert_eq!(listed, face_values.len());
    for range in all["face_values"]["range"].as_array().unwrap() {
        assert!(range["face_value_from"].as_f64() <= range["face_value_to"].as_f64());
    }
    let kinds: BTreeSet<&str> = products.iter().map(|product| product["type"].as_str().unwrap()).collect();
    assert_eq!(kinds, BTreeSet::from(["hlr", "instant", "prepaid_code", "sms"]));
    let promotion = &all["promotions"][0]["time_zone"];
    assert!(promotion["utc_offset"].is_string() && promotion.get("utc_difference").is_none());
    let starts =
        all["promotions"].as_array().unwrap().iter().map(|entry| entry["start_time"].as_str().unwrap());
    let (with_t, with_blank): (Vec<_>, Vec<_>) = starts.partition(|date| date.contains('T'));
    assert!(!with_t.is_empty() && !with_blank.is_empty(), "both forms of a date");
}

#[test]
fn every_invented_face_value_can_be_ordered_at_the_cost_it_lists() {
    let shop = sized(5, 60);
    let all = shop.get("/store/catalogue").json();
    let mut ordered = 0;
    for fixed in all["face_values"]["fixed"].as_array().unwrap() {
        let product_id = &fixed["product_id"];
        let product =
            all["products"].as_array().unwrap().iter().find(|one| one["product_id"] == *product_id).unwrap();
        if product["maintenance"] == true {
            continue;
        }
        let beneficiary: Vec<Value> = product["beneficiary_information"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| {
                let value = match field["name"].as_str().unwrap() {
                    "mobile" => "+41791234567",
                    "plan" => field["elements"][0]["value"].as_str().unwrap(),
                    _ => "1234",
                };
                serde_json::json!({ "name": field["name"], "value": value })
            })
            .collect();
        // Written by hand, so that the amount keeps the digits of the catalogue.
        let body = format!(
            r#"[{{"user_uid":"a","face_value_id":{},"face_value":{},"face_value_currency":{},
            "beneficiary_information":{},"scenario":"simulate-success"}}]"#,
            fixed["face_value_id"],
            fixed["face_value"],
            fixed["face_value_currency"],
            serde_json::to_string(&beneficiary).unwrap()
        );
        let answer = shop.buy(&body);
        assert_eq!(answer.status, 201, "{body}: {}", answer.text());
        assert_eq!(answer.json()[0]["cost"], fixed["cost"]);
        ordered += 1;
    }
    assert!(ordered > 50);
}

#[test]
fn filters_leave_what_they_name() {
    let shop = sized(3, 200);
    let products =
        |query: &str| ids(&shop.get(&format!("/store/catalogue/products?{query}")).json(), "product_id");
    assert_eq!(products("product_id=1234"), BTreeSet::from([1234]));
    assert!(products("country_iso2=CH").contains(&1234));
    assert_eq!(products("country_iso2=CH"), products("country_id=233"));
    assert!(!products("category_id=20").contains(&1234) && products("category_id=20").contains(&1235));
    assert!(products("maintenance=true").contains(&1236) && !products("maintenance=false").contains(&1236));
    assert!(products("promotion=true").contains(&1239) && !products("promotion=false").contains(&1239));
    assert_eq!(products("gift_card_code=123456789"), BTreeSet::from([1234]));

    let countries =
        |query: &str| ids(&shop.get(&format!("/store/catalogue/countries?{query}")).json(), "country_id");
    assert_eq!(countries("country_iso2=CH"), BTreeSet::from([233]));
    assert_eq!(countries("country_id=83"), BTreeSet::from([83]));
    assert!(countries("promotion=true").contains(&233) && !countries("promotion=false").contains(&233));
    assert_eq!(countries("gift_card_code=567890123"), BTreeSet::from([233, 83]));
    let categories =
        |query: &str| ids(&shop.get(&format!("/store/catalogue/categories?{query}")).json(), "category_id");
    assert_eq!(categories("category_id=19"), BTreeSet::from([19]));
    assert!(categories("country_iso2=KW").contains(&19));
    assert!(categories("promotion=true").contains(&17));
    assert_eq!(categories("gift_card_code=123456789"), BTreeSet::from([14]));
    let offers = |query: &str| {
        let all = shop.get(&format!("/store/catalogue/face-value?{query}")).json();
        &ids(&all["fixed"], "face_value_id") | &ids(&all["range"], "face_value_id")
    };
    assert_eq!(offers("product_id=1240"), BTreeSet::from([8101, 8102]));
    assert_eq!(offers("gift_card_code=123456789"), BTreeSet::from([1111, 2222]));
    assert!(offers("promotion=true").contains(&8101) && !offers("promotion=true").contains(&1111));
    assert!(!offers("category_id=20").contains(&8101) && offers("category_id=20").contains(&3333));
    assert!(!offers("country_iso2=AT").contains(&1111) && offers("country_id=14").contains(&3333));

    let values = shop.get("/store/catalogue/face-value?face_value_id=2222").json();
    assert_eq!(values["fixed"], serde_json::json!([]));
    assert_eq!(values["range"][0]["face_value_step"], 10);
    assert_eq!(values["range"][0]["maximum_cost"], 95);

    let maintenance = shop.get("/store/catalogue/maintenance?product_id=1236").json();
    assert_eq!(maintenance[0]["maintenance_id"], 8001);
    let promotion = shop.get("/store/catalogue/promotion?product_id=1239").json();
    assert_eq!(promotion[0]["promotion_id"], 9001);
    assert!(ids(&shop.get("/store/catalogue/categories").json(), "category_id").contains(&14));
}

#[test]
fn an_empty_result_is_204_and_an_unknown_filter_value_404() {
    let shop = sized(3, 0);
    let status = |path: &str| shop.get(&format!("/store/catalogue{path}")).status;
    assert_eq!(status("/maintenance?product_id=1234"), 204);
    assert_eq!(status("/products?product_id=1234&maintenance=true"), 204);
    assert_eq!(status("/products?product_id=77"), 404);
    assert_eq!(status("/products?country_iso2=ZZ"), 404);
    assert_eq!(status("/products?country_iso2=ch"), 400);
    assert_eq!(status("/products?category_id=x"), 400);
    assert_eq!(status("/products?gift_card_code=1"), 404);
    assert_eq!(status("/face-value?face_value_id=77"), 404);
    assert_eq!(status("?gift_card_code=1"), 404);
}

#[test]
fn languages_and_instructions_come_as_asked() {
    let shop = sized(3, 100);
    let plain = shop.get("/store/catalogue/products").json();
    assert!(plain[0].get("usage_instructions").is_none());
    let asked = shop.get("/store/catalogue/products?return_usage_instruction=true&languages=fr,de").json();
    let mut languages = BTreeSet::new();
    for product in asked.as_array().unwrap() {
        for list in ["usage_instructions", "product_description"] {
            for text in product[list].as_array().unwrap() {
                languages.insert(text["language"].as_str().unwrap().to_owned());
            }
        }
    }
    assert_eq!(languages, BTreeSet::from(["de".to_owned(), "fr".to_owned()]));
}

#[test]
fn the_filter_by_mobile_number_costs_money() {
    let shop = sized(3, 0);
    let found = shop.get("/store/catalogue/products?mobile=%2B41791234567").json();
    assert_eq!(ids(&found, "product_id"), BTreeSet::from([1234]));
    assert_eq!(shop.balance(), "999.99");
    assert_eq!(shop.get("/store/catalogue/face-value?mobile=%2B99991234567").status, 204);
    assert_eq!(shop.balance(), "999.98");
    assert_eq!(shop.get("/store/catalogue/products?mobile=079").status, 400);
    assert_eq!(shop.balance(), "999.98");
}
