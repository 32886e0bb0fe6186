//! Typed calls to CY.SEND.

mod access;
mod account;
mod catalogue;
mod checks;
mod gateway;
mod gift_card;
mod notification;
mod orders;
mod server;
#[cfg(test)]
mod tests;
mod verification;

use super::types::*;
use crate::clock::SystemClock;
use crate::error::Result;
use crate::runtime::detached;
use crate::secret::Secret;
use crate::transport::TransportConfig;
#[allow(unused_imports, reason = "the adapter of the tracker is built upon these")]
pub(crate) use checks::orders as check_orders;
pub(crate) use gateway::Gateway;
pub(crate) use orders::{LookUp, Submitted};
pub use server::CysendServer;
use std::sync::Arc;

/// How to reach CY.SEND, and as whom.
#[derive(Clone, Default, derive_more::Debug, uniffi::Record)]
pub struct CysendConfig {
    /// The user and password, or the token, of API credentials. They are not those of the web site.
    pub credentials: CysendCredentials,
    /// The address of the service, version included, when it is not one of CY.SEND's own: a sandbox, a proxy. Plain `http` is
    /// taken for this very machine only. Not together with `server`.
    #[uniffi(default = None)]
    #[debug("{:?}", base_url.as_deref().map(crate::shown::address))]
    pub base_url: Option<String>,
    /// How requests travel.
    #[uniffi(default = None)]
    pub transport: Option<TransportConfig>,
    /// Which of CY.SEND's own servers to address. Default `https://www.cysend.com/openapi/prod/v5.2.3`.
    #[uniffi(default = None)]
    pub server: Option<CysendServer>,
}

/// Who we are to CY.SEND: either `user` and `password`, or `token`.
#[derive(Clone, Debug, Default, uniffi::Record)]
pub struct CysendCredentials {
    /// The user of API credentials (scheme `BasicAuthentication`). Beside a token: the name of the customer whose token it is; it
    /// is not sent, and a till needs it to know whose orders these are.
    #[uniffi(default = None)]
    pub user: Option<String>,
    /// Its password.
    #[uniffi(default = None)]
    pub password: Option<Arc<Secret>>,
    /// An access token (scheme `Token`, header `Api-token`).
    #[uniffi(default = None)]
    pub token: Option<Arc<Secret>>,
}

/// A client of CY.SEND. It keeps nothing: an order that is to be followed to its end belongs into a till.
///
/// All methods may be called from several threads at once.
#[derive(uniffi::Object)]
pub struct CysendClient {
    gateway: Arc<Gateway>,
}

#[uniffi::export]
impl CysendClient {
    /// A client. Nothing is connected yet.
    ///
    /// # Errors
    /// `invalid_argument` when an address, a limit or the credentials are not what they should be.
    #[uniffi::constructor]
    pub fn new(config: CysendConfig) -> Result<Arc<Self>> {
        // Real time always: a gateway's patience does not grow or shrink with a clock that tests have moved.
        let gateway = Gateway::new(config, Arc::new(SystemClock::new()))?;
        Ok(Arc::new(Self { gateway: Arc::new(gateway) }))
    }

    /// A client for another server of the same host, for a single call or for many: what `server` leaves out is as this client has
    /// it. It shares connections, limits and credentials with this one; a rotated secret counts for both, and closing either
    /// closes both. To a till it is another account.
    ///
    /// # Errors
    /// `invalid_argument` when a value cannot be a segment of an address, or when this client's address does not end in
    /// `/openapi/{environment}/{version}`.
    pub fn with_server(&self, server: CysendServer) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { gateway: Arc::new(self.gateway.with_server(&server)?) }))
    }

    /// Places orders (operation `createOrder`). **Moves money, and nothing protects this call**: after an error whose outcome is
    /// `unknown`, look each order up by its `user_uid` and do not place it again. A till does that for you.
    ///
    /// At most 100 orders; what is placed is accepted at first, and its end is heard of later.
    ///
    /// # Errors
    /// `invalid_argument`, `unauthorized`, `insufficient_funds`, `not_found` (face value or scenario), `gateway_refused`,
    /// `gateway_failed`, `invalid_answer`, `network`, `tls`, `timeout`, `closed`, `forked`.
    pub async fn create_order(&self, orders: Vec<CysendOrderRequest>) -> Result<Vec<CysendOrder>> {
        let gateway = self.gateway.clone();
        detached(async move { orders::create(&gateway, orders).await }).await
    }

    /// Looks orders up (operation `getOrder`).
    ///
    /// # Errors
    /// `not_found` also means that the order belongs to another account; else as for every read.
    pub async fn get_order(&self, query: CysendOrderQuery) -> Result<Vec<CysendOrder>> {
        let gateway = self.gateway.clone();
        detached(async move { orders::get(&gateway, query).await }).await
    }

    /// Has the gateway send its callback for an order again (operation `forceCallback`).
    ///
    /// # Errors
    /// `not_found` also means that the order belongs to another account; `invalid_argument`, `unauthorized`, `gateway_failed`,
    /// `network`, `tls`, `timeout`, `closed`, `forked`.
    pub async fn force_callback(&self, request: CysendForceCallbackRequest) -> Result<()> {
        let gateway = self.gateway.clone();
        detached(async move { orders::force_callback(&gateway, request).await }).await
    }

    /// Calculates what face values would cost right now (operation `getProductCost`). Buys nothing. At most 100.
    ///
    /// # Errors
    /// As for every read: `invalid_argument`, `unauthorized`, `not_found`, `gateway_refused`, `gateway_failed`, `rate_limited`,
    /// `invalid_answer`, `network`, `tls`, `timeout`, `closed`, `forked`.
    pub async fn get_product_cost(&self, requests: Vec<CysendCostRequest>) -> Result<Vec<CysendCost>> {
        let gateway = self.gateway.clone();
        detached(async move { orders::cost(&gateway, requests).await }).await
    }

    /// The response codes that orders can have (operation `getResponses`).
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_responses(&self) -> Result<Vec<CysendResponseCode>> {
        let gateway = self.gateway.clone();
        detached(async move { orders::responses(&gateway).await }).await
    }

    /// The whole catalogue (operation `getCatalogue`): many megabytes. The gateway asks to fetch it once a day, after 11:00
    /// (GMT +1).
    ///
    /// # Errors
    /// `not_found` when there is no such gift card; else as for every read.
    pub async fn get_catalogue(&self, filter: CysendCatalogueFilter) -> Result<CysendCatalogue> {
        let gateway = self.gateway.clone();
        detached(async move { catalogue::all(&gateway, filter).await }).await
    }

    /// Countries with products (operation `getCountries`). None is an empty list.
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_countries(&self, filter: CysendCountryFilter) -> Result<Vec<CysendCountry>> {
        let gateway = self.gateway.clone();
        detached(async move { catalogue::countries(&gateway, filter).await }).await
    }

    /// Categories of products (operation `getCategories`). None is an empty list.
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_categories(&self, filter: CysendCategoryFilter) -> Result<Vec<CysendCategory>> {
        let gateway = self.gateway.clone();
        detached(async move { catalogue::categories(&gateway, filter).await }).await
    }

    /// Products (operation `getProducts`). None is an empty list. With the filter `mobile` each call costs money.
    ///
    /// # Errors
    /// `not_found` when a filter names what is not there; else as for every read.
    pub async fn get_products(&self, filter: CysendProductFilter) -> Result<Vec<CysendProduct>> {
        let gateway = self.gateway.clone();
        detached(async move { catalogue::products(&gateway, filter).await }).await
    }

    /// Face values (operation `getFaceValues`). None is an empty record. With the filter `mobile` each call costs money.
    ///
    /// # Errors
    /// `not_found` when a filter names what is not there; else as for every read.
    pub async fn get_face_values(&self, filter: CysendFaceValueFilter) -> Result<CysendFaceValues> {
        let gateway = self.gateway.clone();
        detached(async move { catalogue::face_values(&gateway, filter).await }).await
    }

    /// Maintenances, running and announced, of one product or of all (operation `getMaintenance`).
    ///
    /// # Errors
    /// As for every read.
    #[uniffi::method(default(product_id = None))]
    pub async fn get_maintenance(&self, product_id: Option<i64>) -> Result<Vec<CysendMaintenance>> {
        let gateway = self.gateway.clone();
        detached(async move { catalogue::maintenances(&gateway, product_id).await }).await
    }

    /// Promotions, running and announced, of one product or of all (operation `getPromotions`).
    ///
    /// # Errors
    /// As for every read.
    #[uniffi::method(default(product_id = None))]
    pub async fn get_promotions(&self, product_id: Option<i64>) -> Result<Vec<CysendPromotion>> {
        let gateway = self.gateway.clone();
        detached(async move { catalogue::promotions(&gateway, product_id).await }).await
    }

    /// What the account has left (operation `balance`).
    ///
    /// # Errors
    /// As for every read.
    pub async fn balance(&self) -> Result<CysendBalance> {
        let gateway = self.gateway.clone();
        detached(async move { account::balance(&gateway).await }).await
    }

    /// Whether the gateway can be reached (operation `ping`). Says nothing about the credentials.
    ///
    /// # Errors
    /// As for every read; `invalid_answer` when somebody else answers.
    pub async fn ping(&self) -> Result<()> {
        let gateway = self.gateway.clone();
        detached(async move { account::ping(&gateway).await }).await
    }

    /// The errors that the gateway can tell (operation `getErrors`).
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_errors(&self) -> Result<Vec<CysendErrorDescription>> {
        let gateway = self.gateway.clone();
        detached(async move { account::errors(&gateway).await }).await
    }

    /// The token that this client shows (operation `getAccessToken`). Only for a client with a token.
    ///
    /// # Errors
    /// `invalid_argument` for a client with a user and password; `not_found` when the token is gone; else as for every read.
    pub async fn get_access_token(&self) -> Result<CysendToken> {
        let gateway = self.gateway.clone();
        detached(async move { access::token(&gateway).await }).await
    }

    /// Makes a token for somebody else (operation `createAccessToken`). Only for a client with a user and password. Never
    /// repeated by itself: a lost answer may leave a token that nobody knows, until it expires.
    ///
    /// # Errors
    /// `invalid_argument`, also for a client with a token; `unauthorized`, `gateway_failed`, `invalid_answer`, `network`, `tls`,
    /// `timeout`, `closed`, `forked`.
    pub async fn create_access_token(&self, options: CysendTokenOptions) -> Result<CysendToken> {
        let gateway = self.gateway.clone();
        detached(async move { access::create_token(&gateway, options).await }).await
    }

    /// A gift card (operation `getGiftCard`). Never repeated by itself: tries at codes may be counted.
    ///
    /// # Errors
    /// `not_found` when there is no such card; `invalid_argument`, `unauthorized`, `gateway_failed`, `invalid_answer`, `network`,
    /// `tls`, `timeout`, `closed`, `forked`.
    pub async fn get_gift_card(&self, gift_card_code: Arc<Secret>) -> Result<CysendGiftCard> {
        let gateway = self.gateway.clone();
        detached(async move { gift_card::get(&gateway, &gift_card_code).await }).await
    }

    /// Whether a gift card can be spent (operation `getActive`). Never repeated by itself: tries at codes may be counted.
    ///
    /// # Errors
    /// As `get_gift_card`.
    pub async fn get_active(&self, gift_card_code: Arc<Secret>) -> Result<CysendGiftCardActive> {
        let gateway = self.gateway.clone();
        detached(async move { gift_card::is_active(&gateway, &gift_card_code).await }).await
    }

    /// Lets a gift card be spent, or stops that (operation `putActive`). Twice is the same as once.
    ///
    /// # Errors
    /// As `get_gift_card`.
    pub async fn put_active(&self, gift_card_code: Arc<Secret>, active: bool) -> Result<()> {
        let gateway = self.gateway.clone();
        detached(async move { gift_card::set_active(&gateway, &gift_card_code, active).await }).await
    }

    /// The account's subscriptions to notifications (operation `getSubscriptions`).
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_subscriptions(&self) -> Result<Vec<CysendSubscription>> {
        let gateway = self.gateway.clone();
        detached(async move { notification::subscriptions(&gateway).await }).await
    }

    /// What notifications can be about (operation `getNotificationResourceTypes`).
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_notification_resource_types(&self) -> Result<Vec<CysendNotificationResourceType>> {
        let gateway = self.gateway.clone();
        detached(async move { notification::resource_types(&gateway).await }).await
    }

    /// What can be notified of (operation `getNotificationEvents`).
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_notification_events(&self) -> Result<Vec<CysendNotificationEvent>> {
        let gateway = self.gateway.clone();
        detached(async move { notification::events(&gateway).await }).await
    }

    /// How to be notified (operation `getNotificationChannels`).
    ///
    /// # Errors
    /// As for every read.
    pub async fn get_notification_channels(&self) -> Result<Vec<CysendNotificationChannel>> {
        let gateway = self.gateway.clone();
        detached(async move { notification::channels(&gateway).await }).await
    }

    /// Sends a code to a phone number, to see whether its owner is there (operation `phoneNumberVerificationRequest`). Never
    /// repeated by itself: each one is a message or a call.
    ///
    /// # Errors
    /// `invalid_argument`, `unauthorized`, `not_found` (language), `gateway_failed`, `invalid_answer`, `network`, `tls`, `timeout`,
    /// `closed`, `forked`.
    pub async fn phone_number_verification_request(
        &self,
        request: CysendVerificationRequest,
    ) -> Result<CysendVerificationStatus> {
        let gateway = self.gateway.clone();
        detached(async move { verification::request(&gateway, request).await }).await
    }

    /// Gives the code that the owner of a number received (operation `phoneNumberVerify`). Never repeated by itself: tries are
    /// counted.
    ///
    /// # Errors
    /// `not_found` when there is no such verification; else as `phone_number_verification_request`.
    pub async fn phone_number_verify(
        &self,
        verification: CysendVerification,
    ) -> Result<CysendVerificationStatus> {
        let gateway = self.gateway.clone();
        detached(async move { verification::verify(&gateway, verification).await }).await
    }

    /// Another password, or another token, of the same user, from the next call on. Another user is another client.
    ///
    /// # Errors
    /// `invalid_argument` when it cannot be sent.
    pub fn rotate_secret(&self, secret: Arc<Secret>) -> Result<()> {
        self.gateway.rotate_secret(&secret)
    }

    /// Takes no more calls, and waits for those that are on their way; they end at their deadlines at the latest.
    ///
    /// # Errors
    /// `forked`.
    pub async fn close(&self) -> Result<()> {
        let gateway = self.gateway.clone();
        detached(async move { gateway.close().await }).await
    }
}

impl CysendClient {
    /// A client whose time comes from this clock.
    #[cfg(feature = "testing")]
    pub(crate) fn with_clock(config: CysendConfig, clock: Arc<dyn crate::clock::Clock>) -> Result<Arc<Self>> {
        Ok(Arc::new(Self { gateway: Arc::new(Gateway::new(config, clock)?) }))
    }

    /// What the tracker's adapter builds upon.
    pub(crate) fn gateway(&self) -> &Arc<Gateway> {
        &self.gateway
    }
}
