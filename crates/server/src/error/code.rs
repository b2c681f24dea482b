//! The codes of contract `errors-and-limits.md` §2, with status and type word.

use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal, $status:ident, $kind:literal;)*) => {
        /// What went wrong, as a word clients may switch on.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum ErrorCode { $($(#[$doc])* $name,)* }

        impl ErrorCode {
            /// The word in `error.code`.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $word,)* }
            }

            /// The HTTP status it travels with.
            #[must_use]
            pub fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// The word in `error.type`.
            #[must_use]
            pub fn kind(self) -> &'static str {
                match self { $(Self::$name => $kind,)* }
            }
        }
    };
}

codes! {
    /// A business rule refuses.
    BadRequest = "BAD_REQUEST", BAD_REQUEST, "invalid_request_error";
    /// Missing or wrong key.
    Unauthorized = "UNAUTHORIZED", UNAUTHORIZED, "authentication_error";
    /// No way to pay; only where an operator turned a balance on.
    InsufficientBalance = "INSUFFICIENT_BALANCE", PAYMENT_REQUIRED, "billing_error";
    /// Not allowed, whoever asks.
    Forbidden = "FORBIDDEN", FORBIDDEN, "permission_error";
    /// No such thing, or not the caller's.
    NotFound = "NOT_FOUND", NOT_FOUND, "not_found_error";
    /// No such phone number, or not the caller's.
    PhoneNumberNotFound = "PHONE_NUMBER_NOT_FOUND", NOT_FOUND, "not_found_error";
    /// The path exists, the method does not.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", METHOD_NOT_ALLOWED, "invalid_request_error";
    /// The request did not arrive in time.
    RequestTimeout = "REQUEST_TIMEOUT", REQUEST_TIMEOUT, "timeout_error";
    /// The state of things forbids it.
    Conflict = "CONFLICT", CONFLICT, "conflict_error";
    /// The account holds as many numbers as it may.
    NumberLimit = "VALIDATION_ERROR_NUMBER_LIMIT", CONFLICT, "validation_error";
    /// It may have been sent; a retry could send it twice.
    DeliveryUnconfirmed = "DELIVERY_UNCONFIRMED", CONFLICT, "conflict_error";
    /// The body is larger than the configured cap.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE", PAYLOAD_TOO_LARGE, "invalid_request_error";
    /// A byte range outside the resource.
    RangeNotSatisfiable = "RANGE_NOT_SATISFIABLE", RANGE_NOT_SATISFIABLE, "invalid_request_error";
    /// The request does not fit its schema.
    Validation = "VALIDATION_ERROR", UNPROCESSABLE_ENTITY, "validation_error";
    /// Too many requests, or too many calls at once.
    RateLimitExceeded = "RATE_LIMIT_EXCEEDED", TOO_MANY_REQUESTS, "rate_limit_error";
    /// A fault of ours.
    Internal = "INTERNAL_ERROR", INTERNAL_SERVER_ERROR, "api_error";
    /// The carrier refused.
    CarrierError = "CARRIER_ERROR", BAD_GATEWAY, "carrier_error";
    /// Something we depend on is down.
    ServiceUnavailable = "SERVICE_UNAVAILABLE", SERVICE_UNAVAILABLE, "api_error";
    /// The carrier did not answer in time.
    Timeout = "TIMEOUT", GATEWAY_TIMEOUT, "timeout_error";
}
