//! Reads what a deployment needs from an account: identity providers, roles, parameters, templates. Nothing here changes anything.
//!
//! The calls are assembled here and signed by AWS's own crate: the SDK's clients of IAM, SSM and CloudFormation take longer to
//! build than the rest of the pipe.

use aws_smithy_xml::decode::{Document, ScopedDecoder, XmlDecodeError, try_data};
use keyless_core::aws::{Partition, Region, RoleArn};
use serde_json::{Value, json};

use crate::{
    http::{Answer, Http, HttpError, Request},
    keys::Keys,
    network::Network,
    signature::signed,
    sts::Said,
};

/// A reader of one account.
#[derive(Debug)]
pub struct Inventory {
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

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its name.
    pub name: String,
    /// Its trust policy, as JSON that IAM percent-encodes.
    pub trust_policy: String,
}

impl Role {
    /// The JSON that `aws iam get-role` would print, as far as the trust policy needs it.
    pub fn to_json(&self) -> String {
        json!({ "Role": { "RoleName": self.name, "AssumeRolePolicyDocument": self.trust_policy } }).to_string()
    }
}

/// Why a call failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// AWS refused the call.
    #[error("{0}")]
    Refused(Said),
    /// AWS did not answer.
    #[error(transparent)]
    Http(HttpError),
    /// The call cannot be signed with these credentials.
    #[error("the call cannot be signed with these credentials")]
    Unsignable,
    /// Not an answer of the service.
    #[error("unexpected answer from AWS")]
    Unreadable,
}

impl InventoryError {
    /// Whether the role, provider or parameter does not exist.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Refused(said) if matches!(said.code.as_str(), "NoSuchEntity" | "ParameterNotFound"))
    }
}

impl Inventory {
    /// A reader with these keys.
    pub fn new(keys: Keys, region: &Region, endpoints: Endpoints) -> Self {
        Self { http: Http::default(), keys, region: region.clone(), endpoints }
    }

    /// The same reader, with another way to AWS.
    #[must_use]
    pub fn over(self, network: &Network) -> Self {
        Self { http: Http::new(network), ..self }
    }

    /// The account that the keys belong to.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn account(&self) -> Result<String, InventoryError> {
        let url = self.endpoints.sts.clone().unwrap_or_else(|| self.region.sts_endpoint());
        let form = [("Action", "GetCallerIdentity"), ("Version", "2011-06-15")];
        let answer = self.query("sts", self.region.name(), &url, &form).await?;
        first(&answer, "Account")
    }

    /// A role.
    ///
    /// # Errors
    /// [`InventoryError`]; `NoSuchEntity` where there is none.
    pub async fn role(&self, role: &RoleArn) -> Result<Role, InventoryError> {
        let form = [("Action", "GetRole"), ("Version", "2010-05-08"), ("RoleName", role.name())];
        let answer = self.iam(&form).await?;
        Ok(Role { name: role.name().to_owned(), trust_policy: first(&answer, "AssumeRolePolicyDocument")? })
    }

    /// The audiences (client ids) that an identity provider takes.
    ///
    /// # Errors
    /// [`InventoryError`]; `NoSuchEntity` where there is no such provider.
    pub async fn audiences(&self, provider: &str) -> Result<Vec<String>, InventoryError> {
        let form =
            [("Action", "GetOpenIDConnectProvider"), ("Version", "2010-05-08"), ("OpenIDConnectProviderArn", provider)];
        let answer = self.iam(&form).await?;
        let list = texts(&answer, "ClientIDList", Some("member"));
        list.map_err(|_| InventoryError::Unreadable)
    }

    /// The value of an SSM parameter.
    ///
    /// # Errors
    /// [`InventoryError`]; `ParameterNotFound` where there is none.
    pub async fn parameter(&self, name: &str) -> Result<String, InventoryError> {
        let region = self.region.name();
        let own = || format!("https://ssm.{region}.{}", self.region.partition().dns_suffix);
        let url = self.endpoints.ssm.clone().unwrap_or_else(own);
        let headers = vec![
            ("content-type".to_owned(), "application/x-amz-json-1.1".to_owned()),
            ("x-amz-target".to_owned(), "AmazonSSM.GetParameter".to_owned()),
        ];
        let answer = self.call("ssm", region, &url, headers, json!({ "Name": name }).to_string()).await?;
        let body: Value = serde_json::from_str(&answer.body).map_err(|_| InventoryError::Unreadable)?;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        if answer.status < 300 {
            return body.pointer("/Parameter/Value").map(text).ok_or(InventoryError::Unreadable);
        }
        // The code can have a namespace prefix.
        let code = text(&body["__type"]);
        let code = code.rsplit('#').next().unwrap_or_default().to_owned();
        let message = text(if body["message"].is_string() { &body["message"] } else { &body["Message"] });
        Err(InventoryError::Refused(Said { code, message, request_id: None }))
    }

    /// The template of a stack as it was deployed; nothing when there is no such stack.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn template(&self, stack: &str) -> Result<Option<String>, InventoryError> {
        let form = [("Action", "GetTemplate"), ("StackName", stack), ("TemplateStage", "Original")];
        let answer = match self.cloudformation(&form).await {
            // The code says no more than that the call was not valid.
            Err(InventoryError::Refused(said)) if said.message.ends_with(" does not exist") => return Ok(None),
            answer => answer?,
        };
        first(&answer, "TemplateBody").map(Some)
    }

    /// The physical id of a resource of a stack, which for a nested stack is its ARN.
    ///
    /// # Errors
    /// [`InventoryError`].
    pub async fn physical_id(&self, stack: &str, logical_id: &str) -> Result<String, InventoryError> {
        let form = [("Action", "DescribeStackResources"), ("StackName", stack), ("LogicalResourceId", logical_id)];
        first(&self.cloudformation(&form).await?, "PhysicalResourceId")
    }

    async fn cloudformation(&self, form: &[(&str, &str)]) -> Result<String, InventoryError> {
        let region = self.region.name();
        let own = || format!("https://cloudformation.{region}.{}", self.region.partition().dns_suffix);
        let url = self.endpoints.cloudformation.clone().unwrap_or_else(own);
        let form: Vec<(&str, &str)> = form.iter().copied().chain([("Version", "2010-05-15")]).collect();
        self.query("cloudformation", region, &url, &form).await
    }

    async fn iam(&self, form: &[(&str, &str)]) -> Result<String, InventoryError> {
        let (host, region) = iam_host(self.region.partition());
        let url = self.endpoints.iam.clone().unwrap_or_else(|| format!("https://{host}"));
        self.query("iam", region, &url, form).await
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

/// The text of the first element of a name.
fn first(xml: &str, name: &str) -> Result<String, InventoryError> {
    let found = texts(xml, name, None).map_err(|_| InventoryError::Unreadable)?;
    found.into_iter().next().ok_or(InventoryError::Unreadable)
}

/// The texts of all elements of a name, or of their children of another one.
fn texts(xml: &str, name: &str, child: Option<&str>) -> Result<Vec<String>, XmlDecodeError> {
    fn collect(
        within: &mut ScopedDecoder<'_, '_>,
        name: &str,
        child: Option<&str>,
        found: &mut Vec<String>,
    ) -> Result<(), XmlDecodeError> {
        while let Some(mut tag) = within.next_tag() {
            match (tag.start_el().local() == name, child) {
                (true, None) => found.push(try_data(&mut tag)?.into_owned()),
                (true, Some(child)) => collect(&mut tag, child, None, found)?,
                (false, _) => collect(&mut tag, name, child, found)?,
            }
        }
        Ok(())
    }
    let mut document = Document::new(xml);
    let mut found = Vec::new();
    collect(&mut document.root_element()?, name, child, &mut found)?;
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_by_the_names_of_their_elements() {
        let provider = "<GetOpenIDConnectProviderResponse xmlns=\"https://iam.amazonaws.com/doc/2010-05-08/\">\
            <GetOpenIDConnectProviderResult><ThumbprintList><member>t</member></ThumbprintList><Url>u</Url>\
            <ClientIDList><member>a &amp; b</member><member>c</member></ClientIDList></GetOpenIDConnectProviderResult>\
            </GetOpenIDConnectProviderResponse>";
        assert_eq!(texts(provider, "ClientIDList", Some("member")).unwrap(), ["a & b", "c"]);
        assert_eq!(first(provider, "Url").unwrap(), "u");
        assert_eq!(first(provider, "Arn"), Err(InventoryError::Unreadable));
        assert_eq!(first("no xml", "Arn"), Err(InventoryError::Unreadable));
    }

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
