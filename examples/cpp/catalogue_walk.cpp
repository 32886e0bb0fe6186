/*
 * Walks through the catalogue, from a country to what an order would be, and buys nothing. In C++17, with wrappers of its own
 * around the C interface: what is returned frees itself, and what fails is thrown.
 *
 *     ./catalogue_walk [URL [USER [PASSWORD [JOURNAL [COUNTRY [PRODUCT]]]]]]
 *
 * Without arguments it asks the sandbox: cargo run -p tillgate-sandbox -- --port 8765. It needs no journal.
 */
#include "tillgate.h"

#include <cstdlib>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

/* sample: wrap */
/* Something that the library returned; freed once, by its own function. */
template <auto free_it> struct Free {
    template <typename T> void operator()(T *owned) const { free_it(owned); }
};
template <typename T, auto free_it> using Owned = std::unique_ptr<T, Free<free_it>>;

using Client = Owned<tg_cysend_client, tg_cysend_client_free>;
using Secret = Owned<tg_secret, tg_secret_free>;
using Text = Owned<char, tg_string_free>;
using Countries = Owned<tg_cysend_country_list, tg_cysend_country_list_free>;
using Products = Owned<tg_cysend_product_list, tg_cysend_product_list_free>;
using FaceValues = Owned<tg_cysend_face_values, tg_cysend_face_values_free>;
using Costs = Owned<tg_cysend_cost_list, tg_cysend_cost_list_free>;

/* Calls a function whose last two parameters are the places of its result and of its error. */
template <typename Result, typename Function, typename... Arguments>
Result call(Function function, Arguments... arguments)
{
    typename Result::pointer result = nullptr;
    tg_error *error = nullptr;

    if (function(arguments..., &result, &error) != TG_OK) {
        const Owned<tg_error, tg_error_free> freed(error);
        /* The text says what happened to the money and what to do now. */
        throw std::runtime_error(error != nullptr ? error->text : "no memory is left");
    }
    return Result(result);
}

/* A record as an argument, with its defaults. */
template <typename T> T record(void (*init)(T *, size_t))
{
    T value;
    init(&value, sizeof value);
    return value;
}
/* sample ends */

using Form = std::vector<std::pair<std::string, std::string>>;

Client connect(const char *url, const char *user, const char *password)
{
    const auto secret = call<Secret>(tg_secret_new, password);
    auto credentials = record(tg_cysend_credentials_init);
    credentials.user = user;
    credentials.password = secret.get();
    auto config = record(tg_cysend_config_init);
    config.credentials = &credentials;
    config.base_url = url;
    return call<Client>(tg_cysend_client_new, &config);
}

bool can_be_bought(const tg_cysend_product &product)
{
    return !product.maintenance && (product.product_type.tag == TG_CYSEND_PRODUCT_TYPE_INSTANT ||
                                    product.product_type.tag == TG_CYSEND_PRODUCT_TYPE_PREPAID_CODE);
}

/* The product with this number, or else the one with the longest form. */
const tg_cysend_product *choose(const tg_cysend_product_list &products, std::optional<int64_t> wanted)
{
    const tg_cysend_product *chosen = nullptr;

    for (size_t i = 0; i < products.items_len; i++) {
        const tg_cysend_product *product = products.items[i];
        std::cout << "  " << product->product_id << ' ' << product->product_name << ": "
                  << (product->maintenance ? "under maintenance" : product->product_type.text) << '\n';
        if (can_be_bought(*product) && product->product_id == wanted.value_or(product->product_id) &&
            (chosen == nullptr || product->beneficiary_information_len > chosen->beneficiary_information_len)) {
            chosen = product;
        }
    }
    return chosen;
}

/* Shows the form of a product, and fills it in as a customer would. */
Form fill_in(const tg_cysend_product &product)
{
    static const std::map<std::string, std::string> typed = {{"mobile", "+41791234567"}, {"account", "12345678"}};
    Form filled;

    std::cout << '\n' << product.product_name << " asks for:\n";
    for (size_t i = 0; i < product.beneficiary_information_len; i++) {
        const tg_cysend_beneficiary_field &field = *product.beneficiary_information[i];
        std::cout << "  " << field.name << (field.required ? "" : " (if you like)") << ": " << field.description << '\n';
        for (size_t j = 0; j < field.elements_len; j++) {
            std::cout << "    " << field.elements[j]->value << ": " << field.elements[j]->description << '\n';
        }
        if (field.field_type.tag == TG_CYSEND_FIELD_TYPE_SELECT && field.elements_len > 0) {
            filled.emplace_back(field.name, field.elements[0]->value);
        } else if (const auto found = typed.find(field.name); found != typed.end()) {
            /* field.pattern is advice for a form and no more: published patterns partly match nothing. */
            filled.emplace_back(*found);
        }
    }
    return filled;
}

/* Asks what each face value costs, and says what the order for the first would be. */
bool quote(const Client &client, const tg_cysend_product &product, const Form &form)
{
    auto filter = record(tg_cysend_face_value_filter_init);
    filter.has_product_id = true;
    filter.product_id = product.product_id;
    const auto face_values = call<FaceValues>(tg_cysend_client_get_face_values, client.get(), &filter);

    std::vector<tg_cysend_beneficiary> told;
    for (const auto &[name, value] : form) {
        told.push_back(record(tg_cysend_beneficiary_init));
        told.back().name = name.c_str();
        told.back().value = value.c_str();
    }
    std::vector<const tg_cysend_beneficiary *> beneficiary;
    for (const auto &field : told) {
        beneficiary.push_back(&field);
    }

    std::vector<tg_cysend_cost_request> requests;
    const auto ask = [&](int64_t face_value_id, const char *amount, const char *currency) {
        requests.push_back(record(tg_cysend_cost_request_init));
        requests.back().face_value_id = face_value_id;
        requests.back().face_value = amount; /* exact, so a text */
        requests.back().face_value_currency = currency;
        requests.back().beneficiary_information = beneficiary.data();
        requests.back().beneficiary_information_len = beneficiary.size();
    };
    for (size_t i = 0; i < face_values->fixed_len; i++) {
        const tg_cysend_fixed_face_value &fixed = *face_values->fixed[i];
        ask(fixed.face_value_id, fixed.face_value, fixed.face_value_currency);
    }
    for (size_t i = 0; i < face_values->range_len; i++) {
        /* The customer chooses any step; this one takes the smallest amount. */
        const tg_cysend_range_face_value &range = *face_values->range[i];
        ask(range.face_value_id, range.face_value_from, range.face_value_currency);
    }
    if (requests.empty()) {
        std::cout << product.product_name << " has no face value now.\n";
        return false;
    }
    std::vector<const tg_cysend_cost_request *> asked;
    for (const auto &request : requests) {
        asked.push_back(&request);
    }
    /* Right at this moment. What the account is debited in the end stands in the order: its `cost`. */
    const auto costs = call<Costs>(tg_cysend_client_get_product_cost, client.get(), asked.data(), asked.size());
    for (size_t i = 0; i < costs->items_len; i++) {
        const tg_cysend_cost &cost = *costs->items[i];
        std::cout << "  " << cost.face_value << ' ' << cost.face_value_currency << " costs " << cost.cost << ' '
                  << cost.currency << '\n';
    }

    /* An order's `product` is this number of today's catalogue, as a text: it changes when the value does. */
    std::cout << "\nThe order would be: " << requests[0].face_value << ' ' << requests[0].face_value_currency << " of "
              << requests[0].face_value_id << " (simulate-success) for\n";
    for (const auto &[name, value] : form) {
        std::cout << "  " << name << ' ' << value << '\n';
    }
    return true;
}

bool walk(int argc, char **argv)
{
    const auto client = connect(argc > 1 ? argv[1] : "http://127.0.0.1:8765/openapi/prod/v5.2.3", argc > 2 ? argv[2] : "till",
                                /* A real till takes the password from its key store. */
                                argc > 3 ? argv[3] : "secret");
    const std::string country_iso2 = argc > 5 ? argv[5] : "CH";

    const auto every_country = record(tg_cysend_country_filter_init);
    const auto countries = call<Countries>(tg_cysend_client_get_countries, client.get(), &every_country);
    for (size_t i = 0; i < countries->items_len; i++) {
        std::cout << countries->items[i]->country_iso_alpha2 << ' ' << countries->items[i]->country_name << '\n';
    }

    /* Not with the filter `mobile`: each call with it is billed. */
    auto filter = record(tg_cysend_product_filter_init);
    filter.country_iso2 = country_iso2.c_str();
    const auto products = call<Products>(tg_cysend_client_get_products, client.get(), &filter);
    const auto wanted = argc > 6 ? std::optional<int64_t>(std::stoll(argv[6])) : std::nullopt;
    const tg_cysend_product *chosen = choose(*products, wanted);
    if (chosen == nullptr) {
        std::cout << "Nothing to choose in " << country_iso2 << ".\n";
        return false;
    }
    return quote(client, *chosen, fill_in(*chosen));
}

} // namespace

int main(int argc, char **argv)
{
    try {
        return walk(argc, argv) ? EXIT_SUCCESS : EXIT_FAILURE;
    } catch (const std::exception &error) {
        std::cerr << error.what() << '\n';
        return EXIT_FAILURE;
    }
}
