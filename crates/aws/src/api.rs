//! Calls of AWS's services, assembled here and signed by AWS's own crate: the SDK's clients of IAM, SSM and CloudFormation
//! take longer to build than the rest of the pipe.

use keyless_core::aws::{Partition, Region};

use crate::{
    error::InventoryError,
    http::{Answer, Http, Request},
    keys::Keys,
    network::Network,
    signature::signed,
    sts::Said,
    xml::{all, first},
};

/// A client of one account.
#[derive(Debug)]
pub(crate) struct Api {
    http: Http,
    keys: Keys,
    region: Region,
    endpoints: Endpoints,
}

/// URLs that replace the services' own endpoints, for VPC endpoints and emulators.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    /// Of IAM.
    pub iam: Option<String>,
    /// Of SSM.
    pub ssm: Option<String>,
    /// Of STS.
    pub sts: Option<String>,
    /// Of CloudFormation.
    pub cloudformation: Option<String>,
}

impl Api {
    /// A client with these keys.
    pub(crate) fn new(keys: Keys, region: &Region, endpoints: Endpoints) -> Self {
        Self { http: Http::default(), keys, region: region.clone(), endpoints }
    }

    /// The same client, with another way to AWS.
    pub(crate) fn over(self, network: &Network) -> Self {
        Self { http: Http::new(network), ..self }
    }

    /// A call of CloudFormation.
    pub(crate) async fn cloudformation(&self, form: &[(&str, &str)]) -> Result<String, InventoryError> {
        let region = self.region.name();
        let own = || format!("https://cloudformation.{region}.{}", self.region.partition().dns_suffix);
        let url = self.endpoints.cloudformation.clone().unwrap_or_else(own);
        self.query("cloudformation", region, &url, &with_version(form, "2010-05-15")).await
    }

    /// A call of IAM.
    pub(crate) async fn iam(&self, form: &[(&str, &str)]) -> Result<String, InventoryError> {
        let (host, region) = iam_host(self.region.partition());
        let url = self.endpoints.iam.clone().unwrap_or_else(|| format!("https://{host}"));
        self.query("iam", region, &url, &with_version(form, "2010-05-08")).await
    }

    /// The audiences (client ids) of an identity provider.
    pub(crate) async fn audiences(&self, provider: &str) -> Result<Vec<String>, InventoryError> {
        let form = [("Action", "GetOpenIDConnectProvider"), ("OpenIDConnectProviderArn", provider)];
        all(&self.iam(&form).await?, "ClientIDList", Some("member"))
    }

    /// A call of STS.
    pub(crate) async fn sts(&self, form: &[(&str, &str)]) -> Result<String, InventoryError> {
        let url = self.endpoints.sts.clone().unwrap_or_else(|| self.region.sts_endpoint());
        self.query("sts", self.region.name(), &url, &with_version(form, "2011-06-15")).await
    }

    /// A call of SSM, whose protocol is JSON. The answer may be an error.
    pub(crate) async fn ssm(&self, target: &str, body: String) -> Result<Answer, InventoryError> {
        let region = self.region.name();
        let own = || format!("https://ssm.{region}.{}", self.region.partition().dns_suffix);
        let url = self.endpoints.ssm.clone().unwrap_or_else(own);
        let headers = vec![
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target".to_owned(), target.to_owned()),
        ];
        self.call("ssm", region, &url, headers, body).await
    }

    /// A call of the query protocol: a form in, XML out.
    async fn query(
        &self,
        service: &'static str,
        region: &str,
        url: &str,
        form: &[(&str, &str)],
    ) -> Result<String, InventoryError> {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
        let answer = self.call(service, region, url, headers, body).await?;
        if answer.status < 300 {
            return Ok(answer.body);
        }
        let text = |name| first(&answer.body, name).unwrap_or_default();
        let (code, message, id) = (text("Code"), text("Message"), text("RequestId"));
        if code.is_empty() {
            return Err(InventoryError::Unreadable);
        }
        Err(InventoryError::Refused(Said { code, message, request_id: (!id.is_empty()).then_some(id) }))
    }

    async fn call(
        &self,
        service: &'static str,
        region: &str,
        url: &str,
        headers: Vec<(String, String)>,
        body: String,
    ) -> Result<Answer, InventoryError> {
        let url = format!("{}/", url.trim_end_matches('/'));
        let request = Request { method: "POST", url: &url, headers, body };
        let request = signed(request, &self.keys, service, region).ok_or(InventoryError::Unsignable)?;
        self.http.send(request).await.map_err(InventoryError::Http)
    }
}

fn with_version<'f>(form: &[(&'f str, &'f str)], version: &'static str) -> Vec<(&'f str, &'f str)> {
    form.iter().copied().chain([("Version", version)]).collect()
}

/// The host of IAM in a partition, and the region that its calls are signed for: those of botocore's `endpoints.json`.
fn iam_host(partition: &Partition) -> (String, &'static str) {
    let region = match partition.name {
        "aws" => "us-east-1",
        "aws-us-gov" => "us-gov-west-1",
        "aws-iso-f" => "us-isof-south-1",
        _ => partition.regions.first().copied().unwrap_or_default(),
    };
    let host = match partition.name {
        "aws" => "iam.amazonaws.com".to_owned(),
        "aws-us-gov" => "iam.us-gov.amazonaws.com".to_owned(),
        _ => format!("iam.{region}.{}", partition.dns_suffix),
    };
    (host, region)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iam_has_one_host_a_partition() {
        for (partition, expected) in [
            ("aws", ("iam.amazonaws.com", "us-east-1")),
            ("aws-cn", ("iam.cn-north-1.amazonaws.com.cn", "cn-north-1")),
            ("aws-us-gov", ("iam.us-gov.amazonaws.com", "us-gov-west-1")),
            ("aws-eusc", ("iam.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1")),
            ("aws-iso-f", ("iam.us-isof-south-1.csp.hci.ic.gov", "us-isof-south-1")),
        ] {
            let (host, region) = iam_host(Partition::named(partition).unwrap());
            assert_eq!((host.as_str(), region), expected);
        }
    }
}
