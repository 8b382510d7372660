//! Connections to AWS: TLS by rustls, trusted certificate authorities, and a proxy where one is set.

use std::{fmt, fs, io, path::PathBuf, sync::Arc, time::Duration};

use aws_smithy_http_client::{
    Connector,
    proxy::ProxyConfig,
    tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{http::HttpConnectorSettings, runtime_components::RuntimeComponents};
use rustls::{
    RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};

use crate::environment::Environment;

/// Limits of one attempt. A hanging attempt must not use up the token's lifetime.
pub(crate) const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// See [`CONNECT_LIMIT`].
pub(crate) const ATTEMPT_LIMIT: Duration = Duration::from_secs(15);

/// How many bytes of an answer are read. The largest that AWS gives are templates and lists of at most 1 MB; more is not of AWS, and
/// must not fill the memory.
pub(crate) const ANSWER_LIMIT: usize = 16 * 1024 * 1024;

/// How AWS is reached. `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` count, as for AWS's own tools.
#[derive(Clone, Default)]
pub struct Network {
    /// Certificates in PEM that are trusted instead of the system's.
    authorities: Option<Arc<Vec<u8>>>,
}

/// Why a bundle of certificate authorities cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// The file cannot be read.
    #[error("cannot read {}: {error}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// The file has no certificate, or one that is invalid.
    #[error("{} is not a list of certificates in PEM format", .0.display())]
    NotCertificates(PathBuf),
}

impl Network {
    /// The network as AWS's own tools use it: `AWS_CA_BUNDLE` names the certificate authorities to trust instead of the
    /// system's.
    ///
    /// # Errors
    /// [`BundleError`] when that file cannot be used.
    pub fn from_environment(environment: &Environment) -> Result<Self, BundleError> {
        environment.get_os("AWS_CA_BUNDLE").map_or_else(|| Ok(Self::default()), |bundle| Self::trusting(bundle.into()))
    }

    /// Trusts the certificate authorities in a file in PEM, as `AWS_CA_BUNDLE` names one (AWS SDKs and tools reference,
    /// "General configuration", `ca_bundle`), and no others.
    ///
    /// # Errors
    /// [`BundleError`] when the file cannot be read, or holds no certificate.
    pub fn trusting(bundle: PathBuf) -> Result<Self, BundleError> {
        let pem = fs::read(&bundle).map_err(|error| BundleError::Unreadable { path: bundle.clone(), error })?;
        let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
        // The client panics at what it cannot read.
        let (_, unreadable) = match certificates {
            Ok(certificates) if !certificates.is_empty() => {
                RootCertStore::empty().add_parsable_certificates(certificates)
            }
            _ => (0, 1),
        };
        if unreadable > 0 {
            Err(BundleError::NotCertificates(bundle))
        } else {
            Ok(Self { authorities: Some(Arc::new(pem)) })
        }
    }

    /// A connector with the limits of a client, and its clock.
    pub(crate) fn connector(
        &self,
        settings: Option<&HttpConnectorSettings>,
        components: Option<&RuntimeComponents>,
    ) -> Connector {
        let mut builder = Connector::builder().proxy_config(ProxyConfig::from_env());
        builder.set_connector_settings(settings.cloned());
        builder.set_sleep_impl(components.and_then(RuntimeComponents::sleep_impl));
        let builder = builder.tls_provider(Provider::Rustls(CryptoMode::Ring));
        let trusted = self.authorities.as_ref().map(|pem| TrustStore::empty().with_pem_certificate(pem.to_vec()));
        let context = trusted.and_then(|store| TlsContext::builder().with_trust_store(store).build().ok());
        match context {
            Some(context) => builder.tls_context(context).build(),
            None => builder.build(),
        }
    }
}

impl fmt::Debug for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Network").field("own_authorities", &self.authorities.is_some()).finish()
    }
}

/// The last cause of an error: "connection refused", "dns error".
pub(crate) fn innermost(mut error: &(dyn std::error::Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// `: connection refused`, or nothing when the layer below reports no cause.
pub(crate) fn suffix(cause: &str) -> String {
    if cause.is_empty() { String::new() } else { format!(": {cause}") }
}
