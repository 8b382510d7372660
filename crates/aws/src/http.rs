//! Single HTTP requests, over the same stack as the SDK's.

use aws_smithy_http_client::Connector;
use aws_smithy_runtime_api::client::{http::HttpConnector, orchestrator::HttpRequest};
use aws_smithy_types::body::SdkBody;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::network::{ANSWER_LIMIT, ATTEMPT_LIMIT as LIMIT, Network, innermost, suffix};

/// A client of any server.
#[derive(Debug)]
pub struct Http(Connector);

/// A request. What its headers and its body hold may be secret, so it is never shown.
pub struct Request<'r> {
    /// Such as `GET`.
    pub method: &'static str,
    /// Where to.
    pub url: &'r str,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The error's code, where the service names it in the header `x-amzn-errortype`.
    pub error_type: Option<String>,
    /// How long to wait before the next request, where the service says so in the header `retry-after`.
    pub retry_after: Option<String>,
    /// The body; bytes that are not UTF-8 are replaced.
    pub body: String,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The URL or a header is invalid.
    #[error("the URL or a header is invalid")]
    Request,
    /// No answer in time.
    #[error("no answer within {} s", LIMIT.as_secs())]
    TimedOut,
    /// More bytes than any answer of AWS has.
    #[error("the answer is larger than {} MiB", ANSWER_LIMIT >> 20)]
    TooLarge,
    /// No connection, or one that was closed: the cause as the layer below reports it.
    #[error("cannot connect{}", suffix(.0))]
    Unreachable(String),
}

impl Default for Http {
    fn default() -> Self {
        Self::new(&Network::default())
    }
}

impl Http {
    /// A client that goes this way.
    pub fn new(network: &Network) -> Self {
        Self(network.connector(None, None))
    }

    /// Sends a request once. Redirects are not followed.
    ///
    /// # Errors
    /// [`HttpError`] when there is no answer; one with any status is an answer.
    pub async fn send(&self, request: Request<'_>) -> Result<Answer, HttpError> {
        let mut sent = HttpRequest::new(SdkBody::from(request.body));
        sent.set_method(request.method).map_err(|_| HttpError::Request)?;
        sent.set_uri(request.url).map_err(|_| HttpError::Request)?;
        for (name, value) in request.headers {
            sent.headers_mut().try_insert(name, value).map_err(|_| HttpError::Request)?;
        }
        let answered = async {
            let answer = self.0.call(sent).await.map_err(|error| HttpError::Unreachable(innermost(&error)))?;
            let status = answer.status().as_u16();
            let error_type = answer.headers().get("x-amzn-errortype").map(str::to_owned);
            let retry_after = answer.headers().get("retry-after").map(str::to_owned);
            let body = Limited::new(answer.into_body(), ANSWER_LIMIT).collect().await;
            let body = body.map_err(|error| {
                if error.is::<LengthLimitError>() {
                    HttpError::TooLarge
                } else {
                    HttpError::Unreachable(innermost(error.as_ref()))
                }
            })?;
            let body = body.to_bytes();
            Ok(Answer { status, error_type, retry_after, body: String::from_utf8_lossy(&body).into_owned() })
        };
        timeout(LIMIT, answered).await.unwrap_or(Err(HttpError::TimedOut))
    }
}
