//! The signature of a request, made by AWS's own crate.

use std::time::SystemTime;

use aws_sdk_sts::config::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_runtime_api::client::identity::Identity;

use crate::{http::Request, keys::Keys};

/// The request with the headers that sign it for a service in a region; nothing when it cannot be signed with such keys.
pub(crate) fn signed<'r>(mut request: Request<'r>, keys: &Keys, service: &str, region: &str) -> Option<Request<'r>> {
    let Keys { access_key_id, secret_access_key, session_token } = keys;
    let token = session_token.as_ref().map(|token| token.to_string());
    let credentials = Credentials::new(access_key_id, secret_access_key.as_str(), token, None, "keyless");
    let identity: Identity = credentials.into();
    let params = SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .ok()?
        .into();
    let headers = request.headers.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let body = SignableBody::Bytes(request.body.as_bytes());
    let signable = SignableRequest::new(request.method, request.url, headers, body).ok()?;
    let (instructions, _) = sign(signable, &params).ok()?.into_parts();
    let added: Vec<_> = instructions.headers().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    request.headers.extend(added);
    Some(request)
}
